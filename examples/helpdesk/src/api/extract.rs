//! What a request brings, with refusals in the API's own shape.

use axum::Json;
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::request::Parts;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use utoipa::IntoParams;

use super::refused::Refused;
use mailflow_core::store::{Cursor, Page};

/// The body, as JSON.
#[derive(Debug)]
pub struct Body<T>(pub T);

/// What the path names.
#[derive(Debug)]
pub struct Named<T>(pub T);

/// What stands behind the question mark.
#[derive(Debug)]
pub struct Asked<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = Refused;

    async fn from_request(request: Request, state: &S) -> Result<Self, Refused> {
        Ok(Self(Json::<T>::from_request(request, state).await?.0))
    }
}

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Named<T> {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refused> {
        Ok(Self(Path::<T>::from_request_parts(parts, state).await?.0))
    }
}

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Asked<T> {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refused> {
        Ok(Self(Query::<T>::from_request_parts(parts, state).await?.0))
    }
}

/// Which part of a list.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Part {
    /// How many rows at most, 1 to 200. Default 50.
    #[serde(default)]
    #[param(minimum = 1, maximum = 200)]
    pub limit: Option<u32>,
    /// `next` of the part before.
    #[serde(default)]
    pub after: Option<String>,
}

impl Part {
    /// The page that is asked for.
    pub fn page(&self) -> Page {
        let limit = self.limit.unwrap_or(50).clamp(1, 200);
        Page { limit, after: self.after.as_deref().map(Cursor::from) }
    }
}
