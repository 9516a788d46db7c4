//! What is particular to a store in a file.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use std::path::Path;

use mailflow_core::arrival::ArrivalState;
use mailflow_core::digest::Digest;
use mailflow_core::store::{Changeset, Entry, Key, Page, Query, Record, Store};
use mailflow_store_sqlite::{Options, SqliteStore};
use mailflow_test::store::rules::turns;
use mailflow_test::store::samples::{BODY, arrival, message, one_of_each, pulse, ticket};
use rusqlite::Connection;
use tempfile::TempDir;

fn open(path: &Path) -> SqliteStore {
    SqliteStore::open(path, Options::default()).unwrap()
}

async fn insert(store: &SqliteStore, records: Vec<mailflow_core::store::Record>) {
    let entries = records.into_iter().map(Entry::Insert).collect();
    store.commit(Changeset { entries, first_ticket_number: 1 }).await.unwrap();
}

fn large() -> Vec<u8> {
    (0..80_000_u32).flat_map(|nth| nth.wrapping_mul(2_654_435_761).to_be_bytes()).collect()
}

#[tokio::test]
async fn a_second_server_is_told_that_the_file_is_in_use() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("desk.db");
    let first = open(&path);
    let error = SqliteStore::open(&path, Options::default()).unwrap_err();
    assert_eq!(error.kind(), mailflow_core::store::StoreErrorKind::InUse);
    assert!(error.to_string().starts_with("another server has `"), "{error}");
    drop(first);
    open(&path);
}

#[tokio::test]
async fn a_file_of_another_program_is_refused_and_left_alone() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("other.db");
    Connection::open(&path).unwrap().execute_batch("CREATE TABLE birds (name TEXT)").unwrap();
    let before = std::fs::read(&path).unwrap();
    let error = SqliteStore::open(&path, Options::default()).unwrap_err();
    assert!(error.is_unusable() && error.to_string().contains("another program"), "{error}");
    assert_eq!(std::fs::read(&path).unwrap(), before);
    std::fs::write(&path, "this is no database, but it is long enough to be looked at as if it were one").unwrap();
    assert!(SqliteStore::open(&path, Options::default()).unwrap_err().is_unusable());
}

#[tokio::test]
async fn a_database_of_a_later_version_is_refused() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("desk.db");
    drop(open(&path));
    drop(open(&path));
    Connection::open(&path).unwrap().pragma_update(None, "user_version", 99).unwrap();
    let error = SqliteStore::open(&path, Options::default()).unwrap_err();
    assert!(error.is_unusable() && error.to_string().contains("has shape 99"), "{error}");
}

#[tokio::test]
async fn a_database_whose_steps_were_others_is_refused() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("desk.db");
    drop(open(&path));
    let connection = Connection::open(&path).unwrap();
    connection.execute("UPDATE migrations SET digest = zeroblob(32)", []).unwrap();
    let error = SqliteStore::open(&path, Options::default()).unwrap_err();
    assert!(error.is_unusable() && error.to_string().contains("unreleased version"), "{error}");
    connection.execute("DROP TABLE migrations", []).unwrap();
    assert!(SqliteStore::open(&path, Options::default()).unwrap_err().is_unusable());
}

#[tokio::test]
async fn a_file_of_an_earlier_version_gets_the_turns_of_its_tickets() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("desk.db");
    let tickets = turns::of_many_words();
    insert(&open(&path), tickets.iter().cloned().map(Record::from).collect()).await;
    // As it was before step 7.
    let before = "DROP INDEX tickets_by_turn; DROP INDEX tickets_by_box_and_turn;
        ALTER TABLE tickets DROP COLUMN turn; DELETE FROM migrations WHERE number >= 7; PRAGMA user_version = 6;";
    Connection::open(&path).unwrap().execute_batch(before).unwrap();
    turns::check(&open(&path), &tickets).await;
}

#[tokio::test]
async fn bodies_that_no_record_came_to_name_are_removed_when_the_file_is_opened() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("desk.db");
    let files = || std::fs::read_dir(folder.path().join("desk.db.bodies")).map_or(0, Iterator::count);
    let store = open(&path);
    // So many that they are written without waiting for a commit.
    let noise = |seed: u32| -> Vec<u8> {
        (0..50_000_u32).flat_map(|nth| (nth ^ seed << 20).wrapping_mul(2_654_435_761).to_be_bytes()).collect()
    };
    let mut digests = Vec::new();
    for seed in 0..100 {
        digests.push(store.keep_body(noise(seed)).await.unwrap());
    }
    let large = store.keep_body(large()).await.unwrap();
    insert(&store, vec![arrival(1, &noise(1), ArrivalState::Received).into()]).await;
    assert_eq!(files(), 1);
    drop(store);
    let bodies =
        |sql: &str| -> i64 { Connection::open(&path).unwrap().query_row(sql, [], |row| row.get(0)).unwrap() };
    assert!(bodies("SELECT count(*) FROM bodies WHERE named = 0") > 50);
    let store = open(&path);
    assert_eq!(bodies("SELECT count(*) FROM bodies"), 1);
    assert_eq!(files(), 0);
    assert_eq!(store.body(&large).await.unwrap(), None);
    assert_eq!(store.body(&digests[1]).await.unwrap(), Some(noise(1)));
}

#[tokio::test]
async fn every_table_is_strict() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("desk.db");
    drop(open(&path));
    let connection = Connection::open(&path).unwrap();
    let sql = "SELECT name FROM pragma_table_list WHERE type = 'table' AND NOT strict AND name NOT LIKE 'sqlite_%'";
    let loose: Vec<String> =
        connection.prepare(sql).unwrap().query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    assert_eq!(loose, [""; 0]);
}

#[tokio::test]
async fn a_large_body_is_a_file_until_it_is_erased() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("desk.db");
    let bodies = folder.path().join("desk.db.bodies");
    let files = || std::fs::read_dir(&bodies).map_or(0, Iterator::count);
    let store = open(&path);
    let small = store.keep_body(BODY.to_vec()).await.unwrap();
    insert(&store, vec![arrival(1, BODY, ArrivalState::Received).into()]).await;
    assert_eq!(files(), 0);
    let digest = store.keep_body(large()).await.unwrap();
    insert(&store, vec![arrival(1, &large(), ArrivalState::Received).into()]).await;
    assert_eq!(files(), 1);
    // A file that was damaged is not handed out.
    let file = bodies.join(digest.to_string());
    let sound = std::fs::read(&file).unwrap();
    let mut damaged = sound.clone();
    *damaged.last_mut().unwrap() ^= 1;
    std::fs::write(&file, damaged).unwrap();
    assert!(store.body(&digest).await.unwrap_err().is_unusable());
    std::fs::write(&file, sound).unwrap();
    assert_eq!(store.body(&digest).await.unwrap(), Some(large()));
    store.erase_body(&digest).await.unwrap();
    assert_eq!(files(), 0);
    assert_eq!(store.body(&small).await.unwrap().as_deref(), Some(BODY));
}

#[tokio::test]
async fn what_a_power_cut_left_behind_is_removed_when_the_file_is_opened() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("desk.db");
    let bodies = folder.path().join("desk.db.bodies");
    let store = open(&path);
    let digest = store.keep_body(large()).await.unwrap();
    insert(&store, vec![arrival(1, &large(), ArrivalState::Received).into()]).await;
    let copy = std::fs::read(bodies.join(digest.to_string())).unwrap();
    let kept = store.keep_body([large(), large()].concat()).await.unwrap();
    insert(&store, vec![arrival(2, &[large(), large()].concat(), ArrivalState::Received).into()]).await;
    store.erase_body(&digest).await.unwrap();
    drop(store);
    // As if the power had gone before the file was removed, and while another was written.
    std::fs::write(bodies.join(digest.to_string()), copy).unwrap();
    std::fs::write(bodies.join(format!("{}.begun", Digest::of(b"x"))), "half").unwrap();
    let store = open(&path);
    let left: Vec<String> =
        std::fs::read_dir(&bodies).unwrap().map(|it| it.unwrap().file_name().into_string().unwrap()).collect();
    assert_eq!(left, [kept.to_string()]);
    assert!(store.body(&kept).await.unwrap().is_some());
}

#[tokio::test]
async fn a_copy_has_everything_and_damage_is_found() {
    let folder = TempDir::new().unwrap();
    let store = open(&folder.path().join("desk.db"));
    for body in [BODY.to_vec(), large()] {
        store.keep_body(body.clone()).await.unwrap();
        insert(&store, vec![arrival(9, &body, ArrivalState::Received).into()]).await;
    }
    insert(&store, one_of_each(1)).await;
    for number in 2..300 {
        insert(&store, vec![message(number, 1, &"some words ".repeat(50)).into(), ticket(number).into()]).await;
    }
    let copy = folder.path().join("copy.db");
    store.back_up(&copy).await.unwrap();
    assert!(store.back_up(&copy).await.is_err(), "a file that is there is not overwritten");
    insert(&store, vec![pulse(77).into()]).await;
    let copied = open(&copy);
    for record in one_of_each(1) {
        assert_eq!(copied.load(&[record.key()]).await.unwrap()[0].record, Some(record));
    }
    assert_eq!(copied.load(&[Key::Pulse(pulse(77).of)]).await.unwrap()[0].record, None);
    assert_eq!(copied.body(&Digest::of(&large())).await.unwrap(), Some(large()));
    let page = Page::first(1000);
    let messages = Query::Messages(ticket(1).id);
    assert_eq!(copied.find(&messages, &page).await.unwrap(), store.find(&messages, &page).await.unwrap());
    assert_eq!(copied.check().await.unwrap(), [""; 0]);
    drop(copied);
    let mut bytes = std::fs::read(&copy).unwrap();
    let middle = bytes.len() / 2 / 8192 * 8192;
    bytes[middle..middle + 64].fill(0xff);
    std::fs::write(&copy, bytes).unwrap();
    let damaged = open(&copy).check().await;
    assert!(damaged.is_err() || damaged.is_ok_and(|found| !found.is_empty()));
}
