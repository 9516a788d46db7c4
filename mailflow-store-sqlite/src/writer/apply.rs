//! One changeset: checked first, then applied.

use std::collections::BTreeMap;

use mailflow_core::id::TicketId;
use mailflow_core::store::{CommitError, Committed, Key, RecordKind, StoreError, Version};
use mailflow_store_rows::bodies::Written;
use mailflow_store_rows::decide::{highest_number, missing_body};
use mailflow_store_rows::look::{Counters, Standing};
use mailflow_store_rows::prepared::{Action, Prepared, Step};
use mailflow_store_rows::row::{Beside, Row};
use mailflow_store_rows::table::SEQ;
use mailflow_store_rows::value::{Value, signed};
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, OptionalExtension as _, params, params_from_iter};

use super::index;
use crate::bodies::{self, Bodies, Why};
use crate::connection::prepare;
use crate::error::OrFailed as _;
use crate::row::bound;
use crate::statements;

const CHECKING: &str = "looking at what is there";
pub(super) const WRITING: &str = "writing a record";

/// What was given last.
pub(super) fn counters(connection: &Connection) -> Result<Counters, StoreError> {
    let read = |row: &rusqlite::Row<'_>| Ok(Counters { version: row.get(0)?, number: row.get(1)?, seq: row.get(2)? });
    connection
        .query_row("SELECT version, number, seq FROM counters WHERE id = 1", [], read)
        .or_failed("reading the counters")
}

/// Writes them.
pub(super) fn write_counters(connection: &Connection, counters: &Counters) -> Result<(), StoreError> {
    let sql = "UPDATE counters SET version = ?1, number = ?2, seq = ?3 WHERE id = 1";
    prepare(connection, sql)
        .and_then(|mut it| it.execute(params![signed(counters.version), signed(counters.number), counters.seq]))
        .or_failed("writing the counters")?;
    Ok(())
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
    let owners = owners(connection, changes)?;
    let highest = match highest_number(changes, |number| owners.get(&number).copied()) {
        Ok(highest) => highest,
        Err(refusal) => return Ok(Err(refusal.into())),
    };
    for digest in &changes.bodies {
        if !bodies::write(connection, bodies, digest, Why::Named, written)? {
            return Ok(Err(missing_body(digest).into()));
        }
    }
    counters.version += 1;
    counters.number = counters.number.max(highest);
    let mut applying = Applying { connection, counters, first_number: changes.first_number, numbers: Vec::new() };
    // Tickets first: their messages are indexed under where they lie now.
    let (tickets, others): (Vec<_>, Vec<_>) =
        changes.steps.iter().zip(standings).partition(|(step, _)| step.table.kind == RecordKind::Ticket);
    for (step, standing) in tickets.into_iter().chain(others) {
        applying.step(step, standing)?;
    }
    Ok(Ok(Committed { version: Version::new(applying.counters.version), numbers: applying.numbers }))
}

fn standing(connection: &Connection, step: &Step) -> Result<(u64, Standing), StoreError> {
    let sql = match step.key {
        Key::TicketNumber(_) => "SELECT version, data IS NOT NULL FROM tickets WHERE number = ?1",
        _ => &statements::of(step.table)?.version,
    };
    let row = prepare(connection, sql)
        .and_then(|mut it| {
            it.query_row(params_from_iter(step.values.iter().map(bound)), |row| {
                Ok((row.get(0)?, row.get::<_, bool>(1)?))
            })
            .optional()
        })
        .or_failed(CHECKING)?;
    Ok(match row {
        None => (0, Standing::Nothing),
        Some((version, true)) => (version, Standing::Record),
        Some((version, false)) => (version, Standing::Tombstone),
    })
}

/// Which tickets have the numbers that the changeset itself gives.
fn owners(connection: &Connection, changes: &Prepared) -> Result<BTreeMap<u64, TicketId>, StoreError> {
    let mut owners = BTreeMap::new();
    for step in &changes.steps {
        let Action::Put(Row { beside: Beside::Ticket { number, .. }, .. }) = &step.action else { continue };
        if *number == 0 {
            continue;
        }
        let sql = "SELECT id FROM tickets WHERE number = ?1";
        let owner: Option<[u8; 16]> = prepare(connection, sql)
            .and_then(|mut it| it.query_row([signed(*number)], |row| row.get(0)).optional())
            .or_failed(CHECKING)?;
        owners.extend(owner.map(|owner| (*number, TicketId::from_bytes(owner))));
    }
    Ok(owners)
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
            Action::Erase => self.erase(step, standing),
            Action::Put(row) => self.put(step, row, standing),
        }
    }

    fn execute<'v>(&self, sql: &str, values: impl Iterator<Item = ToSqlOutput<'v>>) -> Result<(), StoreError> {
        prepare(self.connection, sql)
            .and_then(|mut it| it.execute(params_from_iter(values)))
            .or_failed(WRITING)
            .map(|_| ())
    }

    fn version(&self) -> ToSqlOutput<'static> {
        ToSqlOutput::from(signed(self.counters.version))
    }

    fn erase(&mut self, step: &Step, standing: Standing) -> Result<(), StoreError> {
        index::forget(self.connection, &step.key)?;
        let (sql, key) = (statements::of(step.table)?, step.values.iter().map(bound));
        if step.key.kind().leaves_tombstone() && standing == Standing::Nothing {
            let null = || ToSqlOutput::Borrowed(ValueRef::Null);
            let columns = step.table.columns.iter().filter(|(name, _)| *name != SEQ).map(|_| null());
            let seq = if step.table.numbered { Some(self.counters.next_seq().into()) } else { None };
            self.execute(&sql.insert, columns.chain([self.version(), null()]).chain(key).chain(seq))
        } else if step.key.kind().leaves_tombstone() {
            self.execute(&sql.bury, std::iter::once(self.version()).chain(key))
        } else {
            self.execute(&sql.delete, key)
        }
    }

    fn put(&mut self, step: &Step, row: &Row, standing: Standing) -> Result<(), StoreError> {
        let mut number_column = None;
        if let Beside::Ticket { id, number: 0, .. } = row.beside {
            let number = self.counters.next_number(self.first_number);
            self.numbers.push((id, number));
            number_column = Some(Value::Integer(signed(number)));
        }
        // What comes back from its tombstone counts as taken in now.
        let replaces = standing == Standing::Record || (standing == Standing::Tombstone && !step.table.numbered);
        let sql = statements::of(step.table)?;
        if standing == Standing::Tombstone && step.table.numbered {
            self.execute(&sql.delete, step.values.iter().map(bound))?;
        }
        let before = if replaces { index::before(self.connection, &step.key)? } else { None };
        // The number is the first column of a ticket.
        let columns = number_column.iter().chain(row.columns.iter().skip(usize::from(number_column.is_some())));
        let data = ToSqlOutput::Borrowed(ValueRef::Blob(&row.data));
        let values = columns.map(bound).chain([self.version(), data]).chain(step.values.iter().map(bound));
        if replaces {
            self.execute(&sql.update, values)?;
        } else if step.table.numbered {
            let seq = self.counters.next_seq();
            self.execute(&sql.insert, values.chain([seq.into()]))?;
        } else {
            self.execute(&sql.insert, values)?;
        }
        index::put(self.connection, &step.key, &row.beside, before, self.counters.seq)
    }
}
