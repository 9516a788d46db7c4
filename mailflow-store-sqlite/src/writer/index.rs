//! The indexes that are tables of their own: words of messages and notes, words of contacts.

use mailflow_core::id::{AgentId, CategoryId, ContactId, TicketId, TicketboxId};
use mailflow_core::message::Message;
use mailflow_core::note::Note;
use mailflow_core::search;
use mailflow_core::store::{Key, StoreError};
use mailflow_store_rows::record;
use mailflow_store_rows::row::Beside;
use mailflow_store_rows::scope::Scope;
use rusqlite::{Connection, OptionalExtension as _, params};

use super::apply::WRITING;
use crate::connection::prepare;
use crate::error::OrFailed as _;
use crate::scope;

/// What was indexed of a record before it is replaced.
pub(super) enum Before {
    /// Where the ticket lay; `None` for a tombstone.
    Ticket(Option<Scope>),
    /// Under which number, for which ticket, which words.
    Words { seq: i64, ticket: [u8; 16], hash: i64 },
    /// Words of a contact, which may be others now.
    Contact,
}

/// What is indexed of what is under a key.
pub(super) fn before(connection: &Connection, key: &Key) -> Result<Option<Before>, StoreError> {
    Ok(match key {
        Key::Ticket(id) => Some(Before::Ticket(scope(connection, *id)?)),
        Key::Message(id) => {
            words(connection, "SELECT seq, ticket, words FROM messages WHERE id = ?1", id.as_bytes())?
        }
        Key::Note(id) => words(connection, "SELECT seq, ticket, words FROM notes WHERE id = ?1", id.as_bytes())?,
        Key::Contact(_) => Some(Before::Contact),
        _ => None,
    })
}

fn words(connection: &Connection, sql: &str, id: &[u8; 16]) -> Result<Option<Before>, StoreError> {
    let read = |row: &rusqlite::Row<'_>| {
        let ticket: Option<[u8; 16]> = row.get(1)?;
        let (seq, hash) = (row.get(0)?, row.get::<_, Option<i64>>(2)?);
        Ok(ticket.zip(hash).map(|(ticket, hash)| Before::Words { seq, ticket, hash }))
    };
    prepare(connection, sql)
        .and_then(|mut it| it.query_row(params![id], read).optional())
        .or_failed(WRITING)
        .map(Option::flatten)
}

/// Where a ticket lies; `None` if there is none.
fn scope(connection: &Connection, ticket: TicketId) -> Result<Option<Scope>, StoreError> {
    let sql = "SELECT ticketbox, owner, category, contact FROM tickets WHERE id = ?1";
    let read = |row: &rusqlite::Row<'_>| {
        let id = |nth: usize| row.get::<_, Option<[u8; 16]>>(nth);
        let (owner, category, contact) = (id(1)?, id(2)?, id(3)?);
        Ok(id(0)?.map(|ticketbox| Scope {
            ticketbox: TicketboxId::from_bytes(ticketbox),
            owner: owner.map(AgentId::from_bytes),
            category: category.map(CategoryId::from_bytes),
            contact: contact.map(ContactId::from_bytes),
        }))
    };
    prepare(connection, sql)
        .and_then(|mut it| it.query_row(params![ticket.as_bytes()], read).optional())
        .or_failed(WRITING)
        .map(Option::flatten)
}

/// Indexes a record that was written. `seq` is the number of a message or note that is new.
pub(super) fn put(
    connection: &Connection,
    key: &Key,
    beside: &Beside,
    before: Option<Before>,
    seq: i64,
) -> Result<(), StoreError> {
    match (beside, before) {
        (Beside::Ticket { id, scope, .. }, before) => match before {
            Some(Before::Ticket(Some(lay))) if lay == *scope => Ok(()),
            _ => move_ticket(connection, *id, scope),
        },
        (Beside::Words { ticket, hash, .. }, Some(Before::Words { ticket: was, hash: had, .. }))
            if *ticket.as_bytes() == was && *hash == had =>
        {
            Ok(())
        }
        (Beside::Words { ticket, words, .. }, before) => {
            let seq = match before {
                Some(Before::Words { seq, .. }) => {
                    remove(connection, seq)?;
                    seq
                }
                _ => seq,
            };
            let scope = scope(connection, *ticket)?;
            add(connection, seq, scope.as_ref(), words)
        }
        (Beside::Contact(words), before) => {
            let Key::Contact(id) = key else { return Ok(()) };
            if before.is_some() {
                forget_contact(connection, *id)?;
            }
            let sql = "INSERT INTO contact_words (word, contact) VALUES (?1, ?2)";
            let mut insert = prepare(connection, sql).or_failed(WRITING)?;
            for word in words {
                insert.execute(params![word.as_bytes(), id.as_bytes()]).or_failed(WRITING)?;
            }
            Ok(())
        }
        (Beside::Nothing, _) => Ok(()),
    }
}

/// Takes what is under a key out of the indexes.
pub(super) fn forget(connection: &Connection, key: &Key) -> Result<(), StoreError> {
    match key {
        Key::Contact(id) => forget_contact(connection, *id),
        Key::Message(_) | Key::Note(_) => match before(connection, key)? {
            Some(Before::Words { seq, .. }) => remove(connection, seq),
            _ => Ok(()),
        },
        _ => Ok(()),
    }
}

fn forget_contact(connection: &Connection, id: ContactId) -> Result<(), StoreError> {
    prepare(connection, "DELETE FROM contact_words WHERE contact = ?1")
        .and_then(|mut it| it.execute(params![id.as_bytes()]))
        .or_failed(WRITING)
        .map(|_| ())
}

fn add(connection: &Connection, seq: i64, scope: Option<&Scope>, words: &str) -> Result<(), StoreError> {
    let scope = scope.map(scope::words).unwrap_or_default();
    prepare(connection, "INSERT INTO search (rowid, scope, words) VALUES (?1, ?2, ?3)")
        .and_then(|mut it| it.execute(params![seq, scope, words]))
        .or_failed(WRITING)
        .map(|_| ())
}

fn remove(connection: &Connection, seq: i64) -> Result<(), StoreError> {
    prepare(connection, "DELETE FROM search WHERE rowid = ?1")
        .and_then(|mut it| it.execute(params![seq]))
        .or_failed(WRITING)
        .map(|_| ())
}

/// Indexes all that is in a ticket again, under where it lies now.
fn move_ticket(connection: &Connection, ticket: TicketId, to: &Scope) -> Result<(), StoreError> {
    let mut found: Vec<(i64, String)> = Vec::new();
    let sql = "SELECT seq, data, text FROM messages WHERE ticket = ?1";
    let mut messages = prepare(connection, sql).or_failed(WRITING)?;
    let mut rows = messages.query(params![ticket.as_bytes()]).or_failed(WRITING)?;
    while let Some(it) = rows.next().or_failed(WRITING)? {
        let mut message: Message = record::read(it.get_ref(1).or_failed(WRITING)?.as_blob().unwrap_or_default())?;
        message.text = record::text(it.get_ref(2).or_failed(WRITING)?.as_blob().unwrap_or_default())?;
        found.push((it.get(0).or_failed(WRITING)?, search::words_of_message(&message)));
    }
    let mut notes = prepare(connection, "SELECT seq, data FROM notes WHERE ticket = ?1").or_failed(WRITING)?;
    let mut rows = notes.query(params![ticket.as_bytes()]).or_failed(WRITING)?;
    while let Some(it) = rows.next().or_failed(WRITING)? {
        let note: Note = record::read(it.get_ref(1).or_failed(WRITING)?.as_blob().unwrap_or_default())?;
        let mut joined = String::new();
        search::add_words(&note.text, &mut joined);
        found.push((it.get(0).or_failed(WRITING)?, joined));
    }
    for (seq, words) in found {
        remove(connection, seq)?;
        add(connection, seq, Some(to), &words)?;
    }
    Ok(())
}
