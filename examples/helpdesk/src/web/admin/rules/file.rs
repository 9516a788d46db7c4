//! Rules as a TOML file: taken away, and brought back after a look at what it would change.

use std::collections::{BTreeMap, BTreeSet};

use askama::Template;
use axum::body::Bytes;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::IntoResponse;
use mailflow_core::directory::Directory;
use mailflow_core::flow::Error;
use mailflow_core::id::RuleId;
use mailflow_core::refusal::Refusal;
use mailflow_core::routing::warnings;
use mailflow_core::rule::{Rule, RuleSet};

use super::super::form::sentence;
use super::super::go;
use super::lines::{Change, changes};
use super::{HERE, edited, revision};
use crate::rules_file;
use crate::web::answer::{Answer, page_with};
use crate::web::{Fields, Frame, Signed, Trouble};

/// What a file changes of a rule.
struct Difference {
    words: String,
    lines: Vec<(&'static str, String)>,
}

/// What a file would change.
struct Compared {
    differences: Vec<Difference>,
    same: usize,
    warnings: Vec<String>,
}

#[derive(Template)]
#[template(path = "admin/rules/file.html")]
struct FilePage {
    frame: Frame,
    text: String,
    revision: u64,
    trouble: Option<String>,
    compared: Option<Compared>,
}

/// Rules as text.
pub fn written(directory: &Directory, set: &RuleSet) -> Result<String, Trouble> {
    rules_file::write_set(directory, set).map_err(|error| Refusal::invalid("rules", error.to_string()).into())
}

/// The rules as text, to take, edit and bring back.
pub async fn show(signed: Signed) -> Answer {
    let directory = signed.desk.directory();
    let text = written(&directory, &directory.rule_set)?;
    let frame = Frame::of(&signed, HERE, "Rules as a file").await?;
    let revision = directory.rule_set.revision;
    page_with(StatusCode::OK, &FilePage { frame, text, revision, trouble: None, compared: None })
}

/// The file.
pub async fn export(signed: Signed) -> Answer {
    let directory = signed.desk.directory();
    let text = written(&directory, &directory.rule_set)?;
    let head = [
        (header::CONTENT_TYPE, "application/toml; charset=utf-8"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"rules.toml\""),
    ];
    Ok((head, text).into_response())
}

/// The rules in a text. A rule without an id that is called as one of ours is that one, so that its counts stay with it.
///
/// # Errors
/// What is wrong with it, in words.
pub fn read(signed: &Signed, text: &str) -> Result<RuleSet, String> {
    let directory = signed.desk.directory();
    let mut fresh = BTreeSet::new();
    let mut set = rules_file::read(text, &directory, || {
        let id: RuleId = signed.desk.new_id();
        fresh.insert(id);
        id
    })
    .map_err(|error| error.to_string())?;
    let named: BTreeSet<RuleId> = set.rules.iter().map(|rule| rule.id).collect();
    let mut free: BTreeMap<&str, RuleId> = BTreeMap::new();
    for rule in directory.rule_set.rules.iter().rev().filter(|rule| !named.contains(&rule.id)) {
        free.insert(&rule.description, rule.id);
    }
    for rule in set.rules.iter_mut().filter(|rule| fresh.contains(&rule.id)) {
        rule.id = free.remove(rule.description.as_str()).unwrap_or(rule.id);
    }
    let mut seen = BTreeSet::new();
    if let Some(twice) = set.rules.iter().map(|rule| rule.id).find(|id| !seen.insert(*id)) {
        return Err(format!("two rules have the id {twice}; leave it away in one of them"));
    }
    directory.rules.compile_again(&set).map_err(|error| error.to_string())?;
    Ok(set)
}

fn compared(directory: &Directory, draft: &RuleSet) -> Result<Compared, Trouble> {
    let one = |rule: &Rule| written(directory, &RuleSet { rules: vec![rule.clone()], ..RuleSet::default() });
    let bare = |set: &RuleSet| written(directory, &RuleSet { rules: Vec::new(), ..set.clone() });
    let now: BTreeMap<RuleId, (usize, &Rule)> =
        directory.rule_set.rules.iter().enumerate().map(|(at, rule)| (rule.id, (at + 1, rule))).collect();
    // Who was before whom, of those that are in both.
    let kept: BTreeSet<RuleId> = draft.rules.iter().map(|rule| rule.id).filter(|id| now.contains_key(id)).collect();
    let order = directory.rule_set.rules.iter().map(|rule| rule.id).filter(|id| kept.contains(id));
    let before: BTreeMap<RuleId, usize> = order.enumerate().map(|(at, id)| (id, at)).collect();
    let (mut differences, mut same, mut place) = (Vec::new(), 0, 0);
    for (number, rule) in (1..).zip(&draft.rules) {
        let name = &rule.description;
        let Some((was, known)) = now.get(&rule.id) else {
            differences.push(Difference::new(format!("Rule {number} “{name}” is new"), "", &one(rule)?));
            continue;
        };
        let moved = before.get(&rule.id) != Some(&place);
        place += 1;
        match (*known == rule, moved) {
            (true, false) => same += 1,
            (true, true) => {
                let words = format!("Rule {number} “{name}” was rule {was}");
                differences.push(Difference { words, lines: Vec::new() });
            }
            (false, moved) => {
                let moved = if moved { format!(", and was rule {was}") } else { String::new() };
                let words = format!("Rule {number} “{name}” is changed{moved}");
                differences.push(Difference::new(words, &one(known)?, &one(rule)?));
            }
        }
    }
    for (was, rule) in now.values().filter(|(_, rule)| !kept.contains(&rule.id)) {
        let words = format!("Rule {was} “{}” is deleted", rule.description);
        differences.push(Difference::new(words, &one(rule)?, ""));
    }
    if draft.default != directory.rule_set.default {
        let words = "The default rule is changed".to_owned();
        differences.push(Difference::new(words, &bare(&directory.rule_set)?, &bare(draft)?));
    }
    let told = warnings(draft, directory).into_iter().flat_map(|(number, told)| {
        told.into_iter().map(move |it| sentence(&format!("rule {number} {}", it.words())))
    });
    Ok(Compared { differences, same, warnings: told.collect() })
}

impl Difference {
    fn new(words: String, before: &str, after: &str) -> Self {
        let line = |change| match change {
            Change::Same(line) => ("same", line),
            Change::Gone(line) => ("gone", line),
            Change::New(line) => ("new", line),
        };
        let lines = changes(before, after).into_iter().map(line);
        Self { words, lines: lines.map(|(kind, line)| (kind, line.to_owned())).collect() }
    }

    /// What stands before a line.
    fn sign(kind: &str) -> &'static str {
        match kind {
            "gone" => "−",
            "new" => "+",
            _ => " ",
        }
    }
}

/// Shows what a file would change.
pub async fn compare(signed: Signed, headers: HeaderMap, body: Bytes) -> Answer {
    let values = Fields::of_form(&headers, &body)?;
    answer(&signed, values.one("text").to_owned(), None).await
}

/// Saves the rules of a file, if the rules are still those that it was compared with.
pub async fn save(signed: Signed, headers: HeaderMap, body: Bytes) -> Answer {
    let values = Fields::of_form(&headers, &body)?;
    let text = values.one("text").to_owned();
    let trouble = match read(&signed, &text) {
        Ok(set) => match signed.desk.admin()?.save_rules(&RuleSet { revision: revision(&values), ..set }).await {
            Ok(()) => return go(&signed, HERE, "saved"),
            Err(Error::Refused(Refusal::RulesChanged { .. })) => {
                let told = edited(&signed.desk.directory(), signed.desk.now());
                format!("{told} This is what your file changes of the rules as they are now.")
            }
            Err(Error::Refused(refusal)) => sentence(&refusal.to_string()),
            Err(error) => return Err(error.into()),
        },
        Err(wrong) => sentence(&wrong),
    };
    answer(&signed, text, Some(trouble)).await
}

async fn answer(signed: &Signed, text: String, mut trouble: Option<String>) -> Answer {
    let directory = signed.desk.directory();
    let compared = match read(signed, &text) {
        Ok(draft) => Some(compared(&directory, &draft)?),
        Err(wrong) => {
            trouble = Some(sentence(&wrong));
            None
        }
    };
    let status = if trouble.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let frame = Frame::of(signed, HERE, "Rules as a file").await?;
    let revision = directory.rule_set.revision;
    page_with(status, &FilePage { frame, text, revision, trouble, compared })
}
