//! Being one of several servers on one desk: saying that one is alive, sharing out the tasks, and never acting for a
//! task that another server has (guide chapter 13).
//!
//! A task's commits rely on its [`Lease`], which changes only when the task changes hands: what a server writes that
//! was stopped, cut off or slow for too long is refused by the store. Mail that is being sent cannot be called back by
//! a store: it goes on only while the server can be sure that nobody has taken its place, which is looked at before
//! every byte that goes out.

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;
use uuid::Uuid;

use super::agreed::AgreedClock;
use super::sender::words;
use super::shared::Done;
use super::{Error, Shared};
use crate::audit::Who;
use crate::decision::cluster::{self, Me, Measured};
use crate::decision::{Scene, Stop};
use crate::directory::Directory;
use crate::id::{Mint, ServerId};
use crate::lease::{Lease, Task};
use crate::refusal::Refusal;
use crate::server::Server;
use crate::store::{Changes, Key, Loaded, Query, StoreExt};
use crate::time::{Timestamp, steady};

/// How often a server says that it is alive, in parts of the time that it is believed: a word that is lost or late does
/// not make it dead.
const BEATS: u32 = 5;

/// What a server knows of its place among the others.
pub struct Membership {
    pub me: Me,
    /// Tells everybody here what time it is.
    clock: Arc<AgreedClock>,
    held: Mutex<BTreeMap<Uuid, Held>>,
    /// Until when nobody can have taken our place, by this machine's steady clock.
    sure_until: Mutex<Option<Instant>>,
    /// Why this program is too old for the database, if it is.
    outdated: Mutex<Option<String>>,
}

/// A task that is ours.
#[derive(Clone)]
struct Held {
    task: Task,
    /// The lease as it was when we got it.
    loaded: Loaded,
    epoch: u64,
    since: Timestamp,
    /// It is given away as soon as what was begun is finished.
    leaving: bool,
}

/// What servers there are and who does what, at one moment.
#[derive(Debug, Clone)]
pub struct Cluster {
    /// The time by the database's clock.
    pub now: Timestamp,
    /// The servers, the one that was started first first.
    pub servers: Vec<Server>,
    /// Who does what.
    pub leases: Vec<Lease>,
}

impl Membership {
    pub const fn new(me: Me, clock: Arc<AgreedClock>) -> Self {
        Self {
            me,
            clock,
            held: Mutex::new(BTreeMap::new()),
            sure_until: Mutex::new(None),
            outdated: Mutex::new(None),
        }
    }

    fn held(&self) -> MutexGuard<'_, BTreeMap<Uuid, Held>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_sure(&self) -> bool {
        let until = *self.sure_until.lock().unwrap_or_else(PoisonError::into_inner);
        until.is_some_and(|until| steady() < until)
    }

    /// Why this program is too old for the database, in words, if it is.
    pub fn outdated(&self) -> Option<String> {
        self.outdated.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn is_outdated(&self, why: Option<String>) {
        let mut known = self.outdated.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(why) = why.as_ref().filter(|_| known.is_none()) {
            tracing::error!(why, "this server gives away its tasks and takes none");
        }
        *known = why;
    }

    fn be_sure_until(&self, until: Instant) {
        *self.sure_until.lock().unwrap_or_else(PoisonError::into_inner) = Some(until);
    }
}

impl Shared {
    /// The number of times that a task had changed hands when it became ours; `None` if it is not ours to do. Alone,
    /// every task is.
    pub fn epoch_of(&self, task: Task) -> Option<u64> {
        let Some(member) = &self.member else { return Some(0) };
        member.held().get(&task.id()).filter(|held| !held.leaving).map(|held| held.epoch)
    }

    /// Since when a task is ours.
    pub fn ours_since(&self, task: Task) -> Timestamp {
        let since = self.member.as_ref().and_then(|it| it.held().get(&task.id()).map(|held| held.since));
        since.unwrap_or(self.started)
    }

    /// Makes a wish of a task come true, if the task is ours when it is committed.
    pub async fn transact_as<T: Send>(
        &self,
        task: Task,
        decide: impl Fn(&Scene<'_>, &mut Changes<'_>, &mut Mint) -> Result<T, Stop> + Send + Sync,
    ) -> Result<Done<T>, Error> {
        let Some(member) = &self.member else { return self.transact(decide).await };
        let lease = member.held().get(&task.id()).map(|held| held.loaded.clone());
        let lease = lease.ok_or(Error::NotOurs)?;
        let done = self.transact_relying(Some((Key::Lease(task.id()), lease)), decide).await;
        if matches!(done, Err(Error::NotOurs)) {
            self.lose(task);
        }
        done
    }

    /// Does something that cannot be taken back, only while nobody can have taken our place. `None` if it was given up:
    /// nobody knows how far it came.
    pub async fn while_sure<T>(&self, doing: impl Future<Output = T>) -> Option<T> {
        let Some(member) = &self.member else { return Some(doing.await) };
        let mut doing = pin!(doing);
        std::future::poll_fn(|context| {
            if member.is_sure() { doing.as_mut().poll(context).map(Some) } else { Poll::Ready(None) }
        })
        .await
    }

    fn lose(&self, task: Task) {
        if let Some(member) = &self.member
            && member.held().remove(&task.id()).is_some()
        {
            tracing::warn!(?task, "another server does this now");
            self.tasks_changed();
        }
    }

    fn tasks_changed(&self) {
        self.tasks.send_modify(|changes| *changes += 1);
    }

    /// Begins to be one of several servers.
    pub async fn join(&self) -> Result<(), Error> {
        let Some(member) = &self.member else { return Ok(()) };
        let (now, measured) = self.ask_the_time(member).await?;
        self.transact(|_, changes, _| cluster::join(changes, &member.me, now, measured)).await.map(drop)
    }

    /// Gives everything away and ends being a server. If that fails, the others wait until it is taken to be dead.
    pub async fn leave(&self) -> Result<(), Error> {
        let Some(member) = &self.member else { return Ok(()) };
        let tasks: Vec<Task> = member.held().values().map(|held| held.task).collect();
        for task in tasks {
            self.release(task).await?;
        }
        let now = self.store.now().await?;
        self.transact(|_, changes, _| cluster::leave(changes, &member.me, now)).await.map(drop)
    }

    /// Gives a task away that nothing is done for any more.
    pub async fn release(&self, task: Task) -> Result<(), Error> {
        let Some(member) = &self.member else { return Ok(()) };
        if member.held().remove(&task.id()).is_none() {
            return Ok(());
        }
        let now = self.store.now().await?;
        self.transact(|_, changes, _| cluster::release(changes, &member.me, task, now)).await.map(drop)
    }

    /// Says again and again that the server is alive, and takes and gives away tasks. Ends when it was told to stop, or
    /// when another program has taken its name.
    pub async fn attend(&self, mut stop: watch::Receiver<bool>) -> Result<(), Error> {
        let Some(member) = &self.member else {
            let _ = stop.wait_for(|stop| *stop).await;
            return Ok(());
        };
        let between: Duration = member.me.lasts / BEATS;
        loop {
            match self.attend_once(member).await {
                Err(Error::Refused(refusal @ Refusal::Replaced { .. })) => return Err(refusal.into()),
                Err(error) => tracing::error!(error = words(&error), "the other servers could not be reached"),
                Ok(()) => {}
            }
            tokio::select! {
                _ = stop.wait_for(|stop| *stop) => return Ok(()),
                () = tokio::time::sleep(between) => {}
            }
        }
    }

    async fn attend_once(&self, member: &Membership) -> Result<(), Error> {
        self.look_at_shape(member).await?;
        // Taken before it is said: the others count from when they hear it, which is later.
        let before = steady();
        let (now, measured) = self.ask_the_time(member).await?;
        self.transact(|_, changes, _| cluster::beat(changes, &member.me, now, measured)).await?;
        member.be_sure_until(before + member.me.lasts);
        if member.outdated().is_some() {
            let (who, wish) = (Who::Program, (member.me.id, true));
            self.transact(|scene, changes, mint| cluster::drain(scene, changes, mint, who, wish)).await?;
        }
        self.refresh().await?;
        self.share_out(member, now).await
    }

    /// A newer program may have brought the database to a shape that this one does not know: then it ends its tasks,
    /// whether or not the others can still be told.
    async fn look_at_shape(&self, member: &Membership) -> Result<(), Error> {
        match self.store.check_shape().await {
            Ok(()) => member.is_outdated(None),
            Err(error) if error.is_unusable() => {
                member.is_outdated(Some(error.to_string()));
                member.held().values_mut().for_each(|held| held.leaving = true);
                self.tasks_changed();
            }
            Err(error) => return Err(error.into()),
        }
        Ok(())
    }

    /// The time by the database's clock, which the own one is put right by.
    async fn ask_the_time(&self, member: &Membership) -> Result<(Timestamp, Measured), Error> {
        let before = steady();
        let now = self.store.now().await?;
        let took = before.elapsed();
        let ahead_ms = member.clock.hear(now, took);
        Ok((now, Measured { answer_ms: u64::try_from(took.as_millis()).unwrap_or(u64::MAX), ahead_ms }))
    }

    /// Takes the tasks that are ours to take, and begins to give away those that are not.
    async fn share_out(&self, member: &Membership, now: Timestamp) -> Result<(), Error> {
        let Cluster { servers, leases, .. } = self.cluster_at(now).await?;
        let mut ready: Vec<&Server> = servers.iter().filter(|it| it.is_alive(now) && !it.draining).collect();
        if member.outdated().is_some() {
            ready.retain(|server| server.id != member.me.id);
        }
        let ready: Vec<ServerId> = ready.into_iter().map(|server| server.id).collect();
        let tasks = tasks(&self.directory());
        for lease in &leases {
            let ours =
                lease.holder.is_some_and(|holder| holder.server == member.me.id && holder.run == member.me.run);
            if !ours {
                self.lose(lease.task);
            }
        }
        let held: BTreeSet<Task> = member.held().values().map(|held| held.task).collect();
        for (task, pinned) in &tasks {
            let to = cluster::preferred(task.id(), pinned.as_deref().map(Server::id_of), &ready);
            if to == Some(member.me.id) && !held.contains(task) {
                self.acquire(member, *task, now).await?;
            }
        }
        let mut changed = false;
        for held in member.held().values_mut() {
            let pinned = tasks.get(&held.task);
            let to =
                pinned.and_then(|it| cluster::preferred(held.task.id(), it.as_deref().map(Server::id_of), &ready));
            let leaving = to != Some(member.me.id);
            changed |= leaving != held.leaving;
            held.leaving = leaving;
        }
        if changed {
            self.tasks_changed();
        }
        Ok(())
    }

    async fn acquire(&self, member: &Membership, task: Task, now: Timestamp) -> Result<(), Error> {
        let done = self.transact(|_, changes, _| cluster::acquire(changes, &member.me, task, now)).await?;
        let Some(lease) = done.value else { return Ok(()) };
        let Some(loaded) = self.store.load(&[Key::Lease(task.id())]).await?.pop() else { return Ok(()) };
        if loaded.record.as_ref() != Some(&lease.clone().into()) {
            // It was lost at once; the next look says to whom.
            return Ok(());
        }
        tracing::info!(?task, epoch = lease.epoch, "this server does this now");
        let held = Held { task, loaded, epoch: lease.epoch, since: lease.since, leaving: false };
        member.held().insert(task.id(), held);
        self.tasks_changed();
        Ok(())
    }

    async fn cluster_at(&self, now: Timestamp) -> Result<Cluster, Error> {
        let servers = self.store.list_all::<Server>(&Query::Servers).await?;
        let leases = self.store.list_all::<Lease>(&Query::Leases).await?;
        Ok(Cluster { now, servers, leases })
    }

    /// What servers there are and who does what.
    pub async fn cluster(&self) -> Result<Cluster, Error> {
        let now = self.store.now().await?;
        self.cluster_at(now).await
    }
}

/// All tasks that there are to do, each with the server that it is pinned to.
fn tasks(directory: &Directory) -> BTreeMap<Task, Option<String>> {
    let sources = directory.sources.values().filter(|it| it.enabled);
    let destinations = directory.destinations.values().filter(|it| it.enabled);
    let sources = sources.map(|it| (Task::Source(it.id), it.pinned_to.clone()));
    let destinations = destinations.map(|it| (Task::Destination(it.id), it.pinned_to.clone()));
    [(Task::Router, None)].into_iter().chain(sources).chain(destinations).collect()
}
