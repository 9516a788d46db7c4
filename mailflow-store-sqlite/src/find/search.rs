//! Searching messages and notes.

use std::collections::BTreeSet;

use mailflow_core::id::TicketId;
use mailflow_core::message::Message;
use mailflow_core::note::Note;
use mailflow_core::store::{Cursor, Found, FoundIn, Hit, Kept as _, Page, RecordKind, Row, SearchQuery, StoreError};
use mailflow_core::ticket::Ticket;
use rusqlite::{Connection, OptionalExtension as _, params};

use super::{Cut, LISTING, merged};
use crate::connection::prepare;
use crate::error::OrFailed as _;
use crate::row;
use crate::scope;

/// So many texts with the words are looked at wherever they lie. If that fills no page, the words are frequent and
/// what may be seen is not: then the index is asked with its scopes.
const LOOKED_AT: usize = 100;
/// So many texts are counted to see how frequent a condition is.
const COUNTED: i64 = 64;
/// Texts are looked at wherever they lie only if one of so many may be seen, or more.
const MAY_BE_SEEN: i64 = 4;

/// So many words of a phrase are counted.
const MAX_WORDS: usize = 4;

/// A page of hits. The index gives texts in the order in which they were taken in; the first of each ticket counts.
pub(super) fn search(connection: &Connection, query: &SearchQuery, page: &Page) -> Result<Found, StoreError> {
    let Some(question) = scope::question(query) else { return Ok(Cut::new(page).end()) };
    let after = page.after.as_ref().and_then(Cursor::read).map(|(seq, _)| seq);
    let plan = plan(connection, &question, after.unwrap_or(i64::MAX))?;
    let words = plan.words.as_str();
    let mut walk = Walk { connection, query, words, after, met: BTreeSet::new(), cut: Cut::new(page) };
    let mut end = End::Exhausted(after.unwrap_or(i64::MAX));
    if plan.words_first {
        end = walk.on(words, after.unwrap_or(i64::MAX), LOOKED_AT)?;
    }
    if let End::Exhausted(seq) = end {
        end = walk.on(&plan.sieved, seq, usize::MAX)?;
    }
    Ok(if matches!(end, End::Full) { walk.cut.more() } else { walk.cut.end() })
}

/// How the index is asked.
struct Plan {
    /// The words alone.
    words: String,
    /// The words, where the tickets of the query can lie.
    sieved: String,
    /// Whether the words alone are asked first, because much of what has them may be seen.
    words_first: bool,
}

/// Asks for the rarest condition first. How frequent one is, its newest texts say: how far back they reach.
fn plan(connection: &Connection, question: &scope::Question, before: i64) -> Result<Plan, StoreError> {
    let sql = "SELECT seq FROM counters";
    let newest: i64 =
        prepare(connection, sql).and_then(|mut it| it.query_row([], |row| row.get(0))).or_failed(LISTING)?;
    let top = before.min(newest);
    let mut words = Vec::with_capacity(question.phrases.len());
    for (phrase, of) in &question.phrases {
        // A phrase is at most as frequent as its words. Looking for itself could take long: frequent words may seldom
        // stand side by side.
        let mut rarest = i64::MAX;
        for it in of.iter().take(MAX_WORDS) {
            rarest = rarest.min(reach(connection, it, top)?);
        }
        words.push((rarest, phrase.as_str()));
    }
    let mut all = words.clone();
    let mut words_first = true;
    for it in &question.sieves {
        let reach = reach(connection, it, top)?;
        words_first &= top.saturating_sub(reach) < COUNTED * MAY_BE_SEEN;
        all.push((reach, it.as_str()));
    }
    words.sort_unstable();
    all.sort_unstable();
    let join = |conditions: Vec<(i64, &str)>| scope::all_of(conditions.into_iter().map(|(_, it)| it));
    Ok(Plan { words: join(words), sieved: join(all), words_first })
}

/// How far back the newest texts reach that meet a condition: to 0, if they are few.
fn reach(connection: &Connection, condition: &str, top: i64) -> Result<i64, StoreError> {
    let sql = "SELECT rowid FROM search WHERE search MATCH ?1 AND rowid <= ?2 ORDER BY rowid DESC LIMIT 1 OFFSET ?3";
    let seq = prepare(connection, sql)
        .and_then(|mut it| it.query_row(params![condition, top, COUNTED - 1], |row| row.get(0)).optional())
        .or_failed(LISTING)?;
    Ok(seq.unwrap_or(0))
}

/// How a walk ended.
enum End {
    /// The page is full, and there is a further hit.
    Full,
    /// There is no further hit.
    Nothing,
    /// As many texts were looked at as should be; the last one had this number.
    Exhausted(i64),
}

/// A walk along the texts that the index gives.
struct Walk<'a> {
    connection: &'a Connection,
    query: &'a SearchQuery,
    words: &'a str,
    /// Where the page before ended.
    after: Option<i64>,
    /// Tickets that were met, so that each is looked at once.
    met: BTreeSet<[u8; 16]>,
    cut: Cut,
}

impl Walk<'_> {
    fn on(&mut self, question: &str, before: i64, most: usize) -> Result<End, StoreError> {
        let sql = "SELECT rowid FROM search WHERE search MATCH ?1 AND rowid < ?2 ORDER BY rowid DESC";
        let mut statement = prepare(self.connection, sql).or_failed(LISTING)?;
        let mut rows = statement.query(params![question, before]).or_failed(LISTING)?;
        let mut looked_at = 0;
        while let Some(it) = rows.next().or_failed(LISTING)? {
            let seq: i64 = it.get(0).or_failed(LISTING)?;
            if !self.take(seq)? {
                return Ok(End::Full);
            }
            looked_at += 1;
            if looked_at == most {
                return Ok(End::Exhausted(seq));
            }
        }
        Ok(End::Nothing)
    }

    /// Takes a text in, if it is the first of its ticket and may be seen. Returns whether there was room.
    fn take(&mut self, seq: i64) -> Result<bool, StoreError> {
        let connection = self.connection;
        let Some((ticket, of)) = ticket_of(connection, seq)? else { return Ok(true) };
        if !self.met.insert(ticket) || !may_be_seen(connection, self.query, ticket)? {
            return Ok(true);
        }
        if let Some(after) = self.after
            && has_hit_from(connection, self.words, ticket, after)?
        {
            return Ok(true);
        }
        if self.cut.is_full() {
            return Ok(false);
        }
        if let Some(hit) = hit(connection, seq, of, ticket)? {
            self.cut.push(Row::Hit(Box::new(hit)), Cursor::new(seq, &[0; 16]));
        }
        Ok(true)
    }
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
            it.query_row(params![ticket], |row| merged::skeleton(row, 0, TicketId::from_bytes(ticket))).optional()
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

#[cfg(test)]
mod tests;
