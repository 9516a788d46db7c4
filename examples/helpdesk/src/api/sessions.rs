//! Who is signed in, where, and with what; and how that ends.

use axum::Json;
use axum::http::StatusCode;
use mailflow_core::agent::Agent;
use mailflow_core::digest::Digest;
use mailflow_core::directory::Documented;
use mailflow_core::id::AgentId;
use mailflow_core::refusal::Refusal;
use mailflow_core::session::Session;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::caller::{Administrator, Caller};
use super::extract::Named;
use super::openapi::{ForAdministrators, ForAgents};
use super::refused::Refused;

/// A session.
#[derive(Debug, Serialize, ToSchema)]
pub struct SessionShape {
    /// Its name: a digest of its secret, which gives nothing away.
    pub id: String,
    /// Whose it is.
    pub agent: Uuid,
    /// Whether it is the one that asks.
    pub this: bool,
    /// The network address that it was begun from; empty if it is not known.
    pub from: String,
    /// The program that it was begun with, as it calls itself.
    pub program: String,
    /// When it was begun.
    pub created: i64,
    /// When it was last used, to five minutes.
    pub seen: i64,
    /// When it ends by itself.
    pub expires: i64,
}

fn shapes(sessions: Vec<Session>, this: Option<Digest>) -> Json<Vec<SessionShape>> {
    let shape = |session: Session| SessionShape {
        id: session.token.to_string(),
        agent: session.agent.into(),
        this: this == Some(session.token),
        from: session.peer,
        program: session.user_agent,
        created: session.created.as_millis(),
        seen: session.seen.as_millis(),
        expires: session.expires.as_millis(),
    };
    Json(sessions.into_iter().map(shape).collect())
}

/// The caller's sessions, the one used last first.
#[utoipa::path(get, path = "/sessions", tag = "sessions",
    responses((status = 200, description = "All of them", body = Vec<SessionShape>), ForAgents))]
pub async fn list(caller: Caller) -> Result<Json<Vec<SessionShape>>, Refused> {
    Ok(shapes(caller.desk.sessions().await?, Some(caller.session)))
}

/// Ends all the caller's sessions but the one that asks.
#[utoipa::path(delete, path = "/sessions", tag = "sessions",
    responses((status = 204, description = "They are over"), ForAgents))]
pub async fn end_others(caller: Caller) -> Result<StatusCode, Refused> {
    caller.desk.end_other_sessions(caller.session).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Ends a session: one of the caller's own; an administrator ends anybody's. It is worth nothing from now on, and streams
/// that it has open end.
#[utoipa::path(delete, path = "/sessions/{id}", tag = "sessions",
    params(("id" = String, Path, description = "The session",
        example = "d885d2d3c4365bc4253b2cceaa7c026002772cb51d24ae08189c2ce613e90143")),
    responses((status = 204, description = "It is over"), ForAgents))]
pub async fn end(caller: Caller, Named(id): Named<String>) -> Result<StatusCode, Refused> {
    let token: Digest = id.parse().map_err(|_| Refusal::no_such("session", &id))?;
    match caller.desk.admin() {
        Ok(admin) => admin.end_session(token).await?,
        Err(_) => caller.desk.end_session(token).await?,
    }
    Ok(StatusCode::NO_CONTENT)
}

fn found(by: &Administrator, id: Uuid) -> Result<Agent, Refusal> {
    by.admin.directory().agents.get(&id.into()).cloned().ok_or_else(|| Refusal::no_such("agent", id))
}

/// An agent's sessions.
#[utoipa::path(get, path = "/agents/{id}/sessions", tag = "sessions",
    params(("id" = Uuid, Path, description = "The agent", example = "0191f3a2-7c44-7d10-9a51-000000000015")),
    responses((status = 200, description = "All of them", body = Vec<SessionShape>), ForAdministrators))]
pub async fn of_agent(by: Administrator, Named(id): Named<Uuid>) -> Result<Json<Vec<SessionShape>>, Refused> {
    let agent: AgentId = found(&by, id)?.id;
    let mut sessions = by.admin.sessions().await?;
    sessions.retain(|session| session.agent == agent);
    Ok(shapes(sessions, None))
}

/// Ends all of an agent's sessions.
#[utoipa::path(delete, path = "/agents/{id}/sessions", tag = "sessions",
    params(("id" = Uuid, Path, description = "The agent", example = "0191f3a2-7c44-7d10-9a51-000000000015")),
    responses((status = 204, description = "They are over"), ForAdministrators))]
pub async fn end_all_of_agent(by: Administrator, Named(id): Named<Uuid>) -> Result<StatusCode, Refused> {
    by.admin.end_sessions_of(found(&by, id)?.id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Takes an agent's second factor away: he has lost his device. His sessions end.
#[utoipa::path(delete, path = "/agents/{id}/second-factor", tag = "sessions",
    params(("id" = Uuid, Path, description = "The agent", example = "0191f3a2-7c44-7d10-9a51-000000000015")),
    responses((status = 204, description = "The password alone is enough now"), ForAdministrators))]
pub async fn no_second_factor(by: Administrator, Named(id): Named<Uuid>) -> Result<StatusCode, Refused> {
    let before = found(&by, id)?;
    let agent = Agent { second_factor: None, ..before.clone() };
    by.admin.save_over(&agent, before.version()).await?;
    by.admin.end_sessions_of(agent.id).await?;
    Ok(StatusCode::NO_CONTENT)
}
