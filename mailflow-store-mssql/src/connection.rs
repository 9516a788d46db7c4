//! Connections: how they are made, and what is set on each.

use std::time::Duration;

use deadpool::managed::{self, Metrics, PoolError, RecycleError, RecycleResult};
use mailflow_core::store::{StoreError, StoreErrorKind};

use crate::batch::Batch;
use crate::driver::{Answers, Connection, Trouble};
use crate::error::OrFailed as _;
use crate::url::Target;

/// The first error of a transaction undoes all of it. The settings of `ANSI` are those that filtered indexes need.
const SETTINGS: &str = "SET NOCOUNT ON; SET XACT_ABORT ON; SET IMPLICIT_TRANSACTIONS OFF; SET LOCK_TIMEOUT 10000;
    SET ANSI_NULLS ON; SET ANSI_PADDING ON; SET ANSI_WARNINGS ON; SET ARITHABORT ON; SET CONCAT_NULL_YIELDS_NULL ON;
    SET QUOTED_IDENTIFIER ON; SET NUMERIC_ROUNDABORT OFF; SET TRANSACTION ISOLATION LEVEL READ COMMITTED;";

/// How long a caller waits for a connection.
const WAIT: Duration = Duration::from_secs(30);
/// A connection that was not used for this long is asked whether it is there.
const ASK_AFTER: Duration = Duration::from_secs(5);

/// A pool of connections.
pub(crate) type Pool = managed::Pool<Manager>;
/// A connection out of a pool.
pub(crate) type Object = managed::Object<Manager>;

/// Makes connections.
#[derive(Debug)]
pub(crate) struct Manager(Target);

impl managed::Manager for Manager {
    type Type = Connection;
    type Error = Trouble;

    async fn create(&self) -> Result<Connection, Trouble> {
        let mut connection = Connection::open(&self.0).await?;
        connection.run(SETTINGS).await?;
        Ok(connection)
    }

    async fn recycle(&self, connection: &mut Connection, metrics: &Metrics) -> RecycleResult<Trouble> {
        if !connection.is_sound() {
            return Err(RecycleError::message("it is in the middle of something"));
        }
        if metrics.last_used() > ASK_AFTER {
            connection.run("SELECT 1").await?;
        }
        Ok(())
    }
}

/// A pool of at most so many connections. Each is made when it is needed.
pub(crate) fn pool(target: &Target, size: usize) -> Result<Pool, StoreError> {
    Pool::builder(Manager(target.clone()))
        .max_size(size)
        .runtime(deadpool::Runtime::Tokio1)
        .wait_timeout(Some(WAIT))
        .create_timeout(Some(WAIT))
        .recycle_timeout(Some(WAIT))
        .build()
        .map_err(|error| StoreError::new(StoreErrorKind::Other, "setting connections up").because(error))
}

/// A connection out of the pool.
pub(crate) async fn take(pool: &Pool) -> Result<Object, StoreError> {
    pool.get().await.or_failed("connecting to the SQL Server; it may be down or out of reach")
}

/// The first connection: what hinders it is said in words that help.
pub(crate) async fn first(pool: &Pool, target: &Target) -> Result<Object, StoreError> {
    let error = match pool.get().await {
        Ok(connection) => return Ok(connection),
        Err(PoolError::Backend(error)) => error,
        Err(error) => return Err(error).or_failed("connecting to the SQL Server"),
    };
    let (place, user, database) = (target.place(), &target.user, &target.database);
    let unusable = StoreErrorKind::Unusable;
    let (kind, doing) = match error.number() {
        Some(911 | 4060 | 4063) => (
            unusable,
            format!(
                "the server at `{place}` has no database `{database}`, or `{user}` may not enter it; make it: `CREATE DATABASE [{database}]`, then in it `CREATE USER [{user}] FOR LOGIN [{user}]; ALTER ROLE db_owner ADD MEMBER [{user}]`"
            ),
        ),
        Some(18452 | 18456 | 18486 | 18487 | 18488) => (
            unusable,
            format!("the server at `{place}` does not let `{user}` in; check the user and the password in the URL"),
        ),
        Some(_) => (crate::error::kind(&error), format!("connecting to the SQL Server at `{place}`")),
        None if error.is_of_tls() => (
            unusable,
            format!(
                "no protected connection to the server at `{place}`; check its certificate, and `encrypt` and `ca` in the URL"
            ),
        ),
        None => (
            StoreErrorKind::Transient,
            format!("the SQL Server at `{place}` cannot be reached; start it, or name another one in the URL"),
        ),
    };
    Err(StoreError::new(kind, doing).because(error))
}

/// Reading at one moment, in several round trips. If it is given up on the way, its connection is closed and not used
/// again.
pub(crate) struct Moment {
    /// `None` only while it is dropped.
    connection: Option<Object>,
    doing: &'static str,
}

/// Begins to read what was true at one moment.
const BEGIN_READING: &str = "SET TRANSACTION ISOLATION LEVEL SNAPSHOT; BEGIN TRANSACTION;";
const END_READING: &str = "COMMIT TRANSACTION; SET TRANSACTION ISOLATION LEVEL READ COMMITTED;";

impl Moment {
    pub async fn begin(pool: &Pool, doing: &'static str) -> Result<Self, StoreError> {
        let mut moment = Self { connection: Some(take(pool).await?), doing };
        moment.connection()?.run(BEGIN_READING).await.or_failed(doing)?;
        Ok(moment)
    }

    pub fn connection(&mut self) -> Result<&mut Connection, StoreError> {
        self.connection.as_deref_mut().ok_or_else(crate::error::closed)
    }

    pub async fn ask(&mut self, batch: &Batch<'_>) -> Result<Answers, StoreError> {
        let doing = self.doing;
        self.connection()?.ask(batch).await.or_failed(doing)
    }

    /// Ends well: the connection is used again.
    pub async fn end(mut self) -> Result<(), StoreError> {
        let doing = self.doing;
        self.connection()?.run(END_READING).await.or_failed(doing)?;
        self.connection = None;
        Ok(())
    }
}

impl Drop for Moment {
    fn drop(&mut self) {
        if let Some(connection) = self.connection.take() {
            drop(Object::take(connection));
        }
    }
}
