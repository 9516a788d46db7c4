//! The rules. Each takes an empty place, and panics where its store does not keep the rule.
#![expect(missing_docs, reason = "the name of a rule is the sentence that states it")]

use std::collections::BTreeSet;
use std::sync::Arc;

use mailflow_core::store::{
    Changeset, CommitError, Committed, Entry, Found, Kept, Key, Loaded, Page, Query, Record, RecordKind, Row, Store,
    Version,
};

use super::Place;

pub mod bodies;
pub mod commits;
pub mod durability;
pub mod everything;
pub mod lists;
pub mod model;
pub mod numbers;
pub mod races;
pub mod searches;
pub mod shape;
pub mod texts;
pub mod trail;
pub mod turns;

/// A changeset of these entries, whose tickets are numbered from 1.
fn changeset(entries: Vec<Entry>) -> Changeset {
    Changeset { entries, first_ticket_number: 1 }
}

/// Inserts records that are not there yet.
async fn insert(store: &dyn Store, records: impl IntoIterator<Item = Record>) -> Committed {
    let entries = records.into_iter().map(Entry::Insert).collect();
    store.commit(changeset(entries)).await.expect("records that are not there can be inserted")
}

/// Replaces whatever is under the record's key.
async fn replace(store: &dyn Store, record: impl Into<Record>) -> Committed {
    let record = record.into();
    let version = load(store, &record.key()).await.version;
    store.commit(changeset(vec![Entry::Replace(version, record)])).await.expect("a record can be replaced")
}

/// Erases what is under a key.
async fn erase(store: &dyn Store, key: Key) -> Committed {
    let version = load(store, &key).await.version;
    store.commit(changeset(vec![Entry::Erase(key, version)])).await.expect("a record can be erased")
}

async fn load(store: &dyn Store, key: &Key) -> Loaded {
    let mut loaded = store.load(std::slice::from_ref(key)).await.expect("a store can be read");
    assert_eq!(loaded.len(), 1, "one key has one answer");
    loaded.remove(0)
}

async fn get<T: Kept>(store: &dyn Store, key: &Key) -> Option<T> {
    load(store, key).await.record.and_then(T::take)
}

/// The keys of a conflict, if it was one.
fn conflict(result: Result<Committed, CommitError>) -> Option<BTreeSet<Key>> {
    match result {
        Err(CommitError::Conflict(keys)) => Some(keys.into_iter().collect()),
        _ => None,
    }
}

async fn find(store: &dyn Store, query: &Query, page: &Page) -> Found {
    store.find(query, page).await.expect("a list can be read")
}

/// All rows of a list, read in pages of this size. Each page is checked to be full if another one follows.
async fn all_rows(store: &dyn Store, query: &Query, limit: u32) -> Vec<Row> {
    let mut rows = Vec::new();
    let mut page = Page::first(limit);
    loop {
        let found = find(store, query, &page).await;
        assert!(found.rows.len() <= limit as usize, "a page has at most as many rows as it was asked for");
        rows.extend(found.rows.iter().cloned());
        match found.next {
            Some(cursor) => {
                assert_eq!(found.rows.len(), limit as usize, "a page that another one follows is full");
                page = Page::after(limit, cursor);
            }
            None => return rows,
        }
    }
}

/// The keys of the records of a list.
fn keys(rows: &[Row]) -> Vec<Key> {
    rows.iter()
        .filter_map(|row| match row {
            Row::Record(_, record) => Some(record.key()),
            _ => None,
        })
        .collect()
}

/// A version that no commit of a short test ever gives.
const NEVER: Version = Version::new(1 << 40);

type Opened = Arc<dyn Store>;

async fn open(place: &Arc<dyn Place>) -> Opened {
    place.open().await
}
