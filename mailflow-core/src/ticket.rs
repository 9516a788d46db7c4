//! [`Ticket`]: a matter that somebody wrote to us about, from the first mail to the last answer.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::id::{AgentId, CategoryId, ContactId, MessageId, SourceId, TicketId, TicketboxId};
use crate::mail::Address;
use crate::message::Direction;
use crate::text;
use crate::time::Timestamp;

/// A ticket: what is true of it now. Its messages, notes and events are rows of their own.
///
/// ```text
///              reply, close                    (answers never reopen by themselves)
///   ┌──────┐ ───────────────▶ ┌────────┐
///   │ open │                  │ closed │
///   └──────┘ ◀─────────────── └────────┘
///              reopen, a customer writes (see Reopen), a delivery fails
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ticket {
    /// Its identity.
    pub id: TicketId,
    /// The number that people say; 0 until the store has given it one.
    pub number: u64,
    /// Where it lies.
    pub ticketbox: TicketboxId,
    /// The agent who takes care of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<AgentId>,
    /// Its category.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category: Option<CategoryId>,
    /// How urgent it is.
    #[serde(default)]
    pub priority: Priority,
    /// Open or closed.
    pub state: TicketState,
    /// Subject of its first message.
    pub subject: String,
    /// Who wrote first; `None` if that cannot be known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact: Option<ContactId>,
    /// The source that its first mail came from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<SourceId>,
    /// The addresses that take part: authors and recipients of its messages that are not ours; the first
    /// [`Ticket::MAX_PARTICIPANTS`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub participants: Vec<Address>,
    /// Addresses of ours that it was reached by or answered from.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub our_addresses: Vec<Address>,
    /// When it was made.
    pub created: Timestamp,
    /// When something last happened that people see: lists are sorted by it.
    pub updated: Timestamp,
    /// Since when its customer waits for an answer: the time of his first unanswered message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waiting_since: Option<Timestamp>,
    /// When it was last closed, if it is closed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closed: Option<Timestamp>,
    /// When it was put into the trash, if it is there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trashed: Option<Timestamp>,
    /// The ticket that this one was merged into, if it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub merged_into: Option<TicketId>,
    /// Custom fields, by name; what rules catch in its first mail is here.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub fields: BTreeMap<String, String>,
    /// Tickets that it has to do with.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub links: Vec<TicketLink>,
    /// Its last message, as a list shows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last: Option<Excerpt>,
    /// How many messages it has.
    pub messages: u32,
    /// Counts what people must have seen before they answer: messages, notes, changes of state. A reply that was begun
    /// at an older count is stopped, not sent.
    #[serde(default)]
    pub revision: u32,
}

/// Open or closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TicketState {
    /// Somebody has to do something.
    Open,
    /// Nobody has.
    Closed,
}

/// How urgent a ticket is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Priority {
    /// Can wait.
    Low,
    /// As usual.
    #[default]
    Normal,
    /// Before others.
    High,
    /// At once.
    Urgent,
}

impl Priority {
    /// All of them, from low to urgent.
    pub const ALL: [Self; 4] = [Self::Low, Self::Normal, Self::High, Self::Urgent];

    /// The word for it, as it stands in documents and on the command line.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Normal => "normal",
            Self::High => "high",
            Self::Urgent => "urgent",
        }
    }
}

/// A ticket that another one has to do with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TicketLink {
    /// The other ticket.
    pub ticket: TicketId,
    /// Its number, for people.
    pub number: u64,
    /// What it has to do with it.
    pub kind: LinkKind,
}

/// What a linked ticket has to do with this one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LinkKind {
    /// The subject names the other ticket's number, but nothing proves that the sender may: perhaps it belongs there.
    ClaimsToBelongTo,
    /// It answers the other ticket, but was addressed to another ticketbox.
    AddressedElsewhere,
    /// It answers the other ticket, which is closed and not to be opened again, or began a new subject.
    Continues,
}

/// The last message of a ticket, as a list shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Excerpt {
    /// The message.
    pub message: MessageId,
    /// Whether the customer wrote it or we did.
    pub direction: Direction,
    /// Who wrote it, as shown.
    pub who: String,
    /// Its new words, on one line, at most 160 characters.
    pub text: String,
    /// When.
    pub at: Timestamp,
}

impl Excerpt {
    /// The most characters of `text`.
    pub const MAX: usize = 160;
}

impl Ticket {
    /// The most participants that are remembered.
    pub const MAX_PARTICIPANTS: usize = 100;

    /// What is added to a moment, so that it comes after all moments that there are.
    const BEHIND_ALL_WHO_WAIT: i64 = 1 << 60;

    /// A new open ticket with a subject.
    pub fn new(id: TicketId, ticketbox: TicketboxId, subject: &str, now: Timestamp) -> Self {
        Self {
            id,
            number: 0,
            ticketbox,
            owner: None,
            category: None,
            priority: Priority::Normal,
            state: TicketState::Open,
            subject: text::one_line(subject, 1000),
            contact: None,
            source: None,
            participants: Vec::new(),
            our_addresses: Vec::new(),
            created: now,
            updated: now,
            waiting_since: None,
            closed: None,
            trashed: None,
            merged_into: None,
            fields: BTreeMap::new(),
            links: Vec::new(),
            last: None,
            messages: 0,
            revision: 0,
        }
    }

    /// Whether this address takes part in the ticket.
    pub fn has_participant(&self, address: &Address) -> bool {
        self.participants.contains(address)
    }

    /// Remembers an address that takes part.
    pub fn add_participant(&mut self, address: &Address) {
        if self.participants.len() < Self::MAX_PARTICIPANTS && !self.has_participant(address) {
            self.participants.push(address.clone());
        }
    }

    /// Remembers an address of ours that the ticket was reached by or answered from.
    pub fn add_our_address(&mut self, address: &Address) {
        let address = address.without_tag();
        if self.our_addresses.len() < Self::MAX_PARTICIPANTS && !self.our_addresses.contains(&address) {
            self.our_addresses.push(address);
        }
    }

    /// Notes that something happened that people must see before they answer.
    pub fn touch(&mut self, now: Timestamp) {
        self.updated = self.updated.max(now);
        self.revision = self.revision.saturating_add(1);
    }

    /// When its turn is, of the open tickets that nobody takes care of (features 5.5): the ticket with the least turn is the
    /// one to give away next, of several with the same the one with the least number. First those whose customers wait,
    /// since when they do; behind them those that no customer waits for, since when there are. `None` if it is to be
    /// given to nobody: it has an owner, is closed, or lies in the trash.
    pub fn turn(&self) -> Option<i64> {
        let free = self.owner.is_none() && self.state == TicketState::Open && self.trashed.is_none();
        free.then(|| match self.waiting_since {
            Some(since) => since.as_millis(),
            None => Self::BEHIND_ALL_WHO_WAIT.saturating_add(self.created.as_millis()),
        })
    }

    /// Opens the ticket.
    pub const fn open(&mut self) {
        self.state = TicketState::Open;
        self.closed = None;
    }

    /// Closes the ticket: nobody waits any more.
    pub const fn close(&mut self, now: Timestamp) {
        self.state = TicketState::Closed;
        self.closed = Some(now);
        self.waiting_since = None;
    }
}
