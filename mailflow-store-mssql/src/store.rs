//! [`MssqlStore`]: the store in a SQL Server database.

use std::sync::Arc;

use async_trait::async_trait;
use mailflow_core::digest::Digest;
use mailflow_core::store::{Changeset, CommitError, Committed, Found, Key, Loaded, Page, Query, Store, StoreError};
use mailflow_core::time::Timestamp;
use mailflow_store_rows::bodies::{MAX_INLINE, Waiting, pack_large};
use mailflow_store_rows::jobs::{Job, Jobs};
use mailflow_store_rows::prepared::Prepared;
use mailflow_store_rows::{touched, writer};

use crate::bodies::NOW;
use crate::changes::Changes;
use crate::connection::Pool;
use crate::error::OrFailed as _;
use crate::statements::MAX_SORT_NAME;
use crate::url::Target;
use crate::writer::Writes;
use crate::{bodies, connection, find, load, migrate};

/// How a database is used. The default suits a server with up to a few dozen agents.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Options {
    /// How many connections this server has at most; at least 2.
    pub connections: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self { connections: 8 }
    }
}

/// A store in a SQL Server database (2017 or later, or Azure SQL). Several servers may have it open at the same time.
///
/// What `commit` said yes to is on the disk of the SQL Server, unless its administrator has set delayed durability. Bodies
/// are kept in the database, up to 2 GiB each. When the value is dropped, what waits to be written is written in the
/// background of the runtime.
#[derive(Debug)]
pub struct MssqlStore {
    target: Target,
    pool: Pool,
    jobs: Jobs,
    waiting: Arc<Waiting>,
    /// How this process is known to other servers.
    name: Arc<str>,
    /// As long as it is there, so is the store.
    there: Arc<()>,
}

impl MssqlStore {
    /// Opens the database that a URL names, and brings it to the newest shape:
    /// `mssql://USER:PASSWORD@HOST:PORT/DATABASE`. What ADO.NET calls a connection string
    /// (`Server=tcp:HOST,PORT;Database=…;User Id=…;Password=…`) is taken too.
    ///
    /// The connection is protected and the server's certificate checked, unless the URL says otherwise: `encrypt=strict`
    /// (TDS 8.0), `true` (the default) or `false` (only signing in is protected); `trust_server_certificate=true` checks
    /// nothing; `ca=FILE` names certificates to be trusted besides those of the system; `host_name_in_certificate=NAME`.
    /// The database needs the options `READ_COMMITTED_SNAPSHOT` and `ALLOW_SNAPSHOT_ISOLATION`; they are set if the user
    /// may do so.
    ///
    /// # Errors
    /// [`StoreError`]: [`is_transient`](StoreError::is_transient) if the server is out of reach;
    /// [`is_unusable`](StoreError::is_unusable) if the URL is wrong, a right is missing, or the database is of another
    /// program or of a later version of mailflow. Its words say what to do.
    pub async fn open(url: &str, options: Options) -> Result<Self, StoreError> {
        let target = Target::read(url)?;
        let pool = connection::pool(&target, options.connections.max(2))?;
        let mut connection = connection::first(&pool, &target).await?;
        let result = migrate::migrate(&mut connection, &target).await;
        // It is not kept: it may be in the middle of something.
        drop(connection::Object::take(connection));
        result?;
        bodies::tidy(&pool).await?;
        let waiting = Arc::new(Waiting::default());
        let name: Arc<str> = touched::name()?.into();
        let writes = Writes { pool: pool.clone(), name: Arc::clone(&name), database: target.database.clone() };
        let jobs = writer::start(writes, Arc::clone(&waiting));
        Ok(Self { target, pool, jobs, waiting, name, there: Arc::default() })
    }

    /// Tells what other servers on the same database commit, from now on: what they did is asked for once a second. What
    /// it tells goes to [`Mailflow::hear`](mailflow_core::flow::Mailflow::hear).
    pub fn changes(&self) -> Changes {
        Changes::new(self.pool.clone(), Arc::clone(&self.name), &self.there)
    }
}

#[async_trait]
impl Store for MssqlStore {
    async fn now(&self) -> Result<Timestamp, StoreError> {
        let doing = "asking the database for the time";
        let mut connection = connection::take(&self.pool).await?;
        let answers = connection.run(&format!("SELECT {NOW} AS now")).await.or_failed(doing)?;
        let row = answers.first().and_then(|rows| rows.first()).ok_or_else(crate::error::closed)?;
        Ok(Timestamp::from_millis(row.integer(0)?))
    }

    async fn check_shape(&self) -> Result<(), StoreError> {
        let mut connection = connection::take(&self.pool).await?;
        migrate::taken(&mut connection, &self.target).await.map(drop)
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
