//! [`Writer`]: the one thread that writes. It takes all that waits into one transaction (*group commit*): one fsync
//! serves them all, and each is answered after it.

use std::sync::Arc;
use std::thread::JoinHandle;

use mailflow_core::digest::Digest;
use mailflow_core::store::{CommitError, Committed, StoreError};
use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};

use crate::bodies::{self, Bodies, Written};
use crate::connection::prepare;
use crate::error::{OrFailed as _, again, closed};
use crate::prepared::Prepared;

mod apply;
mod index;
#[cfg(test)]
mod tests;

use apply::Counters;

/// How many changesets may wait; who comes after them waits to hand his over.
const QUEUE: usize = 1024;
/// The most changesets of one group.
const MAX_GROUP: usize = 512;
/// A group that writes this many bytes takes no more in.
const MAX_GROUP_BYTES: usize = 8 << 20;

type Answer<T, E> = oneshot::Sender<Result<T, E>>;

/// Something to write.
pub(crate) enum Job {
    Commit(Prepared, Answer<Committed, CommitError>),
    /// Write all bodies that wait for a commit.
    WriteBodies(Answer<(), StoreError>),
    EraseBody(Digest, Answer<(), StoreError>),
}

/// The thread that writes.
#[derive(Debug)]
pub(crate) struct Writer {
    /// `None` only while it is dropped.
    jobs: Option<mpsc::Sender<Job>>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    /// Starts the thread.
    pub fn start(connection: Connection, bodies: Arc<Bodies>) -> Result<Self, StoreError> {
        let (jobs, waiting) = mpsc::channel(QUEUE);
        let counters = Counters::read(&connection)?;
        let state = Writing { connection, bodies, counters };
        let thread = std::thread::Builder::new().name("mailflow-write".to_owned());
        let thread = thread.spawn(move || state.work(waiting)).or_failed("starting a thread")?;
        Ok(Self { jobs: Some(jobs), thread: Some(thread) })
    }

    /// Hands over a job and waits for the answer.
    pub async fn run<T, E: From<StoreError>>(&self, job: impl FnOnce(Answer<T, E>) -> Job) -> Result<T, E> {
        let (answer, answered) = oneshot::channel();
        let jobs = self.jobs.as_ref().ok_or_else(closed)?;
        jobs.send(job(answer)).await.map_err(|_| closed())?;
        answered.await.map_err(|_| closed())?
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.jobs = None;
        if let Some(thread) = self.thread.take() {
            // A thread that panicked has nothing to say any more.
            let _ = thread.join();
        }
    }
}

/// What the thread has.
struct Writing {
    connection: Connection,
    bodies: Arc<Bodies>,
    counters: Counters,
}

/// An answer that is given when the group is durable.
enum Done {
    /// `None` if the group failed before it was this one's turn.
    Commit(Answer<Committed, CommitError>, Option<Result<Committed, CommitError>>),
    Written(Answer<(), StoreError>),
    Erased(Digest, Answer<(), StoreError>),
}

impl Writing {
    fn work(mut self, mut waiting: mpsc::Receiver<Job>) {
        while let Some(first) = waiting.blocking_recv() {
            let mut bytes = size(&first);
            let mut group = vec![first];
            while group.len() < MAX_GROUP && bytes < MAX_GROUP_BYTES {
                let Ok(job) = waiting.try_recv() else { break };
                bytes += size(&job);
                group.push(job);
            }
            self.write(group);
        }
    }

    /// Writes a group in one transaction and answers.
    fn write(&mut self, group: Vec<Job>) {
        let before = self.counters;
        let erases = group.iter().any(|job| matches!(job, Job::EraseBody(..)));
        let mut done = Vec::with_capacity(group.len());
        let mut written = Written::new();
        match self.transact(group, erases, &mut done, &mut written) {
            Ok(()) => {
                self.bodies.settle(&written);
                done.into_iter().for_each(|done| self.answer(done));
            }
            Err(failure) => {
                tracing::warn!(error = &failure as &dyn std::error::Error, "a group of changes was not written");
                self.counters = before;
                let _ = self.connection.execute_batch("ROLLBACK");
                done.into_iter().for_each(|done| refuse(done, &failure));
            }
        }
    }

    fn transact(
        &mut self,
        group: Vec<Job>,
        erases: bool,
        done: &mut Vec<Done>,
        written: &mut Written,
    ) -> Result<(), StoreError> {
        // What is erased shall not be found in free pages.
        let secure = |on: &str| format!("PRAGMA secure_delete = {on}");
        if erases {
            self.connection.execute_batch(&secure("ON")).or_failed("preparing to erase")?;
        }
        let mut result = self.run("BEGIN IMMEDIATE");
        for job in group {
            // After a failure the rest is only put where it gets its answer.
            let failed = result.is_err();
            let step = self.one(job, failed, done, written);
            result = result.and(step);
        }
        let counters = self.counters;
        let result = result.and_then(|()| counters.write(&self.connection)).and_then(|()| self.run("COMMIT"));
        if erases {
            self.connection.execute_batch(&secure("FAST")).or_failed("having erased")?;
        }
        result
    }

    fn run(&self, sql: &str) -> Result<(), StoreError> {
        prepare(&self.connection, sql).and_then(|mut it| it.execute([])).or_failed("writing to the database")?;
        Ok(())
    }

    fn one(&mut self, job: Job, failed: bool, done: &mut Vec<Done>, written: &mut Written) -> Result<(), StoreError> {
        match job {
            Job::Commit(prepared, answer) => {
                if failed {
                    done.push(Done::Commit(answer, None));
                    return Ok(());
                }
                let counters = &mut self.counters;
                let result = apply::changeset(&self.connection, &self.bodies, counters, written, prepared);
                let (result, failure) = match result {
                    Ok(result) => (Some(result), Ok(())),
                    Err(failure) => (None, Err(failure)),
                };
                done.push(Done::Commit(answer, result));
                failure
            }
            Job::WriteBodies(answer) => {
                done.push(Done::Written(answer));
                let all = if failed { Vec::new() } else { self.bodies.all_waiting() };
                let write = |digest| bodies::write(&self.connection, &self.bodies, digest, written).map(|_| ());
                all.iter().try_for_each(write)
            }
            Job::EraseBody(digest, answer) => {
                done.push(Done::Erased(digest, answer));
                if failed { Ok(()) } else { bodies::erase(&self.connection, &self.bodies, &digest, written) }
            }
        }
    }

    fn answer(&self, done: Done) {
        // Whoever asked may have gone; what was written stays.
        match done {
            Done::Commit(answer, result) => drop(answer.send(result.unwrap_or_else(|| Err(closed().into())))),
            Done::Written(answer) => drop(answer.send(Ok(()))),
            Done::Erased(digest, answer) => drop(answer.send(self.bodies.remove_file(&digest))),
        }
    }
}

/// Tells one of a group that the group failed.
fn refuse(done: Done, failure: &StoreError) {
    match done {
        Done::Commit(answer, _) => drop(answer.send(Err(again(failure).into()))),
        Done::Written(answer) | Done::Erased(_, answer) => drop(answer.send(Err(again(failure)))),
    }
}

fn size(job: &Job) -> usize {
    match job {
        // Its bodies are about as large as what the records say of them is small.
        Job::Commit(prepared, _) => prepared.bytes + prepared.bodies.len() * (32 << 10),
        Job::WriteBodies(_) | Job::EraseBody(..) => 0,
    }
}
