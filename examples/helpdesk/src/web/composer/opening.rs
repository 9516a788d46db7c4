//! The page of a new ticket: its first message is written before it is there.

use askama::Template;
use axum::extract::{Path, Query};
use axum::http::{HeaderMap, StatusCode};
use mailflow_core::draft::{Draft, Opening, Purpose};
use mailflow_core::id::TicketId;
use mailflow_core::mail::Mailbox;
use mailflow_core::refusal::Refusal;
use mailflow_core::ticket::Priority;
use mailflow_core::ticketbox::UNASSIGNED;
use serde::Deserialize;

use super::form::{self, Form};
use super::offer::Choices;
use super::send::{self, Attempt};
use super::{Composer, Sent, addresses};
use crate::web::answer::{Answer, encode, page_with, redirect};
use crate::web::{Fields, Frame, Signed, Trouble};

/// What stands in the menu.
const HERE: &str = "/tickets/new";

/// What the address asks for.
#[derive(Debug, Deserialize)]
pub struct Asked {
    /// To whom.
    to: Option<String>,
}

#[derive(Template)]
#[template(path = "composer/opening.html")]
struct OpeningPage {
    frame: Frame,
    /// `None` if the agent may write in no ticketbox.
    composer: Option<Composer>,
}

/// Goes to a new page: it has an address of its own, at which what is begun stays.
pub async fn begin(signed: Signed, Query(asked): Query<Asked>) -> Answer {
    let id: TicketId = signed.desk.new_id();
    let to = asked.to.map(|to| format!("?to={}", encode(&to))).unwrap_or_default();
    Ok(redirect(&signed.base.path(&format!("{HERE}/{id}{to}"))))
}

/// What was begun, or an empty page; the ticket, if it was opened meanwhile.
pub async fn show(signed: Signed, Path(name): Path<String>, Query(asked): Query<Asked>) -> Answer {
    let id = id(&name)?;
    if let Ok(ticket) = signed.desk.ticket_by_id(id).await {
        return Ok(redirect(&signed.base.path(&format!("/ticket/{}", ticket.number))));
    }
    let composer = match signed.desk.draft(id).await {
        Ok(draft) => of_draft(&signed, &draft),
        Err(_) => {
            let to = addresses::read(asked.to.as_deref().unwrap_or_default()).0;
            Composer { to: addresses::write(&to), ..blank(&signed, id, usual(&signed)) }
        }
    };
    show_with(&signed, StatusCode::OK, composer).await
}

/// Does what the button says.
pub async fn act(signed: Signed, Path(name): Path<String>, headers: HeaderMap, sent: Sent) -> Answer {
    let id = id(&name)?;
    let action = sent.fields.one("action").to_owned();
    if action == "discard" {
        signed.desk.discard_draft(id).await?;
        return Ok(redirect(&signed.base.path("/drafts")));
    }
    let opening = chosen(&sent.fields)?;
    let kept = signed.desk.draft(id).await.map(|draft| draft.attachments).unwrap_or_default();
    let form = Form { ticket: id, purpose: Purpose::Opening(opening), kept };
    let read = form::read(&signed, form, sent).await?;
    let draft = read.draft.clone();
    let there = signed.base.path(&format!("{HERE}/{id}"));
    let (status, trouble) = match send::attempt(&signed, (&action, &headers), read, &there).await? {
        Attempt::Answered(answer) => return Ok(answer),
        Attempt::Sent(replied) => {
            // It may lie where its author sees no more of it.
            let Ok(ticket) = signed.desk.ticket_by_id(replied.ticket).await else {
                return Ok(redirect(&signed.base.path("/")));
            };
            let next = match &*action {
                "send" => format!("/ticket/{}#m-{}", ticket.number, replied.message),
                _ => format!("/box/{}", ticket.ticketbox),
            };
            return Ok(redirect(&signed.base.path(&next)));
        }
        Attempt::Stopped { status, words, .. } => (status, words),
    };
    let composer = of_draft(&signed, &draft).in_trouble(status, trouble);
    show_with(&signed, status, composer).await
}

async fn show_with(signed: &Signed, status: StatusCode, composer: Composer) -> Answer {
    let composer = Some(composer).filter(|it| it.choices.as_ref().is_some_and(|it| !it.ticketboxes.is_empty()));
    page_with(status, &OpeningPage { frame: Frame::of(signed, HERE, "New ticket").await?, composer })
}

fn id(name: &str) -> Result<TicketId, Refusal> {
    name.parse().map_err(|_| Refusal::no_such("new ticket", name))
}

/// What a new ticket is as long as nothing else is chosen: in the first ticketbox with an address, its author's.
fn usual(signed: &Signed) -> Opening {
    let boxes = signed.desk.ticketboxes_to_open_in();
    let first = boxes.iter().find(|it| it.address.is_some()).or_else(|| boxes.first());
    Opening {
        ticketbox: first.map_or(UNASSIGNED, |it| it.id),
        owner: Some(signed.agent.id),
        category: None,
        priority: Priority::Normal,
    }
}

/// What was chosen for the ticket.
fn chosen(fields: &Fields) -> Result<Opening, Trouble> {
    let priority = Priority::ALL.into_iter().find(|it| it.word() == fields.one("priority"));
    Ok(Opening {
        ticketbox: fields
            .one("ticketbox")
            .parse()
            .map_err(|_| Refusal::invalid("ticketbox", "choose where the ticket is to lie"))?,
        owner: fields.one("owner").parse().ok(),
        category: fields.one("category").parse().ok(),
        priority: priority.unwrap_or_default(),
    })
}

fn blank(signed: &Signed, id: TicketId, opening: Opening) -> Composer {
    let path = signed.base.path(&format!("{HERE}/{id}"));
    let choices = Some(Choices::of(signed, opening, None));
    Composer { purpose: "opening", choices, ..Composer::blank(signed, path, opening.ticketbox) }
}

fn of_draft(signed: &Signed, draft: &Draft) -> Composer {
    let opening = match draft.purpose {
        Purpose::Opening(opening) => opening,
        Purpose::Answer | Purpose::Forward => usual(signed),
    };
    let list = |all: &[Mailbox]| addresses::write(all);
    Composer {
        to: list(&draft.to),
        cc: list(&draft.cc),
        bcc: list(&draft.bcc),
        choices: Some(Choices::of(signed, opening, draft.from.as_ref())),
        ..blank(signed, draft.ticket, opening).with_draft(signed, draft)
    }
}
