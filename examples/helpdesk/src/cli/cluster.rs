//! `mailflow cluster`: servers that work on one desk together.

use std::time::Duration;

use clap::Subcommand;
use mailflow_core::flow::Mailflow;
use mailflow_core::refusal::Refusal;
use mailflow_core::server::Server;
use mailflow_core::time::Timestamp;
use serde_json::json;

use super::desk::DeskArguments;
use super::exit::TEMPORARY;
use super::{Exit, SHAPE, print, say};
use crate::servers;
use crate::setup::IfMissing;

#[derive(Debug, Subcommand)]
pub enum ClusterCommand {
    /// Say which servers there are, and which of them does what.
    Status {
        #[command(flatten)]
        desk: DeskArguments,
        /// Say also who did each task before.
        #[arg(long)]
        history: bool,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Make a server give away its tasks and take no others, and wait until it has none; agents are served all the
    /// same.
    Drain {
        #[command(flatten)]
        desk: DeskArguments,
        /// The server's name.
        name: String,
        /// Give it tasks again.
        #[arg(long, conflicts_with_all = ["no_wait", "timeout"])]
        undo: bool,
        /// Do not wait until it has no task.
        #[arg(long)]
        no_wait: bool,
        /// How many seconds to wait at most; what was begun is finished first.
        #[arg(long, value_name = "SECONDS", default_value_t = 120, conflicts_with = "no_wait")]
        timeout: u64,
    },
    /// Forget a server that is gone for good.
    Forget {
        #[command(flatten)]
        desk: DeskArguments,
        /// The server's name.
        name: String,
    },
}

/// Looks at servers, or tells one what to do.
pub async fn cluster(command: ClusterCommand) -> Result<(), Exit> {
    match command {
        ClusterCommand::Status { desk, history, json } => {
            let flow = desk.open(IfMissing::Refuse).await?.flow;
            if json { in_json(&flow).await } else { in_words(&flow, history).await }
        }
        ClusterCommand::Drain { desk, name, undo, no_wait, timeout } => {
            let flow = desk.open(IfMissing::Refuse).await?.flow;
            let server = found(&flow, &name).await?;
            flow.admin().drain(server.id, !undo).await?;
            if undo {
                say(&format!("`{name}` takes tasks again"));
                return Ok(());
            }
            if no_wait {
                say(&format!("`{name}` gives away its tasks; {STATUS}"));
                return Ok(());
            }
            let drained = tokio::time::timeout(Duration::from_secs(timeout), until_drained(&flow, &server));
            drained.await.unwrap_or_else(|_| {
                let words =
                    format!("`{name}` still has tasks after {timeout} s, and goes on giving them away; {STATUS}");
                Err(Exit::new(TEMPORARY, words))
            })
        }
        ClusterCommand::Forget { desk, name } => {
            let flow = desk.open(IfMissing::Refuse).await?.flow;
            flow.admin().forget_server(found(&flow, &name).await?.id).await?;
            say(&format!("`{name}` is forgotten"));
            Ok(())
        }
    }
}

/// How often a server that is drained is looked at.
const LOOK: Duration = Duration::from_millis(500);
const STATUS: &str = "`mailflow cluster status` shows when it has none";

/// Waits until a server has no tasks, and says how far it is.
async fn until_drained(flow: &Mailflow, server: &Server) -> Result<(), Exit> {
    let name = &server.name;
    let mut told = 0;
    loop {
        let cluster = flow.cluster().await?;
        let alive = cluster.servers.iter().any(|it| it.id == server.id && it.is_alive(cluster.now));
        if !alive {
            say(&format!("`{name}` is gone; the others take over what it did"));
            return Ok(());
        }
        let tasks = servers::tasks(&cluster, &flow.directory());
        let its = tasks.iter().filter(|task| task.holder.as_ref().is_some_and(|holder| holder.id == server.id));
        let left: Vec<String> = its.map(|task| task.words()).collect();
        if left.is_empty() {
            say(&format!("`{name}` has no tasks and takes none"));
            if tasks.iter().all(|task| task.next.is_none()) {
                say("no other server takes them: nothing is collected, routed or sent until one does");
            }
            return Ok(());
        }
        if left.len() != told {
            told = left.len();
            say(&format!("`{name}` still does {told}: {}", left.join(", ")));
        }
        tokio::time::sleep(LOOK).await;
    }
}

async fn found(flow: &Mailflow, name: &str) -> Result<Server, Exit> {
    let server = flow.cluster().await?.servers.into_iter().find(|it| it.name == name);
    Ok(server.ok_or_else(|| Refusal::no_such("server", name))?)
}

async fn in_words(flow: &Mailflow, history: bool) -> Result<(), Exit> {
    let cluster = flow.cluster().await?;
    if cluster.servers.is_empty() {
        return print("one server, which does everything");
    }
    let ago = |at: Timestamp| format!("{} s ago", cluster.now.since(at).as_secs());
    for server in &cluster.servers {
        let state = servers::state(server, cluster.now);
        let clock = servers::clock(server).map_or_else(String::new, |it| format!(", {it}"));
        let Server { name, version, answer_ms, .. } = server;
        let seen = ago(server.seen);
        print(&format!("{name:<24} {state:<9} seen {seen}, version {version}, database {answer_ms} ms{clock}"))?;
    }
    if let Some(versions) = servers::versions(&cluster) {
        say(&format!("the servers run different versions: {versions}; bring them to one"));
    }
    for task in servers::tasks(&cluster, &flow.directory()) {
        let holder = task.holder.as_ref().map_or("nobody", |it| &it.name);
        let since = task.since.filter(|_| task.holder.is_some());
        let since = since.map_or_else(String::new, |at| format!(", since {}", ago(at)));
        let next = match &task.next {
            Some(next) if next != holder => format!(", next {next}"),
            _ => String::new(),
        };
        let (what, name) = (task.kind(), if task.name.is_empty() { "" } else { &task.name });
        print(&format!("{:<24} {holder}{since}, epoch {}{next}", format!("{what} {name}"), task.epoch))?;
        for past in task.past.iter().filter(|_| history) {
            let server = past.server.as_deref().unwrap_or("a server that was forgotten");
            let how = if past.was_gone { "it was gone" } else { "it gave the task away" };
            let long = past.until.since(past.since).as_secs();
            print(&format!("    {server} for {long} s, until {}: {how}", ago(past.until)))?;
        }
    }
    Ok(())
}

async fn in_json(flow: &Mailflow) -> Result<(), Exit> {
    let cluster = flow.cluster().await?;
    let server = |it: &Server| {
        json!({
            "id": it.id, "name": it.name, "version": it.version, "state": servers::state(it, cluster.now),
            "draining": it.draining, "started": it.started, "seen": it.seen, "until": it.until, "answer_ms": it.answer_ms,
            "ahead_ms": it.ahead_ms,
        })
    };
    let past = |it: &servers::PastHolder| {
        json!({
            "server": it.server, "epoch": it.epoch, "since": it.since, "until": it.until, "was_gone": it.was_gone,
        })
    };
    let task = |it: servers::TaskState| {
        json!({
            "kind": it.kind(), "id": it.task.id(), "name": it.name, "holder": it.holder.as_ref().map(|it| &it.name),
            "since": it.since, "epoch": it.epoch, "left_ms": it.left_ms, "pinned_to": it.pinned_to, "next": it.next,
            "past": it.past.iter().map(past).collect::<Vec<_>>(),
        })
    };
    let servers: Vec<_> = cluster.servers.iter().map(server).collect();
    let tasks: Vec<_> = servers::tasks(&cluster, &flow.directory()).into_iter().map(task).collect();
    print(&json!({ "v": SHAPE, "now": cluster.now, "servers": servers, "tasks": tasks }).to_string())
}
