//! [`Pop3Source`]: mail from a POP3 mailbox (RFC 1939).

use std::sync::Arc;

use async_trait::async_trait;
use mailflow_core::source::MailServer;
use mailflow_core::transport::{MailSource, SourceSession, TransportError};

use crate::steps::{self, Check, Steps};
use crate::wire::{Dial, Peer};

mod body;
mod command;
mod conversation;
mod link;
mod listing;
mod login;
mod session;

pub use command::Command;
pub use conversation::{Answer, Conversation, Misspoken, Word};
pub(crate) use session::head;

use login::{Login, enter};
use session::Pop3Session;

/// A POP3 mailbox.
///
/// - TLS from the first byte, by STLS (RFC 2595), or none; STLS is never left out where it is wanted.
/// - Signs in with APOP if that is wanted and offered, else with SASL PLAIN (RFC 5034) if offered, else USER and PASS.
/// - Names are those of UIDL. Where the server has none, or gives one name to two mails, a mail has no name.
/// - Commands are pipelined where the server offers that (RFC 2449).
/// - DELE is said when a mail is settled, and takes effect at QUIT when the session is closed.
/// - Of a mail over the limit, by the server's LIST or by what it sends, the headers are fetched with TOP.
pub struct Pop3Source {
    peer: Peer,
    login: Login,
}

impl Pop3Source {
    /// A mailbox; `timeout_s` is how long the server may be silent.
    ///
    /// # Errors
    /// [`TransportError`] of the kind `Setup` if the certificate or the names cannot be used.
    pub fn new(server: &MailServer, user: &str, password: &str, timeout_s: u32) -> Result<Self, TransportError> {
        Self::build(server, user, password, timeout_s, None)
    }

    /// A mailbox that is reached through `dial` instead of TCP: a proxy, or a server in memory.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn over(
        dial: Arc<dyn Dial>,
        server: &MailServer,
        user: &str,
        password: &str,
        timeout_s: u32,
    ) -> Result<Self, TransportError> {
        Self::build(server, user, password, timeout_s, Some(dial))
    }

    /// Signs in with APOP where the server offers it.
    #[must_use]
    pub const fn with_apop(mut self, apop: bool) -> Self {
        self.login.apop = apop;
        self
    }

    fn build(
        server: &MailServer,
        user: &str,
        password: &str,
        timeout_s: u32,
        dial: Option<Arc<dyn Dial>>,
    ) -> Result<Self, TransportError> {
        let login = Login { user: user.to_owned(), password: password.to_owned(), apop: false };
        login.check()?;
        Ok(Self { peer: Peer::new(server, timeout_s, dial)?, login })
    }

    /// Signs in and counts the mails, without touching them.
    pub async fn check(&self) -> Check {
        let mut steps = Steps::default();
        let outcome = self.try_out(&mut steps).await;
        Check::of(steps, outcome)
    }

    async fn try_out(&self, steps: &mut Steps) -> Result<(), TransportError> {
        let mut session = self.session(steps).await?;
        let mails = session.list().await?;
        let named = mails.iter().filter(|mail| mail.uid.is_some()).count();
        steps.worked(
            "look into the mailbox",
            format!("{}, {named} of them with a lasting name", steps::mails(mails.len())),
        );
        Box::new(session).close().await
    }

    async fn session(&self, steps: &mut Steps) -> Result<Pop3Session, TransportError> {
        let (link, abilities) = self.peer.limit(enter(&self.peer, &self.login, steps)).await?;
        Ok(Pop3Session::new(link, &abilities))
    }
}

#[async_trait]
impl MailSource for Pop3Source {
    async fn open(&self) -> Result<Box<dyn SourceSession>, TransportError> {
        Ok(Box::new(self.session(&mut Steps::default()).await?))
    }
}
