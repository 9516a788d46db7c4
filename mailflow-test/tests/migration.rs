//! Taking everything from one store into another, and what must not happen on the way.
#![cfg(feature = "store")]
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use mailflow_core::arrival::ArrivalState;
use mailflow_core::digest::Digest;
use mailflow_core::store::migrate::{MigrateError, migrate, refuse_unfinished};
use mailflow_core::store::{
    Changeset, CommitError, Committed, Entry, Found, Key, Loaded, MemoryStore, Page, Query, Record, Store,
    StoreError, StoreErrorKind, dump,
};
use mailflow_core::ticket::Ticket;
use mailflow_core::time::Timestamp;
use mailflow_test::store::broken::{Broken, Fault};
use mailflow_test::store::samples::{BODY, arrival, event_id, one_of_each, settings, ticket, ticket_id};

fn changeset(entries: Vec<Entry>) -> Changeset {
    Changeset { entries, first_ticket_number: 1 }
}

fn arrival_key(number: u64) -> Key {
    Record::from(arrival(number, BODY, ArrivalState::Received)).key()
}

/// A store with some of everything, an erased body, and an erased ticket that had the highest number.
async fn full(store: impl Store, count: u64) -> impl Store {
    store.keep_body(BODY.to_vec()).await.unwrap();
    let mut records: Vec<Record> = (1..=count).flat_map(one_of_each).collect();
    // There is one stamp.
    let mut stamps = 0..1;
    records.retain(|it| it.key() != Key::Directory || stamps.next().is_some());
    // No server may be at work.
    records.push(settings());
    let last = Ticket { number: 5_000_000, ..ticket(900_000) };
    records.push(last.into());
    let committed = store.commit(changeset(records.into_iter().map(Entry::Insert).collect())).await.unwrap();
    let gone = [Key::Ticket(ticket_id(900_000)), Key::Event(event_id(1)), arrival_key(1)];
    let gone = gone.map(|key| Entry::Erase(key, committed.version));
    store.commit(changeset(gone.to_vec())).await.unwrap();
    store.erase_body(&Digest::of(BODY)).await.unwrap();
    store
}

async fn dumped(store: &dyn Store) -> String {
    let mut text = String::new();
    let tell = |line: &str| -> Result<(), StoreError> {
        text.push_str(line);
        text.push('\n');
        Ok(())
    };
    dump::dump(store, tell).await.unwrap();
    text
}

/// A store that fails after so many commits.
struct Failing {
    inner: MemoryStore,
    commits: AtomicUsize,
}

#[async_trait]
impl Store for Failing {
    async fn now(&self) -> Result<Timestamp, StoreError> {
        self.inner.now().await
    }

    async fn check_shape(&self) -> Result<(), StoreError> {
        self.inner.check_shape().await
    }

    async fn load(&self, keys: &[Key]) -> Result<Vec<Loaded>, StoreError> {
        self.inner.load(keys).await
    }

    async fn find(&self, query: &Query, page: &Page) -> Result<Found, StoreError> {
        self.inner.find(query, page).await
    }

    async fn commit(&self, changes: Changeset) -> Result<Committed, CommitError> {
        let left = |left: usize| left.checked_sub(1);
        if self.commits.fetch_update(Ordering::SeqCst, Ordering::SeqCst, left).is_err() {
            return Err(StoreError::new(StoreErrorKind::Transient, "the cable was pulled").into());
        }
        self.inner.commit(changes).await
    }

    async fn keep_body(&self, bytes: Vec<u8>) -> Result<Digest, StoreError> {
        self.inner.keep_body(bytes).await
    }

    async fn body(&self, digest: &Digest) -> Result<Option<Vec<u8>>, StoreError> {
        self.inner.body(digest).await
    }

    async fn erase_body(&self, digest: &Digest) -> Result<(), StoreError> {
        self.inner.erase_body(digest).await
    }
}

#[tokio::test]
async fn everything_arrives_with_erased_bodies_and_numbers_that_were_given() {
    let from = full(MemoryStore::new(), 250).await;
    let to = MemoryStore::new();
    let mut last = None;
    let migrated = migrate(&from, &to, |step| last = Some(step)).await.unwrap();
    assert!(last.is_some() && migrated.resumed == 0);
    assert_eq!(dumped(&to).await, dumped(&from).await);
    // What was erased cannot come back by being taken in once more.
    let again = to.commit(changeset(vec![Entry::Insert(arrival(1, BODY, ArrivalState::Received).into())])).await;
    assert!(matches!(&again, Err(CommitError::Conflict(keys)) if *keys == [arrival_key(1)]), "{again:?}");
    assert_eq!(migrated.kinds.iter().map(|(_, tally)| tally.erased).sum::<u64>(), 3);
    let committed = to.commit(changeset(vec![Entry::Insert(ticket(900_001).into())])).await.unwrap();
    assert_eq!(committed.numbers.first().map(|it| it.1), Some(5_000_001), "no number is given twice");
    assert!(matches!(migrate(&from, &to, |_| ()).await, Err(MigrateError::NotEmpty)), "it has a desk now");
}

#[tokio::test]
async fn a_migration_that_was_cut_off_goes_on_wherever_that_was() {
    let from = full(MemoryStore::new(), 20).await;
    let expected = dumped(&from).await;
    let mut commits = 0;
    loop {
        let to = Failing { inner: MemoryStore::new(), commits: commits.into() };
        if migrate(&from, &to, |_| ()).await.is_ok() {
            break;
        }
        to.commits.store(usize::MAX, Ordering::SeqCst);
        // Before the first commit there is nothing yet.
        assert_eq!(refuse_unfinished(&to).await.is_err(), commits > 0, "nobody opens it before it is done");
        migrate(&from, &to, |_| ()).await.unwrap();
        refuse_unfinished(&to).await.unwrap();
        assert_eq!(dumped(&to).await, expected, "cut off after {commits} commits");
        commits += 1;
    }
    assert!(commits > 15, "{commits}");
}

#[tokio::test]
async fn a_target_with_anything_else_in_it_is_refused() {
    let from = full(MemoryStore::new(), 2).await;
    let to = MemoryStore::new();
    to.commit(changeset(vec![Entry::Insert(ticket(7).into())])).await.unwrap();
    assert!(matches!(migrate(&from, &to, |_| ()).await, Err(MigrateError::NotEmpty)));
    // One that was begun from another desk.
    let other = full(MemoryStore::new(), 3).await;
    let to = Failing { inner: MemoryStore::new(), commits: 4.into() };
    assert!(matches!(migrate(&other, &to, |_| ()).await, Err(MigrateError::Store(error)) if error.is_transient()));
    to.commits.store(usize::MAX, Ordering::SeqCst);
    assert!(matches!(migrate(&from, &to, |_| ()).await, Err(MigrateError::NotEmpty)));
}

#[tokio::test]
async fn a_desk_that_a_server_works_on_stays_where_it_is() {
    let from = full(MemoryStore::new(), 1).await;
    let name = "desk-1";
    let key = Key::Server(mailflow_core::server::Server::id_of(name));
    let loaded = from.load(&[key]).await.unwrap().remove(0);
    let Some(Record::Server(mut server)) = loaded.record else { panic!("there is a server") };
    server.until = Timestamp::from_millis(i64::MAX / 2);
    from.commit(changeset(vec![Entry::Replace(loaded.version, Record::Server(server))])).await.unwrap();
    let to = MemoryStore::new();
    assert!(matches!(migrate(&from, &to, |_| ()).await, Err(MigrateError::InUse(it)) if it == name));
    assert!(to.find(&Query::LastNumber, &Page::first(1)).await.is_ok());
}

#[tokio::test]
async fn the_comparison_finds_a_text_that_was_cut_a_record_or_tombstone_that_was_lost_and_a_body_that_was_changed() {
    let from = full(MemoryStore::new(), 3).await;
    from.keep_body(b"there".to_vec()).await.unwrap();
    let names_a_body = arrival(77, b"there", ArrivalState::Received).into();
    from.commit(changeset(vec![Entry::Insert(names_a_body)])).await.unwrap();
    migrate(&from, &MemoryStore::new(), |_| ()).await.unwrap();
    for fault in [Fault::TrimsText, Fault::LosesOne, Fault::ForgetsATombstone, Fault::ChangesBodies] {
        let to = Broken::new(fault);
        let error = migrate(&from, &to, |_| ()).await.unwrap_err();
        assert!(matches!(error, MigrateError::Different { .. }), "{fault:?}: {error}");
    }
}
