//! A store of your own: seven methods, and the rules of `mailflow-test` that say whether it is one.
//!
//! This one counts what it is asked for and leaves the work to another. A real one is begun in the same way: make the
//! rules pass, one after another.
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use mailflow_core::digest::Digest;
use mailflow_core::store::{
    Changeset, CommitError, Committed, Found, Key, Loaded, MemoryStore, Page, Query, Store, StoreError,
};
use mailflow_core::time::Timestamp;
use mailflow_test::store::{InMemory, RULES, Rule};

/// Counts reads and commits of the store inside.
#[derive(Clone)]
struct Counting<S> {
    inside: Arc<S>,
    reads: Arc<AtomicU64>,
    commits: Arc<AtomicU64>,
}

#[async_trait]
impl<S: Store> Store for Counting<S> {
    async fn now(&self) -> Result<Timestamp, StoreError> {
        self.inside.now().await
    }

    async fn check_shape(&self) -> Result<(), StoreError> {
        self.inside.check_shape().await
    }

    async fn load(&self, keys: &[Key]) -> Result<Vec<Loaded>, StoreError> {
        self.reads.fetch_add(1, Ordering::Relaxed);
        self.inside.load(keys).await
    }

    async fn find(&self, query: &Query, page: &Page) -> Result<Found, StoreError> {
        self.reads.fetch_add(1, Ordering::Relaxed);
        self.inside.find(query, page).await
    }

    async fn commit(&self, changes: Changeset) -> Result<Committed, CommitError> {
        self.commits.fetch_add(1, Ordering::Relaxed);
        self.inside.commit(changes).await
    }

    async fn keep_body(&self, bytes: Vec<u8>) -> Result<Digest, StoreError> {
        self.inside.keep_body(bytes).await
    }

    async fn body(&self, digest: &Digest) -> Result<Option<Vec<u8>>, StoreError> {
        self.inside.body(digest).await
    }

    async fn erase_body(&self, digest: &Digest) -> Result<(), StoreError> {
        self.inside.erase_body(digest).await
    }
}

/// In a project of your own this is one line: `mailflow_test::store_rules!(place());`. The rule that compares long random
/// runs with the memory store takes its time, and is left out here.
fn rules() -> impl Iterator<Item = &'static Rule> {
    RULES.iter().filter(|rule| rule.name != "the_store_answers_as_the_memory_store_does")
}

#[tokio::main]
async fn main() {
    let (reads, commits) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    for rule in rules() {
        let (reads, commits) = (Arc::clone(&reads), Arc::clone(&commits));
        let store = Counting { inside: Arc::new(MemoryStore::new()), reads, commits };
        (rule.check)(Arc::new(InMemory::new(store))).await; // Panics if the rule is broken.
        println!("kept: {}", rule.name.replace('_', " "));
    }
    println!("{} reads, {} commits", reads.load(Ordering::Relaxed), commits.load(Ordering::Relaxed));
}
