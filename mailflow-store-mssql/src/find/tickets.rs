//! Lists and counts of tickets. A list is one statement that is merged from ranges of indexes: of each range that can
//! have rows of it as many are read as a page needs.

use mailflow_core::access::Visibility;
use mailflow_core::id::TicketboxId;
use mailflow_core::store::{Count, Cursor, Found, Page, RecordKind, Row, StoreError, TicketQuery};
use mailflow_store_rows::ranges::{Ranges, ranges};
use mailflow_store_rows::{columns, visible};

use super::{Cut, NEWEST, behind, most, one_statement, record};
use crate::batch::Parameters;
use crate::connection::Pool;

/// A page of tickets.
pub(super) async fn list(pool: &Pool, query: &TicketQuery, page: &Page) -> Result<Found, StoreError> {
    let mut parameters = Parameters::default();
    let (updated, id) = page.after.as_ref().and_then(Cursor::read).unwrap_or(NEWEST);
    let (updated, id) = (parameters.integer(updated), parameters.id(id));
    let most = parameters.integer(most(page));
    let wanted = visible::wanted(query, &mut parameters);
    let visible = visible::visibility(&query.visibility, &mut parameters);
    let shelves: Vec<String> = columns::shelves(query).iter().map(|it| format!("({it})")).collect();
    let shelves = shelves.join(", ");
    let behind = behind("t.updated", "t.id", true, (&updated, &id));
    let mut streams = Vec::new();
    for Ranges { index, keys, seen } in ranges(query) {
        let keys = match keys {
            None => String::new(),
            Some(keys) if keys.is_empty() => continue,
            Some(keys) => {
                let keys: Vec<String> =
                    parameters.ids(keys.into_iter()).into_iter().map(|key| format!("({key})")).collect();
                format!("(VALUES {}) AS r(k) CROSS JOIN ", keys.join(", "))
            }
        };
        let filter = wanted.iter().chain(visible.iter().filter(|_| !seen));
        let filter: String = filter.map(|it| format!(" AND {it}")).collect();
        streams.push(format!(
            "SELECT c.updated, c.id FROM {keys}(VALUES {shelves}) AS s(shelf) CROSS APPLY (
             SELECT TOP ({most}) t.updated, t.id FROM tickets AS t
             WHERE {} AND t.shelf = s.shelf AND {behind}{filter}
             ORDER BY t.updated DESC, t.id DESC) AS c",
            index.within()
        ));
    }
    if streams.is_empty() {
        return Ok(Cut::new(page).end());
    }
    // A ticket may lie in several ranges: its ticketbox's and its owner's.
    let sql = format!(
        "SELECT p.updated, p.id, x.version, x.data, x.number, CAST(NULL AS VARBINARY(MAX)) AS text FROM (
         SELECT TOP ({most}) u.updated, u.id FROM ({}) AS u GROUP BY u.updated, u.id
         ORDER BY u.updated DESC, u.id DESC) AS p
         JOIN tickets AS x ON x.id = p.id ORDER BY p.updated DESC, p.id DESC",
        streams.join(" UNION ALL ")
    );
    let rows = one_statement(pool, &sql, parameters).await?;
    let mut cut = Cut::new(page);
    for it in &rows {
        if cut.is_full() {
            return Ok(cut.more());
        }
        let cursor = Cursor::new(it.integer(0)?, &it.id(1)?);
        cut.push(record(RecordKind::Ticket, it, 2)?, cursor);
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
    let most = parameters.integer(i64::from(Count::MAX) + 1);
    let visible = visible::visibility(visibility, &mut parameters);
    let mut parts = Vec::new();
    for (whole, filter) in [(true, None), (false, visible)] {
        let ids: Vec<[u8; 16]> =
            ticketboxes.iter().filter(|id| is_seen_whole(id) == whole).map(|it| *it.as_bytes()).collect();
        if ids.is_empty() {
            continue;
        }
        let rows: Vec<String> = parameters.ids(ids.into_iter()).into_iter().map(|id| format!("({id})")).collect();
        let filter = filter.map(|it| format!(" AND {it}")).unwrap_or_default();
        parts.push(format!(
            "SELECT b.id, (SELECT COUNT_BIG(*) FROM (SELECT TOP ({most}) t.id FROM tickets AS t
             WHERE t.ticketbox = b.id AND t.shelf = 0{filter}) AS c) AS tickets FROM (VALUES {}) AS b(id)",
            rows.join(", ")
        ));
    }
    let mut counts = std::collections::BTreeMap::new();
    if !parts.is_empty() {
        for it in one_statement(pool, &parts.join(" UNION ALL "), parameters).await? {
            counts.insert(it.id(0)?, Count::new(u32::try_from(it.integer(1)?).unwrap_or(u32::MAX)));
        }
    }
    let count = |id: &TicketboxId| Row::Count(*id, counts.get(id.as_bytes()).copied().unwrap_or(Count::new(0)));
    Ok(Found { rows: ticketboxes.iter().map(count).collect(), next: None })
}
