//! [`Table`]: where each kind of record is kept, and the statements that all tables share.

use mailflow_core::digest::Digest;
use mailflow_core::store::{Key, RecordKind};
use mailflow_store_rows::keys;

use crate::batch::{Parameters, numbered_keys};
use crate::row;
use crate::value::{Parameter, Type, Value, id, integer};

/// A column: its name and type.
pub(crate) type Column = (&'static str, Type);

/// A table with one record a row: key columns, further columns, `version`, `data`.
pub(crate) struct Table {
    /// Its name.
    pub name: &'static str,
    /// The columns of the key.
    pub keys: &'static [Column],
    /// The columns that repeat what is looked up, sorted or filtered by, in the order of [`Row`](crate::row::Row).
    pub columns: &'static [Column],
    /// Where the number of a ticket and the text of a message stand.
    beside: &'static str,
    /// Whether rows have words to be found by, and a number in the order in which they were taken in: the last column.
    pub numbered: bool,
}

macro_rules! tables {
    ($($name:ident = $table:literal ($($key:literal $key_type:ident),+) [$($column:literal $type:ident),*] $beside:ident $numbered:literal;)*) => {
        $(
            pub(crate) static $name: Table = Table {
                name: $table,
                keys: &[$(($key, Type::$key_type)),+],
                columns: &[$(($column, Type::$type)),*],
                beside: $beside,
                numbered: $numbered,
            };
        )*
        /// All tables of records.
        pub(crate) static ALL: &[&Table] = &[$(&$name),*];
    };
}

tables! {
    TICKETS = "tickets" ("id" Id)
        ["number" Integer, "ticketbox" Id, "owner" Id, "category" Id, "contact" Id, "shelf" Integer,
         "updated" Integer] NUMBER false;
    MESSAGES = "messages" ("id" Id) ["ticket" Id, "at" Integer, "rule" Id, "words" Integer, "text" Bytes, "seq" Integer]
        TEXT true;
    NOTES = "notes" ("id" Id) ["ticket" Id, "at" Integer, "words" Integer, "seq" Integer] NOTHING true;
    EVENTS = "events" ("id" Id) ["ticket" Id, "at" Integer] NOTHING false;
    CONTACTS = "contacts" ("id" Id) ["shown" Bytes] NOTHING false;
    ADDRESSES = "addresses" ("address" Digest) ["name" Bytes] NOTHING false;
    THREADS = "threads" ("id" Digest) ["name" Bytes] NOTHING false;
    ARRIVALS = "arrivals" ("source" Id, "digest" Digest) ["list" Integer, "at" Integer, "place" Id] NOTHING false;
    FETCH_MARKS = "fetch_marks" ("source" Id, "uid" Digest) ["name" Bytes] NOTHING false;
    OUTGOING = "outgoing" ("id" Id)
        ["ticket" Id, "destination" Id, "list" Integer, "due" Integer, "created" Integer, "author" Id] NOTHING false;
    DRAFTS = "drafts" ("agent" Id, "ticket" Id) ["saved" Integer] NOTHING false;
    READ_MARKS = "read_marks" ("agent" Id, "ticket" Id) [] NOTHING false;
    SESSIONS = "sessions" ("token" Digest) ["agent" Id, "seen" Integer, "place" Id] NOTHING false;
    PULSES = "pulses" ("id" Id) [] NOTHING false;
    ALLOWANCES = "allowances" ("of" Digest) [] NOTHING false;
    SERVERS = "servers" ("id" Id) ["started" Integer] NOTHING false;
    LEASES = "leases" ("id" Id) ["since" Integer] NOTHING false;
    DOCUMENTS = "documents" ("kind" Bytes, "id" Id) [] NOTHING false;
    DIRECTORY = "directory" ("id" Integer) [] NOTHING false;
    ALERTS = "alerts" ("agent" Id, "cause" Id) ["at" Integer, "ticket" Id, "list" Integer] NOTHING false;
    AUDIT = "audit" ("id" Id) ["at" Integer, "about" Id, "ticket" Id, "agent" Id, "activity" Integer] NOTHING false;
}

impl Table {
    /// What stands under these keys: the place of each, and these columns of `t`.
    fn under<'k>(
        &self,
        what: &str,
        keys: impl Iterator<Item = (usize, &'k [Value])>,
        parameters: &mut Parameters<'k>,
    ) -> String {
        let types: Vec<Type> = self.keys.iter().map(|it| it.1).collect();
        let rows = numbered_keys(parameters, &types, keys);
        let names: Vec<String> = self.keys.iter().map(|(key, _)| format!("[{key}]")).collect();
        let same: Vec<String> = names.iter().map(|key| format!("t.{key} = k.{key}")).collect();
        format!(
            "SELECT k.nth, {what} FROM (VALUES {rows}) AS k(nth, {}) JOIN {} AS t ON {}",
            names.join(", "),
            self.name,
            same.join(" AND ")
        )
    }

    /// → place, version, whether there is a record; of numbered rows also their number, ticket and hash of words.
    pub fn look<'k>(
        &self,
        keys: impl Iterator<Item = (usize, &'k [Value])>,
        parameters: &mut Parameters<'k>,
    ) -> String {
        let numbered = if self.numbered { ", t.seq, t.ticket, t.words" } else { "" };
        let what = format!("t.version, CASE WHEN t.data IS NULL THEN 0 ELSE 1 END AS there{numbered}");
        self.under(&what, keys, parameters)
    }

    /// → place, version, data, number, text.
    pub fn load<'k>(
        &self,
        keys: impl Iterator<Item = (usize, &'k [Value])>,
        parameters: &mut Parameters<'k>,
    ) -> String {
        self.under(&format!("t.version, t.data, {}", self.beside), keys, parameters)
    }

    /// The records behind a key, by key: version, data, number, text. Keys that stand as digests sort by their names.
    pub fn all(&self, kind: RecordKind, after: Option<&[u8]>, most: i64, parameters: &mut Parameters<'_>) -> String {
        let mut order: Vec<Column> = self.keys.to_vec();
        let by_name = self.columns.iter().find(|(name, _)| *name == "name").copied();
        if let Some(name) = by_name {
            order.insert(order.len().saturating_sub(1), name);
        }
        let mut behind = "t.data IS NOT NULL".to_owned();
        if let Some(after) = after {
            let mut values = key_from(self, kind, after);
            if let (Some(_), Some(last)) = (by_name, keys::parts(kind, self.keys.len(), after).pop()) {
                values.insert(values.len().saturating_sub(1), row::name(last));
            }
            // Its first part is what an index is entered by.
            let mut condition = String::new();
            for ((name, of), value) in order.iter().zip(&values).rev() {
                let place = parameters.compared(*of, value.parameter(*of).into_owned());
                condition = if condition.is_empty() {
                    format!("t.[{name}] > {place}")
                } else {
                    format!("t.[{name}] >= {place} AND (t.[{name}] > {place} OR {condition})")
                };
            }
            behind = format!("{behind} AND {condition}");
        }
        let most = parameters.integer(most);
        let order: Vec<String> = order.iter().map(|(name, _)| format!("t.[{name}]")).collect();
        format!(
            "SELECT TOP ({most}) t.version, t.data, {} FROM {} AS t WHERE {behind} ORDER BY {}",
            self.beside,
            self.name,
            order.join(", ")
        )
    }

    /// The condition that a row has this key.
    pub fn is<'k>(&self, key: &'k [Value], parameters: &mut Parameters<'k>) -> String {
        let same = self
            .keys
            .iter()
            .zip(key)
            .map(|((name, of), value)| format!("[{name}] = {}", parameters.compared(*of, value.parameter(*of))));
        same.collect::<Vec<_>>().join(" AND ")
    }

    /// The columns that are written, in their order, with their types: columns, version, data, key.
    pub fn written(&self) -> impl Iterator<Item = Column> {
        let middle = [("version", Type::Integer), ("data", Type::Bytes)];
        self.columns.iter().copied().chain(middle).chain(self.keys.iter().copied())
    }

    /// Inserts rows.
    pub fn insert<'v>(&self, rows: &[Vec<Parameter<'v>>], parameters: &mut Parameters<'v>) -> String {
        let names: Vec<String> = self.written().map(|(name, _)| format!("[{name}]")).collect();
        let rows: Vec<String> = rows
            .iter()
            .map(|row| {
                let places: Vec<String> = row.iter().map(|value| parameters.add(value.clone())).collect();
                format!("({})", places.join(", "))
            })
            .collect();
        format!("INSERT INTO {} ({}) VALUES {};", self.name, names.join(", "), rows.join(", "))
    }

    /// Changes the row of a key.
    pub fn update<'v>(&self, row: &[Parameter<'v>], key: &'v [Value], parameters: &mut Parameters<'v>) -> String {
        let columns = self.written().take(self.columns.len() + 2);
        let set: Vec<String> = columns
            .zip(row)
            .map(|((name, _), value)| {
                let place = parameters.add(value.clone());
                match name {
                    // A ticket keeps its number for ever: none is given twice.
                    "number" => format!("[number] = COALESCE({place}, [number])"),
                    name => format!("[{name}] = {place}"),
                }
            })
            .collect();
        format!("UPDATE {} SET {} WHERE {};", self.name, set.join(", "), self.is(key, parameters))
    }

    /// Removes the row of a key.
    pub fn delete<'v>(&self, key: &'v [Value], parameters: &mut Parameters<'v>) -> String {
        format!("DELETE FROM {} WHERE {};", self.name, self.is(key, parameters))
    }
}

/// What stands for the number of what is no ticket, and for the text of what is no message.
const NOTHING: &str = "CAST(NULL AS BIGINT) AS number, CAST(NULL AS VARBINARY(MAX)) AS text";
const NUMBER: &str = "t.number, CAST(NULL AS VARBINARY(MAX)) AS text";
const TEXT: &str = "CAST(NULL AS BIGINT) AS number, t.text";

/// The table of a kind of record.
pub(crate) fn of(kind: RecordKind) -> Option<&'static Table> {
    Some(match kind {
        RecordKind::Ticket => &TICKETS,
        RecordKind::Message => &MESSAGES,
        RecordKind::Note => &NOTES,
        RecordKind::Event => &EVENTS,
        RecordKind::Contact => &CONTACTS,
        RecordKind::Address => &ADDRESSES,
        RecordKind::Thread => &THREADS,
        RecordKind::Arrival => &ARRIVALS,
        RecordKind::FetchMark => &FETCH_MARKS,
        RecordKind::Outgoing => &OUTGOING,
        RecordKind::Draft => &DRAFTS,
        RecordKind::ReadMark => &READ_MARKS,
        RecordKind::Session => &SESSIONS,
        RecordKind::Pulse => &PULSES,
        RecordKind::Allowance => &ALLOWANCES,
        RecordKind::Server => &SERVERS,
        RecordKind::Lease => &LEASES,
        RecordKind::Document => &DOCUMENTS,
        RecordKind::Directory => &DIRECTORY,
        RecordKind::Alert => &ALERTS,
        RecordKind::Audit => &AUDIT,
        // `RecordKind` may grow: a kind of a later core is refused, not lost.
        _ => return None,
    })
}

/// The columns of a key out of [`Key::bytes`].
fn key_from(table: &Table, kind: RecordKind, bytes: &[u8]) -> Vec<Value> {
    let parts = keys::parts(kind, table.keys.len(), bytes);
    let is_named = table.columns.iter().any(|(name, _)| *name == "name");
    let value = |((_, of), part): (&Column, &[u8])| match of {
        Type::Id => id(&part.try_into().unwrap_or_default()),
        Type::Digest if is_named => Value::Bytes(Digest::of(part).as_bytes().to_vec()),
        Type::Digest | Type::Bytes => Value::Bytes(part.to_vec()),
        Type::Integer => Value::Integer(1),
    };
    table.keys.iter().zip(parts).map(value).collect()
}

/// The columns of a key, in the order of its table.
pub(crate) fn key_values(key: &Key) -> Vec<Value> {
    let bytes = |bytes: &[u8]| Value::Bytes(bytes.to_vec());
    // A key that is a text stands in its table as its digest: it compares as bytes, and an index takes it, whatever its
    // length is and however it ends.
    let text = |text: &str| Value::Bytes(Digest::of(text.as_bytes()).as_bytes().to_vec());
    match key {
        Key::Ticket(it) => vec![id(it.as_bytes())],
        Key::TicketNumber(number) => vec![integer(*number)],
        Key::Message(it) => vec![id(it.as_bytes())],
        Key::Note(it) => vec![id(it.as_bytes())],
        Key::Event(it) => vec![id(it.as_bytes())],
        Key::Contact(it) => vec![id(it.as_bytes())],
        Key::Address(address) => vec![text(&address.key())],
        Key::Thread(it) => vec![text(it.as_str())],
        Key::Arrival(source, digest) => vec![id(source.as_bytes()), bytes(digest.as_bytes())],
        Key::FetchMark(source, uid) => vec![id(source.as_bytes()), text(uid.as_str())],
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
