//! The list of rules: their order is what matters, so it is changed here, with buttons, by keys and by drag.

use std::collections::BTreeMap;
use std::time::Duration;

use askama::Template;
use axum::body::Bytes;
use axum::extract::{Path, Query};
use axum::http::{HeaderMap, StatusCode};
use mailflow_core::directory::Directory;
use mailflow_core::flow::Error;
use mailflow_core::id::RuleId;
use mailflow_core::refusal::Refusal;
use mailflow_core::routing::{RuleWarning, warnings};
use mailflow_core::rule::{Rule, RuleSet};
use mailflow_core::store::Count;

use super::super::{Asked, go, refusal};
use super::{HERE, edited, found, revision, told};
use crate::web::admin::form::sentence;
use crate::web::answer::{Answer, is_fragment, page_with};
use crate::web::frame::thousands;
use crate::web::{Fields, Frame, Signed, Trouble};

/// A rule in the list.
struct Row {
    id: RuleId,
    number: usize,
    name: String,
    when: String,
    then: String,
    enabled: bool,
    warnings: Vec<String>,
    hits: String,
}

#[derive(Template)]
#[template(path = "admin/rules/list.html")]
struct ListPage {
    frame: Frame,
    rows: Vec<Row>,
    revision: u64,
    done: Option<&'static str>,
    trouble: Option<String>,
}

/// The rows alone: what comes back when a rule was moved by drag or key.
#[derive(Template)]
#[template(path = "admin/rules/rows.html")]
struct Rows {
    frame: Frame,
    rows: Vec<Row>,
    revision: u64,
    trouble: Option<String>,
}

/// How many days hits are counted.
const DAYS: u64 = 30;

/// The rules as rows, each with what it did lately.
async fn rows(signed: &Signed, directory: &Directory) -> Result<Vec<Row>, Trouble> {
    let ids: Vec<RuleId> = directory.rule_set.rules.iter().map(|rule| rule.id).collect();
    let since = signed.desk.now().minus(Duration::from_secs(DAYS * 24 * 60 * 60));
    let hits = signed.desk.admin()?.placed_by(&ids, since).await?;
    let said = |id: &RuleId| match hits.get(id).copied().unwrap_or_else(|| Count::new(0)) {
        none if none.number() == 0 => format!("No mail in {DAYS} days"),
        one if one.number() == 1 => format!("1 mail in {DAYS} days"),
        some => format!("{} mails in {DAYS} days", thousands(some)),
    };
    let mut told: BTreeMap<u32, Vec<RuleWarning>> = warnings(&directory.rule_set, directory);
    let row = |(number, rule): (u32, &Rule)| Row {
        id: rule.id,
        number: usize::try_from(number).unwrap_or(usize::MAX),
        name: rule.description.clone(),
        when: told::when(rule, directory),
        then: told::then(rule, directory),
        enabled: rule.enabled,
        warnings: told.remove(&number).into_iter().flatten().map(|it| sentence(&it.words())).collect(),
        hits: said(&rule.id),
    };
    Ok((1..).zip(&directory.rule_set.rules).map(row).collect())
}

/// All rules, in the order in which they are tried.
pub async fn show(signed: Signed, Query(asked): Query<Asked>) -> Answer {
    shown(&signed, asked.done(), None).await
}

async fn shown(signed: &Signed, done: Option<&'static str>, trouble: Option<String>) -> Answer {
    let directory = signed.desk.directory();
    let status = if trouble.is_some() { StatusCode::CONFLICT } else { StatusCode::OK };
    let frame = Frame::of(signed, HERE, "Custom rules").await?;
    let revision = directory.rule_set.revision;
    let rows = rows(signed, &directory).await?;
    page_with(status, &ListPage { frame, rows, revision, done, trouble })
}

/// Moves a rule to before another one, or to the end.
pub async fn move_to(signed: Signed, headers: HeaderMap, body: Bytes) -> Answer {
    let values = Fields::of_form(&headers, &body)?;
    let directory = signed.desk.directory();
    let id = found(&directory, values.one("rule"))?.id;
    let before = match values.one("before") {
        "" => None,
        text => Some(found(&directory, text)?.id),
    };
    let mut rules = directory.rule_set.clone();
    let place = rules.rules.iter().position(|rule| rule.id == id);
    if let Some(rule) = place.map(|place| rules.rules.remove(place)) {
        let to = before.and_then(|before| rules.rules.iter().position(|rule| rule.id == before));
        rules.rules.insert(to.unwrap_or(rules.rules.len()), rule);
    }
    let trouble = saved(&signed, RuleSet { revision: revision(&values), ..rules }).await?;
    if !is_fragment(&headers) {
        return match trouble {
            None => go(&signed, HERE, "moved"),
            trouble => shown(&signed, None, trouble).await,
        };
    }
    let directory = signed.desk.directory();
    let (frame, revision) = (Frame::bare(&signed), directory.rule_set.revision);
    let rows = rows(&signed, &directory).await?;
    page_with(StatusCode::OK, &Rows { frame, rows, revision, trouble })
}

/// Saves the rules; says what to tell if others were faster.
async fn saved(signed: &Signed, rules: RuleSet) -> Result<Option<String>, Trouble> {
    match signed.desk.admin()?.save_rules(&rules).await {
        Ok(()) => Ok(None),
        Err(Error::Refused(Refusal::RulesChanged { .. })) => {
            let told = edited(&signed.desk.directory(), signed.desk.now());
            Ok(Some(format!("{told} Nothing was changed by you; this is the list as it is now.")))
        }
        Err(error) => Err(refusal(error)?.into()),
    }
}

/// Moves a rule up or down, switches it on or off, or deletes it.
pub async fn act(
    signed: Signed,
    Path((text, act)): Path<(String, String)>,
    headers: HeaderMap,
    body: Bytes,
) -> Answer {
    let values = Fields::of_form(&headers, &body)?;
    let directory = signed.desk.directory();
    let id = found(&directory, &text)?.id;
    let mut rules = directory.rule_set.clone();
    let done = change(&mut rules, id, &act)?;
    match saved(&signed, RuleSet { revision: revision(&values), ..rules }).await? {
        None => go(&signed, HERE, done),
        trouble => shown(&signed, None, trouble).await,
    }
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
