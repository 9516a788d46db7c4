//! Versions of configuration: `ETag` and `If-Match` (RFC 9110 section 13.1.1).

use axum::Json;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use mailflow_core::decision::configure::Configured;
use mailflow_core::digest::Digest;
use mailflow_core::flow::{Admin, Error};
use serde::Serialize;

use super::refused::Refused;

/// The version that a change was begun at, if the caller says one.
#[derive(Debug)]
pub struct Seen(Option<Digest>);

impl<S: Send + Sync> FromRequestParts<S> for Seen {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Refused> {
        let Some(given) = parts.headers.get(header::IF_MATCH) else { return Ok(Self(None)) };
        let given = given.to_str().unwrap_or_default().trim();
        if given == "*" {
            return Ok(Self(None));
        }
        // What is no version of ours is the version of nothing.
        Ok(Self(Some(given.trim_matches('"').parse().unwrap_or_else(|_| Digest::of(given.as_bytes())))))
    }
}

impl Seen {
    /// Whether a version is the one that the caller says; so if he says none.
    pub fn is(&self, version: Digest) -> bool {
        self.0.is_none_or(|seen| seen == version)
    }

    /// The version that the caller says.
    pub const fn digest(&self) -> Option<Digest> {
        self.0
    }

    /// Writes a document: over the one that was seen, if the caller says which.
    pub async fn save<T: Configured + Sync>(&self, admin: &Admin, document: &T) -> Result<(), Error> {
        match self.0 {
            Some(seen) => admin.save_over(document, seen).await,
            None => admin.save(document).await,
        }
    }
}

/// An answer with the version of what it shows.
#[derive(Debug)]
pub struct Versioned<T>(pub StatusCode, pub Digest, pub T);

impl<T: Serialize> IntoResponse for Versioned<T> {
    fn into_response(self) -> Response {
        let mut response = (self.0, Json(self.2)).into_response();
        if let Ok(tag) = HeaderValue::try_from(format!("\"{}\"", self.1)) {
            response.headers_mut().insert(header::ETAG, tag);
        }
        response
    }
}
