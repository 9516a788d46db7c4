//! Lists of tickets: my own, nobody's, all open, closed, those of a ticketbox. One component shows them all.

mod bulk;
mod list;
mod oldest;
mod row;

use askama::Template;
use axum::extract::{Path, Query};
use axum::http::HeaderMap;
use mailflow_core::access::Securable;
use mailflow_core::id::TicketboxId;
use mailflow_core::refusal::Refusal;

pub use list::{Asked, List, ticketboxes};
pub use row::{TicketRow, rows};

use super::answer::{Answer, is_fragment, page, redirect};
use super::{Frame, Signed, Table, Who};

pub(super) fn routes(table: Table) -> Table {
    table
        .get(Who::Agent, "/", home)
        .get(Who::Agent, "/tickets/{list}", show)
        .get(Who::Agent, "/box/{ticketbox}", show_ticketbox)
        .post(Who::Agent, "/tickets/bulk", bulk::act)
        .post(Who::Agent, "/oldest", oldest::get)
}

async fn home(signed: Signed) -> Answer {
    Ok(redirect(&signed.base.path("/tickets/mine")))
}

async fn show(signed: Signed, headers: HeaderMap, Path(name): Path<String>, Query(asked): Query<Asked>) -> Answer {
    let list = List::named(&name).ok_or_else(|| Refusal::no_such("list", &name))?;
    answer(&signed, &headers, &list, &asked).await
}

async fn show_ticketbox(
    signed: Signed,
    headers: HeaderMap,
    Path(ticketbox): Path<String>,
    Query(asked): Query<Asked>,
) -> Answer {
    let id: TicketboxId = ticketbox.parse().map_err(|_| Refusal::no_such("ticketbox", &ticketbox))?;
    signed.desk.know(Securable::Ticketboxes, id.into()).map_err(|_| Refusal::no_such("ticketbox", &ticketbox))?;
    answer(&signed, &headers, &List::Ticketbox(id), &asked).await
}

#[derive(Template)]
#[template(path = "tickets/page.html", blocks = ["rows"])]
struct TicketsPage {
    frame: Frame,
    shown: Shown,
}

/// A part of a list, as it is shown.
pub struct Shown {
    /// What the list is called.
    pub title: String,
    /// Its path without filters, with the base.
    pub path: String,
    /// The address of exactly this page, without the base.
    pub here: String,
    /// The rows.
    pub rows: Vec<TicketRow>,
    /// Whether the tickets lie in several ticketboxes.
    pub mixed: bool,
    /// The filters that can be set.
    pub filters: Vec<list::Choice>,
    /// Where the next page is.
    pub next: Option<String>,
    /// Whether this is the first page.
    pub first: bool,
    /// What is said if there are no rows.
    pub empty: String,
    /// Where tickets can be moved to.
    pub ticketboxes: Vec<(TicketboxId, String)>,
    /// What was just done, and how it is undone.
    pub done: Option<bulk::Done>,
}

async fn answer(signed: &Signed, headers: &HeaderMap, list: &List, asked: &Asked) -> Answer {
    if signed.agent.get_oldest && *list != List::Mine {
        return oldest::page(signed, list).await;
    }
    let shown = list::shown(signed, list, asked, signed.agent.preferences.rows).await?;
    let frame = Frame::of(signed, &list.path(), &shown.title).await?;
    let tickets = TicketsPage { frame, shown };
    if is_fragment(headers) { page(&tickets.as_rows()) } else { page(&tickets) }
}

#[cfg(test)]
mod tests;
