//! The process is killed while it commits: what it was told to be done is there, and nothing is half there.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};

use mailflow_core::arrival::ArrivalState;
use mailflow_core::digest::Digest;
use mailflow_core::store::{Changeset, Entry, Key, Record, Store as _};
use mailflow_store_sqlite::{Options, SqliteStore};
use mailflow_test::store::samples::{arrival, message, pulse, ticket};
use tempfile::TempDir;

/// Says to this test, started once more, which file it shall write.
const FILE: &str = "MAILFLOW_TEST_FILE";

fn body(number: u64) -> Vec<u8> {
    // Every tenth one is a file of its own.
    let length = if number.is_multiple_of(10) { 40_000 } else { 40 };
    (0..length).flat_map(|nth: u64| nth.wrapping_mul(number).to_be_bytes()).collect()
}

fn records(number: u64) -> Vec<Record> {
    let arrival = arrival(number, &body(number), ArrivalState::Received);
    vec![pulse(number).into(), ticket(number).into(), message(number, number, "words").into(), arrival.into()]
}

async fn commit(store: &SqliteStore, number: u64) {
    store.keep_body(body(number)).await.unwrap();
    let entries = records(number).into_iter().map(Entry::Insert).collect();
    store.commit(Changeset { entries, first_ticket_number: 1 }).await.unwrap();
}

/// The child: commits for ever, from where the file ends, and says what is done.
#[tokio::test]
async fn child_commits_until_it_is_killed() {
    let Ok(file) = std::env::var(FILE) else { return };
    let store = SqliteStore::open(file, Options::default()).unwrap();
    let first = present(&store).await + 1;
    for number in first.. {
        commit(&store, number).await;
        writeln!(std::io::stdout(), "done {number}").unwrap();
    }
}

/// How many there are, from 1 on; each is checked to be whole.
async fn present(store: &SqliteStore) -> u64 {
    for number in 1.. {
        let keys: Vec<Key> = records(number).iter().map(Record::key).collect();
        let loaded = store.load(&keys).await.unwrap();
        if loaded.iter().all(|it| it.record.is_none()) {
            return number - 1;
        }
        assert!(loaded.iter().all(|it| it.record.is_some()), "{number} is half there");
        assert!(store.body(&Digest::of(&body(number))).await.unwrap() == Some(body(number)), "body of {number}");
    }
    0
}

/// Starts the child, kills it when it said `lines` times that something is done, and says what it said last.
fn run_and_kill(file: &Path, lines: usize) -> u64 {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "child_commits_until_it_is_killed", "--nocapture"])
        .env(FILE, file)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    let done = |line: String| line.rsplit_once("done ").and_then(|(_, number)| number.parse::<u64>().ok());
    let mut last = output.by_ref().filter_map(done).nth(lines).unwrap();
    child.kill().unwrap();
    // What it still said before it was killed.
    output.filter_map(done).for_each(|number| last = number);
    child.wait().unwrap();
    last
}

#[tokio::test]
async fn ac_13_what_was_acknowledged_outlives_a_kill() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("desk.db");
    for round in 0..12 {
        let acknowledged = run_and_kill(&file, round * 3);
        let store = SqliteStore::open(&file, Options::default()).unwrap();
        let there = present(&store).await;
        assert!(there >= acknowledged, "{acknowledged} were acknowledged, {there} are there");
        assert!(there <= acknowledged + 1, "one at a time was on its way");
        assert_eq!(store.check().await.unwrap(), [""; 0]);
    }
}
