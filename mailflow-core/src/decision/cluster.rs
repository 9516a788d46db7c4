//! Servers that work on one desk: who is there, and who does what. All times here are the database's.

use std::time::Duration;

use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::{Scene, Stop, trail};
use crate::audit::{About, Deed, Who};
use crate::id::{Mint, ServerId};
use crate::lease::{Holder, Lease, Task};
use crate::outgoing::RunId;
use crate::refusal::Refusal;
use crate::server::Server;
use crate::store::{Changes, Key};
use crate::time::Timestamp;

/// A server as it knows itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Me {
    /// Its id, [`Server::id_of`] its name.
    pub id: ServerId,
    /// Its name.
    pub name: String,
    /// The version of its program.
    pub version: String,
    /// Its run.
    pub run: RunId,
    /// How long it is taken to be alive after it said so.
    pub lasts: Duration,
}

/// What a server measured when it asked the database for the time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Measured {
    /// How long the answer took, in milliseconds.
    pub answer_ms: u64,
    /// By how many milliseconds the database's clock is ahead of the server's.
    pub ahead_ms: i64,
}

impl Me {
    const fn holder(&self) -> Holder {
        Holder { server: self.id, run: self.run }
    }
}

/// Begins to be a server. What has the same name is replaced: it is a run that ended without a word, or it will stop.
///
/// # Errors
/// [`Stop::Look`] for the server of this name.
pub fn join(changes: &mut Changes<'_>, me: &Me, now: Timestamp, measured: Measured) -> Result<(), Stop> {
    let Measured { answer_ms, ahead_ms } = measured;
    changes.need([Key::Server(me.id)])?;
    changes.put(Server {
        id: me.id,
        name: me.name.clone(),
        version: me.version.clone(),
        run: me.run,
        started: now,
        seen: now,
        until: now.plus(me.lasts),
        draining: false,
        answer_ms,
        ahead_ms,
    });
    Ok(())
}

/// Says that the server is alive. Returns what it is to the others now.
///
/// # Errors
/// [`Refusal::Replaced`] if another program has taken its name, or it was removed.
pub fn beat(changes: &mut Changes<'_>, me: &Me, now: Timestamp, measured: Measured) -> Result<Server, Stop> {
    let Measured { answer_ms, ahead_ms } = measured;
    let server = present(changes, me)?.ok_or_else(|| Refusal::Replaced { name: me.name.clone() })?;
    let server = Server { seen: now, until: now.plus(me.lasts), answer_ms, ahead_ms, ..server };
    changes.put(server.clone());
    Ok(server)
}

/// Ends being a server; that it was one stays known.
///
/// # Errors
/// [`Stop::Look`] for the server.
pub fn leave(changes: &mut Changes<'_>, me: &Me, now: Timestamp) -> Result<(), Stop> {
    if let Some(server) = present(changes, me)? {
        changes.put(Server { seen: now, until: now, ..server });
    }
    Ok(())
}

/// Takes a task that nobody has, or whose holder is dead. Returns its lease if this server has it now; a task that it
/// does not get is left exactly as it is.
///
/// # Errors
/// [`Stop::Look`] for the task, its holder and the server itself.
pub fn acquire(changes: &mut Changes<'_>, me: &Me, task: Task, now: Timestamp) -> Result<Option<Lease>, Stop> {
    let key = Key::Lease(task.id());
    changes.need([key.clone(), Key::Server(me.id)])?;
    let alive = present(changes, me)?.is_some_and(|server| server.is_alive(now) && !server.draining);
    let lease = changes.get::<Lease>(&key)?.cloned();
    if let Some(holder) = lease.as_ref().and_then(|lease| lease.holder) {
        if holder == me.holder() {
            return Ok(lease);
        }
        // Relied on: if the holder says meanwhile that it is alive, this is decided again.
        let server = changes.get::<Server>(&Key::Server(holder.server))?;
        if server.is_some_and(|server| server.run == holder.run && server.is_alive(now)) {
            return Ok(None);
        }
    }
    if !alive {
        return Ok(None);
    }
    let lease = lease.unwrap_or(Lease { task, holder: None, epoch: 0, since: now, past: Vec::new() });
    let lease = lease.passes(Some(me.holder()), now);
    changes.put(lease.clone());
    Ok(Some(lease))
}

/// Gives a task away that this server has.
///
/// # Errors
/// [`Stop::Look`] for the task.
pub fn release(changes: &mut Changes<'_>, me: &Me, task: Task, now: Timestamp) -> Result<(), Stop> {
    let key = Key::Lease(task.id());
    if let Some(lease) = changes.get::<Lease>(&key)?.cloned()
        && lease.holder == Some(me.holder())
    {
        changes.put(lease.passes(None, now));
    }
    Ok(())
}

/// Tells a server to give away its tasks, or to take some again. What it was told before is done.
///
/// # Errors
/// [`Refusal::NoSuch`] if there is no such server.
pub fn drain(
    scene: &Scene<'_>,
    changes: &mut Changes<'_>,
    mint: &mut Mint,
    who: Who,
    (id, draining): (ServerId, bool),
) -> Result<(), Stop> {
    let none = || Refusal::no_such("server", id);
    let server = changes.get::<Server>(&Key::Server(id))?.cloned().ok_or_else(none)?;
    if server.draining != draining {
        let about = About::Server { id, name: server.name.clone() };
        trail::record(scene, changes, mint, (who, about), Deed::Drained { draining });
        changes.put(Server { draining, ..server });
    }
    Ok(())
}

/// Forgets a server that is dead. One that is alive stops by itself and is then forgotten.
///
/// # Errors
/// [`Stop::Refuse`] if there is no such server, or it is alive.
pub fn forget(
    scene: &Scene<'_>,
    changes: &mut Changes<'_>,
    mint: &mut Mint,
    who: Who,
    (id, now): (ServerId, Timestamp),
) -> Result<(), Stop> {
    let none = || Refusal::no_such("server", id);
    let server = changes.get::<Server>(&Key::Server(id))?.ok_or_else(none)?;
    if server.is_alive(now) {
        let problem = "it is alive; stop its program first".to_owned();
        return Err(Refusal::Invalid { field: "server", problem }.into());
    }
    let about = About::Server { id, name: server.name.clone() };
    trail::record(scene, changes, mint, (who, about), Deed::Removed { changes: Vec::new() });
    changes.erase(Key::Server(id));
    Ok(())
}

/// Which of these servers shall do a task: the same for whoever computes it, and different from task to task, so that
/// tasks are spread and few move when a server comes or goes (rendezvous hashing). `pinned` comes first if it is there.
pub fn preferred(task: Uuid, pinned: Option<ServerId>, ready: &[ServerId]) -> Option<ServerId> {
    let weight = |server: &ServerId| {
        let hash: [u8; 32] = Sha256::new().chain_update(task).chain_update(server.as_bytes()).finalize().into();
        hash
    };
    pinned.filter(|pinned| ready.contains(pinned)).or_else(|| ready.iter().copied().max_by_key(weight))
}

/// The server itself, if it is still the one of its name.
fn present(changes: &Changes<'_>, me: &Me) -> Result<Option<Server>, Stop> {
    let server = changes.get::<Server>(&Key::Server(me.id))?;
    Ok(server.filter(|server| server.run == me.run).cloned())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::store::{Loaded, Version, View};

    fn me(number: u128) -> Me {
        let (name, version) = (format!("server {number}"), "1".to_owned());
        let run = RunId(Uuid::from_u128(number));
        Me { id: Server::id_of(&name), name, version, run, lasts: Server::LASTS }
    }

    fn time(seconds: u64) -> Timestamp {
        Timestamp::from_millis(0).plus(Duration::from_secs(seconds))
    }

    /// What is there when these servers have joined at 0 and the first one has taken the router.
    fn held(servers: &[Me]) -> View {
        let mut view = View::default();
        let mut there = |key: Key, record: Option<crate::store::Record>| {
            let version = if record.is_some() { Version::new(1) } else { Version::ABSENT };
            view.add([key], [Loaded { version, record }]);
        };
        for me in servers {
            let mut empty = View::default();
            empty.add([Key::Server(me.id)], [Loaded::ABSENT]);
            let mut changes = empty.changes();
            join(&mut changes, me, time(0), Measured::default()).unwrap();
            let server = changes.get::<Server>(&Key::Server(me.id)).unwrap().cloned();
            there(Key::Server(me.id), server.map(Into::into));
        }
        let holder = servers.first().map(Me::holder);
        let lease = Lease { task: Task::Router, holder, epoch: 4, since: time(0), past: Vec::new() };
        there(Key::Lease(Task::Router.id()), Some(lease.into()));
        view
    }

    #[test]
    fn a_task_that_is_not_got_is_left_exactly_as_it_is() {
        let (one, two) = (me(1), me(2));
        let view = held(&[one.clone(), two.clone()]);
        let mut changes = view.changes();
        assert_eq!(acquire(&mut changes, &two, Task::Router, time(14)), Ok(None));
        assert!(changes.is_empty());
        // Who has it has it still.
        let lease = acquire(&mut changes, &one, Task::Router, time(14)).unwrap().unwrap();
        assert_eq!((lease.epoch, changes.is_empty()), (4, true));
    }

    #[test]
    fn a_task_of_a_dead_server_changes_hands_for_who_is_alive() {
        let (one, two) = (me(1), me(2));
        let view = held(&[one.clone(), two.clone()]);
        let mut changes = view.changes();
        assert_eq!(acquire(&mut changes, &two, Task::Router, time(16)), Ok(None), "dead itself");
        beat(&mut changes, &two, time(14), Measured::default()).unwrap();
        let lease = acquire(&mut changes, &two, Task::Router, time(16)).unwrap().unwrap();
        assert_eq!((lease.epoch, lease.holder), (5, Some(two.holder())));
    }

    #[test]
    fn who_had_a_task_is_remembered_the_last_one_first_and_not_without_end() {
        let holder = |number| Some(me(number).holder());
        let mut lease = Lease { task: Task::Router, holder: None, epoch: 0, since: time(0), past: Vec::new() };
        lease = lease.passes(holder(1), time(1)).passes(None, time(2)).passes(holder(2), time(3));
        assert_eq!((lease.epoch, lease.holder), (2, holder(2)));
        lease = lease.passes(holder(3), time(9));
        let past: Vec<_> =
            lease.past.iter().map(|it| (it.server, it.epoch, it.since, it.until, it.was_gone)).collect();
        let (one, two) = (me(1).id, me(2).id);
        assert_eq!(past, [(two, 2, time(3), time(9), true), (one, 1, time(1), time(2), false)]);
        for round in 0..100 {
            lease = lease.passes(holder(round), time(10));
        }
        assert_eq!((lease.past.len(), lease.epoch), (Lease::REMEMBERED, 103));
        assert_eq!(lease.past.first().map(|it| it.epoch), Some(102));
    }

    #[test]
    fn another_run_of_the_same_server_takes_its_tasks_at_once() {
        let (one, mut again) = (me(1), me(1));
        again.run = RunId(Uuid::from_u128(99));
        let view = held(std::slice::from_ref(&one));
        let mut changes = view.changes();
        join(&mut changes, &again, time(1), Measured::default()).unwrap();
        let beaten = beat(&mut changes, &one, time(2), Measured::default());
        assert_eq!(beaten, Err(Refusal::Replaced { name: one.name.clone() }.into()));
        let lease = acquire(&mut changes, &again, Task::Router, time(2)).unwrap().unwrap();
        assert_eq!((lease.epoch, lease.holder), (5, Some(again.holder())));
    }

    #[test]
    fn tasks_are_spread_and_few_move_when_a_server_goes() {
        let servers: Vec<ServerId> = (1..=3).map(|number| me(number).id).collect();
        let tasks: Vec<Uuid> = (0..300).map(Uuid::from_u128).collect();
        let spread = |servers: &[ServerId]| -> BTreeMap<Uuid, ServerId> {
            tasks.iter().map(|task| (*task, preferred(*task, None, servers).unwrap())).collect()
        };
        let (three, two) = (spread(&servers), spread(&servers[..2]));
        for server in &servers {
            let count = three.values().filter(|it| *it == server).count();
            assert!((60..=140).contains(&count), "{count}");
        }
        for (task, server) in &three {
            assert!(*server == servers[2] || two[task] == *server, "only what the third one had moves");
        }
        assert_eq!(preferred(tasks[0], Some(servers[1]), &servers), Some(servers[1]));
        assert_eq!(preferred(tasks[0], Some(servers[2]), &servers[..1]), Some(servers[0]));
        assert_eq!(preferred(tasks[0], None, &[]), None);
    }
}
