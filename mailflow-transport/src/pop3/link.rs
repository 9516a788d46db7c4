//! [`Link`]: a conversation over a connection.

use mailflow_core::text;
use mailflow_core::transport::{TransportError, TransportErrorKind};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::command::Command;
use super::conversation::{Answer, Conversation, Word};
use crate::wire::{Io, broken};

pub(super) struct Link {
    stream: Box<dyn Io>,
    conversation: Conversation,
    chunk: Vec<u8>,
}

impl Link {
    const CHUNK: usize = 16 << 10;

    pub(super) fn new(stream: Box<dyn Io>) -> Self {
        Self { stream, conversation: Conversation::new(), chunk: vec![0; Self::CHUNK] }
    }

    /// Says something without waiting for the answer.
    pub(super) async fn ask(&mut self, command: &Command, doing: &str) -> Result<(), TransportError> {
        self.conversation.ask(command);
        self.send(doing).await
    }

    /// Says something and waits for the answer.
    pub(super) async fn say(&mut self, command: &Command, doing: &str) -> Result<Answer, TransportError> {
        self.ask(command, doing).await?;
        self.answer(doing).await
    }

    /// Says one more line of a command and waits for the answer.
    pub(super) async fn go_on(&mut self, line: &str, doing: &str) -> Result<Answer, TransportError> {
        self.conversation.go_on(line);
        self.send(doing).await?;
        self.answer(doing).await
    }

    /// Says something that the server has to agree to.
    pub(super) async fn insist(&mut self, command: &Command, doing: &str) -> Result<Answer, TransportError> {
        let answer = self.say(command, doing).await?;
        if answer.word == Word::Yes { Ok(answer) } else { Err(refused(&answer, doing)) }
    }

    /// The next answer.
    pub(super) async fn answer(&mut self, doing: &str) -> Result<Answer, TransportError> {
        loop {
            let next = self.conversation.next_answer().map_err(|misspoken| {
                TransportError::new(TransportErrorKind::Protocol, format!("{misspoken} ({doing})")).because(misspoken)
            })?;
            if let Some(answer) = next {
                return Ok(answer);
            }
            let read = self.stream.read(&mut self.chunk).await.map_err(|error| broken(doing, error))?;
            if read == 0 {
                return Err(broken(doing, std::io::ErrorKind::UnexpectedEof.into()));
            }
            self.conversation.hear(self.chunk.get(..read).unwrap_or_default());
        }
    }

    /// The connection, for TLS to be put around it; nothing may have been said that was not read.
    pub(super) fn into_stream(self) -> Result<Box<dyn Io>, TransportError> {
        if self.conversation.has_unread() {
            return Err(TransportError::new(
                TransportErrorKind::Tls,
                "the server spoke between its answer to STLS and TLS; somebody may have put that in",
            ));
        }
        Ok(self.stream)
    }

    /// The same conversation after TLS: the server does not greet again.
    pub(super) fn after_tls(stream: Box<dyn Io>) -> Self {
        let mut link = Self::new(stream);
        link.conversation = Conversation::after_greeting();
        link
    }

    async fn send(&mut self, doing: &str) -> Result<(), TransportError> {
        let output = self.conversation.output();
        let sent = async {
            self.stream.write_all(&output).await?;
            self.stream.flush().await
        };
        sent.await.map_err(|error| broken(doing, error))
    }
}

/// The failure that an answer means: what the server says in brackets (RFC 2449 section 8, RFC 3206) tells what kind.
pub(super) fn refused(answer: &Answer, doing: &str) -> TransportError {
    let upper = answer.text.to_ascii_uppercase();
    let is_passing = ["[IN-USE]", "[LOGIN-DELAY]", "[SYS/TEMP]"].iter().any(|code| upper.starts_with(code));
    let kind = if is_passing { TransportErrorKind::Temporary } else { TransportErrorKind::Permanent };
    TransportError::new(kind, format!("the server refused {doing}: {}", said(answer)))
}

/// The server's words, fit to be shown.
pub(super) fn said(answer: &Answer) -> String {
    let words = text::one_line(&answer.text, 200);
    if words.is_empty() { "(no reason given)".to_owned() } else { words }
}
