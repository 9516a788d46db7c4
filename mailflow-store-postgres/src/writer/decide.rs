//! What becomes of a group: plain functions between the two round trips. Each changeset is checked against what is there
//! after those before it, and is taken whole or not at all.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use mailflow_core::digest::Digest;
use mailflow_core::id::TicketId;
use mailflow_core::store::{CommitError, Committed, Key, StoreError, StoreErrorKind, Version};
use mailflow_store_rows::touched::Touched;
use uuid::Uuid;

use super::look::{Counters, Found, Slot, Standing};
use super::{Job, Outcome};
use crate::bodies::{Bodies, ERASED, Kept, Written};
use crate::prepared::{Action, Prepared, Step};
use crate::row::{Beside, Row};
use crate::scope::Scope;
use crate::table::Table;
use crate::value::{Value, integer};

/// What has to be written.
pub(super) struct Decided<'j> {
    pub outcomes: Vec<Outcome>,
    pub counters: Counters,
    /// The last state of each record that is written.
    pub finals: BTreeMap<&'j Key, Final<'j>>,
    pub touched: Touched,
    pub bodies: BTreeMap<Digest, BodyFinal>,
    pub index: IndexChanges<'j>,
}

/// What shall be under a key.
pub(super) struct Final<'j> {
    pub table: &'static Table,
    pub key: &'j [Value],
    pub state: State<'j>,
}

pub(super) enum State<'j> {
    /// This record. `number` is the number that the ticket got; `seq` that of a message or note.
    Record {
        row: &'j Row,
        version: u64,
        number: Option<Value>,
        seq: Value,
    },
    /// A tombstone.
    Tombstone {
        version: u64,
        number: Value,
        seq: Value,
    },
    Nothing,
}

/// What shall become of a body.
pub(super) enum BodyFinal {
    /// It is written, if it is not there.
    Put {
        kept: Arc<Kept>,
        named: bool,
    },
    /// A record names it now.
    Named,
    Erased,
}

/// Changes to the indexes that are tables of their own.
#[derive(Default)]
pub(super) struct IndexChanges<'j> {
    /// Rows of `search` that go.
    pub forgotten: Vec<i64>,
    pub words: Vec<Words<'j>>,
    /// Tickets whose words are to be found elsewhere now.
    pub moved: Vec<(Uuid, String)>,
    /// Contacts whose words go.
    pub contacts: Vec<Uuid>,
    pub contact_words: Vec<(&'j str, Uuid)>,
}

/// A row of `search`.
pub(super) struct Words<'j> {
    pub seq: i64,
    pub id: Uuid,
    pub note: bool,
    pub ticket: Uuid,
    pub joined: &'j str,
    pub scope: String,
}

struct Deciding<'j> {
    found: Found,
    /// What is there after the changesets that were taken so far.
    slots: BTreeMap<&'j Key, Slot>,
    scopes: BTreeMap<TicketId, Option<Scope>>,
    numbers: BTreeMap<u64, TicketId>,
    decided: Decided<'j>,
}

/// Decides what becomes of a group.
pub(super) fn decide<'j>(found: Found, group: &'j [Job], bodies: &Bodies, written: &mut Written) -> Decided<'j> {
    let numbers = found.numbers.iter().map(|(number, (id, _))| (*number, *id)).collect();
    let decided = Decided {
        outcomes: Vec::with_capacity(group.len()),
        counters: found.counters,
        finals: BTreeMap::new(),
        touched: Touched::default(),
        bodies: BTreeMap::new(),
        index: IndexChanges::default(),
    };
    let mut deciding = Deciding { found, slots: BTreeMap::new(), scopes: BTreeMap::new(), numbers, decided };
    for job in group {
        let outcome = match job {
            Job::Commit(prepared, _) => Outcome::Commit(deciding.changeset(prepared, bodies, written)),
            Job::WriteBodies(_) => {
                for digest in bodies.all_waiting() {
                    deciding.body(digest, false, bodies, written);
                }
                Outcome::Done
            }
            Job::EraseBody(digest, _) => {
                deciding.body(*digest, true, bodies, written);
                deciding.decided.bodies.insert(*digest, BodyFinal::Erased);
                Outcome::Done
            }
        };
        deciding.decided.outcomes.push(outcome);
    }
    deciding.index();
    deciding.decided
}

impl<'j> Deciding<'j> {
    fn slot(&self, key: &Key) -> Slot {
        self.slots.get(key).or_else(|| self.found.slots.get(key)).cloned().unwrap_or(Slot::NOTHING)
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

    fn changeset(
        &mut self,
        prepared: &'j Prepared,
        bodies: &Bodies,
        written: &mut Written,
    ) -> Result<Committed, CommitError> {
        let stale: Vec<Key> = prepared
            .steps
            .iter()
            .filter(|step| self.version(&step.key) != step.expected)
            .map(|step| step.key.clone())
            .collect();
        if !stale.is_empty() {
            return Err(CommitError::Conflict(stale));
        }
        let highest = self.highest_number(prepared)?;
        let is_there = |digest: &Digest| {
            self.found.bodies.contains_key(digest)
                || self.decided.bodies.contains_key(digest)
                || bodies.waits(digest).is_some()
        };
        if let Some(missing) = prepared.bodies.iter().find(|digest| !is_there(digest)) {
            let doing = format!("a record names the body {missing}, which was not kept; keep it first");
            return Err(StoreError::new(StoreErrorKind::Other, doing).into());
        }
        // From here on it is taken.
        for digest in &prepared.bodies {
            self.body(*digest, true, bodies, written);
        }
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

    /// The highest number that the changeset itself gives to a ticket; a refusal if another ticket has one of them.
    fn highest_number(&self, prepared: &Prepared) -> Result<u64, StoreError> {
        let mut given = BTreeSet::new();
        for step in &prepared.steps {
            let Action::Put(Row { beside: Beside::Ticket { id, number, .. }, .. }) = &step.action else { continue };
            if *number == 0 {
                continue;
            }
            if !given.insert(*number) || self.numbers.get(number).is_some_and(|has| has != id) {
                let doing = format!("the ticket number {number} belongs to another ticket");
                return Err(StoreError::new(StoreErrorKind::Other, doing));
            }
        }
        Ok(given.last().copied().unwrap_or(0))
    }

    /// A body that a record names, or that shall be written. Returns whether there is one.
    fn body(&mut self, digest: Digest, named: bool, bodies: &Bodies, written: &mut Written) -> bool {
        if let Some(kept) = bodies.waits(&digest) {
            let already = self.decided.bodies.get(&digest);
            let named = named || matches!(already, Some(BodyFinal::Put { named: true, .. } | BodyFinal::Named));
            written.push((digest, Arc::clone(&kept)));
            self.decided.bodies.insert(digest, BodyFinal::Put { kept, named });
            return true;
        }
        if let Some(decided) = self.decided.bodies.get_mut(&digest) {
            if let BodyFinal::Put { named: is_named, .. } = decided {
                *is_named |= named;
            }
            return true;
        }
        let Some((place, was_named)) = self.found.bodies.get(&digest) else { return false };
        if named && !was_named && *place != ERASED {
            self.decided.bodies.insert(digest, BodyFinal::Named);
        }
        true
    }

    fn put(&mut self, step: &'j Step, row: &'j Row, version: u64, first_number: u64) -> Option<(TicketId, u64)> {
        let mut given = None;
        let slot = self.slot(&step.key);
        let mut number = None;
        if let Beside::Ticket { id, number: own, scope } = &row.beside {
            let counters = &mut self.decided.counters;
            let mut own = *own;
            if own == 0 {
                own = (counters.number + 1).max(first_number);
                counters.number = own;
                given = Some((*id, own));
            }
            number = Some(integer(own));
            self.numbers.insert(own, *id);
            self.scopes.insert(*id, Some(scope.clone()));
        }
        let mut seq = slot.seq;
        if step.table.numbered && slot.standing != Standing::Record {
            // What comes back from its tombstone counts as taken in now.
            self.decided.counters.seq += 1;
            seq = self.decided.counters.seq;
        }
        let words = match &row.beside {
            Beside::Words { ticket, hash, .. } => Some((seq, Uuid::from(*ticket), *hash)),
            _ => None,
        };
        self.slots.insert(&step.key, Slot { version, standing: Standing::Record, words, seq });
        let state = State::Record { row, version, number, seq: Value::Integer(seq) };
        self.decided.finals.insert(&step.key, Final { table: step.table, key: &step.values, state });
        given
    }

    fn erase(&mut self, step: &'j Step, version: u64) {
        let slot = self.slot(&step.key);
        if let Key::Ticket(id) = &step.key {
            self.scopes.insert(*id, None);
        }
        let state = if step.key.kind().leaves_tombstone() && slot.standing != Standing::Nothing {
            let number = match self.decided.finals.get(&step.key).map(|it| &it.state) {
                Some(State::Record { number: Some(number), .. } | State::Tombstone { number, .. }) => number.clone(),
                _ => Value::Null,
            };
            State::Tombstone { version, number, seq: Value::Integer(slot.seq) }
        } else {
            State::Nothing
        };
        let standing = if matches!(state, State::Nothing) {
            Slot::NOTHING
        } else {
            Slot { version, standing: Standing::Tombstone, words: None, seq: slot.seq }
        };
        self.slots.insert(&step.key, standing);
        self.decided.finals.insert(&step.key, Final { table: step.table, key: &step.values, state });
    }

    fn scope(&self, ticket: TicketId) -> Option<&Scope> {
        match self.scopes.get(&ticket) {
            Some(scope) => scope.as_ref(),
            None => self.found.scopes.get(&ticket),
        }
    }

    /// Compares what was indexed with what shall be.
    fn index(&mut self) {
        let mut index = IndexChanges::default();
        for (ticket, scope) in &self.scopes {
            if let Some(scope) = scope
                && self.found.scopes.get(ticket) != Some(scope)
            {
                index.moved.push((Uuid::from(*ticket), scope.words()));
            }
        }
        for (key, last) in &self.decided.finals {
            let before = self.found.slots.get(*key).and_then(|slot| slot.words);
            let (id, note) = match key {
                Key::Message(id) => (Uuid::from(*id), false),
                Key::Note(id) => (Uuid::from(*id), true),
                Key::Contact(id) => {
                    self.contact(&mut index, Uuid::from(*id), last, key);
                    continue;
                }
                _ => continue,
            };
            let now = self.slots.get(*key).and_then(|slot| slot.words);
            if let Some((seq, ..)) = before
                && now.map(|now| now.0) != Some(seq)
            {
                index.forgotten.push(seq);
            }
            let State::Record { row: Row { beside: Beside::Words { ticket, words, .. }, .. }, .. } = &last.state
            else {
                continue;
            };
            if let Some((seq, of, _)) = now
                && now != before
            {
                let scope = self.scope(*ticket).map(Scope::words).unwrap_or_default();
                index.words.push(Words { seq, id, note, ticket: of, joined: words, scope });
            }
        }
        self.decided.index = index;
    }

    fn contact(&self, index: &mut IndexChanges<'j>, id: Uuid, last: &Final<'j>, key: &Key) {
        if self.found.slots.get(key).is_some_and(|slot| slot.standing == Standing::Record) {
            index.contacts.push(id);
        }
        if let State::Record { row: Row { beside: Beside::Contact(words), .. }, .. } = &last.state {
            index.contact_words.extend(words.iter().map(|word| (word.as_str(), id)));
        }
    }
}
