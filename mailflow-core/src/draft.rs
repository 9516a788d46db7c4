//! [`Draft`]: an answer that an agent has begun to write.

use serde::{Deserialize, Serialize};

use crate::approval::Returned;
use crate::digest::Digest;
use crate::id::{AgentId, MessageId, TicketId};
use crate::mail::{Address, Mailbox};
use crate::signature::Signature;
use crate::time::Timestamp;

/// An answer that an agent has begun to write, kept on the server. Its key is the agent and the ticket: each agent has
/// at most one in each ticket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Draft {
    /// Who writes.
    pub agent: AgentId,
    /// The ticket that it is for.
    pub ticket: TicketId,
    /// The message that it will be once it is sent: sending twice by accident makes one message.
    pub message: MessageId,
    /// The message that it answers.
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
