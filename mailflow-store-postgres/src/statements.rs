//! [`Statements`]: the statements that all tables share. Each takes arrays, so that one statement serves all records of a
//! kind, however many there are.

use std::sync::LazyLock;

use mailflow_core::store::StoreError;
use mailflow_store_rows::table::{Column, PerTable, Table};

use crate::value::{Type, array_type};

/// The statements of one table. Those that look take an array for each key column, and say first which key it was,
/// counted from 1.
pub(crate) struct Statements {
    /// → version, whether there is a record; of numbered rows also their number, ticket and hash of words.
    pub look: String,
    /// → version, data, what is beside it.
    pub load: String,
    /// Takes arrays of columns, versions, data, keys. Writes a row, whatever was there.
    pub put: String,
    /// Takes arrays of keys.
    pub delete: String,
    /// Takes a key, and a limit → version, data, what is beside it: the records there are from this key on, by key.
    pub all_from: String,
    /// The same after a key.
    pub all_after: String,
    /// Takes a key, and a limit → version, key: what was erased from this key on, by key.
    pub gone_from: String,
    /// The same after a key.
    pub gone_after: String,
}

static ALL: LazyLock<PerTable<Statements>> = LazyLock::new(|| PerTable::new(Statements::of));

/// The statements of a table.
pub(crate) fn of(table: &Table) -> Result<&'static Statements, StoreError> {
    ALL.of(table)
}

impl Statements {
    fn of(table: &Table) -> Self {
        let Table { name, keys, columns, beside, numbered, .. } = table;
        let beside = beside.map_or_else(|| "NULL::bytea".to_owned(), |column| format!("t.{column}"));
        let names = |columns: &[Column]| columns.iter().map(|it| it.0).collect::<Vec<_>>().join(", ");
        let places = |columns: &mut dyn Iterator<Item = Type>| {
            let places: Vec<String> =
                columns.enumerate().map(|(n, of)| format!("${}::{}", n + 1, array_type(of))).collect();
            places.join(", ")
        };
        let key_places = places(&mut keys.iter().map(|it| it.1));
        let same: Vec<String> = keys.iter().map(|(key, _)| format!("t.{key} = k.{key}")).collect();
        let same = same.join(" AND ");
        let key_names = names(keys);
        // LIMIT keeps the planner from joining the other way round.
        let look = |what: &str| {
            format!(
                "SELECT k.nth, t.* FROM unnest({key_places}) WITH ORDINALITY k({key_names}, nth) \
                 CROSS JOIN LATERAL (SELECT {what} FROM {name} t WHERE {same} LIMIT 1) t"
            )
        };
        let key_values: Vec<String> = (1..=keys.len()).map(|nth| format!("${nth}")).collect();
        let all = |than: &str| {
            format!(
                "SELECT t.version, t.data, {beside} AS beside FROM {name} t WHERE t.data IS NOT NULL \
                 AND ({key_names}) {than} ({}) ORDER BY {key_names} LIMIT ${}",
                key_values.join(", "),
                keys.len() + 1
            )
        };
        let gone = |than: &str| {
            let shown: Vec<String> = keys.iter().map(|(key, _)| format!("t.{key}")).collect();
            format!(
                "SELECT t.version, {} FROM {name} t WHERE t.data IS NULL AND ({key_names}) {than} ({}) \
                 ORDER BY {key_names} LIMIT ${}",
                shown.join(", "),
                key_values.join(", "),
                keys.len() + 1
            )
        };
        let mut written: Vec<Column> = columns.to_vec();
        written.extend([("version", Type::Integer), ("data", Type::Bytes)]);
        let set: Vec<String> = written
            .iter()
            .map(|(column, _)| match *column {
                // A ticket keeps its number for ever: none is given twice.
                "number" => "number = COALESCE(excluded.number, t.number)".to_owned(),
                column => format!("{column} = excluded.{column}"),
            })
            .collect();
        written.extend_from_slice(keys);
        let numbered = if *numbered { ", t.seq, t.ticket, t.words" } else { "" };
        Self {
            look: look(&format!("t.version, t.data IS NOT NULL AS there{numbered}")),
            load: look(&format!("t.version, t.data, {beside} AS beside")),
            put: format!(
                "INSERT INTO {name} AS t ({}) SELECT * FROM unnest({}) ON CONFLICT ({key_names}) DO UPDATE SET {}",
                names(&written),
                places(&mut written.iter().map(|it| it.1)),
                set.join(", ")
            ),
            all_from: all(">="),
            all_after: all(">"),
            gone_from: gone(">="),
            gone_after: gone(">"),
            delete: format!("DELETE FROM {name} t USING unnest({key_places}) k({key_names}) WHERE {same}"),
        }
    }
}
