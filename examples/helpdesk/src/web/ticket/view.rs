//! A ticket, as its page shows it.

use mailflow_core::flow::Conversation;
use mailflow_core::ticket::TicketState;

use super::passage::{PassageView, passages};
use super::side::Side;
use crate::web::ago::span;
use crate::web::{Signed, Trouble};

/// A ticket, as its page shows it.
#[derive(Debug)]
pub struct TicketView {
    /// Its number.
    pub number: u64,
    /// Its page, with the base.
    pub path: String,
    /// Its subject.
    pub subject: String,
    /// The ticketbox's name.
    pub ticketbox: String,
    /// The ticketbox's list, without the base.
    pub ticketbox_path: String,
    /// Whether it is closed.
    pub closed: bool,
    /// Whether it is in the trash.
    pub trashed: bool,
    /// Whether the agent is its owner.
    pub mine: bool,
    /// How long its customer has been waiting, in words.
    pub waiting: Option<String>,
    /// Its conversation.
    pub passages: Vec<PassageView>,
    /// Whether there is more before it.
    pub more: bool,
    /// What stands beside it.
    pub side: Side,
    /// What of it the agent sees here.
    pub revision: u32,
}

impl TicketView {
    /// A ticket as its page shows it.
    ///
    /// # Errors
    /// [`Trouble`] if the store fails.
    pub async fn of(signed: &Signed, conversation: &Conversation) -> Result<Self, Trouble> {
        let (ticket, directory) = (&conversation.ticket, signed.desk.directory());
        let waiting = ticket.waiting_since.map(|since| span(signed.desk.now().since(since).as_secs()));
        Ok(Self {
            number: ticket.number,
            path: signed.base.path(&format!("/ticket/{}", ticket.number)),
            subject: if ticket.subject.is_empty() { "(no subject)".to_owned() } else { ticket.subject.clone() },
            ticketbox: directory.ticketboxes.get(&ticket.ticketbox).map(|it| it.name.clone()).unwrap_or_default(),
            ticketbox_path: format!("/box/{}", ticket.ticketbox),
            closed: ticket.state == TicketState::Closed,
            trashed: ticket.trashed.is_some(),
            mine: ticket.owner == Some(signed.agent.id),
            waiting: waiting.filter(|_| ticket.state == TicketState::Open),
            passages: passages(signed, conversation),
            more: conversation.more,
            side: Side::of(signed, conversation).await?,
            revision: ticket.revision,
        })
    }

    /// The page's title.
    pub fn title(&self) -> String {
        format!("{} (#{})", self.subject, self.number)
    }
}
