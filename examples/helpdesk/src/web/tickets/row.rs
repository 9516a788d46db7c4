//! A ticket as a row of a list.

use mailflow_core::message::Direction;
use mailflow_core::ticket::{Priority, Ticket, TicketState};

use crate::web::ago::{ago, full};
use crate::web::{Signed, Trouble};

/// A ticket as a row of a list.
#[derive(Debug)]
pub struct TicketRow {
    /// Its number.
    pub number: u64,
    /// Its page, with the base.
    pub path: String,
    /// Who wrote first.
    pub who: String,
    /// Its subject.
    pub subject: String,
    /// The last words.
    pub last: String,
    /// Whether we wrote them.
    pub ours: bool,
    /// How long ago something happened, in words.
    pub age: String,
    /// When that was.
    pub full: String,
    /// The same for programs.
    pub at: String,
    /// The owner's name.
    pub owner: Option<String>,
    /// Whether the agent himself is the owner.
    pub mine: bool,
    /// Where it lies.
    pub ticketbox: String,
    /// Its category.
    pub category: Option<String>,
    /// The word for its priority, if it is not the usual one.
    pub priority: Option<&'static str>,
    /// Whether there is something that the agent has not seen.
    pub unread: bool,
    /// Whether it is closed.
    pub closed: bool,
}

/// Tickets as rows.
///
/// # Errors
/// [`Trouble`] if the store fails.
pub async fn rows(signed: &Signed, tickets: &[Ticket]) -> Result<Vec<TicketRow>, Trouble> {
    let (unread, contacts) = tokio::try_join!(signed.desk.unread(tickets), signed.desk.contacts_of(tickets))?;
    let (directory, now) = (signed.desk.directory(), signed.desk.now());
    let row = |ticket: &Ticket| TicketRow {
        number: ticket.number,
        path: signed.base.path(&format!("/ticket/{}", ticket.number)),
        who: match ticket.contact.and_then(|id| contacts.get(&id)) {
            Some(contact) => contact.shown().to_owned(),
            None => ticket.last.as_ref().map_or("unknown sender", |last| &last.who).to_owned(),
        },
        subject: if ticket.subject.is_empty() { "(no subject)".to_owned() } else { ticket.subject.clone() },
        last: ticket.last.as_ref().map(|last| last.text.clone()).unwrap_or_default(),
        ours: ticket.last.as_ref().is_some_and(|last| last.direction == Direction::Outbound),
        age: ago(ticket.updated, now),
        full: full(ticket.updated),
        at: ticket.updated.to_string(),
        owner: ticket.owner.and_then(|id| directory.agents.get(&id)).map(|agent| agent.name.clone()),
        mine: ticket.owner == Some(signed.agent.id),
        ticketbox: directory.ticketboxes.get(&ticket.ticketbox).map(|it| it.name.clone()).unwrap_or_default(),
        category: ticket.category.and_then(|id| directory.categories.get(&id)).map(|it| it.name.clone()),
        priority: Some(ticket.priority).filter(|it| *it != Priority::Normal).map(Priority::word),
        unread: unread.contains(&ticket.id),
        closed: ticket.state == TicketState::Closed,
    };
    Ok(tickets.iter().map(row).collect())
}
