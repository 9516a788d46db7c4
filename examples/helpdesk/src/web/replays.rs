//! [`Replays`]: replays of draft rules that run beside the pages. They are in memory only: a replay changes nothing, so
//! nothing is lost with one that a restart ends.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use mailflow_core::flow::Admin;
use mailflow_core::refusal::Refusal;
use mailflow_core::routing::Replayed;
use mailflow_core::rule::RuleSet;
use mailflow_core::time::Timestamp;
use tokio::sync::watch;
use uuid::Uuid;

/// How many are remembered.
const KEPT: usize = 10;
/// How many may run at once: each uses all processors.
const AT_ONCE: usize = 2;

/// The replays that run or ran.
#[derive(Debug, Clone, Default)]
pub struct Replays(Arc<Mutex<Vec<Arc<Job>>>>);

/// A replay.
#[derive(Debug)]
pub struct Job {
    /// Its name in links.
    pub id: Uuid,
    /// The rules that are tried.
    pub draft: RuleSet,
    /// How many days back; 0 is everything.
    pub days: u32,
    /// When it began.
    pub begun: Timestamp,
    /// Who began it.
    pub by: String,
    state: watch::Sender<State>,
    stop: watch::Sender<bool>,
}

/// How far a replay is.
#[derive(Debug, Clone)]
pub enum State {
    /// It runs: messages that were read, and the share of the time that is behind, in thousandths.
    Running(u64, u32),
    /// It is done.
    Done(Arc<Replayed>),
    /// Somebody stopped it.
    Stopped,
    /// It could not go on.
    Failed(String),
}

impl State {
    /// Whether it still runs.
    pub const fn runs(&self) -> bool {
        matches!(self, Self::Running(..))
    }
}

impl Job {
    /// How far it is.
    pub fn state(&self) -> State {
        self.state.borrow().clone()
    }

    /// Tells how far it is from now on.
    pub fn watch(&self) -> watch::Receiver<State> {
        self.state.subscribe()
    }

    /// Stops it, if it runs.
    pub fn stop(&self) {
        self.stop.send_replace(true);
    }
}

impl Replays {
    fn all(&self) -> MutexGuard<'_, Vec<Arc<Job>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The replays, the last one first.
    pub fn list(&self) -> Vec<Arc<Job>> {
        self.all().iter().rev().cloned().collect()
    }

    /// One of them.
    ///
    /// # Errors
    /// A refusal if it is not remembered.
    pub fn find(&self, id: &str) -> Result<Arc<Job>, Refusal> {
        let found = self.all().iter().find(|job| job.id.to_string() == id).cloned();
        found.ok_or_else(|| Refusal::no_such("replay", id))
    }

    /// Begins one.
    ///
    /// # Errors
    /// A refusal if enough of them run.
    pub fn begin(
        &self,
        admin: Admin,
        draft: RuleSet,
        (days, since, begun): (u32, Timestamp, Timestamp),
        by: &str,
    ) -> Result<Arc<Job>, Refusal> {
        let mut all = self.all();
        if all.iter().filter(|job| job.state().runs()).count() >= AT_ONCE {
            let words = format!("{AT_ONCE} replays run already; wait for one, or stop it");
            return Err(Refusal::invalid("days", words));
        }
        let (state, stop) = (watch::Sender::new(State::Running(0, 0)), watch::Sender::new(false));
        let job = Arc::new(Job { id: admin.new_id(), draft, days, begun, by: by.to_owned(), state, stop });
        all.push(Arc::clone(&job));
        if all.len() > KEPT
            && let Some(oldest) = all.iter().position(|job| !job.state().runs())
        {
            all.remove(oldest);
        }
        tokio::spawn(run(admin, since, Arc::clone(&job)));
        Ok(job)
    }
}

async fn run(admin: Admin, since: Timestamp, job: Arc<Job>) {
    let mut stopping = job.stop.subscribe();
    let told = Arc::clone(&job);
    let replay = admin.replay(&job.draft, since, move |progress| {
        let share = (progress.share.clamp(0.0, 1.0) * 1000.0) as u32;
        told.state.send_replace(State::Running(progress.messages, share));
    });
    let end = tokio::select! {
        _ = stopping.wait_for(|stop| *stop) => State::Stopped,
        replayed = replay => match replayed {
            Ok(replayed) => State::Done(Arc::new(replayed)),
            Err(error) => State::Failed(error.to_string()),
        },
    };
    job.state.send_replace(end);
}
