//! Several servers on one desk (guide chapter 13): each task is done by one of them, and none is left undone.
//!
//! Time here is tokio's, paused: it goes on when everybody waits.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use mailflow_core::agent::BUILT_IN_ADMINISTRATOR;
use mailflow_core::digest::Digest;
use mailflow_core::flow::{Cluster, Error, Filter, Mailflow};
use mailflow_core::lease::Task;
use mailflow_core::mail::Keyring;
use mailflow_core::source::Source;
use mailflow_core::store::{
    Changeset, CommitError, Committed, Found, Key, Loaded, MemoryStore, Page, Query, Store, StoreError,
    StoreErrorKind,
};
use mailflow_core::time::{Clock, Timestamp};
use mailflow_core::transport::{Answer, Envelope, MailTransport, MemorySource, MemoryTransport, TransportError};
use tokio::sync::{Notify, oneshot};
use tokio::task::JoinHandle;
use tokio::time::Instant;

mod outdated;
mod sharing;
mod told;
mod trouble;

const LASTS: Duration = Duration::from_secs(15);
/// A server's own clock may be this wrong.
const SKEW: Duration = Duration::from_secs(600);

/// tokio's time, as a clock shows it that may be wrong.
#[derive(Clone, Copy)]
struct TokioClock {
    begun: Instant,
    ahead: Duration,
}

#[async_trait]
impl Clock for TokioClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(1_700_000_000_000).plus(self.begun.elapsed()).plus(self.ahead)
    }

    async fn sleep_until(&self, until: Timestamp) {
        tokio::time::sleep(until.since(self.now())).await;
    }
}

/// A store that can be cut off from one server, or be too new for it.
struct Line {
    store: Arc<MemoryStore>,
    cut: Arc<AtomicBool>,
    too_new: Arc<AtomicBool>,
    mended: Arc<Notify>,
}

impl Line {
    async fn pass(&self) {
        loop {
            let mended = self.mended.notified();
            if !self.cut.load(Ordering::SeqCst) {
                return;
            }
            mended.await;
        }
    }
}

fn too_new() -> StoreError {
    StoreError::new(StoreErrorKind::Outdated, "use the later version of mailflow")
}

#[async_trait]
impl Store for Line {
    async fn now(&self) -> Result<Timestamp, StoreError> {
        self.pass().await;
        self.store.now().await
    }

    async fn check_shape(&self) -> Result<(), StoreError> {
        self.pass().await;
        match self.too_new.load(Ordering::SeqCst) {
            true => Err(too_new()),
            false => self.store.check_shape().await,
        }
    }

    async fn load(&self, keys: &[Key]) -> Result<Vec<Loaded>, StoreError> {
        self.pass().await;
        self.store.load(keys).await
    }

    async fn find(&self, query: &Query, page: &Page) -> Result<Found, StoreError> {
        self.pass().await;
        self.store.find(query, page).await
    }

    async fn commit(&self, changes: Changeset) -> Result<Committed, CommitError> {
        self.pass().await;
        if self.too_new.load(Ordering::SeqCst) && !changes.is_last_word() {
            return Err(too_new().into());
        }
        self.store.commit(changes).await
    }

    async fn keep_body(&self, bytes: Vec<u8>) -> Result<Digest, StoreError> {
        self.store.keep_body(bytes).await
    }

    async fn body(&self, digest: &Digest) -> Result<Option<Vec<u8>>, StoreError> {
        self.store.body(digest).await
    }

    async fn erase_body(&self, digest: &Digest) -> Result<(), StoreError> {
        self.store.erase_body(digest).await
    }
}

/// A way out whose server takes its time before it takes a mail, for as long as it is told to.
#[derive(Clone)]
struct Slow {
    to: MemoryTransport,
    held_up: Arc<AtomicBool>,
    asked: Arc<AtomicBool>,
    goes_on: Arc<Notify>,
}

impl Slow {
    /// One that holds mail up.
    fn to(to: &MemoryTransport) -> Self {
        let slow = Self { to: to.clone(), held_up: Arc::default(), asked: Arc::default(), goes_on: Arc::default() };
        slow.held_up.store(true, Ordering::SeqCst);
        slow
    }

    /// Waits until a mail is held up.
    async fn until_asked(&self) {
        while !self.asked.load(Ordering::SeqCst) {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    fn goes_on(&self) {
        self.held_up.store(false, Ordering::SeqCst);
        self.goes_on.notify_waiters();
    }
}

#[async_trait]
impl MailTransport for Slow {
    async fn send(&self, envelope: &Envelope, mail: &[u8]) -> Result<Vec<Answer>, TransportError> {
        loop {
            let goes_on = self.goes_on.notified();
            if !self.held_up.load(Ordering::SeqCst) {
                return self.to.send(envelope, mail).await;
            }
            self.asked.store(true, Ordering::SeqCst);
            goes_on.await;
        }
    }
}

/// What all servers share.
struct House {
    store: Arc<MemoryStore>,
    begun: Instant,
    mailbox: MemorySource,
    outside: MemoryTransport,
}

/// A server at work.
struct Working {
    flow: Mailflow,
    stop: oneshot::Sender<()>,
    running: JoinHandle<Result<(), Error>>,
    cut: Arc<AtomicBool>,
    too_new: Arc<AtomicBool>,
    mended: Arc<Notify>,
}

impl House {
    async fn open() -> (Self, Source) {
        Self::open_at(Duration::ZERO).await
    }

    /// One whose database's clock is so far ahead of what `starts` and `builder` are told.
    async fn open_at(ahead: Duration) -> (Self, Source) {
        let begun = Instant::now();
        let clock = TokioClock { begun, ahead };
        let store = Arc::new(MemoryStore::with_clock(clock));
        let house = Self { store, begun, mailbox: MemorySource::new(), outside: MemoryTransport::new() };
        let flow = house.builder(Duration::ZERO).build().await.unwrap();
        let support = flow.admin().ensure_ticketbox("Support", "support@example.com").await.unwrap();
        let source = flow.listen("mailbox", &support, house.mailbox.clone()).await.unwrap();
        let source = Source { check_interval_s: 1, ..source };
        flow.admin().save(&source).await.unwrap();
        (house, source)
    }

    fn builder(&self, ahead: Duration) -> mailflow_core::flow::Builder {
        Mailflow::builder(Arc::clone(&self.store))
            .clock(TokioClock { begun: self.begun, ahead })
            .keyring(Keyring::new(1, [7; 32]))
            .transport(self.outside.clone())
            .server_lasts(LASTS)
    }

    async fn starts(&self, name: &str, ahead: Duration) -> Working {
        self.starts_with(name, ahead, self.outside.clone()).await
    }

    async fn starts_with(&self, name: &str, ahead: Duration, way_out: impl MailTransport) -> Working {
        let (cut, mended) = (Arc::new(AtomicBool::new(false)), Arc::new(Notify::new()));
        let (too_new, store) = (Arc::new(AtomicBool::new(false)), Arc::clone(&self.store));
        let (to_cut, to_mend, to_outdate) = (Arc::clone(&cut), Arc::clone(&mended), Arc::clone(&too_new));
        let line = Line { store, cut: to_cut, too_new: to_outdate, mended: to_mend };
        let flow = Mailflow::builder(line)
            .clock(TokioClock { begun: self.begun, ahead })
            .keyring(Keyring::new(1, [7; 32]))
            .transport(way_out)
            .server(name)
            .server_lasts(LASTS)
            .build()
            .await
            .unwrap();
        let support = flow.directory().ticketbox_named("Support").unwrap().clone();
        flow.listen("mailbox", &support, self.mailbox.clone()).await.unwrap();
        let (stop, stopped) = oneshot::channel();
        let run = flow.clone();
        let running = tokio::spawn(async move {
            run.run(async {
                let _ = stopped.await;
            })
            .await
        });
        Working { flow, stop, running, cut, too_new, mended }
    }

    async fn cluster(&self) -> Cluster {
        self.builder(Duration::ZERO).build().await.unwrap().cluster().await.unwrap()
    }

    /// Who does what, of the servers that are alive, by name.
    async fn holders(&self) -> BTreeMap<Task, String> {
        let Cluster { now, servers, leases } = self.cluster().await;
        let name = |lease: &mailflow_core::lease::Lease| {
            let holder = lease.holder?;
            let server = servers.iter().find(|it| it.id == holder.server && it.run == holder.run)?;
            server.is_alive(now).then(|| server.name.clone())
        };
        leases.iter().filter_map(|lease| Some((lease.task, name(lease)?))).collect()
    }

    /// Waits until the tasks are with these servers and no others. Returns how long it took.
    async fn until_held_by(&self, names: &[&str]) -> Duration {
        let begun = Instant::now();
        while begun.elapsed() < Duration::from_secs(120) {
            let holders = self.holders().await;
            if holders.len() == 3 && holders.values().all(|it| names.contains(&it.as_str())) {
                return begun.elapsed();
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("never held by {names:?} alone: {:?}", self.holders().await);
    }

    fn writes(&self, number: u32) {
        let mail = format!(
            "From: ada@one.example\r\nTo: support@example.com\r\nMessage-ID: <{number}@one.example>\r\n\
             Subject: Mail {number}\r\n\r\nWords of {number}.\r\n"
        );
        self.mailbox.deliver(mail);
    }

    /// Waits until there are so many tickets, and checks that there never come more.
    async fn until_tickets(&self, count: usize) {
        let desk = self.builder(Duration::ZERO).build().await.unwrap().desk(BUILT_IN_ADMINISTRATOR);
        let tickets = || async { desk.tickets(&Filter::default(), &Page::first(1000)).await.unwrap().rows.len() };
        for _ in 0..6000 {
            if tickets().await >= count {
                tokio::time::sleep(Duration::from_secs(30)).await;
                assert_eq!(tickets().await, count);
                return;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("{} of {count} tickets", tickets().await);
    }
}

impl Working {
    /// It stops in order.
    async fn stops(self) {
        self.stop.send(()).unwrap();
        self.running.await.unwrap().unwrap();
    }

    /// It is gone without a word.
    fn dies(self) {
        self.running.abort();
        self.cut.store(true, Ordering::SeqCst);
    }

    fn is_cut_off(&self) {
        self.cut.store(true, Ordering::SeqCst);
    }

    fn is_back(&self) {
        self.cut.store(false, Ordering::SeqCst);
        self.mended.notify_waiters();
    }
}
