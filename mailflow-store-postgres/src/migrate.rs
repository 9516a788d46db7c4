//! Bringing a database to the newest shape, and finding out that it is none of ours.

use deadpool_postgres::Object;
use mailflow_core::store::StoreError;
use mailflow_store_rows::steps::{self, Taken, unusable};
use mailflow_store_rows::table;
use tokio_postgres::Row;
use tokio_postgres::error::SqlState;

use crate::error::OrFailed as _;
use crate::url::Target;

/// The steps from an empty database to the newest shape. The table `mailflow_migrations` has those that were taken, with
/// the digest of each.
const MIGRATIONS: &[&str] = &[
    include_str!("../migrations/1.sql"),
    include_str!("../migrations/2.sql"),
    include_str!("../migrations/3.sql"),
    include_str!("../migrations/4.sql"),
    include_str!("../migrations/5.sql"),
    include_str!("../migrations/6.sql"),
    include_str!("../migrations/7.sql"),
];
/// The advisory lock under which steps are taken: `mflw`.
const LOCK: i64 = 0x6d66_6c77;

/// Indexes are made in memory as far as it goes. The default of PostgreSQL, 64 MB, is little for a large one; who has given
/// more keeps it. It ends with the transaction.
const ROOM: &str = "SELECT set_config('maintenance_work_mem', '256MB', true)
    WHERE pg_size_bytes(current_setting('maintenance_work_mem')) < pg_size_bytes('256MB')";

const LOOKING: &str = "looking at the shape of the database";

/// Takes the steps that were not taken yet, all or none, one server after the other.
pub(crate) async fn migrate(client: &Object, target: &Target) -> Result<(), StoreError> {
    check_encoding(client, target).await?;
    // Most of the time there is nothing to do, and no right to change anything is needed.
    if taken(client, target).await? == MIGRATIONS.len() {
        return check_rights(client, target).await;
    }
    client.batch_execute("BEGIN").await.or_failed(LOOKING)?;
    match take_steps(client, target).await {
        Ok(()) => client.batch_execute("COMMIT").await.or_failed("bringing the database to the newest shape")?,
        Err(error) => {
            // The first error says what is wrong.
            let _ = client.batch_execute("ROLLBACK").await;
            return Err(error);
        }
    }
    check_rights(client, target).await
}

async fn take_steps(client: &Object, target: &Target) -> Result<(), StoreError> {
    // For as long as another server takes them.
    client.batch_execute("SET LOCAL lock_timeout = '10min'").await.or_failed(LOOKING)?;
    client.execute("SELECT pg_advisory_xact_lock($1)", &[&LOCK]).await.or_failed(LOOKING)?;
    client.batch_execute(ROOM).await.or_failed(LOOKING)?;
    let taken = taken(client, target).await?;
    if taken > 0 {
        // From here on nobody commits: whoever does so later sees that the shape is another one.
        client.batch_execute("LOCK TABLE counters IN EXCLUSIVE MODE").await.or_failed(LOOKING)?;
    }
    for (number, step) in (1_i64..).zip(MIGRATIONS).skip(taken) {
        client.batch_execute(step).await.map_err(|error| failed(&error, target).because(error))?;
        let digest = steps::digest(step);
        client
            .execute(
                "INSERT INTO mailflow_migrations (number, digest) VALUES ($1, $2)",
                &[&number, &digest.as_bytes().as_slice()],
            )
            .await
            .or_failed("noting that the database has the newest shape")?;
    }
    Ok(())
}

/// What a step that failed means.
fn failed(error: &tokio_postgres::Error, target: &Target) -> StoreError {
    let (user, database) = (target.user(), target.database());
    match error.code() {
        Some(state) if *state == SqlState::INSUFFICIENT_PRIVILEGE || *state == SqlState::INVALID_SCHEMA_NAME => {
            unusable(format!(
                "`{user}` may not make tables in the database `{database}`; make him its owner: `ALTER DATABASE {database} OWNER TO {user}`"
            ))
        }
        _ => StoreError::new(crate::error::kind(error), "bringing the database to the newest shape"),
    }
}

async fn check_encoding(client: &Object, target: &Target) -> Result<(), StoreError> {
    let sql = "SELECT current_setting('server_encoding'), current_setting('server_version_num')::bigint,
        current_setting('fsync')";
    let row = client.query_one(sql, &[]).await.or_failed(LOOKING)?;
    let encoding: String = row.try_get(0).or_failed(LOOKING)?;
    let version: i64 = row.try_get(1).or_failed(LOOKING)?;
    let fsync: String = row.try_get(2).or_failed(LOOKING)?;
    let database = target.database();
    if encoding != "UTF8" {
        return Err(unusable(format!(
            "the database `{database}` has the encoding {encoding}; make one with `CREATE DATABASE {database} ENCODING 'UTF8' TEMPLATE template0`"
        )));
    }
    if version < 130_000 {
        let major = version / 10_000;
        return Err(unusable(format!("the server has PostgreSQL {major}; mailflow needs version 13 or later")));
    }
    if fsync == "off" {
        tracing::warn!("the PostgreSQL server has `fsync = off`: a power cut may lose mail that was acknowledged");
    }
    Ok(())
}

/// Asks for the number of the newest step that was taken.
pub(crate) const SHAPE: &str = "SELECT max(number) FROM mailflow_migrations";

/// Why this program is too old for a database that has taken this step, if it is.
pub(crate) fn outdated(database: &str, newest: i64) -> Option<StoreError> {
    let shape = usize::try_from(newest).unwrap_or(0);
    steps::check_known(&format!("the database `{database}`"), shape, MIGRATIONS).err()
}

/// How many steps were taken. An error if they are not ours, or more than we know.
pub(crate) async fn taken(client: &Object, target: &Target) -> Result<usize, StoreError> {
    let database = target.database();
    let there: bool = client
        .query_one("SELECT to_regclass('mailflow_migrations') IS NOT NULL", &[])
        .await
        .and_then(|row| row.try_get(0))
        .or_failed(LOOKING)?;
    if !there {
        let names: Vec<&str> = table::ALL.iter().map(|table| table.name).collect();
        let sql = "SELECT name FROM unnest($1::text[]) name WHERE to_regclass(quote_ident(name)) IS NOT NULL LIMIT 1";
        let foreign = client.query_opt(sql, &[&names]).await.or_failed(LOOKING)?;
        return match foreign.map(|row| row.try_get::<_, String>(0)).transpose().or_failed(LOOKING)? {
            None => Ok(0),
            Some(name) => Err(unusable(format!(
                "the database `{database}` has a table `{name}` of another program; name another database"
            ))),
        };
    }
    let sql = "SELECT number, digest FROM mailflow_migrations ORDER BY number";
    let rows = client.query(sql, &[]).await.map_err(|error| match error.code() {
        Some(state) if *state == SqlState::INSUFFICIENT_PRIVILEGE => {
            missing_right(target, "mailflow_migrations").because(error)
        }
        _ => StoreError::new(crate::error::kind(&error), LOOKING).because(error),
    })?;
    let step = |row: &Row| -> Result<Taken, tokio_postgres::Error> { Ok((row.try_get(0)?, row.try_get(1)?)) };
    let taken: Vec<Taken> = rows.iter().map(step).collect::<Result<_, _>>().or_failed(LOOKING)?;
    steps::check(&format!("the database `{database}`"), rows.len(), taken.into_iter(), MIGRATIONS)?;
    Ok(rows.len())
}

/// Whether all tables can be read and written: better said now than when the first mail arrives.
async fn check_rights(client: &Object, target: &Target) -> Result<(), StoreError> {
    let others = ["counters", "search", "contact_words", "bodies", "body_chunks"];
    let names: Vec<&str> = table::ALL.iter().map(|table| table.name).chain(others).collect();
    let sql = "SELECT name FROM unnest($1::text[]) name WHERE NOT (has_table_privilege(name, 'SELECT')
        AND has_table_privilege(name, 'INSERT') AND has_table_privilege(name, 'UPDATE')
        AND has_table_privilege(name, 'DELETE')) LIMIT 1";
    match client.query_opt(sql, &[&names]).await.or_failed(LOOKING)? {
        None => Ok(()),
        Some(row) => Err(missing_right(target, &row.try_get::<_, String>(0).or_failed(LOOKING)?)),
    }
}

fn missing_right(target: &Target, table: &str) -> StoreError {
    let (user, database) = (target.user(), target.database());
    unusable(format!(
        "`{user}` may not read and write the table `{table}` of the database `{database}`; give him the right: `GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {user}`"
    ))
}

#[cfg(test)]
mod tests {
    use mailflow_test::postgres::{Database, is_there};

    use super::*;
    use crate::connection::{pool, take};

    #[tokio::test]
    async fn steps_have_room_to_make_indexes_and_leave_the_setting_as_it_was() {
        if !is_there() {
            return;
        }
        let database = Database::fresh();
        let target = Target::read(&database.url()).unwrap();
        let client = take(&pool(&target, 1).unwrap()).await.unwrap();
        let setting = async || -> String {
            client.query_one("SHOW maintenance_work_mem", &[]).await.unwrap().try_get(0).unwrap()
        };
        for (before, meanwhile) in [("8MB", "256MB"), ("256MB", "256MB"), ("1GB", "1GB")] {
            client.batch_execute(&format!("SET maintenance_work_mem = '{before}'")).await.unwrap();
            client.batch_execute("BEGIN").await.unwrap();
            client.batch_execute(ROOM).await.unwrap();
            assert_eq!(setting().await, meanwhile);
            client.batch_execute("COMMIT").await.unwrap();
            assert_eq!(setting().await, before);
        }
    }
}
