//! Signing in and out.

use axum::Json;
use axum::extract::{ConnectInfo, FromRequestParts, State};
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use serde::{Deserialize, Serialize};
use std::convert::Infallible;
use std::net::SocketAddr;
use utoipa::ToSchema;

use super::Api;
use super::agents::AgentShape;
use super::caller::Caller;
use super::extract::Body;
use super::openapi::{ForAgents, ForAnyone};
use super::refused::Refused;

/// Who wants to sign in.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(example = json!({ "user_name": "admin", "password": "correct horse battery" }))]
pub struct SignInWish {
    pub user_name: String,
    #[schema(write_only)]
    pub password: String,
}

/// A session that was begun.
#[derive(Debug, Serialize, ToSchema)]
pub struct Begun {
    /// Send it as `Authorization: Bearer …`. It is known nowhere else. A session that nobody uses ends after a week.
    pub token: String,
    /// Who signed in.
    pub agent: AgentShape,
}

/// Where a request came from, as far as that can be told.
#[derive(Debug)]
pub struct Place {
    peer: String,
    program: String,
}

impl<S: Send + Sync> FromRequestParts<S> for Place {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>();
        let program = parts.headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok());
        Ok(Self {
            peer: peer.map(|peer| peer.0.ip().to_string()).unwrap_or_default(),
            program: program.unwrap_or_default().to_owned(),
        })
    }
}

/// Signs in.
#[utoipa::path(post, path = "/session", tag = "session", request_body = SignInWish, security(()),
    responses((status = 201, description = "A session was begun", body = Begun), ForAnyone))]
pub async fn sign_in(
    State(api): State<Api>,
    place: Place,
    Body(wish): Body<SignInWish>,
) -> Result<(StatusCode, Json<Begun>), Refused> {
    let from = (place.peer.as_str(), place.program.as_str());
    let (id, token) = api.sign_in.sign_in(&wish.user_name, &wish.password, from).await?;
    let agent = api.flow.desk(id).agent()?;
    Ok((StatusCode::CREATED, Json(Begun { token, agent: agent.into() })))
}

/// Who the caller is.
#[utoipa::path(get, path = "/session", tag = "session",
    responses((status = 200, description = "The agent whose session it is", body = AgentShape), ForAgents))]
pub async fn whose(caller: Caller) -> Result<Json<AgentShape>, Refused> {
    Ok(Json(caller.desk.agent()?.into()))
}

/// Signs out: the token is worth nothing any more.
#[utoipa::path(delete, path = "/session", tag = "session",
    responses((status = 204, description = "The session is over"), ForAgents))]
pub async fn sign_out(State(api): State<Api>, caller: Caller) -> Result<StatusCode, Refused> {
    api.flow.end_session(caller.session).await?;
    Ok(StatusCode::NO_CONTENT)
}
