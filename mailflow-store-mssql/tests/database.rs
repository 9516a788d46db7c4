//! What is particular to a store in a SQL Server database.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use mailflow_core::arrival::ArrivalState;
use mailflow_core::store::{Changeset, Committed, Entry, Record, Store as _, StoreError};
use mailflow_store_mssql::{MssqlStore, Options};
use mailflow_test::mssql::{Database, is_there};
use mailflow_test::store::rules::{shape, turns};
use mailflow_test::store::samples::{BODY, arrival, message, ticket};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

async fn refusal(url: &str) -> StoreError {
    MssqlStore::open(url, Options::default()).await.unwrap_err()
}

async fn open(database: &Database) -> MssqlStore {
    MssqlStore::open(&database.url(), Options::default()).await.unwrap()
}

fn changeset(records: Vec<Record>) -> Changeset {
    Changeset { entries: records.into_iter().map(Entry::Insert).collect(), first_ticket_number: 1 }
}

async fn insert(store: &MssqlStore, records: Vec<Record>) -> Committed {
    store.commit(changeset(records)).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_of_an_earlier_version_gets_the_turns_of_its_tickets() {
    if !is_there() {
        return;
    }
    let database = Database::fresh();
    let tickets = turns::of_many_words();
    let store = open(&database).await;
    insert(&store, tickets.iter().cloned().map(Record::from).collect()).await;
    drop(store);
    // As it was before step 5.
    database.sql(
        "DROP INDEX tickets_by_turn ON tickets; DROP INDEX tickets_by_box_and_turn ON tickets;
        ALTER TABLE tickets DROP COLUMN turn; DELETE FROM mailflow_migrations WHERE number >= 5",
    );
    turns::check(&open(&database).await, &tickets).await;
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
    let opening: Vec<_> = (0..3)
        .map(|_| {
            let url = database.url();
            tokio::spawn(async move { MssqlStore::open(&url, Options::default()).await })
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
    let steps = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/migrations")).unwrap().count();
    assert_eq!(database.sql("SELECT COUNT(*) FROM mailflow_migrations").trim(), steps.to_string());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_of_another_program_or_version_is_refused() {
    if !is_there() {
        return;
    }
    let database = Database::fresh();
    database.sql("CREATE TABLE tickets (name INT)");
    let error = refusal(&database.url()).await;
    assert!(error.is_unusable() && error.to_string().contains("a table `tickets` of another program"), "{error}");

    let database = Database::fresh();
    drop(open(&database).await);
    let store = open(&database).await;
    store.check_shape().await.unwrap();
    database.sql("INSERT INTO mailflow_migrations (number, digest) SELECT 99, digest FROM mailflow_migrations WHERE number = 1");
    let error = store.check_shape().await.unwrap_err();
    assert!(error.is_unusable() && error.to_string().contains("use the later version of mailflow"), "{error}");
    drop(store);
    let error = refusal(&database.url()).await;
    assert!(error.is_unusable() && error.to_string().contains("use the later version of mailflow"), "{error}");
    database.sql("DELETE FROM mailflow_migrations WHERE number = 99; UPDATE mailflow_migrations SET digest = 0x01");
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
async fn what_hinders_a_connection_is_said_with_what_to_do() {
    if !is_there() {
        return;
    }
    let database = Database::fresh();
    let error = refusal(&database.url().replace(database.name(), "mailflow_nowhere")).await;
    assert!(error.is_unusable() && error.to_string().contains("CREATE DATABASE [mailflow_nowhere]"), "{error}");
    // A port on which nobody listens any more.
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
    let error = refusal(&format!("mssql://ada:secret@127.0.0.1:{free}/desk")).await;
    assert!(error.is_transient() && error.to_string().contains(&format!("`127.0.0.1:{free}` cannot be")), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_body_lies_in_chunks_until_it_is_erased() {
    if !is_there() {
        return;
    }
    let database = Database::fresh();
    let store = open(&database).await;
    let chunks = || database.sql("SELECT COUNT(*) FROM body_chunks").trim().to_owned();
    store.keep_body(BODY.to_vec()).await.unwrap();
    insert(&store, vec![arrival(1, BODY, ArrivalState::Received).into()]).await;
    assert_eq!(chunks(), "0");
    let digest = store.keep_body(large()).await.unwrap();
    insert(&store, vec![arrival(1, &large(), ArrivalState::Received).into()]).await;
    assert_eq!(chunks(), "3");
    assert_eq!(store.keep_body(large()).await.unwrap(), digest);
    assert!(store.body(&digest).await.unwrap() == Some(large()));
    // What was damaged is not handed out.
    database.sql("DELETE FROM body_chunks WHERE nth = 1");
    assert!(store.body(&digest).await.unwrap_err().is_unusable());
    store.erase_body(&digest).await.unwrap();
    assert_eq!((chunks().as_str(), store.body(&digest).await.unwrap()), ("0", None));
}

#[tokio::test(flavor = "multi_thread")]
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
    assert_eq!(database.sql("SELECT COUNT(*) FROM body_chunks").trim(), "0");
}

/// Stands between a store and its database, and counts how often the one waits for the other.
async fn stand_between(database: &Database) -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = database.url_at(listener.local_addr().unwrap().port());
    let (address, trips) = (database.address(), Arc::new(AtomicUsize::new(0)));
    let counted = Arc::clone(&trips);
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let server = TcpStream::connect(&address).await.unwrap();
            let (from_client, to_client) = client.into_split();
            let (from_server, to_server) = server.into_split();
            let answered = Arc::new(AtomicBool::new(true));
            let (trips, asked) = (Arc::clone(&counted), Arc::clone(&answered));
            tokio::spawn(pass(from_client, to_server, move || {
                if asked.swap(false, Ordering::SeqCst) {
                    trips.fetch_add(1, Ordering::SeqCst);
                }
            }));
            tokio::spawn(pass(from_server, to_client, move || answered.store(true, Ordering::SeqCst)));
        }
    });
    (url, trips)
}

async fn pass(mut from: impl AsyncRead + Unpin, mut to: impl AsyncWrite + Unpin, passed: impl Fn() + Send) {
    let mut bytes = vec![0; 1 << 16];
    while let Ok(length) = from.read(&mut bytes).await {
        if length == 0 {
            return;
        }
        passed();
        if to.write_all(bytes.get(..length).unwrap()).await.is_err() {
            return;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_is_three_round_trips_and_reading_keys_is_one() {
    if !is_there() {
        return;
    }
    let database = Database::fresh();
    let (url, trips) = stand_between(&database).await;
    // One connection at a time is used: the writer's is warm after its first commit, the reader's after its first read.
    let store = MssqlStore::open(&url, Options::default()).await.unwrap();
    let records = |number| {
        let text = format!("the {number} quick brown foxes");
        vec![ticket(number).into(), message(number, number, &text).into()]
    };
    insert(&store, records(1)).await;
    store.keep_body(BODY.to_vec()).await.unwrap();
    // The fewest of three: a connection that nobody used for seconds is first asked whether it is there.
    let (mut of_commits, mut of_reads) = (Vec::new(), Vec::new());
    for number in 2..5 {
        let mut all = records(number);
        all.push(arrival(number, BODY, ArrivalState::Received).into());
        let keys: Vec<_> = all.iter().map(Record::key).collect();
        let before = trips.load(Ordering::SeqCst);
        insert(&store, all).await;
        of_commits.push(trips.load(Ordering::SeqCst) - before);
        store.load(&keys).await.unwrap();
        let before = trips.load(Ordering::SeqCst);
        assert!(store.load(&keys).await.unwrap().iter().all(|it| it.record.is_some()));
        of_reads.push(trips.load(Ordering::SeqCst) - before);
    }
    assert_eq!(of_commits.iter().min(), Some(&3), "look, write, commit: {of_commits:?}");
    assert_eq!(of_reads.iter().min(), Some(&1), "several kinds are read by one statement: {of_reads:?}");
}
