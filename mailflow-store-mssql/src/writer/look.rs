//! The first round trip of a group: the lock, and what is there.

use std::collections::{BTreeMap, BTreeSet};

use mailflow_core::digest::Digest;
use mailflow_core::id::TicketId;
use mailflow_core::store::{Key, RecordKind, StoreError, StoreErrorKind};

use super::Job;
use crate::batch::{Batches, Parameters};
use crate::bodies::Bodies;
use crate::driver::{Connection, Row};
use crate::error::OrFailed as _;
use crate::prepared::{Action, Step};
use crate::row::Beside;
use crate::scope::Scope;
use crate::table::Table;
use crate::value::{Type, bytes, signed, unsigned};

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
    pub words: Option<(i64, [u8; 16], i64)>,
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
    tickets: Vec<TicketId>,
    numbers: Vec<u64>,
    bodies: Vec<Digest>,
}

/// Each only once.
fn once<T: Ord>(all: &mut Vec<T>) {
    all.sort_unstable();
    all.dedup();
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
                Job::EraseBody(digest, _) => asked.bodies.push(*digest),
                Job::WriteBodies(_) => asked.bodies.extend(bodies.all_waiting()),
            }
        }
        once(&mut asked.tickets);
        once(&mut asked.numbers);
        once(&mut asked.bodies);
        asked
    }

    fn step(&mut self, step: &'j Step) {
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
        if self.known.insert(&step.key) {
            let of = self.keys.entry(step.key.kind()).or_default();
            of.0 = Some(step.table);
            of.1.push(step);
        }
    }
}

/// Takes the lock: whoever commits changes this row before he looks. (An update takes the lock also where hints are
/// ignored, and where it changes nothing.)
const BEGIN: &str = "SET TRANSACTION ISOLATION LEVEL READ COMMITTED; BEGIN TRANSACTION;
    UPDATE counters WITH (UPDLOCK, HOLDLOCK) SET version = version WHERE id = 1;";

/// What an answer is about.
enum About<'a> {
    Counters,
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
        for (table, steps) in asked.keys.values() {
            let Some(table) = table else { continue };
            for steps in steps.chunks(MAX_ROWS) {
                questions.add(steps.len() * table.keys.len(), About::Keys(steps, table.numbered), |parameters| {
                    table.look(steps.iter().map(|step| step.values.as_slice()).enumerate(), parameters)
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
pub(super) async fn look(connection: &mut Connection, group: &[Job], bodies: &Bodies) -> Result<Found, StoreError> {
    let asked = Asked::of(group, bodies);
    let questions = Questions::of(&asked);
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
            found.take(about, rows)?;
        }
    }
    Ok(found)
}

impl Found {
    fn take(&mut self, about: &About<'_>, rows: &[Row]) -> Result<(), StoreError> {
        if matches!(about, About::Counters) {
            self.counters = counters(rows)?;
            return Ok(());
        }
        for row in rows {
            match about {
                About::Counters => {}
                About::Keys(steps, numbered) => {
                    let slot = slot(row, *numbered)?;
                    if let Some(step) = usize::try_from(row.integer(0)?).ok().and_then(|nth| steps.get(nth)) {
                        self.slots.insert(step.key.clone(), slot);
                    }
                }
                About::Scopes => _ = self.scopes.insert(TicketId::from_bytes(row.id(0)?), Scope::read(row, 1)?),
                About::Numbers => {
                    let ticket = (TicketId::from_bytes(row.id(1)?), unsigned(row.integer(2)?));
                    self.numbers.insert(unsigned(row.integer(0)?), ticket);
                }
                About::Bodies => {
                    let digest: [u8; 32] = row.bytes(0)?.try_into().unwrap_or_default();
                    self.bodies.insert(Digest::from_bytes(digest), (row.integer(1)?, row.integer(2)? != 0));
                }
            }
        }
        Ok(())
    }
}

fn counters(rows: &[Row]) -> Result<Counters, StoreError> {
    let Some(row) = rows.first() else {
        let doing = "the table `counters` is empty: the database is damaged; restore it from a backup";
        return Err(StoreError::new(StoreErrorKind::Unusable, doing));
    };
    Ok(Counters { version: unsigned(row.integer(0)?), number: unsigned(row.integer(1)?), seq: row.integer(2)? })
}

fn slot(row: &Row, numbered: bool) -> Result<Slot, StoreError> {
    let standing = if row.integer(2)? == 0 { Standing::Tombstone } else { Standing::Record };
    let mut slot = Slot { version: unsigned(row.integer(1)?), standing, ..Slot::NOTHING };
    if numbered {
        slot.seq = row.integer(3)?;
        slot.words = row.id_or_null(4)?.zip(row.integer_or_null(5)?).map(|(ticket, hash)| (slot.seq, ticket, hash));
    }
    Ok(slot)
}
