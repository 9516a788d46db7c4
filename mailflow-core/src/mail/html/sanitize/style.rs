//! The declarations of a `style` attribute that change how words look, and nothing else.

/// Properties that may stand there.
const PROPERTIES: &[&str] = &[
    "background",
    "background-color",
    "border",
    "border-bottom",
    "border-bottom-color",
    "border-bottom-style",
    "border-bottom-width",
    "border-collapse",
    "border-color",
    "border-left",
    "border-left-color",
    "border-left-style",
    "border-left-width",
    "border-radius",
    "border-right",
    "border-right-color",
    "border-right-style",
    "border-right-width",
    "border-spacing",
    "border-style",
    "border-top",
    "border-top-color",
    "border-top-style",
    "border-top-width",
    "border-width",
    "clear",
    "color",
    "direction",
    "display",
    "float",
    "font",
    "font-family",
    "font-size",
    "font-style",
    "font-variant",
    "font-weight",
    "height",
    "letter-spacing",
    "line-height",
    "list-style-type",
    "margin",
    "margin-bottom",
    "margin-left",
    "margin-right",
    "margin-top",
    "max-width",
    "min-width",
    "padding",
    "padding-bottom",
    "padding-left",
    "padding-right",
    "padding-top",
    "text-align",
    "text-decoration",
    "text-indent",
    "text-transform",
    "vertical-align",
    "white-space",
    "width",
];

/// Functions that may stand in a value: none of them loads anything.
const FUNCTIONS: &[&str] = &["rgb", "rgba", "hsl", "hsla"];

/// The declarations that may stay; `None` if there are none.
pub fn filter(style: &str) -> Option<String> {
    let mut kept = String::new();
    for declaration in style.split(';') {
        let Some((property, value)) = declaration.split_once(':') else { continue };
        let (property, value) = (property.trim().to_ascii_lowercase(), value.trim());
        if !PROPERTIES.contains(&property.as_str()) || !is_plain(value) {
            continue;
        }
        if !kept.is_empty() {
            kept.push(';');
        }
        kept.push_str(&property);
        kept.push(':');
        kept.push_str(value);
    }
    (!kept.is_empty()).then_some(kept)
}

/// Whether a value is words, numbers, colours and quoted names: no escapes, no comments, no addresses.
fn is_plain(value: &str) -> bool {
    let known = |c: char| {
        c.is_ascii_alphanumeric()
            || matches!(c, ' ' | '#' | '%' | '.' | ',' | '-' | '+' | '!' | '\'' | '"' | '(' | ')' | '_')
    };
    let quotes = |quote: char| value.chars().filter(|c| *c == quote).count() % 2 == 0;
    !value.is_empty()
        && value.len() <= 300
        && value.chars().all(known)
        && quotes('"')
        && quotes('\'')
        && value.matches('(').count() == value.matches(')').count()
        && functions(value).all(|name| FUNCTIONS.contains(&name.to_ascii_lowercase().as_str()))
}

/// The names in front of each `(`.
fn functions(value: &str) -> impl Iterator<Item = &str> {
    value.match_indices('(').map(|(at, _)| {
        let before = value.get(..at).unwrap_or_default();
        before.rsplit(|c: char| !(c.is_ascii_alphanumeric() || c == '-' || c == '_')).next().unwrap_or_default()
    })
}

#[cfg(test)]
mod tests {
    use super::filter;

    #[test]
    fn looks_stay() {
        assert_eq!(
            filter(" COLOR : #1F497D; font-family:\"Calibri\",'sans-serif' ;border-top:solid #B5C4DF 1.0pt"),
            Some("color:#1F497D;font-family:\"Calibri\",'sans-serif';border-top:solid #B5C4DF 1.0pt".to_owned())
        );
        assert_eq!(
            filter("background:rgb(1, 2, 3) !important").as_deref(),
            Some("background:rgb(1, 2, 3) !important")
        );
    }

    #[test]
    fn what_loads_or_moves_goes() {
        for bad in [
            "background:url(https://example.com/x)",
            "background:URL('x')",
            "background:u\\72l(x)",
            "background:/**/url(x)",
            "background:image-set('x' 1x)",
            "width:expression(alert(1))",
            "position:fixed",
            "z-index:9",
            "behavior:url(x)",
            "-moz-binding:url(x)",
            "color:red}body{background:url(x)",
            "@import 'x'",
            "background-image:url(x)",
            "font:caption(x",
            "content:'x'",
            "--x:url(x)",
            "color:var(--x)",
            "transform:scale(9)",
            "color:\"red",
            "opacity:0",
        ] {
            assert_eq!(filter(bad), None, "{bad}");
        }
    }
}
