//! How handlers answer: pages, fragments, redirects.

use askama::Template;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::Trouble;

/// What a handler gives back.
pub type Answer = Result<Response, Trouble>;

/// A template as a page, or as the fragment that it is.
///
/// # Errors
/// [`Trouble`] if the template cannot be filled.
pub fn page(template: &impl Template) -> Answer {
    page_with(StatusCode::OK, template)
}

/// A template with a status.
///
/// # Errors
/// [`Trouble`] if the template cannot be filled.
pub fn page_with(status: StatusCode, template: &impl Template) -> Answer {
    let html = (header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    Ok((status, [html], template.render()?).into_response())
}

/// Whether our script asks for a fragment; a browser that loads a page does not say this.
pub fn is_fragment(headers: &HeaderMap) -> bool {
    headers.contains_key("hx-request")
}

/// Go and look there: after something was done, so that "back" and "reload" do not do it again.
pub fn redirect(to: &str) -> Response {
    match HeaderValue::try_from(to) {
        Ok(to) => (StatusCode::SEE_OTHER, [(header::LOCATION, to)]).into_response(),
        Err(_) => Trouble::malformed("The address to go on to is none.").into_response(),
    }
}

/// A path that somebody gave us to go on to: only one of ours is followed, so that no link leads out of the desk.
pub fn local(path: Option<&str>) -> &str {
    let ours = |path: &&str| {
        path.starts_with('/') && !path.starts_with("//") && !path.contains(|c: char| c == '\\' || c.is_control())
    };
    path.filter(ours).unwrap_or("/")
}

/// A text as it stands in HTML.
pub fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// A text as a part of a query or path.
pub fn encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => encoded.push(char::from(byte)),
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_link_leads_out_of_the_desk() {
        assert_eq!(local(Some("/ticket/4?a=b")), "/ticket/4?a=b");
        for bad in ["//evil.example", "https://evil.example", "/\\evil.example", "evil", "/a\r\nb", ""] {
            assert_eq!(local(Some(bad)), "/", "{bad}");
        }
    }

    #[test]
    fn what_goes_into_an_address_is_encoded() {
        assert_eq!(encode("a b&c=ü/"), "a%20b%26c%3D%C3%BC%2F");
    }
}
