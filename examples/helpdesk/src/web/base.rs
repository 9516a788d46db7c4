//! [`Base`]: the path that all links begin with.

use std::convert::Infallible;

use axum::extract::{FromRequestParts, OriginalUri, Request, State};
use axum::http::request::Parts;
use axum::middleware::Next;
use axum::response::Response;

use super::App;

/// The path that the pages are mounted under, without a slash at its end; empty at the root. All links begin with it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Base(String);

impl Base {
    /// A path of ours as it stands in a link.
    pub fn path(&self, path: &str) -> String {
        format!("{}{path}", self.0)
    }

    /// Where the session's cookie is valid.
    pub fn cookie_path(&self) -> &str {
        if self.0.is_empty() { "/" } else { &self.0 }
    }
}

impl std::fmt::Display for Base {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Base {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(parts.extensions.get::<Self>().cloned().unwrap_or_default())
    }
}

/// Finds the base of a request: what stands before our own path.
pub(super) async fn find(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let ours = request.uri().path();
    let whole = request.extensions().get::<OriginalUri>().map_or(ours, |whole| whole.path());
    let nested = whole.strip_suffix(ours).unwrap_or(if ours == "/" { whole } else { "" });
    let base = Base(format!("{}{}", app.config.proxy_prefix, nested.trim_end_matches('/')));
    request.extensions_mut().insert(base);
    next.run(request).await
}
