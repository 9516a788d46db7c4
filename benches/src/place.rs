//! [`Either`]: a store that is named on the command line: a file of SQLite, or the URL of a PostgreSQL database.

use async_trait::async_trait;
use mailflow_core::digest::Digest;
use mailflow_core::store::{Changeset, CommitError, Committed, Found, Key, Loaded, Page, Query, Store, StoreError};
use mailflow_core::time::Timestamp;
use mailflow_store_postgres::PostgresStore;
use mailflow_store_sqlite::SqliteStore;

/// A store of either kind.
#[derive(Debug)]
pub enum Either {
    /// In a file.
    Sqlite(SqliteStore),
    /// In a PostgreSQL database.
    Postgres(Box<PostgresStore>),
}

/// Opens the store that a file name or a URL `postgres://…` names.
///
/// # Errors
/// [`StoreError`] if it cannot be opened.
pub async fn open(place: &str, options: mailflow_store_sqlite::Options) -> Result<Either, StoreError> {
    Ok(if is_url(place) {
        Either::Postgres(Box::new(PostgresStore::open(place, mailflow_store_postgres::Options::default()).await?))
    } else {
        Either::Sqlite(SqliteStore::open(place, options)?)
    })
}

/// Whether the place is a URL.
pub fn is_url(place: &str) -> bool {
    place.starts_with("postgres://") || place.starts_with("postgresql://")
}

impl Either {
    fn store(&self) -> &dyn Store {
        match self {
            Self::Sqlite(store) => store,
            Self::Postgres(store) => &**store,
        }
    }
}

#[async_trait]
impl Store for Either {
    async fn load(&self, keys: &[Key]) -> Result<Vec<Loaded>, StoreError> {
        self.store().load(keys).await
    }

    async fn find(&self, query: &Query, page: &Page) -> Result<Found, StoreError> {
        self.store().find(query, page).await
    }

    async fn commit(&self, changes: Changeset) -> Result<Committed, CommitError> {
        self.store().commit(changes).await
    }

    async fn keep_body(&self, bytes: Vec<u8>) -> Result<Digest, StoreError> {
        self.store().keep_body(bytes).await
    }

    async fn body(&self, digest: &Digest) -> Result<Option<Vec<u8>>, StoreError> {
        self.store().body(digest).await
    }

    async fn erase_body(&self, digest: &Digest) -> Result<(), StoreError> {
        self.store().erase_body(digest).await
    }

    async fn now(&self) -> Result<Timestamp, StoreError> {
        self.store().now().await
    }

    async fn check_shape(&self) -> Result<(), StoreError> {
        self.store().check_shape().await
    }
}
