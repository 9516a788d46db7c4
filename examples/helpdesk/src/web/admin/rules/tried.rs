//! [`Tried`]: what rules do with a mail, in people's words. The decision itself says it; nothing is decided here.

use askama::Template;
use mailflow_core::directory::Directory;
use mailflow_core::refusal::Refusal;
use mailflow_core::routing::{Highlight, Placement, RuleField, highlight, place};
use mailflow_core::rule::{Rule, RuleSet, Shred, TextField};

use super::super::form::sentence;
use super::super::words;
use super::told;
use super::trying::Subject;
use crate::web::{Base, Signed, Trouble};

/// Of so many rules it is listed why they failed.
const LISTED: usize = 200;
/// The most characters of a text that are shown.
const SHOWN: usize = 20_000;

/// A rule that was tried.
struct Line {
    number: u32,
    name: String,
    path: String,
    verdict: String,
    won: bool,
}

/// A text with what was found in it.
struct Found {
    name: &'static str,
    pieces: Vec<(String, bool)>,
    finds: usize,
}

/// What came of it.
#[derive(Template)]
#[template(path = "admin/rules/tried.html")]
pub struct Tried {
    base: Base,
    story: Option<String>,
    goes: String,
    because: String,
    does: Option<String>,
    lines: Vec<Line>,
    left_out: usize,
    captures: Vec<(String, String)>,
    whose: String,
    found: Vec<Found>,
}

impl Tried {
    /// Tries the rules on a mail.
    pub fn new(signed: &Signed, set: &RuleSet, subject: &Subject, edited: Option<&Rule>) -> Result<Self, Trouble> {
        let directory = signed.desk.directory();
        let rules =
            directory.rules.compile_again(set).map_err(|error| Refusal::invalid("rules", error.to_string()))?;
        let matter = subject.matter();
        let decided = rules.decide(&matter);
        let winner = decided.winner();
        let placement = place(&directory, rules.default_rule(), &matter, winner);
        let all: Vec<_> = decided.tried().collect();
        // The rule in question is always listed, and so is the winner.
        let of_interest = |rule: &Rule| edited.is_some_and(|it| it.id == rule.id);
        let listed = all
            .iter()
            .enumerate()
            .filter(|(at, (_, rule, failed))| *at < LISTED || failed.is_none() || of_interest(rule));
        let lines: Vec<Line> = listed
            .map(|(_, (number, rule, failed))| Line {
                number: *number,
                name: rule.description.clone(),
                path: format!("{}/{}", super::HERE, rule.id),
                verdict: failed.map_or("matches", RuleField::words).to_owned(),
                won: failed.is_none(),
            })
            .collect();
        let shown = edited.cloned().or_else(|| {
            let at = usize::try_from(winner?.0).ok()?.checked_sub(1)?;
            set.rules.get(at).cloned()
        });
        let found = shown.as_ref().map(|rule| highlight(rule, &matter)).unwrap_or_default();
        Ok(Self {
            base: signed.base.clone(),
            story: subject.story.clone(),
            goes: goes(&directory, &placement),
            because: sentence(&placement.placed_by.words()),
            does: winner.map(|(_, rule)| told::then(rule, &directory)),
            left_out: all.len().saturating_sub(lines.len()),
            lines,
            captures: decided.captures().into_iter().collect(),
            whose: shown.map(|rule| rule.description).unwrap_or_default(),
            found: found.iter().map(Found::of).collect(),
        })
    }
}

/// Where a new ticket goes, as a sentence.
fn goes(directory: &Directory, placement: &Placement) -> String {
    if placement.shred == Some(Shred::ForGood) {
        return "It would be shredded for good.".to_owned();
    }
    let mut all = vec![format!("{} priority", placement.priority.word())];
    match placement.owner.and_then(|id| directory.agents.get(&id)) {
        Some(agent) => all.push(format!("owned by {}", agent.name)),
        None => all.push("owned by nobody".to_owned()),
    }
    if let Some(category) = placement.category.and_then(|id| directory.categories.get(&id)) {
        all.push(format!("category “{}”", category.name));
    }
    if placement.shred.is_some() {
        all.push("in the trash".to_owned());
    }
    let ticketbox = words::ticketbox(directory, Some(placement.ticketbox));
    format!("A new ticket would go to “{ticketbox}”: {}.", all.join(", "))
}

impl Found {
    fn of(highlight: &Highlight) -> Self {
        let name = match highlight.field {
            TextField::Subject => "Subject",
            TextField::Body => "Text",
            TextField::Headers => "Headers",
        };
        let mut pieces: Vec<(String, bool)> = Vec::new();
        let (mut at, mut left) = (0, SHOWN);
        let mut put = |range: std::ops::Range<usize>, marked: bool| {
            let text = highlight.text.get(range).unwrap_or_default();
            let text: String = text.chars().take(left).collect();
            left = left.saturating_sub(text.chars().count());
            if !text.is_empty() {
                pieces.push((text, marked));
            }
        };
        for (start, end) in &highlight.marks {
            put(at..*start, false);
            put(*start..*end, true);
            at = *end;
        }
        put(at..highlight.text.len(), false);
        if left == 0 {
            pieces.push((" …".to_owned(), false));
        }
        Self { name, pieces, finds: highlight.marks.len() }
    }
}
