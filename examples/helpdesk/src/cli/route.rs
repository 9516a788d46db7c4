//! `mailflow route`: where a mail would go, and why.

use std::path::PathBuf;

use clap::Args;
use mailflow_core::contact::{AddressEntry, Contact};
use mailflow_core::directory::Directory;
use mailflow_core::flow::Mailflow;
use mailflow_core::id::{RuleId, SourceId};
use mailflow_core::mail::{Limits, parse};
use mailflow_core::message::AttachmentInfo;
use mailflow_core::routing::{Matter, Rules, place};
use mailflow_core::rule::RuleSet;
use mailflow_core::store::{Key, MemoryStore, StoreExt};
use mailflow_core::time::{Clock, SystemClock};
use serde_json::json;

use super::{Exit, exit, print};
use crate::rules_file;
use crate::setup::{self, IfMissing};

/// What `mailflow route` is told.
#[derive(Debug, Args)]
pub struct RouteArguments {
    /// The desk's file; without it there are only the built-in ticketbox and agent.
    #[arg(long, value_name = "FILE", required_unless_present = "rules")]
    db: Option<PathBuf>,
    /// Rules in a TOML file, instead of the desk's.
    #[arg(long, value_name = "FILE")]
    rules: Option<PathBuf>,
    /// The source that the mail comes from, by name.
    #[arg(long, value_name = "NAME")]
    source: Option<String>,
    /// Say which rules were tried and where each failed.
    #[arg(long)]
    explain: bool,
    /// Print JSON; the object carries its version as `v`.
    #[arg(long)]
    json: bool,
    /// The mail; `-` reads stdin.
    file: PathBuf,
}

/// Says where a mail would go as a new ticket. What ties it to a ticket that is there is not looked at.
pub async fn route(arguments: RouteArguments) -> Result<(), Exit> {
    let flow = match &arguments.db {
        Some(db) => setup::open(db, IfMissing::Refuse).await?.flow,
        None => Mailflow::builder(MemoryStore::new()).build().await?,
    };
    let directory = flow.directory();
    let set = match &arguments.rules {
        Some(file) => read_rules(file, &directory, || flow.admin().new_id())?,
        None => directory.rule_set.clone(),
    };
    let rules = Rules::compile(&set).map_err(|error| Exit::new(exit::FAILED, error.to_string()))?;
    let bytes = super::read_mail(&arguments.file)?;
    let mail = parse(&bytes, &Limits::default());
    let attachments: Vec<AttachmentInfo> = mail.attachments.iter().map(AttachmentInfo::of).collect();
    let contact = contact_of(&flow, &mail).await?;
    let source = arguments.source.as_ref().and_then(|name| directory.sources.values().find(|it| it.name == *name));
    let size = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
    let matter = Matter {
        source: source.map(|it| it.id),
        attachments: &attachments,
        contact: contact.as_ref(),
        ..Matter::of_mail(SourceId::from_bytes([0; 16]), SystemClock.now(), size, &mail)
    };
    let decided = rules.decide(&matter);
    let placement = place(&directory, &rules, &matter, decided.winner());
    let ticketbox = directory.ticketboxes.get(&placement.ticketbox).map(|it| it.name.clone()).unwrap_or_default();
    let owner = placement.owner.and_then(|id| directory.agents.get(&id)).map(|it| it.user_name.clone());
    let category = placement.category.and_then(|id| directory.categories.get(&id)).map(|it| it.name.clone());
    let tried: Vec<_> = decided.tried().collect();
    if arguments.json {
        let mut answer = json!({
            "v": 1, "ticketbox": ticketbox, "owner": owner, "category": category, "priority": placement.priority,
            "because": placement.placed_by.words(), "placed_by": placement.placed_by, "shred": placement.shred,
            "fields": decided.captures(),
        });
        if let (true, Some(answer)) = (arguments.explain, answer.as_object_mut()) {
            let tried = tried.iter().map(
                |(number, rule, failed)| json!({ "rule": number, "description": rule.description, "failed": failed }),
            );
            answer.insert("tried".to_owned(), tried.collect());
        }
        return print(&answer.to_string());
    }
    if arguments.explain {
        for (number, rule, failed) in &tried {
            let verdict = failed.map_or("matches", mailflow_core::routing::RuleField::words);
            print(&format!("rule {number} `{}`: {verdict}", rule.description))?;
        }
    }
    let owner = owner.map(|owner| format!(", owned by {owner}")).unwrap_or_default();
    let category = category.map(|category| format!(", category {category}")).unwrap_or_default();
    let priority = placement.priority.word();
    print(&format!("{ticketbox} ({priority}{owner}{category}), because {}", placement.placed_by.words()))?;
    if let Some(shred) = placement.shred {
        print(&format!("shredded: {}", super::json(&shred)?))?;
    }
    for (name, value) in decided.captures() {
        print(&format!("{name} = {value}"))?;
    }
    Ok(())
}

/// The rules in a file.
pub fn read_rules(
    file: &std::path::Path,
    directory: &Directory,
    new_id: impl FnMut() -> RuleId,
) -> Result<RuleSet, Exit> {
    let text = std::fs::read_to_string(file)
        .map_err(|error| Exit::new(exit::NOT_FOUND, format!("`{}`: {error}", file.display())))?;
    let wrong = |error: rules_file::RulesFileError| Exit::new(exit::USAGE, format!("`{}`: {error}", file.display()));
    rules_file::read(&text, directory, new_id).map_err(wrong)
}

async fn contact_of(flow: &Mailflow, mail: &mailflow_core::mail::Mail) -> Result<Option<Contact>, Exit> {
    let Some(address) = mail.from.as_ref().and_then(|from| from.address.clone()) else { return Ok(None) };
    let store = flow.store();
    let failed = |error: mailflow_core::store::StoreError| Exit::new(exit::FAILED, error.to_string());
    let Some(entry) = store.get::<AddressEntry>(Key::Address(address)).await.map_err(failed)? else {
        return Ok(None);
    };
    Ok(store.get::<Contact>(Key::Contact(entry.contact)).await.map_err(failed)?.map(|it| it.value))
}
