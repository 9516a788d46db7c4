//! [`Writer`]: the one thread that writes. It takes all that waits into one transaction (*group commit*): one fsync
//! serves them all, and each is answered after it.

use std::sync::Arc;
use std::thread::JoinHandle;

use mailflow_core::store::{StoreError, StoreErrorKind};
use mailflow_store_rows::bodies::Written;
use mailflow_store_rows::jobs::{Answer, Groups, Job, Jobs, Outcome, jobs};
use mailflow_store_rows::look::Counters;
use rusqlite::Connection;

use crate::bodies::{self, Bodies, Why};
use crate::connection::prepare;
use crate::error::{OrFailed as _, closed};

mod apply;
mod index;
#[cfg(test)]
mod tests;

/// The thread that writes.
#[derive(Debug)]
pub(crate) struct Writer {
    /// `None` only while it is dropped.
    jobs: Option<Jobs>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    /// Starts the thread.
    pub fn start(connection: Connection, bodies: Arc<Bodies>) -> Result<Self, StoreError> {
        let (jobs, groups) = jobs();
        let counters = apply::counters(&connection)?;
        let state = Writing { connection, bodies, counters };
        let thread = std::thread::Builder::new().name("mailflow-write".to_owned());
        let thread = thread.spawn(move || state.work(groups)).or_failed("starting a thread")?;
        Ok(Self { jobs: Some(jobs), thread: Some(thread) })
    }

    /// Hands over a job and waits for the answer.
    pub async fn run<T, E: From<StoreError>>(&self, job: impl FnOnce(Answer<T, E>) -> Job) -> Result<T, E> {
        self.jobs.as_ref().ok_or_else(closed)?.run(job).await
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

impl Writing {
    fn work(mut self, mut groups: Groups) {
        while let Some(group) = groups.blocking_next() {
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
                self.bodies.waiting().settle(&written);
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
                group.into_iter().for_each(|job| job.refuse(&failure));
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
            apply::write_counters(&self.connection, &self.counters)?;
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
                bodies.waiting().all().iter().try_for_each(write)?;
                Ok(Outcome::Done)
            }
            Job::EraseBody(digest, _) => {
                bodies::erase(connection, bodies, digest, written)?;
                Ok(Outcome::Done)
            }
        }
    }

    fn answer(&self, job: Job, outcome: Outcome) {
        match job {
            // Whoever asked may have gone.
            Job::EraseBody(digest, answer) => drop(answer.send(self.bodies.remove(&digest))),
            job => job.answer(outcome),
        }
    }
}
