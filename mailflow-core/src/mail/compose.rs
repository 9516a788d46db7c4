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
pub fn compose(c: &Composition) -> Vec<u8> {
    use mail_builder::MessageBuilder;
    use mail_builder::headers::address::Address as A;
    let a = |m: &Mailbox| A::new_address(Some(m.name.clone()), m.address.as_str().to_owned());
    let mut b = MessageBuilder::new()
        .message_id(c.message_id.as_str().to_owned())
        .date(c.date.as_millis() / 1000)
        .from(a(&c.from))
        .to(A::new_list(c.to.iter().map(a).collect()))
        .subject(c.subject.clone())
        .text_body(c.text.clone());
    if let Some(r) = &c.reply_to {
        b = b.reply_to(a(r));
    }
    if let Some(r) = &c.in_reply_to {
        b = b.in_reply_to(r.as_str().to_owned());
    }
    b = b.references(c.references.iter().map(|r| r.as_str().to_owned()).collect::<Vec<_>>());
    b.write_to_vec().unwrap_or_default()
}
