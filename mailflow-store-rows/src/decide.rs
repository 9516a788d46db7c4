//! What becomes of a group: plain functions between looking and writing. Each changeset is checked against what is there
//! after those before it, and is taken whole or not at all.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use mailflow_core::digest::Digest;
use mailflow_core::id::TicketId;
use mailflow_core::store::{CommitError, Committed, Key, StoreError, StoreErrorKind, Version};

use crate::bodies::{ERASED, Kept, Waiting, Written};
use crate::error::again;
use crate::index::IndexChanges;
use crate::jobs::{Job, Outcome};
use crate::look::{Counters, Found, Slot, Standing};
use crate::prepared::{Action, Prepared, Step};
use crate::row::{Beside, Row};
use crate::scope::Scope;
use crate::table::{NUMBER, SEQ, Table};
use crate::touched::Touched;
use crate::value::{Value, signed};

/// What has to be written.
#[derive(Debug)]
pub struct Decided<'j> {
    /// What came of each job of the group.
    pub outcomes: Vec<Outcome>,
    /// What was given last.
    pub counters: Counters,
    /// The last state of each record that is written.
    pub finals: BTreeMap<&'j Key, Final<'j>>,
    /// What other servers are told.
    pub touched: Touched,
    /// Bodies of which a row is written.
    pub bodies: BTreeMap<Digest, BodyFinal>,
    /// Bodies that wait no more when this is written.
    pub written: Written,
    /// Changes to the indexes that are tables of their own.
    pub index: IndexChanges<'j>,
}

/// What shall be under a key.
#[derive(Debug)]
pub struct Final<'j> {
    /// Its table.
    pub table: &'static Table,
    /// The columns of the key.
    pub key: &'j [Value],
    /// The version of the record or tombstone.
    pub version: u64,
    /// What it shall be.
    pub state: State<'j>,
    /// The number of a ticket, if this group wrote it.
    number: Option<u64>,
    /// The number of a message or note.
    seq: i64,
}

/// Whether there shall be a record.
#[derive(Debug)]
pub enum State<'j> {
    /// This one.
    Record(&'j Row),
    /// None, but its version is kept.
    Tombstone,
    /// No row at all.
    Nothing,
}

impl<'j> Final<'j> {
    /// What its row has in the columns of its table; `None` if there shall be no row.
    pub fn columns(&self) -> Option<Vec<Cow<'j, Value>>> {
        let number = || Cow::Owned(Value::integer_or_null(self.number.map(signed)));
        let seq = || Cow::Owned(Value::Integer(self.seq));
        let mut values = match self.state {
            State::Nothing => return None,
            State::Record(row) => row.columns.iter(),
            State::Tombstone => [].iter(),
        };
        let mut column = |name: &str| {
            let value = values.next();
            match name {
                NUMBER => number(),
                SEQ => seq(),
                _ => value.map_or(Cow::Owned(Value::Null), Cow::Borrowed),
            }
        };
        Some(self.table.columns.iter().map(|(name, _)| column(name)).collect())
    }

    /// Its record as JSON, if there shall be one.
    pub const fn data(&self) -> Option<&'j [u8]> {
        match self.state {
            State::Record(row) => Some(row.data.as_slice()),
            State::Tombstone | State::Nothing => None,
        }
    }
}

/// What shall become of a body.
#[derive(Debug)]
pub enum BodyFinal {
    /// It is written, if it is not there.
    Put {
        /// The body.
        kept: Arc<Kept>,
        /// Whether a record names it.
        named: bool,
    },
    /// A record names it now.
    Named,
    /// It is erased.
    Erased,
}

struct Deciding<'j, 'f> {
    found: &'f Found,
    bodies: &'f Waiting,
    /// What is there after the changesets that were taken so far.
    slots: BTreeMap<&'j Key, Slot>,
    scopes: BTreeMap<TicketId, Option<Scope>>,
    numbers: BTreeMap<u64, TicketId>,
    decided: Decided<'j>,
}

/// Decides what becomes of a group.
pub fn decide<'j>(found: &Found, group: &'j [Job], bodies: &Waiting) -> Decided<'j> {
    let numbers = found.numbers.iter().map(|(number, (id, _))| (*number, *id)).collect();
    let decided = Decided {
        outcomes: Vec::with_capacity(group.len()),
        counters: found.counters,
        finals: BTreeMap::new(),
        touched: Touched::default(),
        bodies: BTreeMap::new(),
        written: Written::new(),
        index: IndexChanges::default(),
    };
    let mut deciding = Deciding { found, bodies, slots: BTreeMap::new(), scopes: BTreeMap::new(), numbers, decided };
    for job in group {
        let may_be_done = matches!(job, Job::Commit(prepared, _) if prepared.is_last_word);
        if let Some(outdated) = found.outdated.as_ref().filter(|_| !may_be_done) {
            deciding.decided.outcomes.push(Outcome::Failed(again(outdated)));
            continue;
        }
        let outcome = match job {
            Job::Commit(prepared, _) => Outcome::Commit(deciding.changeset(prepared)),
            Job::WriteBodies(_) => {
                bodies.all().into_iter().for_each(|digest| deciding.body(digest, false));
                Outcome::Done
            }
            Job::EraseBody(digest, _) => {
                deciding.body(*digest, true);
                deciding.decided.bodies.insert(*digest, BodyFinal::Erased);
                Outcome::Done
            }
        };
        deciding.decided.outcomes.push(outcome);
    }
    let Deciding { slots, scopes, mut decided, .. } = deciding;
    decided.index = IndexChanges::of(found, &slots, &scopes, &decided.finals);
    decided
}

impl Decided<'_> {
    /// Whether nothing is written: every changeset was refused.
    pub fn is_nothing(&self) -> bool {
        self.bodies.is_empty() && !self.outcomes.iter().any(|it| matches!(it, Outcome::Commit(Ok(_))))
    }
}

impl<'j> Deciding<'j, '_> {
    fn slot(&self, key: &Key) -> Slot {
        self.slots.get(key).or_else(|| self.found.slots.get(key)).copied().unwrap_or(Slot::NOTHING)
    }

    fn version(&self, key: &Key) -> u64 {
        let Key::TicketNumber(number) = key else { return self.slot(key).version };
        let Some(id) = self.numbers.get(number) else { return 0 };
        let ticket = Key::Ticket(*id);
        match self.found.numbers.get(number) {
            // Nothing of this group wrote the ticket.
            Some((_, version)) if !self.slots.contains_key(&ticket) => *version,
            _ => self.slot(&ticket).version,
        }
    }

    fn changeset(&mut self, prepared: &'j Prepared) -> Result<Committed, CommitError> {
        let is_stale = |step: &&Step| self.version(&step.key) != step.expected;
        let stale: Vec<Key> = prepared.steps.iter().filter(is_stale).map(|step| step.key.clone()).collect();
        if !stale.is_empty() {
            return Err(CommitError::Conflict(stale));
        }
        let highest = highest_number(prepared, |number| self.numbers.get(&number).copied())?;
        let is_there = |digest: &Digest| {
            self.found.bodies.contains_key(digest)
                || self.decided.bodies.contains_key(digest)
                || self.bodies.get(digest).is_some()
        };
        if let Some(missing) = prepared.bodies.iter().find(|digest| !is_there(digest)) {
            return Err(missing_body(missing).into());
        }
        // From here on it is taken.
        prepared.bodies.iter().for_each(|digest| self.body(*digest, true));
        let counters = &mut self.decided.counters;
        counters.version += 1;
        counters.number = counters.number.max(highest);
        let version = counters.version;
        let mut numbers = Vec::new();
        for step in &prepared.steps {
            match &step.action {
                Action::RelyOn => {}
                Action::Erase => self.erase(step, version),
                Action::Put(row) => numbers.extend(self.put(step, row, version, prepared.first_number)),
            }
        }
        self.decided.touched.merge(&prepared.touched);
        Ok(Committed { version: Version::new(version), numbers })
    }

    /// A body that a record names, or that shall be written.
    fn body(&mut self, digest: Digest, named: bool) {
        let decided = self.decided.bodies.get_mut(&digest);
        if let Some(kept) = self.bodies.get(&digest) {
            let named = named || matches!(decided, Some(BodyFinal::Put { named: true, .. } | BodyFinal::Named));
            self.decided.written.push((digest, Arc::clone(&kept)));
            self.decided.bodies.insert(digest, BodyFinal::Put { kept, named });
            return;
        }
        if let Some(decided) = decided {
            if let BodyFinal::Put { named: is_named, .. } = decided {
                *is_named |= named;
            }
            return;
        }
        if let Some((place, false)) = self.found.bodies.get(&digest)
            && named
            && *place != ERASED
        {
            self.decided.bodies.insert(digest, BodyFinal::Named);
        }
    }

    fn put(&mut self, step: &'j Step, row: &'j Row, version: u64, first_number: u64) -> Option<(TicketId, u64)> {
        let mut given = None;
        let slot = self.slot(&step.key);
        let counters = &mut self.decided.counters;
        let mut number = None;
        if let Beside::Ticket { id, number: own, scope } = &row.beside {
            let mut own = *own;
            if own == 0 {
                own = counters.next_number(first_number);
                given = Some((*id, own));
            }
            number = Some(own);
            self.numbers.insert(own, *id);
            self.scopes.insert(*id, Some(*scope));
        }
        let mut seq = slot.seq;
        if step.table.numbered && slot.standing != Standing::Record {
            // What comes back from its tombstone counts as taken in now.
            seq = counters.next_seq();
        }
        let words = match &row.beside {
            Beside::Words { ticket, hash, .. } => Some((seq, *ticket, *hash)),
            _ => None,
        };
        self.slots.insert(&step.key, Slot { version, standing: Standing::Record, words, seq });
        self.last(step, version, State::Record(row), number, seq);
        given
    }

    fn erase(&mut self, step: &'j Step, version: u64) {
        let slot = self.slot(&step.key);
        if let Key::Ticket(id) = &step.key {
            self.scopes.insert(*id, None);
        }
        let mut seq = slot.seq;
        let (after, state) = if step.key.kind().leaves_tombstone() {
            if step.table.numbered && slot.standing == Standing::Nothing {
                seq = self.decided.counters.next_seq();
            }
            (Slot { version, standing: Standing::Tombstone, words: None, seq }, State::Tombstone)
        } else {
            (Slot::NOTHING, State::Nothing)
        };
        self.slots.insert(&step.key, after);
        let number = self.decided.finals.get(&step.key).and_then(|last| last.number);
        self.last(step, version, state, number, seq);
    }

    fn last(&mut self, step: &'j Step, version: u64, state: State<'j>, number: Option<u64>, seq: i64) {
        let last = Final { table: step.table, key: &step.values, version, state, number, seq };
        self.decided.finals.insert(&step.key, last);
    }
}

/// The highest number that a changeset itself gives to a ticket. `owner` says which ticket has a number.
///
/// # Errors
/// A refusal if another ticket has one of them.
pub fn highest_number(
    prepared: &Prepared,
    mut owner: impl FnMut(u64) -> Option<TicketId>,
) -> Result<u64, StoreError> {
    let mut given = BTreeSet::new();
    for step in &prepared.steps {
        let Action::Put(Row { beside: Beside::Ticket { id, number, .. }, .. }) = &step.action else { continue };
        if *number == 0 {
            continue;
        }
        if !given.insert(*number) || owner(*number).is_some_and(|has| has != *id) {
            let doing = format!("the ticket number {number} belongs to another ticket");
            return Err(StoreError::new(StoreErrorKind::Other, doing));
        }
    }
    Ok(given.last().copied().unwrap_or(0))
}

/// The refusal of a changeset with a record that names a body which is not there.
pub fn missing_body(digest: &Digest) -> StoreError {
    let doing = format!("a record names the body {digest}, which was not kept; keep it first");
    StoreError::new(StoreErrorKind::Other, doing)
}

#[cfg(test)]
mod tests;
