//! What waits to be sent: mails of the agent that are held, sent later, paused, or wait for an approval. Each can be
//! pulled back, sent at another time, or now.

use askama::Template;
use axum::body::Bytes;
use axum::extract::{Path, Query};
use axum::http::{HeaderMap, StatusCode};
use mailflow_core::flow::Error;
use mailflow_core::id::OutgoingId;
use mailflow_core::mail::new_words;
use mailflow_core::outgoing::{Outgoing, OutgoingState};
use mailflow_core::refusal::Refusal;
use mailflow_core::text::{one_line, prefix};
use mailflow_core::ticket::Ticket;
use mailflow_core::time::Timestamp;
use serde::Deserialize;

use super::ago::{full, span};
use super::answer::{Answer, page_with, redirect};
use super::approvals::waits_for;
use super::when;
use super::{Fields, Frame, Signed, Table, Trouble, Who};

const HERE: &str = "/waiting";

pub(super) fn routes(table: Table) -> Table {
    table.get(Who::Agent, "/waiting", list).post(Who::Agent, "/waiting/{id}", act)
}

#[derive(Debug, Default, Deserialize)]
struct Asked {
    did: Option<String>,
}

/// A mail that waits.
struct Row {
    id: String,
    /// Where the buttons send to, with the base.
    path: String,
    /// The ticket's page, with the base.
    ticket: String,
    number: u64,
    subject: String,
    to: String,
    first_words: String,
    /// When it leaves: in words, for programs, for a field, in milliseconds.
    due: (String, String, String, i64),
    /// In how many seconds it leaves, if that is soon.
    soon: Option<u64>,
    /// Whether it waits for its time after an approval, too.
    later: bool,
    /// For whom it waits, and how long already.
    awaits: Option<String>,
    /// Set if it was not sent because the customer wrote: the last that he wrote.
    paused: Option<String>,
    /// Whether the customer wrote meanwhile, so that it will not be sent when its time comes.
    will_pause: bool,
}

#[derive(Template)]
#[template(path = "waiting/page.html")]
struct WaitingPage {
    frame: Frame,
    rows: Vec<Row>,
    done: Option<&'static str>,
    trouble: Option<String>,
}

fn row(signed: &Signed, mail: &Outgoing, ticket: Ticket) -> Row {
    let now = signed.desk.now();
    let waits = mail.state == OutgoingState::AwaitingApproval;
    let awaits = mail.approval.as_ref().filter(|_| waits).map(|approval| {
        let whom = waits_for(&signed.desk.directory(), approval);
        format!("Waiting for {whom}, {}", span(now.since(approval.submitted).as_secs()))
    });
    let last = ticket.last.as_ref().map(|last| format!("{} wrote: {}", last.who, last.text));
    let draft = mail.hold.as_ref().map(|hold| &hold.draft);
    let to: Vec<String> = mail.recipients.iter().map(|it| it.address.to_string()).collect();
    let seconds = mail.due.since(now).as_secs();
    Row {
        id: mail.id.to_string(),
        path: signed.base.path(&format!("{HERE}/{}", mail.id)),
        ticket: signed.base.path(&format!("/ticket/{}#m-{}", ticket.number, mail.message)),
        number: ticket.number,
        subject: if ticket.subject.is_empty() { "(no subject)".to_owned() } else { ticket.subject },
        to: to.join(", "),
        first_words: one_line(prefix(&new_words(draft.map_or("", |it| &it.text)), 1000), 200),
        due: (full(mail.due), mail.due.to_string(), when::field(mail.due), mail.due.as_millis()),
        soon: (seconds <= 120).then_some(seconds),
        later: mail.due > now,
        awaits,
        paused: (mail.state == OutgoingState::Paused).then(|| last.unwrap_or_default()),
        will_pause: !waits
            && ticket.waiting_since.is_some()
            && draft.is_none_or(|it| it.purpose != mailflow_core::draft::Purpose::Forward),
    }
}

async fn list(signed: Signed, Query(asked): Query<Asked>) -> Answer {
    let done = match asked.did.as_deref() {
        Some("now") => Some("It is on its way."),
        Some("time") => Some("The time was changed."),
        _ => None,
    };
    show(&signed, StatusCode::OK, done, None).await
}

async fn show(signed: &Signed, status: StatusCode, done: Option<&'static str>, trouble: Option<String>) -> Answer {
    let mut rows = Vec::new();
    for mail in signed.desk.held().await? {
        // What is in a ticket that is not for the agent any more stays where it is.
        let Ok(ticket) = signed.desk.ticket_by_id(mail.ticket).await else { continue };
        rows.push(row(signed, &mail, ticket));
    }
    // What asks for something comes first.
    rows.sort_by_key(|row| row.paused.is_none());
    let frame = Frame::of(signed, HERE, "Waiting to be sent").await?;
    page_with(status, &WaitingPage { frame, rows, done, trouble })
}

async fn act(signed: Signed, Path(name): Path<String>, headers: HeaderMap, body: Bytes) -> Answer {
    let fields = Fields::of_form(&headers, &body)?;
    let id: OutgoingId = name.parse().map_err(|_| Refusal::no_such("outgoing mail", &name))?;
    let done = match fields.one("action") {
        "undo" => match signed.desk.pull_back(id).await {
            Ok(draft) => {
                let number = signed.desk.ticket_by_id(draft.ticket).await?.number;
                return Ok(redirect(&signed.base.path(&format!("/ticket/{number}#composer"))));
            }
            Err(error) => Err(error),
        },
        "now" => signed.desk.send_now(id).await.map(|()| "now"),
        "time" => match time(&fields) {
            Ok(at) => signed.desk.reschedule(id, at).await.map(|()| "time"),
            Err(refusal) => Err(refusal.into()),
        },
        _ => return Err(Trouble::malformed("There is no such action.")),
    };
    match done {
        Ok(done) => Ok(redirect(&signed.base.path(&format!("{HERE}?did={done}")))),
        Err(Error::Refused(refusal @ Refusal::NoSuch { .. })) => Err(refusal.into()),
        Err(Error::Refused(refusal)) => {
            let trouble = Trouble::from(refusal);
            show(&signed, trouble.status, None, Some(trouble.what)).await
        }
        Err(error) => Err(error.into()),
    }
}

fn time(fields: &Fields) -> Result<Timestamp, Refusal> {
    when::read(fields)?.ok_or_else(|| Refusal::invalid("send_at", "choose a day and a time"))
}

#[cfg(test)]
mod tests;
