//! The first round trip of a group: the lock, and what is there.

use std::collections::{BTreeMap, BTreeSet};

use deadpool_postgres::Object;
use mailflow_core::digest::Digest;
use mailflow_core::id::TicketId;
use mailflow_core::store::{Key, RecordKind, StoreError, StoreErrorKind};
use tokio_postgres::Row;
use uuid::Uuid;

use super::Job;
use crate::bodies::Bodies;
use crate::error::OrFailed as _;
use crate::load::key_arrays;
use crate::pipeline::Pipeline;
use crate::prepared::{Action, Step};
use crate::row::Beside;
use crate::scope::Scope;
use crate::table::Table;
use crate::value::{Value, signed, unsigned};

const LOOKING: &str = "looking at what is there";

/// What was given last.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Counters {
    pub version: u64,
    pub number: u64,
    pub seq: i64,
}

/// What is under a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    Nothing,
    Tombstone,
    Record,
}

/// What is under a key, with what is indexed of it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Slot {
    pub version: u64,
    pub standing: Standing,
    /// The words of a message or note: under which number, for which ticket, their hash.
    pub words: Option<(i64, Uuid, i64)>,
    /// The number of a tombstone of a message or note.
    pub seq: i64,
}

impl Slot {
    pub const NOTHING: Self = Self { version: 0, standing: Standing::Nothing, words: None, seq: 0 };
}

/// What is there.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub counters: Counters,
    pub slots: BTreeMap<Key, Slot>,
    /// Where tickets lie.
    pub scopes: BTreeMap<TicketId, Scope>,
    /// Which ticket has a number, and its version.
    pub numbers: BTreeMap<u64, (TicketId, u64)>,
    /// Where bodies lie, and whether a record names them.
    pub bodies: BTreeMap<Digest, (i64, bool)>,
}

/// What is asked.
#[derive(Default)]
struct Asked<'j> {
    keys: BTreeMap<RecordKind, (Option<&'static Table>, Vec<&'j Step>)>,
    known: BTreeSet<&'j Key>,
    tickets: BTreeSet<TicketId>,
    numbers: BTreeSet<u64>,
    bodies: BTreeSet<Digest>,
}

impl<'j> Asked<'j> {
    fn of(group: &'j [Job], bodies: &Bodies) -> Self {
        let mut asked = Self::default();
        for job in group {
            match job {
                Job::Commit(prepared, _) => {
                    asked.bodies.extend(&prepared.bodies);
                    prepared.steps.iter().for_each(|step| asked.step(step));
                }
                Job::EraseBody(digest, _) => _ = asked.bodies.insert(*digest),
                Job::WriteBodies(_) => asked.bodies.extend(bodies.all_waiting()),
            }
        }
        asked
    }

    fn step(&mut self, step: &'j Step) {
        if let Key::TicketNumber(number) = &step.key {
            self.numbers.insert(*number);
            return;
        }
        if let Key::Ticket(id) = &step.key {
            self.tickets.insert(*id);
        }
        if let Action::Put(row) = &step.action {
            match &row.beside {
                Beside::Words { ticket, .. } => _ = self.tickets.insert(*ticket),
                Beside::Ticket { number, .. } if *number != 0 => _ = self.numbers.insert(*number),
                _ => {}
            }
        }
        if self.known.insert(&step.key) {
            let of = self.keys.entry(step.key.kind()).or_default();
            of.0 = Some(step.table);
            of.1.push(step);
        }
    }
}

/// Takes the lock and looks.
pub(super) async fn look(client: &Object, group: &[Job], bodies: &Bodies) -> Result<Found, StoreError> {
    let asked = Asked::of(group, bodies);
    let keys: Vec<(&Table, Vec<Vec<Value>>)> = asked
        .keys
        .values()
        .filter_map(|(table, steps)| Some(((*table)?, steps.iter().map(|step| step.values.clone()).collect())))
        .collect();
    let mut pipeline = Pipeline::new(client, LOOKING);
    pipeline.run("BEGIN");
    pipeline.add("SELECT version, number, seq FROM counters WHERE id = 1 FOR UPDATE", Vec::new()).await?;
    for (table, keys) in &keys {
        pipeline.add(&table.sql.look, key_arrays(table, keys)).await?;
    }
    let tickets: Vec<Uuid> = asked.tickets.iter().map(|it| Uuid::from(*it)).collect();
    let sql = "SELECT id, ticketbox, owner, category, contact FROM tickets WHERE id = ANY($1) AND shelf IS NOT NULL";
    pipeline.add(sql, vec![Box::new(tickets)]).await?;
    if !asked.numbers.is_empty() {
        let numbers: Vec<i64> = asked.numbers.iter().map(|it| signed(*it)).collect();
        let sql = "SELECT number, id, version FROM tickets WHERE number = ANY($1)";
        pipeline.add(sql, vec![Box::new(numbers)]).await?;
    }
    if !asked.bodies.is_empty() {
        let digests: Vec<Vec<u8>> = asked.bodies.iter().map(|it| it.as_bytes().to_vec()).collect();
        let sql = "SELECT digest, place, named FROM bodies WHERE digest = ANY($1)";
        pipeline.add(sql, vec![Box::new(digests)]).await?;
    }
    let mut answers = pipeline.finish().await?.into_iter().skip(1);
    let mut next = || answers.next().unwrap_or_default();
    let mut found = Found { counters: counters(&next())?, ..Found::default() };
    for (table, steps) in asked.keys.values() {
        let numbered = table.is_some_and(|table| table.numbered);
        for row in next() {
            let (nth, slot) = slot(&row, numbered).or_failed(LOOKING)?;
            if let Some(step) = usize::try_from(nth - 1).ok().and_then(|nth| steps.get(nth)) {
                found.slots.insert(step.key.clone(), slot);
            }
        }
    }
    for row in next() {
        let id: Uuid = row.try_get(0).or_failed(LOOKING)?;
        found.scopes.insert(id.into(), Scope::read(&row, 1).or_failed(LOOKING)?);
    }
    if !asked.numbers.is_empty() {
        for row in next() {
            let number = unsigned(row.try_get(0).or_failed(LOOKING)?);
            let id: Uuid = row.try_get(1).or_failed(LOOKING)?;
            found.numbers.insert(number, (id.into(), unsigned(row.try_get(2).or_failed(LOOKING)?)));
        }
    }
    if !asked.bodies.is_empty() {
        for row in next() {
            let digest: [u8; 32] = row.try_get::<_, &[u8]>(0).or_failed(LOOKING)?.try_into().unwrap_or_default();
            let place = (row.try_get(1).or_failed(LOOKING)?, row.try_get(2).or_failed(LOOKING)?);
            found.bodies.insert(Digest::from_bytes(digest), place);
        }
    }
    Ok(found)
}

fn counters(rows: &[Row]) -> Result<Counters, StoreError> {
    let Some(row) = rows.first() else {
        let doing = "the table `counters` is empty: the database is damaged; restore it from a backup";
        return Err(StoreError::new(StoreErrorKind::Unusable, doing));
    };
    let number = |nth| row.try_get::<_, i64>(nth).or_failed(LOOKING);
    Ok(Counters { version: unsigned(number(0)?), number: unsigned(number(1)?), seq: number(2)? })
}

fn slot(row: &Row, numbered: bool) -> Result<(i64, Slot), tokio_postgres::Error> {
    let standing = if row.try_get(2)? { Standing::Record } else { Standing::Tombstone };
    let mut slot = Slot { version: unsigned(row.try_get(1)?), standing, ..Slot::NOTHING };
    if numbered {
        slot.seq = row.try_get(3)?;
        let (ticket, hash): (Option<Uuid>, Option<i64>) = (row.try_get(4)?, row.try_get(5)?);
        slot.words = ticket.zip(hash).map(|(ticket, hash)| (slot.seq, ticket, hash));
    }
    Ok((row.try_get(0)?, slot))
}
