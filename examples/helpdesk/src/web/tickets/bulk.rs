//! The same for many tickets, and back.

use axum::body::Bytes;
use axum::http::HeaderMap;
use mailflow_core::decision::ticket::TicketWish;
use mailflow_core::id::TicketboxId;
use mailflow_core::refusal::Refusal;
use mailflow_core::ticket::{Ticket, TicketState};

use crate::web::answer::{Answer, local, redirect};
use crate::web::form::Fields;
use crate::web::{Signed, Trouble};

/// How many tickets are changed at once.
const MOST: usize = 200;

/// What was done to tickets, as the address of the next page says it: `close:12,13`, `move:12,13@from`.
#[derive(Debug, PartialEq, Eq)]
pub struct Done {
    /// What was done, in words.
    pub words: String,
    /// The action that undoes it; empty if nothing does.
    pub undo: String,
    /// Where the undone tickets go.
    pub to: String,
    /// The tickets' numbers.
    pub numbers: Vec<u64>,
}

impl Done {
    /// Reads what was done.
    pub fn read(text: &str) -> Option<Self> {
        let (action, rest) = text.split_once(':')?;
        let (numbers, from) = rest.split_once('@').unwrap_or((rest, ""));
        let numbers: Vec<u64> = numbers.split(',').filter_map(|it| it.parse().ok()).take(MOST).collect();
        let (did, undo) = match action {
            "close" => ("closed", "reopen"),
            "reopen" => ("opened again", "close"),
            "take" => ("taken", "release"),
            "release" => ("given back", "take"),
            "move" => ("moved", if from.is_empty() { "" } else { "move" }),
            "trash" => ("put into the trash", "restore"),
            "restore" => ("taken out of the trash", "trash"),
            _ => return None,
        };
        let words = match numbers.len() {
            0 => {
                return Some(Self {
                    words: "Nothing had to be changed".to_owned(),
                    undo: String::new(),
                    to: String::new(),
                    numbers,
                });
            }
            1 => format!("1 ticket {did}"),
            many => format!("{many} tickets {did}"),
        };
        Some(Self { words, undo: undo.to_owned(), to: from.to_owned(), numbers })
    }
}

/// Does the same to all tickets that were chosen.
pub async fn act(signed: Signed, headers: HeaderMap, body: Bytes) -> Answer {
    let fields = Fields::of_form(&headers, &body)?;
    let action = fields.one("action").to_owned();
    let numbers: Vec<u64> = fields.all("ticket").filter_map(|number| number.parse().ok()).take(MOST).collect();
    let to = fields.one("to");
    let mut changed: Vec<u64> = Vec::new();
    let mut from: Option<TicketboxId> = None;
    let mut one_origin = true;
    for number in numbers {
        let ticket = signed.desk.ticket(number).await?;
        if let Some(wish) = wish(&signed, &action, &ticket, to)? {
            signed.desk.change(ticket.id, wish).await?;
            one_origin &= from.is_none_or(|from| from == ticket.ticketbox);
            from = Some(ticket.ticketbox);
            changed.push(number);
        }
    }
    let origin = match from.filter(|_| action == "move" && one_origin) {
        Some(from) => format!("@{from}"),
        None => String::new(),
    };
    let numbers: Vec<String> = changed.iter().map(u64::to_string).collect();
    let back = local(Some(fields.one("back")));
    let joint = if back.contains('?') { '&' } else { '?' };
    Ok(redirect(&signed.base.path(&format!("{back}{joint}did={action}:{}{origin}", numbers.join(",")))))
}

/// What an action means for a ticket; nothing if it is so already.
fn wish(signed: &Signed, action: &str, ticket: &Ticket, to: &str) -> Result<Option<TicketWish>, Trouble> {
    let me = signed.agent.id;
    Ok(match action {
        "close" => (ticket.state == TicketState::Open).then_some(TicketWish::Close),
        "reopen" => (ticket.state == TicketState::Closed).then_some(TicketWish::Reopen),
        "take" => (ticket.owner != Some(me)).then_some(TicketWish::Assign(Some(me))),
        "release" => (ticket.owner == Some(me)).then_some(TicketWish::Assign(None)),
        "trash" => ticket.trashed.is_none().then_some(TicketWish::Trash),
        "restore" => ticket.trashed.is_some().then_some(TicketWish::Restore),
        "move" => {
            let to: TicketboxId = to.parse().map_err(|_| Refusal::no_such("ticketbox", to))?;
            (ticket.ticketbox != to).then_some(TicketWish::MoveTo(to))
        }
        _ => return Err(Trouble::malformed("There is no such action.")),
    })
}
