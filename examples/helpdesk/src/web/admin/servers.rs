//! Servers that work on the desk together: a card for each, a line for each task with who had it before, and a button
//! that drains.

use askama::Template;
use axum::body::Bytes;
use axum::extract::{Path, Query};
use axum::http::HeaderMap;
use mailflow_core::id::ServerId;
use mailflow_core::refusal::Refusal;
use mailflow_core::server::Server;
use mailflow_core::time::Timestamp;

use super::form::sentence;
use super::list::Tone;
use super::{Asked, go, refusal, words};
use crate::servers::{self, PastHolder, TaskState};
use crate::web::ago::full;
use crate::web::answer::{Answer, page};
use crate::web::{Fields, Frame, Signed, Trouble};

const HERE: &str = "/admin/servers";

/// A server.
struct Card {
    id: ServerId,
    name: String,
    version: String,
    state: String,
    tone: Tone,
    started: (String, String),
    /// How fast the database answers it, and whether its clock is wrong.
    line: String,
    tasks: Vec<String>,
    alive: bool,
    draining: bool,
}

/// A task.
struct Line {
    words: String,
    holder: Option<String>,
    tone: Tone,
    since: Option<(String, String)>,
    epoch: u64,
    left: String,
    next: String,
    pinned: Option<String>,
    past: Vec<Before>,
}

/// A server that did a task once.
struct Before {
    server: String,
    until: (String, String),
    how_long: String,
    how: &'static str,
}

#[derive(Template)]
#[template(path = "admin/servers.html")]
struct ServersPage {
    frame: Frame,
    cards: Vec<Card>,
    lines: Vec<Line>,
    /// The versions of those that are alive, if they are not the same.
    versions: Option<String>,
    done: Option<&'static str>,
    trouble: Option<String>,
}

/// All servers and tasks.
pub async fn list(signed: Signed, Query(asked): Query<Asked>) -> Answer {
    shown(&signed, asked.done(), None).await
}

async fn shown(signed: &Signed, done: Option<&'static str>, trouble: Option<String>) -> Answer {
    let cluster = signed.desk.admin()?.cluster().await?;
    let tasks = servers::tasks(&cluster, &signed.desk.directory());
    let card = |server: &Server| card(server, &tasks, cluster.now);
    page(&ServersPage {
        frame: Frame::of(signed, HERE, "Servers").await?,
        cards: cluster.servers.iter().map(card).collect(),
        lines: tasks.iter().map(|task| line(task, cluster.now)).collect(),
        versions: servers::versions(&cluster),
        done,
        trouble,
    })
}

fn card(server: &Server, tasks: &[TaskState], now: Timestamp) -> Card {
    // The age of its last word counts in seconds as long as it may be alive.
    let seen = match now.since(server.seen).as_secs() {
        age @ 0..120 => format!("{age} s ago"),
        _ => words::ago(server.seen, now),
    };
    let (state, tone) = match servers::state(server, now) {
        "alive" => (format!("Alive, said so {seen}"), Tone::Good),
        "draining" => (format!("{}. Alive, said so {seen}", drained(server, tasks)), Tone::Quiet),
        _ => (format!("Gone, last seen {seen}"), Tone::Bad),
    };
    let clock = servers::clock(server).map_or_else(String::new, |it| format!("; {it}, the database's counts"));
    Card {
        id: server.id,
        name: server.name.clone(),
        version: server.version.clone(),
        state,
        tone,
        started: (words::ago(server.started, now), full(server.started)),
        line: match server.answer_ms {
            0 => format!("The database answers in less than 1 ms{clock}"),
            answer_ms => format!("The database answers in {answer_ms} ms{clock}"),
        },
        tasks: of(server, tasks).map(TaskState::words).collect(),
        alive: server.is_alive(now),
        draining: server.draining,
    }
}

fn of<'t>(server: &Server, tasks: &'t [TaskState]) -> impl Iterator<Item = &'t TaskState> {
    let id = server.id;
    tasks.iter().filter(move |task| task.holder.as_ref().is_some_and(|holder| holder.id == id))
}

/// How far a server is with giving away its tasks.
fn drained(server: &Server, tasks: &[TaskState]) -> String {
    match of(server, tasks).count() {
        0 => "Drained: it has no tasks and takes none".to_owned(),
        1 => "Draining: 1 task left".to_owned(),
        left => format!("Draining: {left} tasks left"),
    }
}

fn before(past: &PastHolder, now: Timestamp) -> Before {
    let seconds = past.until.since(past.since).as_secs();
    Before {
        server: past.server.clone().unwrap_or_else(|| "a server that was forgotten".to_owned()),
        until: (words::ago(past.until, now), full(past.until)),
        how_long: match seconds {
            0..120 => format!("{seconds} s"),
            120..7200 => format!("{} min", seconds / 60),
            _ => format!("{} h", seconds / 3600),
        },
        how: if past.was_gone { "it was gone, another one took over" } else { "it gave the task away" },
    }
}

fn line(task: &TaskState, now: Timestamp) -> Line {
    let alive = task.holder.as_ref().filter(|it| it.is_alive(now));
    let left = match (&task.holder, alive) {
        (None, _) => "Nobody does it".to_owned(),
        (Some(_), None) => "Its server is gone; another one takes over".to_owned(),
        (Some(_), Some(_)) => format!("Lease ends in {} s unless renewed", task.left_ms.div_ceil(1000)),
    };
    let holder = task.holder.as_ref().map(|it| it.name.clone());
    let next = match &task.next {
        None => "No server can take it".to_owned(),
        Some(next) if holder.as_ref() == Some(next) => "It stays there".to_owned(),
        Some(next) => format!("Goes to {next}"),
    };
    Line {
        words: task.words(),
        tone: if alive.is_some() { Tone::Good } else { Tone::Bad },
        since: task.since.filter(|_| holder.is_some()).map(|at| (words::ago(at, now), full(at))),
        epoch: task.epoch,
        left,
        next,
        pinned: task.pinned_to.clone(),
        past: task.past.iter().map(|it| before(it, now)).collect(),
        holder,
    }
}

fn id(text: &str) -> Result<ServerId, Trouble> {
    Ok(text.parse().map_err(|_| Refusal::no_such("server", text))?)
}

/// Makes a server give away its tasks, or take some again.
pub async fn drain(signed: Signed, Path(text): Path<String>, headers: HeaderMap, body: Bytes) -> Answer {
    let draining = Fields::of_form(&headers, &body)?.one("draining") == "yes";
    signed.desk.admin()?.drain(id(&text)?, draining).await?;
    go(&signed, HERE, if draining { "draining" } else { "not-draining" })
}

/// Forgets a server that is gone.
pub async fn forget(signed: Signed, Path(text): Path<String>) -> Answer {
    match signed.desk.admin()?.forget_server(id(&text)?).await {
        Ok(()) => go(&signed, HERE, "forgotten"),
        Err(error) => shown(&signed, None, Some(sentence(&refusal(error)?.to_string()))).await,
    }
}
