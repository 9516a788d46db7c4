//! Servers and tasks as command line, API and pages show them: each task that there is, with who does it and who is next.

use std::collections::BTreeSet;

use mailflow_core::decision::cluster::preferred;
use mailflow_core::directory::Directory;
use mailflow_core::flow::Cluster;
use mailflow_core::id::ServerId;
use mailflow_core::lease::{Lease, Past, Task};
use mailflow_core::server::Server;
use mailflow_core::time::Timestamp;

/// A task, and who does it.
#[derive(Debug, Clone)]
pub struct TaskState {
    /// The task.
    pub task: Task,
    /// The name of its source or destination; empty for the router.
    pub name: String,
    /// Who does it; nobody if it is free.
    pub holder: Option<Server>,
    /// Since when it is as it is, by the database's clock.
    pub since: Option<Timestamp>,
    /// How often it has changed hands.
    pub epoch: u64,
    /// How long its holder is still taken to be alive, in milliseconds.
    pub left_ms: u64,
    /// The server that it is pinned to.
    pub pinned_to: Option<String>,
    /// The name of the server that shall do it, as things are now.
    pub next: Option<String>,
    /// Who did it before, the last one first.
    pub past: Vec<PastHolder>,
}

/// A server that did a task once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PastHolder {
    /// Its name; `None` if it was forgotten since.
    pub server: Option<String>,
    /// How often the task had changed hands then.
    pub epoch: u64,
    /// From when, by the database's clock.
    pub since: Timestamp,
    /// Until when.
    pub until: Timestamp,
    /// Whether another one took over because it was gone; otherwise it gave the task away.
    pub was_gone: bool,
}

impl TaskState {
    /// What kind of task it is.
    pub const fn kind(&self) -> &'static str {
        match self.task {
            Task::Router => "router",
            Task::Source(_) => "source",
            Task::Destination(_) => "destination",
        }
    }

    /// What it is, in words.
    pub fn words(&self) -> String {
        match self.task {
            Task::Router => "Making tickets of mail".to_owned(),
            Task::Source(_) => format!("Collecting from {}", self.name),
            Task::Destination(_) => format!("Sending through {}", self.name),
        }
    }
}

/// All tasks that there are, and those that somebody still has.
pub fn tasks(cluster: &Cluster, directory: &Directory) -> Vec<TaskState> {
    let mut all = vec![(Task::Router, String::new(), None, true)];
    let sources = directory.sources.values();
    all.extend(sources.map(|it| (Task::Source(it.id), it.name.clone(), it.pinned_to.clone(), it.enabled)));
    let destinations = directory.destinations.values();
    all.extend(destinations.map(|it| (Task::Destination(it.id), it.name.clone(), it.pinned_to.clone(), it.enabled)));
    let ready = cluster.servers.iter().filter(|it| it.is_alive(cluster.now) && !it.draining);
    let ready: Vec<ServerId> = ready.map(|it| it.id).collect();
    let state = |(task, name, pinned_to, enabled): (Task, String, Option<String>, bool)| {
        let lease = cluster.leases.iter().find(|it| it.task == task);
        let holder = lease.and_then(|lease| holder(cluster, lease)).cloned();
        let next = enabled.then(|| preferred(task.id(), pinned_to.as_deref().map(Server::id_of), &ready)).flatten();
        let left = holder.as_ref().map(|it| it.until.since(cluster.now)).unwrap_or_default();
        let state = TaskState {
            task,
            name,
            since: lease.map(|it| it.since),
            epoch: lease.map_or(0, |it| it.epoch),
            left_ms: u64::try_from(left.as_millis()).unwrap_or(u64::MAX),
            pinned_to,
            next: next.and_then(|id| cluster.servers.iter().find(|it| it.id == id)).map(|it| it.name.clone()),
            past: lease.map(|lease| past(cluster, lease)).unwrap_or_default(),
            holder,
        };
        (enabled || state.holder.is_some()).then_some(state)
    };
    all.into_iter().filter_map(state).collect()
}

fn past(cluster: &Cluster, lease: &Lease) -> Vec<PastHolder> {
    let name = |id| cluster.servers.iter().find(|it| it.id == id).map(|it| it.name.clone());
    let holder = |it: &Past| PastHolder {
        server: name(it.server),
        epoch: it.epoch,
        since: it.since,
        until: it.until,
        was_gone: it.was_gone,
    };
    lease.past.iter().map(holder).collect()
}

/// Who holds a lease, in the run that holds it.
fn holder<'a>(cluster: &'a Cluster, lease: &Lease) -> Option<&'a Server> {
    let holder = lease.holder?;
    cluster.servers.iter().find(|it| it.id == holder.server && it.run == holder.run)
}

/// By how much a server's own clock is wrong, in words, if it is worth mending. Nothing goes by it: the database's counts.
pub fn clock(server: &Server) -> Option<String> {
    let off_s = server.ahead_ms.unsigned_abs() / 1000;
    let how = if server.ahead_ms > 0 { "slow" } else { "fast" };
    (off_s >= 2).then(|| format!("its machine's clock is {off_s} s {how}"))
}

/// The versions of the servers that are alive, in words, if they are not all the same.
pub fn versions(cluster: &Cluster) -> Option<String> {
    let alive = cluster.servers.iter().filter(|it| it.is_alive(cluster.now));
    let versions: BTreeSet<&str> = alive.map(|it| it.version.as_str()).collect();
    (versions.len() > 1).then(|| Vec::from_iter(versions).join(", "))
}

/// How a server is, in a word.
pub fn state(server: &Server, now: Timestamp) -> &'static str {
    match (server.is_alive(now), server.draining) {
        (false, _) => "gone",
        (true, true) => "draining",
        (true, false) => "alive",
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use mailflow_core::lease::Holder;
    use mailflow_core::outgoing::RunId;
    use mailflow_core::source::{Source, SourceAccess};
    use uuid::Uuid;

    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_700_000_000_000);

    fn server(name: &str, run: u128, left_s: u64) -> Server {
        Server {
            id: Server::id_of(name),
            name: name.to_owned(),
            version: "1".to_owned(),
            run: RunId(Uuid::from_u128(run)),
            started: NOW,
            seen: NOW,
            until: NOW.plus(Duration::from_secs(left_s)),
            draining: false,
            answer_ms: 2,
            ahead_ms: 0,
        }
    }

    #[test]
    fn a_task_is_with_whom_it_is_and_says_who_is_next() {
        let (one, two) = (server("one", 1, 0), server("two", 2, 9));
        let source = Source {
            pinned_to: Some("one".to_owned()),
            ..Source::new(Uuid::from_u128(7).into(), "mailbox", SourceAccess::Embedded)
        };
        let off = Source { enabled: false, ..Source::new(Uuid::from_u128(8).into(), "off", SourceAccess::Embedded) };
        let mut directory = Directory::default();
        directory.sources.extend([source, off].map(|it| (it.id, it)));
        let lease = |run, server: &Server| Lease {
            task: Task::Router,
            holder: Some(Holder { server: server.id, run: RunId(Uuid::from_u128(run)) }),
            epoch: 4,
            since: NOW,
            past: [("one", true), ("three", false)]
                .map(|(name, was_gone)| Past {
                    server: Server::id_of(name),
                    epoch: 3,
                    since: NOW,
                    until: NOW,
                    was_gone,
                })
                .to_vec(),
        };
        let of = |lease| Cluster { now: NOW, servers: vec![one.clone(), two.clone()], leases: vec![lease] };
        let all = tasks(&of(lease(2, &two)), &directory);
        assert_eq!(all.len(), 2, "what is switched off and nobody has is no task");
        let router = &all[0];
        assert_eq!(router.holder.as_ref().map(|it| it.name.as_str()), Some("two"));
        assert_eq!((router.epoch, router.left_ms), (4, 9000));
        let past: Vec<_> = router.past.iter().map(|it| (it.server.as_deref(), it.was_gone)).collect();
        assert_eq!(past, [(Some("one"), true), (None, false)], "what was forgotten has no name");
        // The server that the source is pinned to is gone.
        assert_eq!((all[1].holder.is_none(), all[1].next.as_deref()), (true, Some("two")));
        assert!(tasks(&of(lease(1, &two)), &directory)[0].holder.is_none(), "it is held by a run that is over");
    }

    #[test]
    fn a_clock_is_spoken_of_when_it_is_worth_mending() {
        for (ahead_ms, words) in [
            (0, None),
            (-1999, None),
            (600_400, Some("its machine's clock is 600 s slow")),
            (-2000, Some("its machine's clock is 2 s fast")),
        ] {
            assert_eq!(clock(&Server { ahead_ms, ..server("one", 1, 0) }).as_deref(), words, "{ahead_ms}");
        }
    }
}
