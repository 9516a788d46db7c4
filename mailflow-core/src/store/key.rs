//! [`Key`] and [`RecordKind`]: how a record is named.

use uuid::Uuid;

use crate::arrival::Uid;
use crate::digest::Digest;
use crate::directory::DocumentKind;
use crate::draft::Draft;
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
    /// A [`Draft`](crate::draft::Draft): whose, and its [place](crate::draft::Draft::place), which is the ticket's id for
    /// an answer.
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

macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident $word:literal,)*) => {
        /// A kind of record: one table in a database.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum RecordKind {
            $($(#[$doc])* $kind,)*
        }

        impl RecordKind {
            /// All of them. The stamp of the directory is the last one: with it, there is a desk.
            pub const ALL: &[Self] = &[$(Self::$kind),*];

            /// The word for it.
            pub const fn word(self) -> &'static str {
                match self {
                    $(Self::$kind => $word,)*
                }
            }
        }
    };
}

kinds! {
    /// [`Ticket`](crate::ticket::Ticket).
    Ticket "ticket",
    /// [`Message`](crate::message::Message).
    Message "message",
    /// [`Note`](crate::note::Note).
    Note "note",
    /// [`Event`](crate::event::Event).
    Event "event",
    /// [`Contact`](crate::contact::Contact).
    Contact "contact",
    /// [`AddressEntry`](crate::contact::AddressEntry).
    Address "address",
    /// [`ThreadEntry`](crate::thread_entry::ThreadEntry).
    Thread "thread",
    /// [`Arrival`](crate::arrival::Arrival).
    Arrival "arrival",
    /// [`FetchMark`](crate::arrival::FetchMark).
    FetchMark "fetch mark",
    /// [`Outgoing`](crate::outgoing::Outgoing).
    Outgoing "outgoing",
    /// [`Draft`](crate::draft::Draft).
    Draft "draft",
    /// [`ReadMark`](crate::session::ReadMark).
    ReadMark "read mark",
    /// [`Session`](crate::session::Session).
    Session "session",
    /// [`Pulse`](crate::pulse::Pulse).
    Pulse "pulse",
    /// [`Allowance`](crate::allowance::Allowance).
    Allowance "allowance",
    /// [`Server`](crate::server::Server).
    Server "server",
    /// [`Lease`](crate::lease::Lease).
    Lease "lease",
    /// [`Document`](crate::directory::Document).
    Document "document",
    /// [`Alert`](crate::alert::Alert).
    Alert "alert",
    /// [`AuditEntry`](crate::audit::AuditEntry). Entries are only ever added: a store refuses to replace or erase one.
    Audit "audit",
    /// [`DirectoryStamp`](crate::directory::DirectoryStamp).
    Directory "directory",
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
    /// The key of a draft.
    pub const fn of_draft(draft: &Draft) -> Self {
        Self::Draft(draft.agent, draft.place())
    }

    /// The key as bytes, by which keys of a kind are sorted in [`Query::All`](super::Query::All): what stands in the
    /// columns of a table, one after the other (and a NUL after the kind of a document).
    pub fn bytes(&self) -> Vec<u8> {
        match self {
            Self::Ticket(id) => id.as_bytes().to_vec(),
            Self::TicketNumber(number) => number.to_be_bytes().to_vec(),
            Self::Message(id) => id.as_bytes().to_vec(),
            Self::Note(id) => id.as_bytes().to_vec(),
            Self::Event(id) => id.as_bytes().to_vec(),
            Self::Contact(id) => id.as_bytes().to_vec(),
            Self::Address(address) => address.key().into_bytes(),
            Self::Thread(id) => id.as_str().as_bytes().to_vec(),
            Self::Arrival(source, digest) => [&source.as_bytes()[..], digest.as_bytes()].concat(),
            Self::FetchMark(source, uid) => [source.as_bytes(), uid.as_str().as_bytes()].concat(),
            Self::Outgoing(id) => id.as_bytes().to_vec(),
            Self::Draft(agent, ticket) | Self::ReadMark(agent, ticket) => {
                [&agent.as_bytes()[..], ticket.as_bytes()].concat()
            }
            Self::Session(token) => token.as_bytes().to_vec(),
            Self::Pulse(id) | Self::Lease(id) => id.as_bytes().to_vec(),
            Self::Allowance(of) => of.as_bytes().to_vec(),
            Self::Server(id) => id.as_bytes().to_vec(),
            Self::Document(kind, id) => [kind.word().as_bytes(), b"\0", id.as_bytes()].concat(),
            Self::Directory => Vec::new(),
            Self::Alert(agent, cause) => [&agent.as_bytes()[..], cause.as_bytes()].concat(),
            Self::Audit(id) => id.as_bytes().to_vec(),
        }
    }

    /// The key with these [bytes](Self::bytes), of a kind that [leaves tombstones](RecordKind::leaves_tombstone); `None`
    /// if there is none.
    pub fn of_tombstone(kind: RecordKind, bytes: &[u8]) -> Option<Self> {
        let id = || <[u8; 16]>::try_from(bytes).ok();
        let of_source = || bytes.split_at_checked(16).and_then(|(id, rest)| Some((id.try_into().ok()?, rest)));
        match kind {
            RecordKind::Ticket => Some(Self::Ticket(TicketId::from_bytes(id()?))),
            RecordKind::Message => Some(Self::Message(MessageId::from_bytes(id()?))),
            RecordKind::Note => Some(Self::Note(NoteId::from_bytes(id()?))),
            RecordKind::Event => Some(Self::Event(EventId::from_bytes(id()?))),
            RecordKind::Contact => Some(Self::Contact(ContactId::from_bytes(id()?))),
            RecordKind::Outgoing => Some(Self::Outgoing(OutgoingId::from_bytes(id()?))),
            RecordKind::Audit => Some(Self::Audit(AuditId::from_bytes(id()?))),
            RecordKind::Arrival => {
                let (source, digest): ([u8; 16], &[u8]) = of_source()?;
                Some(Self::Arrival(SourceId::from_bytes(source), Digest::from_bytes(digest.try_into().ok()?)))
            }
            RecordKind::FetchMark => {
                let (source, uid): ([u8; 16], &[u8]) = of_source()?;
                Some(Self::FetchMark(SourceId::from_bytes(source), Uid::new(std::str::from_utf8(uid).ok()?)))
            }
            _ => None,
        }
    }

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
