//! How a record stands in a row of SQLite.

use mailflow_core::store::{Record, RecordKind, StoreError};
use mailflow_store_rows::record::{self, Extra};
use mailflow_store_rows::value::Value;
use rusqlite::types::{ToSqlOutput, ValueRef};

/// A value as a parameter of a statement.
pub(crate) fn bound(value: &Value) -> ToSqlOutput<'_> {
    ToSqlOutput::Borrowed(match value {
        Value::Null => ValueRef::Null,
        Value::Id(id) => ValueRef::Blob(id),
        Value::Bytes(bytes) => ValueRef::Blob(bytes),
        Value::Integer(number) => ValueRef::Integer(*number),
    })
}

/// The record of a row: its `data`, and what is beside it.
pub(crate) fn record(kind: RecordKind, data: &[u8], beside: ValueRef<'_>) -> Result<Record, StoreError> {
    let extra = match kind {
        RecordKind::Ticket => Extra::Number(beside.as_i64().unwrap_or(0)),
        RecordKind::Message => Extra::Text(beside.as_blob().unwrap_or_default()),
        _ => Extra::Nothing,
    };
    record::record(kind, data, extra)
}
