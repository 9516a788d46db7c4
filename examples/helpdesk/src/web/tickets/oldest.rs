//! *Get Oldest*: one button instead of a list to choose from.

use askama::Template;
use axum::body::Bytes;
use axum::http::HeaderMap;
use mailflow_core::id::TicketboxId;
use mailflow_core::store::Count;

use super::List;
use crate::web::ago::{full, span};
use crate::web::answer::{self, Answer, redirect};
use crate::web::{Fields, Frame, Signed};

#[derive(Template)]
#[template(path = "tickets/oldest.html")]
struct OldestPage {
    frame: Frame,
    /// How many wait.
    waiting: Count,
    /// How long the one has waited that has waited longest; since when, in full and for programs.
    oldest: Option<(String, String, String)>,
    /// In which ticketbox; empty for in all of them.
    within: String,
}

/// What an agent sees who is given the oldest ticket.
pub async fn page(signed: &Signed, list: &List) -> Answer {
    let within = match list {
        List::Ticketbox(id) => Some(*id),
        _ => None,
    };
    let listed = signed.desk.ticketboxes();
    let title = within.and_then(|id| listed.iter().find(|it| it.id == id)).map(|it| it.name.as_str());
    let waiting = signed.desk.waiting(within).await?;
    let now = signed.desk.now();
    answer::page(&OldestPage {
        frame: Frame::of(signed, &list.path(), title.unwrap_or("Get oldest")).await?,
        waiting: waiting.tickets,
        oldest: waiting.oldest.map(|at| (span(now.since(at).as_secs()), full(at), at.to_string())),
        within: within.map(|id| id.to_string()).unwrap_or_default(),
    })
}

/// Gives the agent the ticket that has waited longest, and shows it.
pub async fn get(signed: Signed, headers: HeaderMap, body: Bytes) -> Answer {
    let fields = Fields::of_form(&headers, &body)?;
    let within: Option<TicketboxId> = fields.one("within").parse().ok();
    let path = match (signed.desk.get_oldest(within).await?, within) {
        (Some(ticket), _) => format!("/ticket/{}", ticket.number),
        (None, Some(id)) => format!("/box/{id}"),
        (None, None) => "/tickets/unowned".to_owned(),
    };
    Ok(redirect(&signed.base.path(&path)))
}
