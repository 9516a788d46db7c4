//! [`Prepared`]: a changeset, ready to be written: JSON, compression and the cutting of words are done by whoever asks,
//! and not while others wait for the lock.

use std::collections::BTreeSet;

use mailflow_core::digest::Digest;
use mailflow_core::store::{Changeset, Entry, Key, StoreError, StoreErrorKind};
use mailflow_store_rows::touched::Touched;

use crate::row::{Row, unknown_kind};
use crate::table::{self, Table};
use crate::value::Value;

/// A changeset, ready to be written.
#[derive(Debug)]
pub(crate) struct Prepared {
    pub steps: Vec<Step>,
    /// The bodies that its records name.
    pub bodies: Vec<Digest>,
    pub first_number: u64,
    /// What other servers are told.
    pub touched: Touched,
    /// About how many bytes it writes.
    pub bytes: usize,
}

/// One entry.
#[derive(Debug)]
pub(crate) struct Step {
    pub key: Key,
    pub table: &'static Table,
    /// The columns of the key.
    pub values: Vec<Value>,
    /// The version that must be there.
    pub expected: u64,
    pub action: Action,
}

/// What an entry does.
#[derive(Debug)]
pub(crate) enum Action {
    RelyOn,
    Erase,
    Put(Row),
}

impl std::fmt::Debug for Table {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

impl Prepared {
    /// Does all that needs no database.
    pub fn new(changes: Changeset) -> Result<Self, StoreError> {
        let mut keys = BTreeSet::new();
        let mut prepared = Self {
            steps: Vec::with_capacity(changes.entries.len()),
            bodies: Vec::new(),
            first_number: changes.first_ticket_number,
            touched: Touched::default(),
            bytes: 0,
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
                    let row = Row::of(&record)?;
                    prepared.bytes += row.data.len();
                    Action::Put(row)
                }
                Entry::RelyOn(..) => Action::RelyOn,
                Entry::Erase(..) => {
                    prepared.touched.erase(&key);
                    Action::Erase
                }
            };
            let table = table::of(key.kind()).ok_or_else(unknown_kind)?;
            prepared.steps.push(Step { values: table::key_values(&key), key, table, expected, action });
        }
        Ok(prepared)
    }
}
