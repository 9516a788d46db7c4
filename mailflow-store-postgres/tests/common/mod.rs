//! What the tests share.
#![allow(dead_code, reason = "each test uses what it needs")]

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use mailflow_core::store::{Changeset, Committed, Entry, Record, Store as _};
use mailflow_store_postgres::{Options, PostgresStore};
use mailflow_test::postgres::Database;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{UnixListener, UnixStream};

pub async fn open(database: &Database) -> PostgresStore {
    PostgresStore::open(&database.url(), Options::default()).await.unwrap()
}

pub fn changeset(records: Vec<Record>) -> Changeset {
    Changeset { entries: records.into_iter().map(Entry::Insert).collect(), first_ticket_number: 1 }
}

pub async fn insert(store: &PostgresStore, records: Vec<Record>) -> Committed {
    store.commit(changeset(records)).await.unwrap()
}

/// Stands between a store and its database, and counts how often the one waits for the other.
pub struct Between {
    folder: tempfile::TempDir,
    url: String,
    trips: Arc<AtomicUsize>,
}

impl Between {
    pub fn start(database: &Database) -> Self {
        let folder = tempfile::TempDir::new().unwrap();
        let listener = UnixListener::bind(folder.path().join(".s.PGSQL.5432")).unwrap();
        let socket = database.socket();
        let url =
            format!("postgres://postgres@/{}?host={}&sslmode=disable", database.name(), folder.path().display());
        let trips = Arc::new(AtomicUsize::new(0));
        tokio::spawn(accept(listener, socket, Arc::clone(&trips)));
        Self { folder, url, trips }
    }

    pub fn url(&self) -> &str {
        assert!(self.folder.path().exists());
        &self.url
    }

    /// How often the store has sent something after it was answered.
    pub fn trips(&self) -> usize {
        self.trips.load(Ordering::SeqCst)
    }
}

async fn accept(listener: UnixListener, socket: PathBuf, trips: Arc<AtomicUsize>) {
    while let Ok((client, _)) = listener.accept().await {
        let server = UnixStream::connect(&socket).await.unwrap();
        let (from_client, to_client) = client.into_split();
        let (from_server, to_server) = server.into_split();
        let answered = Arc::new(AtomicBool::new(true));
        let (trips, asked) = (Arc::clone(&trips), Arc::clone(&answered));
        tokio::spawn(pass(from_client, to_server, move || {
            if asked.swap(false, Ordering::SeqCst) {
                trips.fetch_add(1, Ordering::SeqCst);
            }
        }));
        tokio::spawn(pass(from_server, to_client, move || answered.store(true, Ordering::SeqCst)));
    }
}

async fn pass(
    mut from: tokio::net::unix::OwnedReadHalf,
    mut to: tokio::net::unix::OwnedWriteHalf,
    passed: impl Fn() + Send,
) {
    let mut bytes = vec![0; 1 << 16];
    while let Ok(length) = from.read(&mut bytes).await {
        if length == 0 {
            return;
        }
        passed();
        if to.write_all(bytes.get(..length).unwrap_or_default()).await.is_err() {
            return;
        }
    }
}
