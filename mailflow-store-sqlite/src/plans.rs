//! No statement of the store may walk through all tickets or messages. Every statement that is issued while all rules
//! of `mailflow-test` run is remembered here, and its plan is looked at.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use mailflow_core::store::Store;
use mailflow_store_rows::table;
use mailflow_test::store::{Place, RULES};
use rusqlite::Connection;
use tempfile::TempDir;

use crate::{Options, SqliteStore, connection};

static ISSUED: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());

/// Remembers a statement.
pub(crate) fn note(sql: &str) {
    let mut issued = ISSUED.lock().unwrap_or_else(PoisonError::into_inner);
    if !issued.contains(sql) {
        issued.insert(sql.to_owned());
    }
}

struct InFile(TempDir);

#[async_trait]
impl Place for InFile {
    async fn open(&self) -> Arc<dyn Store> {
        Arc::new(SqliteStore::open(self.0.path().join("desk.db"), Options::default()).unwrap())
    }
}

/// The steps of a plan that walk through a table of records.
fn walks(connection: &Connection, sql: &str) -> Vec<String> {
    let mut statement = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
    let mut steps = Vec::new();
    // Places without a value are NULL, which changes no plan.
    let mut rows = statement.raw_query();
    while let Some(row) = rows.next().unwrap() {
        steps.push(row.get::<_, String>(3).unwrap());
    }
    steps.retain(|step| table::ALL.iter().any(|table| is_walk(step, table.name)));
    steps
}

fn is_walk(step: &str, table: &str) -> bool {
    // Sessions and documents are few, and there are lists of all of them; one row has no index.
    let small = ["sessions", "documents"].contains(&table);
    let words: Vec<&str> = step.split_whitespace().collect();
    let unsorted = step.starts_with("USE TEMP B-TREE FOR ORDER BY");
    (words.first() == Some(&"SCAN") && words.get(1) == Some(&table) && !small) || unsorted
}

#[test]
fn no_statement_walks_through_a_table() {
    for rule in RULES {
        mailflow_test::store::run((rule.check)(Arc::new(InFile(TempDir::new().unwrap()))));
    }
    let folder = TempDir::new().unwrap();
    let connection = connection::writer(&folder.path().join("desk.db"), 1 << 20).unwrap();
    let issued = ISSUED.lock().unwrap().clone();
    assert!(issued.len() > 100, "the rules make the store issue its statements: {}", issued.len());
    for sql in &issued {
        assert_eq!(walks(&connection, sql), [""; 0], "{sql}");
    }
    // The control: statements that do walk.
    for sql in ["SELECT id FROM tickets WHERE updated > 7", "SELECT count(*) FROM messages"] {
        assert_ne!(walks(&connection, sql), [""; 0], "{sql}");
    }
}
