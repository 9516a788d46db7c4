//! What nobody takes care of, in the order of turns: a page of it, and how much there is. Each is one statement that reads
//! of each ticketbox no more than is asked for.

use mailflow_core::store::{Count, Cursor, Found, Page, RecordKind, Row, StoreError, UnownedQuery};
use mailflow_store_rows::ranges::{Ranges, ranges_by_turn};
use mailflow_store_rows::value::{signed, unsigned};
use mailflow_store_rows::visible;

use super::{Cut, behind, most, one_statement, record};
use crate::batch::Parameters;
use crate::connection::Pool;

/// Before all tickets.
const FIRST: (i64, u64) = (i64::MIN, 0);

/// The tickets of a query behind this one as a `FROM`: turn and number, of each ticketbox so many, in its order. `None` if
/// no ticketbox is asked for.
fn tickets(
    query: &UnownedQuery,
    (turn, number): (i64, u64),
    most: &str,
    parameters: &mut Parameters<'_>,
) -> Option<String> {
    let (turn, number) = (parameters.integer(turn), parameters.integer(signed(number)));
    let behind = behind("t.turn", "t.number", false, (&turn, &number));
    let Ranges { index, keys, seen } = ranges_by_turn(query);
    let boxes = match keys {
        None => String::new(),
        Some(keys) if keys.is_empty() => return None,
        Some(keys) => {
            let keys: Vec<String> =
                parameters.ids(keys.into_iter()).into_iter().map(|key| format!("({key})")).collect();
            format!("(VALUES {}) AS r(k) CROSS APPLY ", keys.join(", "))
        }
    };
    let visible = if seen { None } else { visible::visibility(&query.visibility, parameters) };
    let filter = visible.map(|it| format!(" AND {it}")).unwrap_or_default();
    Some(format!(
        "{boxes}(SELECT TOP ({most}) t.turn, t.number FROM tickets AS t WHERE {} AND {behind}{filter}
         ORDER BY t.turn, t.number) AS c",
        index.within()
    ))
}

/// A page of them.
pub(super) async fn list(pool: &Pool, query: &UnownedQuery, page: &Page) -> Result<Found, StoreError> {
    let mut parameters = Parameters::default();
    let mut cut = Cut::new(page);
    let most = parameters.integer(most(page));
    let from = page.after.as_ref().and_then(Cursor::read_turn).unwrap_or(FIRST);
    let Some(tickets) = tickets(query, from, &most, &mut parameters) else { return Ok(cut.end()) };
    let sql = format!(
        "SELECT p.turn, p.number AS place, x.version, x.data, x.number, CAST(NULL AS VARBINARY(MAX)) AS text FROM (
         SELECT TOP ({most}) c.turn, c.number FROM {tickets} ORDER BY c.turn, c.number) AS p
         JOIN tickets AS x ON x.number = p.number ORDER BY p.turn, p.number"
    );
    for it in &one_statement(pool, &sql, parameters).await? {
        if cut.is_full() {
            return Ok(cut.more());
        }
        let cursor = Cursor::by_turn(it.integer(0)?, unsigned(it.integer(1)?));
        cut.push(record(RecordKind::Ticket, it, 2)?, cursor);
    }
    Ok(cut.end())
}

/// How many there are.
pub(super) async fn count(pool: &Pool, query: &UnownedQuery) -> Result<Found, StoreError> {
    let mut parameters = Parameters::default();
    let most = parameters.integer(i64::from(Count::MAX) + 1);
    let mut number = 0;
    if let Some(tickets) = tickets(query, FIRST, &most, &mut parameters) {
        let sql = format!("SELECT COUNT_BIG(*) AS tickets FROM (SELECT TOP ({most}) c.number FROM {tickets}) AS n");
        number = one_statement(pool, &sql, parameters).await?.first().map_or(Ok(0), |it| it.integer(0))?;
    }
    let total = Count::new(u32::try_from(number).unwrap_or(u32::MAX));
    Ok(Found { rows: vec![Row::Total(total)], next: None })
}
