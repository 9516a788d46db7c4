//! [`Writer`]: the one thread that writes. It takes all that waits into one transaction (*group commit*): one fsync
//! serves them all, and each is answered after it.

use std::sync::Arc;
use std::thread::JoinHandle;

use mailflow_core::digest::Digest;
use mailflow_core::store::{CommitError, Committed, StoreError, StoreErrorKind};
use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};

use crate::bodies::{self, Bodies, Why, Written};
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

/// What came of a job; its answer is given when the group is durable.
enum Outcome {
    Commit(Result<Committed, CommitError>),
    Written,
    Erased,
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

    /// Writes a group in one transaction and answers. If one of several cannot be written for a reason of its own, each
    /// goes alone.
    fn write(&mut self, group: Vec<Job>) {
        let before = self.counters;
        let mut written = Written::new();
        match self.transact(&group, &mut written) {
            Ok(outcomes) => {
                self.bodies.settle(&written);
                group.into_iter().zip(outcomes).for_each(|(job, outcome)| self.answer(job, outcome));
            }
            Err(failure) => {
                self.counters = before;
                let _ = self.connection.execute_batch("ROLLBACK");
                if failure.kind() == StoreErrorKind::Other && group.len() > 1 {
                    group.into_iter().for_each(|job| self.write(vec![job]));
                    return;
                }
                tracing::warn!(error = &failure as &dyn std::error::Error, "a group of changes was not written");
                group.into_iter().for_each(|job| refuse(job, &failure));
            }
        }
    }

    fn transact(&mut self, group: &[Job], written: &mut Written) -> Result<Vec<Outcome>, StoreError> {
        // What is erased shall not be found in free pages.
        let erases = group.iter().any(|job| matches!(job, Job::EraseBody(..)));
        let secure = |on: &str| format!("PRAGMA secure_delete = {on}");
        if erases {
            self.connection.execute_batch(&secure("ON")).or_failed("preparing to erase")?;
        }
        let result = self.run("BEGIN IMMEDIATE").and_then(|()| {
            let outcomes: Vec<Outcome> = group.iter().map(|job| self.one(job, written)).collect::<Result<_, _>>()?;
            self.counters.write(&self.connection)?;
            self.run("COMMIT").map(|()| outcomes)
        });
        if erases {
            self.connection.execute_batch(&secure("FAST")).or_failed("having erased")?;
        }
        result
    }

    fn run(&self, sql: &str) -> Result<(), StoreError> {
        prepare(&self.connection, sql).and_then(|mut it| it.execute([])).or_failed("writing to the database")?;
        Ok(())
    }

    fn one(&mut self, job: &Job, written: &mut Written) -> Result<Outcome, StoreError> {
        let (connection, bodies) = (&self.connection, &self.bodies);
        match job {
            Job::Commit(prepared, _) => {
                apply::changeset(connection, bodies, &mut self.counters, written, prepared).map(Outcome::Commit)
            }
            Job::WriteBodies(_) => {
                let write = |digest| bodies::write(connection, bodies, digest, Why::Waits, written).map(|_| ());
                bodies.all_waiting().iter().try_for_each(write)?;
                Ok(Outcome::Written)
            }
            Job::EraseBody(digest, _) => {
                bodies::erase(connection, bodies, digest, written)?;
                Ok(Outcome::Erased)
            }
        }
    }

    fn answer(&self, job: Job, outcome: Outcome) {
        // Whoever asked may have gone; what was written stays.
        match (job, outcome) {
            (Job::Commit(_, answer), Outcome::Commit(result)) => drop(answer.send(result)),
            (Job::Commit(_, answer), _) => drop(answer.send(Err(closed().into()))),
            (Job::WriteBodies(answer), _) => drop(answer.send(Ok(()))),
            (Job::EraseBody(digest, answer), _) => drop(answer.send(self.bodies.remove(&digest))),
        }
    }
}

/// Tells one of a group that the group failed.
fn refuse(job: Job, failure: &StoreError) {
    match job {
        Job::Commit(_, answer) => drop(answer.send(Err(again(failure).into()))),
        Job::WriteBodies(answer) | Job::EraseBody(_, answer) => drop(answer.send(Err(again(failure)))),
    }
}

fn size(job: &Job) -> usize {
    match job {
        // Its bodies are about as large as what the records say of them is small.
        Job::Commit(prepared, _) => prepared.bytes + prepared.bodies.len() * (32 << 10),
        Job::WriteBodies(_) | Job::EraseBody(..) => 0,
    }
}
