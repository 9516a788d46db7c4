//! `mailflow settings`: opens doors that were shut too tightly; works while the server is down.

use clap::Subcommand;
use mailflow_core::agent::Agent;
use mailflow_core::group::Group;
use mailflow_core::settings::Settings;

use super::desk::DeskArguments;
use super::{Exit, say};
use crate::setup::IfMissing;

#[derive(Debug, Subcommand)]
pub enum SettingsCommand {
    /// Let everybody sign in from everywhere again: takes away all ranges of IP addresses, of agents, groups and
    /// everyone, and sessions belong to no address any more.
    AllowAll {
        #[command(flatten)]
        desk: DeskArguments,
    },
    /// Give pages without HTTPS again.
    AllowHttp {
        #[command(flatten)]
        desk: DeskArguments,
    },
}

/// Changes settings that keep people out.
pub async fn settings(command: SettingsCommand) -> Result<(), Exit> {
    match command {
        SettingsCommand::AllowAll { desk } => {
            let flow = desk.open(IfMissing::Refuse).await?.flow;
            let (admin, directory) = (flow.admin(), flow.directory());
            for agent in directory.agents.values().filter(|it| !it.ip_ranges.is_empty()) {
                admin.save(&Agent { ip_ranges: Vec::new(), ..agent.clone() }).await?;
            }
            for group in directory.groups.values().filter(|it| !it.ip_ranges.is_empty()) {
                admin.save(&Group { ip_ranges: Vec::new(), ..group.clone() }).await?;
            }
            let open = Settings { ip_ranges: Vec::new(), lock_sessions: false, ..directory.settings.clone() };
            admin.save(&open).await?;
            say("everybody may sign in from everywhere");
        }
        SettingsCommand::AllowHttp { desk } => {
            let flow = desk.open(IfMissing::Refuse).await?.flow;
            let settings = flow.directory().settings.clone();
            flow.admin().save(&Settings { force_https: false, ..settings }).await?;
            say("pages are given without HTTPS too; a browser that remembers HTTPS has to forget it first");
        }
    }
    Ok(())
}
