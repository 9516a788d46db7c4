//! The one task of a process that writes: it takes all that waits into one transaction, and each changeset of a group
//! stands for itself. A [`Database`] says how that is done.

use std::future::Future;
use std::sync::Arc;

use mailflow_core::store::{StoreError, StoreErrorKind};

use crate::bodies::Waiting;
use crate::decide::{Decided, decide};
use crate::jobs::{Groups, Job, Jobs, Outcome, jobs};
use crate::look::{Asked, Found};

/// How often a group is begun that the database sent back, or that found its connection broken before it wrote.
const ATTEMPTS: usize = 3;

/// A database, as the task that writes uses it. What it finds must stay so until it has written, and versions must rise
/// in the order in which commits become visible.
pub trait Database: Send + Sync + 'static {
    /// A connection to it.
    type Connection: Send;

    /// A connection for the next group: the one of the group before, if it is still good, or another one.
    fn connect(
        &self,
        kept: Option<Self::Connection>,
    ) -> impl Future<Output = Result<Self::Connection, StoreError>> + Send;

    /// Begins a transaction, takes the lock, and looks.
    fn look(
        &self,
        connection: &mut Self::Connection,
        asked: &Asked<'_>,
    ) -> impl Future<Output = Result<Found, StoreError>> + Send;

    /// Writes what was decided and ends the transaction.
    fn write(
        &self,
        connection: &mut Self::Connection,
        found: &Found,
        decided: &Decided<'_>,
    ) -> impl Future<Output = Result<(), Failure>> + Send;

    /// Closes a connection with a transaction that failed.
    fn close(connection: Self::Connection);
}

/// Where a group failed.
#[derive(Debug)]
pub enum Failure {
    /// Nothing was written.
    Before(StoreError),
    /// Nothing was written, or everything.
    Writing(StoreError),
}

/// Starts the task.
pub fn start(database: impl Database, bodies: Arc<Waiting>) -> Jobs {
    let (jobs, groups) = jobs();
    tokio::spawn(Writing { database, bodies, connection: None }.work(groups));
    jobs
}

/// What the task has.
struct Writing<D: Database> {
    database: D,
    bodies: Arc<Waiting>,
    /// Kept from group to group.
    connection: Option<D::Connection>,
}

impl<D: Database> Writing<D> {
    async fn work(mut self, mut groups: Groups) {
        while let Some(group) = groups.next().await {
            self.write(group).await;
        }
    }

    /// Writes a group in one transaction and answers. If one of several cannot be written for a reason of its own, each
    /// goes alone.
    async fn write(&mut self, group: Vec<Job>) {
        match self.transact(&group).await {
            Ok(outcomes) => group.into_iter().zip(outcomes).for_each(|(job, outcome)| job.answer(outcome)),
            Err(failure) if failure.kind() == StoreErrorKind::Other && group.len() > 1 => {
                for job in group {
                    match self.transact(std::slice::from_ref(&job)).await {
                        Ok(mut outcomes) => job.answer(outcomes.pop().unwrap_or(Outcome::Done)),
                        Err(failure) => job.refuse(&failure),
                    }
                }
            }
            Err(failure) => {
                tracing::warn!(error = &failure as &dyn std::error::Error, "a group of changes was not written");
                group.into_iter().for_each(|job| job.refuse(&failure));
            }
        }
    }

    async fn transact(&mut self, group: &[Job]) -> Result<Vec<Outcome>, StoreError> {
        let mut attempt = 1;
        loop {
            let mut connection = self.database.connect(self.connection.take()).await?;
            match once(&self.database, &self.bodies, &mut connection, group).await {
                Ok(outcomes) => {
                    self.connection = Some(connection);
                    return Ok(outcomes);
                }
                Err(failure) => {
                    // A connection with a transaction that failed is not used again.
                    D::close(connection);
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
}

async fn once<D: Database>(
    database: &D,
    bodies: &Waiting,
    connection: &mut D::Connection,
    group: &[Job],
) -> Result<Vec<Outcome>, Failure> {
    let asked = Asked::of(group, bodies);
    let found = database.look(connection, &asked).await.map_err(Failure::Before)?;
    let decided = decide(&found, group, bodies);
    database.write(connection, &found, &decided).await?;
    bodies.settle(&decided.written);
    Ok(decided.outcomes)
}
