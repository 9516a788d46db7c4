//! Where fuzzing comes in: whole sessions with a server that says any bytes.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use async_trait::async_trait;
use mailflow_core::mail::Address;
use mailflow_core::source::{MailServer, Tls};
use mailflow_core::transport::{Envelope, MailSource, MailTransport, Settle, TransportError};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::mpsc;

use crate::pop3::{Conversation, Pop3Source};
use crate::smtp::SmtpTransport;
use crate::wire::{Dial, Io};

/// A server that says these bytes and then leaves, and does not listen.
#[derive(Debug, Clone)]
struct Script {
    bytes: Arc<[u8]>,
    at: usize,
}

impl AsyncRead for Script {
    fn poll_read(mut self: Pin<&mut Self>, _: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let end = self.at.saturating_add(buf.remaining()).min(self.bytes.len());
        buf.put_slice(self.bytes.get(self.at..end).unwrap_or_default());
        self.at = end;
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Script {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Poll::Ready(Ok(buf.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

#[async_trait]
impl Dial for Script {
    async fn dial(&self) -> Result<Box<dyn Io>, TransportError> {
        Ok(Box::new(self.clone()))
    }
}

fn script(bytes: &[u8]) -> (Arc<Script>, MailServer) {
    let server = MailServer { host: "server.example".to_owned(), port: 1, tls: Tls::None, trusted_certificate: None };
    (Arc::new(Script { bytes: bytes.into(), at: 0 }), server)
}

fn run(session: impl Future<Output = Result<(), TransportError>>) {
    if let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_time().build() {
        // Whether the session works is not the question.
        let _ = runtime.block_on(session);
    }
}

/// A POP3 server says these bytes, whatever is asked: as a session, and to the state machine alone.
pub fn pop3_replies(bytes: &[u8]) {
    let mut conversation = Conversation::new();
    conversation.hear(bytes);
    while let Ok(Some(_)) = conversation.next_answer() {}
    run(async {
        let (dial, server) = script(bytes);
        let source = Pop3Source::over(dial, &server, "user", "password", 1)?.with_apop(true);
        let mut session = source.open().await?;
        let waiting = session.list().await?;
        let wanted = waiting.get(..waiting.len().min(64)).unwrap_or_default();
        let (to, mut from) = mpsc::channel(wanted.len().max(1));
        session.fetch(wanted, 4096, &to).await?;
        from.close();
        session.settle(wanted, Settle::Remove).await?;
        session.close().await
    });
}

/// An SMTP server says these bytes, whatever is sent.
///
/// # Panics
/// If a recipient has no answer, or more than one.
pub fn smtp_replies(bytes: &[u8]) {
    run(async {
        let (dial, server) = script(bytes);
        let transport = SmtpTransport::over(dial, &server, 1)?.with_login("user", "password");
        let recipients: Vec<_> =
            ["alice@example.com", "bob@example.com"].iter().filter_map(|text| Address::new(text).ok()).collect();
        if let Ok(envelope) = Envelope::new(None, recipients) {
            let answers = transport.send(&envelope, b"Subject: x\r\n\r\nx\r\n").await?;
            assert!(answers.iter().map(|answer| &answer.recipient).eq(envelope.recipients()));
        }
        Ok(())
    });
}
