//! Lists and counts of tickets. Each is merged from streams: one for each index range that can have rows of it, all in
//! the same order. What a stream gives is checked with [`TicketQuery::matches`], from the index alone.

use std::cmp::Reverse;

use mailflow_core::access::{Categories, Visibility};
use mailflow_core::id::TicketboxId;
use mailflow_core::store::{Count, Cursor, Found, Page, RecordKind, Row, StoreError, TicketQuery, Version};
use mailflow_core::ticket::{Ticket, TicketState};
use mailflow_store_rows::columns;
use mailflow_store_rows::ranges::{Index, Ranges, ranges};
use rusqlite::types::Value;
use rusqlite::{Connection, params};

use super::merged::{MAX_CHUNK, Merged, Place, Range};
use super::{Cut, LISTING, most, unowned};
use crate::connection::prepare;
use crate::error::OrFailed as _;
use crate::row;

macro_rules! stream {
    ($filter:literal, $index:literal) => {
        concat!(
            "SELECT updated, id, seq, shelf, ticketbox, owner, category, contact FROM tickets INDEXED BY ",
            $index,
            " WHERE ",
            $filter,
            " AND shelf = ? AND (updated, id) < (?, ?) ORDER BY updated DESC, id DESC LIMIT ?"
        )
    };
}

const BY_TIME: &str = stream!("shelf IS NOT NULL", "tickets_by_time");
const BY_BOX: &str = stream!("ticketbox = ?", "tickets_by_box");
const OF_NOBODY: &str = stream!("owner IS NULL AND ticketbox = ?", "tickets_of_nobody");
const BY_OWNER: &str = stream!("owner = ?", "tickets_by_owner");
const BY_CONTACT: &str = stream!("contact = ?", "tickets_by_contact");
const BY_CATEGORY: &str = stream!("category = ?", "tickets_by_category");
const BY_BOX_AND_CATEGORY: &str = stream!("ticketbox = ? AND category = ?", "tickets_by_box_and_category");

/// The ticket that changed last comes first.
#[derive(PartialEq, Eq, PartialOrd, Ord, Clone)]
struct Newest(Reverse<(i64, [u8; 16])>);

/// Before all tickets.
const NEWEST: Newest = Newest(Reverse((i64::MAX, [0xff; 16])));

impl Place for Newest {
    fn read(row: &rusqlite::Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self(Reverse((row.get(0)?, row.get(1)?))))
    }

    fn values(&self) -> [Value; 2] {
        let Reverse((updated, id)) = &self.0;
        [Value::Integer(*updated), Value::Blob(id.to_vec())]
    }
}

/// The statement that walks a range of an index, without the shelf.
pub(super) const fn walk(index: Index) -> &'static str {
    match index {
        Index::Time => BY_TIME,
        Index::Ticketbox => BY_BOX,
        Index::OfNobody => OF_NOBODY,
        Index::Owner => BY_OWNER,
        Index::Contact => BY_CONTACT,
        Index::Category => BY_CATEGORY,
        Index::Turn => unowned::BY_TURN,
        Index::TicketboxAndTurn => unowned::BY_BOX_AND_TURN,
    }
}

/// The ranges of all tickets of a query.
fn walks(query: &TicketQuery) -> Vec<Range> {
    let blob = |id: &[u8; 16]| Value::Blob(id.to_vec());
    let mut walks = Vec::new();
    for Ranges { index, keys, .. } in ranges(query) {
        let Some(keys) = keys else {
            walks.push((walk(index), Vec::new()));
            continue;
        };
        walks.extend(keys.iter().map(|key| match &query.category {
            Some(category) if index == Index::Ticketbox => {
                (BY_BOX_AND_CATEGORY, vec![blob(key), blob(category.as_bytes())])
            }
            _ => (walk(index), vec![blob(key)]),
        }));
    }
    let shelves = columns::shelves(query);
    let on = |values: &[Value], shelf: &i64| values.iter().cloned().chain([Value::Integer(*shelf)]).collect();
    let ranges = walks
        .iter()
        .flat_map(|(sql, values)| shelves.iter().map(move |shelf| Range { sql, values: on(values, shelf) }));
    ranges.collect()
}

/// The tickets of a query behind a place, newest first.
fn merged<'c>(
    connection: &'c Connection,
    query: &TicketQuery,
    from: &Newest,
    expected: i64,
) -> Result<Merged<'c, Newest, impl Fn(&Ticket) -> bool>, StoreError> {
    Merged::new(connection, walks(query), from, expected, |it| query.matches(it))
}

/// A page of tickets.
pub(super) fn list(connection: &Connection, query: &TicketQuery, page: &Page) -> Result<Found, StoreError> {
    let from = page.after.as_ref().and_then(Cursor::read).map_or(NEWEST, |after| Newest(Reverse(after)));
    let merged = merged(connection, query, &from, most(page))?;
    fill(connection, page, merged, |Newest(Reverse((updated, id)))| Cursor::new(*updated, id))
}

/// A page of what is merged.
pub(super) fn fill<P: Place>(
    connection: &Connection,
    page: &Page,
    mut merged: Merged<'_, P, impl Fn(&Ticket) -> bool>,
    cursor: impl Fn(&P) -> Cursor,
) -> Result<Found, StoreError> {
    let sql = "SELECT version, data, number FROM tickets WHERE seq = ?1";
    let mut statement = prepare(connection, sql).or_failed(LISTING)?;
    let mut cut = Cut::new(page);
    while let Some(candidate) = merged.next()? {
        if cut.is_full() {
            return Ok(cut.more());
        }
        let mut rows = statement.query(params![candidate.seq]).or_failed(LISTING)?;
        let Some(it) = rows.next().or_failed(LISTING)? else { continue };
        let data = it.get_ref(1).or_failed(LISTING)?.as_blob().unwrap_or_default();
        let record = row::record(RecordKind::Ticket, data, it.get_ref(2).or_failed(LISTING)?)?;
        let version = Version::new(it.get(0).or_failed(LISTING)?);
        cut.push(Row::Record(version, record), cursor(&candidate.place));
    }
    Ok(cut.end())
}

/// How many open tickets each ticketbox has.
pub(super) fn open_counts(
    connection: &Connection,
    visibility: &Visibility,
    ticketboxes: &[TicketboxId],
) -> Result<Found, StoreError> {
    let mut rows = Vec::with_capacity(ticketboxes.len());
    for id in ticketboxes {
        let number = if is_seen_whole(visibility, id) {
            count_all(connection, id)?
        } else {
            count_seen(connection, visibility, *id)?
        };
        rows.push(Row::Count(*id, Count::new(number)));
    }
    Ok(Found { rows, next: None })
}

/// Whether all tickets of a ticketbox may be seen.
fn is_seen_whole(visibility: &Visibility, id: &TicketboxId) -> bool {
    match visibility {
        Visibility::Everything => true,
        Visibility::Of { ticketboxes, categories, .. } => *categories == Categories::All && ticketboxes.contains(id),
    }
}

fn count_all(connection: &Connection, id: &TicketboxId) -> Result<u32, StoreError> {
    // Skipping rows costs half of counting them, so whether there are too many to count is asked first.
    let sql = "SELECT 1 FROM tickets INDEXED BY tickets_by_box WHERE ticketbox = ?1 AND shelf = 0 LIMIT 1 OFFSET ?2";
    let is_more = prepare(connection, sql)
        .and_then(|mut it| it.exists(params![id.as_bytes(), Count::MAX]))
        .or_failed(LISTING)?;
    if is_more {
        return Ok(Count::MAX + 1);
    }
    let sql = "SELECT count(*) FROM tickets INDEXED BY tickets_by_box WHERE ticketbox = ?1 AND shelf = 0";
    prepare(connection, sql)
        .and_then(|mut it| it.query_row(params![id.as_bytes()], |row| row.get(0)))
        .or_failed(LISTING)
}

fn count_seen(connection: &Connection, visibility: &Visibility, id: TicketboxId) -> Result<u32, StoreError> {
    let query = TicketQuery {
        ticketboxes: Some([id].into()),
        state: Some(TicketState::Open),
        ..TicketQuery::all(visibility.clone())
    };
    merged(connection, &query, &NEWEST, MAX_CHUNK)?.count(Count::MAX + 1)
}
