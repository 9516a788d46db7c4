//! [`Signed`]: the agent who asks.

use axum::extract::{FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use mailflow_core::agent::Agent;
use mailflow_core::digest::Digest;
use mailflow_core::flow::Desk;
use mailflow_core::refusal::Refusal;

use super::{App, Base, Trouble};
use crate::auth::{self, Place};

/// The agent who asks, and what he may ask for.
#[derive(Debug, Clone)]
pub struct Signed {
    /// What the agent may ask for.
    pub desk: Desk,
    /// The agent.
    pub agent: Agent,
    /// The digest of the session's secret.
    pub session: Digest,
    /// Where the agent is.
    pub place: Place,
    /// What all links begin with.
    pub base: Base,
}

impl<S: Send + Sync> FromRequestParts<S> for Signed {
    type Rejection = Trouble;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Trouble> {
        parts.extensions.get::<Self>().cloned().ok_or_else(Trouble::sign_in)
    }
}

/// Whose request it is, if it carries a session that is not over.
pub(super) async fn find(app: &App, parts: &Parts) -> Result<Option<Signed>, Trouble> {
    let Some(secret) = auth::secret_of(&parts.headers) else { return Ok(None) };
    let session = auth::token_of(&secret);
    let place = Place::of(&parts.extensions);
    let Some(agent) = app.flow.session(session, place.address).await? else { return Ok(None) };
    let desk = app.flow.desk(agent).at(place.address);
    let agent = desk.agent()?;
    let base = parts.extensions.get::<Base>().cloned().unwrap_or_default();
    Ok(Some(Signed { desk, agent, session, place, base }))
}

/// Lets agents pass who have signed in.
pub(super) async fn agents_only(State(app): State<App>, request: Request, next: Next) -> Response {
    pass(&app, request, next, |_| Ok(())).await.into_response()
}

/// Lets administrators pass who have signed in.
pub(super) async fn administrators_only(State(app): State<App>, request: Request, next: Next) -> Response {
    let administers = |agent: &Agent| match agent.administrator {
        true => Ok(()),
        false => Err(Refusal::NotAllowed { agent: agent.name.clone(), what: "see this page".to_owned() }),
    };
    pass(&app, request, next, administers).await.into_response()
}

async fn pass(
    app: &App,
    request: Request,
    next: Next,
    may: impl Fn(&Agent) -> Result<(), Refusal>,
) -> Result<Response, Trouble> {
    let (mut parts, body) = request.into_parts();
    let signed = find(app, &parts).await?.ok_or_else(Trouble::sign_in)?;
    may(&signed.agent)?;
    parts.extensions.insert(signed);
    Ok(next.run(Request::from_parts(parts, body)).await)
}
