//! The receiver: fetches mail, makes it safe, and only then tells the mailbox to let go of it (AC-12, AC-13).

use std::sync::atomic::Ordering;

use tokio::sync::mpsc;

use super::{Error, Shared};
use crate::arrival::FetchMark;
use crate::decision::Scene;
use crate::decision::arrival::{self, Received, Taken};
use crate::digest::Digest;
use crate::id::{Mint, SourceId};
use crate::lease::Task;
use crate::source::{Source, SourceAccess};
use crate::store::{Changes, Key, StoreError};
use crate::transport::{Content, Fetched, MailSource, Settle, SourceSession, TransportError, Waiting};

/// How many mails are fetched before the mailbox is told that they are safe.
const BATCH: usize = 50;
/// How many mails are committed together at most.
const COMMIT: usize = 32;

/// What one look into a mailbox came to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Collected {
    /// Mails that are new to us.
    pub new: u64,
    /// Mails whose very bytes had come from this source before.
    pub duplicates: u64,
    /// Mails that the server offered and would not give; they are offered again.
    pub unavailable: u64,
    /// What the server said of the last of them.
    pub trouble: String,
}

/// Why a look into a mailbox ended before its end. What was taken in before is safe.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CollectError {
    /// The mailbox could not be read.
    #[error(transparent)]
    Source(#[from] TransportError),
    /// The mail could not be kept.
    #[error(transparent)]
    Store(#[from] Error),
}

impl From<StoreError> for CollectError {
    fn from(error: StoreError) -> Self {
        Self::Store(Error::Store(error))
    }
}

impl Shared {
    /// The mailbox of a source.
    pub fn mailbox(&self, source: &Source) -> Result<std::sync::Arc<dyn MailSource>, TransportError> {
        match (&source.access, self.embedded_source(source.id)) {
            (SourceAccess::Embedded, Some(mailbox)) => Ok(mailbox),
            _ => self.network.source(source).map(std::sync::Arc::from),
        }
    }

    /// Looks into a mailbox once, and takes in what is new.
    pub async fn collect(&self, source: &Source) -> Result<Collected, CollectError> {
        let mut session = self.mailbox(source)?.open().await?;
        let waiting = session.list().await?;
        let settle = if source.leave_copies { Settle::Keep } else { Settle::Remove };
        let mut collected = Collected::default();
        for batch in waiting.chunks(BATCH) {
            let (known, wanted) = self.known(source.id, batch).await?;
            // Safe since an earlier look that was cut off before it could say so.
            session.settle(&known, settle).await?;
            let (fetched, safe) = self.fetch(source, session.as_mut(), &wanted, &mut collected).await;
            session.settle(&safe?, settle).await?;
            fetched?;
        }
        session.close().await?;
        Ok(collected)
    }

    /// Which of these mails are safe with us, and which have to be fetched. A mail that was too large stays where it is.
    async fn known(&self, source: SourceId, batch: &[Waiting]) -> Result<(Vec<Waiting>, Vec<Waiting>), CollectError> {
        let key = |waiting: &Waiting| waiting.uid.clone().map(|uid| Key::FetchMark(source, uid));
        let keys: Vec<Key> = batch.iter().filter_map(key).collect();
        let mut marks = self.store.load(&keys).await?.into_iter();
        let (mut known, mut wanted) = (Vec::new(), Vec::new());
        for waiting in batch {
            let mark = waiting.uid.as_ref().and_then(|_| marks.next());
            match mark.and_then(|loaded| loaded.record).and_then(<FetchMark as crate::store::Kept>::take) {
                None => wanted.push(waiting.clone()),
                Some(mark) if self.is_whole(&mark).await? => known.push(waiting.clone()),
                Some(_) => {}
            }
        }
        Ok((known, wanted))
    }

    /// Whether all of a fetched mail is here, not only its headers.
    async fn is_whole(&self, mark: &FetchMark) -> Result<bool, CollectError> {
        use crate::arrival::Arrival;
        use crate::store::StoreExt as _;
        let arrival = self.store.get::<Arrival>(Key::Arrival(mark.source, mark.digest)).await?;
        Ok(arrival.is_none_or(|arrival| arrival.whole_size.is_none()))
    }

    /// Fetches mails and takes them in as they come. Returns how the fetching ended, and which mails are safe.
    async fn fetch(
        &self,
        source: &Source,
        session: &mut dyn SourceSession,
        wanted: &[Waiting],
        collected: &mut Collected,
    ) -> (Result<(), TransportError>, Result<Vec<Waiting>, CollectError>) {
        if wanted.is_empty() {
            return (Ok(()), Ok(Vec::new()));
        }
        let (to, mut from) = mpsc::channel(4);
        let fetching = async move {
            let result = session.fetch(wanted, source.max_bytes, &to).await;
            drop(to);
            result
        };
        let keeping = async {
            let mut safe = Vec::new();
            let mut pending = Vec::new();
            loop {
                let fetched = match from.try_recv() {
                    Ok(fetched) => Some(fetched),
                    Err(_) if pending.is_empty() => from.recv().await,
                    Err(_) => None,
                };
                match fetched {
                    Some(fetched) => self.keep(fetched, &mut pending, collected).await?,
                    None if pending.is_empty() => return Ok(safe),
                    None => self.take_in(source.id, &mut pending, &mut safe, collected).await?,
                }
                if pending.len() >= COMMIT {
                    self.take_in(source.id, &mut pending, &mut safe, collected).await?;
                }
            }
        };
        tokio::join!(fetching, keeping)
    }

    async fn keep(
        &self,
        fetched: Fetched,
        pending: &mut Vec<(Waiting, Received)>,
        collected: &mut Collected,
    ) -> Result<(), CollectError> {
        let waiting = fetched.waiting;
        let (bytes, whole_size) = match fetched.content {
            Content::Whole(bytes) => (bytes, None),
            Content::HeadersOnly(bytes) => (bytes, Some(waiting.size)),
            Content::Unavailable(trouble) => {
                collected.unavailable += 1;
                collected.trouble = trouble;
                return Ok(());
            }
        };
        let size = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        let digest = self.store.keep_body(bytes).await?;
        let uid = waiting.uid.clone();
        pending.push((waiting, Received { uid, digest, size, whole_size }));
        Ok(())
    }

    async fn take_in(
        &self,
        source: SourceId,
        pending: &mut Vec<(Waiting, Received)>,
        safe: &mut Vec<Waiting>,
        collected: &mut Collected,
    ) -> Result<(), CollectError> {
        let (waiting, received): (Vec<Waiting>, Vec<Received>) = pending.drain(..).unzip();
        let taken = self.receive_as(Some(Task::Source(source)), source, received.clone()).await?;
        collected.new += taken.new;
        collected.duplicates += taken.duplicates;
        let whole = waiting.into_iter().zip(received).filter(|(_, received)| received.whole_size.is_none());
        safe.extend(whole.map(|(waiting, _)| waiting));
        Ok(())
    }

    /// Takes mails in whose bytes are kept: from here on they are safe.
    pub async fn receive(&self, source: SourceId, mails: Vec<Received>) -> Result<Taken, Error> {
        self.receive_as(None, source, mails).await
    }

    async fn receive_as(&self, task: Option<Task>, source: SourceId, mails: Vec<Received>) -> Result<Taken, Error> {
        let count = u32::try_from(mails.len()).unwrap_or(u32::MAX);
        let first = self.received.fetch_add(count, Ordering::Relaxed);
        let decide = |scene: &Scene<'_>, changes: &mut Changes<'_>, _: &mut Mint| {
            arrival::receive(scene, changes, source, first, &mails)
        };
        let done = match task {
            Some(task) => self.transact_as(task, decide).await?,
            None => self.transact(decide).await?,
        };
        Ok(done.value)
    }

    /// Takes in one mail that somebody brings.
    pub async fn take_mail(&self, source: SourceId, bytes: Vec<u8>) -> Result<(Digest, Taken), Error> {
        let size = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        let digest = self.store.keep_body(bytes).await?;
        let taken = self.receive(source, vec![Received { uid: None, digest, size, whole_size: None }]).await?;
        Ok((digest, taken))
    }
}
