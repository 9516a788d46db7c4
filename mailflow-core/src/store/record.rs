//! [`Record`]: what a store keeps under a [`Key`].

use super::{Key, Version};
use crate::alert::Alert;
use crate::allowance::Allowance;
use crate::arrival::{Arrival, FetchMark};
use crate::audit::AuditEntry;
use crate::contact::{AddressEntry, Contact};
use crate::digest::Digest;
use crate::directory::{DirectoryStamp, Document};
use crate::draft::Draft;
use crate::event::Event;
use crate::lease::Lease;
use crate::message::Message;
use crate::note::Note;
use crate::outgoing::Outgoing;
use crate::pulse::Pulse;
use crate::server::Server;
use crate::session::{ReadMark, Session};
use crate::thread_entry::ThreadEntry;
use crate::ticket::Ticket;

macro_rules! records {
    ($($(#[$doc:meta])* $name:ident($type:ty) = |$it:ident| $key:expr,)*) => {
        /// What a store keeps under a [`Key`]. A record knows its own key.
        #[derive(Debug, Clone, PartialEq)]
        #[non_exhaustive]
        pub enum Record {$(
            $(#[$doc])*
            $name(Box<$type>),
        )*}

        impl Record {
            /// The key that the record is kept under.
            pub fn key(&self) -> Key {
                match self {$(
                    Self::$name($it) => $key,
                )*}
            }
        }

        $(
            impl From<$type> for Record {
                fn from(record: $type) -> Self {
                    Self::$name(Box::new(record))
                }
            }

            impl Kept for $type {
                fn of(record: &Record) -> Option<&Self> {
                    match record {
                        Record::$name(record) => Some(record),
                        _ => None,
                    }
                }

                fn take(record: Record) -> Option<Self> {
                    match record {
                        Record::$name(record) => Some(*record),
                        _ => None,
                    }
                }
            }
        )*
    };
}

/// A type that a store keeps: one of the variants of [`Record`].
pub trait Kept: Into<Record> + Clone + 'static {
    /// The value inside a record, if it is of this type.
    fn of(record: &Record) -> Option<&Self>;

    /// The value out of a record, if it is of this type.
    fn take(record: Record) -> Option<Self>;
}

records! {
    /// A ticket.
    Ticket(Ticket) = |it| Key::Ticket(it.id),
    /// A message of a ticket.
    Message(Message) = |it| Key::Message(it.id),
    /// A note in a ticket.
    Note(Note) = |it| Key::Note(it.id),
    /// Something that happened to a ticket.
    Event(Event) = |it| Key::Event(it.id),
    /// A person who writes to us.
    Contact(Contact) = |it| Key::Contact(it.id),
    /// Whose an address is.
    Address(AddressEntry) = |it| Key::Address(it.address.clone()),
    /// What is known of an id that mails name.
    Thread(ThreadEntry) = |it| Key::Thread(it.id.clone()),
    /// A mail that was fetched.
    Arrival(Arrival) = |it| Key::Arrival(it.source, it.digest),
    /// That a mail was fetched.
    FetchMark(FetchMark) = |it| Key::FetchMark(it.source, it.uid.clone()),
    /// A mail that has to be sent.
    Outgoing(Outgoing) = |it| Key::Outgoing(it.id),
    /// An answer that was begun.
    Draft(Draft) = |it| Key::of_draft(it),
    /// How much of a ticket an agent has seen.
    ReadMark(ReadMark) = |it| Key::ReadMark(it.agent, it.ticket),
    /// An agent who is signed in.
    Session(Session) = |it| Key::Session(it.token),
    /// How a source or destination has been doing.
    Pulse(Pulse) = |it| Key::Pulse(it.of),
    /// How often something was done lately.
    Allowance(Allowance) = |it| Key::Allowance(it.of),
    /// A server.
    Server(Server) = |it| Key::Server(it.id),
    /// Who does a task.
    Lease(Lease) = |it| Key::Lease(it.task.id()),
    /// A document.
    Document(Document) = |it| Key::Document(it.kind, it.id),
    /// All documents together.
    Directory(DirectoryStamp) = |_it| Key::Directory,
    /// An agent is told of something.
    Alert(Alert) = |it| Key::Alert(it.agent, it.cause),
    /// Somebody did something.
    Audit(AuditEntry) = |it| Key::Audit(it.id),
}

/// A record with the version that it was read at.
#[derive(Debug, Clone, PartialEq)]
pub struct Versioned<T> {
    /// The version.
    pub version: Version,
    /// The record.
    pub value: T,
}

impl<T> std::ops::Deref for Versioned<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

/// What a store has under a key.
#[derive(Debug, Clone, PartialEq)]
pub struct Loaded {
    /// The version of the record, or of its tombstone; [`Version::ABSENT`] if there never was one.
    pub version: Version,
    /// The record; `None` if there is none, or it was erased.
    pub record: Option<Record>,
}

impl Loaded {
    /// What is under a key that never had a record.
    pub const ABSENT: Self = Self { version: Version::ABSENT, record: None };
}

impl Record {
    /// The bodies that the record names: they must have been kept before it is committed.
    pub fn bodies(&self) -> Vec<Digest> {
        match self {
            Self::Arrival(arrival) => vec![arrival.digest],
            Self::Message(message) => message.raw.into_iter().collect(),
            Self::Outgoing(outgoing) => vec![outgoing.raw],
            Self::Draft(draft) => draft.attachments.iter().map(|upload| upload.body).collect(),
            _ => Vec::new(),
        }
    }
}
