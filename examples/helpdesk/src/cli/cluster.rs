//! `mailflow cluster`: servers that work on one desk together.

use clap::Subcommand;
use mailflow_core::flow::Mailflow;
use mailflow_core::refusal::Refusal;
use mailflow_core::server::Server;
use mailflow_core::time::Timestamp;
use serde_json::json;

use super::desk::DeskArguments;
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
    /// Make a server give away its tasks and take no others; agents are served all the same.
    Drain {
        #[command(flatten)]
        desk: DeskArguments,
        /// The server's name.
        name: String,
        /// Give it tasks again.
        #[arg(long)]
        undo: bool,
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
        ClusterCommand::Drain { desk, name, undo } => {
            let flow = desk.open(IfMissing::Refuse).await?.flow;
            flow.admin().drain(found(&flow, &name).await?.id, !undo).await?;
            say(&match undo {
                true => format!("`{name}` takes tasks again"),
                false => format!("`{name}` gives away its tasks; `mailflow cluster status` shows when it has none"),
            });
            Ok(())
        }
        ClusterCommand::Forget { desk, name } => {
            let flow = desk.open(IfMissing::Refuse).await?.flow;
            flow.admin().forget_server(found(&flow, &name).await?.id).await?;
            say(&format!("`{name}` is forgotten"));
            Ok(())
        }
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
