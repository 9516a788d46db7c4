//! From an answer to the bytes of a mail.
//!
//! All that is written is ASCII in lines of at most 78 bytes, where they can be folded, that end with CRLF (addresses that are not ASCII
//! themselves are the exception, RFC 6532), so that no server on the way has a reason to change anything, and nothing
//! that a person typed can become a header or the end of the mail.

mod body;
mod header;

use super::{Mailbox, ThreadId};
use crate::text;
use crate::time::Timestamp;

/// A mail that is to be written. What is not in here is not in the mail: recipients of blind copies are only in the
/// envelope.
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
    /// `Subject`, as it shall stand there; it is written on one line.
    pub subject: String,
    /// `In-Reply-To`.
    pub in_reply_to: Option<ThreadId>,
    /// `References`, oldest first.
    pub references: Vec<ThreadId>,
    /// The text, `\n` line ends.
    pub text: String,
    /// The same as HTML, if there is more to it than text (`multipart/alternative`). It refers to enclosures by their
    /// [`content_id`](Enclosure::content_id).
    pub html: Option<String>,
    /// The attachments.
    pub attachments: Vec<Enclosure>,
    /// Whether no person wrote it: it says so in `Auto-Submitted` (RFC 3834) and its friends.
    pub automatic: bool,
}

/// A file that goes with a mail.
#[derive(Debug, Clone, Default)]
pub struct Enclosure {
    /// Its name.
    pub filename: String,
    /// Its media type, `type/subtype`; anything else is written as `application/octet-stream`.
    pub content_type: String,
    /// Its bytes.
    pub content: Vec<u8>,
    /// Its `Content-ID` without angle brackets, if the HTML shows it.
    pub content_id: Option<String>,
}

/// The most characters of a subject.
const SUBJECT: usize = 900;
/// The most characters of a name.
const NAME: usize = 200;

/// The bytes of the mail. The same composition gives the same bytes.
///
/// Subjects, names and file names stand on one line: line ends in them become spaces, other control characters and
/// those that only reorder text are left out.
#[must_use]
pub fn compose(mail: &Composition) -> Vec<u8> {
    let mut out = String::with_capacity(mail.text.len() * 2 + 2048);
    let mut field = |name: &str, tokens: Vec<String>| header::field(&mut out, name, &tokens);
    field("Date", vec![mail.date.to_utc().to_rfc2822()]);
    field("From", header::mailboxes(std::slice::from_ref(&mail.from)));
    if let Some(reply_to) = &mail.reply_to {
        field("Reply-To", header::mailboxes(std::slice::from_ref(reply_to)));
    }
    if mail.to.is_empty() {
        field("To", vec!["undisclosed-recipients:;".to_owned()]);
    } else {
        field("To", header::mailboxes(&mail.to));
    }
    if !mail.cc.is_empty() {
        field("Cc", header::mailboxes(&mail.cc));
    }
    field("Subject", header::unstructured(&text::one_line(&mail.subject, SUBJECT)));
    field("Message-ID", header::ids([&mail.message_id]));
    if let Some(id) = &mail.in_reply_to {
        field("In-Reply-To", header::ids([id]));
    }
    if !mail.references.is_empty() {
        field("References", header::ids(&mail.references));
    }
    if mail.automatic {
        let answers = if mail.in_reply_to.is_some() { "auto-replied" } else { "auto-generated" };
        field("Auto-Submitted", vec![answers.to_owned()]);
        field("X-Auto-Response-Suppress", vec!["All".to_owned()]);
        field("Precedence", vec!["bulk".to_owned()]);
    }
    field("MIME-Version", vec!["1.0".to_owned()]);
    body::write(&mut out, mail);
    out.into_bytes()
}
