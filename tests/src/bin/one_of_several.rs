//! One of several servers on a PostgreSQL database: `one_of_several URL NAME KEY-FILE LEASE-MS SKEW-S FAULT`. Its clock is
//! SKEW-S seconds ahead, or as many as a line on stdin says since; FAULT is `nothing`, or what is planted for tests that have to find it.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use mailflow_core::digest::Digest;
use mailflow_core::flow::{Error, Mailflow};
use mailflow_core::mail::Keyring;
use mailflow_core::store::{
    Changeset, CommitError, Committed, Entry, Found, Key, Loaded, Page, Query, Record, Store, StoreError, Version,
};
use mailflow_core::time::{Clock, SystemClock, Timestamp};
use mailflow_store_postgres::{Options, PostgresStore};
use mailflow_transport::Connectors;
use mailflow_transport::seal::KeyFile;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

/// How long until it tries again to begin, if the database is out of reach.
const AGAIN: Duration = Duration::from_millis(100);

/// How long it may take to take a task, if it is slow.
const SLOW_MS: u32 = 450;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    /// None: the control of the controls.
    Nothing,
    /// What a task writes does not rely on its lease.
    NoEpochCheck,
    /// None, but it takes its time to take a task: the control of the next one.
    Slow,
    /// A task that was not got, because something changed while it took its time, is taken all the same.
    RenewsAnyway,
}

#[tokio::main]
async fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let fault = match arguments[5].as_str() {
        "nothing" => Fault::Nothing,
        "no-epoch-check" => Fault::NoEpochCheck,
        "slow" => Fault::Slow,
        "renews-anyway" => Fault::RenewsAnyway,
        other => panic!("no such fault: {other}"),
    };
    let (stop, stopping) = watch::channel(false);
    let mut terminate = signal(SignalKind::terminate()).unwrap();
    tokio::spawn(async move {
        terminate.recv().await;
        stop.send_replace(true);
    });
    let skew: &'static AtomicI64 = Box::leak(Box::new(AtomicI64::new(arguments[4].parse().unwrap())));
    std::thread::spawn(move || {
        for line in std::io::stdin().lines() {
            // Whoever started this was killed while it wrote.
            let Some(ahead) = line.ok().and_then(|line| line.parse().ok()) else { return };
            skew.store(ahead, Ordering::SeqCst);
        }
    });
    loop {
        match work(&arguments, fault, skew, stopping.clone()).await {
            Err(error) if error.is_transient() && *stopping.borrow() => return,
            Err(error) if error.is_transient() => tokio::time::sleep(AGAIN).await,
            ended => return ended.unwrap(),
        }
    }
}

async fn work(
    arguments: &[String],
    fault: Fault,
    skew: &'static AtomicI64,
    mut stopping: watch::Receiver<bool>,
) -> Result<(), Error> {
    let store = PostgresStore::open(&arguments[0], Options::default()).await?;
    let changes = store.changes();
    let key = Arc::new(KeyFile::open_or_create(&arguments[2]).unwrap());
    let flow = Mailflow::builder(Faulty { right: store, fault })
        .keyring(Keyring::new(1, key.secret("thread tokens 1")))
        .network(Connectors::new(key))
        .clock(Skewed(skew))
        .server(&arguments[1])
        .server_lasts(Duration::from_millis(arguments[3].parse().unwrap()))
        .build()
        .await?;
    let shutdown = async move {
        let _ = stopping.wait_for(|stopping| *stopping).await;
    };
    tokio::select! {
        ended = flow.run(shutdown) => ended,
        () = changes.tell(flow.clone()) => Ok(()),
    }
}

/// A clock that is so many seconds ahead.
struct Skewed(&'static AtomicI64);

#[async_trait]
impl Clock for Skewed {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(SystemClock.now().as_millis() + self.0.load(Ordering::SeqCst) * 1000)
    }

    async fn sleep_until(&self, until: Timestamp) {
        // In steps, because it may be set meanwhile.
        loop {
            let left = until.since(self.now());
            if left.is_zero() {
                return;
            }
            tokio::time::sleep(left.min(Duration::from_millis(200))).await;
        }
    }
}

struct Faulty {
    right: PostgresStore,
    fault: Fault,
}

impl Faulty {
    /// Writes what was refused, over whatever is there.
    async fn anyway(&self, records: Vec<Record>) -> Result<Committed, CommitError> {
        let keys: Vec<Key> = records.iter().map(Record::key).collect();
        let there = self.right.load(&keys).await?;
        let write = |(loaded, record): (Loaded, Record)| match loaded.version {
            Version::ABSENT => Entry::Insert(record),
            version => Entry::Replace(version, record),
        };
        let entries = there.into_iter().zip(records).map(write).collect();
        self.right.commit(Changeset { entries, first_ticket_number: 1 }).await
    }
}

#[async_trait]
impl Store for Faulty {
    async fn now(&self) -> Result<Timestamp, StoreError> {
        self.right.now().await
    }

    async fn check_shape(&self) -> Result<(), StoreError> {
        self.right.check_shape().await
    }

    async fn load(&self, keys: &[Key]) -> Result<Vec<Loaded>, StoreError> {
        self.right.load(keys).await
    }

    async fn find(&self, query: &Query, page: &Page) -> Result<Found, StoreError> {
        self.right.find(query, page).await
    }

    async fn commit(&self, mut changes: Changeset) -> Result<Committed, CommitError> {
        if self.fault == Fault::NoEpochCheck {
            changes.entries.retain(|entry| !matches!(entry, Entry::RelyOn(Key::Lease(_), _)));
        }
        let takes = |record: &&Record| matches!(record, Record::Lease(lease) if lease.holder.is_some());
        let leases: Vec<Record> = changes.records().filter(takes).cloned().collect();
        if !leases.is_empty() && matches!(self.fault, Fault::Slow | Fault::RenewsAnyway) {
            let millis = getrandom::u32().unwrap_or_default() % SLOW_MS;
            tokio::time::sleep(Duration::from_millis(millis.into())).await;
        }
        match self.right.commit(changes).await {
            Err(CommitError::Conflict(_)) if self.fault == Fault::RenewsAnyway && !leases.is_empty() => {
                self.anyway(leases).await
            }
            result => result,
        }
    }

    async fn keep_body(&self, bytes: Vec<u8>) -> Result<Digest, StoreError> {
        self.right.keep_body(bytes).await
    }

    async fn body(&self, digest: &Digest) -> Result<Option<Vec<u8>>, StoreError> {
        self.right.body(digest).await
    }

    async fn erase_body(&self, digest: &Digest) -> Result<(), StoreError> {
        self.right.erase_body(digest).await
    }
}
