//! What a group has to look at, and what it found: with that, [`decide`](crate::decide::decide) needs no database.

use std::collections::{BTreeMap, BTreeSet};

use mailflow_core::digest::Digest;
use mailflow_core::id::TicketId;
use mailflow_core::store::{Key, RecordKind, StoreError, StoreErrorKind};

use crate::bodies::Waiting;
use crate::jobs::Job;
use crate::prepared::{Action, Step};
use crate::row::Beside;
use crate::scope::Scope;
use crate::table::Table;

/// What was given last.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counters {
    /// The version of a commit.
    pub version: u64,
    /// The number of a ticket.
    pub number: u64,
    /// The number of a row that has words to be found by.
    pub seq: i64,
}

impl Counters {
    /// The failure of a database that does not have them.
    pub fn missing() -> StoreError {
        let doing = "the table `counters` is empty: the database is damaged; restore it from a backup";
        StoreError::new(StoreErrorKind::Unusable, doing)
    }

    /// Gives a ticket its number: the next one, but none below `first`.
    pub fn next_number(&mut self, first: u64) -> u64 {
        self.number = (self.number + 1).max(first);
        self.number
    }

    /// Gives a row its number.
    pub fn next_seq(&mut self) -> i64 {
        self.seq += 1;
        self.seq
    }
}

/// Whether a record is under a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// There is nothing.
    Nothing,
    /// There was one, and its version is kept.
    Tombstone,
    /// There is one.
    Record,
}

/// What is under a key, with what is indexed of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slot {
    /// The version of the record or tombstone; 0 for nothing.
    pub version: u64,
    /// Whether a record is there.
    pub standing: Standing,
    /// The words of a message or note: under which number, for which ticket, their hash.
    pub words: Option<(i64, TicketId, i64)>,
    /// The number of the row of a message or note, or of its tombstone.
    pub seq: i64,
}

impl Slot {
    /// Nothing.
    pub const NOTHING: Self = Self { version: 0, standing: Standing::Nothing, words: None, seq: 0 };
}

/// What is there.
#[derive(Debug, Default)]
pub struct Found {
    /// What was given last.
    pub counters: Counters,
    /// Why this program is too old for the database, if it is.
    pub outdated: Option<StoreError>,
    /// What is under keys; nothing for one that is not named.
    pub slots: BTreeMap<Key, Slot>,
    /// Where tickets lie.
    pub scopes: BTreeMap<TicketId, Scope>,
    /// Which ticket has a number, and its version.
    pub numbers: BTreeMap<u64, (TicketId, u64)>,
    /// Where bodies lie, and whether a record names them.
    pub bodies: BTreeMap<Digest, (i64, bool)>,
}

/// What is asked, each only once.
#[derive(Debug, Default)]
pub struct Asked<'j> {
    /// What is under the keys of these steps, by table.
    pub keys: BTreeMap<RecordKind, (&'static Table, Vec<&'j Step>)>,
    /// Where these tickets lie.
    pub tickets: Vec<TicketId>,
    /// Who has these numbers.
    pub numbers: Vec<u64>,
    /// Whether these bodies are there.
    pub bodies: Vec<Digest>,
}

/// Each only once.
fn once<T: Ord>(all: &mut Vec<T>) {
    all.sort_unstable();
    all.dedup();
}

impl<'j> Asked<'j> {
    /// What a group has to look at.
    pub fn of(group: &'j [Job], bodies: &Waiting) -> Self {
        let mut asked = Self::default();
        let mut known = BTreeSet::new();
        for job in group {
            match job {
                Job::Commit(prepared, _) => {
                    asked.bodies.extend(&prepared.bodies);
                    prepared.steps.iter().for_each(|step| asked.step(step, &mut known));
                }
                Job::EraseBody(digest, _) => asked.bodies.push(*digest),
                Job::WriteBodies(_) => asked.bodies.extend(bodies.all()),
            }
        }
        once(&mut asked.tickets);
        once(&mut asked.numbers);
        once(&mut asked.bodies);
        asked
    }

    fn step(&mut self, step: &'j Step, known: &mut BTreeSet<&'j Key>) {
        if let Key::TicketNumber(number) = &step.key {
            self.numbers.push(*number);
            return;
        }
        if let Key::Ticket(id) = &step.key {
            self.tickets.push(*id);
        }
        if let Action::Put(row) = &step.action {
            match &row.beside {
                Beside::Words { ticket, .. } => self.tickets.push(*ticket),
                Beside::Ticket { number, .. } if *number != 0 => self.numbers.push(*number),
                _ => {}
            }
        }
        if known.insert(&step.key) {
            self.keys.entry(step.key.kind()).or_insert_with(|| (step.table, Vec::new())).1.push(step);
        }
    }
}
