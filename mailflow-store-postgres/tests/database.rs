//! What is particular to a store in a PostgreSQL database.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use mailflow_core::access::Visibility;
use mailflow_core::arrival::ArrivalState;
use mailflow_core::search::phrases;
use mailflow_core::store::{
    CommitError, Entry, Key, Page, Query, Record, Row, SearchQuery, Store as _, StoreError, TicketQuery,
};
use mailflow_store_postgres::{Options, PostgresStore};
use mailflow_test::postgres::{Database, is_there};
use mailflow_test::store::rules::{shape, turns};
use mailflow_test::store::samples::{BODY, agent_id, arrival, box_id, message, ticket, ticket_id};

mod common;
use common::{changeset, insert, open};

async fn refusal(url: &str) -> StoreError {
    PostgresStore::open(url, Options::default()).await.unwrap_err()
}

/// So that it does not compress well, and is written in several chunks.
fn large() -> Vec<u8> {
    (0..2_500_000_u32).flat_map(|nth| nth.wrapping_mul(2_654_435_761).to_be_bytes()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn servers_that_begin_at_the_same_time_make_one_database() {
    if !is_there() {
        return;
    }
    let database = Database::fresh();
    let opening: Vec<_> = (0..4)
        .map(|_| {
            let url = database.url();
            tokio::spawn(async move { PostgresStore::open(&url, Options::default()).await })
        })
        .collect();
    let mut stores = Vec::new();
    for store in opening {
        stores.push(store.await.unwrap().unwrap());
    }
    for (number, store) in (1..).zip(&stores) {
        let committed = insert(store, vec![ticket(number).into()]).await;
        assert_eq!(committed.numbers.first().map(|it| it.1), Some(number));
    }
    let taken = database.sql("SELECT count(*) = max(number) AND min(number) = 1 FROM mailflow_migrations");
    assert_eq!(taken.trim(), "t", "each step was taken once");
}

#[tokio::test]
async fn a_database_of_another_program_or_version_is_refused() {
    if !is_there() {
        return;
    }
    let database = Database::fresh();
    database.sql("CREATE TABLE tickets (name TEXT)");
    let error = refusal(&database.url()).await;
    assert!(error.is_unusable() && error.to_string().contains("a table `tickets` of another program"), "{error}");
    assert_eq!(database.sql("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").trim(), "1");

    let database = Database::fresh();
    drop(open(&database).await);
    let store = open(&database).await;
    store.check_shape().await.unwrap();
    database.sql("INSERT INTO mailflow_migrations SELECT 99, digest FROM mailflow_migrations WHERE number = 1");
    let error = store.check_shape().await.unwrap_err();
    assert!(error.is_unusable() && error.to_string().contains("use the later version of mailflow"), "{error}");
    drop(store);
    let error = refusal(&database.url()).await;
    assert!(error.is_unusable() && error.to_string().contains("use the later version of mailflow"), "{error}");
    database.sql("DELETE FROM mailflow_migrations WHERE number = 99; UPDATE mailflow_migrations SET digest = 'x'");
    let error = refusal(&database.url()).await;
    assert!(error.is_unusable() && error.to_string().contains("unreleased version"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_older_than_the_database_reads_and_only_takes_its_leave() {
    if !is_there() {
        return;
    }
    let database = Database::fresh();
    let store = open(&database).await;
    shape::an_older_program_reads_and_only_takes_its_leave(&store, |sql| drop(database.sql(sql))).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_commits_between_the_steps_of_a_later_version_and_its_end() {
    if !is_there() {
        return;
    }
    let database = Database::fresh();
    let store = std::sync::Arc::new(open(&database).await);
    insert(&store, vec![ticket(1).into()]).await;
    // As a later version takes its steps: the lock, what it makes, its note.
    let url = database.url();
    let (client, connection) = tokio_postgres::connect(&url, tokio_postgres::NoTls).await.unwrap();
    let connected = tokio::spawn(connection);
    client.batch_execute("BEGIN; LOCK TABLE counters IN EXCLUSIVE MODE").await.unwrap();
    let committing = {
        let store = std::sync::Arc::clone(&store);
        tokio::spawn(async move { store.commit(changeset(vec![ticket(2).into()])).await })
    };
    let waits =
        "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()";
    while client.query_one(waits, &[]).await.unwrap().get::<_, i64>(0) == 0 {
        tokio::task::yield_now().await;
    }
    assert!(!committing.is_finished());
    client
        .batch_execute(
            "INSERT INTO mailflow_migrations (number, digest) SELECT 99, digest FROM mailflow_migrations WHERE number = 1;
             COMMIT",
        )
        .await
        .unwrap();
    let Err(CommitError::Failed(said)) = committing.await.unwrap() else { unreachable!("it waited, and is too old") };
    assert!(said.is_outdated(), "{said}");
    drop(client);
    connected.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_database_with_another_encoding_is_refused() {
    if !is_there() {
        return;
    }
    let database = Database::fresh();
    let other = format!("{}_ascii", database.name());
    database.sql(&format!("CREATE DATABASE {other} ENCODING 'SQL_ASCII' TEMPLATE template0"));
    let error = refusal(&database.url().replace(database.name(), &other)).await;
    database.sql(&format!("DROP DATABASE {other} WITH (FORCE)"));
    assert!(error.is_unusable() && error.to_string().contains("ENCODING 'UTF8'"), "{error}");
}

#[tokio::test]
async fn what_hinders_a_connection_is_said_with_what_to_do() {
    if !is_there() {
        return;
    }
    let database = Database::fresh();
    let error = refusal(&database.url().replace(database.name(), "nowhere")).await;
    assert!(error.is_unusable() && error.to_string().contains("CREATE DATABASE nowhere OWNER postgres"), "{error}");
    let error = refusal(&database.url().replace("postgres@", "nobody@")).await;
    assert!(error.is_unusable() && error.to_string().contains("does not let `nobody` in"), "{error}");
    let error = refusal("postgres://ada@/desk?host=/nowhere").await;
    assert!(
        error.is_transient() && error.to_string().contains("`/nowhere/.s.PGSQL.5432` cannot be reached"),
        "{error}"
    );
    let error = refusal(&database.url().replace("sslmode=disable", "sslmode=loud")).await;
    assert!(error.is_unusable() && error.to_string().contains("`sslmode` is"), "{error}");
}

#[tokio::test]
async fn a_missing_right_is_said_before_mail_arrives() {
    if !is_there() {
        return;
    }
    let database = Database::fresh();
    let role = format!("r{}", database.name());
    database.sql(&format!("CREATE ROLE {role} LOGIN; REVOKE CREATE ON SCHEMA public FROM PUBLIC"));
    let url = database.url().replace("postgres@", &format!("{role}@"));
    let error = refusal(&url).await;
    assert!(error.is_unusable() && error.to_string().contains("may not make tables"), "{error}");
    drop(open(&database).await);
    let error = refusal(&url).await;
    assert!(error.is_unusable() && error.to_string().contains("GRANT SELECT, INSERT, UPDATE, DELETE"), "{error}");
    database.sql(&format!("GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {role}"));
    let store = PostgresStore::open(&url, Options::default()).await.unwrap();
    insert(&store, vec![ticket(1).into()]).await;
    drop(store);
    database.sql(&format!("DROP OWNED BY {role} CASCADE; DROP ROLE {role}"));
}

#[tokio::test]
async fn a_database_of_an_earlier_version_gets_the_turns_of_its_tickets() {
    if !is_there() {
        return;
    }
    let database = Database::fresh();
    let tickets = turns::of_many_words();
    insert(&open(&database).await, tickets.iter().cloned().map(Record::from).collect()).await;
    // As it was before step 7.
    database.sql("ALTER TABLE tickets DROP COLUMN turn; DELETE FROM mailflow_migrations WHERE number >= 7");
    turns::check(&open(&database).await, &tickets).await;
}

#[tokio::test]
async fn tables_may_be_in_a_schema_of_their_own() {
    if !is_there() {
        return;
    }
    let database = Database::fresh();
    database.sql("CREATE SCHEMA helpdesk; CREATE TABLE tickets (name TEXT)");
    let url = format!("{}&options=-csearch_path%3Dhelpdesk", database.url());
    let store = PostgresStore::open(&url, Options::default()).await.unwrap();
    insert(&store, vec![ticket(1).into()]).await;
    assert_eq!(database.sql("SELECT number FROM helpdesk.tickets").trim(), "1");
}

#[tokio::test]
async fn a_large_body_lies_in_chunks_until_it_is_erased() {
    if !is_there() {
        return;
    }
    let database = Database::fresh();
    let store = open(&database).await;
    let chunks = || database.sql("SELECT count(*) FROM body_chunks").trim().to_owned();
    store.keep_body(BODY.to_vec()).await.unwrap();
    insert(&store, vec![arrival(1, BODY, ArrivalState::Received).into()]).await;
    assert_eq!(chunks(), "0");
    let digest = store.keep_body(large()).await.unwrap();
    insert(&store, vec![arrival(1, &large(), ArrivalState::Received).into()]).await;
    assert_eq!(chunks(), "3");
    assert_eq!(store.keep_body(large()).await.unwrap(), digest);
    assert!(store.body(&digest).await.unwrap() == Some(large()));
    // What was damaged is not handed out.
    database.sql("UPDATE body_chunks SET content = set_byte(content, 9, get_byte(content, 9) # 1) WHERE nth = 1");
    assert!(store.body(&digest).await.unwrap_err().is_unusable());
    store.erase_body(&digest).await.unwrap();
    assert_eq!((chunks().as_str(), store.body(&digest).await.unwrap()), ("0", None));
}

#[tokio::test]
async fn bodies_that_no_record_came_to_name_for_a_day_are_removed_when_a_server_begins() {
    if !is_there() {
        return;
    }
    let database = Database::fresh();
    let store = open(&database).await;
    let unnamed = store.keep_body(large()).await.unwrap();
    store.keep_body(BODY.to_vec()).await.unwrap();
    insert(&store, vec![arrival(1, BODY, ArrivalState::Received).into()]).await;
    let reopened = open(&database).await;
    assert!(reopened.body(&unnamed).await.unwrap().is_some(), "it was kept just now, for a commit to come");
    database.sql("UPDATE bodies SET kept = kept - 90000000");
    let reopened = open(&database).await;
    assert_eq!(reopened.body(&unnamed).await.unwrap(), None);
    assert_eq!(reopened.body(&mailflow_core::digest::Digest::of(BODY)).await.unwrap().as_deref(), Some(BODY));
    assert_eq!(database.sql("SELECT count(*) FROM body_chunks").trim(), "0");
}

/// The tickets of all hits, in pages of so many.
async fn found(store: &PostgresStore, question: &str, ticketbox: u64, limit: u32) -> Vec<u64> {
    let within = TicketQuery::all(Visibility::of_ticketboxes(agent_id(9), [box_id(ticketbox)].into()));
    let query = Query::Search(SearchQuery { phrases: phrases(question), within });
    let mut page = Page::first(limit);
    let mut numbers = Vec::new();
    loop {
        let found = store.find(&query, &page).await.unwrap();
        for row in found.rows {
            let Row::Hit(hit) = row else { unreachable!("a search finds hits") };
            numbers.push(hit.ticket.number);
        }
        let Some(next) = found.next else { return numbers };
        page = Page::after(limit, next);
    }
}

#[tokio::test]
async fn texts_are_found_however_far_back_they_were_taken_in() {
    if !is_there() {
        return;
    }
    let database = Database::fresh();
    let store = open(&database).await;
    // As if so many texts had been taken in before each.
    let before = [0, 500, 511, 1_100, 4_090, 9_000, 40_000, 270_000, 2_097_151, 9_000_000, 9_000_200];
    for (number, seq) in (1..).zip(before) {
        database.sql(&format!("UPDATE counters SET seq = {seq}"));
        let mut it = ticket(number);
        (it.number, it.ticketbox) = (number, box_id(1 + number % 2));
        assert_eq!(it.id, ticket_id(number));
        let text = if number == 3 { "a red apple" } else { "an apple, and it is red" };
        insert(&store, vec![it.into(), message(number, number, text).into()]).await;
    }
    let all: [Vec<u64>; 2] = [vec![11, 9, 7, 5, 3, 1], vec![10, 8, 6, 4, 2]];
    for limit in [1, 2, 5, 100] {
        for (ticketbox, expected) in [(2, &all[0]), (1, &all[1])] {
            assert_eq!(found(&store, "apple red", ticketbox, limit).await, *expected, "{ticketbox} by {limit}");
        }
        assert_eq!(found(&store, "\"red apple\"", 2, limit).await, [3], "by {limit}");
        assert_eq!(found(&store, "pear", 2, limit).await, [0; 0], "by {limit}");
    }
    // Where a ticket lies now, and not where it lay.
    let mut moved = store.load(&[Key::Ticket(ticket_id(1))]).await.unwrap();
    let moved = moved.pop().unwrap();
    let Some(Record::Ticket(mut it)) = moved.record else { unreachable!("it was put there") };
    it.ticketbox = box_id(1);
    let mut changes = common::changeset(Vec::new());
    changes.entries.push(Entry::Replace(moved.version, Record::Ticket(it)));
    store.commit(changes).await.unwrap();
    assert_eq!(found(&store, "apple", 1, 2).await, [10, 8, 6, 4, 2, 1]);
    assert_eq!(found(&store, "apple", 2, 2).await, [11, 9, 7, 5, 3]);
}
