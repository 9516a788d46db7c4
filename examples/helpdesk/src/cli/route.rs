//! `mailflow route`: where a mail would go, and why.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::Args;
use mailflow_core::decision::route::{Outcome, RuleTried};
use mailflow_core::directory::Directory;
use mailflow_core::explanation::Explanation;
use mailflow_core::flow::{Mailflow, WouldBe};
use mailflow_core::id::{RuleId, SourceId};
use mailflow_core::refusal::Refusal;
use mailflow_core::routing::RuleField;
use mailflow_core::rule::{RuleSet, Shred};
use mailflow_core::store::MemoryStore;
use mailflow_core::ticket::Ticket;
use serde_json::{Value, json};

use super::desk::DeskArguments;
use super::{Exit, exit, explained, print};
use crate::replayed::WarningShape;
use crate::rules_file;
use crate::setup::IfMissing;

/// What `mailflow route` is told.
#[derive(Args)]
pub struct RouteArguments {
    /// The desk's database, as for every command.
    #[arg(long, value_name = "DATABASE", required_unless_present = "rules")]
    db: Option<OsString>,
    /// The file with the key that its passwords are sealed with.
    #[arg(long, value_name = "FILE", requires = "db")]
    key: Option<PathBuf>,
    /// Rules in a TOML file, instead of the desk's; without a desk there are only the built-in ticketbox and agent.
    #[arg(long, value_name = "FILE", required_unless_present = "db")]
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

/// Without the password that may stand in the name of the database.
impl std::fmt::Debug for RouteArguments {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RouteArguments").field("file", &self.file).finish_non_exhaustive()
    }
}

/// Says what would become of a mail that came in now: the decision itself, of which nothing is kept.
pub async fn route(arguments: RouteArguments) -> Result<(), Exit> {
    let flow = match arguments.db {
        Some(db) => DeskArguments::new(db, arguments.key).open(IfMissing::Refuse).await?.flow,
        None => Mailflow::builder(MemoryStore::new()).build().await?,
    };
    let directory = flow.directory();
    let set = match &arguments.rules {
        Some(file) => Some(read_rules(file, &directory, || flow.admin().new_id())?),
        None => None,
    };
    let bytes = super::read_mail(&arguments.file)?;
    let source = match &arguments.source {
        Some(name) => Some(source_named(&directory, name)?),
        None => None,
    };
    let would_be = flow.admin().try_mail(set.as_ref(), source, &bytes).await?;
    let told = Told {
        directory: &directory,
        set: set.as_ref().unwrap_or(&directory.rule_set),
        would_be: &would_be,
        // The desk's own rules have been saved: their page and the API tell what is strange about them.
        warnings: set.as_ref().map(|set| WarningShape::all(&directory, set)),
    };
    match arguments.json {
        true => print(&told.json(arguments.explain).to_string()),
        false => told.lines(arguments.explain).iter().try_for_each(|line| print(line)),
    }
}

fn source_named(directory: &Directory, name: &str) -> Result<SourceId, Exit> {
    let found = directory.sources.values().find(|it| it.name == name).map(|it| it.id);
    found.ok_or_else(|| Refusal::no_such("source", name).into())
}

/// What would become of a mail, on its way to people and programs.
struct Told<'a> {
    directory: &'a Directory,
    set: &'a RuleSet,
    would_be: &'a WouldBe,
    /// What is strange about the rules of a file.
    warnings: Option<Vec<WarningShape>>,
}

impl Told<'_> {
    fn ticketbox(&self, ticket: &Ticket) -> String {
        self.directory.ticketboxes.get(&ticket.ticketbox).map(|it| it.name.clone()).unwrap_or_default()
    }

    fn owner(&self, ticket: &Ticket) -> Option<String> {
        ticket.owner.and_then(|id| self.directory.agents.get(&id)).map(|it| it.user_name.clone())
    }

    fn category(&self, ticket: &Ticket) -> Option<String> {
        ticket.category.and_then(|id| self.directory.categories.get(&id)).map(|it| it.name.clone())
    }

    fn explanation(&self) -> Option<Explanation> {
        self.would_be.message.as_ref()?.explanation.clone()
    }

    fn shred(&self) -> Option<Shred> {
        match &self.would_be.ticket {
            Some(ticket) => ticket.trashed.filter(|_| self.would_be.routed.made_ticket).map(|_| Shred::Trash),
            None => Some(Shred::ForGood),
        }
    }

    fn json(&self, explain: bool) -> Value {
        let (routed, ticket) = (&self.would_be.routed, self.would_be.ticket.as_ref());
        let explanation = self.explanation();
        let mut answer = json!({
            "v": 1, "outcome": routed.outcome, "ticket": ticket.map(|it| it.number).filter(|number| *number > 0),
            "ticketbox": ticket.map(|it| self.ticketbox(it)), "owner": ticket.and_then(|it| self.owner(it)),
            "category": ticket.and_then(|it| self.category(it)), "priority": ticket.map(|it| it.priority),
            "because": routed.because, "placed_by": explanation.as_ref().and_then(|it| it.placed_by.as_ref()),
            "may_autoreply": routed.may_autoreply, "shred": self.shred(), "fields": self.would_be.caught,
        });
        let Some(fields) = answer.as_object_mut() else { return answer };
        if let Some(warnings) = &self.warnings {
            fields.insert("warnings".to_owned(), json!(warnings));
        }
        if explain {
            let tried = self.would_be.tried.iter();
            let tried =
                tried.map(|it| json!({ "rule": it.number, "description": it.description, "failed": it.failed }));
            fields.insert("tried".to_owned(), tried.collect());
            let explained = explanation.map(|it| explained::as_json(&it, self.set));
            fields.insert("explanation".to_owned(), explained.unwrap_or_default());
        }
        answer
    }

    fn lines(&self, explain: bool) -> Vec<String> {
        let routed = &self.would_be.routed;
        let mut lines = Vec::new();
        if explain {
            let verdict = |it: &RuleTried| it.failed.map_or("matches", RuleField::words);
            let tried = self.would_be.tried.iter();
            lines.extend(tried.map(|it| format!("rule {} `{}`: {}", it.number, it.description, verdict(it))));
        }
        match &self.would_be.ticket {
            None => lines.push(format!("shredded for good, because {}", routed.because)),
            Some(ticket) => {
                let owner = self.owner(ticket).map(|owner| format!(", owned by {owner}")).unwrap_or_default();
                let category = self.category(ticket).map(|it| format!(", category {it}")).unwrap_or_default();
                let place = format!("{} ({}{owner}{category})", self.ticketbox(ticket), ticket.priority.word());
                lines.push(match (routed.outcome, ticket.number) {
                    (_, 0) => format!("{place}, because {}", routed.because),
                    (Outcome::Duplicate, number) => format!("a copy of a message of #{number} in {place}"),
                    (_, number) => format!("#{number} in {place}, because {}", routed.because),
                });
            }
        }
        if self.shred() == Some(Shred::Trash) {
            lines.push("put into the trash".to_owned());
        }
        if let Some(explanation) = self.explanation().filter(|_| explain) {
            let reasons = explanation.reasons(self.set);
            // The rules stand above, all of them.
            lines.extend(
                reasons.notes.into_iter().filter(|_| explanation.tried.as_ref().is_some_and(|it| it.beyond() == 0)),
            );
            lines.extend(reasons.done);
            lines
                .extend(reasons.no_automatic_answer.map(|because| format!("it gets no automatic answer: {because}")));
        }
        lines.extend(self.would_be.caught.iter().map(|(name, value)| format!("{name} = {value}")));
        lines.extend(self.warnings.iter().flatten().map(|it| it.sentence(self.set)));
        lines
    }
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
