//! Lists.

use deadpool_postgres::Pool;
use mailflow_core::id::{MessageId, RuleId};
use mailflow_core::store::{Count, Cursor, Found, Page, Query, RecordKind, Row, StoreError, StoreErrorKind, Version};
use mailflow_store_rows::page::{Cut, limit, most};
use mailflow_store_rows::table;
use tokio_postgres::types::ToSql;
use uuid::Uuid;

use crate::connection::take;
use crate::error::OrFailed as _;
use crate::pipeline::prepare;
use crate::row;
use crate::statements;
use crate::value::{Parameter, Type, parameter, unsigned};

mod contacts;
mod deeds;
mod search;
mod tickets;
mod unowned;
mod window;

pub(crate) const LISTING: &str = "reading a list";

/// Where a list begins that has no cursor. No row sorts there.
const OLDEST: (i64, [u8; 16]) = (i64::MIN, [0; 16]);
const NEWEST: (i64, [u8; 16]) = (i64::MAX, [0xff; 16]);

/// A list of records that one statement makes: sort, id, version, data, text. Its last three places are the cursor's
/// two and the limit.
struct List {
    kind: RecordKind,
    sql: String,
    from: (i64, [u8; 16]),
    values: Vec<Parameter<'static>>,
}

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
        query => records(pool, list(query)?, page).await,
    }
}

/// Asks one statement, which sees one moment by itself.
async fn one_statement(
    pool: &Pool,
    sql: &str,
    parameters: Vec<Parameter<'_>>,
) -> Result<Vec<tokio_postgres::Row>, StoreError> {
    let client = take(pool).await?;
    let statement = prepare(&client, sql, LISTING).await?;
    let parameters: Vec<&(dyn ToSql + Sync)> = parameters.iter().map(|it| &**it as &(dyn ToSql + Sync)).collect();
    client.query(&statement, &parameters).await.or_failed(LISTING)
}

/// What a list is sorted by, and what its rows must have; its parameters come first.
struct Shape {
    kind: RecordKind,
    table: &'static str,
    sort: &'static str,
    id: &'static str,
    filter: &'static str,
    values: Vec<Parameter<'static>>,
}

impl Shape {
    fn list(self, newest: bool) -> List {
        let Self { kind, table, sort, id, filter, values } = self;
        let text = if kind == RecordKind::Message { "text" } else { "NULL::bytea" };
        let (than, order, from) = if newest { ("<", " DESC", NEWEST) } else { (">", "", OLDEST) };
        let [first, second, third] = [1, 2, 3].map(|nth| values.len() + nth);
        let sql = format!(
            "SELECT {sort}, {id}, version, data, {text} FROM {table} WHERE {filter}({sort}, {id}) {than} \
             (${first}::bigint, ${second}::uuid) ORDER BY {sort}{order}, {id}{order} LIMIT ${third}::bigint"
        );
        List { kind, sql, from, values }
    }
}

/// The statement of a query.
fn list(query: &Query) -> Result<List, StoreError> {
    let id = |id: Uuid| -> Vec<Parameter<'static>> { vec![Box::new(id)] };
    let of = |kind, table, sort, filter, values| Shape { kind, table, sort, id: "id", filter, values };
    let outgoing = |sort, filter, values| of(RecordKind::Outgoing, "outgoing", sort, filter, values);
    let arrivals = |filter| Shape {
        kind: RecordKind::Arrival,
        table: "arrivals",
        sort: "at",
        id: "place",
        filter,
        values: Vec::new(),
    };
    let sessions = |filter, values| Shape {
        kind: RecordKind::Session,
        table: "sessions",
        sort: "seen",
        id: "place",
        filter,
        values,
    };
    let by_ticket = "ticket = $1 AND ";
    Ok(match query {
        Query::Messages(ticket) => {
            of(RecordKind::Message, "messages", "at", by_ticket, id((*ticket).into())).list(true)
        }
        Query::Notes(ticket) => of(RecordKind::Note, "notes", "at", by_ticket, id((*ticket).into())).list(true),
        Query::Events(ticket) => of(RecordKind::Event, "events", "at", by_ticket, id((*ticket).into())).list(true),
        Query::OutgoingOf(ticket) => outgoing("created", by_ticket, id((*ticket).into())).list(true),
        Query::Waiting => arrivals("list = 0 AND ").list(false),
        Query::Shelved => arrivals("list = 1 AND ").list(true),
        Query::Due(destination, now) => {
            let mut values = id((*destination).into());
            values.push(Box::new(now.as_millis()));
            outgoing("due", "destination = $1 AND list = 0 AND due <= $2 AND ", values).list(false)
        }
        Query::Queued(destination) => {
            outgoing("due", "destination = $1 AND list = 0 AND ", id((*destination).into())).list(false)
        }
        Query::Sending => outgoing("created", "list = 1 AND ", Vec::new()).list(false),
        Query::AwaitingApproval => outgoing("created", "list = 3 AND ", Vec::new()).list(false),
        Query::HeldBy(agent) => outgoing("due", "author = $1 AND ", id((*agent).into())).list(false),
        Query::Failed(destination) => {
            outgoing("created", "destination = $1 AND list = 2 AND ", id((*destination).into())).list(true)
        }
        Query::Drafts(agent) => Shape {
            kind: RecordKind::Draft,
            table: "drafts",
            sort: "saved",
            id: "ticket",
            filter: "agent = $1 AND ",
            values: id((*agent).into()),
        }
        .list(true),
        Query::Sessions(Some(agent)) => sessions("agent = $1 AND ", id((*agent).into())).list(true),
        Query::Sessions(None) => sessions("", Vec::new()).list(true),
        Query::Servers => of(RecordKind::Server, "servers", "started", "", Vec::new()).list(false),
        Query::Leases => of(RecordKind::Lease, "leases", "since", "", Vec::new()).list(false),
        // `Query` may grow.
        _ => {
            let doing = "this list is newer than the PostgreSQL store; update the crate";
            return Err(StoreError::new(StoreErrorKind::Unusable, doing));
        }
    })
}

async fn records(pool: &Pool, list: List, page: &Page) -> Result<Found, StoreError> {
    let (sort, id) = page.after.as_ref().and_then(Cursor::read).unwrap_or(list.from);
    let mut values = list.values;
    values.extend([Box::new(sort) as Parameter<'_>, Box::new(Uuid::from_bytes(id)), Box::new(most(page))]);
    let rows = one_statement(pool, &list.sql, values).await?;
    let mut cut = Cut::new(page);
    for it in &rows {
        if cut.is_full() {
            return Ok(cut.more());
        }
        let id: Uuid = it.try_get(1).or_failed(LISTING)?;
        let cursor = Cursor::new(it.try_get(0).or_failed(LISTING)?, id.as_bytes());
        cut.push(record(list.kind, it, 2)?, cursor);
    }
    Ok(cut.end())
}

/// The record in the columns version, data and what is beside it.
fn record(kind: RecordKind, it: &tokio_postgres::Row, first: usize) -> Result<Row, StoreError> {
    let data: Option<&[u8]> = it.try_get(first + 1).or_failed(LISTING)?;
    let extra = row::extra(kind, it, first + 2).or_failed(LISTING)?;
    let record = row::record(kind, data.unwrap_or_default(), extra)?;
    Ok(Row::Record(Version::new(unsigned(it.try_get(first).or_failed(LISTING)?)), record))
}

async fn documents(pool: &Pool, page: &Page) -> Result<Found, StoreError> {
    let sql = "SELECT kind, id, version, data, NULL::bytea FROM documents WHERE (kind, id) > ($1, $2)
        ORDER BY kind, id LIMIT $3";
    let (kind, id) = page.after.as_ref().and_then(Cursor::read_text).unwrap_or_default();
    let values: Vec<Parameter<'_>> =
        vec![Box::new(kind.into_bytes()), Box::new(Uuid::from_bytes(id)), Box::new(most(page))];
    let rows = one_statement(pool, sql, values).await?;
    let mut cut = Cut::new(page);
    for it in &rows {
        if cut.is_full() {
            return Ok(cut.more());
        }
        let kind: &[u8] = it.try_get(0).or_failed(LISTING)?;
        let id: Uuid = it.try_get(1).or_failed(LISTING)?;
        let cursor = Cursor::by_text(&String::from_utf8_lossy(kind), id.as_bytes());
        cut.push(record(RecordKind::Document, it, 2)?, cursor);
    }
    Ok(cut.end())
}

/// The records of a kind, by key.
async fn all(pool: &Pool, kind: RecordKind, page: &Page) -> Result<Found, StoreError> {
    let table = table::of(kind)?;
    let after = page.after.as_ref().and_then(Cursor::read_bytes);
    let statements = statements::of(table)?;
    let sql = if after.is_some() { &statements.all_after } else { &statements.all_from };
    let mut values: Vec<Parameter<'_>> = table.key_from(after.as_deref()).into_iter().map(parameter).collect();
    values.push(Box::new(most(page)));
    let rows = one_statement(pool, sql, values).await?;
    let mut cut = Cut::new(page);
    for it in &rows {
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
    let statements = statements::of(table)?;
    let sql = if after.is_some() { &statements.gone_after } else { &statements.gone_from };
    let mut values: Vec<Parameter<'_>> = table.key_from(after.as_deref()).into_iter().map(parameter).collect();
    values.push(Box::new(most(page)));
    for it in &one_statement(pool, sql, values).await? {
        if cut.is_full() {
            return Ok(cut.more());
        }
        let mut key = Vec::new();
        for (nth, (_, of)) in (1..).zip(table.keys) {
            match of {
                Type::Id => key.extend_from_slice(it.try_get::<_, Uuid>(nth).or_failed(LISTING)?.as_bytes()),
                _ => key.extend_from_slice(it.try_get::<_, &[u8]>(nth).or_failed(LISTING)?),
            }
        }
        cut.push_tombstone(kind, unsigned(it.try_get(0).or_failed(LISTING)?), &key)?;
    }
    Ok(cut.end())
}

/// The highest number that a ticket ever got.
async fn last_number(pool: &Pool) -> Result<Found, StoreError> {
    let rows = one_statement(pool, "SELECT number FROM counters WHERE id = 1", Vec::new()).await?;
    let number = rows.first().map(|it| it.try_get(0)).transpose().or_failed(LISTING)?;
    Ok(Found { rows: vec![Row::Number(number.map_or(0, unsigned))], next: None })
}

/// Messages in the order of their ids.
async fn messages_from(pool: &Pool, first: MessageId, page: &Page) -> Result<Found, StoreError> {
    let from =
        "SELECT id, version, data, text FROM messages WHERE id >= $1 AND data IS NOT NULL ORDER BY id LIMIT $2";
    let after =
        "SELECT id, version, data, text FROM messages WHERE id > $1 AND data IS NOT NULL ORDER BY id LIMIT $2";
    let (sql, id) = match page.after.as_ref().and_then(Cursor::read) {
        Some((_, id)) => (after, Uuid::from_bytes(id)),
        None => (from, first.into()),
    };
    let rows = one_statement(pool, sql, vec![Box::new(id), Box::new(most(page))]).await?;
    let mut cut = Cut::new(page);
    for it in &rows {
        if cut.is_full() {
            return Ok(cut.more());
        }
        let id: Uuid = it.try_get(0).or_failed(LISTING)?;
        cut.push(record(RecordKind::Message, it, 1)?, Cursor::new(0, id.as_bytes()));
    }
    Ok(cut.end())
}

/// How many messages each rule placed: no more of the index is read than is counted.
async fn placed_by(pool: &Pool, rules: &[RuleId], from: MessageId) -> Result<Found, StoreError> {
    let sql = "SELECT (SELECT count(*) FROM (SELECT 1 FROM messages m WHERE m.rule = r.id AND m.id >= $2::uuid \
               LIMIT $3::bigint) c) FROM unnest($1::uuid[]) WITH ORDINALITY r(id, nth) ORDER BY r.nth";
    let ids: Vec<Uuid> = rules.iter().map(|rule| Uuid::from(*rule)).collect();
    let most = i64::from(Count::MAX) + 1;
    let values: Vec<Parameter<'_>> = vec![Box::new(ids), Box::new(Uuid::from(from)), Box::new(most)];
    let read = one_statement(pool, sql, values).await?;
    let mut rows = Vec::with_capacity(rules.len());
    for (rule, it) in rules.iter().zip(&read) {
        let count: i64 = it.try_get(0).or_failed(LISTING)?;
        rows.push(Row::Placed(*rule, Count::new(u32::try_from(count).unwrap_or(u32::MAX))));
    }
    Ok(Found { rows, next: None })
}
