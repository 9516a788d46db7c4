//! What tree builders know about the elements of HTML (HTML Standard, section 13.2.4).

/// Elements that never have content.
pub fn is_void(name: &[u8]) -> bool {
    matches!(
        name,
        b"area"
            | b"base"
            | b"basefont"
            | b"bgsound"
            | b"br"
            | b"col"
            | b"embed"
            | b"frame"
            | b"hr"
            | b"image"
            | b"img"
            | b"input"
            | b"keygen"
            | b"link"
            | b"meta"
            | b"param"
            | b"source"
            | b"track"
            | b"wbr"
    )
}

/// Elements that are opened again after the block that closed them.
pub fn is_formatting(name: &[u8]) -> bool {
    matches!(
        name,
        b"a" | b"b"
            | b"big"
            | b"code"
            | b"em"
            | b"font"
            | b"i"
            | b"nobr"
            | b"s"
            | b"small"
            | b"strike"
            | b"strong"
            | b"tt"
            | b"u"
    )
}

/// Elements that an end tag of another kind does not close.
pub fn is_special(name: &[u8]) -> bool {
    is_table_part(name)
        || closes_paragraph(name)
        || matches!(
            name,
            b"applet"
                | b"body"
                | b"button"
                | b"frameset"
                | b"head"
                | b"html"
                | b"iframe"
                | b"marquee"
                | b"noembed"
                | b"noframes"
                | b"noscript"
                | b"object"
                | b"script"
                | b"select"
                | b"style"
                | b"template"
                | b"textarea"
                | b"title"
        )
}

/// What tables are made of.
pub fn is_table_part(name: &[u8]) -> bool {
    matches!(name, b"table" | b"caption" | b"colgroup" | b"tbody" | b"thead" | b"tfoot" | b"tr" | b"td" | b"th")
}

/// Elements that hide what is outside of them from the end tags inside.
pub fn is_scope(name: &[u8]) -> bool {
    matches!(
        name,
        b"applet"
            | b"caption"
            | b"html"
            | b"table"
            | b"td"
            | b"th"
            | b"marquee"
            | b"object"
            | b"template"
            | b"select"
    )
}

/// Start tags that end an open paragraph.
pub fn closes_paragraph(name: &[u8]) -> bool {
    is_heading(name)
        || matches!(
            name,
            b"address"
                | b"article"
                | b"aside"
                | b"blockquote"
                | b"center"
                | b"details"
                | b"dialog"
                | b"dd"
                | b"dir"
                | b"div"
                | b"dl"
                | b"dt"
                | b"fieldset"
                | b"figcaption"
                | b"figure"
                | b"footer"
                | b"form"
                | b"header"
                | b"hgroup"
                | b"hr"
                | b"li"
                | b"listing"
                | b"main"
                | b"menu"
                | b"nav"
                | b"ol"
                | b"p"
                | b"plaintext"
                | b"pre"
                | b"search"
                | b"section"
                | b"summary"
                | b"table"
                | b"ul"
                | b"xmp"
        )
}

/// `h1` to `h6`.
pub fn is_heading(name: &[u8]) -> bool {
    matches!(name, [b'h', b'1'..=b'6'])
}
