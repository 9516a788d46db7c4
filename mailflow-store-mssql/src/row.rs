//! What a row of SQL Server has beside its `data`.

use mailflow_core::store::{RecordKind, StoreError};
use mailflow_store_rows::record::Extra;
pub(crate) use mailflow_store_rows::record::record;

use crate::driver::Row;

/// What is in this column of a row, and in the next one: a number, a text.
pub(crate) fn extra(kind: RecordKind, row: &Row, column: usize) -> Result<Extra<'_>, StoreError> {
    Ok(match kind {
        RecordKind::Ticket => Extra::Number(row.integer_or_null(column)?.unwrap_or(0)),
        RecordKind::Message => Extra::Text(row.bytes_or_null(column + 1)?.unwrap_or_default()),
        _ => Extra::Nothing,
    })
}
