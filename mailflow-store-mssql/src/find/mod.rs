//! Lists.

use mailflow_core::id::{MessageId, RuleId};
use mailflow_core::store::{Count, Cursor, Found, Page, Query, RecordKind, Row, StoreError, StoreErrorKind, Version};
use mailflow_store_rows::page::{Cut, limit, most};
use mailflow_store_rows::table;
use mailflow_store_rows::value::{Type, unsigned};

use crate::batch::{Batch, Parameters};
use crate::connection::{Pool, take};
use crate::driver;
use crate::error::OrFailed as _;
use crate::statements::NOTHING;
use crate::{row, statements};

mod contacts;
mod deeds;
mod search;
mod tickets;
mod unowned;

pub(crate) const LISTING: &str = "reading a list";

/// Where a list begins that has no cursor. No row sorts there.
const OLDEST: (i64, [u8; 16]) = (i64::MIN, [0; 16]);
const NEWEST: (i64, [u8; 16]) = (i64::MAX, [0xff; 16]);

/// A part of a list.
pub(crate) async fn find(pool: &Pool, query: &Query, page: &Page) -> Result<Found, StoreError> {
    match query {
        Query::Tickets(query) => tickets::list(pool, query, page).await,
        Query::OpenCounts { visibility, ticketboxes } => tickets::open_counts(pool, visibility, ticketboxes).await,
        Query::Unowned(query) => unowned::list(pool, query, page).await,
        Query::UnownedCount(query) => unowned::count(pool, query).await,
        Query::Search(query) => search::search(pool, query, page).await,
        Query::Contacts(words) => contacts::list(pool, words, page).await,
        Query::Documents => documents(pool, page).await,
        Query::MessagesFrom(first) => messages_from(pool, *first, page).await,
        Query::Alerts(query) => deeds::alerts(pool, query, page).await,
        Query::Audit(query) => deeds::audit(pool, query, page).await,
        Query::PlacedBy { rules, from } => placed_by(pool, rules, *from).await,
        Query::All(kind) => all(pool, *kind, page).await,
        Query::Tombstones(kind) => gone(pool, *kind, page).await,
        Query::LastNumber => last_number(pool).await,
        query => {
            let mut parameters = Parameters::default();
            let list = list(query, &mut parameters)?;
            records(pool, list, parameters, page).await
        }
    }
}

/// Asks one statement, which sees one moment by itself.
async fn one_statement(pool: &Pool, sql: &str, parameters: Parameters<'_>) -> Result<Vec<driver::Row>, StoreError> {
    let answers = take(pool).await?.ask(&Batch::of(sql, parameters)).await.or_failed(LISTING)?;
    Ok(answers.into_iter().next().unwrap_or_default())
}

/// What a list is sorted by, and what its rows must have.
struct List {
    kind: RecordKind,
    table: &'static str,
    sort: &'static str,
    id: &'static str,
    filter: String,
    newest: bool,
}

/// The list of a query.
fn list(query: &Query, parameters: &mut Parameters<'_>) -> Result<List, StoreError> {
    let of = |kind, table, sort, filter: String, newest| List { kind, table, sort, id: "id", filter, newest };
    let outgoing = |sort, filter: String, newest| of(RecordKind::Outgoing, "outgoing", sort, filter, newest);
    let placed = |kind, table, sort, filter: &str, newest| {
        let id = if kind == RecordKind::Draft { "ticket" } else { "place" };
        List { kind, table, sort, id, filter: filter.to_owned(), newest }
    };
    let arrivals = |filter, newest| placed(RecordKind::Arrival, "arrivals", "at", filter, newest);
    let sessions = |filter: &str| placed(RecordKind::Session, "sessions", "seen", filter, true);
    Ok(match query {
        Query::Messages(ticket) => {
            let ticket = parameters.id(*ticket.as_bytes());
            of(RecordKind::Message, "messages", "at", format!("ticket = {ticket} AND "), true)
        }
        Query::Notes(ticket) => {
            let ticket = parameters.id(*ticket.as_bytes());
            of(RecordKind::Note, "notes", "at", format!("ticket = {ticket} AND "), true)
        }
        Query::Events(ticket) => {
            let ticket = parameters.id(*ticket.as_bytes());
            of(RecordKind::Event, "events", "at", format!("ticket = {ticket} AND "), true)
        }
        Query::OutgoingOf(ticket) => {
            let ticket = parameters.id(*ticket.as_bytes());
            outgoing("created", format!("ticket = {ticket} AND "), true)
        }
        Query::Waiting => arrivals("list = 0 AND ", false),
        Query::Shelved => arrivals("list = 1 AND ", true),
        Query::Due(destination, now) => {
            let destination = parameters.id(*destination.as_bytes());
            let now = parameters.integer(now.as_millis());
            outgoing("due", format!("destination = {destination} AND list = 0 AND due <= {now} AND "), false)
        }
        Query::Queued(destination) => {
            let destination = parameters.id(*destination.as_bytes());
            outgoing("due", format!("destination = {destination} AND list = 0 AND "), false)
        }
        Query::Sending => outgoing("created", "list = 1 AND ".to_owned(), false),
        Query::AwaitingApproval => outgoing("created", "list = 3 AND ".to_owned(), false),
        Query::HeldBy(agent) => {
            let agent = parameters.id(*agent.as_bytes());
            outgoing("due", format!("author = {agent} AND "), false)
        }
        Query::Failed(destination) => {
            let destination = parameters.id(*destination.as_bytes());
            outgoing("created", format!("destination = {destination} AND list = 2 AND "), true)
        }
        Query::Drafts(agent) => {
            let filter = format!("agent = {} AND ", parameters.id(*agent.as_bytes()));
            placed(RecordKind::Draft, "drafts", "saved", &filter, true)
        }
        Query::Sessions(Some(agent)) => sessions(&format!("agent = {} AND ", parameters.id(*agent.as_bytes()))),
        Query::Sessions(None) => sessions(""),
        Query::Servers => of(RecordKind::Server, "servers", "started", String::new(), false),
        Query::Leases => of(RecordKind::Lease, "leases", "since", String::new(), false),
        // `Query` may grow.
        _ => {
            let doing = "this list is newer than the SQL Server store; update the crate";
            return Err(StoreError::new(StoreErrorKind::Unusable, doing));
        }
    })
}

/// The condition that a row sorts behind a cursor. The first part is what an index is entered by.
fn behind(sort: &str, id: &str, newest: bool, (at, after): (&str, &str)) -> String {
    let than = if newest { '<' } else { '>' };
    format!("{sort} {than}= {at} AND ({sort} {than} {at} OR {id} {than} {after})")
}

async fn records(
    pool: &Pool,
    List { kind, table, sort, id, filter, newest }: List,
    mut parameters: Parameters<'_>,
    page: &Page,
) -> Result<Found, StoreError> {
    let from = if newest { NEWEST } else { OLDEST };
    let (at, after) = page.after.as_ref().and_then(Cursor::read).unwrap_or(from);
    let (at, after, most) = (parameters.integer(at), parameters.id(after), parameters.integer(most(page)));
    let behind = behind(sort, id, newest, (&at, &after));
    let beside = if kind == RecordKind::Message { "CAST(NULL AS BIGINT) AS number, text" } else { NOTHING };
    let order = if newest { " DESC" } else { "" };
    let sql = format!(
        "SELECT TOP ({most}) {sort}, {id}, version, data, {beside} FROM {table} WHERE {filter}{behind}
         ORDER BY {sort}{order}, {id}{order}"
    );
    let rows = one_statement(pool, &sql, parameters).await?;
    let mut cut = Cut::new(page);
    for it in &rows {
        if cut.is_full() {
            return Ok(cut.more());
        }
        let cursor = Cursor::new(it.integer(0)?, &it.id(1)?);
        cut.push(record(kind, it, 2)?, cursor);
    }
    Ok(cut.end())
}

/// The record in the columns version, data and what is beside it.
fn record(kind: RecordKind, it: &driver::Row, first: usize) -> Result<Row, StoreError> {
    let record = row::record(kind, it.bytes(first + 1)?, row::extra(kind, it, first + 2)?)?;
    Ok(Row::Record(Version::new(unsigned(it.integer(first)?)), record))
}

async fn documents(pool: &Pool, page: &Page) -> Result<Found, StoreError> {
    let (kind, id) = page.after.as_ref().and_then(Cursor::read_text).unwrap_or_default();
    let mut parameters = Parameters::default();
    let kind = parameters.bytes(kind.into_bytes());
    let (id, most) = (parameters.id(id), parameters.integer(most(page)));
    let behind = behind("kind", "id", false, (&kind, &id));
    let sql = format!(
        "SELECT TOP ({most}) kind, id, version, data, {NOTHING} FROM documents WHERE {behind} ORDER BY kind, id"
    );
    let rows = one_statement(pool, &sql, parameters).await?;
    let mut cut = Cut::new(page);
    for it in &rows {
        if cut.is_full() {
            return Ok(cut.more());
        }
        let cursor = Cursor::by_text(&String::from_utf8_lossy(it.bytes(0)?), &it.id(1)?);
        cut.push(record(RecordKind::Document, it, 2)?, cursor);
    }
    Ok(cut.end())
}

/// The records of a kind, by key.
async fn all(pool: &Pool, kind: RecordKind, page: &Page) -> Result<Found, StoreError> {
    let table = table::of(kind)?;
    let after = page.after.as_ref().and_then(Cursor::read_bytes);
    let mut parameters = Parameters::default();
    let sql = statements::all(table, after.as_deref(), most(page), &mut parameters);
    let mut cut = Cut::new(page);
    for it in &one_statement(pool, &sql, parameters).await? {
        if cut.is_full() {
            return Ok(cut.more());
        }
        let row = record(kind, it, 0)?;
        let Row::Record(_, found) = &row else { continue };
        let cursor = Cursor::by_bytes(&found.key().bytes());
        cut.push(row, cursor);
    }
    Ok(cut.end())
}

/// What was erased of a kind, by its keys.
async fn gone(pool: &Pool, kind: RecordKind, page: &Page) -> Result<Found, StoreError> {
    let table = table::of(kind)?;
    let mut cut = Cut::new(page);
    if !kind.leaves_tombstone() {
        return Ok(cut.end());
    }
    let after = page.after.as_ref().and_then(Cursor::read_bytes);
    let mut parameters = Parameters::default();
    let sql = statements::gone(table, after.as_deref(), most(page), &mut parameters);
    for it in &one_statement(pool, &sql, parameters).await? {
        if cut.is_full() {
            return Ok(cut.more());
        }
        let mut key = Vec::new();
        for (nth, (_, of)) in (1..).zip(table.keys) {
            match of {
                Type::Id => key.extend_from_slice(&it.id(nth)?),
                _ => key.extend_from_slice(it.bytes(nth)?),
            }
        }
        cut.push_tombstone(kind, unsigned(it.integer(0)?), &key)?;
    }
    Ok(cut.end())
}

/// The highest number that a ticket ever got.
async fn last_number(pool: &Pool) -> Result<Found, StoreError> {
    let rows = one_statement(pool, "SELECT number FROM counters WHERE id = 1", Parameters::default()).await?;
    let number = rows.first().map_or(Ok(0), |it| it.integer(0))?;
    Ok(Found { rows: vec![Row::Number(unsigned(number))], next: None })
}

/// Messages in the order of their ids.
async fn messages_from(pool: &Pool, first: MessageId, page: &Page) -> Result<Found, StoreError> {
    let mut parameters = Parameters::default();
    let from = match page.after.as_ref().and_then(Cursor::read) {
        Some((_, id)) => format!("id > {}", parameters.id(id)),
        None => format!("id >= {}", parameters.id(*first.as_bytes())),
    };
    let most = parameters.integer(most(page));
    let sql = format!(
        "SELECT TOP ({most}) id, version, data, CAST(NULL AS BIGINT) AS number, text FROM messages
         WHERE {from} AND data IS NOT NULL ORDER BY id"
    );
    let rows = one_statement(pool, &sql, parameters).await?;
    let mut cut = Cut::new(page);
    for it in &rows {
        if cut.is_full() {
            return Ok(cut.more());
        }
        let cursor = Cursor::new(0, &it.id(0)?);
        cut.push(record(RecordKind::Message, it, 1)?, cursor);
    }
    Ok(cut.end())
}

/// How many messages each rule placed, from one on.
async fn placed_by(pool: &Pool, rules: &[RuleId], from: MessageId) -> Result<Found, StoreError> {
    let mut counts = std::collections::BTreeMap::new();
    if !rules.is_empty() {
        let mut parameters = Parameters::default();
        let (from, most) = (parameters.id(*from.as_bytes()), parameters.integer(i64::from(Count::MAX) + 1));
        let ids: Vec<String> = parameters.ids(rules.iter().map(|it| *it.as_bytes()));
        let rows: Vec<String> = ids.iter().map(|id| format!("({id})")).collect();
        let sql = format!(
            "SELECT r.id, (SELECT COUNT_BIG(*) FROM (SELECT TOP ({most}) m.id FROM messages AS m
             WHERE m.[rule] = r.id AND m.id >= {from}) AS c) AS placed FROM (VALUES {}) AS r(id)",
            rows.join(", ")
        );
        for it in one_statement(pool, &sql, parameters).await? {
            counts.insert(it.id(0)?, Count::new(u32::try_from(it.integer(1)?).unwrap_or(u32::MAX)));
        }
    }
    let count = |id: &RuleId| Row::Placed(*id, counts.get(id.as_bytes()).copied().unwrap_or(Count::new(0)));
    Ok(Found { rows: rules.iter().map(count).collect(), next: None })
}
