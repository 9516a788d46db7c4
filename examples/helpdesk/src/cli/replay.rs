//! `mailflow replay`: what draft rules would have done with stored mail.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use mailflow_core::directory::Directory;
use mailflow_core::routing::Replayed;
use mailflow_core::rule::RuleSet;
use mailflow_core::time::{Clock, SystemClock, Timestamp};

use super::desk::DeskArguments;
use super::route::read_rules;
use super::{Exit, print, say, watched};
use crate::replayed::{ReplayShape, WarningShape, fate, rule_words};
use crate::setup::IfMissing;

/// What `mailflow replay` is told.
#[derive(Debug, Args)]
pub struct ReplayArguments {
    #[command(flatten)]
    desk: DeskArguments,
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
    let flow = arguments.desk.open(IfMissing::Refuse).await?.flow;
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
        let shape = ReplayShape::of(&directory, &draft, &replayed, arguments.examples);
        return print(&super::json(&shape)?);
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
    for it in WarningShape::all(directory, draft) {
        print(&it.sentence(draft))?;
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
