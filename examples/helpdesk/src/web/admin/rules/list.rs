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
use serde::Deserialize;

use super::super::{Asked, go, refusal};
use super::{HERE, edited, found, revision, told};
use crate::web::admin::form::sentence;
use crate::web::answer::{Answer, encode, is_fragment, page_with, redirect};
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

/// Which part of the list is asked for.
#[derive(Debug, Default, Deserialize)]
pub struct Part {
    /// Only rules in which all these words stand.
    find: Option<String>,
    /// Which page, counted from 1.
    page: Option<usize>,
}

/// A part of the list.
struct Listed {
    rows: Vec<Row>,
    revision: u64,
    /// What was looked for; the order can be changed only in the list of all.
    words: String,
    /// The rule behind the last one that is shown; empty at the end.
    after: String,
    /// How many rules there are.
    total: usize,
    page: usize,
    previous: Option<String>,
    next: Option<String>,
}

impl Listed {
    /// Whether there are so many rules that they stand on several pages.
    const fn is_long(&self) -> bool {
        self.total > PAGE
    }
}

#[derive(Template)]
#[template(path = "admin/rules/list.html")]
struct ListPage {
    frame: Frame,
    list: Listed,
    done: Option<&'static str>,
    trouble: Option<String>,
}

/// The rows alone: what comes back when a rule was moved by drag or key.
#[derive(Template)]
#[template(path = "admin/rules/rows.html")]
struct Rows {
    frame: Frame,
    list: Listed,
    trouble: Option<String>,
}

/// How many days hits are counted.
const DAYS: u64 = 30;
/// How many rules stand on a page.
pub const PAGE: usize = 100;

/// A part of the rules, each with what it did lately.
async fn listed(signed: &Signed, directory: &Directory, part: &Part) -> Result<Listed, Trouble> {
    let words = part.find.as_deref().unwrap_or_default().trim();
    let lower: Vec<String> = words.split_whitespace().map(str::to_lowercase).collect();
    let has_words = |rule: &Rule| {
        let text = [&rule.description, &told::when(rule, directory), &told::then(rule, directory)]
            .map(|it| it.to_lowercase());
        lower.iter().all(|word| text.iter().any(|text| text.contains(word)))
    };
    let all = (1_u32..).zip(&directory.rule_set.rules);
    let found: Vec<(u32, &Rule)> = all.filter(|(_, rule)| lower.is_empty() || has_words(rule)).collect();
    let page = part.page.unwrap_or(1).clamp(1, found.len().div_ceil(PAGE).max(1));
    let (begin, end) = ((page - 1) * PAGE, (page * PAGE).min(found.len()));
    let shown = found.get(begin..end).unwrap_or_default();

    let ids: Vec<RuleId> = shown.iter().map(|(_, rule)| rule.id).collect();
    let since = signed.desk.now().minus(Duration::from_secs(DAYS * 24 * 60 * 60));
    let hits = signed.desk.admin()?.placed_by(&ids, since).await?;
    let said = |id: &RuleId| match hits.get(id).copied().unwrap_or_else(|| Count::new(0)) {
        none if none.number() == 0 => format!("No mail in {DAYS} days"),
        one if one.number() == 1 => format!("1 mail in {DAYS} days"),
        some => format!("{} mails in {DAYS} days", thousands(some)),
    };
    let mut told: BTreeMap<u32, Vec<RuleWarning>> = warnings(&directory.rule_set, directory);
    let row = |(number, rule): &(u32, &Rule)| Row {
        id: rule.id,
        number: usize::try_from(*number).unwrap_or(usize::MAX),
        name: rule.description.clone(),
        when: told::when(rule, directory),
        then: told::then(rule, directory),
        enabled: rule.enabled,
        warnings: told.remove(number).into_iter().flatten().map(|it| sentence(&it.words())).collect(),
        hits: said(&rule.id),
    };
    let link = |page: usize| match words {
        "" => format!("{HERE}?page={page}"),
        words => format!("{HERE}?find={}&page={page}", encode(words)),
    };
    Ok(Listed {
        rows: shown.iter().map(row).collect(),
        revision: directory.rule_set.revision,
        words: words.to_owned(),
        after: found.get(end).map(|(_, rule)| rule.id.to_string()).unwrap_or_default(),
        total: directory.rule_set.rules.len(),
        page,
        previous: (begin > 0).then(|| link(page - 1)),
        next: (end < found.len()).then(|| link(page + 1)),
    })
}

/// The rules, in the order in which they are tried.
pub async fn show(signed: Signed, Query(asked): Query<Asked>, Query(part): Query<Part>) -> Answer {
    shown(&signed, &part, asked.done(), None).await
}

async fn shown(signed: &Signed, part: &Part, done: Option<&'static str>, trouble: Option<String>) -> Answer {
    let directory = signed.desk.directory();
    let status = if trouble.is_some() { StatusCode::CONFLICT } else { StatusCode::OK };
    let frame = Frame::of(signed, HERE, "Custom rules").await?;
    let list = listed(signed, &directory, part).await?;
    page_with(status, &ListPage { frame, list, done, trouble })
}

/// Moves a rule to before another one, or to the end.
pub async fn move_to(signed: Signed, Query(part): Query<Part>, headers: HeaderMap, body: Bytes) -> Answer {
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
            trouble => shown(&signed, &part, None, trouble).await,
        };
    }
    let directory = signed.desk.directory();
    let list = listed(&signed, &directory, &part).await?;
    page_with(StatusCode::OK, &Rows { frame: Frame::bare(&signed), list, trouble })
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

/// Moves a rule up, down or to a place, switches it on or off, or deletes it.
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
    let place = |rules: &RuleSet| rules.rules.iter().position(|rule| rule.id == id);
    let before = place(&rules).unwrap_or(0);
    let done = match act.as_str() {
        "to" => move_to_place(&mut rules, before, values.one("place")),
        act => change(&mut rules, before, act)?,
    };
    let page = place(&rules).unwrap_or(before) / PAGE + 1;
    match saved(&signed, RuleSet { revision: revision(&values), ..rules }).await? {
        None if page > 1 => Ok(redirect(&signed.base.path(&format!("{HERE}?page={page}&done={done}#r-{id}")))),
        None => go(&signed, HERE, done),
        trouble => shown(&signed, &Part { page: Some(page), find: None }, None, trouble).await,
    }
}

/// Moves a rule to a place that is counted from 1; what is no number changes nothing.
fn move_to_place(rules: &mut RuleSet, from: usize, to: &str) -> &'static str {
    let to = to.trim().parse().unwrap_or(from + 1).clamp(1, rules.rules.len().max(1)) - 1;
    if from < rules.rules.len() {
        let rule = rules.rules.remove(from);
        rules.rules.insert(to, rule);
    }
    "moved"
}

fn change(rules: &mut RuleSet, place: usize, act: &str) -> Result<&'static str, Trouble> {
    let list = &mut rules.rules;
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
        "delete" if place < list.len() => {
            list.remove(place);
            Ok("deleted")
        }
        _ => Err(Trouble::no_such_page()),
    }
}
