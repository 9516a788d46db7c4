//! Messages that can still be pulled back, and messages that wait for somebody's approval.

use axum::Json;
use axum::http::StatusCode;
use mailflow_core::approval::{Approval, Approver};
use mailflow_core::digest::Digest;
use mailflow_core::outgoing::Outgoing;
use mailflow_core::time::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::caller::Caller;
use super::extract::{Body, Named};
use super::openapi::ForAgents;
use super::refused::Refused;
use super::shapes::{Delivery, DraftShape, Message, shape};

shape! {
    /// A message that waits for an approval.
    Waiting of it: (Outgoing, Approval) {
        delivery: Delivery = it.0.clone().into(),
        /// SHA-256 of its exact bytes: send it back to release just these.
        raw: String = it.0.raw.to_string(),
        /// Who wrote it.
        author: Uuid = it.1.author.into(),
        /// The agent who may release it, if it is one.
        by_agent: Option<Uuid> = match it.1.approver { Approver::Agent(id) => Some(id.into()), Approver::Group(_) => None },
        /// The group whose members may, if it is one.
        by_group: Option<Uuid> = match it.1.approver { Approver::Group(id) => Some(id.into()), Approver::Agent(_) => None },
        submitted: i64 = it.1.submitted.as_millis(),
    }
}

/// A message to approve, with all that there is to see.
#[derive(Debug, Serialize, ToSchema)]
pub struct ToApprove {
    pub waiting: Waiting,
    pub message: Message,
    /// The exact mail, as text.
    pub mail: String,
}

fn waiting(outgoing: Outgoing) -> Option<Waiting> {
    let approval = outgoing.approval.clone()?;
    Some((outgoing, approval).into())
}

/// Messages that wait for the caller's approval, the one submitted first first.
#[utoipa::path(get, path = "/approvals", tag = "approvals",
    responses((status = 200, description = "All of them", body = Vec<Waiting>), ForAgents))]
pub async fn list(caller: Caller) -> Result<Json<Vec<Waiting>>, Refused> {
    Ok(Json(caller.desk.to_approve().await?.into_iter().filter_map(waiting).collect()))
}

/// One of them, with its exact bytes.
#[utoipa::path(get, path = "/approvals/{id}", tag = "approvals",
    params(("id" = Uuid, Path, description = "The mail", example = "0191f3a2-7c44-7d10-9a51-000000000021")),
    responses((status = 200, description = "The message", body = ToApprove), ForAgents))]
pub async fn show(caller: Caller, Named(id): Named<Uuid>) -> Result<Json<ToApprove>, Refused> {
    let seen = caller.desk.approval(id.into()).await?;
    let none = || mailflow_core::refusal::Refusal::no_such("outgoing mail", id);
    let waiting = waiting(seen.outgoing).ok_or_else(none)?;
    let mail = String::from_utf8_lossy(&seen.raw).into_owned();
    Ok(Json(ToApprove { waiting, message: seen.message.into(), mail }))
}

/// Which bytes were looked at.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(example = json!({ "raw": "0000000000000000000000000000000000000000000000000000000000000000" }))]
pub struct Release {
    /// `raw` of the message that was looked at; another one is not released.
    #[schema(value_type = String)]
    pub raw: Digest,
}

/// Releases a message that another agent wrote.
#[utoipa::path(post, path = "/approvals/{id}/release", tag = "approvals", request_body = Release,
    params(("id" = Uuid, Path, description = "The mail", example = "0191f3a2-7c44-7d10-9a51-000000000021")),
    responses((status = 202, description = "It is sent"), ForAgents))]
pub async fn release(
    caller: Caller,
    Named(id): Named<Uuid>,
    Body(release): Body<Release>,
) -> Result<StatusCode, Refused> {
    caller.desk.release(id.into(), release.raw).await?;
    Ok(StatusCode::ACCEPTED)
}

/// Takes back that the caller released a message, as long as it is held.
#[utoipa::path(post, path = "/approvals/{id}/take-back", tag = "approvals",
    params(("id" = Uuid, Path, description = "The mail", example = "0191f3a2-7c44-7d10-9a51-000000000021")),
    responses((status = 204, description = "It waits for an approval again"), ForAgents))]
pub async fn take_back(caller: Caller, Named(id): Named<Uuid>) -> Result<StatusCode, Refused> {
    caller.desk.take_back(id.into()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Why a message is returned.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(example = json!({ "note": "Please name the price." }))]
pub struct Return {
    /// What is to be changed.
    pub note: String,
}

/// Returns a message to its author, whose draft is back with the note.
#[utoipa::path(post, path = "/approvals/{id}/return", tag = "approvals", request_body = Return,
    params(("id" = Uuid, Path, description = "The mail", example = "0191f3a2-7c44-7d10-9a51-000000000021")),
    responses((status = 204, description = "It is back with its author"), ForAgents))]
pub async fn give_back(
    caller: Caller,
    Named(id): Named<Uuid>,
    Body(wish): Body<Return>,
) -> Result<StatusCode, Refused> {
    caller.desk.give_back(id.into(), &wish.note).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Messages of the caller that have not begun to go out and can be pulled back: held, sent later, paused because the
/// customer wrote, or waiting for an approval; the first due first.
#[utoipa::path(get, path = "/outgoing", tag = "delivery",
    responses((status = 200, description = "All of them", body = Vec<Delivery>), ForAgents))]
pub async fn held(caller: Caller) -> Result<Json<Vec<Delivery>>, Refused> {
    Ok(Json(caller.desk.held().await?.into_iter().map(Delivery::from).collect()))
}

/// Pulls a message of the caller back that is not yet being sent: his draft is as it was.
#[utoipa::path(post, path = "/outgoing/{id}/undo", tag = "delivery",
    params(("id" = Uuid, Path, description = "The mail", example = "0191f3a2-7c44-7d10-9a51-000000000022")),
    responses((status = 200, description = "The draft", body = DraftShape), ForAgents))]
pub async fn undo(caller: Caller, Named(id): Named<Uuid>) -> Result<Json<DraftShape>, Refused> {
    Ok(Json(caller.desk.pull_back(id.into()).await?.into()))
}

/// When a message is sent.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(example = json!({ "send_at": 1_700_003_600_000_i64 }))]
pub struct Later {
    /// A time that is to come, at most a year away.
    pub send_at: i64,
}

/// Sends a message of the caller that waits at another time.
#[utoipa::path(put, path = "/outgoing/{id}/time", tag = "delivery", request_body = Later,
    params(("id" = Uuid, Path, description = "The mail", example = "0191f3a2-7c44-7d10-9a51-000000000022")),
    responses((status = 204, description = "It waits until then"), ForAgents))]
pub async fn reschedule(
    caller: Caller,
    Named(id): Named<Uuid>,
    Body(wish): Body<Later>,
) -> Result<StatusCode, Refused> {
    caller.desk.reschedule(id.into(), Timestamp::from_millis(wish.send_at)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Sends a message of the caller without waiting any longer, also if the customer wrote meanwhile.
#[utoipa::path(post, path = "/outgoing/{id}/send", tag = "delivery",
    params(("id" = Uuid, Path, description = "The mail", example = "0191f3a2-7c44-7d10-9a51-000000000022")),
    responses((status = 202, description = "It is sent"), ForAgents))]
pub async fn send_now(caller: Caller, Named(id): Named<Uuid>) -> Result<StatusCode, Refused> {
    caller.desk.send_now(id.into()).await?;
    Ok(StatusCode::ACCEPTED)
}
