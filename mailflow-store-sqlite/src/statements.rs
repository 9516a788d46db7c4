//! [`Statements`]: the statements that all tables share.

use std::sync::LazyLock;

use mailflow_core::store::StoreError;
use mailflow_store_rows::table::{NUMBER, PerTable, SEQ, Table};

/// The statements of one table.
pub(crate) struct Statements {
    /// Key → version, whether there is a record.
    pub version: String,
    /// Key → version, data, what is beside it.
    pub load: String,
    /// Columns, version, data, key (and number).
    pub insert: String,
    /// Columns, version, data, key.
    pub update: String,
    /// Version, key.
    pub bury: String,
    /// Key.
    pub delete: String,
    /// Key, limit → version, data, what is beside it: the records there are from this key on, by key.
    pub all_from: String,
    /// The same after a key.
    pub all_after: String,
    /// Key, limit → version, key: what was erased from this key on, by key.
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
        let Table { name, numbered, .. } = table;
        let keys: Vec<&str> = table.keys.iter().map(|it| it.0).collect();
        // The number is given by an insert, and stays.
        let columns: Vec<&str> = table.columns.iter().map(|it| it.0).filter(|name| *name != SEQ).collect();
        let beside = table.beside.unwrap_or("NULL");
        let place = |from: usize| {
            let places: Vec<String> =
                keys.iter().enumerate().map(|(n, key)| format!("{key} = ?{}", from + n)).collect();
            places.join(" AND ")
        };
        let mut written = columns.clone();
        written.extend(["version", "data"]);
        let set: Vec<String> =
            written.iter().enumerate().map(|(n, column)| format!("{column} = ?{}", n + 1)).collect();
        // A ticket keeps its number for ever: none is given twice.
        let cleared = columns.iter().filter(|column| **column != NUMBER).map(|column| format!("{column} = NULL, "));
        let inserted: Vec<&str> = written.iter().chain(keys.iter()).copied().chain(numbered.then_some(SEQ)).collect();
        let places: Vec<String> = (1..=inserted.len()).map(|n| format!("?{n}")).collect();
        let all = |than: &str| {
            let names = keys.join(", ");
            let values: Vec<String> = (1..=keys.len()).map(|nth| format!("?{nth}")).collect();
            format!(
                "SELECT version, data, {beside} FROM {name} WHERE data IS NOT NULL AND ({names}) {than} ({}) \
                 ORDER BY {names} LIMIT ?{}",
                values.join(", "),
                keys.len() + 1
            )
        };
        let gone = |than: &str| {
            let names = keys.join(", ");
            let values: Vec<String> = (1..=keys.len()).map(|nth| format!("?{nth}")).collect();
            format!(
                "SELECT version, {names} FROM {name} WHERE data IS NULL AND ({names}) {than} ({}) \
                 ORDER BY {names} LIMIT ?{}",
                values.join(", "),
                keys.len() + 1
            )
        };
        Self {
            version: format!("SELECT version, data IS NOT NULL FROM {name} WHERE {}", place(1)),
            load: format!("SELECT version, data, {beside} FROM {name} WHERE {}", place(1)),
            insert: format!("INSERT INTO {name} ({}) VALUES ({})", inserted.join(", "), places.join(", ")),
            update: format!("UPDATE {name} SET {} WHERE {}", set.join(", "), place(written.len() + 1)),
            bury: format!(
                "UPDATE {name} SET {}version = ?1, data = NULL WHERE {}",
                cleared.collect::<String>(),
                place(2)
            ),
            all_from: all(">="),
            all_after: all(">"),
            gone_from: gone(">="),
            gone_after: gone(">"),
            delete: format!("DELETE FROM {name} WHERE {}", place(1)),
        }
    }
}
