//! Lists and counts of tickets. A list is one statement that is merged from ranges of indexes: of each range that can
//! have rows of it as many are read as a page needs.

use mailflow_core::access::Visibility;
use mailflow_core::id::{AgentId, TicketboxId};
use mailflow_core::store::{Count, Cursor, Found, OwnerFilter, Page, RecordKind, Row, StoreError, TicketQuery};

use super::{Cut, NEWEST, behind, limit, one_statement, record};
use crate::batch::Parameters;
use crate::connection::Pool;
use crate::visible;

/// Above so many visible ticketboxes all tickets are walked in their order: most of them will be visible.
const MAX_BOX_STREAMS: usize = 256;

/// Ranges of an index in which tickets of a query lie.
struct Ranges {
    /// How `t` lies in the range of the key `r.k`; without keys, in the one range.
    within: &'static str,
    keys: Option<Vec<[u8; 16]>>,
    /// Whether all that lies there may be seen.
    seen: bool,
}

const BY_TIME: &str = "t.shelf IS NOT NULL";
const BY_BOX: &str = "t.ticketbox = r.k";
const OF_NOBODY: &str = "t.owner IS NULL AND t.ticketbox = r.k";
const BY_OWNER: &str = "t.owner = r.k";
const BY_CONTACT: &str = "t.contact = r.k";
const BY_CATEGORY: &str = "t.category = r.k";

/// The ranges in which all tickets of a query lie.
fn ranges(query: &TicketQuery) -> Vec<Ranges> {
    let one = |within, id: [u8; 16]| vec![Ranges { within, keys: Some(vec![id]), seen: false }];
    if let Some(contact) = query.contact {
        return one(BY_CONTACT, *contact.as_bytes());
    }
    if let Some(OwnerFilter::Agent(agent)) = query.owner {
        return one(BY_OWNER, *agent.as_bytes());
    }
    let nobody = query.owner == Some(OwnerFilter::Nobody);
    let by_box = |boxes: Vec<TicketboxId>, seen| Ranges {
        within: if nobody { OF_NOBODY } else { BY_BOX },
        keys: Some(boxes.into_iter().map(|it| *it.as_bytes()).collect()),
        seen,
    };
    let everywhere = || match query.category {
        Some(category) => one(BY_CATEGORY, *category.as_bytes()),
        None => vec![Ranges { within: BY_TIME, keys: None, seen: false }],
    };
    match (&query.visibility, &query.ticketboxes) {
        (Visibility::Everything, None) => everywhere(),
        (Visibility::Everything, Some(wanted)) => vec![by_box(wanted.iter().copied().collect(), true)],
        (Visibility::Of { agent, ticketboxes, owners, .. }, wanted) => {
            let seen = |id: &&TicketboxId| wanted.as_ref().is_none_or(|wanted| wanted.contains(id));
            let boxes: Vec<TicketboxId> = ticketboxes.iter().filter(seen).copied().collect();
            if boxes.len() > MAX_BOX_STREAMS && wanted.is_none() {
                return everywhere();
            }
            let all = visible::sees_all_categories(&query.visibility);
            let mut ranges = vec![by_box(boxes, all)];
            // What nobody owns, no owner's list has.
            if !nobody {
                let owners: Vec<&AgentId> = owners.iter().filter(|id| *id != agent).chain([agent]).collect();
                let keys = Some(owners.into_iter().map(|it| *it.as_bytes()).collect());
                ranges.push(Ranges { within: BY_OWNER, keys, seen: all });
            }
            ranges
        }
    }
}

/// A page of tickets.
pub(super) async fn list(pool: &Pool, query: &TicketQuery, page: &Page) -> Result<Found, StoreError> {
    let mut parameters = Parameters::default();
    let (updated, id) = page.after.as_ref().and_then(Cursor::read).unwrap_or(NEWEST);
    let (updated, id) = (parameters.integer(updated), parameters.id(id));
    let most = parameters.integer(i64::from(limit(page)) + 1);
    let wanted = visible::wanted(query, &mut parameters);
    let ranges = ranges(query);
    let visible = visible::visibility(&query.visibility, &mut parameters);
    let shelves: Vec<String> =
        mailflow_store_rows::columns::shelves(query).iter().map(|it| format!("({it})")).collect();
    let shelves = shelves.join(", ");
    let behind = behind("t.updated", "t.id", true, (&updated, &id));
    let mut streams = Vec::new();
    for Ranges { within, keys, seen } in ranges {
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
             WHERE {within} AND t.shelf = s.shelf AND {behind}{filter}
             ORDER BY t.updated DESC, t.id DESC) AS c"
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
