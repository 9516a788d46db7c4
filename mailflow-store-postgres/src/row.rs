//! What a row of PostgreSQL has beside its `data`.

use mailflow_core::store::RecordKind;
use mailflow_store_rows::record::Extra;
pub(crate) use mailflow_store_rows::record::record;

/// What is in this column of a row.
pub(crate) fn extra<'a>(
    kind: RecordKind,
    row: &'a tokio_postgres::Row,
    column: usize,
) -> Result<Extra<'a>, tokio_postgres::Error> {
    Ok(match kind {
        RecordKind::Ticket => Extra::Number(row.try_get::<_, Option<i64>>(column)?.unwrap_or(0)),
        RecordKind::Message => Extra::Text(row.try_get::<_, Option<&[u8]>>(column)?.unwrap_or_default()),
        _ => Extra::Nothing,
    })
}
