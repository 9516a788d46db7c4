//! [`Arrival`]: a mail that was fetched, from the moment that it is safe with us.

use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::id::{MessageId, RuleId, SourceId, TicketId};
use crate::time::Timestamp;

/// A mail that was fetched. Its key is the source and the digest of its bytes: the same mail from the same source is
/// one arrival, however often it is offered.
///
/// ```text
///   received ──route──▶ routed      it is a message of a ticket
///      │     ──route──▶ copied      it is a second copy of a message that is there
///      │     ──route──▶ reported    it was a report about a mail of ours, and is noted at that mail
///      │     ──route──▶ shredding ──▶ shredded   a rule threw it away for good, and its bytes are gone
///      └─ three attempts ended the process ──▶ shelved   a ticket shows it as it came, unread
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Arrival {
    /// Where it came from.
    pub source: SourceId,
    /// Digest of its bytes, which are kept under it.
    pub digest: Digest,
    /// When it came: arrivals are routed in this order.
    pub at: Timestamp,
    /// Its place among those that came at the same time.
    pub order: u32,
    /// Length of what is kept.
    pub size: u64,
    /// Length of the whole mail, if it was too large and only its headers were fetched.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub whole_size: Option<u64>,
    /// How often it was begun to be read. Counted before reading, so that a mail that ends the process cannot do so for
    /// ever.
    pub attempts: u8,
    /// What became of it.
    pub state: ArrivalState,
}

/// What became of an arrival.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ArrivalState {
    /// It waits to be routed.
    Received,
    /// It is a message of a ticket.
    Routed {
        /// The ticket.
        ticket: TicketId,
        /// The message.
        message: MessageId,
    },
    /// It is a second copy of a message that is there.
    Copied {
        /// The ticket.
        ticket: TicketId,
        /// The message that is there.
        message: MessageId,
    },
    /// It could not be read in three attempts; a ticket shows it as it came.
    Shelved {
        /// The ticket.
        ticket: TicketId,
        /// The message.
        message: MessageId,
    },
    /// A rule shredded it for good; its bytes wait to be erased.
    Shredding {
        /// The rule.
        rule: RuleId,
        /// Its description when it was applied.
        description: String,
    },
    /// A rule shredded it for good: nothing of it is kept.
    Shredded {
        /// The rule.
        rule: RuleId,
        /// Its description when it was applied.
        description: String,
    },
}

impl ArrivalState {
    /// Whether the router has something to do: to find its place, or to erase its bytes.
    pub const fn waits(&self) -> bool {
        matches!(self, Self::Received | Self::Shredding { .. })
    }
}

impl Arrival {
    /// How often reading a mail is tried; after that only its headers are read.
    pub const MAX_ATTEMPTS: u8 = 3;
    /// How often reading is tried in all before the mail is shelved as it came. Whoever reads may have ended for a
    /// reason of his own: a mail that is innocent should keep its sender and its ticket for as long as possible.
    pub const MAX_ATTEMPTS_AT_HEADERS: u8 = 8;
}

/// The name that a source has for a mail in the mailbox: UIDL in POP3 (RFC 1939 section 7), UIDVALIDITY and UID in
/// IMAP, a file name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Uid(String);

impl Uid {
    /// The most bytes that a name is kept with.
    pub const MAX: usize = 250;

    /// A name; one that is too long is replaced by its digest.
    pub fn new(name: &str) -> Self {
        if name.len() <= Self::MAX {
            Self(name.to_owned())
        } else {
            Self(format!("sha256.{}", Digest::of(name.as_bytes())))
        }
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Remembers that a mail was fetched: its name in the source, and the arrival that it is. Written in the commit that
/// takes the mail in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FetchMark {
    /// The source.
    pub source: SourceId,
    /// The mail's name there.
    pub uid: Uid,
    /// Digest of its bytes.
    pub digest: Digest,
    /// When it was fetched.
    pub at: Timestamp,
}
