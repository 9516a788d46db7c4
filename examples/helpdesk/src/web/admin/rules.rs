//! Custom rules: a list in order, and a form for each. All rules are one document, saved as one versioned step.

use axum::body::Bytes;
use axum::extract::{Path, Query};
use axum::http::HeaderMap;
use mailflow_core::directory::{Directory, Documented};
use mailflow_core::id::RuleId;
use mailflow_core::refusal::Refusal;
use mailflow_core::rule::{Rule, RuleSet};

use super::form::Form;
use super::list::{Act, ObjectList, Row, Tone};
use super::{Asked, go, refusal, seen};
use crate::web::answer::Answer;
use crate::web::{Fields, Frame, Signed, Trouble};

mod fields;
mod times;
mod told;

pub const HERE: &str = "/admin/rules";

/// All rules, in the order in which they are tried.
pub async fn list(signed: Signed, Query(asked): Query<Asked>) -> Answer {
    let directory = signed.desk.directory();
    let last = directory.rule_set.rules.len().saturating_sub(1);
    let row = |(place, rule): (usize, &Rule)| {
        let path = format!("{HERE}/{}", rule.id);
        let mut acts = Vec::new();
        if place > 0 {
            acts.push(Act { label: "Up", path: format!("{path}/up") });
        }
        if place < last {
            acts.push(Act { label: "Down", path: format!("{path}/down") });
        }
        let switch = if rule.enabled { "Switch off" } else { "Switch on" };
        acts.push(Act { label: switch, path: format!("{path}/switch") });
        Row {
            name: rule.description.clone(),
            what: told::when(rule, &directory),
            state: told::then(rule, &directory),
            tone: Tone::Quiet,
            uses: if rule.enabled { String::new() } else { "Switched off: it is not tried.".to_owned() },
            more: None,
            acts,
            path,
        }
    };
    let list = ObjectList {
        intro: "Tried from the first to the last; the first one that matches places the mail. What none places, the \
                default rule does."
            .to_owned(),
        new: Some((format!("{HERE}/new"), "Add a rule")),
        empty: "There are no rules yet: the default rule places all mail.".to_owned(),
        rows: directory.rule_set.rules.iter().enumerate().map(row).collect(),
        ordered: true,
        done: asked.done(),
    };
    list.page(Frame::of(&signed, HERE, "Custom rules").await?)
}

fn form(directory: &Directory, values: &Fields, before: Option<&Rule>) -> Form {
    let path = before.map_or(format!("{HERE}/new"), |before| format!("{HERE}/{}", before.id));
    let mut form = Form::new(path.clone(), (HERE, "Custom rules"), fields::sections(values, directory));
    form.intro = "Every field that says something must match; inside a field one line is enough. A rule without any \
                  matches every mail."
        .to_owned();
    form.hidden.push(("version", values.one("version").to_owned()));
    if before.is_some() {
        form.buttons.push(super::form::Button { label: "Delete", path: format!("{path}/delete") });
    }
    form
}

fn found(directory: &Directory, text: &str) -> Result<Rule, Trouble> {
    let rule = directory.rule_set.rules.iter().find(|rule| rule.id.to_string() == text);
    Ok(rule.cloned().ok_or_else(|| Refusal::no_such("rule", text))?)
}

/// An empty form.
pub async fn new(signed: Signed) -> Answer {
    let directory = signed.desk.directory();
    let mut values = fields::filled(&Rule::new(signed.desk.new_id(), ""));
    values.add("version", directory.rule_set.version().to_string());
    form(&directory, &values, None).page(Frame::of(&signed, HERE, "Add a rule").await?)
}

/// One rule.
pub async fn show(signed: Signed, Path(text): Path<String>) -> Answer {
    let directory = signed.desk.directory();
    let rule = found(&directory, &text)?;
    let mut values = fields::filled(&rule);
    values.add("version", directory.rule_set.version().to_string());
    form(&directory, &values, Some(&rule)).page(Frame::of(&signed, HERE, &rule.description).await?)
}

/// Adds a rule, after the others.
pub async fn make(signed: Signed, headers: HeaderMap, body: Bytes) -> Answer {
    let values = Fields::of_form(&headers, &body)?;
    keep(&signed, &values, None).await
}

/// Saves a rule.
pub async fn save(signed: Signed, Path(text): Path<String>, headers: HeaderMap, body: Bytes) -> Answer {
    let values = Fields::of_form(&headers, &body)?;
    let before = found(&signed.desk.directory(), &text)?;
    keep(&signed, &values, Some(before)).await
}

async fn keep(signed: &Signed, values: &Fields, before: Option<Rule>) -> Answer {
    let directory = signed.desk.directory();
    let start = before.clone().unwrap_or_else(|| Rule::new(signed.desk.new_id(), ""));
    let saved = match fields::read(values, start) {
        Ok(rule) => {
            let mut rules = directory.rule_set.clone();
            match rules.rules.iter_mut().find(|it| it.id == rule.id) {
                Some(known) => *known = rule,
                None => rules.rules.push(rule),
            }
            signed.desk.admin()?.save_over(&rules, seen(values)).await
        }
        Err(refusal) => Err(refusal.into()),
    };
    match saved {
        Ok(()) => go(signed, HERE, "saved"),
        Err(error) => {
            let mut form = form(&directory, values, before.as_ref());
            form.refuse(&refusal(error)?);
            let title = before.as_ref().map_or("Add a rule", |rule| &rule.description);
            form.page(Frame::of(signed, HERE, title).await?)
        }
    }
}

/// Moves a rule up or down, switches it on or off, or deletes it.
pub async fn act(signed: Signed, Path((text, act)): Path<(String, String)>) -> Answer {
    let directory = signed.desk.directory();
    let id = found(&directory, &text)?.id;
    let mut rules = directory.rule_set.clone();
    let done = change(&mut rules, id, &act)?;
    signed.desk.admin()?.save_over(&rules, directory.rule_set.version()).await?;
    go(&signed, HERE, done)
}

fn change(rules: &mut RuleSet, id: RuleId, act: &str) -> Result<&'static str, Trouble> {
    let list = &mut rules.rules;
    let Some(place) = list.iter().position(|rule| rule.id == id) else {
        return Err(Refusal::no_such("rule", id).into());
    };
    match act {
        "up" if place > 0 => {
            list.swap(place, place.saturating_sub(1));
            Ok("moved")
        }
        "down" if place + 1 < list.len() => {
            list.swap(place, place + 1);
            Ok("moved")
        }
        "up" | "down" => Ok("moved"),
        "switch" => {
            if let Some(rule) = list.get_mut(place) {
                rule.enabled = !rule.enabled;
            }
            Ok("saved")
        }
        "delete" => {
            list.remove(place);
            Ok("deleted")
        }
        _ => Err(Trouble::no_such_page()),
    }
}
