//! A canonical text of what a store has: the same records give the same lines, whichever store keeps them.

use serde_json::{Value, json};

use super::{Cursor, Key, Page, Query, Record, RecordKind, Row, Store, StoreError, StoreErrorKind};
use crate::digest::Digest;
use crate::id::TicketId;

/// A record as one line of JSON: its kind, its key in hexadecimal digits, itself. Versions are left out: each store
/// gives its own.
///
/// # Errors
/// [`StoreError`] if it cannot be written as JSON.
pub fn line(record: &Record) -> Result<String, StoreError> {
    let key = record.key();
    let mut value = value(record)
        .map_err(|error| StoreError::new(StoreErrorKind::Other, "writing a record as JSON").because(error))?;
    // What stores keep beside the record.
    match (record, &mut value) {
        (Record::Ticket(ticket), Value::Object(fields)) => {
            fields.insert("number".to_owned(), ticket.number.into());
        }
        (Record::Message(message), Value::Object(fields)) => {
            fields.insert("text".to_owned(), message.text.clone().into());
        }
        _ => {}
    }
    let key_hex = data_encoding::HEXLOWER.encode(&key.bytes());
    Ok(json!({ "kind": key.kind().word(), "key": key_hex, "record": value }).to_string())
}

fn value(record: &Record) -> Result<Value, serde_json::Error> {
    match record {
        Record::Ticket(it) => serde_json::to_value(it),
        Record::Message(it) => serde_json::to_value(it),
        Record::Note(it) => serde_json::to_value(it),
        Record::Event(it) => serde_json::to_value(it),
        Record::Contact(it) => serde_json::to_value(it),
        Record::Address(it) => serde_json::to_value(it),
        Record::Thread(it) => serde_json::to_value(it),
        Record::Arrival(it) => serde_json::to_value(it),
        Record::FetchMark(it) => serde_json::to_value(it),
        Record::Outgoing(it) => serde_json::to_value(it),
        Record::Draft(it) => serde_json::to_value(it),
        Record::ReadMark(it) => serde_json::to_value(it),
        Record::Session(it) => serde_json::to_value(it),
        Record::Pulse(it) => serde_json::to_value(it),
        Record::Allowance(it) => serde_json::to_value(it),
        Record::Server(it) => serde_json::to_value(it),
        Record::Lease(it) => serde_json::to_value(it),
        Record::Document(it) => serde_json::to_value(it),
        Record::Directory(it) => serde_json::to_value(it),
        Record::Alert(it) => serde_json::to_value(it),
        Record::Audit(it) => serde_json::to_value(it),
    }
}

/// What was erased, as one line of JSON: its kind, its key in hexadecimal digits, and no record.
pub(super) fn erased_line(key: &Key) -> String {
    let key_hex = data_encoding::HEXLOWER.encode(&key.bytes());
    json!({ "kind": key.kind().word(), "key": key_hex, "record": null }).to_string()
}

/// How many records are read at once. A body is at most as large as a mail, and read one at a time.
const PAGE: u32 = 200;

/// All records of a kind, page by page, by key.
pub(super) struct Pages<'s, S: ?Sized> {
    store: &'s S,
    query: Query,
    next: Option<Page>,
}

impl<'s, S: Store + ?Sized> Pages<'s, S> {
    pub fn of(store: &'s S, kind: RecordKind) -> Self {
        Self { store, query: Query::All(kind), next: Some(Page::first(PAGE)) }
    }

    /// The next page; `None` after the last one.
    pub async fn next(&mut self) -> Result<Option<Vec<Record>>, StoreError> {
        let record = |row| match row {
            Row::Record(_, record) => Some(record),
            _ => None,
        };
        Ok(self.rows().await?.map(|rows| rows.into_iter().filter_map(record).collect()))
    }

    async fn rows(&mut self) -> Result<Option<Vec<Row>>, StoreError> {
        let Some(page) = self.next.take() else { return Ok(None) };
        let found = self.store.find(&self.query, &page).await?;
        self.next = found.next.map(|cursor: Cursor| Page::after(PAGE, cursor));
        Ok(Some(found.rows))
    }
}

/// What was erased of a kind and has left a tombstone, page by page, by key.
pub(super) struct Erased<'s, S: ?Sized>(Pages<'s, S>);

impl<'s, S: Store + ?Sized> Erased<'s, S> {
    pub fn of(store: &'s S, kind: RecordKind) -> Self {
        // Of other kinds there are none.
        let next = kind.leaves_tombstone().then(|| Page::first(PAGE));
        Self(Pages { store, query: Query::Tombstones(kind), next })
    }

    /// The next page; `None` after the last one.
    pub async fn next(&mut self) -> Result<Option<Vec<Key>>, StoreError> {
        let key = |row| match row {
            // That of a migration itself, see `migrate::raise_number`, is left out.
            Row::Tombstone(_, key) if key != nobody_key() => Some(key),
            _ => None,
        };
        Ok(self.0.rows().await?.map(|rows| rows.into_iter().filter_map(key).collect()))
    }
}

/// The key of a ticket that is there for a moment only, while a migration raises the number of the last one.
pub(super) fn nobody_key() -> Key {
    Key::Ticket(TicketId::from_bytes([0; 16]))
}

/// The highest number that a ticket ever got.
pub(super) async fn last_number<S: Store + ?Sized>(store: &S) -> Result<u64, StoreError> {
    let found = store.find(&Query::LastNumber, &Page::first(1)).await?;
    Ok(found
        .rows
        .iter()
        .find_map(|row| if let Row::Number(number) = row { Some(*number) } else { None })
        .unwrap_or(0))
}

/// Tells each line of what a store has: the records by kind and key, behind those of a kind what was erased of it, each body that they name (whether it is there, and
/// that its bytes are what was kept) after the record, and last the highest number that a ticket ever got.
///
/// # Errors
/// [`StoreError`] if the store cannot be read, or what `tell` says.
pub async fn dump<S: Store + ?Sized, E: From<StoreError>>(
    store: &S,
    mut tell: impl FnMut(&str) -> Result<(), E>,
) -> Result<(), E> {
    for &kind in RecordKind::ALL {
        let mut pages = Pages::of(store, kind);
        while let Some(records) = pages.next().await? {
            for record in records.iter().filter(|record| !is_mark(record)) {
                tell(&line(record)?)?;
                for digest in record.bodies() {
                    tell(&body_line(store, &digest).await?)?;
                }
            }
        }
        let mut erased = Erased::of(store, kind);
        while let Some(keys) = erased.next().await? {
            keys.iter().try_for_each(|key| tell(&erased_line(key)))?;
        }
    }
    tell(&json!({ "kind": "last number", "number": last_number(store).await? }).to_string())
}

/// A body as one line of JSON: its name, how many bytes there are, and their digest; `null` where it was erased.
pub(super) async fn body_line<S: Store + ?Sized>(store: &S, digest: &Digest) -> Result<String, StoreError> {
    let bytes = store.body(digest).await?;
    let (size, is) = (bytes.as_ref().map(Vec::len), bytes.as_ref().map(|bytes| Digest::of(bytes).to_string()));
    Ok(json!({ "kind": "body", "key": digest.to_string(), "bytes": size, "digest": is }).to_string())
}

/// The key of the mark of a migration that is not done.
pub(super) fn mark_key() -> Key {
    Key::Allowance(Digest::of(b"mailflow migrate-store"))
}

/// Whether a record is the mark of a migration that is not done.
pub(super) fn is_mark(record: &Record) -> bool {
    record.key() == mark_key()
}
