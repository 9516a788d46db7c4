//! Servers that work on the desk together: who is there, and who does what. Administrators only.

use axum::Json;
use axum::http::StatusCode;
use mailflow_core::server::Server;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::caller::Administrator;
use super::extract::{Body, Named};
use super::openapi::ForAdministrators;
use super::refused::Refused;
use super::shapes::shape;
use crate::servers::{self, PastHolder, TaskState};

/// The servers and their tasks, at one moment.
#[derive(Debug, Serialize, ToSchema)]
pub struct ClusterShape {
    /// The time by the database's clock, as all times here.
    pub now: i64,
    /// The servers; none if the desk has always had one program only.
    pub servers: Vec<ClusterServerShape>,
    /// The tasks, each of which one server does at a time.
    pub tasks: Vec<TaskShape>,
}

/// A server.
#[derive(Debug, Serialize, ToSchema)]
pub struct ClusterServerShape {
    pub id: Uuid,
    pub name: String,
    /// The version of its program.
    pub version: String,
    /// Whether it is taken to be alive.
    pub alive: bool,
    /// Whether it gives away its tasks and takes no others; agents are served all the same.
    pub draining: bool,
    /// When its present run began.
    pub started: i64,
    /// When it last said that it is alive.
    pub seen: i64,
    /// Until when it is taken to be alive.
    pub until: i64,
    /// How long the database took to answer it last, in milliseconds.
    pub answer_ms: u64,
    /// By how many milliseconds the database's clock was ahead of its machine's then; the database's is what counts.
    pub ahead_ms: i64,
}

shape! {
    /// A server that did a task once.
    PastHolderShape of it: PastHolder {
        /// Its name; null if it was forgotten since.
        server: Option<String> = it.server,
        /// How often the task had changed hands then.
        epoch: u64 = it.epoch,
        /// From when.
        since: i64 = it.since.as_millis(),
        /// Until when.
        until: i64 = it.until.as_millis(),
        /// Whether another server took over because it was gone; otherwise it gave the task away.
        was_gone: bool = it.was_gone,
    }
}

shape! {
    /// A task.
    TaskShape of it: TaskState {
        /// `router`, `source` or `destination`.
        kind: &'static str = it.kind(),
        /// The id of the source or destination, or the router's own.
        id: Uuid = it.task.id(),
        /// The name of the source or destination; empty for the router.
        name: String = it.name,
        /// The server that does it; null if nobody does.
        holder: Option<Uuid> = it.holder.map(|server| server.id.into()),
        /// Since when it is as it is; null if nobody ever did it.
        since: Option<i64> = it.since.map(|at| at.as_millis()),
        /// How often it has changed hands.
        epoch: u64 = it.epoch,
        /// Milliseconds until its holder is taken to be dead, if it says nothing.
        left_ms: u64 = it.left_ms,
        /// The name of the server that it is pinned to.
        pinned_to: Option<String> = it.pinned_to,
        /// The name of the server that shall do it, as things are now.
        next: Option<String> = it.next,
        /// Who did it before, the last one first.
        past: Vec<PastHolderShape> = it.past.into_iter().map(PastHolderShape::from).collect(),
    }
}

/// What a server is told.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(example = json!({ "draining": true }))]
pub struct DrainWish {
    /// Whether it shall give away its tasks, or take some again.
    pub draining: bool,
}

/// Who is there, and who does what.
#[utoipa::path(get, path = "/cluster", tag = "cluster",
    responses((status = 200, description = "All servers and tasks", body = ClusterShape), ForAdministrators))]
pub async fn show(by: Administrator) -> Result<Json<ClusterShape>, Refused> {
    let cluster = by.admin.cluster().await?;
    let tasks = servers::tasks(&cluster, &by.admin.directory()).into_iter().map(TaskShape::from).collect();
    let server = |it: Server| ClusterServerShape {
        alive: it.is_alive(cluster.now),
        id: it.id.into(),
        name: it.name,
        version: it.version,
        draining: it.draining,
        started: it.started.as_millis(),
        seen: it.seen.as_millis(),
        until: it.until.as_millis(),
        answer_ms: it.answer_ms,
        ahead_ms: it.ahead_ms,
    };
    let servers = cluster.servers.into_iter().map(server).collect();
    Ok(Json(ClusterShape { now: cluster.now.as_millis(), servers, tasks }))
}

/// Makes a server give away its tasks, or take some again; agents are served all the same.
#[utoipa::path(post, path = "/cluster/{id}/drain", tag = "cluster",
    params(("id" = Uuid, Path, description = "The server", example = "0191f3a2-7c44-7d10-9a51-000000000025")),
    request_body = DrainWish,
    responses((status = 204, description = "It is told so"), ForAdministrators))]
pub async fn drain(
    by: Administrator,
    Named(id): Named<Uuid>,
    Body(wish): Body<DrainWish>,
) -> Result<StatusCode, Refused> {
    by.admin.drain(id.into(), wish.draining).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Forgets a server that is gone. One that is alive is refused: its program has to be stopped first.
#[utoipa::path(delete, path = "/cluster/{id}", tag = "cluster",
    params(("id" = Uuid, Path, description = "The server", example = "0191f3a2-7c44-7d10-9a51-000000000026")),
    responses((status = 204, description = "It is forgotten"), ForAdministrators))]
pub async fn forget(by: Administrator, Named(id): Named<Uuid>) -> Result<StatusCode, Refused> {
    by.admin.forget_server(id.into()).await?;
    Ok(StatusCode::NO_CONTENT)
}
