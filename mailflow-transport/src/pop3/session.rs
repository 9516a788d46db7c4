//! [`Pop3Session`]: one look into a POP3 mailbox.

use std::collections::VecDeque;

use async_trait::async_trait;
use mailflow_core::transport::{
    Content, Fetched, Settle, SourceSession, TransportError, TransportErrorKind, Waiting,
};
use tokio::sync::mpsc;

use super::command::Command;
use super::conversation::{Answer, Word};
use super::link::{Link, refused, said};
use super::listing::{Abilities, waiting};

pub(super) struct Pop3Session {
    link: Link,
    /// How many commands may be under way.
    window: usize,
    not_removed: Vec<String>,
}

impl Pop3Session {
    /// Commands under way with a server that offers PIPELINING (RFC 2449 section 6.6).
    const WINDOW: usize = 16;

    pub(super) fn new(link: Link, abilities: &Abilities) -> Self {
        let window = if abilities.pipelining { Self::WINDOW } else { 1 };
        Self { link, window, not_removed: Vec::new() }
    }
}

#[async_trait]
impl SourceSession for Pop3Session {
    async fn list(&mut self) -> Result<Vec<Waiting>, TransportError> {
        let list = self.link.insist(&Command::List, "at LIST").await?;
        let uidl = self.link.say(&Command::Uidl, "at UIDL").await?;
        if list.cut || uidl.cut {
            let words = "the mailbox holds more mails than can be listed; move old ones to another folder";
            return Err(TransportError::new(TransportErrorKind::Permanent, words));
        }
        let names = (uidl.word == Word::Yes).then_some(uidl.body.as_slice());
        Ok(waiting(&list.body, names))
    }

    async fn fetch(
        &mut self,
        wanted: &[Waiting],
        max_bytes: u64,
        to: &mpsc::Sender<Fetched>,
    ) -> Result<(), TransportError> {
        let doing = "while mails were fetched";
        let mut ahead = wanted.iter();
        let mut under_way: VecDeque<&Waiting> = VecDeque::new();
        loop {
            while under_way.len() < self.window && !to.is_closed() {
                let Some(next) = ahead.next() else { break };
                self.link.ask(&command_for(next, max_bytes), doing).await?;
                under_way.push_back(next);
            }
            let Some(current) = under_way.pop_front() else { return Ok(()) };
            let answer = self.link.answer(doing).await?;
            let fetched = Fetched { waiting: current.clone(), content: content(current, max_bytes, answer) };
            // What is under way is still read if nobody wants it any more, so that the session can be closed in order.
            let _ = to.send(fetched).await;
        }
    }

    async fn settle(&mut self, done: &[Waiting], how: Settle) -> Result<(), TransportError> {
        if how == Settle::Keep {
            return Ok(());
        }
        let doing = "while mails were removed";
        for window in done.chunks(self.window) {
            for waiting in window {
                self.link.ask(&Command::Dele(waiting.number), doing).await?;
            }
            for waiting in window {
                let answer = self.link.answer(doing).await?;
                if answer.word != Word::Yes {
                    self.not_removed.push(format!("{}: {}", waiting.number, said(&answer)));
                }
            }
        }
        Ok(())
    }

    /// One mail that the server does not remove must not keep the others: it shows here, after they are gone.
    async fn close(mut self: Box<Self>) -> Result<(), TransportError> {
        let doing = "at QUIT";
        let answer = self.link.say(&Command::Quit, doing).await?;
        if answer.word != Word::Yes {
            return Err(refused(&answer, doing));
        }
        match self.not_removed.first() {
            None => Ok(()),
            Some(first) => {
                let count = crate::steps::mails(self.not_removed.len());
                let words = format!("the server did not remove {count}; the first is number {first}");
                Err(TransportError::new(TransportErrorKind::Temporary, words))
            }
        }
    }
}

fn command_for(waiting: &Waiting, max_bytes: u64) -> Command {
    if waiting.size > max_bytes { Command::Top(waiting.number) } else { Command::Retr(waiting.number, max_bytes) }
}

/// What an answer to RETR or TOP gives. A mail that is longer than the server said is too large, too.
fn content(waiting: &Waiting, max_bytes: u64, answer: Answer) -> Content {
    if answer.word != Word::Yes {
        Content::Unavailable(format!("the server would not give the mail: {}", said(&answer)))
    } else if answer.cut || waiting.size > max_bytes {
        Content::HeadersOnly(head(answer.body))
    } else {
        Content::Whole(answer.body)
    }
}

/// The headers and the empty line after them.
pub(crate) fn head(mut mail: Vec<u8>) -> Vec<u8> {
    let mut is_empty_line = true;
    let end = mail.iter().position(|byte| match byte {
        b'\n' => std::mem::replace(&mut is_empty_line, true),
        b'\r' => false,
        _ => {
            is_empty_line = false;
            false
        }
    });
    if let Some(end) = end {
        mail.truncate(end + 1);
    }
    mail
}
