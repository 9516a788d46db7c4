//! What protects the pages in the browser: headers of every answer, and no forms from other sites.

use axum::extract::{Request, State};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, HOST, HeaderName, HeaderValue, ORIGIN, REFERRER_POLICY, VARY,
    X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, Method};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::{App, Trouble};
use crate::auth;

/// Nothing but our own files runs or is shown; nobody shows us in a frame. Mail has a stricter one of its own.
const POLICY: &str = "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data:; frame-src 'self'; \
                      connect-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; \
                      frame-ancestors 'none'";

/// Sets the headers that every answer has, where the handler has not set its own.
pub(super) async fn headers(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let defaults = [
        (CONTENT_SECURITY_POLICY, POLICY),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (REFERRER_POLICY, "same-origin"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("permissions-policy"), "camera=(), microphone=(), geolocation=(), payment=()"),
        // Pages are of one agent and one moment.
        (CACHE_CONTROL, "no-store"),
        (VARY, "HX-Request"),
    ];
    for (name, value) in defaults {
        response.headers_mut().entry(name).or_insert(HeaderValue::from_static(value));
    }
    response
}

/// Refuses whatever changes something and comes from another site (cross-site request forgery). Browsers say where a
/// form comes from, in `Sec-Fetch-Site` or at least in `Origin`; a request that says neither is no browser's, and passes
/// only without a cookie.
pub(super) async fn same_site_only(State(app): State<App>, request: Request, next: Next) -> Response {
    let reads = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    if reads || comes_from_us(request.headers(), &app.config.origins) {
        return next.run(request).await;
    }
    Trouble::other_site().into_response()
}

fn comes_from_us(headers: &HeaderMap, origins: &[String]) -> bool {
    let text = |name: &HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    let origin = text(&ORIGIN);
    if origin.is_some_and(|origin| origins.iter().any(|known| known == origin)) {
        return true;
    }
    match (text(&HeaderName::from_static("sec-fetch-site")), origin) {
        (Some(site), _) => matches!(site, "same-origin" | "none"),
        (None, Some(origin)) => {
            let host = origin.split_once("://").map(|(_, host)| host);
            host.is_some() && host == text(&HOST)
        }
        (None, None) => !auth::has_cookie(headers),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(pairs: &[(&'static str, &'static str)]) -> bool {
        let headers =
            pairs.iter().map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)));
        comes_from_us(&headers.collect(), &["https://desk.example".to_owned()])
    }

    #[test]
    fn a_form_from_another_site_is_refused() {
        assert!(!of(&[("sec-fetch-site", "cross-site")]));
        assert!(!of(&[("sec-fetch-site", "same-site"), ("cookie", "mailflow_session=x")]));
        assert!(!of(&[("origin", "https://evil.example"), ("host", "desk.local:8080")]));
        assert!(!of(&[("origin", "null"), ("host", "desk.local:8080")]));
        assert!(!of(&[("cookie", "mailflow_session=x"), ("host", "desk.local:8080")]));
    }

    #[test]
    fn our_own_forms_and_programs_pass() {
        assert!(of(&[("sec-fetch-site", "same-origin")]));
        assert!(of(&[("origin", "http://desk.local:8080"), ("host", "desk.local:8080")]));
        assert!(of(&[("origin", "https://desk.example"), ("host", "inner:1"), ("sec-fetch-site", "cross-site")]));
        assert!(of(&[("authorization", "Bearer x"), ("host", "desk.local:8080")]));
    }
}
