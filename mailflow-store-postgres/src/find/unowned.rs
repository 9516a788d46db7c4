//! What nobody takes care of, in the order of turns: a page of it, and how much there is. Each is one statement that reads
//! of each ticketbox no more than is asked for.

use deadpool_postgres::Pool;
use mailflow_core::store::{Count, Cursor, Found, Page, RecordKind, Row, StoreError, UnownedQuery};
use mailflow_store_rows::ranges::{Ranges, ranges_by_turn};
use tokio_postgres::types::Type;
use uuid::Uuid;

use super::{Cut, LISTING, most, one_statement, record};
use crate::error::OrFailed as _;
use crate::value::{signed, unsigned};
use crate::visible::{self, Parameters};

/// Before all tickets.
const FIRST: (i64, u64) = (i64::MIN, 0);

/// The tickets of a query behind this one as a `FROM`: turn and number, of each ticketbox so many, in its order.
fn tickets(query: &UnownedQuery, (turn, number): (i64, u64), most: &str, parameters: &mut Parameters<'_>) -> String {
    let turn = parameters.add(Box::new(turn), Type::INT8);
    let number = parameters.add(Box::new(signed(number)), Type::INT8);
    let Ranges { index, keys, seen } = ranges_by_turn(query);
    let ids = keys.map(|keys| parameters.ids(keys.into_iter().map(Uuid::from_bytes)));
    let boxes = ids.map(|ids| format!("unnest({ids}) r(k) CROSS JOIN LATERAL ")).unwrap_or_default();
    let visible = if seen { None } else { visible::visibility(&query.visibility, parameters) };
    let filter = visible.map(|it| format!(" AND {it}")).unwrap_or_default();
    format!(
        "{boxes}(SELECT t.turn, t.number FROM tickets t WHERE {} AND (t.turn, t.number) > ({turn}, {number}){filter}
         ORDER BY t.turn, t.number LIMIT {most}) c",
        index.within()
    )
}

/// A page of them.
pub(super) async fn list(pool: &Pool, query: &UnownedQuery, page: &Page) -> Result<Found, StoreError> {
    let mut parameters = Parameters::default();
    let most = parameters.add(Box::new(most(page)), Type::INT8);
    let from = page.after.as_ref().and_then(Cursor::read_turn).unwrap_or(FIRST);
    let tickets = tickets(query, from, &most, &mut parameters);
    let sql = format!(
        "SELECT p.turn, x.version, x.data, x.number FROM (
         SELECT c.turn, c.number FROM {tickets} ORDER BY c.turn, c.number LIMIT {most}) p
         CROSS JOIN LATERAL (SELECT version, data, number FROM tickets x WHERE x.number = p.number LIMIT 1) x
         ORDER BY p.turn, p.number"
    );
    let rows = one_statement(pool, &sql, parameters.0).await?;
    let mut cut = Cut::new(page);
    for it in &rows {
        if cut.is_full() {
            return Ok(cut.more());
        }
        let (turn, number) = (it.try_get(0).or_failed(LISTING)?, it.try_get(3).or_failed(LISTING)?);
        cut.push(record(RecordKind::Ticket, it, 1)?, Cursor::by_turn(turn, unsigned(number)));
    }
    Ok(cut.end())
}

/// How many there are.
pub(super) async fn count(pool: &Pool, query: &UnownedQuery) -> Result<Found, StoreError> {
    let mut parameters = Parameters::default();
    let most = parameters.add(Box::new(i64::from(Count::MAX) + 1), Type::INT8);
    // Asked for in their order, the planner takes the index that has it.
    let tickets = tickets(query, FIRST, &most, &mut parameters);
    let sql = format!("SELECT count(*) FROM (SELECT 1 FROM {tickets} LIMIT {most}) n");
    let rows = one_statement(pool, &sql, parameters.0).await?;
    let count: i64 = rows.first().map_or(Ok(0), |it| it.try_get(0)).or_failed(LISTING)?;
    Ok(Found { rows: vec![Row::Total(Count::new(u32::try_from(count).unwrap_or(u32::MAX)))], next: None })
}
