//! API tokens, which are made for programs: the caller's own, and, for administrators, anybody's.

use axum::Json;
use axum::http::StatusCode;
use mailflow_core::digest::Digest;
use mailflow_core::id::AgentId;
use mailflow_core::refusal::Refusal;
use mailflow_core::session::{NewToken, Session};
use mailflow_core::time::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::caller::{Administrator, Caller};
use super::extract::{Body, Named};
use super::openapi::{ForAdministrators, ForAgents};
use super::refused::Refused;
use super::shapes::shape;
use crate::auth;

shape! {
    /// An API token, without its secret.
    TokenShape of it: Session {
        /// Its id: a digest of its secret, which gives nothing away.
        id: String = it.token.to_string(),
        /// Whose rights it has.
        agent: Uuid = it.agent.into(),
        name: String = it.api_token.unwrap_or_default(),
        created: i64 = it.created.as_millis(),
        /// When it was last used, to five minutes; null if it was not used yet.
        seen: Option<i64> = (it.seen > it.created).then(|| it.seen.as_millis()),
        /// When it ends by itself; null if it does not.
        expires: Option<i64> = (it.expires < Timestamp::MAX).then(|| it.expires.as_millis()),
    }
}

/// A token to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(example = json!({ "name": "Nightly export", "expires": null }))]
pub struct TokenWish {
    /// What it is for, at most 100 characters.
    pub name: String,
    /// When it ends by itself. Default: never.
    #[serde(default)]
    pub expires: Option<i64>,
}

/// A token that was made.
#[derive(Debug, Serialize, ToSchema)]
pub struct MadeToken {
    /// Its id.
    pub id: String,
    /// Its secret, to be sent as `Authorization: Bearer …`. It is known nowhere else from now on.
    pub token: String,
}

/// What to make, and the secret.
fn wished(wish: TokenWish) -> Result<(NewToken, MadeToken), Refusal> {
    let secret = auth::new_api_token()?;
    let token = auth::token_of(&secret);
    let new = NewToken { token, name: wish.name, expires: wish.expires.map(Timestamp::from_millis) };
    Ok((new, MadeToken { id: token.to_string(), token: secret }))
}

fn digest(id: &str) -> Result<Digest, Refusal> {
    id.parse().map_err(|_| Refusal::no_such("API token", id))
}

/// The caller's API tokens, the one used last first.
#[utoipa::path(get, path = "/me/tokens", tag = "tokens",
    responses((status = 200, description = "All of them", body = Vec<TokenShape>), ForAgents))]
pub async fn list(caller: Caller) -> Result<Json<Vec<TokenShape>>, Refused> {
    Ok(Json(caller.desk.tokens().await?.into_iter().map(TokenShape::from).collect()))
}

/// Makes an API token with the caller's rights. A token makes no other token: this needs a session.
#[utoipa::path(post, path = "/me/tokens", tag = "tokens", request_body = TokenWish,
    responses((status = 201, description = "It was made", body = MadeToken), ForAgents))]
pub async fn make(caller: Caller, Body(wish): Body<TokenWish>) -> Result<(StatusCode, Json<MadeToken>), Refused> {
    caller.need_session()?;
    let (new, made) = wished(wish)?;
    caller.desk.make_token(&new).await?;
    Ok((StatusCode::CREATED, Json(made)))
}

/// Ends one of the caller's API tokens: it is worth nothing from now on.
#[utoipa::path(delete, path = "/me/tokens/{id}", tag = "tokens",
    params(("id" = String, Path, description = "The token",
        example = "27e78e93467d6b679cae01194bb3be58cbd5ad54312343611726d4c3b2db0765")),
    responses((status = 204, description = "It is over"), ForAgents))]
pub async fn end(caller: Caller, Named(id): Named<String>) -> Result<StatusCode, Refused> {
    caller.desk.end_token(digest(&id)?).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn known(by: &Administrator, id: Uuid) -> Result<AgentId, Refusal> {
    let id: AgentId = id.into();
    if by.admin.directory().agents.contains_key(&id) { Ok(id) } else { Err(Refusal::no_such("agent", id)) }
}

/// An agent's API tokens.
#[utoipa::path(get, path = "/agents/{id}/tokens", tag = "tokens",
    params(("id" = Uuid, Path, description = "The agent", example = "0191f3a2-7c44-7d10-9a51-000000000015")),
    responses((status = 200, description = "All of them", body = Vec<TokenShape>), ForAdministrators))]
pub async fn of_agent(by: Administrator, Named(id): Named<Uuid>) -> Result<Json<Vec<TokenShape>>, Refused> {
    let agent = known(&by, id)?;
    Ok(Json(by.admin.tokens_of(agent).await?.into_iter().map(TokenShape::from).collect()))
}

/// Makes an API token with an agent's rights. A token makes no other token: this needs a session.
#[utoipa::path(post, path = "/agents/{id}/tokens", tag = "tokens", request_body = TokenWish,
    params(("id" = Uuid, Path, description = "The agent", example = "0191f3a2-7c44-7d10-9a51-000000000015")),
    responses((status = 201, description = "It was made", body = MadeToken), ForAdministrators))]
pub async fn make_for(
    by: Administrator,
    Named(id): Named<Uuid>,
    Body(wish): Body<TokenWish>,
) -> Result<(StatusCode, Json<MadeToken>), Refused> {
    by.need_session()?;
    let (agent, (new, made)) = (known(&by, id)?, wished(wish)?);
    by.admin.make_token(agent, &new).await?;
    Ok((StatusCode::CREATED, Json(made)))
}

/// Ends an agent's API token.
#[utoipa::path(delete, path = "/agents/{id}/tokens/{token}", tag = "tokens",
    params(("id" = Uuid, Path, description = "The agent", example = "0191f3a2-7c44-7d10-9a51-000000000015"),
        ("token" = String, Path, description = "The token",
            example = "dbd1e97458d0a371fdd7afa4a508585ddc6f839f8528c7ab4e2763ce3dfc1c71")),
    responses((status = 204, description = "It is over"), ForAdministrators))]
pub async fn end_of(by: Administrator, Named((id, token)): Named<(Uuid, String)>) -> Result<StatusCode, Refused> {
    by.admin.end_token(known(&by, id)?, digest(&token)?).await?;
    Ok(StatusCode::NO_CONTENT)
}
