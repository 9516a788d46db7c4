//! [`Caller`] and [`Administrator`]: who calls.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use mailflow_core::decision::trial::Trial;
use mailflow_core::digest::Digest;
use mailflow_core::flow::{Admin, Desk, Error};
use mailflow_core::refusal::Refusal;
use mailflow_core::session;
use mailflow_transport::Check;

use super::Api;
use super::refused::Refused;
use crate::auth::{self, Place};

/// An agent with a session or an API token, and what he may ask for.
#[derive(Debug)]
pub struct Caller {
    /// What he may ask for.
    pub desk: Desk,
    /// The digest of the secret of his session or API token.
    pub session: Digest,
    /// Whether it is an API token.
    pub token: bool,
}

/// A caller who is an administrator.
#[derive(Debug)]
pub struct Administrator {
    /// What he may ask for.
    pub desk: Desk,
    /// The configuration, to change.
    pub admin: Admin,
    /// The digest of the secret of his session or API token.
    pub session: Digest,
    /// Whether he asks with an API token.
    pub token: bool,
}

impl Caller {
    /// Refuses programs: what is asked for here is for somebody who has signed in himself.
    pub fn need_session(&self) -> Result<(), Refusal> {
        need_session(&self.desk, self.token)
    }
}

impl Administrator {
    /// The audit says that something was tried out, and what came of it.
    pub async fn tried_out(&self, what: Trial<'_>, check: &Check) -> Result<(), Error> {
        self.admin.tried_out(what, check.trouble().as_deref()).await
    }

    /// Refuses programs: what is asked for here is for somebody who has signed in himself.
    pub fn need_session(&self) -> Result<(), Refusal> {
        need_session(&self.desk, self.token)
    }
}

fn need_session(desk: &Desk, token: bool) -> Result<(), Refusal> {
    if !token {
        return Ok(());
    }
    let agent = desk.directory().agents.get(&desk.agent_id()).map(|it| it.name.clone()).unwrap_or_default();
    Err(Refusal::NotAllowed { agent, what: "do this with an API token; sign in for it".to_owned() })
}

impl FromRequestParts<Api> for Caller {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Refused> {
        let session = auth::token_of(&auth::secret_of(&parts.headers).ok_or_else(Refused::sign_in)?);
        let place = Place::of(&parts.extensions).address;
        let caller = api.flow.caller(session, place).await?.ok_or_else(Refused::sign_in)?;
        let token = matches!(caller, session::Caller::Token(_));
        // A token in a cookie would be one that browsers send without being asked.
        if token && auth::bearer_of(&parts.headers).is_none() {
            return Err(Refused::sign_in());
        }
        Ok(Self { desk: api.flow.desk(caller.agent()).at(place), session, token })
    }
}

impl FromRequestParts<Api> for Administrator {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Refused> {
        let Caller { desk, session, token } = Caller::from_request_parts(parts, api).await?;
        let admin = desk.admin()?;
        Ok(Self { desk, admin, session, token })
    }
}
