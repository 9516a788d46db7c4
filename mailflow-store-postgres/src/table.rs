//! [`Table`]: where each kind of record is kept, and the statements that all tables share. Each takes arrays, so that one
//! statement serves all records of a kind, however many there are.

use std::sync::LazyLock;

use mailflow_core::store::{Key, RecordKind};
use mailflow_store_rows::keys;

use crate::value::{Type, Value, integer, uuid};

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
    /// What a record is made of besides `data`.
    beside: &'static str,
    /// Whether rows have words to be found by, and a number in the order in which they were taken in: the last column.
    pub numbered: bool,
    /// The statements.
    pub sql: LazyLock<Statements>,
}

/// The statements of one table. Those that look take an array for each key column, and say first which key it was,
/// counted from 1.
pub(crate) struct Statements {
    /// → version, whether there is a record; of numbered rows also their number, ticket and hash of words.
    pub look: String,
    /// → version, data, what is beside it.
    pub load: String,
    /// Takes arrays of columns, versions, data, keys. Writes a row, whatever was there.
    pub put: String,
    /// Takes arrays of keys.
    pub delete: String,
    /// Takes a key, and a limit → version, data, what is beside it: the records there are from this key on, by key.
    pub all_from: String,
    /// The same after a key.
    pub all_after: String,
}

macro_rules! tables {
    ($($name:ident = $table:literal ($($key:literal $key_type:ident),+) [$($column:literal $type:ident),*] $beside:literal $numbered:literal;)*) => {
        $(
            pub(crate) static $name: Table = Table {
                name: $table,
                keys: &[$(($key, Type::$key_type)),+],
                columns: &[$(($column, Type::$type)),*],
                beside: $beside,
                numbered: $numbered,
                sql: LazyLock::new(|| Statements::of(&$name)),
            };
        )*
        /// All tables of records.
        pub(crate) static ALL: &[&Table] = &[$(&$name),*];
    };
}

tables! {
    TICKETS = "tickets" ("id" Uuid)
        ["number" Integer, "ticketbox" Uuid, "owner" Uuid, "category" Uuid, "contact" Uuid, "shelf" Integer,
         "updated" Integer] "t.number" false;
    MESSAGES = "messages" ("id" Uuid) ["ticket" Uuid, "at" Integer, "words" Integer, "text" Bytes, "rule" Uuid,
         "seq" Integer]
        "t.text" true;
    NOTES = "notes" ("id" Uuid) ["ticket" Uuid, "at" Integer, "words" Integer, "seq" Integer] "NULL::bytea" true;
    EVENTS = "events" ("id" Uuid) ["ticket" Uuid, "at" Integer] "NULL::bytea" false;
    CONTACTS = "contacts" ("id" Uuid) ["shown" Bytes] "NULL::bytea" false;
    ADDRESSES = "addresses" ("address" Bytes) [] "NULL::bytea" false;
    THREADS = "threads" ("id" Bytes) [] "NULL::bytea" false;
    ARRIVALS = "arrivals" ("source" Uuid, "digest" Bytes) ["list" Integer, "at" Integer, "place" Uuid] "NULL::bytea" false;
    FETCH_MARKS = "fetch_marks" ("source" Uuid, "uid" Bytes) [] "NULL::bytea" false;
    OUTGOING = "outgoing" ("id" Uuid)
        ["ticket" Uuid, "destination" Uuid, "list" Integer, "due" Integer, "created" Integer, "author" Uuid] "NULL::bytea" false;
    DRAFTS = "drafts" ("agent" Uuid, "ticket" Uuid) ["saved" Integer] "NULL::bytea" false;
    READ_MARKS = "read_marks" ("agent" Uuid, "ticket" Uuid) [] "NULL::bytea" false;
    SESSIONS = "sessions" ("token" Bytes) ["agent" Uuid, "seen" Integer, "place" Uuid] "NULL::bytea" false;
    PULSES = "pulses" ("id" Uuid) [] "NULL::bytea" false;
    ALLOWANCES = "allowances" ("of" Bytes) [] "NULL::bytea" false;
    SERVERS = "servers" ("id" Uuid) ["started" Integer] "NULL::bytea" false;
    LEASES = "leases" ("id" Uuid) ["since" Integer] "NULL::bytea" false;
    DOCUMENTS = "documents" ("kind" Bytes, "id" Uuid) [] "NULL::bytea" false;
    DIRECTORY = "directory" ("id" Integer) [] "NULL::bytea" false;
    ALERTS = "alerts" ("agent" Uuid, "cause" Uuid) ["at" Integer, "ticket" Uuid, "list" Integer] "NULL::bytea" false;
    AUDIT = "audit" ("id" Uuid) ["at" Integer, "about" Uuid, "ticket" Uuid, "agent" Uuid, "activity" Integer]
        "NULL::bytea" false;
}

impl Statements {
    fn of(table: &Table) -> Self {
        let Table { name, keys, columns, beside, numbered, .. } = table;
        let names = |columns: &[Column]| columns.iter().map(|it| it.0).collect::<Vec<_>>().join(", ");
        let places = |columns: &mut dyn Iterator<Item = Type>| {
            let places: Vec<String> =
                columns.enumerate().map(|(n, of)| format!("${}::{}", n + 1, of.array())).collect();
            places.join(", ")
        };
        let key_places = places(&mut keys.iter().map(|it| it.1));
        let same: Vec<String> = keys.iter().map(|(key, _)| format!("t.{key} = k.{key}")).collect();
        let same = same.join(" AND ");
        let key_names = names(keys);
        // LIMIT keeps the planner from joining the other way round.
        let look = |what: &str| {
            format!(
                "SELECT k.nth, t.* FROM unnest({key_places}) WITH ORDINALITY k({key_names}, nth) \
                 CROSS JOIN LATERAL (SELECT {what} FROM {name} t WHERE {same} LIMIT 1) t"
            )
        };
        let key_values: Vec<String> = (1..=keys.len()).map(|nth| format!("${nth}")).collect();
        let all = |than: &str| {
            format!(
                "SELECT t.version, t.data, {beside} AS beside FROM {name} t WHERE t.data IS NOT NULL \
                 AND ({key_names}) {than} ({}) ORDER BY {key_names} LIMIT ${}",
                key_values.join(", "),
                keys.len() + 1
            )
        };
        let mut written: Vec<Column> = columns.to_vec();
        written.extend([("version", Type::Integer), ("data", Type::Bytes)]);
        let set: Vec<String> = written
            .iter()
            .map(|(column, _)| match *column {
                // A ticket keeps its number for ever: none is given twice.
                "number" => "number = COALESCE(excluded.number, t.number)".to_owned(),
                column => format!("{column} = excluded.{column}"),
            })
            .collect();
        written.extend_from_slice(keys);
        let numbered = if *numbered { ", t.seq, t.ticket, t.words" } else { "" };
        Self {
            look: look(&format!("t.version, t.data IS NOT NULL AS there{numbered}")),
            load: look(&format!("t.version, t.data, {beside} AS beside")),
            put: format!(
                "INSERT INTO {name} AS t ({}) SELECT * FROM unnest({}) ON CONFLICT ({key_names}) DO UPDATE SET {}",
                names(&written),
                places(&mut written.iter().map(|it| it.1)),
                set.join(", ")
            ),
            all_from: all(">="),
            all_after: all(">"),
            delete: format!("DELETE FROM {name} t USING unnest({key_places}) k({key_names}) WHERE {same}"),
        }
    }
}

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

/// The columns of a key out of [`Key::bytes`]; without bytes, of one before all others.
pub(crate) fn key_from(kind: RecordKind, bytes: &[u8]) -> Vec<Value> {
    let columns = of(kind).map_or(&[][..], |table| table.keys);
    let parts = keys::parts(kind, columns.len(), bytes);
    let value = |((_, of), part): (&Column, &[u8])| match of {
        Type::Uuid => uuid(&part.try_into().unwrap_or_default()),
        Type::Integer => Value::Integer(0),
        Type::Bytes => Value::Bytes(part.to_vec()),
    };
    columns.iter().zip(parts).map(value).collect()
}

/// The columns of a key, in the order of its table.
pub(crate) fn key_values(key: &Key) -> Vec<Value> {
    let bytes = |bytes: &[u8]| Value::Bytes(bytes.to_vec());
    match key {
        Key::Ticket(id) => vec![uuid(id.as_bytes())],
        Key::TicketNumber(number) => vec![integer(*number)],
        Key::Message(id) => vec![uuid(id.as_bytes())],
        Key::Note(id) => vec![uuid(id.as_bytes())],
        Key::Event(id) => vec![uuid(id.as_bytes())],
        Key::Contact(id) => vec![uuid(id.as_bytes())],
        Key::Address(address) => vec![bytes(address.key().as_bytes())],
        Key::Thread(id) => vec![bytes(id.as_str().as_bytes())],
        Key::Arrival(source, digest) => vec![uuid(source.as_bytes()), bytes(digest.as_bytes())],
        Key::FetchMark(source, uid) => vec![uuid(source.as_bytes()), bytes(uid.as_str().as_bytes())],
        Key::Outgoing(id) => vec![uuid(id.as_bytes())],
        Key::Draft(agent, ticket) | Key::ReadMark(agent, ticket) => {
            vec![uuid(agent.as_bytes()), uuid(ticket.as_bytes())]
        }
        Key::Session(token) => vec![bytes(token.as_bytes())],
        Key::Pulse(id) => vec![uuid(id.as_bytes())],
        Key::Allowance(of) => vec![bytes(of.as_bytes())],
        Key::Server(id) => vec![uuid(id.as_bytes())],
        Key::Lease(id) => vec![uuid(id.as_bytes())],
        Key::Document(kind, id) => vec![bytes(kind.word().as_bytes()), uuid(id.as_bytes())],
        Key::Directory => vec![Value::Integer(1)],
        Key::Alert(agent, cause) => vec![uuid(agent.as_bytes()), uuid(cause.as_bytes())],
        Key::Audit(id) => vec![uuid(id.as_bytes())],
        // Refused before it comes here, see `of`.
        _ => Vec::new(),
    }
}
