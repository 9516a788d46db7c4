//! Answers.

use axum::Json;
use axum::http::StatusCode;
use data_encoding::BASE64;
use mailflow_core::decision::reply::{AfterReply, Replied, Reply, Seen};
use mailflow_core::draft::{Purpose, Upload};
use mailflow_core::flow::Desk;
use mailflow_core::mail::Address;
use mailflow_core::refusal::Refusal;
use mailflow_core::time::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::caller::Caller;
use super::extract::{Body, Named};
use super::openapi::ForAgents;
use super::refused::Refused;
use super::shapes::{FileShape, Person, mailboxes, signature_of};

/// A file that goes with an answer.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(untagged)]
pub enum Attached {
    /// One that was sent before, with POST /files.
    Kept(FileShape),
    /// One that is in here.
    Here {
        /// Its name.
        filename: String,
        /// Its media type.
        #[serde(default)]
        content_type: String,
        /// Its bytes, as base64 (RFC 4648 section 4).
        content_base64: String,
    },
}

impl Attached {
    async fn keep(self, desk: &Desk) -> Result<Upload, Refused> {
        match self {
            Self::Kept(file) => Ok(file.into()),
            Self::Here { filename, content_type, content_base64 } => {
                let bytes = BASE64.decode(content_base64.as_bytes()).map_err(|_| {
                    Refusal::invalid("attachments", format!("`content_base64` of `{filename}` is not base64"))
                })?;
                Ok(desk.keep_file(&filename, &content_type, bytes).await?)
            }
        }
    }
}

/// What is attached, kept.
pub(in crate::api) async fn kept(desk: &Desk, attached: Vec<Attached>) -> Result<Vec<Upload>, Refused> {
    let mut kept = Vec::with_capacity(attached.len());
    for file in attached {
        kept.push(file.keep(desk).await?);
    }
    Ok(kept)
}

/// An answer as it is written.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(example = json!({
    "text": "We are on it.",
    "attachments": [{ "filename": "plan.txt", "content_type": "text/plain", "content_base64": "T25lLCB0d28uCg==" }],
    "close": true,
}))]
pub struct ReplyWish {
    /// The words, at most 1,000,000 characters.
    pub text: String,
    /// The message that it answers. Default: the last one that a person wrote to us.
    #[serde(default)]
    pub answers: Option<Uuid>,
    /// The address of ours that it is from. Default: the ticketbox's.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub from: Option<Address>,
    /// To whom. Default: whoever wrote the message that it answers, at the address where he wants answers.
    #[serde(default)]
    pub to: Vec<Person>,
    #[serde(default)]
    pub cc: Vec<Person>,
    #[serde(default)]
    pub bcc: Vec<Person>,
    /// Default: that of the message that it answers.
    #[serde(default)]
    pub subject: Option<String>,
    #[serde(default)]
    pub attachments: Vec<Attached>,
    /// Which attachments of the message that it answers go with it, by their places in it. Default: none.
    #[serde(default)]
    pub carry: Vec<u32>,
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
    /// Whether the ticket is closed by it.
    #[serde(default)]
    pub close: bool,
    /// An id that the caller made for the message: asked twice for the same, it is sent once.
    #[serde(default)]
    pub message: Option<Uuid>,
}

/// An answer that is on its way.
#[derive(Debug, Serialize, ToSchema)]
pub struct OnItsWay {
    /// The message.
    pub message: Uuid,
    /// What it is sent through.
    pub destination: Uuid,
}

impl From<Replied> for OnItsWay {
    fn from(replied: Replied) -> Self {
        Self { message: replied.message.into(), destination: replied.destination.into() }
    }
}

/// Sends an answer.
#[utoipa::path(post, path = "/tickets/{number}/replies", tag = "tickets", request_body = ReplyWish,
    params(("number" = u64, Path, description = "The ticket's number", example = 1)),
    responses((status = 202, description = "It waits to be sent", body = OnItsWay), ForAgents))]
pub async fn reply(
    caller: Caller,
    Named(number): Named<u64>,
    Body(wish): Body<ReplyWish>,
) -> Result<(StatusCode, Json<OnItsWay>), Refused> {
    let desk = caller.desk;
    let ticket = desk.ticket(number).await?.id;
    let message = wish.message.map_or_else(|| desk.new_id(), Into::into);
    let reply = Reply {
        purpose: Purpose::Answer,
        answers: wish.answers.map(Into::into),
        from: wish.from,
        to: mailboxes(wish.to),
        cc: mailboxes(wish.cc),
        bcc: mailboxes(wish.bcc),
        subject: wish.subject,
        text: wish.text,
        attachments: kept(&desk, wish.attachments).await?,
        carried: wish.carry,
        signature: signature_of(wish.signature.as_deref())?,
        seen: wish.revision.map_or(Seen::Anyway, Seen::Revision),
        then: if wish.close { AfterReply::Close } else { AfterReply::Stay },
        undo_s: wish.undo_s.min(60),
        send_at: wish.send_at.map(Timestamp::from_millis),
    };
    let replied = desk.reply_once(ticket, message, reply).await?;
    Ok((StatusCode::ACCEPTED, Json(replied.into())))
}
