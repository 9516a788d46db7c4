//! [`Outgoing`]: a mail that has to be sent, and how far that is.

use serde::{Deserialize, Serialize};

use crate::approval::Approval;
use crate::digest::Digest;
use crate::draft::Draft;
use crate::id::{AgentId, DestinationId, MessageId, OutgoingId, TicketId};
use crate::mail::{Address, ThreadId};
use crate::ticket::Excerpt;
use crate::time::Timestamp;

/// A mail that has to be sent. The bytes and the `Message-ID` are the same at every try.
///
/// ```text
///             ┌────────────── 4xx, no connection: later ─────────────┐
///             ▼                                                      │
///   queued ──claim──▶ sending ──┬── every recipient has an answer ──▶ sent | failed | queued again for the rest
///                               └── connection lost after the last byte ──▶ perhaps sent ──retry──▶ queued
///   queued ──withdraw──▶ withdrawn             failed, perhaps sent ──an agent decides──▶ queued | withdrawn
///   awaiting approval ──release──▶ queued      awaiting approval ──return, pull back──▶ withdrawn
///   queued, held ──the customer wrote meanwhile──▶ paused ──its author decides──▶ queued | withdrawn
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outgoing {
    /// Its identity.
    pub id: OutgoingId,
    /// The ticket that it is part of.
    pub ticket: TicketId,
    /// The message that it is.
    pub message: MessageId,
    /// What it is sent through.
    pub destination: DestinationId,
    /// Envelope sender; `None` is the null sender of automatic mail.
    pub sender: Option<Address>,
    /// Envelope recipients, each with its own fate.
    pub recipients: Vec<Recipient>,
    /// `Message-ID`.
    pub message_id: ThreadId,
    /// The bytes.
    pub raw: Digest,
    /// Their length.
    pub size: u64,
    /// How far it is.
    pub state: OutgoingState,
    /// When it was queued.
    pub created: Timestamp,
    /// When it is tried next; it is never tried before.
    pub due: Timestamp,
    /// How often it was tried.
    pub attempts: u32,
    /// Since when it could not be delivered: `retry_for` counts from here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_tried: Option<Timestamp>,
    /// Set if it was perhaps sent at one try, so that its recipients may have it twice.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub may_be_double: bool,
    /// Who has to approve it, and what he decided; `None` if nobody has to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approval: Option<Approval>,
    /// Set if it tells an agent of something: it belongs to no conversation, and its ticket is not told what becomes of
    /// it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub alert: bool,
    /// Set as long as it can be pulled back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hold: Option<Box<Hold>>,
    /// What went wrong at the last try, if it concerns the mail as a whole.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub trouble: String,
}

/// What a message that can still be pulled back was made of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hold {
    /// The draft as it was.
    pub draft: Draft,
    /// The ticket's [`revision`](crate::ticket::Ticket::revision) after all that was done with the message, as long as
    /// nobody else had a part in it: what its author has seen is not news for him.
    #[serde(default)]
    pub revision: u32,
    /// What is to become of the ticket when it goes out.
    #[serde(default)]
    pub then: AfterReply,
    /// What the ticket was like before; `None` until the message has changed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Before>,
}

/// What a ticket was like before a message changed it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Before {
    /// [`Ticket::waiting_since`](crate::ticket::Ticket::waiting_since).
    pub waiting_since: Option<Timestamp>,
    /// [`Ticket::last`](crate::ticket::Ticket::last).
    pub last: Option<Excerpt>,
    /// Whether the message closed the ticket.
    pub closed_by_it: bool,
}

/// How far a mail that has to be sent is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OutgoingState {
    /// It waits for an approver to release it.
    AwaitingApproval,
    /// It waits for its time.
    Queued,
    /// Its time has come, and its customer wrote meanwhile: its author decides.
    Paused,
    /// It is being sent.
    Sending {
        /// The run that took it: after a restart, what another run was sending was perhaps sent.
        run: RunId,
    },
    /// All recipients' servers accepted it.
    Sent,
    /// Some recipient will not get it; an agent has to look.
    Failed,
    /// Nobody knows whether it was sent; an agent decides (see [`PerhapsSent`](crate::destination::PerhapsSent)).
    PerhapsSent,
    /// It was pulled back.
    Withdrawn,
}

/// What happens to the ticket when an answer is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AfterReply {
    /// It stays as it is.
    #[default]
    Stay,
    /// It is closed.
    Close,
}

/// One run of a flow, from its start to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RunId(pub uuid::Uuid);

/// A recipient of a mail that has to be sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recipient {
    /// The address.
    pub address: Address,
    /// How far it is for him.
    pub state: RecipientState,
    /// What the server last said about him.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply: Option<Reply>,
    /// When that was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Timestamp>,
}

/// How far a mail is for one recipient.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RecipientState {
    /// Not tried yet.
    Queued,
    /// The server accepted it.
    Sent,
    /// The server said later (4xx), or could not be reached.
    Deferred,
    /// The server said no (5xx), or the time for trying is over, or a report said so.
    Failed,
}

/// What a server said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reply {
    /// Three-digit code (RFC 5321 section 4.2); 0 if the server said nothing.
    pub code: u16,
    /// Enhanced status code (RFC 3463), if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enhanced: Option<String>,
    /// The words, on one line, at most 500 characters.
    pub text: String,
}

impl std::fmt::Display for Reply {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.code != 0 {
            write!(f, "{} ", self.code)?;
        }
        if let Some(enhanced) = &self.enhanced {
            write!(f, "{enhanced} ")?;
        }
        f.write_str(&self.text)
    }
}

impl Recipient {
    /// A recipient that was not tried yet.
    pub const fn new(address: Address) -> Self {
        Self { address, state: RecipientState::Queued, reply: None, at: None }
    }

    /// Whether it still has to be tried.
    pub const fn is_pending(&self) -> bool {
        matches!(self.state, RecipientState::Queued | RecipientState::Deferred)
    }
}

impl Outgoing {
    /// Whose it is, as long as he can pull it back and it has not begun to go out.
    pub fn held_by(&self) -> Option<AgentId> {
        let waits =
            matches!(self.state, OutgoingState::AwaitingApproval | OutgoingState::Queued | OutgoingState::Paused);
        self.hold.as_ref().filter(|_| waits).map(|hold| hold.draft.agent)
    }

    /// The recipients that still have to be tried.
    pub fn pending(&self) -> impl Iterator<Item = &Recipient> {
        self.recipients.iter().filter(|recipient| recipient.is_pending())
    }
}
