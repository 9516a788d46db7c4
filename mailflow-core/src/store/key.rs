//! [`Key`] and [`RecordKind`]: how a record is named.

use uuid::Uuid;

use crate::arrival::Uid;
use crate::digest::Digest;
use crate::directory::DocumentKind;
use crate::id::{AgentId, AuditId, ContactId, EventId, MessageId, NoteId, OutgoingId, ServerId, SourceId, TicketId};
use crate::mail::{Address, ThreadId};

/// The name of one record. Whatever must be unique is a key: an address, a thread id, an arrival.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Key {
    /// A [`Ticket`](crate::ticket::Ticket).
    Ticket(TicketId),
    /// The ticket with this number. Only for [`Store::load`](super::Store::load): it finds the same record as
    /// [`Key::Ticket`].
    TicketNumber(u64),
    /// A [`Message`](crate::message::Message).
    Message(MessageId),
    /// A [`Note`](crate::note::Note).
    Note(NoteId),
    /// An [`Event`](crate::event::Event).
    Event(EventId),
    /// A [`Contact`](crate::contact::Contact).
    Contact(ContactId),
    /// An [`AddressEntry`](crate::contact::AddressEntry), by [`Address::key`].
    Address(Address),
    /// A [`ThreadEntry`](crate::thread_entry::ThreadEntry).
    Thread(ThreadId),
    /// An [`Arrival`](crate::arrival::Arrival): a source and the digest of the mail's bytes.
    Arrival(SourceId, Digest),
    /// A [`FetchMark`](crate::arrival::FetchMark): a source and the mail's name there.
    FetchMark(SourceId, Uid),
    /// An [`Outgoing`](crate::outgoing::Outgoing).
    Outgoing(OutgoingId),
    /// A [`Draft`](crate::draft::Draft): whose, and in which ticket.
    Draft(AgentId, TicketId),
    /// A [`ReadMark`](crate::session::ReadMark): whose, and of which ticket.
    ReadMark(AgentId, TicketId),
    /// A [`Session`](crate::session::Session), by the digest of its secret.
    Session(Digest),
    /// A [`Pulse`](crate::pulse::Pulse), by the id of the source or destination.
    Pulse(Uuid),
    /// An [`Allowance`](crate::allowance::Allowance), by the digest of what is counted.
    Allowance(Digest),
    /// A [`Server`](crate::server::Server).
    Server(ServerId),
    /// A [`Lease`](crate::lease::Lease), by [`Task::id`](crate::lease::Task::id).
    Lease(Uuid),
    /// A [`Document`](crate::directory::Document).
    Document(DocumentKind, Uuid),
    /// The [`DirectoryStamp`](crate::directory::DirectoryStamp).
    Directory,
    /// An [`Alert`](crate::alert::Alert): whose, and what caused it.
    Alert(AgentId, Uuid),
    /// An [`AuditEntry`](crate::audit::AuditEntry).
    Audit(AuditId),
}

/// A kind of record: one table in a database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum RecordKind {
    /// [`Ticket`](crate::ticket::Ticket).
    Ticket,
    /// [`Message`](crate::message::Message).
    Message,
    /// [`Note`](crate::note::Note).
    Note,
    /// [`Event`](crate::event::Event).
    Event,
    /// [`Contact`](crate::contact::Contact).
    Contact,
    /// [`AddressEntry`](crate::contact::AddressEntry).
    Address,
    /// [`ThreadEntry`](crate::thread_entry::ThreadEntry).
    Thread,
    /// [`Arrival`](crate::arrival::Arrival).
    Arrival,
    /// [`FetchMark`](crate::arrival::FetchMark).
    FetchMark,
    /// [`Outgoing`](crate::outgoing::Outgoing).
    Outgoing,
    /// [`Draft`](crate::draft::Draft).
    Draft,
    /// [`ReadMark`](crate::session::ReadMark).
    ReadMark,
    /// [`Session`](crate::session::Session).
    Session,
    /// [`Pulse`](crate::pulse::Pulse).
    Pulse,
    /// [`Allowance`](crate::allowance::Allowance).
    Allowance,
    /// [`Server`](crate::server::Server).
    Server,
    /// [`Lease`](crate::lease::Lease).
    Lease,
    /// [`Document`](crate::directory::Document).
    Document,
    /// [`DirectoryStamp`](crate::directory::DirectoryStamp).
    Directory,
    /// [`Alert`](crate::alert::Alert).
    Alert,
    /// [`AuditEntry`](crate::audit::AuditEntry). Entries are only ever added: a store refuses to replace or erase one.
    Audit,
}

impl RecordKind {
    /// Whether an erased record leaves a tombstone: its key stays taken, so that what was deleted cannot come back by
    /// being inserted again. What comes and goes in daily work (a draft, a session) leaves none.
    pub const fn leaves_tombstone(self) -> bool {
        match self {
            Self::Ticket
            | Self::Message
            | Self::Note
            | Self::Event
            | Self::Contact
            | Self::Arrival
            | Self::FetchMark
            | Self::Outgoing
            | Self::Audit => true,
            Self::Address
            | Self::Thread
            | Self::Draft
            | Self::ReadMark
            | Self::Session
            | Self::Pulse
            | Self::Allowance
            | Self::Server
            | Self::Lease
            | Self::Document
            | Self::Directory
            | Self::Alert => false,
        }
    }
}

impl Key {
    /// The kind of record that the key names.
    pub const fn kind(&self) -> RecordKind {
        match self {
            Self::Ticket(_) | Self::TicketNumber(_) => RecordKind::Ticket,
            Self::Message(_) => RecordKind::Message,
            Self::Note(_) => RecordKind::Note,
            Self::Event(_) => RecordKind::Event,
            Self::Contact(_) => RecordKind::Contact,
            Self::Address(_) => RecordKind::Address,
            Self::Thread(_) => RecordKind::Thread,
            Self::Arrival(..) => RecordKind::Arrival,
            Self::FetchMark(..) => RecordKind::FetchMark,
            Self::Outgoing(_) => RecordKind::Outgoing,
            Self::Draft(..) => RecordKind::Draft,
            Self::ReadMark(..) => RecordKind::ReadMark,
            Self::Session(_) => RecordKind::Session,
            Self::Pulse(_) => RecordKind::Pulse,
            Self::Allowance(_) => RecordKind::Allowance,
            Self::Server(_) => RecordKind::Server,
            Self::Lease(_) => RecordKind::Lease,
            Self::Document(..) => RecordKind::Document,
            Self::Directory => RecordKind::Directory,
            Self::Alert(..) => RecordKind::Alert,
            Self::Audit(_) => RecordKind::Audit,
        }
    }
}
