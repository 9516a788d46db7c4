//! [`PostgresStore`]: the store in a PostgreSQL database.

use std::sync::Arc;

use async_trait::async_trait;
use deadpool_postgres::Pool;
use mailflow_core::digest::Digest;
use mailflow_core::store::{Changeset, CommitError, Committed, Found, Key, Loaded, Page, Query, Store, StoreError};
use mailflow_core::time::Timestamp;
use mailflow_store_rows::bodies::{MAX_INLINE, Waiting, pack_large};
use mailflow_store_rows::jobs::{Job, Jobs};
use mailflow_store_rows::prepared::Prepared;
use mailflow_store_rows::{touched, writer};

use crate::changes::{Changes, Listener};
use crate::error::OrFailed as _;
use crate::url::Target;
use crate::writer::Writes;
use crate::{bodies, connection, find, load, migrate};

/// The most bytes of what contacts are sorted by.
const MAX_SORT_NAME: usize = 2000;

/// How a database is used. The default suits a server with up to a few dozen agents.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Options {
    /// How many connections this server has at most, besides the one that listens; at least 2.
    pub connections: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self { connections: 8 }
    }
}

/// A store in a PostgreSQL database (version 13 or later). Several servers may have it open at the same time.
///
/// What `commit` said yes to is on the disk of the PostgreSQL server (`synchronous_commit` is on, also where the
/// database says `off`). Bodies are kept in the database, up to 2 GiB each. When the value is dropped, what waits to be
/// written is written in the background of the runtime.
#[derive(Debug)]
pub struct PostgresStore {
    target: Target,
    pool: Pool,
    jobs: Jobs,
    waiting: Arc<Waiting>,
    listener: Listener,
}

impl PostgresStore {
    /// Opens the database that a URL names, and brings it to the newest shape:
    /// `postgres://USER:PASSWORD@HOST:PORT/DATABASE?sslmode=verify-full`.
    ///
    /// `sslmode` is as in libpq: `disable`, `prefer` (the default; certificates are not checked), `require`, `verify-ca`,
    /// `verify-full`; the last two trust whom the system trusts, or the file that `sslrootcert` names. With
    /// `options=-csearch_path%3DNAME` the tables are in the schema of this name.
    ///
    /// # Errors
    /// [`StoreError`]: [`is_transient`](StoreError::is_transient) if the server is out of reach;
    /// [`is_unusable`](StoreError::is_unusable) if the URL is wrong, a right is missing, or the database is of another
    /// program or of a later version of mailflow. Its words say what to do.
    pub async fn open(url: &str, options: Options) -> Result<Self, StoreError> {
        let target = Target::read(url)?;
        let pool = connection::pool(&target, options.connections.max(2))?;
        let client = connection::first(&pool, &target).await?;
        migrate::migrate(&client, &target).await?;
        drop(client);
        bodies::tidy(&pool).await?;
        let waiting = Arc::new(Waiting::default());
        // How others know who said something.
        let name = touched::name()?;
        let database = target.database().to_owned();
        let writes = Writes { pool: pool.clone(), name: name.clone(), database };
        let jobs = writer::start(writes, Arc::clone(&waiting));
        let listener = Listener::new(target.clone(), name);
        Ok(Self { target, pool, jobs, waiting, listener })
    }

    /// What other servers on the same database commit, from now on.
    pub fn changes(&self) -> Changes {
        self.listener.listen(self.pool.clone())
    }
}

#[async_trait]
impl Store for PostgresStore {
    async fn now(&self) -> Result<Timestamp, StoreError> {
        let doing = "asking the database for the time";
        let client = connection::take(&self.pool).await?;
        let sql = "SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint";
        let statement = crate::pipeline::prepare(&client, sql, doing).await?;
        let row = client.query_one(&statement, &[]).await.or_failed(doing)?;
        Ok(Timestamp::from_millis(row.try_get(0).or_failed(doing)?))
    }

    async fn check_shape(&self) -> Result<(), StoreError> {
        let client = connection::take(&self.pool).await?;
        migrate::taken(&client, &self.target).await.map(drop)
    }

    async fn load(&self, keys: &[Key]) -> Result<Vec<Loaded>, StoreError> {
        load::load(&self.pool, keys).await
    }

    async fn find(&self, query: &Query, page: &Page) -> Result<Found, StoreError> {
        find::find(&self.pool, query, page).await
    }

    async fn commit(&self, changes: Changeset) -> Result<Committed, CommitError> {
        changes.only_adds_to_the_audit()?;
        let prepared = Prepared::new(changes, MAX_SORT_NAME)?;
        self.jobs.run(|answer| Job::Commit(prepared, answer)).await
    }

    async fn keep_body(&self, bytes: Vec<u8>) -> Result<Digest, StoreError> {
        if bytes.len() > MAX_INLINE {
            let size = bytes.len();
            let (digest, packed) = pack_large(bytes).await?;
            bodies::write_large(&self.pool, digest, &packed, size).await?;
            return Ok(digest);
        }
        let (digest, many_wait) = self.waiting.keep_small(&bytes)?;
        if many_wait {
            self.jobs.run(Job::WriteBodies).await?;
        }
        Ok(digest)
    }

    async fn body(&self, digest: &Digest) -> Result<Option<Vec<u8>>, StoreError> {
        bodies::read(&self.pool, &self.waiting, digest).await
    }

    async fn erase_body(&self, digest: &Digest) -> Result<(), StoreError> {
        let digest = *digest;
        self.jobs.run(|answer| Job::EraseBody(digest, answer)).await
    }
}
