//! The first round trip of a group: the lock, and what is there.

use deadpool_postgres::Object;
use mailflow_core::digest::Digest;
use mailflow_core::store::StoreError;
use mailflow_store_rows::look::{Asked, Counters, Found, Slot, Standing};
use tokio_postgres::Row;
use uuid::Uuid;

use crate::error::OrFailed as _;
use crate::load::key_arrays;
use crate::migrate;
use crate::pipeline::Pipeline;
use crate::scope;
use crate::statements;
use crate::value::{Value, signed, unsigned};

const LOOKING: &str = "looking at what is there";

/// Takes the lock and looks.
pub(super) async fn look(client: &Object, asked: &Asked<'_>, database: &str) -> Result<Found, StoreError> {
    let mut pipeline = Pipeline::new(client, LOOKING);
    pipeline.run("BEGIN");
    pipeline.add("SELECT version, number, seq FROM counters WHERE id = 1 FOR UPDATE", Vec::new()).await?;
    // A statement of its own: it sees what was done while the one before waited for the lock.
    pipeline.add(migrate::SHAPE, Vec::new()).await?;
    for (table, steps) in asked.keys.values() {
        let keys: Vec<&[Value]> = steps.iter().map(|step| step.values.as_slice()).collect();
        pipeline.add(&statements::of(table)?.look, key_arrays(table, &keys)).await?;
    }
    let tickets: Vec<Uuid> = asked.tickets.iter().map(|it| Uuid::from(*it)).collect();
    let sql = "SELECT id, ticketbox, owner, category, contact FROM tickets WHERE id = ANY($1) AND data IS NOT NULL";
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
    let shape = next().first().map(|row| row.try_get(0)).transpose().or_failed(LOOKING)?;
    found.outdated = migrate::outdated(database, shape.unwrap_or(0));
    for (table, steps) in asked.keys.values() {
        for row in next() {
            let (nth, slot) = slot(&row, table.numbered).or_failed(LOOKING)?;
            if let Some(step) = usize::try_from(nth - 1).ok().and_then(|nth| steps.get(nth)) {
                found.slots.insert(step.key.clone(), slot);
            }
        }
    }
    for row in next() {
        let id: Uuid = row.try_get(0).or_failed(LOOKING)?;
        found.scopes.insert(id.into(), scope::read(&row, 1).or_failed(LOOKING)?);
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
    let row = rows.first().ok_or_else(Counters::missing)?;
    let number = |nth| row.try_get::<_, i64>(nth).or_failed(LOOKING);
    Ok(Counters { version: unsigned(number(0)?), number: unsigned(number(1)?), seq: number(2)? })
}

fn slot(row: &Row, numbered: bool) -> Result<(i64, Slot), tokio_postgres::Error> {
    let standing = if row.try_get(2)? { Standing::Record } else { Standing::Tombstone };
    let mut slot = Slot { version: unsigned(row.try_get(1)?), standing, ..Slot::NOTHING };
    if numbered {
        slot.seq = row.try_get(3)?;
        let (ticket, hash): (Option<Uuid>, Option<i64>) = (row.try_get(4)?, row.try_get(5)?);
        slot.words = ticket.zip(hash).map(|(ticket, hash)| (slot.seq, ticket.into(), hash));
    }
    Ok((row.try_get(0)?, slot))
}
