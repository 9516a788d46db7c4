//! `mailflow source`: look at sources and destinations, and try them out.

use clap::Subcommand;
use mailflow_core::decision::trial::Trial;
use mailflow_core::refusal::Refusal;
use mailflow_core::source::SourceAccess;

use serde_json::json;

use super::desk::DeskArguments;
use super::{Exit, SHAPE, exit, print};
use crate::setup::IfMissing;

#[derive(Debug, Subcommand)]
pub enum SourceCommand {
    /// List the sources.
    List {
        #[command(flatten)]
        desk: DeskArguments,
        /// Print JSON, one source a line.
        #[arg(long)]
        json: bool,
    },
    /// Connect to a source, sign in and count its mails; nothing is fetched or changed.
    Test {
        #[command(flatten)]
        desk: DeskArguments,
        /// The source's name.
        name: String,
    },
}

/// Looks at sources, or tries one out.
pub async fn source(command: SourceCommand) -> Result<(), Exit> {
    match command {
        SourceCommand::List { desk, json } => {
            let flow = desk.open(IfMissing::Refuse).await?.flow;
            for source in flow.directory().sources.values() {
                let place = match &source.access {
                    SourceAccess::Pop3 { server, user, .. } => {
                        format!("pop3 {user} at {}:{}", server.host, server.port)
                    }
                    SourceAccess::Folder { path } => format!("folder {path}"),
                    _ => "brought by commands".to_owned(),
                };
                if json {
                    let shown = json!({
                        "v": SHAPE, "id": source.id, "name": source.name, "place": place, "enabled": source.enabled,
                    });
                    print(&shown.to_string())?;
                    continue;
                }
                print(&format!("{:<20} {place}{}", source.name, if source.enabled { "" } else { ", off" }))?;
            }
            Ok(())
        }
        SourceCommand::Test { desk, name } => {
            let opened = desk.open(IfMissing::Refuse).await?;
            let directory = opened.flow.directory();
            let source = directory.sources.values().find(|source| source.name == name);
            let source = source.ok_or_else(|| Refusal::no_such("source", &name))?;
            let check = opened.network.check_source(source).await;
            opened.flow.admin().tried_out(Trial::Source(source), check.trouble().as_deref()).await?;
            print(check.to_string().trim_end())?;
            if check.worked() { Ok(()) } else { Err(Exit::new(exit::FOUND_PROBLEMS, "the source does not work")) }
        }
    }
}
