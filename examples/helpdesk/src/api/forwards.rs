//! Forwards: messages that are shown to somebody else.

use axum::Json;
use axum::http::StatusCode;
use mailflow_core::decision::reply::{Reply, Seen};
use mailflow_core::draft::{Draft, Purpose};
use mailflow_core::mail::Address;
use mailflow_core::refusal::Refusal;
use mailflow_core::time::Timestamp;
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::caller::Caller;
use super::drafts::DraftWish;
use super::extract::{Body, Named};
use super::openapi::ForAgents;
use super::refused::Refused;
use super::replies::{Attached, OnItsWay, kept};
use super::shapes::{DraftShape, Person, mailboxes, signature_of};

/// A forward as it is written.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(example = json!({
    "to": [{ "name": "Carl", "address": "carl@three.example" }],
    "text": "Can you repair it?",
    "carry": [0],
}))]
pub struct ForwardWish {
    /// The words above what is forwarded, at most 900,000 characters.
    #[serde(default)]
    pub text: String,
    /// The address of ours that it is from. Default: the ticketbox's.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub from: Option<Address>,
    /// To whom; somebody has to be there, here or as a copy.
    #[serde(default)]
    pub to: Vec<Person>,
    #[serde(default)]
    pub cc: Vec<Person>,
    #[serde(default)]
    pub bcc: Vec<Person>,
    /// Default: that of the message, marked as forwarded.
    #[serde(default)]
    pub subject: Option<String>,
    /// Which attachments of the message go along, by their places in it. Default: all.
    #[serde(default)]
    pub carry: Option<Vec<u32>>,
    /// Further files.
    #[serde(default)]
    pub attachments: Vec<Attached>,
    /// The ticket's revision that the author has seen. If it has changed since, nothing is sent. Without it, it is sent
    /// anyway.
    #[serde(default)]
    pub revision: Option<u32>,
    /// For how many seconds it can be pulled back before it is sent. Default: 0, it is sent at once.
    #[serde(default)]
    #[schema(maximum = 60)]
    pub undo_s: u32,
    /// What is put below the words: `usual`, `own`, `nothing`, or a group's id. Default: `usual`.
    #[serde(default)]
    pub signature: Option<String>,
    /// When it is sent. Default: now.
    #[serde(default)]
    pub send_at: Option<i64>,
    /// An id that the caller made for the new message: asked twice for the same, it is sent once.
    #[serde(default)]
    pub message: Option<Uuid>,
}

/// Shows a message to somebody else, with its heading, its text and its attachments. It is no answer: who waits for one
/// still does.
#[utoipa::path(post, path = "/messages/{id}/forward", tag = "messages", request_body = ForwardWish,
    params(("id" = Uuid, Path, description = "The message", example = "0191f3a2-7c44-7d10-9a51-000000000017")),
    responses((status = 202, description = "It waits to be sent", body = OnItsWay), ForAgents))]
pub async fn forward(
    caller: Caller,
    Named(id): Named<Uuid>,
    Body(wish): Body<ForwardWish>,
) -> Result<(StatusCode, Json<OnItsWay>), Refused> {
    let desk = caller.desk;
    let shown = desk.message(id.into()).await?;
    let message = wish.message.map_or_else(|| desk.new_id(), Into::into);
    let all = Reply::forward(&shown, &wish.text);
    let forward = Reply {
        from: wish.from,
        to: mailboxes(wish.to),
        cc: mailboxes(wish.cc),
        bcc: mailboxes(wish.bcc),
        subject: wish.subject,
        attachments: kept(&desk, wish.attachments).await?,
        carried: wish.carry.unwrap_or_else(|| all.carried.clone()),
        signature: signature_of(wish.signature.as_deref())?,
        seen: wish.revision.map_or(Seen::Anyway, Seen::Revision),
        undo_s: wish.undo_s.min(60),
        send_at: wish.send_at.map(Timestamp::from_millis),
        ..all
    };
    let replied = desk.reply_once(shown.ticket, message, forward).await?;
    Ok((StatusCode::ACCEPTED, Json(replied.into())))
}

/// What the caller has begun to forward in a ticket.
#[utoipa::path(get, path = "/tickets/{number}/forward", tag = "drafts",
    params(("number" = u64, Path, description = "The ticket's number", example = 1)),
    responses((status = 200, description = "The draft", body = DraftShape), ForAgents))]
pub async fn show_forward(caller: Caller, Named(number): Named<u64>) -> Result<Json<DraftShape>, Refused> {
    let draft = caller.desk.conversation(number).await?.forward;
    Ok(Json(draft.ok_or_else(|| Refusal::no_such("draft", number))?.into()))
}

/// Keeps what the caller has begun to forward: `answers` is the message, `text` all that stands in the forward.
#[utoipa::path(put, path = "/tickets/{number}/forward", tag = "drafts", request_body = DraftWish,
    params(("number" = u64, Path, description = "The ticket's number", example = 1)),
    responses((status = 200, description = "The draft as it is kept", body = DraftShape), ForAgents))]
pub async fn save_forward(
    caller: Caller,
    Named(number): Named<u64>,
    Body(wish): Body<DraftWish>,
) -> Result<Json<DraftShape>, Refused> {
    let desk = caller.desk;
    let draft = Draft { purpose: Purpose::Forward, ..wish.draft(&desk, desk.ticket(number).await?.id)? };
    Ok(Json(desk.save_draft(draft).await?.into()))
}

/// Throws it away.
#[utoipa::path(delete, path = "/tickets/{number}/forward", tag = "drafts",
    params(("number" = u64, Path, description = "The ticket's number", example = 1)),
    responses((status = 204, description = "There is none any more"), ForAgents))]
pub async fn discard_forward(caller: Caller, Named(number): Named<u64>) -> Result<StatusCode, Refused> {
    let ticket = caller.desk.ticket(number).await?.id;
    caller.desk.discard_forward(ticket).await?;
    Ok(StatusCode::NO_CONTENT)
}
