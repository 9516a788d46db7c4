//! [`Message`]: a mail in a ticket, theirs or ours.

use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::explanation::{Explanation, PlacedBy};
use crate::id::{AgentId, ContactId, MessageId, OutgoingId, RuleId, SourceId, TicketId};
use crate::mail::{Address, Automatic, Bounce, Defect, Mailbox, Sender, Spam, ThreadId};
use crate::routing::Authentication;
use crate::time::Timestamp;

/// A mail in a ticket: what people read of it. The raw bytes are kept under [`Message::raw`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Message {
    /// Its identity.
    pub id: MessageId,
    /// The ticket that it is part of.
    pub ticket: TicketId,
    /// When it came or was sent, by our clock: messages are sorted by it.
    pub at: Timestamp,
    /// Theirs or ours.
    pub direction: Direction,
    /// Who wrote it, as far as we know him.
    pub author: Author,
    /// `From`.
    #[serde(default)]
    pub from: Sender,
    /// Where answers are wanted, if not at `from`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reply_to: Vec<Mailbox>,
    /// `To`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub to: Vec<Mailbox>,
    /// `Cc`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cc: Vec<Mailbox>,
    /// `Bcc`, of ours only.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub bcc: Vec<Mailbox>,
    /// Whom the mail servers on the way say it was delivered to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub delivered_to: Vec<Address>,
    /// The source that it came from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<SourceId>,
    /// The address of ours that it came to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub received_by: Option<Address>,
    /// `Subject`.
    pub subject: String,
    /// `Message-ID`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message_id: Option<ThreadId>,
    /// The ids that it refers to, oldest first, `In-Reply-To` last: what an answer to it refers to as well.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub references: Vec<ThreadId>,
    /// `Date`, if it makes sense.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub date: Option<Timestamp>,
    /// The raw bytes, exactly as they came or were sent; `None` for one of ours that is not composed yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub raw: Option<Digest>,
    /// Length of the raw bytes.
    pub size: u64,
    /// Digest of what its author wrote, without what the way put on top of it: tells a second copy from another mail
    /// with the same `Message-ID`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub essence: Option<Digest>,
    /// Its text. A store keeps it apart from the rest, and finds the message by its words.
    #[serde(skip)]
    pub text: String,
    /// Whether it has an HTML body, to be shown instead of the text.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub has_html: bool,
    /// Its attachments, in the order in which the raw mail has them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attachments: Vec<AttachmentInfo>,
    /// Set if a machine wrote it or a list spread it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub automatic: Option<Automatic>,
    /// Set if it is a delivery report.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bounce: Option<Bounce>,
    /// What a spam filter on the way said.
    #[serde(default, skip_serializing_if = "no_spam")]
    pub spam: Spam,
    /// What our own mail server found out about the sender.
    #[serde(default, skip_serializing_if = "Authentication::is_nothing")]
    pub authentication: Authentication,
    /// What was wrong with it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub defects: Vec<Defect>,
    /// Why it is in this ticket, for a mail that came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub explanation: Option<Explanation>,
    /// The message that it shows to somebody else, for one of ours that forwards.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub forwards: Option<MessageId>,
    /// How its sending goes, for a mail of ours.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outgoing: Option<OutgoingId>,
}

impl Message {
    /// The rule that placed its ticket, if one did.
    pub fn placed_by(&self) -> Option<RuleId> {
        match self.explanation.as_ref()?.placed_by.as_ref()? {
            PlacedBy::Rule { id, .. } => Some(*id),
            _ => None,
        }
    }
}

fn no_spam(spam: &Spam) -> bool {
    *spam == Spam::default()
}

/// Theirs or ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// It came to us.
    Inbound,
    /// We sent it.
    Outbound,
}

/// Who wrote a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Author {
    /// A contact.
    Contact(ContactId),
    /// An agent.
    Agent(AgentId),
    /// mailflow itself: an automatic answer.
    System,
    /// Nobody can tell: the mail names no address that can be answered to.
    Unknown,
}

/// What is known of an attachment without opening the raw mail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttachmentInfo {
    /// The name that the sender gave it, made harmless; never used as a path.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filename: Option<String>,
    /// Media type, lower case, without parameters.
    pub content_type: String,
    /// Length in bytes, decoded.
    pub size: u64,
    /// Whether the HTML body shows it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub inline: bool,
    /// `Content-ID` without angle brackets.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content_id: Option<String>,
}

impl AttachmentInfo {
    /// What is known of an attachment that was read.
    pub fn of(attachment: &crate::mail::Attachment) -> Self {
        Self {
            filename: attachment.filename.clone(),
            content_type: attachment.content_type.clone(),
            size: u64::try_from(attachment.content.len()).unwrap_or(u64::MAX),
            inline: attachment.inline,
            content_id: attachment.content_id.clone(),
        }
    }
}
