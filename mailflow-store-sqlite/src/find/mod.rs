//! Lists.

use mailflow_core::id::{MessageId, RuleId};
use mailflow_core::store::{Count, Cursor, Found, Page, Query, RecordKind, Row, StoreError, StoreErrorKind, Version};
use mailflow_store_rows::page::{Cut, most};
use mailflow_store_rows::table;
use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};

use crate::connection::prepare;
use crate::error::OrFailed as _;
use crate::{row, statements};

mod contacts;
mod deeds;
mod merged;
mod search;
mod tickets;
mod unowned;

pub(crate) const LISTING: &str = "reading a list";

/// Where a list begins that has no cursor: before everything that sorts by a number and 16 bytes.
const OLDEST: (i64, &[u8]) = (i64::MIN, &[]);
const NEWEST: (i64, &[u8]) = (i64::MAX, &[0xff; 17]);

/// A list of records that one statement makes: sort, id, version, data, text. Its last three places are the cursor's
/// two and the limit.
struct List {
    kind: RecordKind,
    sql: &'static str,
    from: (i64, &'static [u8]),
    values: Vec<Value>,
}

/// A part of a list.
pub(crate) fn find(connection: &Connection, query: &Query, page: &Page) -> Result<Found, StoreError> {
    match query {
        Query::Tickets(query) => tickets::list(connection, query, page),
        Query::OpenCounts { visibility, ticketboxes } => tickets::open_counts(connection, visibility, ticketboxes),
        Query::Unowned(query) => unowned::list(connection, query, page),
        Query::UnownedCount(query) => unowned::count(connection, query),
        Query::Search(query) => search::search(connection, query, page),
        Query::Contacts(words) => contacts::list(connection, words, page),
        Query::Documents => documents(connection, page),
        Query::PlacedBy { rules, from } => placed_by(connection, rules, *from),
        Query::MessagesFrom(first) => messages_from(connection, *first, page),
        Query::Alerts(query) => deeds::alerts(connection, query, page),
        Query::Audit(query) => deeds::audit(connection, query, page),
        Query::All(kind) => all(connection, *kind, page),
        Query::Tombstones(kind) => gone(connection, *kind, page),
        Query::LastNumber => last_number(connection),
        query => records(connection, list(query)?, page),
    }
}

macro_rules! newest {
    ($table:literal, $sort:literal, $id:literal, $text:literal, $filter:literal) => {
        concat!(
            "SELECT ",
            $sort,
            ", ",
            $id,
            ", version, data, ",
            $text,
            " FROM ",
            $table,
            " WHERE ",
            $filter,
            "(",
            $sort,
            ", ",
            $id,
            ") < (?, ?) ORDER BY ",
            $sort,
            " DESC, ",
            $id,
            " DESC LIMIT ?"
        )
    };
}

macro_rules! oldest {
    ($table:literal, $sort:literal, $id:literal, $filter:literal) => {
        concat!(
            "SELECT ",
            $sort,
            ", ",
            $id,
            ", version, data, NULL FROM ",
            $table,
            " WHERE ",
            $filter,
            "(",
            $sort,
            ", ",
            $id,
            ") > (?, ?) ORDER BY ",
            $sort,
            ", ",
            $id,
            " LIMIT ?"
        )
    };
}

/// The statement of a query.
fn list(query: &Query) -> Result<List, StoreError> {
    let blob = |id: &[u8; 16]| vec![Value::Blob(id.to_vec())];
    let newest = |kind, sql, values| List { kind, sql, from: NEWEST, values };
    let oldest = |kind, sql, values| List { kind, sql, from: OLDEST, values };
    Ok(match query {
        Query::Messages(ticket) => newest(
            RecordKind::Message,
            newest!("messages", "at", "id", "text", "ticket = ? AND "),
            blob(ticket.as_bytes()),
        ),
        Query::Notes(ticket) => {
            newest(RecordKind::Note, newest!("notes", "at", "id", "NULL", "ticket = ? AND "), blob(ticket.as_bytes()))
        }
        Query::Events(ticket) => newest(
            RecordKind::Event,
            newest!("events", "at", "id", "NULL", "ticket = ? AND "),
            blob(ticket.as_bytes()),
        ),
        Query::OutgoingOf(ticket) => newest(
            RecordKind::Outgoing,
            newest!("outgoing", "created", "id", "NULL", "ticket = ? AND "),
            blob(ticket.as_bytes()),
        ),
        Query::Waiting => {
            oldest(RecordKind::Arrival, oldest!("arrivals", "at", "place", "list = 0 AND "), Vec::new())
        }
        Query::Shelved => {
            newest(RecordKind::Arrival, newest!("arrivals", "at", "place", "NULL", "list = 1 AND "), Vec::new())
        }
        Query::Due(destination, now) => {
            let mut values = blob(destination.as_bytes());
            values.push(Value::Integer(now.as_millis()));
            let sql = oldest!("outgoing", "due", "id", "destination = ? AND list = 0 AND due <= ? AND ");
            oldest(RecordKind::Outgoing, sql, values)
        }
        Query::Queued(destination) => {
            let sql = oldest!("outgoing", "due", "id", "destination = ? AND list = 0 AND ");
            oldest(RecordKind::Outgoing, sql, blob(destination.as_bytes()))
        }
        Query::Sending => {
            oldest(RecordKind::Outgoing, oldest!("outgoing", "created", "id", "list = 1 AND "), Vec::new())
        }
        Query::AwaitingApproval => {
            oldest(RecordKind::Outgoing, oldest!("outgoing", "created", "id", "list = 3 AND "), Vec::new())
        }
        Query::HeldBy(agent) => {
            oldest(RecordKind::Outgoing, oldest!("outgoing", "due", "id", "author = ? AND "), blob(agent.as_bytes()))
        }
        Query::Failed(destination) => {
            let sql = newest!("outgoing", "created", "id", "NULL", "destination = ? AND list = 2 AND ");
            newest(RecordKind::Outgoing, sql, blob(destination.as_bytes()))
        }
        Query::Drafts(agent) => newest(
            RecordKind::Draft,
            newest!("drafts", "saved", "ticket", "NULL", "agent = ? AND "),
            blob(agent.as_bytes()),
        ),
        Query::Sessions(Some(agent)) => newest(
            RecordKind::Session,
            newest!("sessions", "seen", "place", "NULL", "agent = ? AND "),
            blob(agent.as_bytes()),
        ),
        Query::Sessions(None) => {
            newest(RecordKind::Session, newest!("sessions", "seen", "place", "NULL", ""), Vec::new())
        }
        Query::Servers => oldest(RecordKind::Server, oldest!("servers", "started", "id", ""), Vec::new()),
        Query::Leases => oldest(RecordKind::Lease, oldest!("leases", "since", "id", ""), Vec::new()),
        // `Query` may grow.
        _ => {
            let doing = "this list is newer than the SQLite store; update the crate";
            return Err(StoreError::new(StoreErrorKind::Unusable, doing));
        }
    })
}

fn records(connection: &Connection, list: List, page: &Page) -> Result<Found, StoreError> {
    let after = page.after.as_ref().and_then(Cursor::read);
    let (sort, id) = after.map_or((list.from.0, list.from.1.to_vec()), |(sort, id)| (sort, id.to_vec()));
    let mut values = list.values;
    values.extend([Value::Integer(sort), Value::Blob(id), Value::Integer(most(page))]);
    let mut statement = prepare(connection, list.sql).or_failed(LISTING)?;
    let mut rows = statement.query(params_from_iter(values)).or_failed(LISTING)?;
    let mut cut = Cut::new(page);
    while let Some(it) = rows.next().or_failed(LISTING)? {
        if cut.is_full() {
            return Ok(cut.more());
        }
        let cursor = Cursor::new(it.get(0).or_failed(LISTING)?, &it.get(1).or_failed(LISTING)?);
        let data = it.get_ref(3).or_failed(LISTING)?.as_blob().unwrap_or_default();
        let record = row::record(list.kind, data, it.get_ref(4).or_failed(LISTING)?)?;
        cut.push(Row::Record(Version::new(it.get(2).or_failed(LISTING)?), record), cursor);
    }
    Ok(cut.end())
}

fn documents(connection: &Connection, page: &Page) -> Result<Found, StoreError> {
    let sql = "SELECT kind, id, version, data FROM documents WHERE (kind, id) > (?1, ?2) ORDER BY kind, id LIMIT ?3";
    let (kind, id) = page
        .after
        .as_ref()
        .and_then(Cursor::read_text)
        .map_or((Vec::new(), Vec::new()), |(kind, id)| (kind.into_bytes(), id.to_vec()));
    let mut statement = prepare(connection, sql).or_failed(LISTING)?;
    let mut rows = statement.query((kind, id, most(page))).or_failed(LISTING)?;
    let mut cut = Cut::new(page);
    while let Some(it) = rows.next().or_failed(LISTING)? {
        if cut.is_full() {
            return Ok(cut.more());
        }
        let kind: Vec<u8> = it.get(0).or_failed(LISTING)?;
        let cursor = Cursor::by_text(&String::from_utf8_lossy(&kind), &it.get(1).or_failed(LISTING)?);
        let data = it.get_ref(3).or_failed(LISTING)?.as_blob().unwrap_or_default();
        let record = row::record(RecordKind::Document, data, rusqlite::types::ValueRef::Null)?;
        cut.push(Row::Record(Version::new(it.get(2).or_failed(LISTING)?), record), cursor);
    }
    Ok(cut.end())
}

/// The records of a kind, by key.
fn all(connection: &Connection, kind: RecordKind, page: &Page) -> Result<Found, StoreError> {
    let table = table::of(kind)?;
    let after = page.after.as_ref().and_then(Cursor::read_bytes);
    let statements = statements::of(table)?;
    let sql = if after.is_some() { &statements.all_after } else { &statements.all_from };
    let key = table.key_from(after.as_deref());
    let values = key.iter().map(row::bound).chain([most(page).into()]);
    let mut statement = prepare(connection, sql).or_failed(LISTING)?;
    let mut rows = statement.query(params_from_iter(values)).or_failed(LISTING)?;
    let mut cut = Cut::new(page);
    while let Some(it) = rows.next().or_failed(LISTING)? {
        if cut.is_full() {
            return Ok(cut.more());
        }
        let data = it.get_ref(1).or_failed(LISTING)?.as_blob().unwrap_or_default();
        let record = row::record(kind, data, it.get_ref(2).or_failed(LISTING)?)?;
        let cursor = Cursor::by_bytes(&record.key().bytes());
        cut.push(Row::Record(Version::new(it.get(0).or_failed(LISTING)?), record), cursor);
    }
    Ok(cut.end())
}

/// What was erased of a kind, by its keys.
fn gone(connection: &Connection, kind: RecordKind, page: &Page) -> Result<Found, StoreError> {
    let table = table::of(kind)?;
    let mut cut = Cut::new(page);
    if !kind.leaves_tombstone() {
        return Ok(cut.end());
    }
    let after = page.after.as_ref().and_then(Cursor::read_bytes);
    let statements = statements::of(table)?;
    let sql = if after.is_some() { &statements.gone_after } else { &statements.gone_from };
    let key = table.key_from(after.as_deref());
    let values = key.iter().map(row::bound).chain([most(page).into()]);
    let mut statement = prepare(connection, sql).or_failed(LISTING)?;
    let mut rows = statement.query(params_from_iter(values)).or_failed(LISTING)?;
    while let Some(it) = rows.next().or_failed(LISTING)? {
        if cut.is_full() {
            return Ok(cut.more());
        }
        let mut key = Vec::new();
        for (nth, _) in (1..).zip(table.keys) {
            key.extend_from_slice(it.get_ref(nth).or_failed(LISTING)?.as_blob().unwrap_or_default());
        }
        cut.push_tombstone(kind, it.get(0).or_failed(LISTING)?, &key)?;
    }
    Ok(cut.end())
}

/// The highest number that a ticket ever got.
fn last_number(connection: &Connection) -> Result<Found, StoreError> {
    let mut statement = prepare(connection, "SELECT number FROM counters WHERE id = 1").or_failed(LISTING)?;
    let number = statement.query_row([], |row| row.get(0)).or_failed(LISTING)?;
    Ok(Found { rows: vec![Row::Number(number)], next: None })
}

/// Messages in the order of their ids.
fn messages_from(connection: &Connection, first: MessageId, page: &Page) -> Result<Found, StoreError> {
    let from =
        "SELECT id, version, data, text FROM messages WHERE id >= ?1 AND data IS NOT NULL ORDER BY id LIMIT ?2";
    let after =
        "SELECT id, version, data, text FROM messages WHERE id > ?1 AND data IS NOT NULL ORDER BY id LIMIT ?2";
    let (sql, id) = match page.after.as_ref().and_then(Cursor::read) {
        Some((_, id)) => (after, id),
        None => (from, *first.as_bytes()),
    };
    let mut statement = prepare(connection, sql).or_failed(LISTING)?;
    let mut rows = statement.query((id.to_vec(), most(page))).or_failed(LISTING)?;
    let mut cut = Cut::new(page);
    while let Some(it) = rows.next().or_failed(LISTING)? {
        if cut.is_full() {
            return Ok(cut.more());
        }
        let cursor = Cursor::new(0, &it.get(0).or_failed(LISTING)?);
        let data = it.get_ref(2).or_failed(LISTING)?.as_blob().unwrap_or_default();
        let record = row::record(RecordKind::Message, data, it.get_ref(3).or_failed(LISTING)?)?;
        cut.push(Row::Record(Version::new(it.get(1).or_failed(LISTING)?), record), cursor);
    }
    Ok(cut.end())
}

/// How many messages each rule placed: no more of the index is read than is counted.
fn placed_by(connection: &Connection, rules: &[RuleId], from: MessageId) -> Result<Found, StoreError> {
    let sql = "SELECT count(*) FROM (SELECT 1 FROM messages WHERE rule = ?1 AND id >= ?2 LIMIT ?3)";
    let mut statement = prepare(connection, sql).or_failed(LISTING)?;
    let mut rows = Vec::with_capacity(rules.len());
    for rule in rules {
        let read = statement.query_row((rule.as_bytes(), from.as_bytes(), Count::MAX + 1), |row| row.get(0));
        rows.push(Row::Placed(*rule, Count::new(read.or_failed(LISTING)?)));
    }
    Ok(Found { rows, next: None })
}
