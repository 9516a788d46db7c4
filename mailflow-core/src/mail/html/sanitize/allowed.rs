//! What may stand in the HTML that is shown. What is not here does not.

/// Elements.
pub const TAGS: &[&str] = &[
    "a",
    "abbr",
    "address",
    "article",
    "b",
    "bdi",
    "bdo",
    "big",
    "blockquote",
    "br",
    "caption",
    "center",
    "cite",
    "code",
    "col",
    "colgroup",
    "dd",
    "del",
    "dfn",
    "div",
    "dl",
    "dt",
    "em",
    "figcaption",
    "figure",
    "font",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "hr",
    "i",
    "img",
    "ins",
    "kbd",
    "li",
    "mark",
    "ol",
    "p",
    "pre",
    "q",
    "s",
    "samp",
    "section",
    "small",
    "span",
    "strike",
    "strong",
    "sub",
    "sup",
    "table",
    "tbody",
    "td",
    "tfoot",
    "th",
    "thead",
    "tr",
    "tt",
    "u",
    "ul",
];

/// Elements that go with all that is in them.
pub const DROPPED: &[&str] =
    &["script", "style", "title", "svg", "math", "iframe", "noframes", "noembed", "xml", "plaintext"];

/// Attributes that any element may have.
pub const GENERIC: &[&str] = &["align", "bgcolor", "color", "dir", "lang", "style", "title", "valign"];

/// Attributes that one element may have.
pub const ATTRIBUTES: &[(&str, &[&str])] = &[
    ("a", &["href"]),
    ("img", &["src", "alt", "width", "height", "border"]),
    ("table", &["width", "height", "border", "cellpadding", "cellspacing"]),
    ("td", &["width", "height", "colspan", "rowspan", "nowrap"]),
    ("th", &["width", "height", "colspan", "rowspan", "nowrap"]),
    ("col", &["width", "span"]),
    ("font", &["face", "size"]),
    ("ol", &["start", "type"]),
    ("hr", &["width", "size"]),
];

/// Whether the element `tag` may have the attribute `name`.
pub fn attribute(tag: &str, name: &str) -> bool {
    GENERIC.contains(&name) || ATTRIBUTES.iter().any(|(element, names)| *element == tag && names.contains(&name))
}
