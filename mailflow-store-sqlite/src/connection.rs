//! Opening a database file: what it must be, how it is brought to the newest shape, and its lock.

use std::fs::{File, TryLockError};
use std::io::ErrorKind;
use std::path::Path;

use mailflow_core::store::{StoreError, StoreErrorKind};
use mailflow_store_rows::steps::{self, unusable};
use rusqlite::{CachedStatement, Connection, OpenFlags, params};

use crate::error::OrFailed;

/// What stands in `PRAGMA application_id`: `mflw`.
const APPLICATION_ID: i64 = 0x6d66_6c77;
/// The steps from an empty file to the newest shape; `PRAGMA user_version` counts those that were taken, and the table
/// `migrations` has the digest of each.
const MIGRATIONS: &[&str] = &[
    include_str!("../migrations/1.sql"),
    include_str!("../migrations/2.sql"),
    include_str!("../migrations/3.sql"),
    include_str!("../migrations/4.sql"),
    include_str!("../migrations/5.sql"),
    include_str!("../migrations/6.sql"),
    include_str!("../migrations/7.sql"),
];
/// More than there are different statements.
const STATEMENTS: usize = 256;

/// Takes the lock of a database: it holds as long as the file is open, also when the process is killed.
pub(crate) fn lock(path: &Path) -> Result<File, StoreError> {
    let name = with_suffix(path, ".lock");
    let open = File::options().create(true).truncate(false).write(true).open(&name);
    if let Err(error) = &open
        && matches!(error.kind(), ErrorKind::NotFound | ErrorKind::PermissionDenied | ErrorKind::NotADirectory)
    {
        // Trying again does not help.
        let doing =
            format!("`{}` cannot be opened; its folder must be there, and be yours to write in", path.display());
        return Err(StoreError::new(StoreErrorKind::Unusable, doing).because(error.to_string()));
    }
    let file = open.or_failed(&format!("opening the lock file `{}`", name.display()))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => {
            let doing = format!("another server has `{}` open; stop it, or give each its own file", path.display());
            Err(StoreError::new(StoreErrorKind::InUse, doing))
        }
        Err(TryLockError::Error(error)) => Err(error).or_failed("locking the database"),
    }
}

/// The path with something behind its name.
pub(crate) fn with_suffix(path: &Path, suffix: &str) -> std::path::PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// Opens the one connection that writes, and brings the database to the newest shape.
pub(crate) fn writer(path: &Path, cache_bytes: u32) -> Result<Connection, StoreError> {
    let doing = format!("opening the database `{}`", path.display());
    let mut connection = Connection::open(path).or_failed(&doing)?;
    set_up(&connection, cache_bytes).or_failed(&doing)?;
    check_is_ours(&connection, path)?;
    // The size of pages is that of new files: most bodies take three or four.
    let ways = "PRAGMA page_size = 8192; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 4096;
        PRAGMA journal_size_limit = 67108864;";
    connection.execute_batch(ways).or_failed(&doing)?;
    migrate(&mut connection).or_failed("bringing the database to the newest shape")?;
    Ok(connection)
}

/// Opens a connection that only reads.
pub(crate) fn reader(path: &Path, cache_bytes: u32) -> Result<Connection, StoreError> {
    let doing = format!("opening the database `{}` to read", path.display());
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).or_failed(&doing)?;
    set_up(&connection, cache_bytes).or_failed(&doing)?;
    Ok(connection)
}

fn set_up(connection: &Connection, cache_bytes: u32) -> rusqlite::Result<()> {
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    connection.busy_timeout(std::time::Duration::from_secs(10))?;
    let kib = cache_bytes / 1024;
    connection.execute_batch(&format!("PRAGMA cache_size = -{kib}; PRAGMA temp_store = MEMORY;"))
}

fn check_is_ours(connection: &Connection, path: &Path) -> Result<(), StoreError> {
    let pragma = |name: &str| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    let doing = format!("reading `{}`; is it a database of mailflow?", path.display());
    let (id, version) = (pragma("application_id").or_failed(&doing)?, pragma("user_version").or_failed(&doing)?);
    let tables: i64 =
        connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0)).or_failed(&doing)?;
    let path = path.display();
    if id != APPLICATION_ID && (id, version, tables) != (0, 0, 0) {
        return Err(unusable(format!("`{path}` is a database of another program; name another file")));
    }
    let digest = |number| {
        let sql = "SELECT digest FROM migrations WHERE number = ?1";
        // A step of which there is no digest is not ours.
        connection.query_row(sql, [number], |row| row.get(0)).unwrap_or_default()
    };
    let shape = usize::try_from(version).unwrap_or(0);
    steps::check(&format!("`{path}`"), shape, (1..=version).map(|number| (number, digest(number))), MIGRATIONS)
}

/// Takes the steps that were not taken yet, each in a transaction of its own.
fn migrate(connection: &mut Connection) -> rusqlite::Result<()> {
    let taken: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    for (number, step) in (1_i64..).zip(MIGRATIONS).filter(|(number, _)| *number > taken) {
        let transaction = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
        transaction.execute_batch(step)?;
        let digest = steps::digest(step);
        transaction
            .execute("INSERT INTO migrations (number, digest) VALUES (?1, ?2)", params![number, digest.as_bytes()])?;
        transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
        transaction.pragma_update(None, "user_version", number)?;
        transaction.commit()?;
    }
    Ok(())
}

/// A statement, prepared once for each connection. Every statement of the store goes through here.
pub(crate) fn prepare<'c>(connection: &'c Connection, sql: &str) -> rusqlite::Result<CachedStatement<'c>> {
    #[cfg(test)]
    crate::plans::note(sql);
    connection.prepare_cached(sql)
}
