//! [`Row`]: a record as its table keeps it, and back.

use std::collections::BTreeSet;

use mailflow_core::arrival::{Arrival, ArrivalState};
use mailflow_core::contact::Contact;
use mailflow_core::digest::Digest;
use mailflow_core::id::TicketId;
use mailflow_core::outgoing::OutgoingState;
use mailflow_core::store::{Key, Record, RecordKind, StoreError, StoreErrorKind, TicketQuery};
use mailflow_core::ticket::{Ticket, TicketState};
use mailflow_core::{search, text};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::compress;
use crate::scope::Scope;
use crate::value::{Value, id, integer, unsigned};

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
        let data = match record {
            Record::Ticket(it) => json(it),
            Record::Message(it) => json(it),
            Record::Note(it) => json(it),
            Record::Event(it) => json(it),
            Record::Contact(it) => json(it),
            Record::Address(it) => json(it),
            Record::Thread(it) => json(it),
            Record::Arrival(it) => json(it),
            Record::FetchMark(it) => json(it),
            Record::Outgoing(it) => json(it),
            Record::Draft(it) => json(it),
            Record::ReadMark(it) => json(it),
            Record::Session(it) => json(it),
            Record::Pulse(it) => json(it),
            Record::Allowance(it) => json(it),
            Record::Server(it) => json(it),
            Record::Lease(it) => json(it),
            Record::Document(it) => json(it),
            Record::Directory(it) => json(it),
            _ => return Err(unknown_kind()),
        }?;
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

fn json<T: Serialize>(record: &T) -> Result<Vec<u8>, StoreError> {
    serde_json::to_vec(record)
        .map_err(|error| StoreError::new(StoreErrorKind::Other, "writing a record as JSON").because(error))
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
        Record::Contact(it) => (vec![Value::Bytes(sort_name(it))], Beside::Contact(contact_words(it))),
        Record::Arrival(it) => {
            let list = match it.state {
                ArrivalState::Received => Value::Integer(0),
                ArrivalState::Shelved { .. } => Value::Integer(1),
                _ => Value::Null,
            };
            (vec![list, Value::Integer(it.at.as_millis()), id(&arrival_place(it))], Beside::Nothing)
        }
        Record::Outgoing(it) => {
            let list = match it.state {
                OutgoingState::Queued => Value::Integer(0),
                OutgoingState::Sending { .. } => Value::Integer(1),
                OutgoingState::Failed | OutgoingState::PerhapsSent => Value::Integer(2),
                OutgoingState::AwaitingApproval => Value::Integer(3),
                OutgoingState::Paused | OutgoingState::Sent | OutgoingState::Withdrawn => Value::Null,
            };
            let (due, created) = (Value::Integer(it.due.as_millis()), Value::Integer(it.created.as_millis()));
            (vec![id(it.ticket.as_bytes()), id(it.destination.as_bytes()), list, due, created], Beside::Nothing)
        }
        Record::Draft(it) => (vec![Value::Integer(it.saved.as_millis())], Beside::Nothing),
        Record::Session(it) => {
            let place = id(&first_half(it.token.as_bytes()));
            (vec![id(it.agent.as_bytes()), Value::Integer(it.seen.as_millis()), place], Beside::Nothing)
        }
        Record::Address(_) | Record::Thread(_) | Record::FetchMark(_) => (vec![name(&record.key())], Beside::Nothing),
        Record::Server(it) => (vec![Value::Integer(it.started.as_millis())], Beside::Nothing),
        Record::Lease(it) => (vec![Value::Integer(it.since.as_millis())], Beside::Nothing),
        _ => (Vec::new(), Beside::Nothing),
    })
}

/// A key that is a text, as it is.
fn name(key: &Key) -> Value {
    let name = match key {
        Key::Address(it) => it.key(),
        Key::Thread(it) => it.as_str().to_owned(),
        Key::FetchMark(_, uid) => uid.as_str().to_owned(),
        _ => return Value::Null,
    };
    Value::Bytes(text::prefix(&name, MAX_SORT_NAME).as_bytes().to_vec())
}

fn ticket_columns(ticket: &Ticket) -> (Vec<Value>, Beside) {
    let columns = vec![
        integer(ticket.number),
        id(ticket.ticketbox.as_bytes()),
        ticket.owner.map_or(Value::Null, |it| id(it.as_bytes())),
        ticket.category.map_or(Value::Null, |it| id(it.as_bytes())),
        ticket.contact.map_or(Value::Null, |it| id(it.as_bytes())),
        Value::Integer(shelf(ticket.state, ticket.trashed.is_some())),
        Value::Integer(ticket.updated.as_millis()),
    ];
    let Ticket { ticketbox, owner, category, contact, .. } = *ticket;
    let scope = Scope { ticketbox, owner, category, contact };
    (columns, Beside::Ticket { id: ticket.id, number: ticket.number, scope })
}

/// The shelf that a ticket lies on: open and closed, in the trash and not.
const fn shelf(state: TicketState, trashed: bool) -> i64 {
    let closed = matches!(state, TicketState::Closed) as i64;
    closed + if trashed { 2 } else { 0 }
}

/// The shelves that a query looks at.
pub(crate) fn shelves(query: &TicketQuery) -> Vec<i64> {
    let states = match query.state {
        Some(state) => vec![state],
        None => vec![TicketState::Open, TicketState::Closed],
    };
    states.into_iter().map(|state| shelf(state, query.trashed)).collect()
}

fn words(ticket: TicketId, words: String) -> (Value, Beside) {
    let digest = Digest::of(words.as_bytes());
    let mut first = [0; 8];
    for (to, from) in first.iter_mut().zip(digest.as_bytes()) {
        *to = *from;
    }
    let hash = i64::from_be_bytes(first);
    (Value::Integer(hash), Beside::Words { ticket, words, hash })
}

/// An index takes no longer entries.
const MAX_SORT_NAME: usize = 1600;

/// What contacts are sorted by: the name in lower case, or the beginning of a very long one.
fn sort_name(contact: &Contact) -> Vec<u8> {
    text::prefix(&contact.shown().to_lowercase(), MAX_SORT_NAME).as_bytes().to_vec()
}

/// The words that a contact is found by.
fn contact_words(contact: &Contact) -> BTreeSet<String> {
    search::words_of_contact(contact).split_whitespace().map(str::to_owned).collect()
}

/// Arrivals of the same time sort by their order, then by their bytes.
fn arrival_place(arrival: &Arrival) -> [u8; 16] {
    let mut place = first_half(arrival.digest.as_bytes());
    for (to, from) in place.iter_mut().zip(arrival.order.to_be_bytes()) {
        *to = from;
    }
    place
}

/// The first half of a digest: enough to tell two rows apart.
fn first_half(bytes: &[u8; 32]) -> [u8; 16] {
    let mut half = [0; 16];
    for (to, from) in half.iter_mut().zip(bytes) {
        *to = *from;
    }
    half
}

/// What a record is made of besides its `data`.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Extra<'a> {
    Nothing,
    /// The number of a ticket.
    Number(i64),
    /// The text of a message, compressed.
    Text(&'a [u8]),
}

impl<'a> Extra<'a> {
    /// What is in this column of a row, and in the next one: a number, a text.
    pub fn of(kind: RecordKind, row: &'a crate::driver::Row, column: usize) -> Result<Self, StoreError> {
        Ok(match kind {
            RecordKind::Ticket => Self::Number(row.integer_or_null(column)?.unwrap_or(0)),
            RecordKind::Message => Self::Text(row.bytes_or_null(column + 1)?.unwrap_or_default()),
            _ => Self::Nothing,
        })
    }
}

/// The record of a row: its `data`, and what is beside it.
pub(crate) fn record(kind: RecordKind, data: &[u8], extra: Extra<'_>) -> Result<Record, StoreError> {
    Ok(match kind {
        RecordKind::Ticket => {
            let mut ticket: Ticket = read(data)?;
            ticket.number = if let Extra::Number(number) = extra { unsigned(number) } else { 0 };
            ticket.into()
        }
        RecordKind::Message => {
            let mut message: mailflow_core::message::Message = read(data)?;
            message.text = if let Extra::Text(packed) = extra { unpacked(packed)? } else { String::new() };
            message.into()
        }
        RecordKind::Note => read::<mailflow_core::note::Note>(data)?.into(),
        RecordKind::Event => read::<mailflow_core::event::Event>(data)?.into(),
        RecordKind::Contact => read::<Contact>(data)?.into(),
        RecordKind::Address => read::<mailflow_core::contact::AddressEntry>(data)?.into(),
        RecordKind::Thread => read::<mailflow_core::thread_entry::ThreadEntry>(data)?.into(),
        RecordKind::Arrival => read::<Arrival>(data)?.into(),
        RecordKind::FetchMark => read::<mailflow_core::arrival::FetchMark>(data)?.into(),
        RecordKind::Outgoing => read::<mailflow_core::outgoing::Outgoing>(data)?.into(),
        RecordKind::Draft => read::<mailflow_core::draft::Draft>(data)?.into(),
        RecordKind::ReadMark => read::<mailflow_core::session::ReadMark>(data)?.into(),
        RecordKind::Session => read::<mailflow_core::session::Session>(data)?.into(),
        RecordKind::Pulse => read::<mailflow_core::pulse::Pulse>(data)?.into(),
        RecordKind::Allowance => read::<mailflow_core::allowance::Allowance>(data)?.into(),
        RecordKind::Server => read::<mailflow_core::server::Server>(data)?.into(),
        RecordKind::Lease => read::<mailflow_core::lease::Lease>(data)?.into(),
        RecordKind::Document => read::<mailflow_core::directory::Document>(data)?.into(),
        RecordKind::Directory => read::<mailflow_core::directory::DirectoryStamp>(data)?.into(),
        _ => return Err(unknown_kind()),
    })
}

/// A text out of its compressed column.
fn unpacked(packed: &[u8]) -> Result<String, StoreError> {
    let bytes = compress::unpack(packed)?;
    String::from_utf8(bytes)
        .map_err(|error| StoreError::new(StoreErrorKind::Unusable, "reading the text of a message").because(error))
}

/// A value out of its `data`.
fn read<T: DeserializeOwned>(data: &[u8]) -> Result<T, StoreError> {
    serde_json::from_slice(data).map_err(|error| {
        let doing = "reading a record; was it written by a later version of mailflow?";
        StoreError::new(StoreErrorKind::Unusable, doing).because(error)
    })
}
