//! [`Jobs`]: what waits to be written, and [`Groups`], in which it is taken: all that waits shares one transaction (*group
//! commit*), and each is answered after it.

use mailflow_core::digest::Digest;
use mailflow_core::store::{CommitError, Committed, StoreError};
use tokio::sync::{mpsc, oneshot};

use crate::error::{again, closed};
use crate::prepared::Prepared;

/// How many changesets may wait; who comes after them waits to hand his over.
const QUEUE: usize = 1024;
/// The most changesets of one group.
const MAX_GROUP: usize = 512;
/// A group that writes this many bytes takes no more in.
const MAX_GROUP_BYTES: usize = 8 << 20;

/// Whom a job's answer goes to.
pub type Answer<T, E> = oneshot::Sender<Result<T, E>>;

/// Something to write.
#[derive(Debug)]
pub enum Job {
    /// A changeset.
    Commit(Prepared, Answer<Committed, CommitError>),
    /// Write all bodies that wait for a commit.
    WriteBodies(Answer<(), StoreError>),
    /// Mark a body as erased, whether there is one or not.
    EraseBody(Digest, Answer<(), StoreError>),
}

/// What came of a job; its answer is given when the group is durable.
#[derive(Debug)]
pub enum Outcome {
    /// A changeset was taken or refused.
    Commit(Result<Committed, CommitError>),
    /// What had to be done with bodies is done.
    Done,
    /// It was not even begun.
    Failed(StoreError),
}

/// The way to whoever writes. When it is dropped, he writes what waits and ends.
#[derive(Debug)]
pub struct Jobs(mpsc::Sender<Job>);

/// What waits, taken in groups.
#[derive(Debug)]
pub struct Groups(mpsc::Receiver<Job>);

/// A way to whoever writes, and his end of it.
pub fn jobs() -> (Jobs, Groups) {
    let (jobs, waiting) = mpsc::channel(QUEUE);
    (Jobs(jobs), Groups(waiting))
}

impl Jobs {
    /// Hands over a job and waits for the answer.
    ///
    /// # Errors
    /// What the answer says, or that whoever writes has ended.
    pub async fn run<T, E: From<StoreError>>(&self, job: impl FnOnce(Answer<T, E>) -> Job) -> Result<T, E> {
        let (answer, answered) = oneshot::channel();
        self.0.send(job(answer)).await.map_err(|_| closed())?;
        answered.await.map_err(|_| closed())?
    }
}

impl Groups {
    /// Waits for a job, and takes what waits with it; `None` at the end.
    pub async fn next(&mut self) -> Option<Vec<Job>> {
        let first = self.0.recv().await?;
        Some(self.group(first))
    }

    /// The same for a thread of its own.
    pub fn blocking_next(&mut self) -> Option<Vec<Job>> {
        let first = self.0.blocking_recv()?;
        Some(self.group(first))
    }

    fn group(&mut self, first: Job) -> Vec<Job> {
        let mut bytes = first.size();
        let mut group = vec![first];
        while group.len() < MAX_GROUP && bytes < MAX_GROUP_BYTES {
            let Ok(job) = self.0.try_recv() else { break };
            bytes += job.size();
            group.push(job);
        }
        group
    }
}

impl Job {
    fn size(&self) -> usize {
        match self {
            // Its bodies are about as large as what the records say of them is small.
            Self::Commit(prepared, _) => prepared.bytes + prepared.bodies.len() * (32 << 10),
            Self::WriteBodies(_) | Self::EraseBody(..) => 0,
        }
    }

    /// Tells what came of it.
    pub fn answer(self, outcome: Outcome) {
        // Whoever asked may have gone; what was written stays.
        match (self, outcome) {
            (Self::Commit(_, answer), Outcome::Commit(result)) => drop(answer.send(result)),
            (Self::Commit(_, answer), Outcome::Done) => drop(answer.send(Err(closed().into()))),
            (Self::Commit(_, answer), Outcome::Failed(failure)) => drop(answer.send(Err(failure.into()))),
            (Self::WriteBodies(answer) | Self::EraseBody(_, answer), Outcome::Failed(failure)) => {
                drop(answer.send(Err(failure)));
            }
            (Self::WriteBodies(answer) | Self::EraseBody(_, answer), _) => drop(answer.send(Ok(()))),
        }
    }

    /// Tells one of a group that the group failed.
    pub fn refuse(self, failure: &StoreError) {
        match self {
            Self::Commit(_, answer) => drop(answer.send(Err(again(failure).into()))),
            Self::WriteBodies(answer) | Self::EraseBody(_, answer) => drop(answer.send(Err(again(failure)))),
        }
    }
}

#[cfg(test)]
mod tests {
    use mailflow_core::store::{Changeset, Entry};
    use mailflow_test::store::samples::message;

    use super::*;

    /// A commit that writes about this many bytes.
    fn commit(bytes: usize) -> Job {
        let changes = Changeset { entries: vec![Entry::Insert(message(1, 1, "").into())], first_ticket_number: 1 };
        let prepared = Prepared { bytes, bodies: Vec::new(), ..Prepared::new(changes, 100).unwrap() };
        Job::Commit(prepared, oneshot::channel().0)
    }

    fn sizes(of: impl IntoIterator<Item = Job>) -> Vec<usize> {
        let (jobs, mut groups) = jobs();
        of.into_iter().for_each(|job| jobs.0.try_send(job).unwrap());
        drop(jobs);
        std::iter::from_fn(|| groups.blocking_next()).map(|group| group.len()).collect()
    }

    #[test]
    fn all_that_waits_is_taken_together_up_to_a_number_and_a_size() {
        let many = || (0..MAX_GROUP + 3).map(|_| commit(1));
        assert_eq!(sizes(many()), [MAX_GROUP, 3]);
        let large = [1, MAX_GROUP_BYTES, 1, 1].map(commit);
        assert_eq!(sizes(large), [2, 2]);
    }
}
