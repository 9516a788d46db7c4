//! The rules that every store must pass, for the memory store.
#![cfg(feature = "store")]

use std::sync::Arc;

use mailflow_core::store::MemoryStore;
use mailflow_test::store::{InMemory, Place};

fn place() -> Arc<dyn Place> {
    Arc::new(InMemory::new(MemoryStore::new()))
}

mailflow_test::store_rules!(place());
