//! The statements that all tables share.

use std::borrow::Cow;

use mailflow_store_rows::decide::Final;
use mailflow_store_rows::table::{Column, NUMBER, Table};
use mailflow_store_rows::value::{Type, Value, signed};

use crate::batch::{Parameters, numbered_keys};
use crate::value::{Parameter, parameter};

/// The column of a table whose key is a text, or ends with one: the text, or the beginning of a very long one. The
/// column of the key itself has its digest, which does not sort.
const NAME: Column = ("name", Type::Bytes);

/// An index takes no longer entries.
pub(crate) const MAX_SORT_NAME: usize = 1600;

fn is_named(table: &Table) -> bool {
    table.keys.iter().any(|(_, of)| *of == Type::Text)
}

/// What is in the column [`NAME`].
fn name(key: &[Value]) -> Option<&[u8]> {
    match key.last() {
        Some(Value::Bytes(text)) => Some(text.get(..MAX_SORT_NAME).unwrap_or(text)),
        _ => None,
    }
}

/// What stands under these keys: the place of each, and these columns of `t`.
fn under<'k>(
    table: &Table,
    what: &str,
    keys: impl Iterator<Item = (usize, &'k [Value])>,
    parameters: &mut Parameters<'k>,
) -> String {
    let types: Vec<Type> = table.keys.iter().map(|it| it.1).collect();
    let rows = numbered_keys(parameters, &types, keys);
    let names: Vec<String> = table.keys.iter().map(|(key, _)| format!("[{key}]")).collect();
    let same: Vec<String> = names.iter().map(|key| format!("t.{key} = k.{key}")).collect();
    format!(
        "SELECT k.nth, {what} FROM (VALUES {rows}) AS k(nth, {}) JOIN {} AS t ON {}",
        names.join(", "),
        table.name,
        same.join(" AND ")
    )
}

/// → place, version, whether there is a record; of numbered rows also their number, ticket and hash of words.
pub(crate) fn look<'k>(
    table: &Table,
    keys: impl Iterator<Item = (usize, &'k [Value])>,
    parameters: &mut Parameters<'k>,
) -> String {
    let numbered = if table.numbered { ", t.seq, t.ticket, t.words" } else { "" };
    let what = format!("t.version, CASE WHEN t.data IS NULL THEN 0 ELSE 1 END AS there{numbered}");
    under(table, &what, keys, parameters)
}

/// → place, version, data, number, text.
pub(crate) fn load<'k>(
    table: &Table,
    keys: impl Iterator<Item = (usize, &'k [Value])>,
    parameters: &mut Parameters<'k>,
) -> String {
    under(table, &format!("t.version, t.data, {}", beside(table)), keys, parameters)
}

/// The records behind a key, by key: version, data, number, text. Keys that stand as digests sort by their names.
pub(crate) fn all(table: &Table, after: Option<&[u8]>, most: i64, parameters: &mut Parameters<'_>) -> String {
    let what = format!("t.version, t.data, {}", beside(table));
    behind(table, ("t.data IS NOT NULL", &what), (after, most), parameters)
}

/// What was erased behind a key, by key: version, the key; of one that stands as a digest its name.
pub(crate) fn gone(table: &Table, after: Option<&[u8]>, most: i64, parameters: &mut Parameters<'_>) -> String {
    let key = |(name, of): &Column| if *of == Type::Text { format!("t.[{}]", NAME.0) } else { format!("t.[{name}]") };
    let keys: Vec<String> = table.keys.iter().map(key).collect();
    // Of what was erased by an earlier version, no name is known.
    let known = if is_named(table) { "t.data IS NULL AND t.[name] IS NOT NULL" } else { "t.data IS NULL" };
    behind(table, (known, &format!("t.version, {}", keys.join(", "))), (after, most), parameters)
}

fn behind(
    table: &Table,
    (which, what): (&str, &str),
    (after, most): (Option<&[u8]>, i64),
    parameters: &mut Parameters<'_>,
) -> String {
    let mut order: Vec<Column> = table.keys.to_vec();
    let before_last = order.len().saturating_sub(1);
    if is_named(table) {
        order.insert(before_last, NAME);
    }
    let mut behind = which.to_owned();
    if let Some(after) = after {
        let key = table.key_from(Some(after));
        let mut values: Vec<Parameter<'_>> =
            table.keys.iter().zip(&key).map(|((_, of), value)| parameter(value, *of)).collect();
        if is_named(table) {
            values.insert(before_last, Parameter::Bytes(name(&key).map(Cow::Borrowed)));
        }
        // Its first part is what an index is entered by.
        let mut condition = String::new();
        for ((name, of), value) in order.iter().zip(values).rev() {
            let place = parameters.compared(*of, value.into_owned());
            condition = if condition.is_empty() {
                format!("t.[{name}] > {place}")
            } else {
                format!("t.[{name}] >= {place} AND (t.[{name}] > {place} OR {condition})")
            };
        }
        behind = format!("{behind} AND {condition}");
    }
    let most = parameters.integer(most);
    let order: Vec<String> = order.iter().map(|(name, _)| format!("t.[{name}]")).collect();
    format!("SELECT TOP ({most}) {what} FROM {} AS t WHERE {behind} ORDER BY {}", table.name, order.join(", "))
}

/// The condition that a row has this key.
fn is<'k>(table: &Table, key: &'k [Value], parameters: &mut Parameters<'k>) -> String {
    let same = table
        .keys
        .iter()
        .zip(key)
        .map(|((name, of), value)| format!("[{name}] = {}", parameters.compared(*of, parameter(value, *of))));
    same.collect::<Vec<_>>().join(" AND ")
}

/// The columns that are written, in their order, with their types: columns, name, version, data, key.
pub(crate) fn written(table: &Table) -> impl Iterator<Item = Column> {
    let middle = [("version", Type::Integer), ("data", Type::Bytes)];
    let columns = table.columns.iter().copied().chain(is_named(table).then_some(NAME));
    columns.chain(middle).chain(table.keys.iter().copied())
}

/// A row that is written, in the order of [`written`]; nothing if there shall be no row. Its key is still missing.
pub(crate) fn row<'p>(last: &Final<'p>) -> Option<Vec<Parameter<'p>>> {
    let cell = |(value, (_, of)): (Cow<'p, Value>, &Column)| match value {
        Cow::Borrowed(value) => parameter(value, *of),
        Cow::Owned(value) => parameter(&value, *of).into_owned(),
    };
    let mut cells: Vec<Parameter<'p>> = last.columns()?.into_iter().zip(last.table.columns).map(cell).collect();
    if is_named(last.table) {
        // A tombstone has it too: its key cannot be read out of the digest.
        cells.push(Parameter::Bytes(name(last.key).map(Cow::Borrowed)));
    }
    cells.push(Parameter::Integer(Some(signed(last.version))));
    cells.push(Parameter::Bytes(last.data().map(Cow::Borrowed)));
    Some(cells)
}

/// Inserts rows.
pub(crate) fn insert<'v>(table: &Table, rows: &[Vec<Parameter<'v>>], parameters: &mut Parameters<'v>) -> String {
    let names: Vec<String> = written(table).map(|(name, _)| format!("[{name}]")).collect();
    let rows: Vec<String> = rows
        .iter()
        .map(|row| {
            let places: Vec<String> = row.iter().map(|value| parameters.add(value.clone())).collect();
            format!("({})", places.join(", "))
        })
        .collect();
    format!("INSERT INTO {} ({}) VALUES {};", table.name, names.join(", "), rows.join(", "))
}

/// Changes the row of a key.
pub(crate) fn update<'v>(
    table: &Table,
    row: &[Parameter<'v>],
    key: &'v [Value],
    parameters: &mut Parameters<'v>,
) -> String {
    let set: Vec<String> = written(table)
        .zip(row)
        .map(|((name, _), value)| {
            let place = parameters.add(value.clone());
            match name {
                // A ticket keeps its number for ever: none is given twice.
                NUMBER => format!("[{NUMBER}] = COALESCE({place}, [{NUMBER}])"),
                name => format!("[{name}] = {place}"),
            }
        })
        .collect();
    format!("UPDATE {} SET {} WHERE {};", table.name, set.join(", "), is(table, key, parameters))
}

/// Removes the row of a key.
pub(crate) fn delete<'v>(table: &Table, key: &'v [Value], parameters: &mut Parameters<'v>) -> String {
    format!("DELETE FROM {} WHERE {};", table.name, is(table, key, parameters))
}

/// The number of a ticket and the text of a message.
fn beside(table: &Table) -> &'static str {
    match table.beside {
        Some(NUMBER) => WITH_NUMBER,
        Some(_) => WITH_TEXT,
        None => NOTHING,
    }
}

/// What stands for the number of what is no ticket, and for the text of what is no message.
pub(crate) const NOTHING: &str = "CAST(NULL AS BIGINT) AS number, CAST(NULL AS VARBINARY(MAX)) AS text";
pub(crate) const WITH_NUMBER: &str = "t.number, CAST(NULL AS VARBINARY(MAX)) AS text";
const WITH_TEXT: &str = "CAST(NULL AS BIGINT) AS number, t.text";
