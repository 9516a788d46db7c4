//! [`Row`]: a record as its table keeps it, and back.

use std::collections::BTreeSet;

use mailflow_core::contact::Contact;
use mailflow_core::id::TicketId;
use mailflow_core::search;
use mailflow_core::store::{Record, RecordKind, StoreError, StoreErrorKind};
use mailflow_core::ticket::{Ticket, TicketState};
use mailflow_store_rows::record::{self, Extra};
use mailflow_store_rows::{columns, compress};
use rusqlite::types::{Value, ValueRef};

use crate::scope::Scope;
use crate::table::integer;

/// A record, ready to be written: everything that costs time was done before the writer sees it.
#[derive(Debug)]
pub(crate) struct Row {
    /// In the order of [`Table`](crate::table::Table).
    pub columns: Vec<Value>,
    /// The record as JSON.
    pub data: Value,
    /// What else there is to do.
    pub beside: Beside,
}

/// What the writer does besides writing the row.
#[derive(Debug)]
pub(crate) enum Beside {
    /// Nothing.
    Nothing,
    /// Number the ticket, and index its messages again if it lies elsewhere.
    Ticket { id: TicketId, number: u64, scope: Scope },
    /// Index words of a message or note; the number is their hash.
    Words { ticket: TicketId, words: String, hash: i64 },
    /// Index the words of a contact.
    Contact(BTreeSet<String>),
}

impl Row {
    /// The row of a record.
    pub fn of(record: &Record) -> Result<Self, StoreError> {
        let (columns, beside) = columns(record)?;
        let data = record::data(record)?.ok_or_else(unknown_kind)?;
        Ok(Self { columns, data: Value::Blob(data), beside })
    }
}

/// The refusal to keep a kind of record that this crate does not know.
pub(crate) fn unknown_kind() -> StoreError {
    StoreError::new(StoreErrorKind::Unusable, "this kind of record is newer than the SQLite store; update the crate")
}

fn columns(record: &Record) -> Result<(Vec<Value>, Beside), StoreError> {
    let blob = |bytes: &[u8]| Value::Blob(bytes.to_vec());
    Ok(match record {
        Record::Ticket(it) => ticket_columns(it),
        Record::Message(it) => {
            let (hash, beside) = words(it.ticket, search::words_of_message(it));
            let text = Value::Blob(compress::pack(it.text.as_bytes())?);
            let rule = it.placed_by().map_or(Value::Null, |rule| blob(rule.as_bytes()));
            (vec![blob(it.ticket.as_bytes()), Value::Integer(it.at.as_millis()), hash, text, rule], beside)
        }
        Record::Note(it) => {
            let mut joined = String::new();
            search::add_words(&it.text, &mut joined);
            let (hash, beside) = words(it.ticket, joined);
            (vec![blob(it.ticket.as_bytes()), Value::Integer(it.at.as_millis()), hash], beside)
        }
        Record::Event(it) => (vec![blob(it.ticket.as_bytes()), Value::Integer(it.at.as_millis())], Beside::Nothing),
        Record::Contact(it) => {
            (vec![Value::Blob(sort_name(it).into_bytes())], Beside::Contact(columns::contact_words(it)))
        }
        Record::Arrival(it) => {
            let list = columns::arrival_list(&it.state).map_or(Value::Null, Value::Integer);
            (vec![list, Value::Integer(it.at.as_millis()), blob(&columns::arrival_place(it))], Beside::Nothing)
        }
        Record::Outgoing(it) => {
            let list = columns::outgoing_list(it.state).map_or(Value::Null, Value::Integer);
            let (due, created) = (Value::Integer(it.due.as_millis()), Value::Integer(it.created.as_millis()));
            let author = it.held_by().map_or(Value::Null, |author| blob(author.as_bytes()));
            let (ticket, destination) = (blob(it.ticket.as_bytes()), blob(it.destination.as_bytes()));
            (vec![ticket, destination, list, due, created, author], Beside::Nothing)
        }
        Record::Draft(it) => (vec![Value::Integer(it.saved.as_millis())], Beside::Nothing),
        Record::Session(it) => {
            let place = blob(&columns::first_half(it.token.as_bytes()));
            (vec![blob(it.agent.as_bytes()), Value::Integer(it.seen.as_millis()), place], Beside::Nothing)
        }
        Record::Server(it) => (vec![Value::Integer(it.started.as_millis())], Beside::Nothing),
        Record::Lease(it) => (vec![Value::Integer(it.since.as_millis())], Beside::Nothing),
        Record::Alert(it) => {
            let ticket = it.ticket.map_or(Value::Null, |ticket| blob(ticket.as_bytes()));
            let list = Value::Integer(it.list().number());
            (vec![Value::Integer(it.at.as_millis()), ticket, list], Beside::Nothing)
        }
        Record::Audit(it) => {
            let about = it.about.object().map_or(Value::Null, |object| blob(object.as_bytes()));
            let ticket = it.about.ticket().map_or(Value::Null, |ticket| blob(ticket.as_bytes()));
            let agent = it.who.agent().map_or(Value::Null, |agent| blob(agent.as_bytes()));
            let activity = Value::Integer(it.what.activity().number());
            (vec![Value::Integer(it.at.as_millis()), about, ticket, agent, activity], Beside::Nothing)
        }
        _ => (Vec::new(), Beside::Nothing),
    })
}

fn ticket_columns(ticket: &Ticket) -> (Vec<Value>, Beside) {
    let id = |id: Option<&[u8; 16]>| id.map_or(Value::Null, |bytes| Value::Blob(bytes.to_vec()));
    let columns = vec![
        integer(ticket.number),
        id(Some(ticket.ticketbox.as_bytes())),
        id(ticket.owner.as_ref().map(|it| it.as_bytes())),
        id(ticket.category.as_ref().map(|it| it.as_bytes())),
        id(ticket.contact.as_ref().map(|it| it.as_bytes())),
        Value::Integer(columns::shelf(ticket.state, ticket.trashed.is_some())),
        Value::Integer(ticket.updated.as_millis()),
    ];
    let Ticket { ticketbox, owner, category, contact, .. } = *ticket;
    let scope = Scope { ticketbox, owner, category, contact };
    (columns, Beside::Ticket { id: ticket.id, number: ticket.number, scope })
}

/// The state and whether it is in the trash, of what lies on a shelf.
pub(crate) const fn of_shelf(shelf: i64) -> (TicketState, bool) {
    (if shelf % 2 == 0 { TicketState::Open } else { TicketState::Closed }, shelf >= 2)
}

fn words(ticket: TicketId, words: String) -> (Value, Beside) {
    let hash = columns::hash_of_words(&words);
    (Value::Integer(hash), Beside::Words { ticket, words, hash })
}

/// What contacts are sorted by.
pub(crate) fn sort_name(contact: &Contact) -> String {
    contact.shown().to_lowercase()
}

/// The record of a row: its `data`, and what is beside it.
pub(crate) fn record(kind: RecordKind, data: &[u8], beside: ValueRef<'_>) -> Result<Record, StoreError> {
    let extra = match kind {
        RecordKind::Ticket => Extra::Number(beside.as_i64().unwrap_or(0)),
        RecordKind::Message => Extra::Text(beside.as_blob().unwrap_or_default()),
        _ => Extra::Nothing,
    };
    record::record(kind, data, extra)?.ok_or_else(unknown_kind)
}
