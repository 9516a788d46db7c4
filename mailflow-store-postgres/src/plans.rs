//! No statement of the store may walk through a table of records. Statements that are issued while rules of
//! `mailflow-test` run are remembered here, and their plans are looked at.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use mailflow_core::store::Store;
use mailflow_store_rows::table;
use mailflow_test::postgres::{Database, is_there};
use mailflow_test::store::{Place, RULES};

use crate::connection::SETTINGS;
use crate::{Options, PostgresStore};

static ISSUED: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());

/// Remembers a statement.
pub(crate) fn note(sql: &str) {
    let mut issued = ISSUED.lock().unwrap_or_else(PoisonError::into_inner);
    if !issued.contains(sql) {
        issued.insert(sql.to_owned());
    }
}

struct InDatabase(Database);

#[async_trait]
impl Place for InDatabase {
    async fn open(&self) -> Arc<dyn Store> {
        Arc::new(PostgresStore::open(&self.0.url(), Options::default()).await.unwrap())
    }
}

/// Rules that together make the store issue its statements; all of them would do it too, in more time.
const ASKING: [&str; 13] = [
    "every_kind_of_record_comes_back_as_it_went_in",
    "an_erased_record_leaves_a_tombstone_or_nothing_as_its_kind_says",
    "lists_of_tickets_have_what_the_query_matches",
    "every_list_has_its_order",
    "counts_are_the_lengths_of_lists_up_to_the_limit",
    "a_search_finds_phrases_word_by_word",
    "a_body_comes_back_as_it_was_kept",
    "an_erased_body_is_gone_and_may_still_be_named",
    "a_body_that_is_kept_again_is_there_again",
    "a_ticket_that_moved_is_found_where_it_lies",
    "mails_are_counted_by_the_rule_that_placed_them",
    "the_audit_has_what_the_query_matches",
    "alerts_are_listed_as_long_as_their_cause_may_be_seen",
];

/// The plan of a statement, whatever its parameters are, in lines.
fn plan(database: &Database, sql: &str) -> Vec<String> {
    let most = (1..=30).rev().find(|nth| sql.contains(&format!("${nth}"))).unwrap_or(0);
    let nulls = if most == 0 { String::new() } else { format!("({})", vec!["NULL"; most].join(", ")) };
    let asked = format!(
        "{SETTINGS}; SET plan_cache_mode = force_generic_plan; PREPARE it AS {sql}; EXPLAIN (COSTS OFF) EXECUTE it{nulls}"
    );
    database.sql(&asked).lines().map(str::to_owned).collect()
}

/// The steps of a plan that walk through a table of records, or sort what an index has in order.
fn walks(plan: &[String]) -> Vec<&str> {
    // Sessions and documents are few, and there are lists of all of them; one row has no index.
    let small = ["sessions", "documents", "directory", "counters"];
    let others = ["search", "contact_words", "bodies", "body_chunks"];
    let names = table::ALL.iter().map(|table| table.name).chain(others).filter(|name| !small.contains(name));
    let names: Vec<&str> = names.collect();
    let of = |line: &str, name: &str| line.split(" on ").nth(1).is_some_and(|it| it.split(' ').next() == Some(name));
    let mut found = Vec::new();
    for (nth, line) in plan.iter().enumerate() {
        let reads = names.iter().any(|name| of(line, name));
        let next = plan.get(nth + 1).map_or("", |line| line.trim_start());
        let walks = line.contains("Seq Scan on ")
            || (line.contains("Index Scan ") || line.contains("Index Only Scan "))
                && !next.starts_with("Index Cond:");
        // What is found by rare words is sorted, and the few chunks of a body; all else comes out of an index in order.
        let sorts = line.trim_start().starts_with("Sort Key:")
            && names.iter().any(|name| !["search", "body_chunks"].contains(name) && of(next, name));
        let walks_through_index = line.contains("Bitmap Index Scan on ") && !next.starts_with("Index Cond:");
        if (reads && walks) || walks_through_index || sorts {
            found.push(line.as_str());
        }
    }
    found
}

#[test]
fn no_statement_walks_through_a_table() {
    if !is_there() {
        return;
    }
    for name in ASKING {
        let rule = RULES.iter().find(|rule| rule.name == name).unwrap();
        mailflow_test::store::run((rule.check)(Arc::new(InDatabase(Database::fresh()))));
    }
    let place = InDatabase(Database::fresh());
    mailflow_test::store::run({
        let url = place.0.url();
        async move { drop(PostgresStore::open(&url, Options::default()).await.unwrap()) }
    });
    let issued = ISSUED.lock().unwrap().clone();
    assert!(issued.len() > 60, "the rules make the store issue its statements: {}", issued.len());
    for sql in &issued {
        let plan = plan(&place.0, sql);
        assert_eq!(walks(&plan), [""; 0], "{sql}\n{}", plan.join("\n"));
    }
    // The control: statements that do walk, or sort.
    for sql in [
        "SELECT id FROM tickets WHERE updated > 7",
        "SELECT count(*) FROM messages",
        "SELECT t.id FROM tickets t WHERE t.ticketbox = $1 ORDER BY t.updated",
    ] {
        assert_ne!(walks(&plan(&place.0, sql)), [""; 0], "{sql}");
    }
}
