//! [`Row`]: a record as its table keeps it, and back.

use std::collections::BTreeSet;

use mailflow_core::contact::Contact;
use mailflow_core::id::TicketId;
use mailflow_core::store::{Key, Record, RecordKind, StoreError, StoreErrorKind};
use mailflow_core::ticket::Ticket;
use mailflow_core::{search, text};
use mailflow_store_rows::record::{self, Extra};
use mailflow_store_rows::{columns, compress};

use crate::scope::Scope;
use crate::value::{Value, id, integer};

/// A record, ready to be written: everything that costs time was done before the writer sees it.
#[derive(Debug)]
pub(crate) struct Row {
    /// In the order of [`Table`](crate::table::Table).
    pub columns: Vec<Value>,
    /// The record as JSON.
    pub data: Vec<u8>,
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
        Ok(Self { columns, data, beside })
    }
}

/// The refusal to keep a kind of record that this crate does not know.
pub(crate) fn unknown_kind() -> StoreError {
    StoreError::new(
        StoreErrorKind::Unusable,
        "this kind of record is newer than the SQL Server store; update the crate",
    )
}

fn columns(record: &Record) -> Result<(Vec<Value>, Beside), StoreError> {
    Ok(match record {
        Record::Ticket(it) => ticket_columns(it),
        Record::Message(it) => {
            let (hash, beside) = words(it.ticket, search::words_of_message(it));
            let text = Value::Bytes(compress::pack(it.text.as_bytes())?);
            let rule = it.placed_by().map_or(Value::Null, |rule| id(rule.as_bytes()));
            (vec![id(it.ticket.as_bytes()), Value::Integer(it.at.as_millis()), rule, hash, text], beside)
        }
        Record::Note(it) => {
            let mut joined = String::new();
            search::add_words(&it.text, &mut joined);
            let (hash, beside) = words(it.ticket, joined);
            (vec![id(it.ticket.as_bytes()), Value::Integer(it.at.as_millis()), hash], beside)
        }
        Record::Event(it) => (vec![id(it.ticket.as_bytes()), Value::Integer(it.at.as_millis())], Beside::Nothing),
        Record::Contact(it) => (vec![Value::Bytes(sort_name(it))], Beside::Contact(columns::contact_words(it))),
        Record::Arrival(it) => {
            let list = columns::arrival_list(&it.state).map_or(Value::Null, Value::Integer);
            (vec![list, Value::Integer(it.at.as_millis()), id(&columns::arrival_place(it))], Beside::Nothing)
        }
        Record::Outgoing(it) => {
            let list = columns::outgoing_list(it.state).map_or(Value::Null, Value::Integer);
            let (due, created) = (Value::Integer(it.due.as_millis()), Value::Integer(it.created.as_millis()));
            let author = it.held_by().map_or(Value::Null, |author| id(author.as_bytes()));
            let (ticket, destination) = (id(it.ticket.as_bytes()), id(it.destination.as_bytes()));
            (vec![ticket, destination, list, due, created, author], Beside::Nothing)
        }
        Record::Draft(it) => (vec![Value::Integer(it.saved.as_millis())], Beside::Nothing),
        Record::Session(it) => {
            let place = id(&columns::first_half(it.token.as_bytes()));
            (vec![id(it.agent.as_bytes()), Value::Integer(it.seen.as_millis()), place], Beside::Nothing)
        }
        Record::Address(_) | Record::Thread(_) | Record::FetchMark(_) => {
            (vec![name_of(&record.key())], Beside::Nothing)
        }
        Record::Server(it) => (vec![Value::Integer(it.started.as_millis())], Beside::Nothing),
        Record::Lease(it) => (vec![Value::Integer(it.since.as_millis())], Beside::Nothing),
        Record::Alert(it) => {
            let ticket = it.ticket.map_or(Value::Null, |ticket| id(ticket.as_bytes()));
            let list = Value::Integer(it.list().number());
            (vec![Value::Integer(it.at.as_millis()), ticket, list], Beside::Nothing)
        }
        Record::Audit(it) => {
            let about = it.about.object().map_or(Value::Null, |object| id(object.as_bytes()));
            let ticket = it.about.ticket().map_or(Value::Null, |ticket| id(ticket.as_bytes()));
            let agent = it.who.agent().map_or(Value::Null, |agent| id(agent.as_bytes()));
            let activity = Value::Integer(it.what.activity().number());
            (vec![Value::Integer(it.at.as_millis()), about, ticket, agent, activity], Beside::Nothing)
        }
        _ => (Vec::new(), Beside::Nothing),
    })
}

/// A key that is a text, as it is.
fn name_of(key: &Key) -> Value {
    match key {
        Key::Address(it) => name(it.key().as_bytes()),
        Key::Thread(it) => name(it.as_str().as_bytes()),
        Key::FetchMark(_, uid) => name(uid.as_str().as_bytes()),
        _ => Value::Null,
    }
}

/// The column `name` of a key that is a text.
pub(crate) fn name(text: &[u8]) -> Value {
    Value::Bytes(text.get(..MAX_SORT_NAME).unwrap_or(text).to_vec())
}

fn ticket_columns(ticket: &Ticket) -> (Vec<Value>, Beside) {
    let columns = vec![
        integer(ticket.number),
        id(ticket.ticketbox.as_bytes()),
        ticket.owner.map_or(Value::Null, |it| id(it.as_bytes())),
        ticket.category.map_or(Value::Null, |it| id(it.as_bytes())),
        ticket.contact.map_or(Value::Null, |it| id(it.as_bytes())),
        Value::Integer(columns::shelf(ticket.state, ticket.trashed.is_some())),
        Value::Integer(ticket.updated.as_millis()),
    ];
    let Ticket { ticketbox, owner, category, contact, .. } = *ticket;
    let scope = Scope { ticketbox, owner, category, contact };
    (columns, Beside::Ticket { id: ticket.id, number: ticket.number, scope })
}

fn words(ticket: TicketId, words: String) -> (Value, Beside) {
    let hash = columns::hash_of_words(&words);
    (Value::Integer(hash), Beside::Words { ticket, words, hash })
}

/// An index takes no longer entries.
const MAX_SORT_NAME: usize = 1600;

/// What contacts are sorted by: the name in lower case, or the beginning of a very long one.
fn sort_name(contact: &Contact) -> Vec<u8> {
    text::prefix(&contact.shown().to_lowercase(), MAX_SORT_NAME).as_bytes().to_vec()
}

/// What is in this column of a row, and in the next one: a number, a text.
pub(crate) fn extra<'a>(
    kind: RecordKind,
    row: &'a crate::driver::Row,
    column: usize,
) -> Result<Extra<'a>, StoreError> {
    Ok(match kind {
        RecordKind::Ticket => Extra::Number(row.integer_or_null(column)?.unwrap_or(0)),
        RecordKind::Message => Extra::Text(row.bytes_or_null(column + 1)?.unwrap_or_default()),
        _ => Extra::Nothing,
    })
}

/// The record of a row: its `data`, and what is beside it.
pub(crate) fn record(kind: RecordKind, data: &[u8], extra: Extra<'_>) -> Result<Record, StoreError> {
    record::record(kind, data, extra)?.ok_or_else(unknown_kind)
}
