//! The rules that every store must pass, for SQLite.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use std::sync::{Arc, Mutex, Weak};

use async_trait::async_trait;
use mailflow_core::store::Store;
use mailflow_store_sqlite::{Options, SqliteStore};
use mailflow_test::store::Place;
use tempfile::TempDir;

/// A file in a folder of its own.
struct InFile {
    folder: TempDir,
    open: Mutex<Weak<SqliteStore>>,
}

#[async_trait]
impl Place for InFile {
    async fn open(&self) -> Arc<dyn Store> {
        let mut open = self.open.lock().unwrap();
        assert_eq!(open.strong_count(), 0, "the store before was dropped");
        let store = SqliteStore::open(self.folder.path().join("desk.db"), Options::default()).unwrap();
        let store = Arc::new(store);
        *open = Arc::downgrade(&store);
        store
    }
}

fn place() -> Arc<dyn Place> {
    Arc::new(InFile { folder: TempDir::new().unwrap(), open: Mutex::default() })
}

mailflow_test::store_rules!(place());
