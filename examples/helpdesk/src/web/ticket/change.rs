//! Changes of a ticket: its state and its properties, each by itself.

use axum::body::Bytes;
use axum::extract::Path;
use axum::http::HeaderMap;
use mailflow_core::decision::ticket::TicketWish;
use mailflow_core::id::{AgentId, CategoryId, TicketboxId};
use mailflow_core::refusal::Refusal;
use mailflow_core::ticket::Priority;

use super::number;
use crate::web::answer::{Answer, local, redirect};
use crate::web::{Fields, Signed, Trouble};

/// Changes what the form names.
pub async fn change(signed: Signed, Path(name): Path<String>, headers: HeaderMap, body: Bytes) -> Answer {
    let number = number(&name)?;
    let fields = Fields::of_form(&headers, &body)?;
    let ticket = signed.desk.ticket(number).await?;
    if fields.has("escalate") {
        signed.desk.escalate(ticket.id).await?;
        // It may not be for him to see any more.
        return Ok(redirect(&signed.base.path("/tickets/mine")));
    }
    let wishes = wishes(&signed, &fields)?;
    if wishes.is_empty() {
        return Err(Trouble::malformed("There is nothing to change."));
    }
    for wish in wishes {
        signed.desk.change(ticket.id, wish).await?;
    }
    let back = match fields.one("back") {
        "" => format!("/ticket/{number}"),
        back => local(Some(back)).to_owned(),
    };
    Ok(redirect(&signed.base.path(&back)))
}

fn wishes(signed: &Signed, fields: &Fields) -> Result<Vec<TicketWish>, Trouble> {
    let mut wishes = Vec::new();
    if fields.has("owner") {
        let owner = match fields.one("owner") {
            "" => None,
            "me" => Some(signed.agent.id),
            id => Some(id.parse::<AgentId>().map_err(|_| Refusal::no_such("agent", id))?),
        };
        wishes.push(TicketWish::Assign(owner));
    }
    if fields.has("ticketbox") {
        let id = fields.one("ticketbox");
        wishes.push(TicketWish::MoveTo(id.parse::<TicketboxId>().map_err(|_| Refusal::no_such("ticketbox", id))?));
    }
    if fields.has("priority") {
        let word = fields.one("priority");
        let priority = Priority::ALL.into_iter().find(|it| it.word() == word);
        wishes.push(TicketWish::Prioritise(priority.ok_or_else(|| Refusal::no_such("priority", word))?));
    }
    if fields.has("category") {
        let category = match fields.one("category") {
            "" => None,
            id => Some(id.parse::<CategoryId>().map_err(|_| Refusal::no_such("category", id))?),
        };
        wishes.push(TicketWish::Categorise(category));
    }
    match fields.one("state") {
        "closed" => wishes.push(TicketWish::Close),
        "open" => wishes.push(TicketWish::Reopen),
        "trash" => wishes.push(TicketWish::Trash),
        "restore" => wishes.push(TicketWish::Restore),
        _ => {}
    }
    Ok(wishes)
}
