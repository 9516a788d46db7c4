//! How mail comes in and goes out: [`MailSource`] and [`MailTransport`], and both in memory.

use async_trait::async_trait;
use tokio::sync::mpsc;

mod envelope;
mod error;
mod memory;

pub use envelope::{Answer, Envelope, NoRecipient, Verdict};
pub use error::{TransportError, TransportErrorKind};
pub use memory::{MemorySource, MemoryTransport};

use crate::arrival::Uid;
use crate::destination::Destination;
use crate::source::Source;

/// Sends mail: the contract between mailflow and whoever knows a way out.
///
/// # To be a transport
/// - **An answer for each recipient, exactly once**, in the order of the envelope, when the mail was handed over or
///   refused as a whole or in part.
/// - **Or an error that knows** whether the mail [may have been sent](TransportError::may_have_sent): it was not, if the
///   connection was lost before the last byte of the mail was written.
/// - **Accepted is accepted**: the next server has taken responsibility for that recipient.
/// - It does not try again and keeps no queue: the flow does that. It has a time limit for every answer it waits for.
/// - The bytes are sent as they are; line ends are CRLF already.
#[async_trait]
pub trait MailTransport: Send + Sync + 'static {
    /// Sends one mail to the recipients of its envelope.
    ///
    /// # Errors
    /// [`TransportError`] if there is no answer from the server for each recipient.
    async fn send(&self, envelope: &Envelope, mail: &[u8]) -> Result<Vec<Answer>, TransportError>;
}

/// A mailbox that mail is collected from: the contract between mailflow and whoever knows a way in.
#[async_trait]
pub trait MailSource: Send + Sync + 'static {
    /// Signs in and looks into the mailbox.
    ///
    /// # Errors
    /// [`TransportError`] if that is not possible.
    async fn open(&self) -> Result<Box<dyn SourceSession>, TransportError>;
}

/// Knows how to reach the mail servers that documents describe: the contract between the flow and a crate that speaks
/// their protocols.
pub trait Network: Send + Sync + 'static {
    /// The mailbox of a source. Nothing is connected to yet.
    ///
    /// # Errors
    /// [`TransportError`] if the document cannot be followed: an unknown protocol, a password that cannot be opened.
    fn source(&self, source: &Source) -> Result<Box<dyn MailSource>, TransportError>;

    /// The way out of a destination. Nothing is connected to yet.
    ///
    /// # Errors
    /// [`TransportError`] as for [`Network::source`].
    fn transport(&self, destination: &Destination) -> Result<Box<dyn MailTransport>, TransportError>;
}

/// No network: only what the embedding program itself brings is fetched and sent.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoNetwork;

impl Network for NoNetwork {
    fn source(&self, source: &Source) -> Result<Box<dyn MailSource>, TransportError> {
        let doing = format!("source `{}` cannot be reached: this program was built without a network", source.name);
        Err(TransportError::new(TransportErrorKind::Setup, doing))
    }

    fn transport(&self, destination: &Destination) -> Result<Box<dyn MailTransport>, TransportError> {
        let doing = format!("destination `{}` cannot be reached: give the program a transport", destination.name);
        Err(TransportError::new(TransportErrorKind::Setup, doing))
    }
}

/// One look into a mailbox.
///
/// # To be a source
/// - **A mail is offered again until it is settled** as [`Settle::Remove`] and the session was [closed](Self::close): a
///   session that ends in any other way has removed nothing that it did not say.
/// - **Names last.** The [`Uid`] of a mail stays the same between sessions, as far as the server can do that. Where it
///   cannot, mailflow recognises the mail by its bytes.
/// - **Bytes are bytes**: what is fetched is exactly what the server has, transparency undone.
#[async_trait]
pub trait SourceSession: Send {
    /// The mails that wait, oldest first.
    ///
    /// # Errors
    /// [`TransportError`] if the mailbox cannot be read.
    async fn list(&mut self) -> Result<Vec<Waiting>, TransportError>;

    /// Fetches these mails and hands each over as soon as it is there, in their order. Of a mail of more than
    /// `max_bytes` only the headers are fetched. A mail that cannot be fetched while others can is handed over as
    /// [`Content::Unavailable`].
    ///
    /// # Errors
    /// [`TransportError`] if the connection fails; what was handed over before is whole. If `to` is closed the session
    /// stops fetching.
    async fn fetch(
        &mut self,
        wanted: &[Waiting],
        max_bytes: u64,
        to: &mpsc::Sender<Fetched>,
    ) -> Result<(), TransportError>;

    /// Says that these mails are safe, and what shall become of them in the mailbox.
    ///
    /// # Errors
    /// [`TransportError`] if the server cannot be told; the mails will be offered again.
    async fn settle(&mut self, done: &[Waiting], how: Settle) -> Result<(), TransportError>;

    /// Ends the session in order: only now is what was settled as [`Settle::Remove`] surely gone.
    ///
    /// # Errors
    /// [`TransportError`] if nobody knows whether the server did it.
    async fn close(self: Box<Self>) -> Result<(), TransportError>;
}

/// A mail that waits in a mailbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// Its name there, if the server gives it one that lasts; without one it is recognised by its bytes.
    pub uid: Option<Uid>,
    /// Its number in this session (POP3's message number).
    pub number: u32,
    /// Its length as the server says it.
    pub size: u64,
}

/// A mail that was fetched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fetched {
    /// Which one.
    pub waiting: Waiting,
    /// What of it.
    pub content: Content,
}

/// What was fetched of a mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// All of it.
    Whole(Vec<u8>),
    /// Its headers: the mail is too large. It stays in the mailbox.
    HeadersOnly(Vec<u8>),
    /// Nothing: the server would not give it. The words say what the server said.
    Unavailable(String),
}

/// What shall become of a mail in the mailbox that is safe with us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Settle {
    /// It is removed.
    Remove,
    /// It stays.
    Keep,
}
