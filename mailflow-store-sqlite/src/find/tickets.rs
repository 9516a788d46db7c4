//! Lists and counts of tickets. Each is merged from streams: one for each index range that can have rows of it, all in
//! the same order. What a stream gives is checked with [`TicketQuery::matches`], from the index alone.

use std::collections::{BinaryHeap, VecDeque};

use mailflow_core::access::{Categories, Visibility};
use mailflow_core::id::{AgentId, CategoryId, ContactId, TicketId, TicketboxId};
use mailflow_core::store::{Count, Cursor, Found, Page, RecordKind, Row, StoreError, TicketQuery, Version};
use mailflow_core::ticket::{Ticket, TicketState};
use mailflow_core::time::Timestamp;
use mailflow_store_rows::columns;
use mailflow_store_rows::ranges::{Index, Ranges, ranges};
use rusqlite::types::Value;
use rusqlite::{Connection, params, params_from_iter};

use super::{Cut, LISTING, NEWEST};
use crate::connection::prepare;
use crate::error::OrFailed as _;
use crate::row;

/// How many rows a stream reads ahead at first, when there are several.
const FIRST_CHUNK: i64 = 4;
const MAX_CHUNK: i64 = 256;

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

/// A ticket as the index has it.
struct Candidate {
    updated: i64,
    id: [u8; 16],
    seq: i64,
    /// Only what [`TicketQuery::matches`] asks about is set.
    ticket: Ticket,
}

/// Candidates of one index range, newest first.
struct Stream {
    sql: &'static str,
    /// What the index is searched for, the shelf last.
    values: Vec<Value>,
    ahead: VecDeque<Candidate>,
    /// Where what was read ahead ends; `None` if the range is read to its end.
    from: Option<(i64, Vec<u8>)>,
    chunk: i64,
}

impl Stream {
    fn next(&mut self, connection: &Connection) -> Result<Option<Candidate>, StoreError> {
        if self.ahead.is_empty()
            && let Some((updated, id)) = self.from.take()
        {
            self.read(connection, updated, id)?;
        }
        Ok(self.ahead.pop_front())
    }

    fn read(&mut self, connection: &Connection, updated: i64, id: Vec<u8>) -> Result<(), StoreError> {
        let place = [Value::Integer(updated), Value::Blob(id), Value::Integer(self.chunk)];
        let mut statement = prepare(connection, self.sql).or_failed(LISTING)?;
        let values = self.values.iter().cloned().chain(place);
        let mut rows = statement.query(params_from_iter(values)).or_failed(LISTING)?;
        let mut read = 0;
        while let Some(it) = rows.next().or_failed(LISTING)? {
            self.ahead.push_back(candidate(it).or_failed(LISTING)?);
            read += 1;
        }
        if read == self.chunk {
            self.from = self.ahead.back().map(|last| (last.updated, last.id.to_vec()));
        }
        self.chunk = (self.chunk * 4).min(MAX_CHUNK.max(self.chunk));
        Ok(())
    }
}

fn candidate(it: &rusqlite::Row<'_>) -> rusqlite::Result<Candidate> {
    let (updated, id) = (it.get(0)?, it.get(1)?);
    let ticket = skeleton(it, 3, TicketId::from_bytes(id))?;
    Ok(Candidate { updated, id, seq: it.get(2)?, ticket })
}

/// A ticket of which only what [`TicketQuery::matches`] asks about is set, from the columns `shelf`, `ticketbox`,
/// `owner`, `category`, `contact`.
pub(super) fn skeleton(it: &rusqlite::Row<'_>, first: usize, id: TicketId) -> rusqlite::Result<Ticket> {
    let ticketbox = TicketboxId::from_bytes(it.get(first + 1)?);
    let mut ticket = Ticket::new(id, ticketbox, "", Timestamp::MIN);
    let (state, trashed) = columns::of_shelf(it.get(first)?);
    ticket.state = state;
    ticket.trashed = trashed.then_some(Timestamp::MIN);
    ticket.owner = it.get::<_, Option<[u8; 16]>>(first + 2)?.map(AgentId::from_bytes);
    ticket.category = it.get::<_, Option<[u8; 16]>>(first + 3)?.map(CategoryId::from_bytes);
    ticket.contact = it.get::<_, Option<[u8; 16]>>(first + 4)?.map(ContactId::from_bytes);
    Ok(ticket)
}

/// The statement that walks a range of an index, without the shelf.
const fn walk(index: Index) -> &'static str {
    match index {
        Index::Time => BY_TIME,
        Index::Ticketbox => BY_BOX,
        Index::OfNobody => OF_NOBODY,
        Index::Owner => BY_OWNER,
        Index::Contact => BY_CONTACT,
        Index::Category => BY_CATEGORY,
    }
}

/// The statements that walk all tickets of a query, and what each is given before the shelf.
fn walks(query: &TicketQuery) -> Vec<(&'static str, Vec<Value>)> {
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
    walks
}

/// All tickets of a query, newest first.
struct Merged<'c> {
    connection: &'c Connection,
    query: &'c TicketQuery,
    streams: Vec<Stream>,
    /// The first candidate of each stream that has one.
    heads: BinaryHeap<Head>,
    last: Option<[u8; 16]>,
}

struct Head {
    candidate: Candidate,
    stream: usize,
}

impl PartialEq for Head {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Head {}

impl PartialOrd for Head {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Head {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        let (a, b) = (&self.candidate, &other.candidate);
        (a.updated, a.id, self.stream).cmp(&(b.updated, b.id, other.stream))
    }
}

impl<'c> Merged<'c> {
    fn new(
        connection: &'c Connection,
        query: &'c TicketQuery,
        from: &(i64, Vec<u8>),
        expected: i64,
    ) -> Result<Self, StoreError> {
        let shelves = columns::shelves(query);
        let walks = walks(query);
        let one = walks.len() * shelves.len() == 1;
        let chunk = if one { expected.clamp(1, MAX_CHUNK) } else { FIRST_CHUNK };
        let mut streams = Vec::with_capacity(walks.len() * shelves.len());
        for (sql, values) in walks {
            streams.extend(shelves.iter().map(|shelf| Stream {
                sql,
                values: values.iter().cloned().chain([Value::Integer(*shelf)]).collect(),
                ahead: VecDeque::new(),
                from: Some(from.clone()),
                chunk,
            }));
        }
        let mut merged = Self { connection, query, streams, heads: BinaryHeap::new(), last: None };
        for stream in 0..merged.streams.len() {
            merged.refill(stream)?;
        }
        Ok(merged)
    }

    fn refill(&mut self, stream: usize) -> Result<(), StoreError> {
        let Some(of) = self.streams.get_mut(stream) else { return Ok(()) };
        if let Some(candidate) = of.next(self.connection)? {
            self.heads.push(Head { candidate, stream });
        }
        Ok(())
    }

    fn next(&mut self) -> Result<Option<Candidate>, StoreError> {
        while let Some(Head { candidate, stream }) = self.heads.pop() {
            self.refill(stream)?;
            // A ticket stands in several streams: its ticketbox's and its owner's.
            let again = self.last == Some(candidate.id);
            self.last = Some(candidate.id);
            if !again && self.query.matches(&candidate.ticket) {
                return Ok(Some(candidate));
            }
        }
        Ok(None)
    }
}

/// A page of tickets.
pub(super) fn list(connection: &Connection, query: &TicketQuery, page: &Page) -> Result<Found, StoreError> {
    let after = page.after.as_ref().and_then(Cursor::read);
    let from = after.map_or((NEWEST.0, NEWEST.1.to_vec()), |(sort, id)| (sort, id.to_vec()));
    let mut merged = Merged::new(connection, query, &from, i64::from(page.limit) + 1)?;
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
        cut.push(Row::Record(version, record), Cursor::new(candidate.updated, &candidate.id));
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
    let from = (NEWEST.0, NEWEST.1.to_vec());
    let mut merged = Merged::new(connection, &query, &from, MAX_CHUNK)?;
    let mut number = 0;
    while number <= Count::MAX && merged.next()?.is_some() {
        number += 1;
    }
    Ok(number)
}
