//! Connections: how they are made, and what is set on each.

use std::time::Duration;

use deadpool_postgres::{Hook, HookError, Manager, ManagerConfig, Object, Pool, PoolError, RecyclingMethod, Runtime};
use mailflow_core::store::{StoreError, StoreErrorKind};
use tokio_postgres::error::SqlState;

use crate::error::OrFailed as _;
use crate::pipeline::Pipeline;
use crate::url::Target;

/// Every statement has an index, whatever a table's size was when its statistics were taken: a plan that walks through
/// a table that was small a minute ago is what these forbid. Who holds locks and says nothing is cut off, so that a
/// server that was stopped in the middle of a commit does not stop the others. What was committed is on disk: only
/// `off` is overruled, as other values are at least as safe against a power cut of this database.
pub(crate) const SETTINGS: &str =
    "SET jit = off; SET enable_seqscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off;
    SET default_transaction_isolation = 'read committed'; SET client_min_messages = warning;
    SET lock_timeout = '10s'; SET idle_in_transaction_session_timeout = '5s';
    SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'";

/// How long a caller waits for a connection.
const WAIT: Duration = Duration::from_secs(30);

/// A pool of at most so many connections. Each is made when it is needed.
pub(crate) fn pool(target: &Target, size: usize) -> Result<Pool, StoreError> {
    let ways = ManagerConfig { recycling_method: RecyclingMethod::Fast };
    let manager = Manager::from_config(target.config.clone(), target.tls.clone(), ways);
    let set_up = Hook::async_fn(|client: &mut deadpool_postgres::ClientWrapper, _| {
        Box::pin(async move { client.batch_execute(SETTINGS).await.map_err(HookError::Backend) })
    });
    Pool::builder(manager)
        .max_size(size)
        .runtime(Runtime::Tokio1)
        .wait_timeout(Some(WAIT))
        .create_timeout(Some(WAIT))
        .post_create(set_up)
        .build()
        .map_err(|error| StoreError::new(StoreErrorKind::Other, "setting connections up").because(error))
}

/// A connection out of the pool.
pub(crate) async fn take(pool: &Pool) -> Result<Object, StoreError> {
    pool.get().await.or_failed("connecting to the PostgreSQL server; it may be down or out of reach")
}

/// The first connection: what hinders it is said in words that help.
pub(crate) async fn first(pool: &Pool, target: &Target) -> Result<Object, StoreError> {
    let error = match pool.get().await {
        Ok(client) => return Ok(client),
        Err(PoolError::Backend(error)) => error,
        Err(PoolError::PostCreateHook(HookError::Backend(error))) => error,
        Err(error) => return Err(error).or_failed("connecting to the PostgreSQL server"),
    };
    let (place, user, database) = (target.place(), target.user(), target.database());
    let unusable = StoreErrorKind::Unusable;
    let (kind, doing) = match error.code() {
        Some(&SqlState::INVALID_CATALOG_NAME) => (
            unusable,
            format!(
                "the server at `{place}` has no database `{database}`; make it: `CREATE DATABASE {database} OWNER {user} ENCODING 'UTF8' TEMPLATE template0`"
            ),
        ),
        Some(state) if state.code().starts_with("28") => (
            unusable,
            format!(
                "the server at `{place}` does not let `{user}` in; check the user and the password in the URL, and `pg_hba.conf` of the server"
            ),
        ),
        Some(&SqlState::INSUFFICIENT_PRIVILEGE) => (
            unusable,
            format!(
                "`{user}` may not connect to the database `{database}`; give him the right: `GRANT CONNECT ON DATABASE {database} TO {user}`"
            ),
        ),
        None if is_about_passwords(&error) => (
            unusable,
            format!(
                "the server at `{place}` asks for a password, and the URL has none: `postgres://{user}:PASSWORD@…`"
            ),
        ),
        None if is_about_tls(&error) => (
            unusable,
            format!(
                "no protected connection to the server at `{place}`; check its certificate and `sslmode` in the URL"
            ),
        ),
        None => (
            StoreErrorKind::Transient,
            format!("the PostgreSQL server at `{place}` cannot be reached; start it, or name another one in the URL"),
        ),
        Some(_) => (crate::error::kind(&error), format!("connecting to the PostgreSQL server at `{place}`")),
    };
    Err(StoreError::new(kind, doing).because(error))
}

fn is_about_passwords(error: &tokio_postgres::Error) -> bool {
    std::error::Error::source(error).is_some_and(|cause| cause.to_string() == "password missing")
}

fn is_about_tls(error: &tokio_postgres::Error) -> bool {
    error.to_string().starts_with("error performing TLS handshake")
}

/// Gives a connection back if all went well; after an error it may be in the middle of something, and is closed.
pub(crate) fn keep_if_sound<T>(result: Result<T, StoreError>, client: Object) -> Result<T, StoreError> {
    if result.is_err() {
        drop(Object::take(client));
    }
    result
}

/// Reading at one moment, in several round trips. If it is given up on the way, its connection is closed and not used
/// again.
pub(crate) struct Moment {
    /// `None` only while it is dropped.
    client: Option<Object>,
    doing: &'static str,
}

/// Begins to read what was true at one moment.
pub(crate) const BEGIN_READING: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY";

impl Moment {
    pub async fn begin(pool: &Pool, doing: &'static str) -> Result<Self, StoreError> {
        let moment = Self { client: Some(take(pool).await?), doing };
        moment.client()?.batch_execute(BEGIN_READING).await.or_failed(doing)?;
        Ok(moment)
    }

    pub fn client(&self) -> Result<&Object, StoreError> {
        self.client.as_ref().ok_or_else(crate::error::closed)
    }

    pub fn pipeline(&self) -> Result<Pipeline<'_>, StoreError> {
        Ok(Pipeline::new(self.client()?, self.doing))
    }

    /// Ends well: the connection is used again.
    pub async fn end(mut self) -> Result<(), StoreError> {
        self.client()?.batch_execute("COMMIT").await.or_failed(self.doing)?;
        self.client = None;
        Ok(())
    }
}

impl Drop for Moment {
    fn drop(&mut self) {
        if let Some(client) = self.client.take() {
            drop(Object::take(client));
        }
    }
}

#[cfg(test)]
mod tests {
    use mailflow_test::postgres::{Database, is_there};

    use super::*;

    #[tokio::test]
    async fn a_database_that_does_not_wait_for_the_disk_is_overruled() {
        if !is_there() {
            return;
        }
        let database = Database::fresh();
        database.sql(&format!("ALTER DATABASE {} SET synchronous_commit = off", database.name()));
        // The control: who does not overrule it has it off.
        assert_eq!(database.sql("SHOW synchronous_commit").trim(), "off");
        let target = Target::read(&database.url()).unwrap();
        let client = take(&pool(&target, 2).unwrap()).await.unwrap();
        let setting = async |name: &str| -> String {
            client.query_one(&format!("SHOW {name}"), &[]).await.unwrap().try_get(0).unwrap()
        };
        assert_eq!(setting("synchronous_commit").await, "on");
        assert_eq!(setting("idle_in_transaction_session_timeout").await, "5s");
    }

    #[tokio::test]
    async fn who_gives_a_list_up_leaves_no_transaction_behind() {
        if !is_there() {
            return;
        }
        let database = Database::fresh();
        let target = Target::read(&database.url()).unwrap();
        let pool = pool(&target, 1).unwrap();
        drop(Moment::begin(&pool, "reading").await.unwrap());
        let client = take(&pool).await.unwrap();
        // In the transaction that was given up, nothing could be written.
        client.batch_execute("CREATE TABLE birds (name TEXT)").await.unwrap();
    }
}
