//! Signing in and out.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use mailflow_core::refusal::Refusal;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Api;
use super::agents::AgentShape;
use super::caller::Caller;
use super::extract::Body;
use super::openapi::{ForAgents, ForAnyone};
use super::refused::Refused;
use crate::auth::{self, Credentials, Entered, Place};

/// Who wants to sign in.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(example = json!({ "user_name": "admin", "password": "correct horse battery" }))]
pub struct SignInWish {
    pub user_name: String,
    #[schema(write_only)]
    pub password: String,
    /// The code of a device, or a recovery code, for an agent who has a second factor.
    #[serde(default)]
    #[schema(write_only)]
    pub code: String,
}

/// A session that was begun.
#[derive(Debug, Serialize, ToSchema)]
pub struct Begun {
    /// Send it as `Authorization: Bearer …`. It is known nowhere else. A session that nobody uses ends after a week.
    pub token: String,
    /// Who signed in.
    pub agent: AgentShape,
}

/// Signs in.
#[utoipa::path(post, path = "/session", tag = "session", request_body = SignInWish, security(()),
    responses((status = 201, description = "A session was begun", body = Begun), ForAnyone))]
pub async fn sign_in(
    State(api): State<Api>,
    place: Place,
    headers: HeaderMap,
    Body(wish): Body<SignInWish>,
) -> Result<(StatusCode, Json<Begun>), Refused> {
    let shown = Credentials { user_name: wish.user_name, password: wish.password, code: wish.code };
    let (id, token) = match api.sign_in.enter(&shown, (place, auth::program(&headers))).await? {
        Entered::Begun(id, token) => (id, token),
        Entered::Half(_) => return Err(Refusal::CodeNeeded.into()),
    };
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
