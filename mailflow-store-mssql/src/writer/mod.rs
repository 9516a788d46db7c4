//! [`Writer`]: the one task of this process that writes. It takes all that waits into one transaction (*group commit*)
//! of three round trips: look at what is there, write what was decided, make it last. Each changeset of a group stands for itself.
//!
//! # Why versions rise as commits become visible
//! Before it looks, a transaction updates the one row of `counters`, which locks it, and SQL Server gives that lock back only when the
//! transaction is done and visible. So of any two commits, of this process or of another server, the second one looks
//! when the first one can be seen, takes its numbers and versions after it, and becomes visible after it: numbers have
//! no gaps, versions rise in the order of visibility, and what a changeset relies on cannot change before it is done.
//! That holds for what is *not* there as well, and needs no hint that a server might ignore. There is no second lock, so that nothing
//! can deadlock. What it costs, commits that wait for one another, a group gives back: all that waits shares one
//! transaction and one flush to the disk. The lock is held for one round trip and the writing; a server that
//! was stopped in the middle holds up the others until it goes on or its connection is lost.

use std::sync::Arc;

use mailflow_core::digest::Digest;
use mailflow_core::store::{CommitError, Committed, StoreError, StoreErrorKind};
use tokio::sync::{mpsc, oneshot};

use crate::bodies::{Bodies, Written};
use crate::connection::{Object, Pool, take};
use crate::driver::Connection;
use crate::error::{again, closed};
use crate::prepared::Prepared;

mod decide;
mod look;
mod write;

/// How many changesets may wait; who comes after them waits to hand his over.
const QUEUE: usize = 1024;
/// The most changesets of one group.
const MAX_GROUP: usize = 512;
/// A group that writes this many bytes takes no more in.
const MAX_GROUP_BYTES: usize = 8 << 20;
/// How often a group is begun that SQL Server sent back, or that found its connection broken before it wrote.
const ATTEMPTS: usize = 3;

type Answer<T, E> = oneshot::Sender<Result<T, E>>;

/// Something to write.
pub(crate) enum Job {
    Commit(Prepared, Answer<Committed, CommitError>),
    /// Write all bodies that wait for a commit.
    WriteBodies(Answer<(), StoreError>),
    EraseBody(Digest, Answer<(), StoreError>),
}

/// What came of a job; its answer is given when the group is durable.
enum Outcome {
    Commit(Result<Committed, CommitError>),
    Done,
}

/// The way to the task that writes. When it is dropped, the task writes what waits and ends.
#[derive(Debug)]
pub(crate) struct Writer(mpsc::Sender<Job>);

impl Writer {
    /// Starts the task. `name` is how this process is known to others.
    pub fn start(pool: Pool, bodies: Arc<Bodies>, name: Arc<str>) -> Self {
        let (jobs, waiting) = mpsc::channel(QUEUE);
        tokio::spawn(Writing { pool, bodies, name, connection: None }.work(waiting));
        Self(jobs)
    }

    /// Hands over a job and waits for the answer.
    pub async fn run<T, E: From<StoreError>>(&self, job: impl FnOnce(Answer<T, E>) -> Job) -> Result<T, E> {
        let (answer, answered) = oneshot::channel();
        self.0.send(job(answer)).await.map_err(|_| closed())?;
        answered.await.map_err(|_| closed())?
    }
}

/// What the task has.
struct Writing {
    pool: Pool,
    bodies: Arc<Bodies>,
    name: Arc<str>,
    /// Kept from group to group.
    connection: Option<Object>,
}

/// Where a group failed.
enum Failure {
    /// Nothing was written.
    Before(StoreError),
    /// Nothing was written, or everything.
    Writing(StoreError),
}

impl Writing {
    async fn work(mut self, mut waiting: mpsc::Receiver<Job>) {
        while let Some(first) = waiting.recv().await {
            let mut bytes = size(&first);
            let mut group = vec![first];
            while group.len() < MAX_GROUP && bytes < MAX_GROUP_BYTES {
                let Ok(job) = waiting.try_recv() else { break };
                bytes += size(&job);
                group.push(job);
            }
            self.write(group).await;
        }
    }

    /// Writes a group in one transaction and answers. If one of several cannot be written for a reason of its own, each
    /// goes alone.
    async fn write(&mut self, group: Vec<Job>) {
        match self.transact(&group).await {
            Ok(outcomes) => group.into_iter().zip(outcomes).for_each(|(job, outcome)| answer(job, outcome)),
            Err(failure) if failure.kind() == StoreErrorKind::Other && group.len() > 1 => {
                for job in group {
                    match self.transact(std::slice::from_ref(&job)).await {
                        Ok(mut outcomes) => answer(job, outcomes.pop().unwrap_or(Outcome::Done)),
                        Err(failure) => refuse(job, &failure),
                    }
                }
            }
            Err(failure) => {
                tracing::warn!(error = &failure as &dyn std::error::Error, "a group of changes was not written");
                group.into_iter().for_each(|job| refuse(job, &failure));
            }
        }
    }

    async fn transact(&mut self, group: &[Job]) -> Result<Vec<Outcome>, StoreError> {
        let mut attempt = 1;
        loop {
            // One that was lost meanwhile fails before it writes.
            let mut connection = match self.connection.take() {
                Some(connection) => connection,
                None => take(&self.pool).await?,
            };
            match self.once(&mut connection, group).await {
                Ok(outcomes) => {
                    self.connection = Some(connection);
                    return Ok(outcomes);
                }
                Err(failure) => {
                    // A connection with a transaction that failed is not used again.
                    drop(Object::take(connection));
                    let may_repeat =
                        matches!(&failure, Failure::Before(error) if error.kind() == StoreErrorKind::Transient);
                    if attempt < ATTEMPTS && may_repeat {
                        attempt += 1;
                        continue;
                    }
                    let (Failure::Before(error) | Failure::Writing(error)) = failure;
                    return Err(error);
                }
            }
        }
    }

    async fn once(&self, connection: &mut Connection, group: &[Job]) -> Result<Vec<Outcome>, Failure> {
        let found = look::look(connection, group, &self.bodies).await.map_err(Failure::Before)?;
        let mut written = Written::new();
        let decided = decide::decide(found, group, &self.bodies, &mut written);
        write::write(connection, &decided, &self.name).await?;
        self.bodies.settle(&written);
        Ok(decided.outcomes)
    }
}

fn answer(job: Job, outcome: Outcome) {
    // Whoever asked may have gone; what was written stays.
    match (job, outcome) {
        (Job::Commit(_, answer), Outcome::Commit(result)) => drop(answer.send(result)),
        (Job::Commit(_, answer), Outcome::Done) => drop(answer.send(Err(closed().into()))),
        (Job::WriteBodies(answer) | Job::EraseBody(_, answer), _) => drop(answer.send(Ok(()))),
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
