//! A record as the `data` of its row, and back.

use mailflow_core::store::{Record, RecordKind, StoreError, StoreErrorKind};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::compress;
use crate::error::unknown_kind;

/// What a record is made of besides its `data`.
#[derive(Debug, Clone, Copy)]
pub enum Extra<'a> {
    /// Nothing.
    Nothing,
    /// The number of a ticket.
    Number(i64),
    /// The text of a message, compressed.
    Text(&'a [u8]),
}

/// The record as JSON.
///
/// # Errors
/// [`StoreError`] for a kind that is newer than this crate, or if it cannot be written as JSON.
pub fn data(record: &Record) -> Result<Vec<u8>, StoreError> {
    match record {
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
        Record::Alert(it) => json(it),
        Record::Audit(it) => json(it),
        _ => Err(unknown_kind()),
    }
}

fn json<T: Serialize>(record: &T) -> Result<Vec<u8>, StoreError> {
    serde_json::to_vec(record)
        .map_err(|error| StoreError::new(StoreErrorKind::Other, "writing a record as JSON").because(error))
}

/// The record of a row.
///
/// # Errors
/// [`StoreError`] for a kind that is newer than this crate, or if the row is damaged or was written by a later version.
pub fn record(kind: RecordKind, data: &[u8], extra: Extra<'_>) -> Result<Record, StoreError> {
    Ok(match kind {
        RecordKind::Ticket => {
            let mut ticket: mailflow_core::ticket::Ticket = read(data)?;
            ticket.number = if let Extra::Number(number) = extra { u64::try_from(number).unwrap_or(0) } else { 0 };
            ticket.into()
        }
        RecordKind::Message => {
            let mut message: mailflow_core::message::Message = read(data)?;
            message.text = if let Extra::Text(packed) = extra { text(packed)? } else { String::new() };
            message.into()
        }
        RecordKind::Note => read::<mailflow_core::note::Note>(data)?.into(),
        RecordKind::Event => read::<mailflow_core::event::Event>(data)?.into(),
        RecordKind::Contact => read::<mailflow_core::contact::Contact>(data)?.into(),
        RecordKind::Address => read::<mailflow_core::contact::AddressEntry>(data)?.into(),
        RecordKind::Thread => read::<mailflow_core::thread_entry::ThreadEntry>(data)?.into(),
        RecordKind::Arrival => read::<mailflow_core::arrival::Arrival>(data)?.into(),
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
        RecordKind::Alert => read::<mailflow_core::alert::Alert>(data)?.into(),
        RecordKind::Audit => read::<mailflow_core::audit::AuditEntry>(data)?.into(),
        _ => return Err(unknown_kind()),
    })
}

/// A text out of its compressed column.
///
/// # Errors
/// [`StoreError`] if it is damaged.
pub fn text(packed: &[u8]) -> Result<String, StoreError> {
    String::from_utf8(compress::unpack(packed)?)
        .map_err(|error| StoreError::new(StoreErrorKind::Unusable, "reading the text of a message").because(error))
}

/// A value out of its `data`.
///
/// # Errors
/// [`StoreError`] if it is damaged, or was written by a later version.
pub fn read<T: DeserializeOwned>(data: &[u8]) -> Result<T, StoreError> {
    serde_json::from_slice(data).map_err(|error| {
        let doing = "reading a record; was it written by a later version of mailflow?";
        StoreError::new(StoreErrorKind::Unusable, doing).because(error)
    })
}
