//! [`Mailflow::run`]: receiver, router and sender as tasks that end together. Each source and each destination has a
//! task of its own: one that is dead never delays another (AC-15).

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{broadcast, watch};
use tokio::task::JoinHandle;

use super::sender::words;
use super::{Error, Mailflow, Shared};
use crate::destination::Destination;
use crate::lease::Task;
use crate::outgoing::Outgoing;
use crate::pulse::Pulse;
use crate::source::{Source, SourceAccess};
use crate::store::{Key, Page, Query, StoreExt};
use crate::text;
use crate::time::Timestamp;

/// How long what is being done may take when the flow is told to stop; after that it is dropped, which loses nothing.
const GRACE: Duration = Duration::from_secs(20);
/// How long to wait after the store failed.
const STORE_PAUSE: Duration = Duration::from_secs(2);
/// How often the configuration and the waiting arrivals are looked at without a reason: another program may have
/// written them.
const LOOK_ANYWAY: Duration = Duration::from_secs(15);

impl Mailflow {
    /// Receives, routes and sends until `shutdown` is ready, then stops in order: what was begun is finished, nothing
    /// new is begun.
    ///
    /// # Errors
    /// [`Error`] if it cannot begin. Once it runs, what goes wrong is told by the health of sources and destinations
    /// and tried again.
    pub async fn run(&self, shutdown: impl Future<Output = ()> + Send) -> Result<(), Error> {
        let shared = Arc::clone(&self.shared);
        shared.refresh().await?;
        shared.join().await?;
        let (stopping, stop) = watch::channel(false);
        let (leaving, stay) = watch::channel(false);
        let mut workers = tokio::spawn(supervise(Arc::clone(&shared), stop));
        let attend = Arc::clone(&shared);
        let mut attending = tokio::spawn(async move { attend.attend(stay).await });
        let replaced = tokio::select! {
            () = shutdown => None,
            ended = &mut attending => ended.ok().and_then(Result::err),
        };
        // Only dropped receivers refuse it, and then everything has ended already.
        let _ = stopping.send(true);
        if tokio::time::timeout(GRACE, &mut workers).await.is_err() {
            workers.abort();
        }
        let _ = leaving.send(true);
        if let Some(error) = replaced {
            return Err(error);
        }
        let _ = attending.await;
        shared.leave().await
    }
}

type Stop = watch::Receiver<bool>;

/// Waits until it is time to stop.
async fn stopped(stop: &mut Stop) {
    // The sender is dropped only when the flow is gone, which is a reason to stop too.
    let _ = stop.wait_for(|stop| *stop).await;
}

/// Sleeps until `until`, a wake-up, or the end. Returns whether to go on.
async fn pause(shared: &Shared, until: Timestamp, wake: &tokio::sync::Notify, stop: &mut Stop) -> bool {
    tokio::select! {
        () = stopped(stop) => {}
        () = wake.notified() => {}
        () = shared.clock.sleep_until(until) => {}
    }
    !*stop.borrow()
}

/// The router's loop.
async fn route_all(shared: Arc<Shared>, mut stop: Stop) {
    loop {
        let wait = match shared.route_some().await {
            Ok(placed) if placed.is_empty() => LOOK_ANYWAY,
            Ok(placed) => {
                tracing::info!(mails = placed.len(), "mail was routed");
                Duration::ZERO
            }
            Err(Error::NotOurs) => return,
            Err(error) => {
                tracing::error!(error = words(&error), "routing failed; it is tried again");
                STORE_PAUSE
            }
        };
        let until = shared.clock.now().plus(wait);
        let go_on =
            if wait.is_zero() { !*stop.borrow() } else { pause(&shared, until, &shared.arrived, &mut stop).await };
        if !go_on {
            return;
        }
    }
}

/// A task that is worked on, and what it was begun with.
struct Worker {
    begun: Begun,
    ending: watch::Sender<bool>,
    running: JoinHandle<()>,
}

/// What a worker is begun with: when any of it changes, it ends and another one begins.
#[derive(Clone, PartialEq)]
struct Begun {
    work: Work,
    /// How often the task had changed hands.
    epoch: u64,
}

#[derive(Clone, PartialEq)]
enum Work {
    Route,
    Collect(Box<Source>),
    Deliver(Box<Destination>),
}

impl Work {
    fn task(&self) -> Task {
        match self {
            Self::Route => Task::Router,
            Self::Collect(source) => Task::Source(source.id),
            Self::Deliver(destination) => Task::Destination(destination.id),
        }
    }
}

/// Has one worker for the router and for each enabled source and destination, of those that are ours; one whose
/// document changed is ended and begun anew.
async fn supervise(shared: Arc<Shared>, mut stop: Stop) {
    let mut notices = shared.notices.subscribe();
    let mut tasks = shared.tasks.subscribe();
    let mut workers: BTreeMap<Task, Worker> = BTreeMap::new();
    loop {
        tasks.mark_unchanged();
        let wanted = wanted(&shared);
        let gone: Vec<Task> = workers
            .iter()
            .filter(|(task, worker)| wanted.get(task) != Some(&worker.begun) || worker.running.is_finished())
            .map(|(task, _)| *task)
            .collect();
        let mut ended = BTreeMap::new();
        for task in gone {
            if let Some(worker) = workers.remove(&task) {
                let _ = worker.ending.send(true);
                ended.insert(task, worker.running);
            }
        }
        for (task, begun) in wanted {
            workers.entry(task).or_insert_with(|| {
                let (ending, stop) = watch::channel(false);
                let before = ended.remove(&task);
                let running = tokio::spawn(work(Arc::clone(&shared), begun.work.clone(), before, stop));
                Worker { begun, ending, running }
            });
        }
        for (task, running) in ended {
            tokio::spawn(give_away(Arc::clone(&shared), task, running));
        }
        if !something_changed(&shared, &mut notices, &mut tasks, &mut stop).await {
            break;
        }
    }
    for worker in workers.values() {
        let _ = worker.ending.send(true);
    }
    for worker in workers.into_values() {
        let _ = worker.running.await;
    }
}

/// Gives a task to the others, when what was begun of it is finished.
async fn give_away(shared: Arc<Shared>, task: Task, running: JoinHandle<()>) {
    let _ = running.await;
    if shared.epoch_of(task).is_none()
        && let Err(error) = shared.release(task).await
    {
        tracing::error!(error = words(&error), ?task, "could not be given away; the others wait until it is free");
    }
}

/// Waits until the configuration, or which tasks are ours, may have changed. Returns whether to go on.
async fn something_changed(
    shared: &Shared,
    notices: &mut broadcast::Receiver<super::Notice>,
    tasks: &mut watch::Receiver<u64>,
    stop: &mut Stop,
) -> bool {
    let until = shared.clock.now().plus(LOOK_ANYWAY);
    loop {
        tokio::select! {
            () = stopped(stop) => return false,
            changed = tasks.changed() => return changed.is_ok(),
            () = shared.clock.sleep_until(until) => {
                if let Err(error) = shared.refresh().await {
                    tracing::error!(error = words(&error), "the configuration could not be read");
                }
                return true;
            }
            notice = notices.recv() => match notice {
                Ok(notice) if !notice.configuration && !notice.missed => {}
                Ok(_) | Err(broadcast::error::RecvError::Lagged(_)) => return true,
                Err(broadcast::error::RecvError::Closed) => return false,
            }
        }
    }
}

/// What there is to do of the tasks that are ours.
fn wanted(shared: &Shared) -> BTreeMap<Task, Begun> {
    let directory = shared.directory();
    let sources = directory.sources.values().filter(|it| it.enabled);
    let destinations = directory.destinations.values().filter(|it| it.enabled);
    let sources = sources.map(|it| Work::Collect(Box::new(it.clone())));
    let destinations = destinations.map(|it| Work::Deliver(Box::new(it.clone())));
    [Work::Route]
        .into_iter()
        .chain(sources)
        .chain(destinations)
        .filter_map(|work| Some((work.task(), Begun { epoch: shared.epoch_of(work.task())?, work })))
        .collect()
}

async fn work(shared: Arc<Shared>, work: Work, before: Option<JoinHandle<()>>, stop: Stop) {
    // Two workers never work on the same source: the one before ends first.
    if let Some(before) = before {
        let _ = before.await;
    }
    match work {
        Work::Route => route_all(shared, stop).await,
        Work::Collect(source) => collect_all(shared, *source, stop).await,
        Work::Deliver(destination) => deliver_all(shared, *destination, stop).await,
    }
}

/// A source's loop.
async fn collect_all(shared: Arc<Shared>, source: Source, mut stop: Stop) {
    if source.access == SourceAccess::Embedded && shared.embedded_source(source.id).is_none() {
        // Its mail is brought by somebody; there is nothing to look into.
        return stopped(&mut stop).await;
    }
    let wake = shared.waker(source.id.into());
    loop {
        // Dropping a look at any point loses nothing: what is not settled is offered again.
        let looked = tokio::select! {
            () = stopped(&mut stop) => return,
            looked = shared.collect(&source) => looked,
        };
        let (result, trouble) = match looked {
            Ok(collected) => {
                if collected.new > 0 {
                    tracing::info!(source = source.name, new = collected.new, "mail was collected");
                }
                if !collected.trouble.is_empty() {
                    tracing::warn!(source = source.name, trouble = collected.trouble, "not all mail was collected");
                }
                ((collected.new, collected.duplicates), collected.trouble)
            }
            Err(error) => {
                tracing::warn!(source = source.name, error = words(&error), "mail could not be collected");
                ((0, 0), words(&error))
            }
        };
        shared.beat(Task::Source(source.id), result, trouble).await;
        let until = shared.clock.now().plus(Duration::from_secs(source.check_interval_s.into()));
        if !pause(&shared, until, &wake, &mut stop).await {
            return;
        }
    }
}

/// A destination's loop. A mail that is being sent when it is time to stop is finished first.
async fn deliver_all(shared: Arc<Shared>, destination: Destination, mut stop: Stop) {
    let wake = shared.waker(destination.id.into());
    let stopping = stop.clone();
    let mut reclaimed = false;
    loop {
        if !reclaimed {
            match shared.reclaim(destination.id).await {
                Ok(mails) if mails > 0 => {
                    tracing::warn!(mails, "were being sent when their server ended or was cut off: perhaps sent");
                    reclaimed = true;
                }
                Ok(_) => reclaimed = true,
                Err(error) => tracing::error!(error = words(&error), "what was being sent could not be read"),
            }
        }
        match shared.deliver(&destination, || *stopping.borrow()).await {
            Ok(delivered) if delivered.tried > 0 => {
                shared.beat(Task::Destination(destination.id), (delivered.sent, 0), delivered.trouble).await;
            }
            Ok(_) => {}
            Err(error) => {
                tracing::error!(error = words(&error), "what is to be sent could not be read; it is tried again")
            }
        }
        let until = shared.next_due(&destination).await;
        if !pause(&shared, until, &wake, &mut stop).await {
            return;
        }
    }
}

impl Shared {
    /// When a destination has to be looked at again: when its next mail is due, at the latest after its interval.
    async fn next_due(&self, destination: &Destination) -> Timestamp {
        let now = self.clock.now();
        let latest = now.plus(Duration::from_secs(destination.delivery_interval_s.into()));
        let queued = self.store.list::<Outgoing>(&Query::Queued(destination.id), &Page::first(1)).await;
        let due = queued.ok().and_then(|listing| listing.rows.into_iter().next()).map(|outgoing| outgoing.due);
        // What is due already and was left, because the server cannot be reached, waits for the interval.
        due.filter(|due| *due > now).map_or(latest, |due| due.min(latest))
    }

    /// Writes down how a source or destination is doing.
    async fn beat(&self, task: Task, (mails, duplicates): (u64, u64), trouble: String) {
        let of = task.id();
        let beat = self.transact_as(task, |scene, changes, _| {
            let before = changes.get::<Pulse>(&Key::Pulse(of))?.cloned();
            let before = before.unwrap_or(Pulse {
                of,
                last_success: None,
                last_try: scene.now,
                failures: 0,
                trouble: String::new(),
                mails: 0,
                duplicates: 0,
            });
            let well = trouble.is_empty();
            changes.put(Pulse {
                of,
                last_success: if well { Some(scene.now) } else { before.last_success },
                last_try: scene.now,
                failures: if well { 0 } else { before.failures.saturating_add(1) },
                trouble: text::one_line(&trouble, 500),
                mails: before.mails.saturating_add(mails),
                duplicates: before.duplicates.saturating_add(duplicates),
            });
            Ok(())
        });
        if let Err(error) = beat.await {
            tracing::error!(error = words(&error), "the health of a source or destination could not be written");
        }
    }
}
