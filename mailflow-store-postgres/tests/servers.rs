//! Several servers on one database, and connections that are cut.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use std::collections::BTreeSet;
use std::sync::Arc;

use mailflow_core::arrival::ArrivalState;
use mailflow_core::directory::DirectoryStamp;
use mailflow_core::flow::Notice;
use mailflow_core::store::{Changeset, CommitError, Committed, Entry, Key, Record, Store as _, Version};
use mailflow_store_postgres::{Changes, Options, PostgresStore};
use mailflow_test::postgres::{Cluster, Database, is_there};
use mailflow_test::store::samples::{BODY, arrival, message, pulse, thread, ticket, ticket_id};

mod common;
use common::{Between, changeset, insert, open};

/// Two servers on one database.
async fn two(database: &Database) -> [Arc<PostgresStore>; 2] {
    [Arc::new(open(database).await), Arc::new(open(database).await)]
}

async fn together(commits: Vec<(&Arc<PostgresStore>, Changeset)>) -> Vec<Result<Committed, CommitError>> {
    let begin = |(store, changes): (&Arc<PostgresStore>, _)| {
        let store = Arc::clone(store);
        tokio::spawn(async move { store.commit(changes).await })
    };
    let commits: Vec<_> = commits.into_iter().map(begin).collect();
    let mut results = Vec::new();
    for commit in commits {
        results.push(commit.await.unwrap());
    }
    results
}

#[tokio::test(flavor = "multi_thread")]
async fn two_servers_give_numbers_without_gaps_and_versions_that_rise() {
    if !is_there() {
        return;
    }
    let database = Database::fresh();
    let [one, other] = two(&database).await;
    let commits = (1..=60).map(|nth| (if nth % 2 == 0 { &one } else { &other }, changeset(vec![ticket(nth).into()])));
    let results: Vec<Committed> = together(commits.collect()).await.into_iter().map(Result::unwrap).collect();
    let numbers: BTreeSet<u64> = results.iter().flat_map(|it| it.numbers.iter().map(|it| it.1)).collect();
    assert_eq!(numbers, (1..=60).collect());
    let versions: BTreeSet<Version> = results.iter().map(|it| it.version).collect();
    assert_eq!(versions.len(), 60);
    // Numbers and versions are given in the same order, whoever gives them.
    let mut by_number: Vec<_> = results.iter().map(|it| (it.numbers.first().unwrap().1, it.version)).collect();
    by_number.sort_unstable();
    assert!(by_number.is_sorted_by_key(|it| it.1), "{by_number:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_servers_that_decide_against_each_other_one_wins() {
    if !is_there() {
        return;
    }
    let database = Database::fresh();
    let [one, other] = two(&database).await;
    for round in 0..40 {
        let (a, b) = (pulse(2 * round), pulse(2 * round + 1));
        // Each is right as long as the other one is not made.
        let alone = |own: &mailflow_core::pulse::Pulse, other: &mailflow_core::pulse::Pulse| Changeset {
            entries: vec![Entry::RelyOn(Key::Pulse(other.of), Version::ABSENT), Entry::Insert(own.clone().into())],
            first_ticket_number: 1,
        };
        let results = together(vec![(&one, alone(&a, &b)), (&other, alone(&b, &a))]).await;
        assert_eq!(results.iter().filter(|it| it.is_ok()).count(), 1, "{results:?}");
        let (winner, by) = if results.first().unwrap().is_ok() { (a, &other) } else { (b, &one) };
        // The other server sees it at once, and one of two that replace it wins.
        let version = by.load(&[Key::Pulse(winner.of)]).await.unwrap().first().unwrap().version;
        let replace =
            || Changeset { entries: vec![Entry::Replace(version, winner.clone().into())], first_ticket_number: 1 };
        let results = together(vec![(&one, replace()), (&other, replace())]).await;
        assert_eq!(results.iter().filter(|it| it.is_ok()).count(), 1, "{results:?}");
    }
}

#[tokio::test]
async fn a_body_that_another_server_erased_is_gone_here_too() {
    if !is_there() {
        return;
    }
    let database = Database::fresh();
    let [one, other] = two(&database).await;
    let digest = one.keep_body(BODY.to_vec()).await.unwrap();
    insert(&one, vec![arrival(1, BODY, ArrivalState::Received).into()]).await;
    assert_eq!(other.body(&digest).await.unwrap().as_deref(), Some(BODY));
    other.erase_body(&digest).await.unwrap();
    assert_eq!(one.body(&digest).await.unwrap(), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_of_an_arrival_is_two_round_trips() {
    if !is_there() {
        return;
    }
    let database = Database::fresh();
    let between = Between::start(&database);
    let store = PostgresStore::open(between.url(), Options::default()).await.unwrap();
    let arrive = |number: u64| -> Vec<Record> {
        let body = number.to_be_bytes();
        let it = arrival(number, &body, ArrivalState::Received);
        let contact = mailflow_test::store::samples::contact(number, "Ada");
        vec![
            it.into(),
            ticket(number).into(),
            message(number, number, "some words").into(),
            thread(number, number).into(),
            contact.into(),
        ]
    };
    // Statements are prepared once for each connection.
    for number in 1..=3 {
        store.keep_body(number_bytes(number)).await.unwrap();
        insert(&store, arrive(number)).await;
    }
    for number in 4..=13 {
        store.keep_body(number_bytes(number)).await.unwrap();
        let before = between.trips();
        insert(&store, arrive(number)).await;
        let trips = between.trips() - before;
        assert!((1..=3).contains(&trips), "{trips} round trips");
    }
}

fn number_bytes(number: u64) -> Vec<u8> {
    number.to_be_bytes().to_vec()
}

/// What is heard next; what was missed is passed over.
async fn heard(changes: &mut Changes) -> Notice {
    loop {
        let heard = changes.next().await.unwrap().unwrap();
        if !heard.missed {
            return heard;
        }
    }
}

async fn missed(changes: &mut Changes) {
    while !changes.next().await.unwrap().unwrap().missed {}
}

#[tokio::test(flavor = "multi_thread")]
async fn what_another_server_commits_is_heard_also_after_the_connection_was_cut() {
    if !is_there() {
        return;
    }
    let database = Database::fresh();
    let [one, other] = two(&database).await;
    let mut changes = one.changes();
    // Said at once, and again when it listens.
    missed(&mut changes).await;
    missed(&mut changes).await;
    // Its own it does not hear: the next that it hears is the other's.
    insert(&one, vec![ticket(1).into()]).await;
    insert(&other, vec![ticket(2).into(), message(2, 2, "words").into()]).await;
    let notice = heard(&mut changes).await;
    assert_eq!(notice.tickets, [ticket_id(2)].into());
    assert_eq!(notice.rows.iter().map(|it| it.number).collect::<Vec<_>>(), [2]);
    assert!(!notice.configuration && !notice.outgoing);
    database.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN%'");
    missed(&mut changes).await;
    other.keep_body(BODY.to_vec()).await.unwrap();
    let records = vec![DirectoryStamp { changes: 1 }.into(), arrival(1, BODY, ArrivalState::Received).into()];
    insert(&other, records).await;
    let heard = heard(&mut changes).await;
    assert!(heard.configuration && heard.arrivals);
    drop(one);
    assert_eq!(changes.next().await.unwrap(), None);
}

/// Commits so long until it is done; what was there already is done.
async fn commit_until_done(store: &PostgresStore, records: Vec<Record>) -> usize {
    let mut failures = 0;
    let keys: BTreeSet<Key> = records.iter().map(Record::key).collect();
    loop {
        match store.commit(changeset(records.clone())).await {
            Ok(_) => return failures,
            Err(CommitError::Conflict(there)) => {
                assert_eq!(there.into_iter().collect::<BTreeSet<_>>(), keys, "all of it or nothing is there");
                return failures;
            }
            Err(CommitError::Failed(error)) => {
                assert!(error.is_transient(), "{error:?}");
                failures += 1;
                tokio::task::yield_now().await;
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_that_are_cut_leave_all_or_nothing_of_each_commit() {
    if !is_there() {
        return;
    }
    let database = Arc::new(Database::fresh());
    let store = Arc::new(open(&database).await);
    let writers: Vec<_> = (0..4_u64)
        .map(|writer| {
            let store = Arc::clone(&store);
            tokio::spawn(async move {
                for nth in 0..40 {
                    let number = writer * 40 + nth + 1;
                    commit_until_done(&store, vec![ticket(number).into(), pulse(number).into()]).await;
                }
            })
        })
        .collect();
    let cutter = {
        let database = Arc::clone(&database);
        tokio::task::spawn_blocking(move || {
            for _ in 0..12 {
                database.sql(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                     WHERE datname = current_database() AND pid <> pg_backend_pid()",
                );
            }
        })
    };
    for writer in writers {
        writer.await.unwrap();
    }
    cutter.await.unwrap();
    let sql = "SELECT count(*), count(DISTINCT number), max(number) FROM tickets";
    assert_eq!(database.sql(sql).trim(), "160|160|160", "numbers have no gaps");
    assert_eq!(database.sql("SELECT count(*) FROM pulses").trim(), "160");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_outlives_a_crash_of_the_database() {
    if !is_there() {
        return;
    }
    // One that syncs its files, though the database says that nobody need wait for it.
    let mut cluster = tokio::task::spawn_blocking(Cluster::start).await.unwrap();
    let database = cluster.database();
    database.sql(&format!("ALTER DATABASE {} SET synchronous_commit = off", database.name()));
    let store = Arc::new(open(&database).await);
    let mut last = 0;
    for round in 1..=2 {
        let (said, mut done) = tokio::sync::mpsc::unbounded_channel();
        let writer = {
            let store = Arc::clone(&store);
            tokio::spawn(async move {
                for number in last + 1.. {
                    let body = number_bytes(number);
                    let it = arrival(number, &body, ArrivalState::Received);
                    store.keep_body(body).await.unwrap();
                    if store.commit(changeset(vec![ticket(number).into(), it.into()])).await.is_err() {
                        return;
                    }
                    said.send(number).unwrap();
                }
            })
        };
        for _ in 0..10 * round {
            last = done.recv().await.unwrap();
        }
        let mut crashing = cluster;
        cluster = tokio::task::spawn_blocking(move || {
            crashing.crash();
            crashing.start_again();
            crashing
        })
        .await
        .unwrap();
        writer.await.unwrap();
        while let Ok(number) = done.try_recv() {
            last = number;
        }
        // The same store goes on with the database that came back.
        let mut there = 0;
        for number in 1..=last + 1 {
            let keys = [Key::Ticket(ticket_id(number)), arrival_key(number)];
            let loaded = loop {
                match store.load(&keys).await {
                    Ok(loaded) => break loaded,
                    Err(error) => assert!(error.is_transient(), "{error:?}"),
                }
            };
            let records = loaded.iter().filter(|it| it.record.is_some()).count();
            assert!(records != 1, "{number} is half there");
            there += records / 2;
            if records == 2 {
                let digest = mailflow_core::digest::Digest::of(&number.to_be_bytes());
                assert_eq!(store.body(&digest).await.unwrap(), Some(number_bytes(number)));
            }
        }
        let there = u64::try_from(there).unwrap();
        assert!(there == last || there == last + 1, "{last} were acknowledged, {there} are there");
        last = there;
    }
    // While its server is there.
    drop((store, database));
}

fn arrival_key(number: u64) -> Key {
    Record::from(arrival(number, &number.to_be_bytes(), ArrivalState::Received)).key()
}
