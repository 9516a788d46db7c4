//! Contacts: who writes to us.

mod edit;

use askama::Template;
use axum::extract::{Path, Query};
use axum::http::HeaderMap;
use mailflow_core::access::{Right, Securable};
use mailflow_core::contact::Contact;
use mailflow_core::flow::{Desk, Filter};
use mailflow_core::id::ContactId;
use mailflow_core::refusal::Refusal;
use mailflow_core::store::Page;
use serde::Deserialize;

use super::answer::{Answer, encode, is_fragment, page};
use super::tickets::{TicketRow, rows};
use super::{Frame, Signed, Table, Who};

/// How many contacts, and tickets of one, a page shows.
const SHOWN: u32 = 50;

pub(super) fn routes(table: Table) -> Table {
    table
        .get(Who::Agent, "/contacts", list)
        .get(Who::Agent, "/contacts/new", edit::blank)
        .post(Who::Agent, "/contacts/new", edit::make)
        .get(Who::Agent, "/contact/{id}", show)
        .post(Who::Agent, "/contact/{id}", edit::save)
}

#[derive(Deserialize)]
struct Asked {
    q: Option<String>,
    after: Option<String>,
}

#[derive(Template)]
#[template(path = "contacts/list.html", blocks = ["contacts"])]
struct ContactsPage {
    frame: Frame,
    /// Whether the agent may make new ones.
    edits: bool,
    words: String,
    contacts: Vec<Contact>,
    next: Option<String>,
}

async fn list(signed: Signed, headers: HeaderMap, Query(asked): Query<Asked>) -> Answer {
    let words = asked.q.unwrap_or_default();
    let found = signed.desk.contacts(&words, &Desk::page(SHOWN, asked.after.as_deref())).await?;
    let next = found.next.map(|cursor| {
        signed.base.path(&format!("/contacts?q={}&after={}", encode(&words), encode(&cursor.to_string())))
    });
    let fragment = is_fragment(&headers);
    let frame = if fragment { Frame::bare(&signed) } else { Frame::of(&signed, "/contacts", "Contacts").await? };
    let shown = ContactsPage { frame, edits: edits(&signed), words, contacts: found.rows, next };
    if fragment { page(&shown.as_contacts()) } else { page(&shown) }
}

/// A contact's card.
#[derive(Template)]
#[template(path = "contacts/card.html")]
struct CardPage {
    frame: Frame,
    /// Where the form is sent, with the base.
    path: String,
    /// Whether there is such a contact already.
    known: bool,
    /// Whether the agent may change it.
    edits: bool,
    form: edit::ContactForm,
    tickets: Vec<TicketRow>,
    more: bool,
    trouble: Option<String>,
}

/// Whether the agent may change contacts.
fn edits(signed: &Signed) -> bool {
    signed.desk.may(Securable::Contacts, None, Right::Edit)
}

/// A contact's id, as it stands in a path.
fn id(text: &str) -> Result<ContactId, Refusal> {
    text.parse().map_err(|_| Refusal::no_such("contact", text))
}

async fn show(signed: Signed, Path(name): Path<String>) -> Answer {
    let contact = signed.desk.contact(id(&name)?).await?;
    page(&card(&signed, &contact, edit::ContactForm::of(&signed, &contact), None).await?)
}

async fn card(
    signed: &Signed,
    contact: &Contact,
    form: edit::ContactForm,
    trouble: Option<String>,
) -> Result<CardPage, super::Trouble> {
    let filter = Filter { contact: Some(contact.id), ..Filter::default() };
    let found = signed.desk.tickets(&filter, &Page::first(SHOWN)).await?;
    Ok(CardPage {
        frame: Frame::of(signed, "/contacts", contact.shown()).await?,
        path: signed.base.path(&format!("/contact/{}", contact.id)),
        known: true,
        edits: edits(signed),
        form,
        tickets: rows(signed, &found.rows).await?,
        more: found.next.is_some(),
        trouble,
    })
}

#[cfg(test)]
mod tests;
