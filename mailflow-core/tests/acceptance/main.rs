//! The acceptance cases that core decides, as small stories: a customer writes, an agent answers, a server fails.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::any::Any;
use std::sync::Arc;

use mailflow_core::store::{MemoryStore, Store};

mod cluster;
#[path = "stories.rs"]
mod stories;

/// Sequences of at most so many actions are tried.
const DEEPEST: usize = 6;
/// A desk is killed at each so many-th of its writes.
const KILLED_EVERY: usize = 1;

/// An empty store, and what must live as long as it is used.
async fn fresh_store() -> (Arc<dyn Store>, Box<dyn Any + Send + Sync>) {
    (Arc::new(MemoryStore::new()), Box::new(()))
}
