//! [`Table`]: where each kind of record is kept, and the statements that all tables share.

use std::sync::LazyLock;

use mailflow_core::store::{Key, RecordKind};
use mailflow_store_rows::keys;
use rusqlite::types::Value;

/// A table with one record a row: key columns, `version`, further columns, `data`.
pub(crate) struct Table {
    /// Its name.
    pub name: &'static str,
    /// The columns of the key.
    keys: &'static [&'static str],
    /// The columns that repeat what is looked up, sorted or filtered by, in the order of [`Row`](crate::row::Row).
    columns: &'static [&'static str],
    /// What a record is made of besides `data`.
    beside: &'static str,
    /// Whether rows are numbered in the order in which they were taken in.
    pub numbered: bool,
    /// The statements.
    pub sql: LazyLock<Statements>,
}

/// The statements of one table.
pub(crate) struct Statements {
    /// Key → version, whether there is a record.
    pub version: String,
    /// Key → version, data, what is beside it.
    pub load: String,
    /// Columns, version, data, key (and number).
    pub insert: String,
    /// Columns, version, data, key.
    pub update: String,
    /// Version, key.
    pub bury: String,
    /// Key.
    pub delete: String,
    /// Key after which, limit → version, data, what is beside it: the records there are, by key.
    pub all: String,
}

macro_rules! tables {
    ($($name:ident = $table:literal ($($key:literal),+) [$($column:literal),*] $beside:literal $numbered:literal;)*) => {
        $(
            pub(crate) static $name: Table = Table {
                name: $table,
                keys: &[$($key),+],
                columns: &[$($column),*],
                beside: $beside,
                numbered: $numbered,
                sql: LazyLock::new(|| Statements::of(&$name)),
            };
        )*
        /// All tables of records.
        #[cfg(test)]
        pub(crate) static ALL: &[&Table] = &[$(&$name),*];
    };
}

tables! {
    TICKETS = "tickets" ("id")
        ["number", "ticketbox", "owner", "category", "contact", "shelf", "updated"] "number" false;
    MESSAGES = "messages" ("id") ["ticket", "at", "words", "text", "rule"] "text" true;
    NOTES = "notes" ("id") ["ticket", "at", "words"] "NULL" true;
    EVENTS = "events" ("id") ["ticket", "at"] "NULL" false;
    CONTACTS = "contacts" ("id") ["shown"] "NULL" false;
    ADDRESSES = "addresses" ("address") [] "NULL" false;
    THREADS = "threads" ("id") [] "NULL" false;
    ARRIVALS = "arrivals" ("source", "digest") ["list", "at", "place"] "NULL" false;
    FETCH_MARKS = "fetch_marks" ("source", "uid") [] "NULL" false;
    OUTGOING = "outgoing" ("id") ["ticket", "destination", "list", "due", "created", "author"] "NULL" false;
    DRAFTS = "drafts" ("agent", "ticket") ["saved"] "NULL" false;
    READ_MARKS = "read_marks" ("agent", "ticket") [] "NULL" false;
    SESSIONS = "sessions" ("token") ["agent", "seen", "place"] "NULL" false;
    PULSES = "pulses" ("id") [] "NULL" false;
    ALLOWANCES = "allowances" ("of") [] "NULL" false;
    SERVERS = "servers" ("id") ["started"] "NULL" false;
    LEASES = "leases" ("id") ["since"] "NULL" false;
    DOCUMENTS = "documents" ("kind", "id") [] "NULL" false;
    DIRECTORY = "directory" ("id") [] "NULL" false;
    ALERTS = "alerts" ("agent", "cause") ["at", "ticket", "list"] "NULL" false;
    AUDIT = "audit" ("id") ["at", "about", "ticket", "agent", "activity"] "NULL" false;
}

impl Statements {
    fn of(table: &Table) -> Self {
        let Table { name, keys, columns, beside, numbered, .. } = table;
        let place = |from: usize| {
            let places: Vec<String> =
                keys.iter().enumerate().map(|(n, key)| format!("{key} = ?{}", from + n)).collect();
            places.join(" AND ")
        };
        let mut written: Vec<&str> = columns.to_vec();
        written.extend(["version", "data"]);
        let set: Vec<String> =
            written.iter().enumerate().map(|(n, column)| format!("{column} = ?{}", n + 1)).collect();
        // A ticket keeps its number for ever: none is given twice.
        let cleared = columns.iter().filter(|column| **column != "number").map(|column| format!("{column} = NULL, "));
        let inserted: Vec<&str> =
            written.iter().chain(keys.iter()).copied().chain(numbered.then_some("seq")).collect();
        let places: Vec<String> = (1..=inserted.len()).map(|n| format!("?{n}")).collect();
        Self {
            version: format!("SELECT version, data IS NOT NULL FROM {name} WHERE {}", place(1)),
            load: format!("SELECT version, data, {beside} FROM {name} WHERE {}", place(1)),
            insert: format!("INSERT INTO {name} ({}) VALUES ({})", inserted.join(", "), places.join(", ")),
            update: format!("UPDATE {name} SET {} WHERE {}", set.join(", "), place(written.len() + 1)),
            bury: format!(
                "UPDATE {name} SET {}version = ?1, data = NULL WHERE {}",
                cleared.collect::<String>(),
                place(2)
            ),
            all: {
                let names = keys.join(", ");
                let after: Vec<String> = (1..=keys.len()).map(|nth| format!("?{nth}")).collect();
                format!(
                    "SELECT version, data, {beside} FROM {name} WHERE data IS NOT NULL AND ({names}) > ({}) \
                     ORDER BY {names} LIMIT ?{}",
                    after.join(", "),
                    keys.len() + 1
                )
            },
            delete: format!("DELETE FROM {name} WHERE {}", place(1)),
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
    if kind == RecordKind::Directory {
        return vec![Value::Integer(0)];
    }
    let columns = of(kind).map_or(1, |table| table.keys.len());
    keys::parts(kind, columns, bytes).into_iter().map(|part| Value::Blob(part.to_vec())).collect()
}

/// The columns of a key, in the order of its table.
pub(crate) fn key_values(key: &Key) -> Vec<Value> {
    let blob = |bytes: &[u8]| Value::Blob(bytes.to_vec());
    match key {
        Key::Ticket(id) => vec![blob(id.as_bytes())],
        Key::TicketNumber(number) => vec![integer(*number)],
        Key::Message(id) => vec![blob(id.as_bytes())],
        Key::Note(id) => vec![blob(id.as_bytes())],
        Key::Event(id) => vec![blob(id.as_bytes())],
        Key::Contact(id) => vec![blob(id.as_bytes())],
        Key::Address(address) => vec![blob(address.key().as_bytes())],
        Key::Thread(id) => vec![blob(id.as_str().as_bytes())],
        Key::Arrival(source, digest) => vec![blob(source.as_bytes()), blob(digest.as_bytes())],
        Key::FetchMark(source, uid) => vec![blob(source.as_bytes()), blob(uid.as_str().as_bytes())],
        Key::Outgoing(id) => vec![blob(id.as_bytes())],
        Key::Draft(agent, ticket) | Key::ReadMark(agent, ticket) => {
            vec![blob(agent.as_bytes()), blob(ticket.as_bytes())]
        }
        Key::Session(token) => vec![blob(token.as_bytes())],
        Key::Pulse(id) => vec![blob(id.as_bytes())],
        Key::Allowance(of) => vec![blob(of.as_bytes())],
        Key::Server(id) => vec![blob(id.as_bytes())],
        Key::Lease(id) => vec![blob(id.as_bytes())],
        Key::Document(kind, id) => vec![blob(kind.word().as_bytes()), blob(id.as_bytes())],
        Key::Directory => vec![Value::Integer(1)],
        Key::Alert(agent, cause) => vec![blob(agent.as_bytes()), blob(cause.as_bytes())],
        Key::Audit(id) => vec![blob(id.as_bytes())],
        // Refused before it comes here, see `of`.
        _ => Vec::new(),
    }
}

/// A number as SQLite keeps it; none of ours comes near the limit.
pub(crate) fn integer(number: u64) -> Value {
    Value::Integer(i64::try_from(number).unwrap_or(i64::MAX))
}
