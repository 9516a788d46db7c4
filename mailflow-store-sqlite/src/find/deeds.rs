//! Alerts and the audit: rows in the order of an index, each checked with what its ticket is like now.

use mailflow_core::alert::{Alert, AlertQuery};
use mailflow_core::audit::AuditQuery;
use mailflow_core::id::TicketId;
use mailflow_core::store::{Cursor, Found, Kept as _, Page, RecordKind, Row, StoreError, Version};
use mailflow_core::ticket::Ticket;
use rusqlite::types::{Value, ValueRef};
use rusqlite::{Connection, params_from_iter};

use super::{Cut, LISTING, NEWEST, merged};
use crate::connection::prepare;
use crate::error::OrFailed as _;
use crate::row;

/// What is known of the ticket of a row: nothing of one that is gone.
const TICKET: &str = "t.shelf, t.ticketbox, t.owner, t.category, t.contact";

/// Where the list goes on.
fn place(page: &Page) -> [Value; 2] {
    let after = page.after.as_ref().and_then(Cursor::read);
    let (at, id) = after.map_or((NEWEST.0, NEWEST.1.to_vec()), |(at, id)| (at, id.to_vec()));
    [Value::Integer(at), Value::Blob(id)]
}

/// The ticket in the columns [`TICKET`].
fn ticket(it: &rusqlite::Row<'_>, first: usize, id: Option<TicketId>) -> rusqlite::Result<Option<Ticket>> {
    match (id, it.get_ref(first)?) {
        (Some(id), ValueRef::Integer(_)) => merged::skeleton(it, first, id).map(Some),
        _ => Ok(None),
    }
}

/// The alerts of an agent.
pub(super) fn alerts(connection: &Connection, query: &AlertQuery, page: &Page) -> Result<Found, StoreError> {
    let sql = format!(
        "SELECT a.at, a.cause, a.version, a.data, {TICKET} FROM alerts a INDEXED BY alerts_by_agent \
         LEFT JOIN tickets t ON t.id = a.ticket WHERE a.agent = ? AND (a.at, a.cause) < (?, ?) \
         ORDER BY a.at DESC, a.cause DESC"
    );
    let values = [Value::Blob(query.agent.as_bytes().to_vec())].into_iter().chain(place(page));
    let mut statement = prepare(connection, &sql).or_failed(LISTING)?;
    let mut rows = statement.query(params_from_iter(values)).or_failed(LISTING)?;
    let mut cut = Cut::new(page);
    while let Some(it) = rows.next().or_failed(LISTING)? {
        let data = it.get_ref(3).or_failed(LISTING)?.as_blob().unwrap_or_default();
        let record = row::record(RecordKind::Alert, data, ValueRef::Null)?;
        let Some(alert) = Alert::of(&record) else { continue };
        let ticket = ticket(it, 4, alert.ticket).or_failed(LISTING)?;
        if !query.matches(alert, ticket.as_ref()) {
            continue;
        }
        if cut.is_full() {
            return Ok(cut.more());
        }
        let cursor = Cursor::new(it.get(0).or_failed(LISTING)?, &it.get(1).or_failed(LISTING)?);
        cut.push(Row::Record(Version::new(it.get(2).or_failed(LISTING)?), record), cursor);
    }
    Ok(cut.end())
}

/// The index that a query is walked along, its condition, and what stands in it.
fn walk(query: &AuditQuery) -> (&'static str, &'static str, Option<Value>) {
    let blob = |bytes: &[u8; 16]| Some(Value::Blob(bytes.to_vec()));
    match (query.object, query.agent, query.activity) {
        (Some(object), ..) => ("audit_by_object", "a.about = ? AND ", blob(object.as_bytes())),
        (None, Some(agent), _) => ("audit_by_agent", "a.agent = ? AND ", blob(agent.as_bytes())),
        (None, None, Some(activity)) => {
            ("audit_by_activity", "a.activity = ? AND ", Some(Value::Integer(activity.number())))
        }
        (None, None, None) => ("audit_by_time", "", None),
    }
}

/// What was done.
pub(super) fn audit(connection: &Connection, query: &AuditQuery, page: &Page) -> Result<Found, StoreError> {
    let (index, condition, value) = walk(query);
    let sql = format!(
        "SELECT a.at, a.id, a.version, a.data, {TICKET}, a.about, a.ticket, a.agent, a.activity \
         FROM audit a INDEXED BY {index} LEFT JOIN tickets t ON t.id = a.ticket \
         WHERE {condition}a.at >= ? AND a.at < ? AND (a.at, a.id) < (?, ?) ORDER BY a.at DESC, a.id DESC"
    );
    let (from, until) = (query.from, query.until);
    let bounds = [from.map_or(i64::MIN, |it| it.as_millis()), until.map_or(i64::MAX, |it| it.as_millis())];
    let values = value.into_iter().chain(bounds.map(Value::Integer)).chain(place(page));
    let mut statement = prepare(connection, &sql).or_failed(LISTING)?;
    let mut rows = statement.query(params_from_iter(values)).or_failed(LISTING)?;
    let mut cut = Cut::new(page);
    while let Some(it) = rows.next().or_failed(LISTING)? {
        if !may_be_read(it, query).or_failed(LISTING)? {
            continue;
        }
        if cut.is_full() {
            return Ok(cut.more());
        }
        let cursor = Cursor::new(it.get(0).or_failed(LISTING)?, &it.get(1).or_failed(LISTING)?);
        let data = it.get_ref(3).or_failed(LISTING)?.as_blob().unwrap_or_default();
        let record = row::record(RecordKind::Audit, data, ValueRef::Null)?;
        cut.push(Row::Record(Version::new(it.get(2).or_failed(LISTING)?), record), cursor);
    }
    Ok(cut.end())
}

/// Whether a row is one of those that were asked for, without its data.
fn may_be_read(it: &rusqlite::Row<'_>, query: &AuditQuery) -> rusqlite::Result<bool> {
    let about: Option<[u8; 16]> = it.get(9)?;
    let (of, agent): (Option<[u8; 16]>, Option<[u8; 16]>) = (it.get(10)?, it.get(11)?);
    let activity: i64 = it.get(12)?;
    let asked = query.agent.is_none_or(|wanted| agent == Some(*wanted.as_bytes()))
        && query.activity.is_none_or(|wanted| activity == wanted.number());
    let ticket = ticket(it, 4, of.map(TicketId::from_bytes))?;
    let about = about.map(uuid::Uuid::from_bytes);
    Ok(asked && query.reader.may_read(about, activity, (of.is_some(), ticket.as_ref())))
}
