//! The second and third round trip of a group: everything is written, the transaction is committed.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::decide::{BodyFinal, Decided, Final, IndexChanges, Moved, State, Words};
use super::{Failure, Outcome};
use crate::batch::{Batches, MAX_PARAMETERS, Parameters};
use crate::bodies::NOW;
use crate::changes::KEPT;
use crate::driver::Connection;
use crate::error::{OrFailed as _, was_sent_back};
use crate::scope::Word;
use crate::table::Table;
use crate::value::{Parameter, Type, Value, bytes, signed};

const WRITING: &str = "writing to the database";

/// The most rows of one `INSERT`; SQL Server takes 1,000.
const MAX_ROWS: usize = 200;

/// Writes what was decided. `name` says to other servers who did it.
pub(super) async fn write(connection: &mut Connection, decided: &Decided<'_>, name: &str) -> Result<(), Failure> {
    let is_taken = |it: &Outcome| matches!(it, Outcome::Commit(Ok(_)));
    if decided.bodies.is_empty() && !decided.outcomes.iter().any(is_taken) {
        let result = connection.run("ROLLBACK TRANSACTION;").await;
        return result.map(|_| ()).or_failed(WRITING).map_err(Failure::Before);
    }
    for batch in &statements(decided, name).0 {
        connection.ask(batch).await.or_failed(WRITING).map_err(Failure::Before)?;
    }
    match connection.run("COMMIT TRANSACTION;").await.or_failed(WRITING) {
        Ok(_) => Ok(()),
        Err(error) if was_sent_back(&error) => Err(Failure::Before(error)),
        Err(error) => Err(Failure::Writing(error)),
    }
}

fn statements<'p>(decided: &'p Decided<'_>, name: &str) -> Batches<'p> {
    let mut batches = Batches::default();
    records(&mut batches, decided);
    index(&mut batches, &decided.index);
    bodies(&mut batches, decided);
    let counters = &decided.counters;
    add(&mut batches, 3, |parameters| {
        let [version, number, seq] =
            [signed(counters.version), signed(counters.number), counters.seq].map(|it| parameters.integer(it));
        format!("UPDATE counters SET version = {version}, number = {number}, seq = {seq} WHERE id = 1;")
    });
    if let Some(words) = decided.touched.said(name) {
        add(&mut batches, 3, |parameters| {
            let version = signed(counters.version);
            let long_past = parameters.integer(version.saturating_sub(KEPT));
            let version = parameters.integer(version);
            let words = parameters.add(Parameter::Text(Cow::Owned(words)));
            format!(
                "INSERT INTO changes (version, words) VALUES ({version}, {words});
                 DELETE FROM changes WHERE version < {long_past};"
            )
        });
    }
    batches
}

fn add<'p>(batches: &mut Batches<'p>, parameters: usize, make: impl FnOnce(&mut Parameters<'p>) -> String) {
    let batch = batches.with_room(parameters);
    let sql = make(&mut batch.parameters);
    batch.text.push_str(&sql);
    batch.text.push('\n');
}

/// Rows that are new, by table.
type New<'p> = BTreeMap<&'static str, (&'static Table, Vec<Vec<Parameter<'p>>>)>;

fn records<'p>(batches: &mut Batches<'p>, decided: &'p Decided<'_>) {
    let mut new = New::new();
    for last in decided.finals.values() {
        let Final { table, key, state, there } = last;
        let row = row(table, state);
        match (row, there) {
            (Some(row), true) => {
                add(batches, row.len() + key.len(), |parameters| table.update(&row, key, parameters));
            }
            (Some(mut row), false) => {
                row.extend(table.keys.iter().zip(*key).map(|((_, of), value)| value.parameter(*of)));
                new.entry(table.name).or_insert_with(|| (table, Vec::new())).1.push(row);
            }
            (None, true) => add(batches, key.len(), |parameters| table.delete(key, parameters)),
            (None, false) => {}
        }
    }
    for (table, rows) in new.values() {
        let width = table.written().count();
        for rows in rows.chunks(MAX_ROWS.min(MAX_PARAMETERS / width)) {
            add(batches, rows.len() * width, |parameters| table.insert(rows, parameters));
        }
    }
}

/// The columns of a row, its version and data; nothing if there shall be no row.
fn row<'p>(table: &'static Table, state: &'p State<'_>) -> Option<Vec<Parameter<'p>>> {
    let columns = table.columns.len();
    let own = |value: &Value| match value {
        Value::Integer(number) => Parameter::Integer(Some(*number)),
        _ => Parameter::Integer(None),
    };
    let (mut cells, version, data) = match state {
        State::Nothing => return None,
        State::Record { row, version, number, seq } => {
            let mut cells: Vec<Parameter<'p>> =
                row.columns.iter().zip(table.columns).map(|(value, (_, of))| value.parameter(*of)).collect();
            if let (Some(first), Some(number)) = (cells.first_mut(), number) {
                *first = own(number);
            }
            if table.numbered {
                cells.push(own(seq));
            }
            (cells, version, Some(Cow::Borrowed(row.data.as_slice())))
        }
        State::Tombstone { version, number, seq } => {
            let column = |(nth, (_, of)): (usize, &(&str, Type))| match nth {
                0 if table.name == "tickets" => own(number),
                nth if table.numbered && nth + 1 == columns => own(seq),
                _ if *of == Type::Integer => Parameter::Integer(None),
                _ => Parameter::Bytes(None),
            };
            (table.columns.iter().enumerate().map(column).collect(), version, None)
        }
    };
    cells.push(Parameter::Integer(Some(signed(*version))));
    cells.push(Parameter::Bytes(data));
    Some(cells)
}

fn index<'p>(batches: &mut Batches<'p>, index: &'p IndexChanges<'_>) {
    index.moved.iter().for_each(|it| moved(batches, it));
    for seqs in index.forgotten.chunks(MAX_ROWS) {
        add(batches, seqs.len(), |parameters| {
            let places: Vec<String> = seqs.iter().map(|it| parameters.integer(*it)).collect();
            let places = places.join(", ");
            format!("DELETE FROM search_words WHERE seq IN ({places}); DELETE FROM search WHERE seq IN ({places});")
        });
    }
    index.words.iter().for_each(|it| words(batches, it));
    for contacts in index.contacts.chunks(MAX_ROWS) {
        add(batches, contacts.len(), |parameters| {
            let ids = parameters.is_one_of("contact", contacts.iter().copied());
            format!("DELETE FROM contact_words WHERE {ids};")
        });
    }
    for rows in index.contact_words.chunks(MAX_ROWS) {
        add(batches, rows.len() * 2, |parameters| {
            let rows: Vec<String> = rows
                .iter()
                .map(|(word, contact)| {
                    let word = parameters.bytes(word.as_bytes());
                    format!("({word}, {})", parameters.bytes(contact.as_slice()))
                })
                .collect();
            format!("INSERT INTO contact_words (word, contact) VALUES {};", rows.join(", "))
        });
    }
}

/// The words of a text that say where its ticket lies are others now.
fn moved<'p>(batches: &mut Batches<'p>, Moved { ticket, gone, new }: &'p Moved) {
    add(batches, 1 + gone.len() + 2 * new.len(), |parameters| {
        let ticket = parameters.id(*ticket);
        let mut sql = String::new();
        if !gone.is_empty() {
            let gone = parameters.is_one_of("word", gone.iter().copied());
            sql = format!(
                "DELETE FROM search_words WHERE {gone} AND seq IN (SELECT s.seq FROM search AS s WHERE s.ticket = {ticket});\n"
            );
        }
        if !new.is_empty() {
            let rows: Vec<String> = new.iter().map(|it| format!("({})", parameters.id(*it))).collect();
            // A ticket that comes back may find words of where it lay before.
            sql.push_str(&format!(
                "INSERT INTO search_words (word, seq) SELECT n.word, s.seq FROM search AS s
                 CROSS JOIN (VALUES {}) AS n(word) WHERE s.ticket = {ticket}
                 AND NOT EXISTS (SELECT 1 FROM search_words AS w WHERE w.word = n.word AND w.seq = s.seq);",
                rows.join(", ")
            ));
        }
        sql
    });
}

/// Takes a text in. Its words go as one parameter, which SQL Server cuts in pieces of 16 bytes: there may be thousands.
fn words<'p>(batches: &mut Batches<'p>, Words { seq, id, note, ticket, joined, words }: &'p Words<'_>) {
    add(batches, 5, |parameters| {
        let values = [
            parameters.integer(*seq),
            parameters.bytes(id.as_slice()),
            parameters.integer(i64::from(*note)),
            parameters.bytes(ticket.as_slice()),
            parameters.add(Parameter::Text(Cow::Owned(format!(" {} ", joined.trim())))),
        ];
        format!("INSERT INTO search (seq, id, note, ticket, joined) VALUES ({});", values.join(", "))
    });
    let words: Vec<Word> = words.iter().copied().collect();
    for chunk in words.chunks(10_000) {
        add(batches, 3, |parameters| {
            let packed = parameters.bytes(chunk.concat());
            let seq = parameters.integer(*seq);
            let most = parameters.integer(i64::try_from(chunk.len()).unwrap_or(i64::MAX));
            format!(
                "INSERT INTO search_words (word, seq)
                 SELECT CAST(SUBSTRING({packed}, 1 + 16 * n.n, 16) AS BINARY(16)), {seq} FROM ({}) AS n WHERE n.n < {most};",
                numbers(chunk.len())
            )
        });
    }
}

/// The numbers from 0 to at least this one, but one: at most 10,000.
fn numbers(count: usize) -> String {
    const DIGIT: &str = "(VALUES (0), (1), (2), (3), (4), (5), (6), (7), (8), (9))";
    match count {
        0..=100 => format!("SELECT a.n + 10 * b.n AS n FROM {DIGIT} AS a(n) CROSS JOIN {DIGIT} AS b(n)"),
        101..=1000 => format!(
            "SELECT a.n + 10 * b.n + 100 * c.n AS n
             FROM {DIGIT} AS a(n) CROSS JOIN {DIGIT} AS b(n) CROSS JOIN {DIGIT} AS c(n)"
        ),
        _ => format!(
            "SELECT a.n + 10 * b.n + 100 * c.n + 1000 * d.n AS n
             FROM {DIGIT} AS a(n) CROSS JOIN {DIGIT} AS b(n) CROSS JOIN {DIGIT} AS c(n) CROSS JOIN {DIGIT} AS d(n)"
        ),
    }
}

fn bodies<'p>(batches: &mut Batches<'p>, decided: &'p Decided<'_>) {
    for (digest, last) in &decided.bodies {
        let there = decided.known_bodies.contains(digest);
        add(batches, 5, |parameters| {
            let key = parameters.compared(Type::Digest, bytes(digest.as_bytes()));
            match (last, there) {
                (BodyFinal::Put { kept, named }, false) => {
                    let named = parameters.integer(i64::from(*named));
                    let size = parameters.integer(kept.size);
                    let content = parameters.bytes(kept.content.as_slice());
                    format!(
                        "INSERT INTO bodies (digest, place, named, size, kept, content)
                         VALUES ({key}, 0, {named}, {size}, {NOW}, {content});"
                    )
                }
                (BodyFinal::Put { kept, named }, true) => {
                    let named = parameters.integer(i64::from(*named));
                    let size = parameters.integer(kept.size);
                    let content = parameters.bytes(kept.content.as_slice());
                    format!(
                        "UPDATE bodies SET named = CASE WHEN {named} = 1 THEN 1 ELSE named END, kept = {NOW}, size = {size},
                         content = CASE place WHEN 2 THEN {content} ELSE content END,
                         place = CASE place WHEN 2 THEN 0 ELSE place END WHERE digest = {key};"
                    )
                }
                (BodyFinal::Named, _) => format!("UPDATE bodies SET named = 1 WHERE digest = {key};"),
                (BodyFinal::Erased, true) => format!(
                    "UPDATE bodies SET place = 2, named = 1, content = NULL WHERE digest = {key};
                     DELETE FROM body_chunks WHERE digest = {key};"
                ),
                (BodyFinal::Erased, false) => format!(
                    "INSERT INTO bodies (digest, place, named, size, kept, content) VALUES ({key}, 2, 1, 0, {NOW}, NULL);"
                ),
            }
        });
    }
}
