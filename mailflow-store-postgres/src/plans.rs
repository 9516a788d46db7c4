//! No statement of the store may walk through a table of records. Statements that are issued while rules of
//! `mailflow-test` run are remembered here, and their plans are looked at.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use mailflow_core::access::Visibility;
use mailflow_core::search::phrases;
use mailflow_core::store::{Page, Query, SearchQuery, Store, TicketQuery};
use mailflow_store_rows::table;
use mailflow_test::postgres::{Database, is_there};
use mailflow_test::store::samples::{agent_id, box_id};
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
const ASKING: [&str; 14] = [
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
    "the_ticket_whose_turn_it_is_comes_first",
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

/// The first column of each index: who does not ask for it walks through the whole index.
fn leading(database: &Database) -> BTreeMap<String, String> {
    let sql = "SELECT c.relname || ' ' || a.attname FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
        JOIN pg_attribute a ON a.attrelid = i.indexrelid AND a.attnum = 1";
    let said = database.sql(sql);
    said.lines().filter_map(|line| line.split_once(' ')).map(|(of, name)| (of.to_owned(), name.to_owned())).collect()
}

/// Whether a step of a plan reads a part of an index, and not the whole of it.
fn asks_for_a_part(step: &str, condition: &str, leading: &BTreeMap<String, String>) -> bool {
    let named = step.split(" using ").nth(1).or_else(|| step.split("Bitmap Index Scan on ").nth(1));
    let index = named.and_then(|it| it.split(' ').next()).unwrap_or_default();
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let mut asked = condition.strip_prefix("Index Cond:").into_iter().flat_map(|it| it.split(|c| !is_word(c)));
    // The index of words is on an expression.
    leading.get(index).is_some_and(|first| asked.any(|word| word == first || first == "expr"))
}

/// The steps of a plan that walk through a table of records, or sort what an index has in order.
fn walks<'p>(plan: &'p [String], leading: &BTreeMap<String, String>) -> Vec<&'p str> {
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
        let through_index = line.contains("Index Scan ") || line.contains("Index Only Scan ");
        let walks = through_index && !asks_for_a_part(line, next, leading);
        // What is found by rare words is sorted, and the few chunks of a body; all else comes out of an index in order.
        let sorts = line.trim_start().starts_with("Sort Key:")
            && names.iter().any(|name| !["search", "body_chunks"].contains(name) && of(next, name));
        // What an index is named, a bitmap of it says; which table that is, it does not.
        let bitmap = line.contains("Bitmap Index Scan on ");
        if (reads && line.contains("Seq Scan on ")) || (walks && (reads || bitmap)) || sorts {
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
    // As if so many texts had been taken in: then a search asks for the newest ones first.
    place.0.sql("UPDATE counters SET seq = 5000000");
    mailflow_test::store::run({
        let url = place.0.url();
        async move {
            let store = PostgresStore::open(&url, Options::default()).await.unwrap();
            let within = TicketQuery::all(Visibility::of_ticketboxes(agent_id(1), [box_id(1)].into()));
            let query = SearchQuery { phrases: phrases("apple \"red pear\""), within };
            assert_eq!(store.find(&Query::Search(query), &Page::first(1)).await.unwrap().rows, []);
        }
    });
    let issued = ISSUED.lock().unwrap().clone();
    let leading = leading(&place.0);
    assert!(issued.len() > 60, "the rules make the store issue its statements: {}", issued.len());
    for sql in &issued {
        let plan = plan(&place.0, sql);
        assert_eq!(walks(&plan, &leading), [""; 0], "{sql}\n{}", plan.join("\n"));
    }
    assert!(issued.iter().any(|sql| sql.matches("@@").count() == 5), "three words, a ticketbox, the newest");
    // The control: statements that do walk, or sort.
    for sql in [
        "SELECT s.seq FROM search s WHERE s.words @@ $1::text::tsquery ORDER BY s.seq DESC LIMIT 50",
        "SELECT id FROM tickets WHERE updated > 7",
        "SELECT count(*) FROM messages",
        "SELECT t.id FROM tickets t WHERE t.ticketbox = $1 ORDER BY t.updated",
        "SELECT t.id FROM tickets t WHERE t.updated = $1 AND t.shelf IS NOT NULL",
        "SELECT t.number FROM tickets t WHERE t.turn IS NOT NULL ORDER BY t.updated, t.turn LIMIT 1",
    ] {
        assert_ne!(walks(&plan(&place.0, sql), &leading), [""; 0], "{sql}");
    }
}
