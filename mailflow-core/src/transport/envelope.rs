//! [`Envelope`] and [`Answer`]: whom a mail is for, and what the server said to each.

use crate::mail::Address;
use crate::outgoing::Reply;

/// Sender and recipients of a mail as the servers on its way see them (RFC 5321 section 2.3.1); what its headers say is
/// another matter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Envelope {
    sender: Option<Address>,
    recipients: Vec<Address>,
}

/// An envelope needs a recipient.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a mail needs at least one recipient")]
pub struct NoRecipient;

impl Envelope {
    /// An envelope; `sender` is `None` for the null sender of automatic mail (RFC 3834 section 3.3).
    ///
    /// # Errors
    /// [`NoRecipient`] if there is no recipient.
    pub fn new(sender: Option<Address>, recipients: Vec<Address>) -> Result<Self, NoRecipient> {
        if recipients.is_empty() { Err(NoRecipient) } else { Ok(Self { sender, recipients }) }
    }

    /// The sender, whom reports go to; `None` means that nobody wants them.
    pub const fn sender(&self) -> Option<&Address> {
        self.sender.as_ref()
    }

    /// The recipients; at least one.
    pub fn recipients(&self) -> &[Address] {
        &self.recipients
    }
}

/// What the server said to one recipient.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The recipient.
    pub recipient: Address,
    /// What it means.
    pub verdict: Verdict,
    /// The words.
    pub reply: Reply,
}

/// What a server's answer means for one recipient.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The server has taken responsibility (2xx).
    Accepted,
    /// Not now: to be tried again (4xx).
    Deferred,
    /// No, for good (5xx).
    Refused,
}
