//! The first round trip of a group: the lock, and what is there.

use mailflow_core::digest::Digest;
use mailflow_core::id::TicketId;
use mailflow_core::store::{StoreError, StoreErrorKind};
use mailflow_store_rows::look::{Asked, Counters, Found, Slot, Standing};
use mailflow_store_rows::prepared::Step;
use mailflow_store_rows::value::{Type, signed, unsigned};

use crate::batch::{Batches, Parameters};
use crate::driver::{Connection, Row};
use crate::error::OrFailed as _;
use crate::value::bytes;
use crate::{migrate, scope, statements};

const LOOKING: &str = "looking at what is there";

/// Takes the lock: whoever commits changes this row before he looks. (An update takes the lock also where hints are
/// ignored, and where it changes nothing.)
const BEGIN: &str = "SET TRANSACTION ISOLATION LEVEL READ COMMITTED; BEGIN TRANSACTION;
    UPDATE counters WITH (UPDLOCK, HOLDLOCK) SET version = version WHERE id = 1;";

/// What an answer is about.
enum About<'a> {
    Counters,
    Shape,
    Keys(&'a [&'a Step], bool),
    Scopes,
    Numbers,
    Bodies,
}

/// So many rows are asked for in one statement.
const MAX_ROWS: usize = 500;

/// The statements that look, and what the answers of each batch are about.
#[derive(Default)]
struct Questions<'a> {
    batches: Batches<'a>,
    about: Vec<Vec<About<'a>>>,
}

impl<'a> Questions<'a> {
    fn add(&mut self, parameters: usize, about: About<'a>, make: impl FnOnce(&mut Parameters<'a>) -> String) {
        let batch = self.batches.with_room(parameters);
        let sql = make(&mut batch.parameters);
        batch.text.push_str(&sql);
        batch.text.push_str(";\n");
        let nth = self.batches.0.len();
        self.about.resize_with(nth, Vec::new);
        if let Some(last) = self.about.last_mut() {
            last.push(about);
        }
    }

    fn of(asked: &'a Asked<'a>) -> Self {
        let mut questions = Self::default();
        let counters = "SELECT version, number, seq FROM counters WITH (UPDLOCK, HOLDLOCK) WHERE id = 1";
        questions.add(0, About::Counters, |_| counters.to_owned());
        questions.add(0, About::Shape, |_| migrate::SHAPE.to_owned());
        for (table, steps) in asked.keys.values() {
            for steps in steps.chunks(MAX_ROWS) {
                questions.add(steps.len() * table.keys.len(), About::Keys(steps, table.numbered), |parameters| {
                    statements::look(table, steps.iter().map(|step| step.values.as_slice()).enumerate(), parameters)
                });
            }
        }
        for tickets in asked.tickets.chunks(MAX_ROWS) {
            questions.add(tickets.len(), About::Scopes, |parameters| {
                let ids = parameters.is_one_of("id", tickets.iter().map(|it| *it.as_bytes()));
                format!(
                    "SELECT id, ticketbox, owner, category, contact FROM tickets WHERE {ids} AND shelf IS NOT NULL"
                )
            });
        }
        for numbers in asked.numbers.chunks(MAX_ROWS) {
            questions.add(numbers.len(), About::Numbers, |parameters| {
                let places: Vec<String> = numbers.iter().map(|it| parameters.integer(signed(*it))).collect();
                let places = places.join(", ");
                format!("SELECT number, id, version FROM tickets WHERE number IS NOT NULL AND number IN ({places})")
            });
        }
        for digests in asked.bodies.chunks(MAX_ROWS) {
            questions.add(digests.len(), About::Bodies, |parameters| {
                let digest = |it: &'a Digest| parameters.compared(Type::Digest, bytes(it.as_bytes()));
                let places: Vec<String> = digests.iter().map(digest).collect();
                format!("SELECT digest, place, named FROM bodies WHERE digest IN ({})", places.join(", "))
            });
        }
        questions
    }
}

/// Takes the lock and looks.
pub(super) async fn look(
    connection: &mut Connection,
    asked: &Asked<'_>,
    database: &str,
) -> Result<Found, StoreError> {
    let questions = Questions::of(asked);
    let mut found = Found::default();
    let mut before = Some(BEGIN);
    for (batch, about) in questions.batches.0.iter().zip(&questions.about) {
        let answers = match before.take() {
            Some(begin) => connection.ask_after(begin, batch).await,
            None => connection.ask(batch).await,
        };
        let answers = answers.or_failed(LOOKING)?;
        if answers.len() != about.len() {
            let doing = format!("{LOOKING}: {} answers to {} questions", answers.len(), about.len());
            return Err(StoreError::new(StoreErrorKind::Other, doing));
        }
        for (about, rows) in about.iter().zip(&answers) {
            if matches!(about, About::Shape) {
                let shape = rows.first().map(|row| row.integer_or_null(0)).transpose()?.flatten();
                found.outdated = migrate::outdated(database, shape.unwrap_or(0));
                continue;
            }
            take(&mut found, about, rows)?;
        }
    }
    Ok(found)
}

fn take(found: &mut Found, about: &About<'_>, rows: &[Row]) -> Result<(), StoreError> {
    if matches!(about, About::Counters) {
        found.counters = counters(rows)?;
        return Ok(());
    }
    for row in rows {
        match about {
            About::Counters | About::Shape => {}
            About::Keys(steps, numbered) => {
                let slot = slot(row, *numbered)?;
                if let Some(step) = usize::try_from(row.integer(0)?).ok().and_then(|nth| steps.get(nth)) {
                    found.slots.insert(step.key.clone(), slot);
                }
            }
            About::Scopes => _ = found.scopes.insert(TicketId::from_bytes(row.id(0)?), scope::read(row, 1)?),
            About::Numbers => {
                let ticket = (TicketId::from_bytes(row.id(1)?), unsigned(row.integer(2)?));
                found.numbers.insert(unsigned(row.integer(0)?), ticket);
            }
            About::Bodies => {
                let digest: [u8; 32] = row.bytes(0)?.try_into().unwrap_or_default();
                found.bodies.insert(Digest::from_bytes(digest), (row.integer(1)?, row.integer(2)? != 0));
            }
        }
    }
    Ok(())
}

fn counters(rows: &[Row]) -> Result<Counters, StoreError> {
    let row = rows.first().ok_or_else(Counters::missing)?;
    Ok(Counters { version: unsigned(row.integer(0)?), number: unsigned(row.integer(1)?), seq: row.integer(2)? })
}

fn slot(row: &Row, numbered: bool) -> Result<Slot, StoreError> {
    let standing = if row.integer(2)? == 0 { Standing::Tombstone } else { Standing::Record };
    let mut slot = Slot { version: unsigned(row.integer(1)?), standing, ..Slot::NOTHING };
    if numbered {
        slot.seq = row.integer(3)?;
        let ticket = row.id_or_null(4)?.map(TicketId::from_bytes);
        slot.words = ticket.zip(row.integer_or_null(5)?).map(|(ticket, hash)| (slot.seq, ticket, hash));
    }
    Ok(slot)
}
