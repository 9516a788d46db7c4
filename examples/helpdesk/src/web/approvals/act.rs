//! What an approver does: release, return, take his release back. Then the next message opens.

use axum::body::Bytes;
use axum::extract::Path;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use mailflow_core::digest::Digest;
use mailflow_core::flow::Error;
use mailflow_core::id::OutgoingId;
use mailflow_core::mail::{Limits, parse};
use mailflow_core::refusal::Refusal;

use super::item::{Item, refused};
use super::{Asked, HERE, answer, id};
use crate::web::answer::{Answer, redirect};
use crate::web::message::saved;
use crate::web::{Fields, Signed, Trouble};

/// Releases just the bytes that were looked at.
pub async fn release(signed: Signed, Path(name): Path<String>, headers: HeaderMap, body: Bytes) -> Answer {
    let (id, fields) = (id(&name)?, Fields::of_form(&headers, &body)?);
    let raw: Digest = fields.one("raw").parse().map_err(|_| Refusal::invalid("message", "look at it again"))?;
    let next = next(&signed, id).await?;
    match signed.desk.release(id, raw).await {
        Ok(()) => Ok(go_on(&signed, id, next, "released")),
        Err(error) => again(&signed, id, error, String::new()).await,
    }
}

/// Returns it to its author.
pub async fn give_back(signed: Signed, Path(name): Path<String>, headers: HeaderMap, body: Bytes) -> Answer {
    let (id, fields) = (id(&name)?, Fields::of_form(&headers, &body)?);
    let note = fields.one("note").replace("\r\n", "\n");
    let next = next(&signed, id).await?;
    match signed.desk.give_back(id, &note).await {
        Ok(()) => Ok(go_on(&signed, id, next, "returned")),
        Err(error) => again(&signed, id, error, note).await,
    }
}

/// Takes a release back.
pub async fn take_back(signed: Signed, Path(name): Path<String>) -> Answer {
    let id = id(&name)?;
    match signed.desk.take_back(id).await {
        Ok(()) => Ok(redirect(&signed.base.path(&format!("{HERE}/{id}?did=taken-back")))),
        Err(error) => again(&signed, id, error, String::new()).await,
    }
}

/// What comes after a message in the queue; from its end, the oldest.
async fn next(signed: &Signed, id: OutgoingId) -> Result<Option<OutgoingId>, Error> {
    let waiting: Vec<OutgoingId> = signed.desk.to_approve().await?.into_iter().map(|it| it.id).collect();
    let after = waiting.iter().skip_while(|it| **it != id).nth(1);
    Ok(after.or_else(|| waiting.iter().find(|it| **it != id)).copied())
}

fn go_on(signed: &Signed, id: OutgoingId, next: Option<OutgoingId>, did: &str) -> Response {
    let next = next.map(|next| format!("/{next}")).unwrap_or_default();
    redirect(&signed.base.path(&format!("{HERE}{next}?did={did}&of={id}")))
}

/// The message again, with the reason why nothing was done.
async fn again(signed: &Signed, id: OutgoingId, error: Error, note: String) -> Answer {
    let Error::Refused(refusal) = error else { return Err(error.into()) };
    let item = match Item::of(signed, id).await {
        Ok(item) => item,
        // It is not for this agent any more, or never was: that is said instead.
        Err(_) => return Err(refusal.into()),
    };
    let status = match &refusal {
        Refusal::Decided { .. } | Refusal::TooLate => StatusCode::CONFLICT,
        _ => Trouble::from(refusal.clone()).status,
    };
    let trouble = Some(refused(&refusal, signed.desk.now()));
    answer(signed, Some(Item { trouble, note, ..item }), &Asked::default(), status).await
}

/// The exact bytes.
pub async fn raw(signed: Signed, Path(name): Path<String>) -> Answer {
    let id = id(&name)?;
    let seen = signed.desk.approval(id).await?;
    saved(seen.raw, "message/rfc822", &format!("message-{id}.eml"))
}

/// A file that goes with it, as it will leave.
pub async fn file(signed: Signed, Path((name, at, _)): Path<(String, String, String)>) -> Answer {
    let raw = signed.desk.approval(id(&name)?).await?.raw;
    let mail = tokio::task::spawn_blocking(move || parse(&raw, &Limits::default())).await;
    let mail = mail.map_err(|_| Trouble::malformed("The mail could not be read."))?;
    let file = at.parse().ok().and_then(|at: usize| mail.attachments.into_iter().nth(at));
    let file = file.ok_or_else(|| Refusal::no_such("file", &at))?;
    let filename = file.filename.clone().unwrap_or_else(|| format!("attachment-{at}"));
    saved(file.content, &file.content_type, &filename)
}
