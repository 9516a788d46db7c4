use std::sync::Arc;

use mailflow_core::store::{Changeset, CommitError, Entry};
use mailflow_store_rows::jobs::Job;
use mailflow_store_rows::prepared::Prepared;
use mailflow_test::store::samples::{message, pulse};
use rusqlite::Connection;
use rusqlite::limits::Limit;
use tempfile::TempDir;
use tokio::sync::oneshot;

use super::{Writing, apply};
use crate::bodies::Bodies;
use crate::connection;

fn writing(folder: &TempDir) -> Writing {
    let connection = connection::writer(&folder.path().join("desk.db"), 1 << 20).unwrap();
    let counters = apply::counters(&connection).unwrap();
    Writing { connection, bodies: Arc::new(Bodies::new(folder.path().join("bodies"))), counters }
}

type Answered = oneshot::Receiver<Result<mailflow_core::store::Committed, CommitError>>;

/// A changeset with a pulse and a message of a text that does not compress.
fn job(number: u64, length: usize) -> (Job, Answered) {
    let digest = |nth: usize| mailflow_core::digest::Digest::of(&nth.to_be_bytes()).to_string();
    let text: String = (0..length / 64).map(digest).collect();
    let entries = vec![Entry::Insert(pulse(number).into()), Entry::Insert(message(number, 1, &text).into())];
    let (answer, answered) = oneshot::channel();
    (Job::Commit(Prepared::new(Changeset { entries, first_ticket_number: 1 }, usize::MAX).unwrap(), answer), answered)
}

fn rows(connection: &Connection) -> i64 {
    let sql = "SELECT (SELECT count(*) FROM pulses) + (SELECT count(*) FROM messages)";
    connection.query_row(sql, [], |row| row.get(0)).unwrap()
}

#[test]
fn when_the_disk_is_full_the_whole_group_fails_and_the_next_one_succeeds() {
    let folder = TempDir::new().unwrap();
    let mut writing = writing(&folder);
    let pages: i64 = writing.connection.pragma_query_value(None, "page_count", |row| row.get(0)).unwrap();
    let limit = |pages: i64| format!("PRAGMA max_page_count = {pages}");
    writing.connection.query_row(&limit(pages + 20), [], |_| Ok(())).unwrap();
    let (group, answers): (Vec<_>, Vec<_>) =
        [job(1, 64), job(2, 1 << 20), job(3, 64), job(1, 64)].into_iter().unzip();
    writing.write(group);
    for answer in answers {
        match answer.blocking_recv().unwrap() {
            Err(CommitError::Failed(error)) => assert!(error.is_full(), "{error:?}"),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(rows(&writing.connection), 0, "nothing is half there");
    writing.connection.query_row(&limit(1 << 30), [], |_| Ok(())).unwrap();
    let (group, answers): (Vec<_>, Vec<_>) =
        [job(1, 64), job(2, 1 << 20), job(3, 64), job(1, 64)].into_iter().unzip();
    writing.write(group);
    let results: Vec<_> = answers.into_iter().map(|it| it.blocking_recv().unwrap()).collect();
    let versions: Vec<u64> = results.iter().flatten().map(|it| it.version.number()).collect();
    assert_eq!(versions, [1, 2, 3], "a group that failed used no version up");
    assert!(matches!(results.last(), Some(Err(CommitError::Conflict(keys))) if keys.len() == 2));
    assert_eq!(rows(&writing.connection), 6);
}

#[test]
fn a_changeset_that_cannot_be_written_does_not_fail_its_group() {
    let folder = TempDir::new().unwrap();
    let mut writing = writing(&folder);
    writing.connection.set_limit(Limit::SQLITE_LIMIT_LENGTH, 100_000).unwrap();
    let (group, answers): (Vec<_>, Vec<_>) = [job(1, 64), job(2, 1 << 20), job(3, 64)].into_iter().unzip();
    writing.write(group);
    let results: Vec<_> = answers.into_iter().map(|it| it.blocking_recv().unwrap()).collect();
    assert!(matches!(results.get(1), Some(Err(CommitError::Failed(_)))), "{results:?}");
    let versions: Vec<u64> = results.iter().flatten().map(|it| it.version.number()).collect();
    assert_eq!(versions, [1, 2]);
    assert_eq!(rows(&writing.connection), 4);
}
