//! Custom rules: a list in order, a form for each, a box to try them out, a file to bring and take them, and a replay
//! over stored mail. All rules are one document, saved as one versioned step.

mod edit;
mod fields;
mod file;
mod lines;
mod list;
mod replay;
#[cfg(test)]
mod replay_tests;
#[cfg(test)]
mod tests;
mod times;
mod told;
mod tried;
mod trying;

use mailflow_core::directory::Directory;
use mailflow_core::refusal::Refusal;
use mailflow_core::rule::Rule;
use mailflow_core::time::Timestamp;

use super::words;
use crate::web::{Fields, Table, Trouble, Who};

use Who::Administrator as A;

pub const HERE: &str = "/admin/rules";

pub(super) fn routes(table: Table) -> Table {
    table
        .get(A, "/admin/rules", list::show)
        .post(A, "/admin/rules/move", list::move_to)
        .get(A, "/admin/rules/new", edit::new)
        .post(A, "/admin/rules/new", edit::make)
        .post(A, "/admin/rules/new/try", edit::try_new)
        .get(A, "/admin/rules/try", trying::show)
        .post(A, "/admin/rules/try", trying::show_pasted)
        .get(A, "/admin/rules/file", file::show)
        .get(A, "/admin/rules/file/rules.toml", file::export)
        .post(A, "/admin/rules/file", file::compare)
        .post(A, "/admin/rules/file/save", file::save)
        .get(A, "/admin/rules/replay", replay::show)
        .post(A, "/admin/rules/replay", replay::begin)
        .post(A, "/admin/rules/replay/draft", replay::draft)
        .get(A, "/admin/rules/replay/{job}", replay::look)
        .post(A, "/admin/rules/replay/{job}/stop", replay::stop)
        .get(A, "/admin/rules/replay/{job}/events", replay::events)
        .post(A, "/admin/rules/new/replay", edit::replay_new)
        .post(A, "/admin/rules/{id}/replay", edit::replay)
        .get(A, "/admin/rules/{id}", edit::show)
        .post(A, "/admin/rules/{id}", edit::save)
        .post(A, "/admin/rules/{id}/try", edit::try_out)
        .post(A, "/admin/rules/{id}/{act}", list::act)
}

fn found(directory: &Directory, text: &str) -> Result<Rule, Trouble> {
    let rule = directory.rule_set.rules.iter().find(|rule| rule.id.to_string() == text);
    Ok(rule.cloned().ok_or_else(|| Refusal::no_such("rule", text))?)
}

/// The revision of the rules that a form was filled from. What is none of ours is that of no rules.
pub fn revision(values: &Fields) -> u64 {
    values.one("revision").parse().unwrap_or(u64::MAX)
}

/// Who edited the rules last, for somebody whose edit came later.
pub fn edited(directory: &Directory, now: Timestamp) -> String {
    let Some(edited) = &directory.rule_set.edited else {
        return "The rules were changed since you opened this page.".to_owned();
    };
    let who = match edited.by {
        Some(id) => directory.agents.get(&id).map_or("An agent who is gone", |agent| agent.name.as_str()),
        None => "The program itself",
    };
    format!("{who} changed the rules {}, after you opened this page.", words::ago(edited.at, now))
}
