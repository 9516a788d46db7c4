//! [`Prepared`]: a changeset, ready for the writer: JSON, compression and the cutting of words are done by whoever asks,
//! so that the one thread that writes does only SQL.

use std::collections::BTreeSet;

use mailflow_core::digest::Digest;
use mailflow_core::store::{Changeset, Entry, Key, StoreError, StoreErrorKind};
use rusqlite::types::Value;

use crate::row::{Row, unknown_kind};
use crate::table::{self, Table};

/// A changeset, ready for the writer.
#[derive(Debug)]
pub(crate) struct Prepared {
    pub steps: Vec<Step>,
    /// The bodies that its records name.
    pub bodies: Vec<Digest>,
    pub first_number: u64,
    /// About how many bytes it writes.
    pub bytes: usize,
}

/// One entry.
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

impl std::fmt::Debug for Step {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Step({:?} {:?})", self.key, self.action)
    }
}

impl Prepared {
    /// Does all that needs no database.
    pub fn new(changes: Changeset) -> Result<Self, StoreError> {
        let mut keys = BTreeSet::new();
        let mut bytes = 0;
        let mut bodies: Vec<Digest> = Vec::new();
        let mut steps = Vec::with_capacity(changes.entries.len());
        for entry in changes.entries {
            let (key, expected) = (entry.key(), entry.expected().number());
            if !keys.insert(key.clone()) {
                let doing = format!("{key:?} stands twice in one changeset");
                return Err(StoreError::new(StoreErrorKind::Other, doing));
            }
            let action = match entry {
                Entry::Insert(record) | Entry::Replace(_, record) => {
                    bodies.extend(record.bodies());
                    let row = Row::of(&record)?;
                    bytes += if let Value::Blob(data) = &row.data { data.len() } else { 0 };
                    Action::Put(row)
                }
                Entry::RelyOn(..) => Action::RelyOn,
                Entry::Erase(..) => Action::Erase,
            };
            let table = table::of(key.kind()).ok_or_else(unknown_kind)?;
            steps.push(Step { values: table::key_values(&key), key, table, expected, action });
        }
        Ok(Self { steps, bodies, first_number: changes.first_ticket_number, bytes })
    }
}
