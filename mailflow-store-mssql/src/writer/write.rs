//! The second and third round trip of a group: everything is written, the transaction is committed.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use mailflow_core::store::RecordKind;
use mailflow_store_rows::decide::{BodyFinal, Decided};
use mailflow_store_rows::index::{IndexChanges, Moved, Words};
use mailflow_store_rows::look::Found;
use mailflow_store_rows::table::Table;
use mailflow_store_rows::value::{Type, signed};
use mailflow_store_rows::writer::Failure;

use crate::batch::{Batches, MAX_PARAMETERS, Parameters};
use crate::bodies::NOW;
use crate::changes::KEPT;
use crate::driver::Connection;
use crate::error::{OrFailed as _, was_sent_back};
use crate::scope::{self, Word, word};
use crate::statements;
use crate::value::{Parameter, bytes, parameter};

const WRITING: &str = "writing to the database";

/// The most rows of one `INSERT`; SQL Server takes 1,000.
const MAX_ROWS: usize = 200;

/// Writes what was decided. `name` says to other servers who did it.
pub(super) async fn write(
    connection: &mut Connection,
    found: &Found,
    decided: &Decided<'_>,
    name: &str,
) -> Result<(), Failure> {
    if decided.is_nothing() {
        let result = connection.run("ROLLBACK TRANSACTION;").await;
        return result.map(|_| ()).or_failed(WRITING).map_err(Failure::Before);
    }
    for batch in &batches(found, decided, name).0 {
        connection.ask(batch).await.or_failed(WRITING).map_err(Failure::Before)?;
    }
    match connection.run("COMMIT TRANSACTION;").await.or_failed(WRITING) {
        Ok(_) => Ok(()),
        Err(error) if was_sent_back(&error) => Err(Failure::Before(error)),
        Err(error) => Err(Failure::Writing(error)),
    }
}

fn batches<'p>(found: &Found, decided: &'p Decided<'_>, name: &str) -> Batches<'p> {
    let mut batches = Batches::default();
    records(&mut batches, found, decided);
    index(&mut batches, &decided.index);
    bodies(&mut batches, found, decided);
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
type New<'p> = BTreeMap<RecordKind, (&'static Table, Vec<Vec<Parameter<'p>>>)>;

fn records<'p>(batches: &mut Batches<'p>, found: &Found, decided: &'p Decided<'_>) {
    let mut new = New::new();
    for (key, last) in &decided.finals {
        let (table, values) = (last.table, last.key);
        match (statements::row(last), found.slots.contains_key(*key)) {
            (Some(row), true) => {
                add(batches, row.len() + values.len(), |parameters| {
                    statements::update(table, &row, values, parameters)
                });
            }
            (Some(mut row), false) => {
                row.extend(table.keys.iter().zip(values).map(|((_, of), value)| parameter(value, *of)));
                new.entry(table.kind).or_insert_with(|| (table, Vec::new())).1.push(row);
            }
            (None, true) => {
                add(batches, values.len(), |parameters| statements::delete(table, values, parameters));
            }
            (None, false) => {}
        }
    }
    for (table, rows) in new.values() {
        let width = statements::written(table).count();
        for rows in rows.chunks(MAX_ROWS.min(MAX_PARAMETERS / width)) {
            add(batches, rows.len() * width, |parameters| statements::insert(table, rows, parameters));
        }
    }
}

fn index<'p>(batches: &mut Batches<'p>, index: &'p IndexChanges<'_>) {
    index.moved.iter().for_each(|it| moved(batches, it));
    // Words that are others now go and come.
    let replaced = index.words.iter().filter(|it| it.replaces).map(|it| it.seq);
    let forgotten: Vec<i64> = index.forgotten.iter().copied().chain(replaced).collect();
    for seqs in forgotten.chunks(MAX_ROWS) {
        add(batches, seqs.len(), |parameters| {
            let places: Vec<String> = seqs.iter().map(|it| parameters.integer(*it)).collect();
            let places = places.join(", ");
            format!("DELETE FROM search_words WHERE seq IN ({places}); DELETE FROM search WHERE seq IN ({places});")
        });
    }
    index.words.iter().for_each(|it| words(batches, it));
    for contacts in index.contacts.chunks(MAX_ROWS) {
        add(batches, contacts.len(), |parameters| {
            let ids = parameters.is_one_of("contact", contacts.iter().map(|it| *it.as_bytes()));
            format!("DELETE FROM contact_words WHERE {ids};")
        });
    }
    for rows in index.contact_words.chunks(MAX_ROWS) {
        add(batches, rows.len() * 2, |parameters| {
            let rows: Vec<String> = rows
                .iter()
                .map(|(word, contact)| {
                    let word = parameters.bytes(word.as_bytes());
                    format!("({word}, {})", parameters.bytes(contact.as_bytes().as_slice()))
                })
                .collect();
            format!("INSERT INTO contact_words (word, contact) VALUES {};", rows.join(", "))
        });
    }
}

/// The words of a text that say where its ticket lies are others now.
fn moved(batches: &mut Batches<'_>, Moved { ticket, from, to }: &Moved) {
    let (before, now) = (from.as_ref().map(scope::words).unwrap_or_default(), scope::words(to));
    let gone: Vec<Word> = before.difference(&now).copied().collect();
    let new: Vec<Word> = now.difference(&before).copied().collect();
    add(batches, 1 + gone.len() + 2 * new.len(), |parameters| {
        let ticket = parameters.id(*ticket.as_bytes());
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
fn words<'p>(batches: &mut Batches<'p>, Words { seq, id, note, ticket, joined, scope, .. }: &'p Words<'_>) {
    add(batches, 5, |parameters| {
        let values = [
            parameters.integer(*seq),
            parameters.bytes(id.as_slice()),
            parameters.integer(i64::from(*note)),
            parameters.bytes(ticket.as_bytes().as_slice()),
            parameters.add(Parameter::Text(Cow::Owned(format!(" {} ", joined.trim())))),
        ];
        format!("INSERT INTO search (seq, id, note, ticket, joined) VALUES ({});", values.join(", "))
    });
    let mut words: BTreeSet<Word> = joined.split_whitespace().map(word).collect();
    words.extend(scope.as_ref().map(scope::words).unwrap_or_default());
    let words: Vec<Word> = words.into_iter().collect();
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

fn bodies<'p>(batches: &mut Batches<'p>, found: &Found, decided: &'p Decided<'_>) {
    for (digest, last) in &decided.bodies {
        let there = found.bodies.contains_key(digest);
        add(batches, 5, |parameters| {
            let key = parameters.compared(Type::Digest, bytes(digest.as_bytes()));
            match (last, there) {
                (BodyFinal::Put { kept, named }, false) => {
                    let named = parameters.integer(i64::from(*named));
                    let size = parameters.integer(kept.size);
                    let content = parameters.add(Parameter::Bytes(kept.content.as_deref().map(Cow::Borrowed)));
                    format!(
                        "INSERT INTO bodies (digest, place, named, size, kept, content)
                         VALUES ({key}, 0, {named}, {size}, {NOW}, {content});"
                    )
                }
                (BodyFinal::Put { kept, named }, true) => {
                    let named = parameters.integer(i64::from(*named));
                    let size = parameters.integer(kept.size);
                    let content = parameters.add(Parameter::Bytes(kept.content.as_deref().map(Cow::Borrowed)));
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
