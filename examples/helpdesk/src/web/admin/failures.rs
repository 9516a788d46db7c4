//! Delivery failures: a work list. Reasons in plain words; try again, correct an address, give up.

use askama::Template;
use axum::body::Bytes;
use axum::extract::{Path, Query};
use axum::http::HeaderMap;
use axum::response::IntoResponse;
use mailflow_core::decision::delivery::Remedy;
use mailflow_core::id::OutgoingId;
use mailflow_core::mail::Address;
use mailflow_core::outgoing::{Outgoing, OutgoingState, RecipientState};
use mailflow_core::refusal::Refusal;
use mailflow_core::store::{Cursor, Page};
use serde::Deserialize;

use super::destinations::{HERE, found, place};
use super::{Asked, go, words};
use crate::web::ago::full;
use crate::web::answer::{Answer, encode, page};
use crate::web::{Fields, Frame, Signed, Trouble};

/// How many are shown at once.
const SHOWN: u32 = 50;

/// A mail that somebody has to look at.
struct Failure {
    id: OutgoingId,
    ticket: u64,
    subject: String,
    when: String,
    full: String,
    attempts: String,
    recipients: Vec<Missed>,
}

/// Somebody whom it did not reach.
struct Missed {
    address: String,
    reached: bool,
    reason: &'static str,
    said: String,
}

#[derive(Template)]
#[template(path = "admin/failures.html")]
struct FailuresPage {
    frame: Frame,
    path: String,
    back: &'static str,
    place: String,
    failed: Vec<Failure>,
    perhaps: Vec<Failure>,
    next: Option<String>,
    done: Option<&'static str>,
    trouble: Option<String>,
}

/// Where in the list.
#[derive(Debug, Default, Deserialize)]
pub struct Place {
    after: Option<String>,
    trouble: Option<String>,
}

/// The failures of a destination, newest first; what was perhaps sent apart from them.
pub async fn list(
    signed: Signed,
    Path(text): Path<String>,
    Query(asked): Query<Asked>,
    Query(at): Query<Place>,
) -> Answer {
    let destination = found(&signed, &text)?;
    let part = Page { limit: SHOWN, after: at.after.as_deref().map(Cursor::from) };
    let listing = signed.desk.failures(destination.id, &part).await?;
    let (mut failed, mut perhaps) = (Vec::new(), Vec::new());
    for outgoing in listing.rows {
        let list = if outgoing.state == OutgoingState::PerhapsSent { &mut perhaps } else { &mut failed };
        list.push(failure(&signed, outgoing).await?);
    }
    let path = format!("{HERE}/{}/failures", destination.id);
    let title = format!("Not delivered through {}", destination.name);
    page(&FailuresPage {
        frame: Frame::of(&signed, HERE, &title).await?,
        back: HERE,
        place: place(&destination),
        failed,
        perhaps,
        next: listing.next.map(|next| format!("{path}?after={}", encode(&next.to_string()))),
        path,
        done: asked.done(),
        trouble: at.trouble,
    })
}

async fn failure(signed: &Signed, outgoing: Outgoing) -> Result<Failure, Trouble> {
    let ticket = signed.desk.ticket_by_id(outgoing.ticket).await?;
    let missed = |recipient: &mailflow_core::outgoing::Recipient| Missed {
        address: recipient.address.to_string(),
        reached: recipient.state == RecipientState::Sent,
        reason: words::reason(recipient.reply.as_ref(), outgoing.may_be_double),
        said: recipient.reply.as_ref().map(ToString::to_string).unwrap_or_default(),
    };
    let at = outgoing.recipients.iter().filter_map(|it| it.at).max().unwrap_or(outgoing.created);
    Ok(Failure {
        id: outgoing.id,
        ticket: ticket.number,
        subject: ticket.subject,
        when: words::ago(at, signed.desk.now()),
        full: full(at),
        attempts: words::count(usize::try_from(outgoing.attempts).unwrap_or(0), "try", "tries"),
        recipients: outgoing.recipients.iter().map(missed).collect(),
    })
}

/// Tries chosen ones or all of them again, or gives up on chosen ones.
pub async fn act(signed: Signed, Path(text): Path<String>, headers: HeaderMap, body: Bytes) -> Answer {
    let (destination, values) = (found(&signed, &text)?, Fields::of_form(&headers, &body)?);
    let path = format!("{HERE}/{}/failures", destination.id);
    let chosen: Vec<OutgoingId> = values.all("mail").filter_map(|id| id.parse().ok()).collect();
    let (remedy, done) = match values.one("action") {
        "retry-all" => {
            signed.desk.retry_all(destination.id).await?;
            return go(&signed, &path, "retrying");
        }
        "retry" => (Remedy::Retry, "retrying"),
        "give-up" => (Remedy::Withdraw, "given-up"),
        other => return Err(Trouble::malformed(format!("There is no action “{other}”."))),
    };
    if chosen.is_empty() {
        return Ok(back(&signed, &path, "Choose a mail first."));
    }
    for id in chosen {
        signed.desk.remedy(id, remedy.clone()).await?;
    }
    go(&signed, &path, done)
}

/// Sends to another address than the wrong one.
pub async fn correct(
    signed: Signed,
    Path((text, outgoing)): Path<(String, String)>,
    headers: HeaderMap,
    body: Bytes,
) -> Answer {
    let (destination, values) = (found(&signed, &text)?, Fields::of_form(&headers, &body)?);
    let path = format!("{HERE}/{}/failures", destination.id);
    let id: OutgoingId = outgoing.parse().map_err(|_| Refusal::no_such("outgoing mail", &outgoing))?;
    let (from, to) = match (Address::new(values.one("from")), Address::new(values.one("to"))) {
        (Ok(from), Ok(to)) => (from, to),
        (Err(error), _) | (_, Err(error)) => {
            return Ok(back(&signed, &path, &super::form::sentence(&error.to_string())));
        }
    };
    signed.desk.remedy(id, Remedy::Correct { from, to }).await?;
    go(&signed, &path, "retrying")
}

fn back(signed: &Signed, path: &str, trouble: &str) -> axum::response::Response {
    let to = signed.base.path(&format!("{path}?trouble={}", encode(trouble)));
    crate::web::answer::redirect(&to).into_response()
}
