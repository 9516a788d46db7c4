//! [`MemorySource`] and [`MemoryTransport`]: a mailbox and a way out in memory, for tests and first examples.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use tokio::sync::mpsc;

use super::{
    Answer, Content, Envelope, Fetched, MailSource, MailTransport, Settle, SourceSession, TransportError, Verdict,
    Waiting,
};
use crate::arrival::Uid;
use crate::outgoing::Reply;

/// Remembers what was sent. Clones share what they remember.
#[derive(Debug, Clone, Default)]
pub struct MemoryTransport {
    state: Arc<Mutex<Outbox>>,
}

#[derive(Debug, Default)]
struct Outbox {
    sent: Vec<(Envelope, Vec<u8>)>,
    next: VecDeque<Result<Verdict, TransportError>>,
}

impl MemoryTransport {
    /// A transport that accepts everything.
    pub fn new() -> Self {
        Self::default()
    }

    /// What was accepted, in order: envelope and bytes.
    pub fn sent(&self) -> Vec<(Envelope, Vec<u8>)> {
        lock(&self.state).sent.clone()
    }

    /// The next mail is answered with this verdict for each recipient, or fails; the ones after it are accepted again.
    pub fn answer_next(&self, answer: Result<Verdict, TransportError>) {
        lock(&self.state).next.push_back(answer);
    }
}

#[async_trait]
impl MailTransport for MemoryTransport {
    async fn send(&self, envelope: &Envelope, mail: &[u8]) -> Result<Vec<Answer>, TransportError> {
        let mut state = lock(&self.state);
        let verdict = state.next.pop_front().unwrap_or(Ok(Verdict::Accepted))?;
        if verdict == Verdict::Accepted {
            state.sent.push((envelope.clone(), mail.to_vec()));
        }
        let code = match verdict {
            Verdict::Accepted => 250,
            Verdict::Deferred => 450,
            Verdict::Refused => 550,
        };
        let answer = |recipient: &crate::mail::Address| Answer {
            recipient: recipient.clone(),
            verdict,
            reply: Reply { code, enhanced: None, text: "in memory".to_owned() },
        };
        Ok(envelope.recipients().iter().map(answer).collect())
    }
}

/// A mailbox in memory. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct MemorySource {
    state: Arc<Mutex<Mailbox>>,
}

#[derive(Debug, Default)]
struct Mailbox {
    mails: Vec<(Uid, Vec<u8>)>,
    delivered: u64,
}

impl MemorySource {
    /// An empty mailbox.
    pub fn new() -> Self {
        Self::default()
    }

    /// Puts a mail into the mailbox.
    pub fn deliver(&self, mail: impl Into<Vec<u8>>) {
        let mut state = lock(&self.state);
        state.delivered += 1;
        let uid = Uid::new(&format!("memory-{}", state.delivered));
        state.mails.push((uid, mail.into()));
    }

    /// How many mails are in it.
    pub fn len(&self) -> usize {
        lock(&self.state).mails.len()
    }

    /// Whether it is empty.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

#[async_trait]
impl MailSource for MemorySource {
    async fn open(&self) -> Result<Box<dyn SourceSession>, TransportError> {
        Ok(Box::new(MemorySession { state: Arc::clone(&self.state), removed: Vec::new() }))
    }
}

struct MemorySession {
    state: Arc<Mutex<Mailbox>>,
    removed: Vec<Uid>,
}

#[async_trait]
impl SourceSession for MemorySession {
    async fn list(&mut self) -> Result<Vec<Waiting>, TransportError> {
        let state = lock(&self.state);
        let waiting = |(number, (uid, mail)): (u32, &(Uid, Vec<u8>))| Waiting {
            uid: Some(uid.clone()),
            number,
            size: u64::try_from(mail.len()).unwrap_or(u64::MAX),
        };
        Ok((1..).zip(&state.mails).map(waiting).collect())
    }

    async fn fetch(
        &mut self,
        wanted: &[Waiting],
        max_bytes: u64,
        to: &mpsc::Sender<Fetched>,
    ) -> Result<(), TransportError> {
        for waiting in wanted {
            let content = {
                let state = lock(&self.state);
                match state.mails.iter().find(|(uid, _)| Some(uid) == waiting.uid.as_ref()) {
                    None => Content::Unavailable("no such mail".to_owned()),
                    Some((_, mail)) if waiting.size > max_bytes => {
                        let end = mail.windows(4).position(|end| end == b"\r\n\r\n").map_or(mail.len(), |at| at + 4);
                        Content::HeadersOnly(mail.get(..end).unwrap_or_default().to_vec())
                    }
                    Some((_, mail)) => Content::Whole(mail.clone()),
                }
            };
            if to.send(Fetched { waiting: waiting.clone(), content }).await.is_err() {
                break;
            }
        }
        Ok(())
    }

    async fn settle(&mut self, done: &[Waiting], how: Settle) -> Result<(), TransportError> {
        if how == Settle::Remove {
            self.removed.extend(done.iter().filter_map(|waiting| waiting.uid.clone()));
        }
        Ok(())
    }

    async fn close(self: Box<Self>) -> Result<(), TransportError> {
        lock(&self.state).mails.retain(|(uid, _)| !self.removed.contains(uid));
        Ok(())
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
