//! Several servers on one SQL Server database.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use std::collections::BTreeSet;

use mailflow_core::arrival::ArrivalState;
use mailflow_core::flow::Notice;
use mailflow_core::store::{Changeset, Entry, Record, Store as _};
use mailflow_store_mssql::{Changes, MssqlStore, Options};
use mailflow_test::mssql::{Database, is_there};
use mailflow_test::store::samples::{BODY, arrival, pulse, ticket, ticket_id};

async fn open(database: &Database) -> MssqlStore {
    MssqlStore::open(&database.url(), Options::default()).await.unwrap()
}

async fn insert(store: &MssqlStore, records: Vec<Record>) {
    let entries = records.into_iter().map(Entry::Insert).collect();
    store.commit(Changeset { entries, first_ticket_number: 1 }).await.unwrap();
}

async fn next(changes: &mut Changes) -> Notice {
    changes.next().await.unwrap().unwrap()
}

/// All that is told until this is true of it; servers ask once a second, so that two commits may come as one or two.
async fn told(changes: &mut Changes, until: impl Fn(&Notice) -> bool) -> Notice {
    let mut all = Notice::default();
    while !until(&all) {
        let Notice { tickets, rows, configuration, outgoing, health, sessions, arrivals, alerts, missed } =
            next(changes).await;
        all.tickets.extend(tickets);
        all.rows.extend(rows);
        all.configuration |= configuration;
        all.outgoing |= outgoing;
        all.health |= health;
        all.sessions |= sessions;
        all.arrivals |= arrivals;
        all.alerts.extend(alerts);
        all.missed |= missed;
    }
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn what_another_server_commits_is_told_and_what_one_commits_oneself_is_not() {
    if !is_there() {
        return;
    }
    let database = Database::fresh();
    let (one, other) = (open(&database).await, open(&database).await);
    insert(&other, vec![ticket(1).into()]).await;
    let mut changes = one.changes();
    assert_eq!(next(&mut changes).await, Notice::of_missed(), "what was before is not told");
    insert(&one, vec![ticket(2).into()]).await;
    one.keep_body(BODY.to_vec()).await.unwrap();
    insert(&one, vec![arrival(1, BODY, ArrivalState::Received).into()]).await;
    insert(&other, vec![ticket(3).into()]).await;
    insert(&other, vec![pulse(1).into()]).await;
    let told = told(&mut changes, |all| all.health).await;
    assert_eq!(told.tickets, BTreeSet::from([ticket_id(3)]));
    assert_eq!(told.rows.iter().map(|it| (it.id, it.number)).collect::<Vec<_>>(), [(ticket_id(3), 3)]);
    assert!(!told.arrivals && !told.missed && !told.configuration, "{told:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_not_asked_for_long_is_told_that_he_has_missed_something() {
    if !is_there() {
        return;
    }
    let database = Database::fresh();
    let (one, other) = (open(&database).await, open(&database).await);
    let mut changes = one.changes();
    next(&mut changes).await;
    insert(&other, vec![ticket(1).into()]).await;
    // So much was committed since that this one is no longer kept.
    database.sql("UPDATE counters SET version = version + 20000");
    insert(&other, vec![ticket(2).into()]).await;
    assert_eq!(database.sql("SELECT COUNT(*) FROM changes").trim(), "1");
    assert_eq!(next(&mut changes).await, Notice::of_missed());
    insert(&other, vec![ticket(3).into()]).await;
    assert_eq!(next(&mut changes).await.tickets, BTreeSet::from([ticket_id(3)]));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_listens_stops_when_the_store_is_gone() {
    if !is_there() {
        return;
    }
    let database = Database::fresh();
    let store = open(&database).await;
    let mut changes = store.changes();
    next(&mut changes).await;
    drop(store);
    assert!(changes.next().await.unwrap().is_none());
}
