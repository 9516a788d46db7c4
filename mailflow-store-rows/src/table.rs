//! [`Table`]: where each kind of record is kept. What is in the columns is said by [`Row`](crate::row::Row).

use std::collections::BTreeMap;

use mailflow_core::store::{Key, RecordKind, StoreError};

use crate::error::unknown_kind;
use crate::keys;
use crate::value::Type::{Bytes, Digest, Id, Integer, Text};
use crate::value::{Type, Value, signed};

/// A column: its name and type.
pub type Column = (&'static str, Type);

/// A table with one record a row: key columns, further columns, `version`, `data`.
#[derive(PartialEq, Eq)]
pub struct Table {
    /// The kind of record.
    pub kind: RecordKind,
    /// Its name.
    pub name: &'static str,
    /// The columns of the key.
    pub keys: &'static [Column],
    /// The columns that repeat what is looked up, sorted or filtered by, in the order of [`Row`](crate::row::Row).
    pub columns: &'static [Column],
    /// The column that a record is made of besides `data`.
    pub beside: Option<&'static str>,
    /// Whether rows have words to be found by, and a number in the order in which they were taken in: the last column,
    /// [`SEQ`].
    pub numbered: bool,
}

/// The name of the column with the number of a row that has words to be found by.
pub const SEQ: &str = "seq";
/// The name of the column with the number of a ticket.
pub const NUMBER: &str = "number";

const fn table(kind: RecordKind, name: &'static str, keys: &'static [Column], columns: &'static [Column]) -> Table {
    Table { kind, name, keys, columns, beside: None, numbered: false }
}

const ID: &[Column] = &[("id", Id)];

/// All tables of records.
pub static ALL: &[Table] = &[
    Table {
        beside: Some(NUMBER),
        ..table(
            RecordKind::Ticket,
            "tickets",
            ID,
            &[
                (NUMBER, Integer),
                ("ticketbox", Id),
                ("owner", Id),
                ("category", Id),
                ("contact", Id),
                ("shelf", Integer),
                ("updated", Integer),
                ("turn", Integer),
            ],
        )
    },
    Table {
        beside: Some("text"),
        numbered: true,
        ..table(
            RecordKind::Message,
            "messages",
            ID,
            &[("ticket", Id), ("at", Integer), ("words", Integer), ("text", Bytes), ("rule", Id), (SEQ, Integer)],
        )
    },
    Table {
        numbered: true,
        ..table(RecordKind::Note, "notes", ID, &[("ticket", Id), ("at", Integer), ("words", Integer), (SEQ, Integer)])
    },
    table(RecordKind::Event, "events", ID, &[("ticket", Id), ("at", Integer)]),
    table(RecordKind::Contact, "contacts", ID, &[("shown", Bytes)]),
    table(RecordKind::Address, "addresses", &[("address", Text)], &[]),
    table(RecordKind::Thread, "threads", &[("id", Text)], &[]),
    table(
        RecordKind::Arrival,
        "arrivals",
        &[("source", Id), ("digest", Digest)],
        &[("list", Integer), ("at", Integer), ("place", Id)],
    ),
    table(RecordKind::FetchMark, "fetch_marks", &[("source", Id), ("uid", Text)], &[]),
    table(
        RecordKind::Outgoing,
        "outgoing",
        ID,
        &[
            ("ticket", Id),
            ("destination", Id),
            ("list", Integer),
            ("due", Integer),
            ("created", Integer),
            ("author", Id),
        ],
    ),
    table(RecordKind::Draft, "drafts", &[("agent", Id), ("ticket", Id)], &[("saved", Integer)]),
    table(RecordKind::ReadMark, "read_marks", &[("agent", Id), ("ticket", Id)], &[]),
    table(RecordKind::Session, "sessions", &[("token", Digest)], &[("agent", Id), ("seen", Integer), ("place", Id)]),
    table(RecordKind::Pulse, "pulses", ID, &[]),
    table(RecordKind::Allowance, "allowances", &[("of", Digest)], &[]),
    table(RecordKind::Server, "servers", ID, &[("started", Integer)]),
    table(RecordKind::Lease, "leases", ID, &[("since", Integer)]),
    table(RecordKind::Document, "documents", &[("kind", Bytes), ("id", Id)], &[]),
    table(RecordKind::Directory, "directory", &[("id", Integer)], &[]),
    table(
        RecordKind::Alert,
        "alerts",
        &[("agent", Id), ("cause", Id)],
        &[("at", Integer), ("ticket", Id), ("list", Integer)],
    ),
    table(
        RecordKind::Audit,
        "audit",
        ID,
        &[("at", Integer), ("about", Id), ("ticket", Id), ("agent", Id), ("activity", Integer)],
    ),
];

impl std::fmt::Debug for Table {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

/// The table of a kind of record.
///
/// # Errors
/// [`StoreError`] for a kind that is newer than this crate.
pub fn of(kind: RecordKind) -> Result<&'static Table, StoreError> {
    ALL.iter().find(|table| table.kind == kind).ok_or_else(unknown_kind)
}

/// What is made once for each table, such as its statements.
#[derive(Debug)]
pub struct PerTable<T>(BTreeMap<RecordKind, T>);

impl<T> PerTable<T> {
    /// Makes it for all tables.
    pub fn new(make: impl Fn(&Table) -> T) -> Self {
        Self(ALL.iter().map(|table| (table.kind, make(table))).collect())
    }

    /// That of a table.
    ///
    /// # Errors
    /// [`StoreError`] for a table that is none of [`ALL`].
    pub fn of(&self, table: &Table) -> Result<&T, StoreError> {
        self.0.get(&table.kind).ok_or_else(unknown_kind)
    }
}

impl Table {
    /// The columns of a key out of [`Key::bytes`]; without any, of one that is before all others or is the first.
    pub fn key_from(&self, bytes: Option<&[u8]>) -> Vec<Value> {
        let parts = keys::parts(self.kind, self.keys.len(), bytes.unwrap_or_default());
        let value = |((_, of), part): (&Column, &[u8])| match of {
            Id => Value::Id(part.try_into().unwrap_or_default()),
            Digest | Text | Bytes => Value::Bytes(part.to_vec()),
            // The one key of the directory.
            Integer => Value::Integer(i64::from(bytes.is_some())),
        };
        self.keys.iter().zip(parts).map(value).collect()
    }
}

/// The columns of a key, in the order of its table. That of a number is looked up in the column [`NUMBER`].
pub fn key_values(key: &Key) -> Vec<Value> {
    let id = |id: &[u8; 16]| Value::Id(*id);
    let bytes = |bytes: &[u8]| Value::Bytes(bytes.to_vec());
    match key {
        Key::Ticket(it) => vec![id(it.as_bytes())],
        Key::TicketNumber(number) => vec![Value::Integer(signed(*number))],
        Key::Message(it) => vec![id(it.as_bytes())],
        Key::Note(it) => vec![id(it.as_bytes())],
        Key::Event(it) => vec![id(it.as_bytes())],
        Key::Contact(it) => vec![id(it.as_bytes())],
        Key::Address(address) => vec![bytes(address.key().as_bytes())],
        Key::Thread(it) => vec![bytes(it.as_str().as_bytes())],
        Key::Arrival(source, digest) => vec![id(source.as_bytes()), bytes(digest.as_bytes())],
        Key::FetchMark(source, uid) => vec![id(source.as_bytes()), bytes(uid.as_str().as_bytes())],
        Key::Outgoing(it) => vec![id(it.as_bytes())],
        Key::Draft(agent, ticket) | Key::ReadMark(agent, ticket) => {
            vec![id(agent.as_bytes()), id(ticket.as_bytes())]
        }
        Key::Session(token) => vec![bytes(token.as_bytes())],
        Key::Pulse(it) => vec![id(it.as_bytes())],
        Key::Allowance(of) => vec![bytes(of.as_bytes())],
        Key::Server(it) => vec![id(it.as_bytes())],
        Key::Lease(it) => vec![id(it.as_bytes())],
        Key::Document(kind, it) => vec![bytes(kind.word().as_bytes()), id(it.as_bytes())],
        Key::Directory => vec![Value::Integer(1)],
        Key::Alert(agent, cause) => vec![id(agent.as_bytes()), id(cause.as_bytes())],
        Key::Audit(it) => vec![id(it.as_bytes())],
        // Refused before it comes here, see `of`.
        _ => Vec::new(),
    }
}
