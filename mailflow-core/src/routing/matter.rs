//! [`Matter`]: what rules look at.

use crate::contact::Contact;
use crate::id::SourceId;
use crate::mail::{Address, Header, Mail, Spam};
use crate::message::{AttachmentInfo, Message};
use crate::routing::Authentication;
use crate::time::Timestamp;

/// What rules look at: a mail that comes in, or one that is stored.
#[derive(Debug, Clone)]
pub struct Matter<'a> {
    /// Where the mail came from, if that is known.
    pub source: Option<SourceId>,
    /// When it came to us.
    pub at: Timestamp,
    /// Length of the whole mail in bytes.
    pub size: u64,
    /// The address that it is from.
    pub from: Option<&'a Address>,
    /// Everybody whom the headers say it is for.
    pub recipients: Vec<&'a Address>,
    /// The subject.
    pub subject: &'a str,
    /// The body as text.
    pub text: &'a str,
    /// All headers.
    pub headers: &'a [Header],
    /// What is known of its attachments.
    pub attachments: &'a [AttachmentInfo],
    /// What our own mail server found out about the sender.
    pub authentication: Authentication,
    /// What a spam filter on the way said.
    pub spam: Spam,
    /// The contact who wrote, if he is known.
    pub contact: Option<&'a Contact>,
}

impl<'a> Matter<'a> {
    /// A mail that comes in.
    pub fn of_mail(source: SourceId, at: Timestamp, size: u64, mail: &'a Mail) -> Self {
        Self {
            source: Some(source),
            at,
            size,
            from: mail.from.as_ref().and_then(|from| from.address.as_ref()),
            recipients: recipients(mail).map(|(_, address)| address).collect(),
            subject: &mail.subject,
            text: &mail.text,
            headers: &mail.headers,
            attachments: &[],
            authentication: Authentication::of(&mail.headers),
            spam: mail.spam,
            contact: None,
        }
    }

    /// A message that is stored. Its headers are in its raw bytes only; rules that look into them need them as well.
    pub fn of_message(message: &'a Message, headers: &'a [Header], contact: Option<&'a Contact>) -> Self {
        let to = message.to.iter().chain(&message.cc).map(|mailbox| &mailbox.address);
        Self {
            source: message.source,
            at: message.at,
            size: message.size,
            from: message.from.address.as_ref(),
            recipients: to.chain(&message.delivered_to).collect(),
            subject: &message.subject,
            text: &message.text,
            headers,
            attachments: &message.attachments,
            authentication: message.authentication,
            spam: message.spam,
            contact,
        }
    }
}

/// Everybody whom the headers say the mail is for, with the name of the header: `To`, `Cc`, then what the mail servers
/// on the way wrote.
pub fn recipients(mail: &Mail) -> impl Iterator<Item = (&'static str, &Address)> {
    let to = mail.to.iter().map(|mailbox| ("To", &mailbox.address));
    let cc = mail.cc.iter().map(|mailbox| ("Cc", &mailbox.address));
    to.chain(cc).chain(mail.delivered_to.iter().map(|address| ("the envelope headers", address)))
}
