//! [`Caller`] and [`Administrator`]: who calls.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use mailflow_core::digest::Digest;
use mailflow_core::flow::{Admin, Desk};

use super::Api;
use super::refused::Refused;
use crate::auth::{self, Place};

/// An agent with a session, and what he may ask for.
#[derive(Debug)]
pub struct Caller {
    /// What he may ask for.
    pub desk: Desk,
    /// The digest of his session's secret.
    pub session: Digest,
}

/// A caller who is an administrator.
#[derive(Debug)]
pub struct Administrator {
    /// What he may ask for.
    pub desk: Desk,
    /// The configuration, to change.
    pub admin: Admin,
}

impl FromRequestParts<Api> for Caller {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Refused> {
        let session = auth::token_of(&auth::secret_of(&parts.headers).ok_or_else(Refused::sign_in)?);
        let place = Place::of(&parts.extensions).address;
        let agent = api.flow.session(session, place).await?.ok_or_else(Refused::sign_in)?;
        Ok(Self { desk: api.flow.desk(agent).at(place), session })
    }
}

impl FromRequestParts<Api> for Administrator {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Refused> {
        let desk = Caller::from_request_parts(parts, api).await?.desk;
        let admin = desk.admin()?;
        Ok(Self { desk, admin })
    }
}
