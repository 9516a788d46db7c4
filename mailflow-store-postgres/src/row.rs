//! [`Row`]: a record as its table keeps it, and back.

use std::collections::BTreeSet;

use mailflow_core::contact::Contact;
use mailflow_core::id::TicketId;
use mailflow_core::store::{Record, RecordKind, StoreError, StoreErrorKind};
use mailflow_core::ticket::Ticket;
use mailflow_core::{search, text};
use mailflow_store_rows::record::{self, Extra};
use mailflow_store_rows::{columns, compress};

use crate::scope::Scope;
use crate::value::{Value, integer, uuid};

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
        "this kind of record is newer than the PostgreSQL store; update the crate",
    )
}

fn columns(record: &Record) -> Result<(Vec<Value>, Beside), StoreError> {
    Ok(match record {
        Record::Ticket(it) => ticket_columns(it),
        Record::Message(it) => {
            let (hash, beside) = words(it.ticket, search::words_of_message(it));
            let text = Value::Bytes(compress::pack(it.text.as_bytes())?);
            let rule = it.placed_by().map_or(Value::Null, |rule| uuid(rule.as_bytes()));
            (vec![uuid(it.ticket.as_bytes()), Value::Integer(it.at.as_millis()), hash, text, rule], beside)
        }
        Record::Note(it) => {
            let mut joined = String::new();
            search::add_words(&it.text, &mut joined);
            let (hash, beside) = words(it.ticket, joined);
            (vec![uuid(it.ticket.as_bytes()), Value::Integer(it.at.as_millis()), hash], beside)
        }
        Record::Event(it) => (vec![uuid(it.ticket.as_bytes()), Value::Integer(it.at.as_millis())], Beside::Nothing),
        Record::Contact(it) => (vec![Value::Bytes(sort_name(it))], Beside::Contact(columns::contact_words(it))),
        Record::Arrival(it) => {
            let list = columns::arrival_list(&it.state).map_or(Value::Null, Value::Integer);
            (vec![list, Value::Integer(it.at.as_millis()), uuid(&columns::arrival_place(it))], Beside::Nothing)
        }
        Record::Outgoing(it) => {
            let list = columns::outgoing_list(it.state).map_or(Value::Null, Value::Integer);
            let (due, created) = (Value::Integer(it.due.as_millis()), Value::Integer(it.created.as_millis()));
            let author = it.held_by().map_or(Value::Null, |author| uuid(author.as_bytes()));
            let (ticket, destination) = (uuid(it.ticket.as_bytes()), uuid(it.destination.as_bytes()));
            (vec![ticket, destination, list, due, created, author], Beside::Nothing)
        }
        Record::Draft(it) => (vec![Value::Integer(it.saved.as_millis())], Beside::Nothing),
        Record::Session(it) => {
            let place = uuid(&columns::first_half(it.token.as_bytes()));
            (vec![uuid(it.agent.as_bytes()), Value::Integer(it.seen.as_millis()), place], Beside::Nothing)
        }
        Record::Server(it) => (vec![Value::Integer(it.started.as_millis())], Beside::Nothing),
        Record::Lease(it) => (vec![Value::Integer(it.since.as_millis())], Beside::Nothing),
        Record::Alert(it) => {
            let ticket = it.ticket.map_or(Value::Null, |ticket| uuid(ticket.as_bytes()));
            let list = Value::Integer(it.list().number());
            (vec![Value::Integer(it.at.as_millis()), ticket, list], Beside::Nothing)
        }
        Record::Audit(it) => {
            let about = it.about.object().map_or(Value::Null, |object| uuid(object.as_bytes()));
            let ticket = it.about.ticket().map_or(Value::Null, |ticket| uuid(ticket.as_bytes()));
            let agent = it.who.agent().map_or(Value::Null, |agent| uuid(agent.as_bytes()));
            let activity = Value::Integer(it.what.activity().number());
            (vec![Value::Integer(it.at.as_millis()), about, ticket, agent, activity], Beside::Nothing)
        }
        _ => (Vec::new(), Beside::Nothing),
    })
}

fn ticket_columns(ticket: &Ticket) -> (Vec<Value>, Beside) {
    let id = |id: Option<&[u8; 16]>| id.map_or(Value::Null, uuid);
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

fn words(ticket: TicketId, words: String) -> (Value, Beside) {
    let hash = columns::hash_of_words(&words);
    (Value::Integer(hash), Beside::Words { ticket, words, hash })
}

/// An index takes no longer entries.
const MAX_SORT_NAME: usize = 2000;

/// What contacts are sorted by: the name in lower case, or the beginning of a very long one.
fn sort_name(contact: &Contact) -> Vec<u8> {
    text::prefix(&contact.shown().to_lowercase(), MAX_SORT_NAME).as_bytes().to_vec()
}

/// What is in this column of a row.
pub(crate) fn extra<'a>(
    kind: RecordKind,
    row: &'a tokio_postgres::Row,
    column: usize,
) -> Result<Extra<'a>, tokio_postgres::Error> {
    Ok(match kind {
        RecordKind::Ticket => Extra::Number(row.try_get::<_, Option<i64>>(column)?.unwrap_or(0)),
        RecordKind::Message => Extra::Text(row.try_get::<_, Option<&[u8]>>(column)?.unwrap_or_default()),
        _ => Extra::Nothing,
    })
}

/// The record of a row: its `data`, and what is beside it.
pub(crate) fn record(kind: RecordKind, data: &[u8], extra: Extra<'_>) -> Result<Record, StoreError> {
    record::record(kind, data, extra)?.ok_or_else(unknown_kind)
}
