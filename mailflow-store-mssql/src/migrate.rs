//! Bringing a database to the newest shape, and finding out that it is none of ours.

use mailflow_core::store::{StoreError, StoreErrorKind};
use mailflow_store_rows::steps::{self, Taken, unusable};
use mailflow_store_rows::table;

use crate::batch::{Batch, Parameters, hex, quoted};
use crate::driver::{Connection, Trouble};
use crate::error::OrFailed as _;
use crate::turns;
use crate::url::Target;

/// The steps from an empty database to the newest shape. The table `mailflow_migrations` has those that were taken, with
/// the digest of each.
const MIGRATIONS: &[&str] = &[
    include_str!("../migrations/1.sql"),
    include_str!("../migrations/2.sql"),
    include_str!("../migrations/3.sql"),
    include_str!("../migrations/4.sql"),
    include_str!("../migrations/5.sql"),
];

/// The lock under which steps are taken: ten seconds long it is waited for, so often.
const LOCK: &str = "DECLARE @had INT;
    EXEC @had = sp_getapplock @Resource = N'mailflow.migrate', @LockMode = N'Exclusive', @LockOwner = N'Transaction',
        @LockTimeout = 10000;
    SELECT CAST(@had AS BIGINT) AS had;";
const LOCK_ATTEMPTS: usize = 60;
/// What whoever commits does first.
pub(crate) const TAKE_COUNTERS: &str = "UPDATE counters WITH (UPDLOCK, HOLDLOCK) SET version = version WHERE id = 1;";
/// Asks for the number of the newest step that was taken.
pub(crate) const SHAPE: &str = "SELECT MAX(number) AS shape FROM mailflow_migrations";

const LOOKING: &str = "looking at the shape of the database";
const STEPPING: &str = "bringing the database to the newest shape";

/// Takes the steps that were not taken yet, all or none, one server after the other. After an error the connection must
/// not be used again.
pub(crate) async fn migrate(connection: &mut Connection, target: &Target) -> Result<(), StoreError> {
    // Most of the time there is nothing to do, and no right to change anything is needed.
    let taken = taken(connection, target).await?;
    if taken == 0 {
        set_options(connection).await?;
    }
    check_options(connection, target).await?;
    if taken != MIGRATIONS.len() {
        connection.run("BEGIN TRANSACTION;").await.or_failed(LOOKING)?;
        take_steps(connection, target).await?;
        connection.run("COMMIT TRANSACTION;").await.or_failed(STEPPING)?;
    }
    check_rights(connection, target).await
}

/// Whether the database reads what is committed without waiting for who writes, and can be read at one moment.
async fn options(connection: &mut Connection) -> Result<(bool, bool), StoreError> {
    let sql =
        "SELECT is_read_committed_snapshot_on, snapshot_isolation_state FROM sys.databases WHERE name = DB_NAME()";
    let answers = connection.run(sql).await.or_failed(LOOKING)?;
    let row = answers.first().and_then(|rows| rows.first());
    let Some(row) = row else { return Ok((true, true)) };
    Ok((row.integer(0)? != 0, row.integer(1)? != 0))
}

/// Sets the options of a database that is empty, as far as that is allowed.
async fn set_options(connection: &mut Connection) -> Result<(), StoreError> {
    let (committed, snapshot) = options(connection).await?;
    for (is_set, sql) in [
        (snapshot, "ALTER DATABASE CURRENT SET ALLOW_SNAPSHOT_ISOLATION ON"),
        (committed, "ALTER DATABASE CURRENT SET READ_COMMITTED_SNAPSHOT ON WITH NO_WAIT"),
    ] {
        if !is_set && let Err(error) = connection.run(sql).await {
            tracing::warn!(error = &error as &dyn std::error::Error, sql, "an option of the database was not set");
            if error.is_of_connection() {
                return Err(error).or_failed(LOOKING);
            }
        }
    }
    Ok(())
}

async fn check_options(connection: &mut Connection, target: &Target) -> Result<(), StoreError> {
    let (committed, snapshot) = options(connection).await?;
    let missing: Vec<&str> = [(committed, "READ_COMMITTED_SNAPSHOT"), (snapshot, "ALLOW_SNAPSHOT_ISOLATION")]
        .into_iter()
        .filter_map(|(is_set, name)| (!is_set).then_some(name))
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    let database = &target.database;
    let statements: Vec<String> =
        missing.iter().map(|option| format!("`ALTER DATABASE [{database}] SET {option} ON`")).collect();
    Err(unusable(format!(
        "the database `{database}` lacks {}; while nobody uses it, an administrator runs {}",
        missing.join(" and "),
        statements.join(" and ")
    )))
}

async fn take_steps(connection: &mut Connection, target: &Target) -> Result<(), StoreError> {
    let mut attempts = 0;
    // Another server may be taking them.
    while !lock(connection).await? {
        attempts += 1;
        if attempts >= LOCK_ATTEMPTS {
            let doing = "waiting for another server that brings the database to the newest shape";
            return Err(StoreError::new(StoreErrorKind::Transient, doing));
        }
    }
    let taken = taken(connection, target).await?;
    if taken > 0 {
        // From here on nobody commits: whoever does so later sees that the shape is another one.
        connection.run(TAKE_COUNTERS).await.or_failed(LOOKING)?;
    }
    for (number, step) in (1_i64..).zip(MIGRATIONS).skip(taken) {
        connection.run(step).await.map_err(|error| failed(&error, target).because(error))?;
        if number == turns::STEP {
            turns::fill(connection).await?;
        }
        let digest = hex(steps::digest(step).as_bytes());
        let note = format!("INSERT INTO mailflow_migrations (number, digest) VALUES ({number}, {digest})");
        connection.run(&note).await.or_failed("noting that the database has the newest shape")?;
    }
    Ok(())
}

async fn lock(connection: &mut Connection) -> Result<bool, StoreError> {
    let answers = connection.run(LOCK).await.or_failed(LOOKING)?;
    let had = answers.last().and_then(|rows| rows.first()).map(|row| row.integer(0)).transpose()?;
    Ok(had.is_some_and(|had| had >= 0))
}

/// What a step that failed means.
fn failed(error: &Trouble, target: &Target) -> StoreError {
    let Target { user, database, .. } = target;
    match error.number() {
        Some(229 | 230 | 262 | 297 | 2760) => unusable(format!(
            "`{user}` may not make tables in the database `{database}`; give him the right: `ALTER ROLE db_owner ADD MEMBER [{user}]`"
        )),
        _ => StoreError::new(crate::error::kind(error), STEPPING),
    }
}

/// Why this program is too old for a database that has taken this step, if it is.
pub(crate) fn outdated(database: &str, newest: i64) -> Option<StoreError> {
    let shape = usize::try_from(newest).unwrap_or(0);
    steps::check_known(&format!("the database `{database}`"), shape, MIGRATIONS).err()
}

/// How many steps were taken. An error if they are not ours, or more than we know.
pub(crate) async fn taken(connection: &mut Connection, target: &Target) -> Result<usize, StoreError> {
    let database = &target.database;
    let there = "SELECT CASE WHEN OBJECT_ID(N'mailflow_migrations', N'U') IS NULL THEN 0 ELSE 1 END AS there";
    let answers = connection.run(there).await.or_failed(LOOKING)?;
    let there = answers.first().and_then(|rows| rows.first()).map(|row| row.integer(0)).transpose()?;
    if there != Some(1) {
        return match first_that(connection, "OBJECT_ID(n.name, N'U') IS NOT NULL").await? {
            None => Ok(0),
            Some(name) => Err(unusable(format!(
                "the database `{database}` has a table `{name}` of another program; name another database"
            ))),
        };
    }
    let sql = "SELECT number, digest FROM mailflow_migrations ORDER BY number";
    let answers = connection.run(sql).await.map_err(|error| match error.number() {
        Some(229 | 230) => missing_right(target, "mailflow_migrations").because(error),
        _ => StoreError::new(crate::error::kind(&error), LOOKING).because(error),
    })?;
    let rows = answers.into_iter().next().unwrap_or_default();
    let taken: Result<Vec<Taken>, StoreError> =
        rows.iter().map(|row| Ok((row.integer(0)?, row.bytes(1)?.to_vec()))).collect();
    steps::check(&format!("the database `{database}`"), rows.len(), taken?.into_iter(), MIGRATIONS)?;
    Ok(rows.len())
}

/// The first of our tables of which this is true.
async fn first_that(connection: &mut Connection, condition: &str) -> Result<Option<String>, StoreError> {
    let others = ["counters", "search", "search_words", "contact_words", "bodies", "body_chunks", "changes"];
    let names = table::ALL.iter().map(|table| table.name).chain(others);
    let rows: Vec<String> = names.map(|name| format!("({})", quoted(name))).collect();
    let sql = format!("SELECT TOP (1) n.name FROM (VALUES {}) AS n(name) WHERE {condition}", rows.join(", "));
    let answers = connection.ask(&Batch::of(sql, Parameters::default())).await.or_failed(LOOKING)?;
    let row = answers.first().and_then(|rows| rows.first());
    row.map(|row| row.text(0).map(str::to_owned)).transpose()
}

/// Whether all tables can be read and written: better said now than when the first mail arrives.
async fn check_rights(connection: &mut Connection, target: &Target) -> Result<(), StoreError> {
    let lacks = |right: &str| format!("HAS_PERMS_BY_NAME(n.name, N'OBJECT', N'{right}') = 0");
    let condition = ["SELECT", "INSERT", "UPDATE", "DELETE"].map(lacks).join(" OR ");
    match first_that(connection, &condition).await? {
        None => Ok(()),
        Some(table) => Err(missing_right(target, &table)),
    }
}

fn missing_right(target: &Target, table: &str) -> StoreError {
    let Target { user, database, .. } = target;
    unusable(format!(
        "`{user}` may not read and write the table `{table}` of the database `{database}`; give him the right: `GRANT SELECT, INSERT, UPDATE, DELETE TO [{user}]`"
    ))
}
