//! Lists of contacts.

use mailflow_core::contact::Contact;
use mailflow_core::search;
use mailflow_core::store::{Cursor, Found, Page, Row, StoreError, Version};
use rusqlite::{Connection, OptionalExtension as _, params};

use super::{Cut, LISTING};
use mailflow_store_rows::record;

use crate::connection::prepare;
use crate::error::OrFailed as _;

/// Up to so many contacts with a word are read and sorted. If more have it, a walk in the order of names meets enough
/// of them soon.
const MAX_SORTED: usize = 1000;
/// How many contacts a walk reads at once.
const CHUNK: usize = 200;

/// A contact with what it is sorted by.
struct Named {
    name: Vec<u8>,
    id: [u8; 16],
    version: Version,
    contact: Contact,
}

/// A page of contacts.
pub(super) fn list(connection: &Connection, words: &[String], page: &Page) -> Result<Found, StoreError> {
    let after = page.after.as_ref().and_then(Cursor::read_text);
    let mut from = after.map_or((Vec::new(), Vec::new()), |(name, id)| (name.into_bytes(), id.to_vec()));
    let mut cut = Cut::new(page);
    if let Some(few) = with_rarest_word(connection, words)? {
        let mut contacts = Vec::with_capacity(few.len());
        for id in few {
            contacts.extend(one(connection, id)?);
        }
        contacts.sort_by(|a, b| (&a.name, a.id).cmp(&(&b.name, b.id)));
        contacts.retain(|it| (it.name.as_slice(), it.id.as_slice()) > (from.0.as_slice(), from.1.as_slice()));
        let full = fill(&mut cut, contacts, words);
        return Ok(if full { cut.more() } else { cut.end() });
    }
    loop {
        let contacts = walk(connection, &from)?;
        let ended = contacts.len() < CHUNK;
        if let Some(last) = contacts.last() {
            from = (last.name.clone(), last.id.to_vec());
        }
        if fill(&mut cut, contacts, words) {
            return Ok(cut.more());
        }
        if ended {
            return Ok(cut.end());
        }
    }
}

/// Puts those that have all words on the page. Returns whether there is one too many.
fn fill(cut: &mut Cut, contacts: Vec<Named>, words: &[String]) -> bool {
    for it in contacts {
        let joined = search::words_of_contact(&it.contact);
        let begins = |wanted: &String| joined.split_whitespace().any(|word| word.starts_with(wanted));
        if !words.iter().all(begins) {
            continue;
        }
        if cut.is_full() {
            return true;
        }
        let cursor = Cursor::by_text(&String::from_utf8_lossy(&it.name), &it.id);
        cut.push(Row::Record(it.version, it.contact.into()), cursor);
    }
    false
}

/// The contacts that have a word beginning with one of these, for the one that the fewest have; `None` if too many
/// have each.
fn with_rarest_word(connection: &Connection, words: &[String]) -> Result<Option<Vec<[u8; 16]>>, StoreError> {
    let sql = "SELECT DISTINCT contact FROM contact_words WHERE word >= ?1 AND word < ?2 LIMIT ?3";
    let mut rarest: Option<Vec<[u8; 16]>> = None;
    for word in words.iter().filter(|word| !word.is_empty()) {
        // No byte of UTF-8 is 0xff.
        let end = [word.as_bytes(), &[0xff]].concat();
        let mut statement = prepare(connection, sql).or_failed(LISTING)?;
        let ids = statement
            .query_map(params![word.as_bytes(), end, MAX_SORTED + 1], |row| row.get(0))
            .and_then(Iterator::collect::<rusqlite::Result<Vec<[u8; 16]>>>)
            .or_failed(LISTING)?;
        if ids.len() <= MAX_SORTED && rarest.as_ref().is_none_or(|rarest| ids.len() < rarest.len()) {
            rarest = Some(ids);
        }
    }
    Ok(rarest)
}

fn one(connection: &Connection, id: [u8; 16]) -> Result<Option<Named>, StoreError> {
    let sql = "SELECT shown, id, version, data FROM contacts WHERE id = ?1 AND shown IS NOT NULL";
    let columns = prepare(connection, sql)
        .and_then(|mut it| it.query_row(params![id], columns).optional())
        .or_failed(LISTING)?;
    columns.map(named).transpose()
}

fn walk(connection: &Connection, from: &(Vec<u8>, Vec<u8>)) -> Result<Vec<Named>, StoreError> {
    let sql = "SELECT shown, id, version, data FROM contacts INDEXED BY contacts_by_name
        WHERE shown IS NOT NULL AND (shown, id) > (?1, ?2) ORDER BY shown, id LIMIT ?3";
    let mut statement = prepare(connection, sql).or_failed(LISTING)?;
    let rows = statement
        .query_map(params![from.0, from.1, CHUNK], columns)
        .and_then(Iterator::collect::<rusqlite::Result<Vec<_>>>)
        .or_failed(LISTING)?;
    rows.into_iter().map(named).collect()
}

type Columns = (Vec<u8>, [u8; 16], u64, Vec<u8>);

fn columns(row: &rusqlite::Row<'_>) -> rusqlite::Result<Columns> {
    Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
}

fn named((name, id, version, data): Columns) -> Result<Named, StoreError> {
    Ok(Named { name, id, version: Version::new(version), contact: record::read(&data)? })
}
