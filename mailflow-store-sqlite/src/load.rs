//! Records by their keys.

use mailflow_core::store::{Key, Loaded, StoreError, Version};
use mailflow_store_rows::table;
use rusqlite::{Connection, params_from_iter};

use crate::connection::prepare;
use crate::error::OrFailed as _;
use crate::{row, statements};

const READING: &str = "reading a record";

/// What is under a key.
pub(crate) fn load(connection: &Connection, key: &Key) -> Result<Loaded, StoreError> {
    let table = table::of(key.kind())?;
    let by_number = matches!(key, Key::TicketNumber(_));
    let sql = if by_number {
        "SELECT version, data, number FROM tickets WHERE number = ?1 AND data IS NOT NULL"
    } else {
        &statements::of(table)?.load
    };
    let mut statement = prepare(connection, sql).or_failed(READING)?;
    let values = table::key_values(key);
    let mut rows = statement.query(params_from_iter(values.iter().map(row::bound))).or_failed(READING)?;
    let Some(it) = rows.next().or_failed(READING)? else { return Ok(Loaded::ABSENT) };
    let version = Version::new(it.get(0).or_failed(READING)?);
    let data = it.get_ref(1).or_failed(READING)?.as_blob_or_null().ok().flatten();
    let beside = it.get_ref(2).or_failed(READING)?;
    let record = data.map(|data| row::record(key.kind(), data, beside)).transpose()?;
    Ok(Loaded { version, record })
}
