//! [`Query`]: what a store can be asked to list. Each list has a total order, and visibility is part of the question.

use std::collections::BTreeSet;

use super::{Key, Record, RecordKind, Version};
use crate::access::Visibility;
use crate::alert::AlertQuery;
use crate::audit::AuditQuery;
use crate::id::{AgentId, CategoryId, ContactId, DestinationId, MessageId, NoteId, RuleId, TicketId, TicketboxId};
use crate::ticket::{Ticket, TicketState};
use crate::time::Timestamp;

/// A list that a store can make.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Query {
    /// Tickets, the one that changed last first ([`Row::Record`]).
    Tickets(TicketQuery),
    /// Tickets that nobody takes care of, the one whose [turn](Ticket::turn) it is first ([`Row::Record`]). A store looks
    /// them up in an index of that order: one of them costs the same however many there are.
    Unowned(UnownedQuery),
    /// How many of these there are ([`Row::Total`]).
    UnownedCount(UnownedQuery),
    /// How many open tickets each of these ticketboxes has, in the order in which they are named ([`Row::Count`]).
    OpenCounts {
        /// Which tickets count.
        visibility: Visibility,
        /// The ticketboxes.
        ticketboxes: Vec<TicketboxId>,
    },
    /// Messages and notes that contain all these words, the one that the store took in last first; each ticket once, at
    /// its first hit ([`Row::Hit`]).
    Search(SearchQuery),
    /// The messages of a ticket, newest first ([`Row::Record`]).
    Messages(TicketId),
    /// All messages whose id is this one or a later one, by id: the order in which they were made
    /// ([`Row::Record`]).
    MessagesFrom(MessageId),
    /// How many messages each of these rules placed whose id is this one or a later one, in the order in which the rules
    /// are named ([`Row::Placed`]).
    PlacedBy {
        /// The rules.
        rules: Vec<RuleId>,
        /// The first message that counts.
        from: MessageId,
    },
    /// The notes in a ticket, newest first ([`Row::Record`]).
    Notes(TicketId),
    /// What happened to a ticket, newest first ([`Row::Record`]).
    Events(TicketId),
    /// The mails of a ticket that have to be or were sent, newest first ([`Row::Record`]).
    OutgoingOf(TicketId),
    /// Contacts in whose name, addresses or telephone numbers each of these words begins a word, by name, then id
    /// ([`Row::Record`]). No words: all contacts.
    Contacts(Vec<String>),
    /// Arrivals that [wait](crate::arrival::ArrivalState::waits) for the router, in their order ([`Row::Record`]).
    Waiting,
    /// Arrivals that could not be read, newest first ([`Row::Record`]).
    Shelved,
    /// Queued mails of a destination that are due at this time, the longest due first ([`Row::Record`]).
    Due(DestinationId, Timestamp),
    /// Mails that some run is sending, or was when it ended, oldest first ([`Row::Record`]).
    Sending,
    /// Mails that wait for an approval, the one submitted first first ([`Row::Record`]).
    AwaitingApproval,
    /// Mails of an agent that have not begun to go out and can be pulled back: held, scheduled, paused, or waiting for an
    /// approval; the first due first ([`Row::Record`]).
    HeldBy(AgentId),
    /// Mails of a destination that an agent has to look at: failed, or perhaps sent and held, newest first
    /// ([`Row::Record`]).
    Failed(DestinationId),
    /// Mails of a destination that wait, the first due first ([`Row::Record`]).
    Queued(DestinationId),
    /// All documents, by kind, then id ([`Row::Record`]).
    Documents,
    /// The drafts of an agent, the one saved last first ([`Row::Record`]).
    Drafts(AgentId),
    /// The sessions of an agent, or of all, the one seen last first ([`Row::Record`]).
    Sessions(Option<AgentId>),
    /// All servers, the one that was started first first ([`Row::Record`]).
    Servers,
    /// All leases, the one that changed hands first first ([`Row::Record`]).
    Leases,
    /// Alerts of an agent, newest first ([`Row::Record`]).
    Alerts(AlertQuery),
    /// What was done, newest first ([`Row::Record`]).
    Audit(AuditQuery),
    /// All records of a kind, by [`Key::bytes`](super::Key::bytes) ([`Row::Record`]): for whoever takes everything
    /// elsewhere.
    All(RecordKind),
    /// The keys of all records of a kind that were erased and left a tombstone, by [`Key::bytes`](super::Key::bytes)
    /// ([`Row::Tombstone`]): for whoever takes everything elsewhere.
    Tombstones(RecordKind),
    /// The highest number that a ticket ever got, 0 if none did ([`Row::Number`]).
    LastNumber,
}

/// Which tickets.
#[derive(Debug, Clone, PartialEq)]
pub struct TicketQuery {
    /// Which tickets may be seen.
    pub visibility: Visibility,
    /// Only in these ticketboxes.
    pub ticketboxes: Option<BTreeSet<TicketboxId>>,
    /// Only with this owner.
    pub owner: Option<OwnerFilter>,
    /// Only of this contact.
    pub contact: Option<ContactId>,
    /// Only in this category.
    pub category: Option<CategoryId>,
    /// Only open, or only closed ones.
    pub state: Option<TicketState>,
    /// Those in the trash instead of the others.
    pub trashed: bool,
}

/// Which open tickets that nobody takes care of and that are not in the trash.
#[derive(Debug, Clone, PartialEq)]
pub struct UnownedQuery {
    /// Which tickets may be seen, or given away.
    pub visibility: Visibility,
    /// Only in these ticketboxes.
    pub ticketboxes: Option<BTreeSet<TicketboxId>>,
}

impl UnownedQuery {
    /// Whether a ticket is one of them.
    pub fn matches(&self, ticket: &Ticket) -> bool {
        ticket.turn().is_some()
            && self.visibility.sees(ticket)
            && self.ticketboxes.as_ref().is_none_or(|boxes| boxes.contains(&ticket.ticketbox))
    }
}

/// Whose tickets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OwnerFilter {
    /// This agent's.
    Agent(AgentId),
    /// Nobody's.
    Nobody,
}

/// Which messages and notes. They are found if each phrase stands in one of their texts, word by word (see
/// [`search`](crate::search)).
#[derive(Debug, Clone, PartialEq)]
pub struct SearchQuery {
    /// The phrases; nothing is found without any.
    pub phrases: Vec<Vec<String>>,
    /// In which tickets. Those in the trash are never searched unless they are asked for.
    pub within: TicketQuery,
}

impl TicketQuery {
    /// All tickets that may be seen and are not in the trash.
    pub const fn all(visibility: Visibility) -> Self {
        Self {
            visibility,
            ticketboxes: None,
            owner: None,
            contact: None,
            category: None,
            state: None,
            trashed: false,
        }
    }

    /// Whether a ticket is one of them: the meaning that each store compiles into its own language.
    pub fn matches(&self, ticket: &Ticket) -> bool {
        self.visibility.sees(ticket)
            && self.ticketboxes.as_ref().is_none_or(|boxes| boxes.contains(&ticket.ticketbox))
            && self.owner.is_none_or(|owner| match owner {
                OwnerFilter::Agent(agent) => ticket.owner == Some(agent),
                OwnerFilter::Nobody => ticket.owner.is_none(),
            })
            && self.contact.is_none_or(|contact| ticket.contact == Some(contact))
            && self.category.is_none_or(|category| ticket.category == Some(category))
            && self.state.is_none_or(|state| ticket.state == state)
            && self.trashed == ticket.trashed.is_some()
    }
}

/// Which part of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// How many rows at most; at least 1.
    pub limit: u32,
    /// Where the page before ended.
    pub after: Option<Cursor>,
}

impl Page {
    /// The first rows.
    pub const fn first(limit: u32) -> Self {
        Self { limit, after: None }
    }

    /// The rows after a cursor.
    pub const fn after(limit: u32, cursor: Cursor) -> Self {
        Self { limit, after: Some(cursor) }
    }
}

/// A place in a list: the sort key of the last row of a page, as text. It stays valid when rows come and go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor(String);

impl Cursor {
    /// The cursor after a row that sorts by a number, then by 16 bytes.
    pub fn new(sort: i64, id: &[u8; 16]) -> Self {
        Self(format!("{sort}.{}", data_encoding::HEXLOWER.encode(id)))
    }

    /// The cursor after a row that sorts by a number, then by the number of a ticket.
    pub fn by_turn(turn: i64, number: u64) -> Self {
        Self::new(turn, &u128::from(number).to_be_bytes())
    }

    /// The number and the ticket's number; `None` if it is not such a cursor.
    pub fn read_turn(&self) -> Option<(i64, u64)> {
        let (turn, id) = self.read()?;
        Some((turn, u64::try_from(u128::from_be_bytes(id)).ok()?))
    }

    /// The cursor after a row that sorts by a text, then by 16 bytes.
    pub fn by_text(sort: &str, id: &[u8; 16]) -> Self {
        Self(format!("{}.{}", data_encoding::HEXLOWER.encode(sort.as_bytes()), data_encoding::HEXLOWER.encode(id)))
    }

    /// The cursor after a row that sorts by bytes.
    pub fn by_bytes(bytes: &[u8]) -> Self {
        Self(format!("b{}", data_encoding::HEXLOWER.encode(bytes)))
    }

    /// The bytes; `None` if it is not such a cursor.
    pub fn read_bytes(&self) -> Option<Vec<u8>> {
        data_encoding::HEXLOWER.decode(self.0.strip_prefix('b')?.as_bytes()).ok()
    }

    /// The number and the 16 bytes; `None` if it is not such a cursor.
    pub fn read(&self) -> Option<(i64, [u8; 16])> {
        let (sort, id) = self.0.split_once('.')?;
        Some((sort.parse().ok()?, Self::id(id)?))
    }

    /// The text and the 16 bytes; `None` if it is not such a cursor.
    pub fn read_text(&self) -> Option<(String, [u8; 16])> {
        let (sort, id) = self.0.split_once('.')?;
        let sort = data_encoding::HEXLOWER.decode(sort.as_bytes()).ok()?;
        Some((String::from_utf8(sort).ok()?, Self::id(id)?))
    }

    fn id(hex: &str) -> Option<[u8; 16]> {
        data_encoding::HEXLOWER.decode(hex.as_bytes()).ok()?.try_into().ok()
    }
}

/// As it stands in a link; [`Cursor::from`] reads it back. A text that is no cursor begins the list again.
impl std::fmt::Display for Cursor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<&str> for Cursor {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

/// A part of a list.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// The rows, in the order of the query.
    pub rows: Vec<Row>,
    /// Where the next page begins; `None` if there is no further row.
    pub next: Option<Cursor>,
}

/// A row of a list.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Row {
    /// A record.
    Record(Version, Record),
    /// How many open tickets a ticketbox has.
    Count(TicketboxId, Count),
    /// How many there are.
    Total(Count),
    /// How many messages a rule placed.
    Placed(RuleId, Count),
    /// A message or note that was searched for.
    Hit(Box<Hit>),
    /// The number of a ticket.
    Number(u64),
    /// What is left of a record that was erased.
    Tombstone(Version, Key),
}

/// A number of tickets or messages, counted to [`Count::MAX`] only: nobody reads further, and no list has to be walked for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Count(u32);

impl Count {
    /// What is counted exactly; above it there are just more.
    pub const MAX: u32 = 1000;

    /// The count of so many.
    pub const fn new(number: u32) -> Self {
        Self(if number > Self::MAX { Self::MAX + 1 } else { number })
    }

    /// The number, at most [`Count::MAX`].
    pub const fn number(self) -> u32 {
        if self.0 > Self::MAX { Self::MAX } else { self.0 }
    }

    /// Whether there are more than [`Count::MAX`].
    pub const fn is_more(self) -> bool {
        self.0 > Self::MAX
    }
}

/// `17`, or `1000+`.
impl std::fmt::Display for Count {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}{}", self.number(), if self.is_more() { "+" } else { "" })
    }
}

/// A message or note that was searched for.
#[derive(Debug, Clone, PartialEq)]
pub struct Hit {
    /// Its ticket.
    pub ticket: Ticket,
    /// Which message or note.
    pub found_in: FoundIn,
    /// When it was written.
    pub at: Timestamp,
    /// Its text, to show the place.
    pub text: String,
}

/// What was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FoundIn {
    /// A message.
    Message(MessageId),
    /// A note.
    Note(NoteId),
}
