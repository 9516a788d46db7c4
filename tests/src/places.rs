//! [`Kind`]: the kinds of stores there are, and an empty place of each.

use std::sync::Arc;

use async_trait::async_trait;
use mailflow_core::store::{MemoryStore, Store};
use mailflow_store_mssql::MssqlStore;
use mailflow_store_postgres::PostgresStore;
use mailflow_store_sqlite::SqliteStore;
use mailflow_test::store::{InMemory, Place};
use mailflow_test::{mssql, postgres};
use tempfile::TempDir;

/// A kind of store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// In memory.
    Memory,
    /// An SQLite file.
    Sqlite,
    /// A database of a private PostgreSQL.
    Postgres,
    /// A database of the SQL Server that `MAILFLOW_TEST_MSSQL_URL` names.
    Mssql,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Memory, Self::Sqlite, Self::Postgres, Self::Mssql];

    /// The word for it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Memory => "memory",
            Self::Sqlite => "sqlite",
            Self::Postgres => "postgres",
            Self::Mssql => "mssql",
        }
    }

    /// Whether there can be such a store on this machine; if not, it is said loudly.
    pub fn is_there(self) -> bool {
        match self {
            Self::Memory | Self::Sqlite => true,
            Self::Postgres => postgres::is_there(),
            Self::Mssql => mssql::is_there(),
        }
    }

    /// An empty one.
    pub fn place(self) -> Arc<dyn Place> {
        match self {
            Self::Memory => Arc::new(InMemory::new(MemoryStore::new())),
            Self::Sqlite => Arc::new(InFile(TempDir::new().unwrap())),
            Self::Postgres => Arc::new(InPostgres(postgres::Database::fresh())),
            Self::Mssql => Arc::new(InMssql(mssql::Database::fresh())),
        }
    }

    /// An empty store, and its place, which goes with it. Where there is no such store, it was said that it is left out,
    /// and this is one in memory.
    pub async fn store(self) -> (Arc<dyn Store>, Arc<dyn Place>) {
        let place = if self.is_there() { self.place() } else { Self::Memory.place() };
        (place.open().await, place)
    }
}

struct InFile(TempDir);

#[async_trait]
impl Place for InFile {
    async fn open(&self) -> Arc<dyn Store> {
        let file = self.0.path().join("desk.db");
        Arc::new(SqliteStore::open(file, mailflow_store_sqlite::Options::default()).unwrap())
    }
}

struct InPostgres(postgres::Database);

#[async_trait]
impl Place for InPostgres {
    async fn open(&self) -> Arc<dyn Store> {
        Arc::new(PostgresStore::open(&self.0.url(), mailflow_store_postgres::Options::default()).await.unwrap())
    }
}

struct InMssql(mssql::Database);

#[async_trait]
impl Place for InMssql {
    async fn open(&self) -> Arc<dyn Store> {
        Arc::new(MssqlStore::open(&self.0.url(), mailflow_store_mssql::Options::default()).await.unwrap())
    }
}
