//! Records by their keys.

use std::collections::BTreeMap;

use mailflow_core::store::{Key, Loaded, RecordKind, StoreError, Version};
use mailflow_store_rows::table;
use mailflow_store_rows::value::{Type, Value, unsigned};

use crate::batch::{Batch, MAX_PARAMETERS, Parameters, numbered_keys};
use crate::connection::{Moment, Pool, take};
use crate::driver::Row;
use crate::error::OrFailed as _;
use crate::{row, statements};

const READING: &str = "reading a record";

/// No key has more columns.
const MAX_COLUMNS: usize = 2;

/// What is under these keys, at one moment. One statement sees one moment by itself, and is one round trip; a transaction
/// is begun where there are more keys than one statement takes.
pub(crate) async fn load(pool: &Pool, keys: &[Key]) -> Result<Vec<Loaded>, StoreError> {
    let mut batches = batches(keys);
    match (batches.pop(), batches.is_empty()) {
        (None, _) => Ok(Vec::new()),
        (Some((first, values)), true) => {
            let mut loaded = vec![Loaded::ABSENT; keys.len()];
            let batch = statement(first, &values)?;
            let answers = take(pool).await?.ask(&batch).await.or_failed(READING)?;
            fill(&mut loaded, keys, answers.into_iter().flatten())?;
            Ok(loaded)
        }
        _ => {
            let mut moment = Moment::begin(pool, READING).await?;
            let loaded = load_within(&mut moment, keys).await?;
            moment.end().await?;
            Ok(loaded)
        }
    }
}

/// The same, in a transaction that was begun.
pub(crate) async fn load_within(moment: &mut Moment, keys: &[Key]) -> Result<Vec<Loaded>, StoreError> {
    let mut loaded = vec![Loaded::ABSENT; keys.len()];
    for (asked, values) in batches(keys) {
        let batch = statement(asked, &values)?;
        let answers = moment.ask(&batch).await?;
        fill(&mut loaded, keys, answers.into_iter().flatten())?;
    }
    Ok(loaded)
}

/// Keys that one statement looks up, with their places in the answer.
type Asked = BTreeMap<(RecordKind, bool), Vec<usize>>;
/// The columns of keys, by their places.
type Values = BTreeMap<usize, Vec<Value>>;

fn batches(keys: &[Key]) -> Vec<(Asked, Values)> {
    let mut batches = Vec::new();
    for (nth, chunk) in keys.chunks(MAX_PARAMETERS / MAX_COLUMNS).enumerate() {
        let (mut asked, mut values) = (Asked::new(), Values::new());
        for (place, key) in (nth * (MAX_PARAMETERS / MAX_COLUMNS)..).zip(chunk) {
            let by_number = matches!(key, Key::TicketNumber(_));
            asked.entry((key.kind(), by_number)).or_default().push(place);
            values.insert(place, table::key_values(key));
        }
        batches.push((asked, values));
    }
    batches
}

fn statement(asked: Asked, values: &Values) -> Result<Batch<'_>, StoreError> {
    let mut parameters = Parameters::default();
    let mut parts = Vec::new();
    for ((kind, by_number), places) in asked {
        let keys = places.iter().filter_map(|place| Some((*place, values.get(place)?.as_slice())));
        if by_number {
            let rows = numbered_keys(&mut parameters, &[Type::Integer], keys);
            parts.push(format!(
                "SELECT k.nth, t.version, t.data, t.number, CAST(NULL AS VARBINARY(MAX)) AS text
                 FROM (VALUES {rows}) AS k(nth, number) JOIN tickets AS t ON t.number = k.number
                 WHERE t.number IS NOT NULL AND t.data IS NOT NULL"
            ));
        } else {
            parts.push(statements::load(table::of(kind)?, keys, &mut parameters));
        }
    }
    Ok(Batch::of(parts.join(" UNION ALL "), parameters))
}

fn fill(loaded: &mut [Loaded], keys: &[Key], rows: impl Iterator<Item = Row>) -> Result<(), StoreError> {
    for row in rows {
        let place = usize::try_from(row.integer(0)?).unwrap_or(usize::MAX);
        if let (Some(slot), Some(key)) = (loaded.get_mut(place), keys.get(place)) {
            *slot = one(key.kind(), &row)?;
        }
    }
    Ok(())
}

fn one(kind: RecordKind, row: &Row) -> Result<Loaded, StoreError> {
    let version = Version::new(unsigned(row.integer(1)?));
    let data = row.bytes_or_null(2)?;
    let record = data.map(|data| row::record(kind, data, row::extra(kind, row, 3)?)).transpose()?;
    Ok(Loaded { version, record })
}
