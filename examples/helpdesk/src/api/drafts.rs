//! Answers that were begun.

use axum::Json;
use axum::http::StatusCode;
use mailflow_core::draft::{Draft, Purpose};
use mailflow_core::flow::Desk;
use mailflow_core::id::TicketId;
use mailflow_core::mail::Address;
use mailflow_core::refusal::Refusal;
use mailflow_core::time::Timestamp;
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::caller::Caller;
use super::extract::{Asked, Body, Named, Part};
use super::openapi::ForAgents;
use super::refused::Refused;
use super::shapes::{DraftShape, FileShape, List, Person, mailboxes, signature_of};

/// An answer that was begun, as it is written.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(example = json!({ "text": "Dear Ada,", "seen_revision": 1 }))]
pub struct DraftWish {
    #[serde(default)]
    pub answers: Option<Uuid>,
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub from: Option<Address>,
    #[serde(default)]
    pub to: Vec<Person>,
    #[serde(default)]
    pub cc: Vec<Person>,
    #[serde(default)]
    pub bcc: Vec<Person>,
    #[serde(default)]
    pub subject: String,
    #[serde(default)]
    pub text: String,
    /// Files that were sent before, with POST /files.
    #[serde(default)]
    pub attachments: Vec<FileShape>,
    /// Which attachments of the message that it answers or forwards go with it, by their places in it.
    #[serde(default)]
    pub carried: Vec<u32>,
    /// What is put below the words: `usual`, `own`, `nothing`, or a group's id. Default: `usual`.
    #[serde(default)]
    pub signature: Option<String>,
    /// When it is to be sent.
    #[serde(default)]
    pub send_at: Option<i64>,
    /// The revision of the ticket that its author has seen.
    pub seen_revision: u32,
}

impl DraftWish {
    /// The draft of an answer.
    pub(in crate::api) fn draft(self, desk: &Desk, ticket: TicketId) -> Result<Draft, Refusal> {
        Ok(Draft {
            agent: desk.agent_id(),
            ticket,
            purpose: Purpose::Answer,
            message: desk.new_id(),
            answers: self.answers.map(Into::into),
            from: self.from,
            to: mailboxes(self.to),
            cc: mailboxes(self.cc),
            bcc: mailboxes(self.bcc),
            subject: self.subject,
            text: self.text,
            attachments: self.attachments.into_iter().map(Into::into).collect(),
            carried: self.carried,
            signature: signature_of(self.signature.as_deref())?,
            send_at: self.send_at.map(Timestamp::from_millis),
            returned: None,
            seen_revision: self.seen_revision,
            saved: desk.now(),
        })
    }
}

/// What the caller has begun to write, the newest first: answers, forwards, first messages of tickets.
#[utoipa::path(get, path = "/drafts", tag = "drafts", params(Part),
    responses((status = 200, description = "A part of the list", body = List<DraftShape>), ForAgents))]
pub async fn list(caller: Caller, Asked(part): Asked<Part>) -> Result<Json<List<DraftShape>>, Refused> {
    Ok(Json(caller.desk.drafts(&part.page()).await?.into()))
}

/// What the caller has begun to answer in a ticket.
#[utoipa::path(get, path = "/tickets/{number}/draft", tag = "drafts",
    params(("number" = u64, Path, description = "The ticket's number", example = 1)),
    responses((status = 200, description = "The draft", body = DraftShape), ForAgents))]
pub async fn show(caller: Caller, Named(number): Named<u64>) -> Result<Json<DraftShape>, Refused> {
    let draft = caller.desk.conversation(number).await?.draft;
    Ok(Json(draft.ok_or_else(|| Refusal::no_such("draft", number))?.into()))
}

/// Keeps what the caller has begun to answer.
#[utoipa::path(put, path = "/tickets/{number}/draft", tag = "drafts", request_body = DraftWish,
    params(("number" = u64, Path, description = "The ticket's number", example = 1)),
    responses((status = 200, description = "The draft as it is kept", body = DraftShape), ForAgents))]
pub async fn save(
    caller: Caller,
    Named(number): Named<u64>,
    Body(wish): Body<DraftWish>,
) -> Result<Json<DraftShape>, Refused> {
    let desk = caller.desk;
    // What was begun to open the ticket, and came back, still opens it.
    let ticket = desk.ticket(number).await?.id;
    let begun = desk.draft(ticket).await.map(|draft| draft.purpose).unwrap_or_default();
    let draft = Draft { purpose: begun, ..wish.draft(&desk, ticket)? };
    Ok(Json(desk.save_draft(draft).await?.into()))
}

/// Throws it away.
#[utoipa::path(delete, path = "/tickets/{number}/draft", tag = "drafts",
    params(("number" = u64, Path, description = "The ticket's number", example = 1)),
    responses((status = 204, description = "There is none any more"), ForAgents))]
pub async fn discard(caller: Caller, Named(number): Named<u64>) -> Result<StatusCode, Refused> {
    let ticket = caller.desk.ticket(number).await?.id;
    caller.desk.discard_draft(ticket).await?;
    Ok(StatusCode::NO_CONTENT)
}
