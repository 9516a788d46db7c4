//! [`Draft`]: an answer that an agent has begun to write.

use serde::{Deserialize, Serialize};

use crate::approval::Returned;
use crate::digest::Digest;
use crate::id::{AgentId, CategoryId, MessageId, TicketId, TicketboxId};
use crate::mail::{Address, Mailbox};
use crate::signature::Signature;
use crate::ticket::Priority;
use crate::time::Timestamp;

/// A message that an agent has begun to write, kept on the server. Its key is the agent and its [place](Draft::place):
/// each agent has at most one answer and one forward in each ticket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Draft {
    /// Who writes.
    pub agent: AgentId,
    /// The ticket that it is for; for one that opens a ticket, what the ticket's id will be.
    pub ticket: TicketId,
    /// What it is for.
    #[serde(default, skip_serializing_if = "Purpose::is_answer")]
    pub purpose: Purpose,
    /// The message that it will be once it is sent: sending twice by accident makes one message.
    pub message: MessageId,
    /// The message that it answers or forwards.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answers: Option<MessageId>,
    /// The address of ours that it is from; `None` means the ticketbox's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Address>,
    /// To whom.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub to: Vec<Mailbox>,
    /// Copies.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cc: Vec<Mailbox>,
    /// Copies that the others do not see.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub bcc: Vec<Mailbox>,
    /// The subject.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub subject: String,
    /// The words.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub text: String,
    /// Files that were uploaded for it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attachments: Vec<Upload>,
    /// Which attachments of the message that it answers or forwards go with it, by their places there.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub carried: Vec<u32>,
    /// What is put below the words.
    #[serde(default, skip_serializing_if = "Signature::is_usual")]
    pub signature: Signature,
    /// When it is to be sent; `None` means as soon as its author presses the button.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub send_at: Option<Timestamp>,
    /// Why it is back, if an approver returned it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub returned: Option<Returned>,
    /// [`Ticket::revision`](crate::ticket::Ticket::revision) that its author has seen.
    pub seen_revision: u32,
    /// When it was last saved.
    pub saved: Timestamp,
}

/// What an agent writes a message for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// It answers whoever wrote: nobody waits any more once it is sent.
    #[default]
    Answer,
    /// It shows a message to somebody else: whoever waits for an answer still does.
    Forward,
    /// It opens a ticket.
    Opening(Opening),
}

impl Purpose {
    /// Whether it answers whoever wrote.
    pub const fn is_answer(&self) -> bool {
        matches!(self, Self::Answer)
    }
}

/// What a ticket is to be that an agent opens by writing first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Opening {
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
}

impl Draft {
    /// Where it is kept among its agent's drafts.
    pub const fn place(&self) -> TicketId {
        Self::place_of(self.ticket, self.purpose)
    }

    /// The place of what is written in a ticket: the ticket's id; for a forward the same as a UUID of version 8 (RFC 9562
    /// section 5.8), which no ticket has, so that an answer and a forward do not displace each other.
    pub(crate) const fn place_of(ticket: TicketId, purpose: Purpose) -> TicketId {
        match purpose {
            Purpose::Answer | Purpose::Opening(_) => ticket,
            Purpose::Forward => {
                let mut bytes = *ticket.as_bytes();
                let [_, _, _, _, _, _, version, ..] = &mut bytes;
                *version ^= 0xf0;
                TicketId::from_bytes(bytes)
            }
        }
    }
}

/// A file that was uploaded for an answer; its bytes are kept under the digest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Upload {
    /// The name, made harmless.
    pub filename: String,
    /// Media type.
    pub content_type: String,
    /// Length in bytes.
    pub size: u64,
    /// Where the bytes are.
    pub body: Digest,
}
