//! The second round trip of a group: everything is written, others are told, the transaction is committed.

use std::borrow::Cow;
use std::collections::BTreeMap;

use deadpool_postgres::Object;
use mailflow_core::digest::Digest;
use mailflow_core::store::{RecordKind, StoreError, StoreErrorKind};
use mailflow_store_rows::decide::{BodyFinal, Decided};
use mailflow_store_rows::index::IndexChanges;
use mailflow_store_rows::table::Table;
use mailflow_store_rows::writer::Failure;
use uuid::Uuid;

use crate::bodies::NOW;
use crate::error::OrFailed as _;
use crate::load::key_arrays;
use crate::pipeline::Pipeline;
use crate::statements;
use crate::value::{Parameter, Value, array, signed};
use crate::{changes, scope};

const WRITING: &str = "writing to the database";

/// What is written into one table.
struct Rows<'d> {
    table: &'static Table,
    put: Vec<PutRow<'d>>,
    gone: Vec<&'d [Value]>,
}

/// A row that is written, in the order of [`Statements::put`](crate::statements::Statements::put).
struct PutRow<'d> {
    columns: Vec<Cow<'d, Value>>,
    version: i64,
    /// The one column that is never copied.
    data: Option<&'d [u8]>,
    key: &'d [Value],
}

/// Writes what was decided. `name` says to those who listen who it was.
pub(super) async fn write(client: &Object, decided: &Decided<'_>, name: &str) -> Result<(), Failure> {
    if decided.is_nothing() {
        return client.batch_execute("ROLLBACK").await.or_failed(WRITING).map_err(Failure::Before);
    }
    let rows = by_table(decided);
    let mut pipeline = Pipeline::new(client, WRITING);
    fill(&mut pipeline, decided, &rows, name).await.map_err(Failure::Before)?;
    pipeline.run("COMMIT");
    match pipeline.finish().await {
        Ok(_) => Ok(()),
        Err(error) if was_sent_back(&error) => Err(Failure::Before(error)),
        Err(error) => Err(Failure::Writing(error)),
    }
}

/// Whether PostgreSQL says that it undid the transaction because of another one.
fn was_sent_back(error: &StoreError) -> bool {
    let cause = std::error::Error::source(error).and_then(|it| it.downcast_ref::<tokio_postgres::Error>());
    let state = cause.and_then(|it| it.code()).map_or("", |state| state.code());
    error.kind() == StoreErrorKind::Transient && (state.starts_with("40") || state == "55P03")
}

fn by_table<'d>(decided: &'d Decided<'_>) -> Vec<Rows<'d>> {
    let mut tables: BTreeMap<RecordKind, Rows<'d>> = BTreeMap::new();
    for last in decided.finals.values() {
        let (table, key) = (last.table, last.key);
        let rows = tables.entry(table.kind).or_insert_with(|| Rows { table, put: Vec::new(), gone: Vec::new() });
        match last.columns() {
            None => rows.gone.push(key),
            Some(columns) => {
                rows.put.push(PutRow { columns, version: signed(last.version), data: last.data(), key });
            }
        }
    }
    tables.into_values().collect()
}

async fn fill<'p>(
    pipeline: &mut Pipeline<'p>,
    decided: &'p Decided<'_>,
    tables: &'p [Rows<'_>],
    name: &'p str,
) -> Result<(), StoreError> {
    for Rows { table, put, gone } in tables {
        let sql = statements::of(table)?;
        if !gone.is_empty() {
            pipeline.add(&sql.delete, key_arrays(table, gone)).await?;
        }
        if !put.is_empty() {
            pipeline.add(&sql.put, columns(table, put)).await?;
        }
    }
    index(pipeline, &decided.index).await?;
    bodies(pipeline, &decided.bodies).await?;
    let counters = &decided.counters;
    let values: Vec<Parameter<'p>> =
        vec![Box::new(signed(counters.version)), Box::new(signed(counters.number)), Box::new(counters.seq)];
    pipeline.add("UPDATE counters SET version = $1, number = $2, seq = $3 WHERE id = 1", values).await?;
    if let Some(words) = decided.touched.said(name) {
        pipeline.add(changes::TELL, vec![Box::new(words)]).await?;
    }
    Ok(())
}

/// The rows of a table as one array for each column.
fn columns<'p>(table: &Table, rows: &'p [PutRow<'_>]) -> Vec<Parameter<'p>> {
    let column = |nth: usize| rows.iter().map(move |row| row.columns.get(nth).map_or(&Value::Null, |it| &**it));
    let mut columns: Vec<Parameter<'p>> =
        table.columns.iter().enumerate().map(|(nth, (_, of))| array(*of, column(nth))).collect();
    columns.push(Box::new(rows.iter().map(|row| row.version).collect::<Vec<_>>()));
    columns.push(Box::new(rows.iter().map(|row| row.data).collect::<Vec<_>>()));
    let keys: Vec<&[Value]> = rows.iter().map(|row| row.key).collect();
    columns.extend(key_arrays(table, &keys));
    columns
}

async fn index<'p>(pipeline: &mut Pipeline<'p>, index: &'p IndexChanges<'_>) -> Result<(), StoreError> {
    if !index.moved.is_empty() {
        let moved = index.moved.iter().map(|it| (Uuid::from(it.ticket), scope::words(&it.to)));
        let (tickets, scopes): (Vec<_>, Vec<_>) = moved.unzip();
        let sql = "UPDATE search s SET words = array_to_tsvector(string_to_array(btrim(s.joined || m.scope), ' '))
            FROM unnest($1::uuid[], $2::text[]) m(ticket, scope) WHERE s.ticket = m.ticket";
        pipeline.add(sql, vec![Box::new(tickets), Box::new(scopes)]).await?;
    }
    if !index.forgotten.is_empty() {
        pipeline.add("DELETE FROM search WHERE seq = ANY($1)", vec![Box::new(index.forgotten.as_slice())]).await?;
    }
    if !index.words.is_empty() {
        let of = &index.words;
        let joined: Vec<String> = of.iter().map(|it| joined(it.joined)).collect();
        let sql = "INSERT INTO search AS s (seq, id, note, ticket, joined, words)
            SELECT seq, id, note, ticket, joined, array_to_tsvector(string_to_array(btrim(joined || scope), ' '))
            FROM unnest($1::bigint[], $2::uuid[], $3::boolean[], $4::uuid[], $5::text[], $6::text[])
                n(seq, id, note, ticket, joined, scope)
            ON CONFLICT (seq) DO UPDATE SET ticket = excluded.ticket, joined = excluded.joined, words = excluded.words";
        let values: Vec<Parameter<'p>> = vec![
            Box::new(of.iter().map(|it| it.seq).collect::<Vec<_>>()),
            Box::new(of.iter().map(|it| Uuid::from_bytes(it.id)).collect::<Vec<_>>()),
            Box::new(of.iter().map(|it| it.note).collect::<Vec<_>>()),
            Box::new(of.iter().map(|it| Uuid::from(it.ticket)).collect::<Vec<_>>()),
            Box::new(joined),
            Box::new(of.iter().map(|it| it.scope.as_ref().map(scope::words).unwrap_or_default()).collect::<Vec<_>>()),
        ];
        pipeline.add(sql, values).await?;
    }
    if !index.contacts.is_empty() {
        let sql = "DELETE FROM contact_words WHERE contact = ANY($1)";
        let contacts: Vec<Uuid> = index.contacts.iter().map(|it| Uuid::from(*it)).collect();
        pipeline.add(sql, vec![Box::new(contacts)]).await?;
    }
    if !index.contact_words.is_empty() {
        let (words, contacts): (Vec<_>, Vec<_>) =
            index.contact_words.iter().map(|(word, contact)| (word.as_bytes(), Uuid::from(*contact))).unzip();
        let sql = "INSERT INTO contact_words (word, contact) SELECT * FROM unnest($1::bytea[], $2::uuid[])";
        pipeline.add(sql, vec![Box::new(words), Box::new(contacts)]).await?;
    }
    Ok(())
}

/// A `tsvector` takes no more bytes of words.
const MAX_WORDS: usize = 900_000;

/// Words between spaces, one before the first and one behind the last.
fn joined(words: &str) -> String {
    let words = mailflow_core::text::prefix(words, MAX_WORDS);
    let whole = if words.len() == MAX_WORDS { words.rsplit_once(' ').map_or("", |(whole, _)| whole) } else { words };
    let mut joined = String::with_capacity(whole.len() + 2);
    joined.push(' ');
    joined.push_str(whole.trim_end());
    if joined.len() > 1 {
        joined.push(' ');
    }
    joined
}

async fn bodies<'p>(pipeline: &mut Pipeline<'p>, bodies: &'p BTreeMap<Digest, BodyFinal>) -> Result<(), StoreError> {
    let digests = |of: fn(&BodyFinal) -> bool| -> Vec<&'p [u8]> {
        bodies.iter().filter(|(_, it)| of(it)).map(|(digest, _)| digest.as_bytes().as_slice()).collect()
    };
    let put = || {
        bodies
            .values()
            .filter_map(|it| if let BodyFinal::Put { kept, named } = it { Some((kept, *named)) } else { None })
    };
    if put().next().is_some() {
        let sql = format!(
            "INSERT INTO bodies AS b (digest, place, named, size, kept, content)
             SELECT digest, 0, named, size, {NOW}, content
             FROM unnest($1::bytea[], $2::boolean[], $3::bigint[], $4::bytea[]) n(digest, named, size, content)
             ON CONFLICT (digest) DO UPDATE SET named = b.named OR excluded.named, kept = excluded.kept,
                 place = CASE b.place WHEN 2 THEN 0 ELSE b.place END,
                 content = CASE b.place WHEN 2 THEN excluded.content ELSE b.content END"
        );
        let values: Vec<Parameter<'p>> = vec![
            Box::new(digests(|it| matches!(it, BodyFinal::Put { .. }))),
            Box::new(put().map(|(_, named)| named).collect::<Vec<_>>()),
            Box::new(put().map(|(kept, _)| kept.size).collect::<Vec<_>>()),
            Box::new(put().map(|(kept, _)| kept.content.as_deref()).collect::<Vec<_>>()),
        ];
        pipeline.add(&sql, values).await?;
    }
    let named = digests(|it| matches!(it, BodyFinal::Named));
    if !named.is_empty() {
        pipeline.add("UPDATE bodies SET named = true WHERE digest = ANY($1)", vec![Box::new(named)]).await?;
    }
    let erased = digests(|it| matches!(it, BodyFinal::Erased));
    if !erased.is_empty() {
        let sql = format!(
            "INSERT INTO bodies (digest, place, named, size, kept) SELECT digest, 2, true, 0, {NOW}
             FROM unnest($1::bytea[]) n(digest)
             ON CONFLICT (digest) DO UPDATE SET place = 2, named = true, content = NULL"
        );
        pipeline.add(&sql, vec![Box::new(erased.clone())]).await?;
        pipeline.add("DELETE FROM body_chunks WHERE digest = ANY($1)", vec![Box::new(erased)]).await?;
    }
    Ok(())
}
