//! [`Shared`]: what all parts of one flow have in common, and the one way to change anything: look, decide, commit.

use std::collections::BTreeMap;
use std::sync::atomic::AtomicU32;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{Notify, broadcast, watch};
use uuid::Uuid;

use super::cluster::Membership;
use super::reading::Ahead;
use super::{Error, Notice};
use crate::decision::delivery::Tried;
use crate::decision::{Scene, Stop};
use crate::directory::{Directory, DirectoryStamp};
use crate::id::{Mint, OutgoingId, SourceId};
use crate::mail::{Keyring, Limits};
use crate::outgoing::RunId;
use crate::refusal::Refusal;
use crate::store::{
    Changes, CommitError, Committed, Key, Loaded, Page, Query, Record, Store, StoreExt, Version, View,
};
use crate::time::{Clock, Timestamp};
use crate::transport::{MailSource, MailTransport, Network};

/// How often a decision is made again because others were faster.
const TRIES: u32 = 100;

/// What all parts of one flow have in common.
pub struct Shared {
    pub store: Arc<dyn Store>,
    pub clock: Arc<dyn Clock>,
    pub network: Arc<dyn Network>,
    pub keyring: Keyring,
    pub limits: Limits,
    pub run: RunId,
    pub started: Timestamp,
    pub notices: broadcast::Sender<Notice>,
    /// Our place among several servers; `None` if there is only this one.
    pub member: Option<Membership>,
    /// Counts how often it has changed which tasks are ours.
    pub tasks: watch::Sender<u64>,
    /// How many mails this run has taken in: tells those apart that came in the same millisecond.
    pub received: AtomicU32,
    /// Arrivals that are being read before it is their turn.
    pub ahead: Ahead,
    /// Arrivals wait to be routed.
    pub arrived: Notify,
    /// Sources and destinations that have to look at once, by id.
    wakes: Mutex<BTreeMap<Uuid, Arc<Notify>>>,
    /// What came of mails that were sent, where the store could not write it down: it is written later.
    unsettled: Mutex<BTreeMap<OutgoingId, Tried>>,
    /// What the embedding program brought itself.
    embedded: Mutex<Embedded>,
    current: Mutex<Arc<Current>>,
}

/// The configuration, with its version.
struct Current {
    version: Version,
    stamp: Option<DirectoryStamp>,
    directory: Arc<Directory>,
}

#[derive(Default)]
struct Embedded {
    sources: BTreeMap<SourceId, Arc<dyn MailSource>>,
    transport: Option<Arc<dyn MailTransport>>,
}

/// A wish that came true.
pub struct Done<T> {
    pub value: T,
    /// `None` if there was nothing to change.
    pub committed: Option<Committed>,
}

impl Shared {
    pub fn new(
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        network: Arc<dyn Network>,
        keyring: Keyring,
        limits: Limits,
    ) -> Self {
        let empty = Current { version: Version::ABSENT, stamp: None, directory: Arc::new(Directory::default()) };
        Self {
            started: clock.now(),
            run: RunId(Mint::random(clock.now()).id::<uuid::Uuid>()),
            store,
            clock,
            network,
            keyring,
            limits,
            notices: broadcast::channel(1024).0,
            member: None,
            tasks: watch::channel(0).0,
            received: AtomicU32::new(0),
            ahead: Ahead::default(),
            arrived: Notify::new(),
            wakes: Mutex::default(),
            unsettled: Mutex::default(),
            embedded: Mutex::default(),
            current: Mutex::new(Arc::new(empty)),
        }
    }

    /// The configuration as this flow last saw it.
    pub fn directory(&self) -> Arc<Directory> {
        Arc::clone(&lock(&self.current).directory)
    }

    /// Reads the configuration if it is not the one that we know.
    pub async fn refresh(&self) -> Result<(), Error> {
        loop {
            let stamp = self.store.get::<DirectoryStamp>(Key::Directory).await?;
            let version = stamp.as_ref().map_or(Version::ABSENT, |stamp| stamp.version);
            if lock(&self.current).version == version {
                return Ok(());
            }
            let documents = self.store.list_all(&Query::Documents).await?;
            // Read once more: the documents may have changed while we read them page by page.
            let after = self.store.get::<DirectoryStamp>(Key::Directory).await?;
            if after == stamp {
                let directory = Arc::new(self.directory().read_again(documents)?);
                let stamp = stamp.map(|stamp| stamp.value);
                *lock(&self.current) = Arc::new(Current { version, stamp, directory });
                return Ok(());
            }
        }
    }

    /// Makes a wish come true: looks, decides, commits; again from the start if something has changed meanwhile.
    pub async fn transact<T: Send>(
        &self,
        decide: impl Fn(&Scene<'_>, &mut Changes<'_>, &mut Mint) -> Result<T, Stop> + Send + Sync,
    ) -> Result<Done<T>, Error> {
        self.transact_relying(None, decide).await
    }

    /// Answers a question, and writes down in passing what came up with it: a program that is too old for the database
    /// answers all the same.
    pub async fn answer<T: Clone + Send + Sync>(
        &self,
        decide: impl Fn(&Scene<'_>, &mut Changes<'_>, &mut Mint) -> Result<T, Stop> + Send + Sync,
    ) -> Result<T, Error> {
        let answered = Mutex::new(None);
        let remembered = |scene: &Scene<'_>, changes: &mut Changes<'_>, mint: &mut Mint| {
            let answer = decide(scene, changes, mint)?;
            *lock(&answered) = Some(answer.clone());
            Ok(answer)
        };
        let error = match self.transact(remembered).await {
            Ok(done) => return Ok(done.value),
            Err(error) => error,
        };
        match lock(&answered).take() {
            Some(answer) if error.is_outdated() => Ok(answer),
            _ => Err(error),
        }
    }

    /// Makes a wish come true, if this lease is still what it was when it is committed.
    pub async fn transact_relying<T: Send>(
        &self,
        lease: Option<(Key, Loaded)>,
        decide: impl Fn(&Scene<'_>, &mut Changes<'_>, &mut Mint) -> Result<T, Stop> + Send + Sync,
    ) -> Result<Done<T>, Error> {
        let now = self.clock.now();
        let mint = Mint::random(now);
        let mut view = View::default();
        for _ in 0..TRIES {
            let current = Arc::clone(&lock(&self.current));
            let stamp = Loaded { version: current.version, record: current.stamp.map(Record::from) };
            view.add([Key::Directory], [stamp]);
            if let Some((key, loaded)) = &lease {
                view.add([key.clone()], [loaded.clone()]);
            }
            let decided = {
                let scene = Scene { directory: &current.directory, keyring: &self.keyring, now };
                let mut changes = view.changes();
                decide(&scene, &mut changes, &mut mint.clone())
                    .map(|value| (value, changes.take_bodies(), changes.finish()))
            };
            match decided {
                Err(Stop::Refuse(refusal)) => return Err(self.refused(&current, refusal).await?),
                Err(Stop::Look(keys)) => {
                    let loaded = self.store.load(&keys).await?;
                    view.add(keys, loaded);
                }
                Ok((value, _, changes)) if changes.is_empty() => return Ok(Done { value, committed: None }),
                Ok((value, bodies, changes)) => {
                    for body in bodies {
                        self.store.keep_body(body).await?;
                    }
                    let notice = Notice::of(&changes);
                    match self.store.commit(changes).await {
                        Ok(committed) => {
                            self.tell(notice).await?;
                            return Ok(Done { value, committed: Some(committed) });
                        }
                        Err(CommitError::Failed(error)) => return Err(error.into()),
                        Err(CommitError::Conflict(keys)) => {
                            if lease.as_ref().is_some_and(|(key, _)| keys.contains(key)) {
                                return Err(Error::NotOurs);
                            }
                            if keys.contains(&Key::Directory) {
                                self.refresh().await?;
                            }
                            view = View::default();
                        }
                    }
                }
            }
        }
        Err(Error::Busy)
    }

    /// A "no" that was decided on an old configuration may be none: it is read again, and the caller is told what to do.
    async fn refused(&self, decided_on: &Current, refusal: Refusal) -> Result<Error, Error> {
        self.refresh().await?;
        let stale = lock(&self.current).version != decided_on.version;
        Ok(if stale { Error::Busy } else { Error::Refused(refusal) })
    }

    /// Tells whoever watches, and wakes whoever has something to do now.
    pub async fn tell(&self, notice: Notice) -> Result<(), Error> {
        if notice.configuration || notice.missed {
            self.refresh().await?;
        }
        if notice.arrivals || notice.missed {
            self.arrived.notify_one();
        }
        if notice.outgoing || notice.missed {
            let destinations: Vec<Uuid> = self.directory().destinations.keys().map(|id| Uuid::from(*id)).collect();
            destinations.into_iter().for_each(|id| self.wake(id));
        }
        if !notice.is_empty() {
            // Nobody watching is no error.
            let _ = self.notices.send(notice);
        }
        Ok(())
    }

    /// What wakes a source or destination.
    pub fn waker(&self, id: Uuid) -> Arc<Notify> {
        Arc::clone(lock(&self.wakes).entry(id).or_default())
    }

    /// Makes a source or destination look at once.
    pub fn wake(&self, id: Uuid) {
        self.waker(id).notify_one();
    }

    /// Remembers what came of a mail until the store can write it down.
    pub fn remember(&self, id: OutgoingId, tried: Tried) {
        lock(&self.unsettled).insert(id, tried);
    }

    /// What the store has not written down yet.
    pub fn unsettled(&self) -> BTreeMap<OutgoingId, Tried> {
        lock(&self.unsettled).clone()
    }

    /// The store has written it down.
    pub fn settled(&self, id: OutgoingId) {
        lock(&self.unsettled).remove(&id);
    }

    /// Takes a mailbox that the embedding program brings.
    pub fn embed_source(&self, id: SourceId, source: Arc<dyn MailSource>) {
        lock(&self.embedded).sources.insert(id, source);
    }

    /// The mailbox that the embedding program brought for a source.
    pub fn embedded_source(&self, id: SourceId) -> Option<Arc<dyn MailSource>> {
        lock(&self.embedded).sources.get(&id).cloned()
    }

    /// Takes the way out that the embedding program brings.
    pub fn embed_transport(&self, transport: Arc<dyn MailTransport>) {
        lock(&self.embedded).transport = Some(transport);
    }

    /// The way out that the embedding program brought.
    pub fn embedded_transport(&self) -> Option<Arc<dyn MailTransport>> {
        lock(&self.embedded).transport.clone()
    }

    /// Whether anything is listed; for tests of emptiness without a page of rows.
    pub async fn is_any(&self, query: &Query) -> Result<bool, Error> {
        Ok(!self.store.find(query, &Page::first(1)).await?.rows.is_empty())
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
