//! [`Session`]: one conversation with an SMTP server (RFC 5321).

use std::sync::PoisonError;
use std::sync::atomic::{AtomicBool, Ordering};

use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::AsyncSmtpConnection;
use lettre::transport::smtp::commands::{Data, Ehlo, Noop, Starttls};
use lettre::transport::smtp::extension::ClientId;
use mailflow_core::mail::Address;
use mailflow_core::outgoing::Reply;
use mailflow_core::source::Tls;
use mailflow_core::transport::{Answer, Envelope, TransportError, TransportErrorKind, Verdict};

use super::answers::{heard, insist};
use super::stream::{Lender, SmtpStream};
use crate::steps::Steps;
use crate::wire::{Io, Peer};

pub(super) struct Session {
    connection: AsyncSmtpConnection,
    abilities: Abilities,
}

/// What the server offers beside the plain protocol.
#[derive(Debug, Default)]
struct Abilities {
    eight_bit: bool,
    utf8: bool,
    size: bool,
    /// The largest mail that it takes (RFC 1870), if it says one.
    max_bytes: Option<u64>,
}

impl Abilities {
    fn read<'a>(lines: impl Iterator<Item = &'a str>) -> Self {
        let mut abilities = Self::default();
        for line in lines {
            let line = line.to_ascii_uppercase();
            let mut words = line.split_ascii_whitespace();
            match words.next() {
                Some("8BITMIME") => abilities.eight_bit = true,
                Some("SMTPUTF8") => abilities.utf8 = true,
                Some("SIZE") => {
                    abilities.size = true;
                    abilities.max_bytes =
                        words.next().and_then(|size| size.parse().ok()).filter(|size: &u64| *size > 0);
                }
                _ => {}
            }
        }
        abilities
    }
}

impl Session {
    /// Connects and signs in.
    pub(super) async fn open(
        peer: &Peer,
        hello: &ClientId,
        login: Option<&Credentials>,
        steps: &mut Steps,
    ) -> Result<Self, TransportError> {
        let (mut connection, lender) = greet(peer.connect(steps).await?, b"", hello).await?;
        if peer.tls() == Tls::Upgrade {
            connection = start_tls(connection, &lender, peer, hello, steps).await?;
        }
        if let Some(login) = login {
            sign_in(&mut connection, login, steps).await?;
        }
        // Again after sign-in (RFC 4954 section 4), and because lettre does not tell the size.
        let response = connection.command(Ehlo::new(hello.clone())).await;
        let abilities =
            response.as_ref().map(|response| Abilities::read(response.message().skip(1))).unwrap_or_default();
        insist(response, "at EHLO", TransportErrorKind::Permanent)?;
        Ok(Self { connection, abilities })
    }

    /// Asks the server for nothing.
    pub(super) async fn noop(&mut self) -> Result<Reply, TransportError> {
        insist(self.connection.command(Noop).await, "at NOOP", TransportErrorKind::Permanent)
    }

    /// Ends the session in order.
    pub(super) async fn quit(mut self) {
        // The mail has its answer already; nothing depends on this one.
        let _ = self.connection.quit().await;
    }

    /// Hands a mail over. `last_byte` is set before the end of the mail is written, and never earlier: until then the
    /// server cannot have accepted it.
    pub(super) async fn transmit(
        &mut self,
        envelope: &Envelope,
        mail: &[u8],
        last_byte: &AtomicBool,
    ) -> Result<Vec<Answer>, TransportError> {
        let recipients = envelope.recipients();
        if let Some(refusal) = self.unfit(envelope, mail) {
            return Ok(same_for_all(recipients, Verdict::Refused, &refusal));
        }
        let begin = self.connection.command(self.mail_from(envelope, mail)).await;
        let (verdict, reply) = heard(begin, "at MAIL")?;
        if verdict != Verdict::Accepted {
            return Ok(same_for_all(recipients, verdict, &reply));
        }
        let mut answers = Vec::with_capacity(recipients.len());
        for recipient in recipients {
            let (verdict, reply) = if self.can_name(recipient) {
                heard(self.connection.command(format!("RCPT TO:<{recipient}>\r\n")).await, "at RCPT")?
            } else {
                (Verdict::Refused, unsaid("the server takes no address with letters beyond ASCII (SMTPUTF8)"))
            };
            answers.push(Answer { recipient: recipient.clone(), verdict, reply });
        }
        if answers.iter().any(|answer| answer.verdict == Verdict::Accepted) {
            let (verdict, reply) = self.data(mail, last_byte).await?;
            for answer in answers.iter_mut().filter(|answer| answer.verdict == Verdict::Accepted) {
                answer.verdict = verdict;
                answer.reply = reply.clone();
            }
        }
        Ok(answers)
    }

    async fn data(&mut self, mail: &[u8], last_byte: &AtomicBool) -> Result<(Verdict, Reply), TransportError> {
        let (verdict, reply) = heard(self.connection.command(Data).await, "at DATA")?;
        if verdict != Verdict::Accepted {
            return Ok((verdict, reply));
        }
        if reply.code != 354 {
            let words = format!("the server answered DATA with {reply}");
            return Err(TransportError::new(TransportErrorKind::Protocol, words));
        }
        // lettre writes `CRLF . CRLF` after the last piece, so the CRLF at the end of the mail is left out. It asks for
        // the next piece when the one before is written: when there is none, the end is about to be.
        let text = mail.strip_suffix(b"\r\n").unwrap_or(mail);
        let mark_the_end = std::iter::from_fn(|| {
            last_byte.store(true, Ordering::SeqCst);
            None
        });
        let pieces = text.chunks(64 << 10).chain(mark_the_end);
        let (verdict, reply) = heard(self.connection.message_iter(pieces).await, "after the mail was sent")?;
        if verdict == Verdict::Accepted && reply.code >= 300 {
            let words = format!("the server answered the mail with {reply}");
            return Err(TransportError::new(TransportErrorKind::Protocol, words));
        }
        Ok((verdict, reply))
    }

    /// Why this server cannot take this mail at all, as far as it said.
    fn unfit(&self, envelope: &Envelope, mail: &[u8]) -> Option<Reply> {
        let length = length(mail);
        match self.abilities.max_bytes {
            Some(max_bytes) if length > max_bytes => {
                return Some(unsaid(&format!("the mail has {length} bytes, the server takes at most {max_bytes}")));
            }
            _ => {}
        }
        match envelope.sender() {
            Some(sender) if !self.can_name(sender) => {
                Some(unsaid("the server takes no sender with letters beyond ASCII (SMTPUTF8)"))
            }
            _ => None,
        }
    }

    fn can_name(&self, address: &Address) -> bool {
        address.as_str().is_ascii() || self.abilities.utf8
    }

    fn mail_from(&self, envelope: &Envelope, mail: &[u8]) -> String {
        let mut line = format!("MAIL FROM:<{}>", envelope.sender().map_or("", Address::as_str));
        if self.abilities.size {
            line.push_str(&format!(" SIZE={}", length(mail)));
        }
        if self.abilities.eight_bit && !mail.is_ascii() {
            line.push_str(" BODY=8BITMIME");
        }
        let addresses = envelope.sender().into_iter().chain(envelope.recipients());
        let beyond_ascii = addresses.into_iter().any(|address| !address.as_str().is_ascii());
        if self.abilities.utf8 && (beyond_ascii || !headers_are_ascii(mail)) {
            line.push_str(" SMTPUTF8");
        }
        line.push_str("\r\n");
        line
    }
}

/// Hears the greeting and says EHLO.
async fn greet(
    stream: Box<dyn Io>,
    first: &[u8],
    hello: &ClientId,
) -> Result<(AsyncSmtpConnection, Lender), TransportError> {
    let (stream, lender) = SmtpStream::lend(stream, first);
    match AsyncSmtpConnection::connect_with_transport(Box::new(stream), hello).await {
        Ok(connection) => Ok((connection, lender)),
        Err(error) => {
            let doing = "at the greeting";
            insist(Err(error), doing, TransportErrorKind::Permanent)?;
            Err(TransportError::new(TransportErrorKind::Protocol, "the server did not greet"))
        }
    }
}

/// What the server said before TLS is forgotten with the client that heard it (RFC 3207 section 4.2).
async fn start_tls(
    mut connection: AsyncSmtpConnection,
    lender: &Lender,
    peer: &Peer,
    hello: &ClientId,
    steps: &mut Steps,
) -> Result<AsyncSmtpConnection, TransportError> {
    if !connection.can_starttls() {
        let words = "the server does not offer STARTTLS; choose another protection";
        return Err(TransportError::new(TransportErrorKind::Tls, words));
    }
    insist(connection.command(Starttls).await, "at STARTTLS", TransportErrorKind::Tls)?;
    drop(connection);
    let stream = lender.lock().unwrap_or_else(PoisonError::into_inner).take();
    let Some(stream) = stream else {
        return Err(TransportError::new(TransportErrorKind::Connection, "the connection was lost at STARTTLS"));
    };
    let stream = peer.protect(stream, steps).await?;
    // The server does not greet again; lettre waits for it.
    Ok(greet(stream, b"220 protected\r\n", hello).await?.0)
}

async fn sign_in(
    connection: &mut AsyncSmtpConnection,
    login: &Credentials,
    steps: &mut Steps,
) -> Result<(), TransportError> {
    let mechanisms = [Mechanism::Plain, Mechanism::Login];
    let Some(mechanism) = connection.server_info().get_auth_mechanism(&mechanisms) else {
        let words = "the server offers neither AUTH PLAIN nor AUTH LOGIN; perhaps only after TLS";
        return Err(TransportError::new(TransportErrorKind::Login, words));
    };
    insist(connection.auth(&mechanisms, login).await, "the user name and password", TransportErrorKind::Login)?;
    steps.worked("sign in", format!("by AUTH {mechanism}"));
    Ok(())
}

pub(super) fn same_for_all(recipients: &[Address], verdict: Verdict, reply: &Reply) -> Vec<Answer> {
    let answer = |recipient: &Address| Answer { recipient: recipient.clone(), verdict, reply: reply.clone() };
    recipients.iter().map(answer).collect()
}

/// A reply that the server would have given, had it been asked.
pub(super) fn unsaid(words: &str) -> Reply {
    Reply { code: 0, enhanced: None, text: words.to_owned() }
}

fn length(mail: &[u8]) -> u64 {
    u64::try_from(mail.len()).unwrap_or(u64::MAX)
}

fn headers_are_ascii(mail: &[u8]) -> bool {
    let end = mail.windows(4).position(|end| end == b"\r\n\r\n").unwrap_or(mail.len());
    mail.get(..end).unwrap_or_default().is_ascii()
}
