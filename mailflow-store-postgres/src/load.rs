//! Records by their keys.

use std::collections::BTreeMap;

use deadpool_postgres::{Object, Pool};
use mailflow_core::store::{Key, Loaded, RecordKind, StoreError, Version};
use mailflow_store_rows::table::{self, Table};
use tokio_postgres::Row;

use crate::connection::{BEGIN_READING, keep_if_sound, take};
use crate::error::OrFailed as _;
use crate::pipeline::Pipeline;
use crate::row;
use crate::statements;
use crate::value::{Parameter, Type, Value, array, unsigned};

const READING: &str = "reading a record";

const BY_NUMBER: &str =
    "SELECT k.nth, t.version, t.data, t.number FROM unnest($1::bigint[]) WITH ORDINALITY k(number, nth)
    CROSS JOIN LATERAL (SELECT * FROM tickets t WHERE t.number = k.number AND t.data IS NOT NULL LIMIT 1) t";

/// Keys that one statement looks up, with their places in the answer.
type Asked<'k> = Vec<(usize, &'k Key)>;

/// What is under these keys, at one moment, in one round trip.
pub(crate) async fn load(pool: &Pool, keys: &[Key]) -> Result<Vec<Loaded>, StoreError> {
    if keys.is_empty() {
        return Ok(Vec::new());
    }
    let client = take(pool).await?;
    let result = ask(&client, keys, Within::Nothing).await;
    keep_if_sound(result, client)
}

/// The same, in a transaction that was begun.
pub(crate) async fn load_within(client: &Object, keys: &[Key]) -> Result<Vec<Loaded>, StoreError> {
    ask(client, keys, Within::Transaction).await
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Within {
    Nothing,
    Transaction,
}

async fn ask(client: &Object, keys: &[Key], within: Within) -> Result<Vec<Loaded>, StoreError> {
    let mut asked: BTreeMap<(RecordKind, bool), Asked<'_>> = BTreeMap::new();
    for (nth, key) in keys.iter().enumerate() {
        let by_number = matches!(key, Key::TicketNumber(_));
        asked.entry((key.kind(), by_number)).or_default().push((nth, key));
    }
    let mut loaded = vec![Loaded::ABSENT; keys.len()];
    let values: Vec<Vec<Vec<Value>>> =
        asked.values().map(|asked| asked.iter().map(|(_, key)| table::key_values(key)).collect()).collect();
    let mut pipeline = Pipeline::new(client, READING);
    // One statement sees one moment by itself.
    let several = asked.len() > 1 && within == Within::Nothing;
    if several {
        pipeline.run(BEGIN_READING);
    }
    for ((kind, by_number), keys) in asked.keys().zip(&values) {
        let table = table::of(*kind)?;
        if *by_number {
            pipeline.add(BY_NUMBER, vec![array(Type::Integer, first(keys))]).await?;
        } else {
            pipeline
                .add(
                    &statements::of(table)?.load,
                    key_arrays(table, &keys.iter().map(Vec::as_slice).collect::<Vec<_>>()),
                )
                .await?;
        }
    }
    if several {
        pipeline.run("COMMIT");
    }
    let answers = pipeline.finish().await?;
    for (((kind, _), asked), rows) in asked.iter().zip(answers.iter().skip(usize::from(several))) {
        for row in rows {
            let nth: i64 = row.try_get(0).or_failed(READING)?;
            let place = usize::try_from(nth - 1).ok().and_then(|nth| asked.get(nth)).map(|(place, _)| *place);
            if let Some(slot) = place.and_then(|place| loaded.get_mut(place)) {
                *slot = one(*kind, row)?;
            }
        }
    }
    Ok(loaded)
}

fn first(keys: &[Vec<Value>]) -> impl Iterator<Item = &Value> {
    keys.iter().map(|key| key.first().unwrap_or(&Value::Null))
}

/// An array for each key column.
pub(crate) fn key_arrays<'k>(table: &Table, keys: &[&'k [Value]]) -> Vec<Parameter<'k>> {
    let column = |nth: usize| keys.iter().map(move |key| key.get(nth).unwrap_or(&Value::Null));
    table.keys.iter().enumerate().map(|(nth, (_, of))| array(*of, column(nth))).collect()
}

fn one(kind: RecordKind, row: &Row) -> Result<Loaded, StoreError> {
    let version = Version::new(unsigned(row.try_get(1).or_failed(READING)?));
    let data: Option<&[u8]> = row.try_get(2).or_failed(READING)?;
    let record =
        data.map(|data| row::record(kind, data, row::extra(kind, row, 3).or_failed(READING)?)).transpose()?;
    Ok(Loaded { version, record })
}
