//! Lists and counts of tickets. A list is one statement that is merged from ranges of indexes: of each range that can
//! have rows of it as many are read as a page needs.

use deadpool_postgres::Pool;
use mailflow_core::access::Visibility;
use mailflow_core::id::TicketboxId;
use mailflow_core::store::{Count, Cursor, Found, Page, RecordKind, Row, StoreError, TicketQuery, Version};
use mailflow_store_rows::columns;
use mailflow_store_rows::ranges::{Ranges, ranges};
use tokio_postgres::types::Type;
use uuid::Uuid;

use super::{Cut, LISTING, NEWEST, most, one_statement};
use crate::error::OrFailed as _;
use crate::row;
use crate::value::unsigned;
use crate::visible::{self, Parameters};

/// A page of tickets.
pub(super) async fn list(pool: &Pool, query: &TicketQuery, page: &Page) -> Result<Found, StoreError> {
    let mut parameters = Parameters::default();
    let (updated, id) = page.after.as_ref().and_then(Cursor::read).unwrap_or(NEWEST);
    let updated = parameters.add(Box::new(updated), Type::INT8);
    let id = parameters.id(Uuid::from_bytes(id));
    let most = parameters.add(Box::new(most(page)), Type::INT8);
    let shelves = parameters.add(Box::new(columns::shelves(query)), Type::INT8_ARRAY);
    let wanted = visible::wanted(query, &mut parameters);
    let ranges = ranges(query);
    // A parameter that no part of the statement names has no type.
    let asks = ranges.iter().any(|range| !range.seen);
    let visible = if asks { visible::visibility(&query.visibility, &mut parameters) } else { None };
    let mut streams = Vec::new();
    for Ranges { index, keys, seen } in ranges {
        let mut ids = |keys: Vec<[u8; 16]>| parameters.ids(keys.into_iter().map(Uuid::from_bytes));
        let keys = keys.map(|keys| format!("unnest({}) r(k) CROSS JOIN ", ids(keys)));
        let mut filter = wanted.clone();
        filter.extend(visible.iter().filter(|_| !seen).cloned());
        let filter: String = filter.iter().map(|it| format!(" AND {it}")).collect();
        streams.push(format!(
            "SELECT c.updated, c.id FROM {}unnest({shelves}) s(shelf) CROSS JOIN LATERAL (
             SELECT t.updated, t.id FROM tickets t WHERE {} AND t.shelf = s.shelf
             AND (t.updated, t.id) < ({updated}, {id}){filter}
             ORDER BY t.updated DESC, t.id DESC LIMIT {most}) c",
            keys.unwrap_or_default(),
            index.within()
        ));
    }
    // A ticket may lie in several ranges: its ticketbox's and its owner's.
    let sql = format!(
        "SELECT p.updated, p.id, x.version, x.data, x.number FROM (
         SELECT u.updated, u.id FROM ({}) u GROUP BY u.updated, u.id ORDER BY u.updated DESC, u.id DESC LIMIT {most}) p
         CROSS JOIN LATERAL (SELECT version, data, number FROM tickets x WHERE x.id = p.id LIMIT 1) x
         ORDER BY p.updated DESC, p.id DESC",
        streams.join(" UNION ALL ")
    );
    let rows = one_statement(pool, &sql, parameters.0).await?;
    let mut cut = Cut::new(page);
    for it in &rows {
        if cut.is_full() {
            return Ok(cut.more());
        }
        let id: Uuid = it.try_get(1).or_failed(LISTING)?;
        let data: Option<&[u8]> = it.try_get(3).or_failed(LISTING)?;
        let number = row::extra(RecordKind::Ticket, it, 4).or_failed(LISTING)?;
        let record = row::record(RecordKind::Ticket, data.unwrap_or_default(), number)?;
        let version = Version::new(unsigned(it.try_get(2).or_failed(LISTING)?));
        let cursor = Cursor::new(it.try_get(0).or_failed(LISTING)?, id.as_bytes());
        cut.push(Row::Record(version, record), cursor);
    }
    Ok(cut.end())
}

/// How many open tickets each ticketbox has.
pub(super) async fn open_counts(
    pool: &Pool,
    visibility: &Visibility,
    ticketboxes: &[TicketboxId],
) -> Result<Found, StoreError> {
    let is_seen_whole = |id: &TicketboxId| match visibility {
        Visibility::Everything => true,
        Visibility::Of { ticketboxes, .. } => visible::sees_all_categories(visibility) && ticketboxes.contains(id),
    };
    let mut parameters = Parameters::default();
    let most = parameters.add(Box::new(i64::from(Count::MAX) + 1), Type::INT8);
    let visible = visible::visibility(visibility, &mut parameters).unwrap_or_else(|| "true".to_owned());
    let mut parts = Vec::new();
    for (whole, filter) in [(true, "true"), (false, visible.as_str())] {
        let ids = ticketboxes.iter().filter(|id| is_seen_whole(id) == whole).map(|it| Uuid::from(*it));
        let ids = parameters.ids(ids);
        parts.push(format!(
            "SELECT b.id, (SELECT count(*) FROM (SELECT 1 FROM tickets t WHERE t.ticketbox = b.id AND t.shelf = 0
             AND {filter} LIMIT {most}) c) FROM unnest({ids}) b(id)"
        ));
    }
    let rows = one_statement(pool, &parts.join(" UNION ALL "), parameters.0).await?;
    let mut counts = std::collections::BTreeMap::new();
    for it in &rows {
        let id: Uuid = it.try_get(0).or_failed(LISTING)?;
        let count: i64 = it.try_get(1).or_failed(LISTING)?;
        counts.insert(TicketboxId::from(id), Count::new(u32::try_from(count).unwrap_or(u32::MAX)));
    }
    let count = |id: &TicketboxId| Row::Count(*id, counts.get(id).copied().unwrap_or(Count::new(0)));
    Ok(Found { rows: ticketboxes.iter().map(count).collect(), next: None })
}
