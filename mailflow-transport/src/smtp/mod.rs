//! [`SmtpTransport`]: mail out by SMTP (RFC 5321), with an answer for each recipient.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::extension::ClientId;
use mailflow_core::source::MailServer;
use mailflow_core::transport::{Answer, Envelope, MailTransport, TransportError, TransportErrorKind, Verdict};

use crate::steps::{Check, Steps};
use crate::wire::{Dial, Peer};

mod answers;
mod replies;
mod session;
mod stream;

pub use replies::Replies;

use session::{Session, same_for_all, unsaid};

/// A server that mail is sent through.
///
/// - TLS from the first byte, by STARTTLS (RFC 3207), or none; STARTTLS is never left out where it is wanted.
/// - Signs in with AUTH PLAIN or AUTH LOGIN (RFC 4954), whichever is offered.
/// - A refused recipient does not keep the mail from the others.
/// - An error says [`may_have_sent`](TransportError::may_have_sent) exactly if it happened after the end of the mail
///   was begun to be written and before the answer to it was read.
/// - A mail with CR or LF alone is refused before anything is said: the replies of what the server was not asked have
///   the code 0.
/// - One mail a connection.
pub struct SmtpTransport {
    peer: Peer,
    hello: ClientId,
    login: Option<Credentials>,
}

impl SmtpTransport {
    /// A server; `timeout_s` is how long it may be silent.
    ///
    /// # Errors
    /// [`TransportError`] of the kind `Setup` if the certificate or the name cannot be used.
    pub fn new(server: &MailServer, timeout_s: u32) -> Result<Self, TransportError> {
        Self::build(server, timeout_s, None)
    }

    /// A server that is reached through `dial` instead of TCP: a proxy, or a server in memory.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn over(dial: Arc<dyn Dial>, server: &MailServer, timeout_s: u32) -> Result<Self, TransportError> {
        Self::build(server, timeout_s, Some(dial))
    }

    /// Signs in.
    #[must_use]
    pub fn with_login(mut self, user: &str, password: &str) -> Self {
        self.login = Some(Credentials::new(user.to_owned(), password.to_owned()));
        self
    }

    /// The name that we say in EHLO (RFC 5321 section 4.1.1.1); the default is an address literal. Letters beyond those of
    /// host names are left out.
    #[must_use]
    pub fn with_hello(mut self, host: &str) -> Self {
        let host: String = host.chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-')).collect();
        if !host.is_empty() {
            self.hello = ClientId::Domain(host);
        }
        self
    }

    fn build(server: &MailServer, timeout_s: u32, dial: Option<Arc<dyn Dial>>) -> Result<Self, TransportError> {
        Ok(Self { peer: Peer::new(server, timeout_s, dial)?, hello: ClientId::default(), login: None })
    }

    /// Signs in and asks for nothing.
    pub async fn check(&self) -> Check {
        let mut steps = Steps::default();
        let outcome = self.try_out(&mut steps).await;
        Check::of(steps, outcome)
    }

    async fn try_out(&self, steps: &mut Steps) -> Result<(), TransportError> {
        let mut session = self.open(steps).await?;
        let reply = session.noop().await?;
        steps.worked("talk", reply.to_string());
        session.quit().await;
        Ok(())
    }

    async fn open(&self, steps: &mut Steps) -> Result<Session, TransportError> {
        self.peer.limit(Session::open(&self.peer, &self.hello, self.login.as_ref(), steps)).await
    }

    async fn deliver(
        &self,
        envelope: &Envelope,
        mail: &[u8],
        last_byte: &AtomicBool,
    ) -> Result<(Session, Vec<Answer>), TransportError> {
        let mut session = self.open(&mut Steps::default()).await?;
        let answers = session.transmit(envelope, mail, last_byte).await?;
        Ok((session, answers))
    }

    /// How long handing over may take in all: a server that keeps saying a little must not hold a mail for ever. A
    /// mail may take a second for each 4 KiB.
    fn patience(&self, envelope: &Envelope, mail: &[u8]) -> Duration {
        let waits = u32::try_from(envelope.recipients().len()).unwrap_or(u32::MAX).saturating_add(10);
        let bytes = u64::try_from(mail.len()).unwrap_or(u64::MAX);
        self.peer.timeout().saturating_mul(waits).saturating_add(Duration::from_secs(bytes >> 12))
    }
}

#[async_trait]
impl MailTransport for SmtpTransport {
    async fn send(&self, envelope: &Envelope, mail: &[u8]) -> Result<Vec<Answer>, TransportError> {
        if !ends_lines_with_crlf(mail) {
            let words = "the mail holds CR or LF alone; by that a second mail could be smuggled past the server";
            return Ok(same_for_all(envelope.recipients(), Verdict::Refused, &unsaid(words)));
        }
        let last_byte = AtomicBool::new(false);
        let patience = self.patience(envelope, mail);
        let outcome = match tokio::time::timeout(patience, self.deliver(envelope, mail, &last_byte)).await {
            Ok(outcome) => outcome,
            Err(_) => Err(TransportError::new(
                TransportErrorKind::Connection,
                format!("the server did not take the mail within {} s", patience.as_secs()),
            )),
        };
        match outcome {
            Ok((session, answers)) => {
                // The answers are wanted at once: if we stop before they are noted, the mail is sent again.
                tokio::spawn(session.quit());
                Ok(answers)
            }
            Err(error) if last_byte.load(Ordering::SeqCst) => Err(error.perhaps_sent()),
            Err(error) => Err(error),
        }
    }
}

/// Whether CR and LF stand together only (RFC 5321 section 2.3.8).
fn ends_lines_with_crlf(mail: &[u8]) -> bool {
    let mut before = 0;
    for &byte in mail {
        if (before == b'\r') != (byte == b'\n') {
            return false;
        }
        before = byte;
    }
    before != b'\r'
}
