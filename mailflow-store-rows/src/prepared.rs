//! [`Prepared`]: a changeset, ready to be written: JSON, compression and the cutting of words are done by whoever asks,
//! and not while others wait for the lock.

use std::collections::BTreeSet;

use mailflow_core::digest::Digest;
use mailflow_core::store::{Changeset, Entry, Key, StoreError, StoreErrorKind};

use crate::row::Row;
use crate::table::{self, Table};
use crate::touched::Touched;
use crate::value::Value;

/// A changeset, ready to be written.
#[derive(Debug)]
pub struct Prepared {
    /// Its entries.
    pub steps: Vec<Step>,
    /// The bodies that its records name.
    pub bodies: Vec<Digest>,
    /// No ticket gets a number below this one.
    pub first_number: u64,
    /// What other servers are told.
    pub touched: Touched,
    /// About how many bytes it writes.
    pub bytes: usize,
    /// Whether a program that is too old for the database may still write it.
    pub is_last_word: bool,
}

/// One entry.
#[derive(Debug)]
pub struct Step {
    /// The key that it is about.
    pub key: Key,
    /// Its table.
    pub table: &'static Table,
    /// The columns of the key.
    pub values: Vec<Value>,
    /// The version that must be there.
    pub expected: u64,
    /// What it does.
    pub action: Action,
}

/// What an entry does.
#[derive(Debug)]
pub enum Action {
    /// It only relies on the version.
    RelyOn,
    /// It erases the record.
    Erase,
    /// It writes this row, whether there is one or not.
    Put(Row),
}

impl Prepared {
    /// Does all that needs no database; see [`Row::of`] for `max_sort_name`.
    ///
    /// # Errors
    /// [`StoreError`] for a kind of record that is newer than this crate, if a key stands twice in the changeset, or if
    /// a text cannot be compressed.
    pub fn new(changes: Changeset, max_sort_name: usize) -> Result<Self, StoreError> {
        let mut keys = BTreeSet::new();
        let mut prepared = Self {
            steps: Vec::with_capacity(changes.entries.len()),
            bodies: Vec::new(),
            first_number: changes.first_ticket_number,
            touched: Touched::default(),
            bytes: 0,
            is_last_word: changes.is_last_word(),
        };
        for entry in changes.entries {
            let (key, expected) = (entry.key(), entry.expected().number());
            if !keys.insert(key.clone()) {
                let doing = format!("{key:?} stands twice in one changeset");
                return Err(StoreError::new(StoreErrorKind::Other, doing));
            }
            let action = match entry {
                Entry::Insert(record) | Entry::Replace(_, record) => {
                    prepared.bodies.extend(record.bodies());
                    prepared.touched.add(&record);
                    let row = Row::of(&record, max_sort_name)?;
                    prepared.bytes += row.data.len();
                    Action::Put(row)
                }
                Entry::RelyOn(..) => Action::RelyOn,
                Entry::Erase(..) => {
                    prepared.touched.erase(&key);
                    Action::Erase
                }
            };
            let table = table::of(key.kind())?;
            prepared.steps.push(Step { values: table::key_values(&key), key, table, expected, action });
        }
        Ok(prepared)
    }
}
