//! Tickets that agents open by writing first.

use axum::Json;
use axum::http::StatusCode;
use mailflow_core::decision::reply::{AfterReply, Reply};
use mailflow_core::draft::{Draft, Purpose};
use mailflow_core::mail::Address;
use mailflow_core::time::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::caller::Caller;
use super::drafts::DraftWish;
use super::extract::{Body, Named};
use super::openapi::ForAgents;
use super::refused::Refused;
use super::replies::{Attached, kept};
use super::shapes::{DraftShape, OpeningShape, Person, mailboxes, signature_of};

/// The first message of a ticket, and what the ticket is to be.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(example = json!({
    "opening": { "ticketbox": "0191f3a2-7c44-7d10-9a51-000000000013", "priority": "high" },
    "to": [{ "name": "Ada", "address": "ada@one.example" }],
    "subject": "Your printer is here",
    "text": "Come and get it.",
}))]
pub struct OpeningWish {
    /// What the ticket is to be.
    pub opening: OpeningShape,
    /// What it is about; not empty.
    pub subject: String,
    /// The words, at most 1,000,000 characters.
    pub text: String,
    /// To whom. The first one is the ticket's contact, who is made if he is not known.
    #[serde(default)]
    pub to: Vec<Person>,
    #[serde(default)]
    pub cc: Vec<Person>,
    #[serde(default)]
    pub bcc: Vec<Person>,
    /// The address of the ticketbox that it is from. Default: its first.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub from: Option<Address>,
    #[serde(default)]
    pub attachments: Vec<Attached>,
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
    /// Whether the ticket is closed by it.
    #[serde(default)]
    pub close: bool,
    /// The id of its draft, which goes with it; the ticket gets this id. Default: a new one.
    #[serde(default)]
    pub ticket: Option<Uuid>,
    /// An id that the caller made for the message: asked twice for the same, one ticket is opened.
    #[serde(default)]
    pub message: Option<Uuid>,
}

/// A ticket that was opened.
#[derive(Debug, Serialize, ToSchema)]
pub struct Opened {
    /// The ticket.
    pub ticket: Uuid,
    /// Its number; null if the caller does not see it where it lies.
    pub number: Option<u64>,
    /// Its first message.
    pub message: Uuid,
    /// What the message is sent through.
    pub destination: Uuid,
}

/// Opens a ticket by writing its first message.
#[utoipa::path(post, path = "/tickets", tag = "tickets", request_body = OpeningWish,
    responses((status = 202, description = "It is there, and its message waits to be sent", body = Opened), ForAgents))]
pub async fn open(caller: Caller, Body(wish): Body<OpeningWish>) -> Result<(StatusCode, Json<Opened>), Refused> {
    let desk = caller.desk;
    let ticket = wish.ticket.map_or_else(|| desk.new_id(), Into::into);
    let message = wish.message.map_or_else(|| desk.new_id(), Into::into);
    let reply = Reply {
        purpose: Purpose::Opening(wish.opening.into()),
        from: wish.from,
        to: mailboxes(wish.to),
        cc: mailboxes(wish.cc),
        bcc: mailboxes(wish.bcc),
        subject: Some(wish.subject),
        text: wish.text,
        attachments: kept(&desk, wish.attachments).await?,
        signature: signature_of(wish.signature.as_deref())?,
        then: if wish.close { AfterReply::Close } else { AfterReply::Stay },
        undo_s: wish.undo_s.min(60),
        send_at: wish.send_at.map(Timestamp::from_millis),
        ..Reply::default()
    };
    let replied = desk.reply_once(ticket, message, reply).await?;
    let opened = Opened {
        ticket: replied.ticket.into(),
        number: desk.ticket_by_id(replied.ticket).await.ok().map(|it| it.number),
        message: replied.message.into(),
        destination: replied.destination.into(),
    };
    Ok((StatusCode::ACCEPTED, Json(opened)))
}

/// The first message of a ticket as far as it is written, and what the ticket is to be.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(example = json!({
    "opening": { "ticketbox": "0191f3a2-7c44-7d10-9a51-000000000013" },
    "draft": { "text": "Dear Ada,", "seen_revision": 0 },
}))]
pub struct OpeningDraftWish {
    /// What the ticket is to be.
    pub opening: OpeningShape,
    /// The message.
    pub draft: DraftWish,
}

/// What the caller has begun to write to open a ticket.
#[utoipa::path(get, path = "/drafts/{id}", tag = "drafts",
    params(("id" = Uuid, Path, description = "The id that the ticket will have",
        example = "0191f3a2-7c44-7d10-9a51-000000000027")),
    responses((status = 200, description = "The draft", body = DraftShape), ForAgents))]
pub async fn show_opening(caller: Caller, Named(id): Named<Uuid>) -> Result<Json<DraftShape>, Refused> {
    Ok(Json(caller.desk.draft(id.into()).await?.into()))
}

/// Keeps what the caller has begun to write to open a ticket, under an id that he made.
#[utoipa::path(put, path = "/drafts/{id}", tag = "drafts", request_body = OpeningDraftWish,
    params(("id" = Uuid, Path, description = "The id that the ticket will have",
        example = "0191f3a2-7c44-7d10-9a51-000000000027")),
    responses((status = 200, description = "The draft as it is kept", body = DraftShape), ForAgents))]
pub async fn save_opening(
    caller: Caller,
    Named(id): Named<Uuid>,
    Body(wish): Body<OpeningDraftWish>,
) -> Result<Json<DraftShape>, Refused> {
    let desk = caller.desk;
    let draft = Draft { purpose: Purpose::Opening(wish.opening.into()), ..wish.draft.draft(&desk, id.into())? };
    Ok(Json(desk.save_draft(draft).await?.into()))
}

/// Throws it away.
#[utoipa::path(delete, path = "/drafts/{id}", tag = "drafts",
    params(("id" = Uuid, Path, description = "The id that the ticket will have",
        example = "0191f3a2-7c44-7d10-9a51-000000000027")),
    responses((status = 204, description = "There is none any more"), ForAgents))]
pub async fn discard_opening(caller: Caller, Named(id): Named<Uuid>) -> Result<StatusCode, Refused> {
    caller.desk.discard_draft(id.into()).await?;
    Ok(StatusCode::NO_CONTENT)
}
