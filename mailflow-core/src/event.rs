//! [`Event`]: something that happened to a ticket.

use serde::{Deserialize, Serialize};

use crate::id::{AgentId, CategoryId, ContactId, EventId, MessageId, NoteId, TicketId, TicketboxId};
use crate::mail::{Address, BounceAction};
use crate::ticket::{LinkKind, Priority};
use crate::time::Timestamp;

/// Something that happened to a ticket. Events are only ever added.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// Its identity.
    pub id: EventId,
    /// The ticket that it happened to.
    pub ticket: TicketId,
    /// When.
    pub at: Timestamp,
    /// Who did it.
    pub actor: Actor,
    /// What happened.
    pub what: What,
    /// The number of the commit that had last written the ticket when it happened: what happened to a ticket in one
    /// millisecond is told in this order, whichever server did it. Entered by
    /// [`Changes::finish`](crate::store::Changes::finish); 0 for what happened with the ticket's first commit.
    #[serde(default, skip_serializing_if = "is_first")]
    pub after: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
const fn is_first(after: &u64) -> bool {
    *after == 0
}

impl What {
    /// The message that came to be with it, if one did.
    pub const fn brings(&self) -> Option<MessageId> {
        match self {
            Self::Received { message }
            | Self::Replied { message }
            | Self::Wrote { message }
            | Self::Submitted { message }
            | Self::Answered { message, .. }
            | Self::Forwarded { message, .. } => Some(*message),
            _ => None,
        }
    }
}

/// Who did something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Actor {
    /// An agent.
    Agent(AgentId),
    /// A contact, by writing.
    Contact(ContactId),
    /// mailflow itself, by rule.
    System,
}

/// What happened to a ticket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum What {
    /// It was made.
    Created,
    /// A mail came in.
    Received {
        /// The message.
        message: MessageId,
    },
    /// An answer was written, and has to be sent.
    Replied {
        /// The message.
        message: MessageId,
    },
    /// An agent wrote its first message, which has to be sent.
    Wrote {
        /// The message.
        message: MessageId,
    },
    /// An answer was submitted for approval.
    Submitted {
        /// The message.
        message: MessageId,
    },
    /// An approver released an answer.
    Approved {
        /// The message.
        message: MessageId,
    },
    /// An approver took back that he released an answer.
    ReleaseTakenBack {
        /// The message.
        message: MessageId,
    },
    /// An approver returned an answer to its author.
    ReturnedToAuthor {
        /// The message.
        message: MessageId,
    },
    /// An answer was pulled back before it was sent.
    PulledBack {
        /// The message.
        message: MessageId,
    },
    /// An answer waits, because the customer wrote after it was written.
    Paused {
        /// The message.
        message: MessageId,
    },
    /// An answer was accepted by the mail server for all its recipients.
    Sent {
        /// The message.
        message: MessageId,
    },
    /// An answer could not be delivered.
    NotDelivered {
        /// The message.
        message: MessageId,
        /// To whom.
        recipient: Address,
        /// What the server said.
        because: String,
    },
    /// Nobody knows whether an answer was sent: the connection was lost at its end.
    PerhapsSent {
        /// The message.
        message: MessageId,
    },
    /// A report about one of our mails came in.
    Reported {
        /// The message that the report is about.
        message: MessageId,
        /// About whom.
        recipient: Option<Address>,
        /// What became of the mail.
        action: BounceAction,
        /// Enhanced status code.
        status: Option<String>,
    },
    /// A second copy of a mail that is there already came in; it was kept and not shown again.
    CopyReceived {
        /// The message that is there.
        message: MessageId,
    },
    /// A note was written.
    Noted {
        /// The note.
        note: NoteId,
    },
    /// It was closed.
    Closed,
    /// It was opened again.
    Reopened,
    /// It went to another ticketbox.
    Moved {
        /// From where.
        from: TicketboxId,
        /// To where.
        to: TicketboxId,
    },
    /// It got another owner, or none.
    Assigned {
        /// Who had it.
        from: Option<AgentId>,
        /// Who has it.
        to: Option<AgentId>,
    },
    /// It was too much for an agent, who passed it on.
    Escalated {
        /// Who had it.
        from: Option<AgentId>,
        /// Who has it.
        to: AgentId,
    },
    /// Its priority changed.
    Prioritised {
        /// What it was.
        from: Priority,
        /// What it is.
        to: Priority,
    },
    /// Its category changed.
    Categorised {
        /// What it was.
        from: Option<CategoryId>,
        /// What it is.
        to: Option<CategoryId>,
    },
    /// It has to do with another ticket.
    Linked {
        /// The other ticket.
        ticket: TicketId,
        /// Its number.
        number: u64,
        /// What it has to do with it.
        kind: LinkKind,
    },
    /// An automatic answer was written, and has to be sent.
    Answered {
        /// The message.
        message: MessageId,
        /// The name of the standard response.
        response: String,
    },
    /// A mail was passed on by a rule or an agent, and has to be sent.
    Forwarded {
        /// The message that was written for it.
        message: MessageId,
        /// To whom.
        to: Vec<Address>,
    },
    /// An automatic mail was not sent.
    NotAnswered {
        /// Why, in words.
        because: String,
    },
    /// It was put into the trash.
    Trashed,
    /// It was taken out of the trash.
    Restored,
}
