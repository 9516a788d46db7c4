//! `mailflow agent`: look at agents, and give them passwords; works while the server is down.

use std::io::Read;

use clap::Subcommand;
use mailflow_core::agent::Agent;
use mailflow_core::flow::Mailflow;
use mailflow_core::refusal::Refusal;

use serde_json::{Value, json};

use super::desk::DeskArguments;
use super::{Exit, SHAPE, print, say};
use crate::auth;
use crate::setup::IfMissing;

#[derive(Debug, Subcommand)]
pub enum AgentCommand {
    /// List the agents.
    List {
        #[command(flatten)]
        desk: DeskArguments,
        /// Print JSON, one agent a line.
        #[arg(long)]
        json: bool,
    },
    /// Give an agent a new password: from stdin with --stdin, else a random one that is printed once. His sessions and
    /// API tokens are ended.
    Passwd {
        #[command(flatten)]
        desk: DeskArguments,
        /// The agent's user name.
        #[arg(default_value = "admin")]
        user: String,
        /// Read the password from stdin, one line.
        #[arg(long)]
        stdin: bool,
    },
    /// Take an agent's second factor away: the password alone lets him in.
    TotpOff {
        #[command(flatten)]
        desk: DeskArguments,
        /// The agent's user name.
        user: String,
    },
    /// End all sessions of an agent.
    SignOut {
        #[command(flatten)]
        desk: DeskArguments,
        /// The agent's user name.
        user: String,
    },
    /// Make a new agent, with a random password that is printed once.
    Add {
        #[command(flatten)]
        desk: DeskArguments,
        /// The user name.
        user: String,
        /// The name that others see.
        #[arg(long)]
        name: Option<String>,
        /// Make an administrator.
        #[arg(long)]
        administrator: bool,
    },
}

/// Looks at agents, or changes one.
pub async fn agent(command: AgentCommand) -> Result<(), Exit> {
    match command {
        AgentCommand::List { desk, json } => {
            let flow = desk.open(IfMissing::Refuse).await?.flow;
            for agent in flow.directory().agents.values() {
                if json {
                    print(&agent_json(agent).to_string())?;
                    continue;
                }
                let kind = if agent.administrator { "administrator" } else { "agent" };
                let state = if agent.active { "" } else { ", inactive" };
                print(&format!("{:<20} {:<30} {kind}{state}", agent.user_name, agent.name))?;
            }
            Ok(())
        }
        AgentCommand::Passwd { desk, user, stdin } => {
            let flow = desk.open(IfMissing::Refuse).await?.flow;
            let agent = flow.directory().agent_named(&user).cloned();
            let agent = agent.ok_or_else(|| Refusal::no_such("agent", &user))?;
            let given = stdin.then(read_password).transpose()?;
            set_password(&flow, agent, given).await
        }
        AgentCommand::TotpOff { desk, user } => {
            let flow = desk.open(IfMissing::Refuse).await?.flow;
            let agent = flow.directory().agent_named(&user).cloned();
            let agent = agent.ok_or_else(|| Refusal::no_such("agent", &user))?;
            flow.admin().save(&Agent { second_factor: None, ..agent }).await?;
            say(&format!("the password alone lets `{user}` in"));
            Ok(())
        }
        AgentCommand::SignOut { desk, user } => {
            let flow = desk.open(IfMissing::Refuse).await?.flow;
            let agent = flow.directory().agent_named(&user).map(|agent| agent.id);
            flow.admin().end_sessions_of(agent.ok_or_else(|| Refusal::no_such("agent", &user))?).await?;
            say(&format!("all sessions of `{user}` are over"));
            Ok(())
        }
        AgentCommand::Add { desk, user, name, administrator } => {
            let flow = desk.open(IfMissing::Refuse).await?.flow;
            if flow.directory().agent_named(&user).is_some() {
                return Err(Refusal::NameTaken { what: "agent", name: user }.into());
            }
            let agent = Agent {
                id: flow.admin().new_id(),
                name: name.unwrap_or_else(|| user.clone()),
                user_name: user,
                administrator,
                built_in: false,
                ..Agent::built_in_administrator()
            };
            set_password(&flow, agent, None).await
        }
    }
}

fn agent_json(agent: &Agent) -> Value {
    json!({
        "v": SHAPE,
        "id": agent.id,
        "user_name": agent.user_name,
        "name": agent.name,
        "address": agent.address,
        "active": agent.active,
        "administrator": agent.administrator,
    })
}

fn read_password() -> Result<String, Exit> {
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text)?;
    Ok(text.lines().next().unwrap_or_default().to_owned())
}

async fn set_password(flow: &Mailflow, agent: Agent, given: Option<String>) -> Result<(), Exit> {
    let password = given.clone().unwrap_or_else(auth::new_password);
    let hash = auth::hash(&password)?;
    let (id, user) = (agent.id, agent.user_name.clone());
    flow.admin().save(&Agent { password: Some(hash), ..agent }).await?;
    flow.admin().sign_out(id, None).await?;
    match given {
        Some(_) => say(&format!("`{user}` has the new password")),
        None => {
            say(&format!("the password of `{user}`, printed this once:"));
            print(&password)?;
        }
    }
    Ok(())
}
