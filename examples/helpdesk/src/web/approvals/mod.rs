//! The approval queue: what others wrote and this agent has to look at before it is sent (ux 5.4). On the left what waits,
//! on the right one message exactly as it would leave; one key each to release and to return.

mod act;
mod diff;
mod item;
#[cfg(test)]
mod tests;

use askama::Template;
use axum::extract::{Path, Query};
use axum::http::{HeaderMap, StatusCode};
use mailflow_core::id::OutgoingId;
use mailflow_core::refusal::Refusal;
use serde::Deserialize;

pub use diff::PartKind;
pub use item::waits_for;
use item::{Item, Row};

use super::answer::{Answer, is_fragment, page, page_with};
use super::ticket::{PassageView, passages};
use super::{Frame, Signed, Table, Trouble, Who};

const HERE: &str = "/approvals";

pub(super) fn routes(table: Table) -> Table {
    table
        .get(Who::Agent, "/approvals", first)
        .get(Who::Agent, "/approvals/{id}", show)
        .get(Who::Agent, "/approvals/{id}/conversation", conversation)
        .get(Who::Agent, "/approvals/{id}/raw", act::raw)
        .get(Who::Agent, "/approvals/{id}/file/{at}/{name}", act::file)
        .post(Who::Agent, "/approvals/{id}/release", act::release)
        .post(Who::Agent, "/approvals/{id}/return", act::give_back)
        .post(Who::Agent, "/approvals/{id}/take-back", act::take_back)
}

#[derive(Template)]
#[template(path = "approvals/page.html")]
struct QueuePage {
    frame: Frame,
    queue: Vec<Row>,
    item: Option<Item>,
    did: Option<Did>,
}

/// What changes in a page that is open: the list, and how the message stands.
#[derive(Template)]
#[template(path = "approvals/again.html")]
struct Again {
    queue: Vec<Row>,
    item: Item,
}

/// What was done just now.
struct Did {
    /// In words.
    words: String,
    /// Where it is taken back, with the base; none if it cannot be.
    undo: Option<String>,
}

/// What an address asks for.
#[derive(Debug, Default, Deserialize)]
struct Asked {
    /// What was done just now: `released`, `returned` or `taken-back`.
    did: Option<String>,
    /// With which message.
    of: Option<String>,
}

/// A message's id, as it stands in a path.
fn id(text: &str) -> Result<OutgoingId, Refusal> {
    text.parse().map_err(|_| Refusal::no_such("outgoing mail", text))
}

async fn first(signed: Signed, Query(asked): Query<Asked>) -> Answer {
    let oldest = signed.desk.to_approve().await?.first().map(|it| it.id);
    let item = match oldest {
        Some(id) => Some(Item::of(&signed, id).await?),
        None => None,
    };
    answer(&signed, item, &asked, StatusCode::OK).await
}

async fn show(signed: Signed, Path(name): Path<String>, Query(asked): Query<Asked>, headers: HeaderMap) -> Answer {
    let item = Item::of(&signed, id(&name)?).await?;
    if is_fragment(&headers) {
        let queue = Row::all(&signed, Some(&item.id)).await?;
        return page(&Again { queue, item });
    }
    answer(&signed, Some(item), &asked, StatusCode::OK).await
}

async fn answer(signed: &Signed, item: Option<Item>, asked: &Asked, status: StatusCode) -> Answer {
    let queue = Row::all(signed, item.as_ref().map(|it| it.id.as_str())).await?;
    let frame = Frame::of(signed, HERE, "Waiting for your approval").await?;
    let did = did(signed, asked).await?;
    page_with(status, &QueuePage { frame, queue, item, did })
}

/// What was done just now, in words; a release with the way to take it back, as long as there is one.
async fn did(signed: &Signed, asked: &Asked) -> Result<Option<Did>, Trouble> {
    let words = match asked.did.as_deref() {
        Some("returned") => "Returned to its author.",
        Some("taken-back") => "It waits for an approval again.",
        Some("released") => {
            let Some(id) = asked.of.as_deref().and_then(|it| it.parse::<OutgoingId>().ok()) else { return Ok(None) };
            let Ok(seen) = signed.desk.approval(id).await else { return Ok(None) };
            let held = seen.outgoing.hold.is_some() && seen.outgoing.attempts == 0;
            let undo = held.then(|| signed.base.path(&format!("{HERE}/{id}/take-back")));
            let words = format!("Released: {}.", item::leaves(&seen.outgoing, signed.desk.now()));
            return Ok(Some(Did { words, undo }));
        }
        _ => return Ok(None),
    };
    Ok(Some(Did { words: words.to_owned(), undo: None }))
}

#[derive(Template)]
#[template(path = "approvals/conversation.html")]
struct Whole {
    passages: Vec<PassageView>,
    /// What is known of whoever wrote first, if it is for the agent to see.
    contact: Option<(String, String)>,
}

#[derive(Template)]
#[template(path = "approvals/conversation_page.html")]
struct WholePage {
    frame: Frame,
    back: String,
    fragment: String,
}

/// The whole conversation, in the queue.
async fn conversation(signed: Signed, Path(name): Path<String>, headers: HeaderMap) -> Answer {
    let id = id(&name)?;
    let seen = signed.desk.conversation_to_approve(id).await?;
    let contact = seen.contact.as_ref().filter(|it| !it.notes.trim().is_empty());
    let contact = contact.map(|it| (it.shown().to_owned(), it.notes.clone()));
    let whole = Whole { passages: passages(&signed, &seen), contact };
    if is_fragment(&headers) {
        return page(&whole);
    }
    let fragment = whole.render()?;
    let back = signed.base.path(&format!("{HERE}/{id}"));
    page(&WholePage { frame: Frame::of(&signed, HERE, &seen.ticket.subject).await?, back, fragment })
}
