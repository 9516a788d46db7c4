//! A ticket: its conversation, its properties, and the composer.

mod change;
mod delivery;
mod passage;
mod side;
pub mod text;
mod view;
mod why;
mod words;

use askama::Template;
use axum::extract::{Path, Query};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use mailflow_core::flow::{Conversation, Error};
use mailflow_core::refusal::Refusal;
use serde::Deserialize;

pub use passage::{PassageView, passages};
pub use view::TicketView;

use super::answer::{Answer, is_fragment, page, page_with};
use super::composer::{Composer, Kind};
use super::{Frame, Signed, Table, Trouble, Who};

pub(super) fn routes(table: Table) -> Table {
    table.get(Who::Agent, "/ticket/{number}", show).post(Who::Agent, "/ticket/{number}/change", change::change).post(
        Who::Agent,
        "/ticket/{number}/delivery/{outgoing}",
        delivery::remedy,
    )
}

#[derive(Template)]
#[template(path = "ticket/page.html", blocks = ["conversation"])]
struct TicketPage {
    frame: Frame,
    ticket: TicketView,
    composer: Option<Composer>,
}

/// What the address of a ticket asks for.
#[derive(Debug, Default, Deserialize)]
struct Asked {
    /// Which composer is open: `reply`, `all`, `forward`, `note`, or `draft` for the answer that was begun.
    compose: Option<String>,
    /// The message that is answered or forwarded; none means the last one that came in.
    answers: Option<String>,
}

/// A ticket's number, as it stands in a path.
///
/// # Errors
/// [`Refusal::NoSuch`] if it is no number.
pub fn number(text: &str) -> Result<u64, Refusal> {
    text.parse().map_err(|_| Refusal::no_such("ticket", text))
}

async fn show(signed: Signed, headers: HeaderMap, Path(name): Path<String>, Query(asked): Query<Asked>) -> Answer {
    let conversation = signed.desk.conversation(number(&name)?).await?;
    let composer = match asked.compose.as_deref().and_then(Kind::named) {
        Some(kind) => Some(Composer::begin(&signed, &conversation, kind, asked.answers.as_deref())?),
        None => Composer::resume(&signed, &conversation),
    };
    mark_seen(&signed, &conversation).await?;
    let ticket = TicketView::of(&signed, &conversation).await?;
    if is_fragment(&headers) {
        let frame = Frame::bare(&signed);
        return page(&TicketPage { frame, ticket, composer }.as_conversation());
    }
    let frame = Frame::of(&signed, &ticket.ticketbox_path, &ticket.title()).await?;
    page(&TicketPage { frame, ticket, composer })
}

/// Remembers that the agent has seen the ticket. A server that is too old for the database shows it all the same.
async fn mark_seen(signed: &Signed, conversation: &Conversation) -> Result<(), Error> {
    match signed.desk.mark_seen(conversation.ticket.id).await {
        Err(error) if error.is_outdated() => Ok(()),
        marked => marked,
    }
}

/// The ticket's page with a composer as it is, to say what keeps it from being sent.
///
/// # Errors
/// [`Trouble`] if the ticket cannot be shown.
pub async fn page_with_composer(
    signed: &Signed,
    number: u64,
    status: StatusCode,
    composer: Composer,
) -> Result<Response, Trouble> {
    let conversation = signed.desk.conversation(number).await?;
    mark_seen(signed, &conversation).await?;
    let ticket = TicketView::of(signed, &conversation).await?;
    let frame = Frame::of(signed, &ticket.ticketbox_path, &ticket.title()).await?;
    page_with(status, &TicketPage { frame, ticket, composer: Some(composer) })
}

#[cfg(test)]
mod tests;
