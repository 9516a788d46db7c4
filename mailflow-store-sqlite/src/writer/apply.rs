//! One changeset: checked first, then applied.

use std::collections::BTreeSet;

use mailflow_core::id::TicketId;
use mailflow_core::store::{CommitError, Committed, Key, StoreError, StoreErrorKind, Version};
use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension as _, params, params_from_iter};

use super::index;
use crate::bodies::{self, Bodies, Why, Written};
use crate::connection::prepare;
use crate::error::OrFailed as _;
use crate::prepared::{Action, Prepared, Step};
use crate::row::{Beside, Row};
use crate::table::{TICKETS, integer};

const CHECKING: &str = "looking at what is there";
pub(super) const WRITING: &str = "writing a record";

/// What was given last.
#[derive(Debug, Clone, Copy)]
pub(super) struct Counters {
    pub version: u64,
    pub number: u64,
    pub seq: i64,
}

impl Counters {
    pub fn read(connection: &Connection) -> Result<Self, StoreError> {
        let read = |row: &rusqlite::Row<'_>| Ok(Self { version: row.get(0)?, number: row.get(1)?, seq: row.get(2)? });
        connection
            .query_row("SELECT version, number, seq FROM counters WHERE id = 1", [], read)
            .or_failed("reading the counters")
    }

    pub fn write(&self, connection: &Connection) -> Result<(), StoreError> {
        let sql = "UPDATE counters SET version = ?1, number = ?2, seq = ?3 WHERE id = 1";
        prepare(connection, sql)
            .and_then(|mut it| it.execute(params![integer(self.version), integer(self.number), self.seq]))
            .or_failed("writing the counters")?;
        Ok(())
    }
}

/// What is under a key.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Standing {
    Nothing,
    Tombstone,
    Record,
}

/// Checks a changeset and applies it. The outer error is one of the database: the whole group fails. The inner one is
/// this changeset's own, and nothing of it was applied.
pub(super) fn changeset(
    connection: &Connection,
    bodies: &Bodies,
    counters: &mut Counters,
    written: &mut Written,
    changes: &Prepared,
) -> Result<Result<Committed, CommitError>, StoreError> {
    let mut stale: Vec<Key> = Vec::new();
    let mut standings = Vec::with_capacity(changes.steps.len());
    for step in &changes.steps {
        let (version, standing) = standing(connection, step)?;
        if version != step.expected {
            stale.push(step.key.clone());
        }
        standings.push(standing);
    }
    if !stale.is_empty() {
        return Ok(Err(CommitError::Conflict(stale)));
    }
    let highest = match highest_number(connection, changes)? {
        Ok(highest) => highest,
        Err(refusal) => return Ok(Err(refusal.into())),
    };
    for digest in &changes.bodies {
        if !bodies::write(connection, bodies, digest, Why::Named, written)? {
            let doing = format!("a record names the body {digest}, which was not kept; keep it first");
            return Ok(Err(StoreError::new(StoreErrorKind::Other, doing).into()));
        }
    }
    counters.version += 1;
    counters.number = counters.number.max(highest);
    let mut applying = Applying { connection, counters, first_number: changes.first_number, numbers: Vec::new() };
    // Tickets first: their messages are indexed under where they lie now.
    let (tickets, others): (Vec<_>, Vec<_>) =
        changes.steps.iter().zip(standings).partition(|(step, _)| step.table.name == TICKETS.name);
    for (step, standing) in tickets.into_iter().chain(others) {
        applying.step(step, standing)?;
    }
    Ok(Ok(Committed { version: Version::new(applying.counters.version), numbers: applying.numbers }))
}

fn standing(connection: &Connection, step: &Step) -> Result<(u64, Standing), StoreError> {
    let sql = match step.key {
        Key::TicketNumber(_) => "SELECT version, data IS NOT NULL FROM tickets WHERE number = ?1",
        _ => &step.table.sql.version,
    };
    let row = prepare(connection, sql)
        .and_then(|mut it| {
            it.query_row(params_from_iter(&step.values), |row| Ok((row.get(0)?, row.get::<_, bool>(1)?))).optional()
        })
        .or_failed(CHECKING)?;
    Ok(match row {
        None => (0, Standing::Nothing),
        Some((version, true)) => (version, Standing::Record),
        Some((version, false)) => (version, Standing::Tombstone),
    })
}

/// The highest number that the changeset itself gives to a ticket; a refusal if another ticket has one of them.
fn highest_number(connection: &Connection, changes: &Prepared) -> Result<Result<u64, StoreError>, StoreError> {
    let mut given = BTreeSet::new();
    for step in &changes.steps {
        let Action::Put(Row { beside: Beside::Ticket { id, number, .. }, .. }) = &step.action else { continue };
        if *number == 0 {
            continue;
        }
        let sql = "SELECT id FROM tickets WHERE number = ?1";
        let has: Option<[u8; 16]> = prepare(connection, sql)
            .and_then(|mut it| it.query_row([integer(*number)], |row| row.get(0)).optional())
            .or_failed(CHECKING)?;
        if !given.insert(*number) || has.is_some_and(|has| has != *id.as_bytes()) {
            let doing = format!("the ticket number {number} belongs to another ticket");
            return Ok(Err(StoreError::new(StoreErrorKind::Other, doing)));
        }
    }
    Ok(Ok(given.last().copied().unwrap_or(0)))
}

struct Applying<'a> {
    connection: &'a Connection,
    counters: &'a mut Counters,
    first_number: u64,
    numbers: Vec<(TicketId, u64)>,
}

impl Applying<'_> {
    fn step(&mut self, step: &Step, standing: Standing) -> Result<(), StoreError> {
        match &step.action {
            Action::RelyOn => Ok(()),
            Action::Erase => self.erase(step),
            Action::Put(row) => self.put(step, row, standing),
        }
    }

    fn execute<'v>(&self, sql: &str, values: impl IntoIterator<Item = &'v Value>) -> Result<(), StoreError> {
        prepare(self.connection, sql)
            .and_then(|mut it| it.execute(params_from_iter(values)))
            .or_failed(WRITING)
            .map(|_| ())
    }

    fn erase(&self, step: &Step) -> Result<(), StoreError> {
        index::forget(self.connection, &step.key)?;
        if step.key.kind().leaves_tombstone() {
            let version = integer(self.counters.version);
            self.execute(&step.table.sql.bury, std::iter::once(&version).chain(&step.values))
        } else {
            self.execute(&step.table.sql.delete, &step.values)
        }
    }

    fn put(&mut self, step: &Step, row: &Row, standing: Standing) -> Result<(), StoreError> {
        let mut number_column = None;
        if let Beside::Ticket { id, number: 0, .. } = row.beside {
            let number = (self.counters.number + 1).max(self.first_number);
            self.counters.number = number;
            self.numbers.push((id, number));
            number_column = Some(integer(number));
        }
        // What comes back from its tombstone counts as taken in now.
        let replaces = standing == Standing::Record || (standing == Standing::Tombstone && !step.table.numbered);
        if standing == Standing::Tombstone && step.table.numbered {
            self.execute(&step.table.sql.delete, &step.values)?;
        }
        let before = if replaces { index::before(self.connection, &step.key)? } else { None };
        let version = integer(self.counters.version);
        // The number is the first column of a ticket.
        let columns = number_column.iter().chain(row.columns.iter().skip(usize::from(number_column.is_some())));
        let values = columns.chain([&version, &row.data]).chain(&step.values);
        if replaces {
            self.execute(&step.table.sql.update, values)?;
        } else if step.table.numbered {
            self.counters.seq += 1;
            let seq = Value::Integer(self.counters.seq);
            self.execute(&step.table.sql.insert, values.chain([&seq]))?;
        } else {
            self.execute(&step.table.sql.insert, values)?;
        }
        index::put(self.connection, &step.key, &row.beside, before, self.counters.seq)
    }
}
