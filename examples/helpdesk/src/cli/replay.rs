//! `mailflow replay`: what draft rules would have done with stored mail.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use mailflow_core::directory::Directory;
use mailflow_core::routing::{Fate, Replayed, warnings};
use mailflow_core::rule::RuleSet;
use mailflow_core::time::{Clock, SystemClock, Timestamp};
use serde_json::{Value, json};

use super::route::read_rules;
use super::{Exit, print, say, watched};
use crate::setup::{self, IfMissing};

/// What `mailflow replay` is told.
#[derive(Debug, Args)]
pub struct ReplayArguments {
    /// The desk's file.
    #[arg(long, value_name = "FILE")]
    db: PathBuf,
    /// The draft, a TOML file.
    #[arg(long, value_name = "FILE")]
    rules: PathBuf,
    /// How far back: `30d`, `12h`, `90m`; without it all stored mail.
    #[arg(long, value_name = "SPAN", value_parser = span)]
    since: Option<Duration>,
    /// How many of the mails that would go elsewhere are listed.
    #[arg(long, default_value_t = 20)]
    examples: usize,
    /// Print JSON; the object carries its version as `v`.
    #[arg(long)]
    json: bool,
    /// Say nothing while working.
    #[arg(long)]
    quiet: bool,
}

fn span(text: &str) -> Result<Duration, String> {
    let wrong = || format!("`{text}` is not a span of time; a span looks like 30d, 12h or 90m");
    let (number, unit) = text.split_at_checked(text.len().saturating_sub(1)).ok_or_else(wrong)?;
    let number: u64 = number.parse().map_err(|_| wrong())?;
    let seconds = match unit {
        "d" => 24 * 60 * 60,
        "h" => 60 * 60,
        "m" => 60,
        _ => return Err(wrong()),
    };
    number.checked_mul(seconds).map(Duration::from_secs).ok_or_else(wrong)
}

/// Compares a draft with the rules as they are.
pub async fn replay(arguments: ReplayArguments) -> Result<(), Exit> {
    let flow = setup::open(&arguments.db, IfMissing::Refuse).await?.flow;
    let directory = flow.directory();
    let draft = read_rules(&arguments.rules, &directory, || flow.admin().new_id())?;
    let since = arguments.since.map_or(Timestamp::MIN, |span| flow.now().minus(span));
    let bar = (!arguments.quiet && watched()).then(|| {
        let style = ProgressStyle::with_template("{bar:40} {percent} %, {msg}, {elapsed}");
        ProgressBar::new(1000).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
    });
    let begun = SystemClock.now();
    let mut read = 0;
    let replayed = flow
        .admin()
        .replay(&draft, since, |progress| {
            read = progress.messages;
            if let Some(bar) = &bar {
                bar.set_position((progress.share * 1000.0) as u64);
                bar.set_message(format!("{} messages", progress.messages));
            }
        })
        .await?;
    if let Some(bar) = bar {
        bar.finish_and_clear();
    }
    let seconds = SystemClock.now().since(begun).as_secs_f64();
    if !arguments.quiet {
        say(&format!("{read} messages in {seconds:.2} s ({:.0}/s)", read as f64 / seconds.max(0.001)));
    }
    if arguments.json {
        return print(&as_json(&directory, &draft, &replayed, arguments.examples).to_string());
    }
    show(&directory, &draft, &replayed, arguments.examples)
}

fn show(directory: &Directory, draft: &RuleSet, replayed: &Replayed, examples: usize) -> Result<(), Exit> {
    print(&format!("{} of {} mails would go elsewhere", replayed.moved, replayed.mails))?;
    for ((rule, from, to), times) in &replayed.moves {
        let (rule, from, to) = (rule_words(draft, *rule), fate(directory, *from), fate(directory, *to));
        print(&format!("{times:>8}  {rule}: {from} → {to}"))?;
    }
    for it in replayed.examples.iter().take(examples) {
        let (from, to) = (fate(directory, it.from), fate(directory, it.to));
        print(&format!("          `{}`: {from} → {to}, {}", it.subject, rule_words(draft, it.rule)))?;
    }
    for (number, told) in warnings(draft, directory) {
        for it in told {
            print(&format!("{} {}", rule_words(draft, Some(number)), it.words()))?;
        }
    }
    for number in replayed.never_matched() {
        print(&format!("{} matched no mail", rule_words(draft, Some(number))))?;
    }
    for (number, by) in replayed.hidden() {
        let (rule, by) = (rule_words(draft, Some(number)), rule_words(draft, Some(by)));
        print(&format!("{rule} never won: {by} was before it"))?;
    }
    Ok(())
}

fn as_json(directory: &Directory, draft: &RuleSet, replayed: &Replayed, examples: usize) -> Value {
    let moves = replayed.moves.iter().map(|((rule, from, to), times)| {
        json!({ "rule": rule, "from": fate(directory, *from), "to": fate(directory, *to), "mails": times })
    });
    let examples = replayed.examples.iter().take(examples).map(|it| {
        json!({
            "ticket": it.ticket, "message": it.message, "subject": it.subject, "rule": it.rule,
            "from": fate(directory, it.from), "to": fate(directory, it.to),
        })
    });
    let rules = (1_u32..).zip(&draft.rules).zip(&replayed.rules).map(
        |((number, rule), record)| json!({ "rule": number, "description": rule.description, "won": record.won }),
    );
    let warnings = warnings(draft, directory).into_iter().flat_map(|(number, told)| {
        told.into_iter().map(move |it| json!({ "rule": number, "kind": it.code(), "words": it.words() }))
    });
    let hidden = replayed.hidden().map(|(rule, by)| json!({ "rule": rule, "by": by }));
    json!({
        "v": 1, "mails": replayed.mails, "moved": replayed.moved, "moves": moves.collect::<Vec<_>>(),
        "examples": examples.collect::<Vec<_>>(), "rules": rules.collect::<Vec<_>>(),
        "never_matched": replayed.never_matched().collect::<Vec<_>>(), "hidden": hidden.collect::<Vec<_>>(),
        "warnings": warnings.collect::<Vec<_>>(),
    })
}

fn rule_words(draft: &RuleSet, rule: Option<u32>) -> String {
    let found =
        rule.and_then(|number| Some((number, draft.rules.get(usize::try_from(number).ok()?.checked_sub(1)?)?)));
    found.map_or_else(
        || "the default rule".to_owned(),
        |(number, rule)| format!("rule {number} `{}`", rule.description),
    )
}

/// A fate in words.
fn fate(directory: &Directory, fate: Fate) -> String {
    let Fate::New { ticketbox, owner, priority, category, trashed } = fate else {
        return if fate == Fate::FollowUp { "its ticket" } else { "nowhere" }.to_owned();
    };
    let mut words = directory.ticketboxes.get(&ticketbox).map_or("?", |it| it.name.as_str()).to_owned();
    words.push_str(&format!(" ({}", priority.word()));
    if let Some(owner) = owner.and_then(|id| directory.agents.get(&id)) {
        words.push_str(&format!(", {}", owner.user_name));
    }
    if let Some(category) = category.and_then(|id| directory.categories.get(&id)) {
        words.push_str(&format!(", {}", category.name));
    }
    words.push_str(if trashed { ", trash)" } else { ")" });
    words
}
