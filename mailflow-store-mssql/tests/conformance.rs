//! The rules that every store must pass, for SQL Server.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use std::sync::Arc;

use async_trait::async_trait;
use mailflow_core::store::Store;
use mailflow_store_mssql::{MssqlStore, Options};
use mailflow_test::mssql::{self, Database};
use mailflow_test::store::{InMemory, Place};

/// A database of its own.
struct InDatabase(Database);

#[async_trait]
impl Place for InDatabase {
    async fn open(&self) -> Arc<dyn Store> {
        Arc::new(MssqlStore::open(&self.0.url(), Options::default()).await.unwrap())
    }
}

fn place() -> Arc<dyn Place> {
    if mssql::is_there() {
        Arc::new(InDatabase(Database::fresh()))
    } else {
        // It was said that it is left out.
        Arc::new(InMemory::new(mailflow_core::store::MemoryStore::new()))
    }
}

mailflow_test::store_rules!(place());
