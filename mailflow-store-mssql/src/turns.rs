//! What step 5 leaves to do: the turns of the tickets that are there stand in their records. SQL Server cannot read those
//! for itself: it would take their bytes for letters of the database's own code page.

use mailflow_core::id::TicketId;
use mailflow_core::store::{Record, RecordKind, StoreError};

use crate::batch::{Batch, Parameters};
use crate::driver::Connection;
use crate::error::OrFailed as _;
use crate::row;
use crate::statements::WITH_NUMBER;

/// The step that they belong to.
pub(crate) const STEP: i64 = 5;

/// How many tickets are read at once. Each is two parameters when it is written.
const TOGETHER: i64 = 500;

const FILLING: &str = "writing when the turn of each ticket is";

/// Writes the turns of all tickets.
pub(crate) async fn fill(connection: &mut Connection) -> Result<(), StoreError> {
    let mut after: Option<TicketId> = None;
    loop {
        let mut parameters = Parameters::default();
        let most = parameters.integer(TOGETHER);
        let behind = after.map(|id| format!(" AND t.id > {}", parameters.id(*id.as_bytes()))).unwrap_or_default();
        let sql = format!(
            "SELECT TOP ({most}) t.id, t.data, {WITH_NUMBER} FROM tickets AS t
             WHERE t.shelf = 0 AND t.owner IS NULL AND t.data IS NOT NULL{behind} ORDER BY t.id"
        );
        let rows = connection.ask(&Batch::of(sql, parameters)).await.or_failed(FILLING)?;
        let mut written = Parameters::default();
        let mut turns = Vec::new();
        for it in rows.iter().flatten() {
            after = Some(TicketId::from_bytes(it.id(0)?));
            let record = row::record(RecordKind::Ticket, it.bytes(1)?, row::extra(RecordKind::Ticket, it, 2)?)?;
            if let Record::Ticket(ticket) = record
                && let Some(turn) = ticket.turn()
            {
                turns.push(format!("({}, {})", written.id(*ticket.id.as_bytes()), written.integer(turn)));
            }
        }
        if rows.iter().flatten().next().is_none() {
            return Ok(());
        }
        if !turns.is_empty() {
            let sql = format!(
                "UPDATE t SET turn = v.turn FROM tickets AS t JOIN (VALUES {}) AS v(id, turn) ON t.id = v.id",
                turns.join(", ")
            );
            connection.ask(&Batch::of(sql, written)).await.or_failed(FILLING)?;
        }
    }
}
