//! Prints rule by rule which store keeps which rule of `mailflow-test`: `conformance_report [RULE…]`. Ends with 1 if a
//! rule is broken. A store that cannot be there on this machine is left out, by name.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::panic::AssertUnwindSafe;
use std::process::ExitCode;
use std::sync::Arc;

use async_trait::async_trait;
use mailflow_core::store::{MemoryStore, Store};
use mailflow_store_mssql::MssqlStore;
use mailflow_store_postgres::PostgresStore;
use mailflow_store_sqlite::SqliteStore;
use mailflow_test::store::{InMemory, Place, RULES, Rule, run};
use mailflow_test::{mssql, postgres};
use tempfile::TempDir;

/// A kind of store.
struct Column {
    name: &'static str,
    /// An empty place for it; `None` if this machine has none.
    place: Option<fn() -> Arc<dyn Place>>,
    passed: usize,
}

struct InFile(TempDir);

#[async_trait]
impl Place for InFile {
    async fn open(&self) -> Arc<dyn Store> {
        let file = self.0.path().join("desk.db");
        Arc::new(SqliteStore::open(file, mailflow_store_sqlite::Options::default()).unwrap())
    }
}

struct InDatabase(postgres::Database);

#[async_trait]
impl Place for InDatabase {
    async fn open(&self) -> Arc<dyn Store> {
        Arc::new(PostgresStore::open(&self.0.url(), mailflow_store_postgres::Options::default()).await.unwrap())
    }
}

struct InMssql(mssql::Database);

#[async_trait]
impl Place for InMssql {
    async fn open(&self) -> Arc<dyn Store> {
        Arc::new(MssqlStore::open(&self.0.url(), mailflow_store_mssql::Options::default()).await.unwrap())
    }
}

fn columns() -> Vec<Column> {
    let memory: fn() -> Arc<dyn Place> = || Arc::new(InMemory::new(MemoryStore::new()));
    let sqlite: fn() -> Arc<dyn Place> = || Arc::new(InFile(TempDir::new().unwrap()));
    let postgres: fn() -> Arc<dyn Place> = || Arc::new(InDatabase(postgres::Database::fresh()));
    let mssql: fn() -> Arc<dyn Place> = || Arc::new(InMssql(mssql::Database::fresh()));
    let column = |name, place| Column { name, place, passed: 0 };
    vec![
        column("memory", Some(memory)),
        column("sqlite", Some(sqlite)),
        column("postgres", postgres::is_there().then_some(postgres)),
        column("mssql", mssql::is_there().then_some(mssql)),
    ]
}

/// What a rule says of a store.
fn verdict(rule: &Rule, column: &mut Column) -> &'static str {
    let Some(place) = column.place else { return "left out" };
    match std::panic::catch_unwind(AssertUnwindSafe(|| run((rule.check)(place())))) {
        Ok(()) => {
            column.passed += 1;
            "pass"
        }
        Err(_) => "FAIL",
    }
}

fn main() -> ExitCode {
    let wanted: Vec<String> = std::env::args().skip(1).collect();
    let rules: Vec<&Rule> =
        RULES.iter().filter(|rule| wanted.is_empty() || wanted.iter().any(|it| rule.name.contains(it))).collect();
    let mut columns = columns();
    let width = rules.iter().map(|rule| rule.name.len()).max().unwrap_or(0);
    let line = |first: &str, cells: Vec<String>| {
        let cells: String = cells.iter().map(|cell| format!("  {cell:<9}")).collect();
        println!("{}", format!("{first:<width$}{cells}").trim_end());
    };
    line("rule", columns.iter().map(|it| it.name.to_owned()).collect());
    for rule in &rules {
        line(rule.name, columns.iter_mut().map(|column| verdict(rule, column).to_owned()).collect());
    }
    let passed =
        |it: &Column| if it.place.is_some() { format!("{}/{}", it.passed, rules.len()) } else { "-".to_owned() };
    line("rules kept", columns.iter().map(passed).collect());
    let is_kept = columns.iter().all(|it| it.place.is_none() || it.passed == rules.len());
    if is_kept && !rules.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
