//! Searching messages and notes.

use std::collections::BTreeSet;

use mailflow_core::id::TicketId;
use mailflow_core::message::Message;
use mailflow_core::note::Note;
use mailflow_core::store::{Cursor, Found, FoundIn, Hit, Kept as _, Page, RecordKind, Row, SearchQuery, StoreError};
use mailflow_core::ticket::Ticket;
use rusqlite::{Connection, OptionalExtension as _, params};

use super::{Cut, LISTING, tickets};
use crate::connection::prepare;
use crate::error::OrFailed as _;
use crate::row;
use crate::scope;

/// A page of hits. The index gives rows in the order in which they were taken in; the first of each ticket counts.
pub(super) fn search(connection: &Connection, query: &SearchQuery, page: &Page) -> Result<Found, StoreError> {
    let mut cut = Cut::new(page);
    let Some(question) = scope::question(query) else { return Ok(cut.end()) };
    let after = page.after.as_ref().and_then(Cursor::read).map(|(seq, _)| seq);
    let sql = "SELECT rowid FROM search WHERE search MATCH ?1 AND rowid < ?2 ORDER BY rowid DESC";
    let mut statement = prepare(connection, sql).or_failed(LISTING)?;
    let mut rows = statement.query(params![question, after.unwrap_or(i64::MAX)]).or_failed(LISTING)?;
    // Tickets that were met, so that each is looked at once.
    let mut met: BTreeSet<[u8; 16]> = BTreeSet::new();
    while let Some(it) = rows.next().or_failed(LISTING)? {
        let seq: i64 = it.get(0).or_failed(LISTING)?;
        let Some((ticket, of)) = ticket_of(connection, seq)? else { continue };
        if !met.insert(ticket) || !may_be_seen(connection, query, ticket)? {
            continue;
        }
        if let Some(after) = after
            && has_hit_from(connection, &question, ticket, after)?
        {
            continue;
        }
        if cut.is_full() {
            return Ok(cut.more());
        }
        if let Some(hit) = hit(connection, seq, of, ticket)? {
            cut.push(Row::Hit(Box::new(hit)), Cursor::new(seq, &[0; 16]));
        }
    }
    Ok(cut.end())
}

#[derive(Clone, Copy)]
enum Of {
    Message,
    Note,
}

/// The ticket of what has this number, and what it is.
fn ticket_of(connection: &Connection, seq: i64) -> Result<Option<([u8; 16], Of)>, StoreError> {
    let statements = [
        ("SELECT ticket FROM messages WHERE seq = ?1", Of::Message),
        ("SELECT ticket FROM notes WHERE seq = ?1", Of::Note),
    ];
    for (sql, of) in statements {
        let ticket: Option<Option<[u8; 16]>> = prepare(connection, sql)
            .and_then(|mut it| it.query_row(params![seq], |row| row.get(0)).optional())
            .or_failed(LISTING)?;
        if let Some(ticket) = ticket.flatten() {
            return Ok(Some((ticket, of)));
        }
    }
    Ok(None)
}

fn may_be_seen(connection: &Connection, query: &SearchQuery, ticket: [u8; 16]) -> Result<bool, StoreError> {
    let sql = "SELECT shelf, ticketbox, owner, category, contact FROM tickets WHERE id = ?1 AND shelf IS NOT NULL";
    let ticket: Option<Ticket> = prepare(connection, sql)
        .and_then(|mut it| {
            it.query_row(params![ticket], |row| tickets::skeleton(row, 0, TicketId::from_bytes(ticket))).optional()
        })
        .or_failed(LISTING)?;
    Ok(ticket.is_some_and(|ticket| query.within.matches(&ticket)))
}

/// Whether an earlier page had the ticket: one of its texts that was taken in at the cursor or after it is a hit.
fn has_hit_from(connection: &Connection, question: &str, ticket: [u8; 16], from: i64) -> Result<bool, StoreError> {
    let lists = [
        "SELECT seq FROM messages WHERE ticket = ?1 AND seq >= ?2",
        "SELECT seq FROM notes WHERE ticket = ?1 AND seq >= ?2",
    ];
    let sql = "SELECT 1 FROM search WHERE search MATCH ?1 AND rowid = ?2";
    for list in lists {
        let mut statement = prepare(connection, list).or_failed(LISTING)?;
        let mut rows = statement.query(params![ticket, from]).or_failed(LISTING)?;
        while let Some(it) = rows.next().or_failed(LISTING)? {
            let seq: i64 = it.get(0).or_failed(LISTING)?;
            let is_hit =
                prepare(connection, sql).and_then(|mut it| it.exists(params![question, seq])).or_failed(LISTING)?;
            if is_hit {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

fn hit(connection: &Connection, seq: i64, of: Of, ticket: [u8; 16]) -> Result<Option<Hit>, StoreError> {
    let sql = "SELECT data, number FROM tickets WHERE id = ?1";
    let Some(ticket) = record(connection, sql, params![ticket], RecordKind::Ticket)?.and_then(Ticket::take) else {
        return Ok(None);
    };
    Ok(match of {
        Of::Message => {
            let sql = "SELECT data, text FROM messages WHERE seq = ?1";
            let message = record(connection, sql, params![seq], RecordKind::Message)?.and_then(Message::take);
            message.map(|Message { id, at, text, .. }| Hit { ticket, found_in: FoundIn::Message(id), at, text })
        }
        Of::Note => {
            let sql = "SELECT data, NULL FROM notes WHERE seq = ?1";
            let note = record(connection, sql, params![seq], RecordKind::Note)?.and_then(Note::take);
            note.map(|Note { id, at, text, .. }| Hit { ticket, found_in: FoundIn::Note(id), at, text })
        }
    })
}

fn record(
    connection: &Connection,
    sql: &str,
    values: impl rusqlite::Params,
    kind: RecordKind,
) -> Result<Option<mailflow_core::store::Record>, StoreError> {
    let mut statement = prepare(connection, sql).or_failed(LISTING)?;
    let mut rows = statement.query(values).or_failed(LISTING)?;
    let Some(it) = rows.next().or_failed(LISTING)? else { return Ok(None) };
    let data = it.get_ref(0).or_failed(LISTING)?.as_blob().unwrap_or_default();
    row::record(kind, data, it.get_ref(1).or_failed(LISTING)?).map(Some)
}
