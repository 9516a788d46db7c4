//! The form of a rule: saved over what was seen only, tried on a mail as it stands in the form.

use askama::Template;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use mailflow_core::digest::Digest;
use mailflow_core::directory::Directory;
use mailflow_core::directory::DocumentKind;
use mailflow_core::flow::Error;
use mailflow_core::refusal::Refusal;
use mailflow_core::routing::{InvalidRules, Rules, warnings};
use mailflow_core::rule::{Rule, RuleSet};

use super::super::form::{Button, Field, Form, Kind, Section, or_none, sentence};
use super::super::{go, refusal};
use super::{HERE, edited, fields, file, found, replay as replays, revision, trying};
use crate::web::answer::Answer;
use crate::web::{App, Fields, Frame, Signed, Trouble};

/// A digest of a rule: whether the one that somebody opened is still the same.
fn seen_of(rule: &Rule) -> String {
    serde_json::to_vec(rule).map(|bytes| Digest::of(&bytes).to_string()).unwrap_or_default()
}

/// The fields for a mail to try the rule on.
pub fn trial(values: &Fields, directory: &Directory) -> Section {
    let field = |name, label, kind, help| Field::new(name, label, kind, values, help);
    let sources = directory.sources.values().map(|it| (it.id.to_string(), it.name.clone()));
    let (of, mail) = ("The number of a ticket, or the id of a message.", "All of it: headers, an empty line, text.");
    Section {
        help: "Nothing is saved or sent by trying.".to_owned(),
        ..Section::new(
            "Try it on a mail",
            vec![
                field("try_of", "A mail that is here", Kind::Line, of),
                field("try_mail", "Or a pasted one", Kind::Lines(5), mail),
                field("try_source", "As if it came from", or_none("No source", sources), ""),
            ],
        )
    }
}

fn form(directory: &Directory, values: &Fields, before: Option<&Rule>) -> Form {
    let path = before.map_or(format!("{HERE}/new"), |before| format!("{HERE}/{}", before.id));
    let mut sections = fields::sections(values, directory);
    sections.push(trial(values, directory));
    let mut form = Form::new(path.clone(), (HERE, "Custom rules"), sections);
    form.intro = "Every field that says something must match; inside a field one line is enough. A rule without any \
                  matches every mail."
        .to_owned();
    form.hidden.push(("revision", values.one("revision").to_owned()));
    form.hidden.push(("seen", values.one("seen").to_owned()));
    form.buttons.push(Button { label: "Try it", path: format!("{path}/try") });
    form.buttons.push(Button { label: "Replay…", path: format!("{path}/replay") });
    if before.is_some() {
        form.buttons.push(Button { label: "Delete", path: format!("{path}/delete") });
    }
    form
}

/// What is strange about a rule, as it stands in the list or would.
fn warn(form: &mut Form, set: &RuleSet, rule: &Rule, directory: &Directory) {
    let place = set.rules.iter().position(|it| it.id == rule.id).and_then(|at| u32::try_from(at + 1).ok());
    let told = place.and_then(|place| warnings(set, directory).remove(&place));
    form.warnings.extend(told.into_iter().flatten().map(|it| sentence(&format!("this rule {}", it.words()))));
}

/// An empty form.
pub async fn new(signed: Signed) -> Answer {
    let directory = signed.desk.directory();
    let mut values = fields::filled(&Rule::new(signed.desk.new_id(), ""));
    values.add("revision", directory.rule_set.revision.to_string());
    form(&directory, &values, None).page(Frame::of(&signed, HERE, "Add a rule").await?)
}

/// One rule.
pub async fn show(signed: Signed, Path(text): Path<String>) -> Answer {
    let directory = signed.desk.directory();
    let rule = found(&directory, &text)?;
    let mut values = fields::filled(&rule);
    values.add("revision", directory.rule_set.revision.to_string());
    values.add("seen", seen_of(&rule));
    let mut form = form(&directory, &values, Some(&rule));
    warn(&mut form, &directory.rule_set, &rule, &directory);
    form.trail = crate::web::trail::of(&signed, DocumentKind::Rules, uuid::Uuid::nil()).await?;
    form.page(Frame::of(&signed, HERE, &rule.description).await?)
}

/// Adds a rule, after the others.
pub async fn make(signed: Signed, headers: HeaderMap, body: Bytes) -> Answer {
    let values = Fields::of_form(&headers, &body)?;
    keep(&signed, values, None, None).await
}

/// Saves a rule. One that is gone meanwhile is not lost: it can be added again.
pub async fn save(signed: Signed, Path(text): Path<String>, headers: HeaderMap, body: Bytes) -> Answer {
    let values = Fields::of_form(&headers, &body)?;
    let before = signed.desk.directory().rule_set.rules.iter().find(|rule| rule.id.to_string() == text).cloned();
    keep(&signed, values, before, Some(&text)).await
}

/// The rules with this one in its place, or after the others.
fn with(directory: &Directory, rule: Rule) -> RuleSet {
    let mut rules = directory.rule_set.clone();
    match rules.rules.iter_mut().find(|it| it.id == rule.id) {
        Some(known) => *known = rule,
        None => rules.rules.push(rule),
    }
    rules
}

/// The rule in the form; what is wrong with it.
fn read(signed: &Signed, values: &Fields, before: Option<&Rule>) -> Result<Rule, Refusal> {
    let start = before.cloned().unwrap_or_else(|| Rule::new(signed.desk.new_id(), ""));
    fields::read(values, start)
}

/// What keeps a rule from being tried on mail: named at its field.
fn compiles(form: &mut Form, set: &RuleSet, rule: &Rule) -> bool {
    match Rules::compile(&RuleSet { rules: vec![rule.clone()], ..RuleSet::default() }) {
        Ok(_) => true,
        Err(error) => {
            let at = set.rules.iter().position(|it| it.id == rule.id).and_then(|at| u32::try_from(at + 1).ok());
            point(form, rule, &InvalidRules { number: at.unwrap_or(error.number), ..error });
            false
        }
    }
}

/// Shows an expression that does not do at its field, with a caret where.
fn point(form: &mut Form, rule: &Rule, error: &InvalidRules) {
    let pattern = rule.text.get(error.entry);
    let named = pattern.and_then(|it| fields::TEXTS.iter().find(|(.., within)| it.within == *within));
    let name = named.map_or("", |(name, ..)| *name);
    let fields = form.sections.iter_mut().flat_map(|section| &mut section.fields);
    let Some((field, pattern)) = fields.into_iter().find(|it| it.name == name).zip(pattern) else {
        form.trouble = Some(sentence(&error.to_string()));
        return;
    };
    field.trouble = Some(sentence(&error.to_string()));
    field.pointed = error.place.and_then(|(start, end)| {
        let before = pattern.pattern.get(..start)?.chars().count();
        let wrong = pattern.pattern.get(start..end)?.chars().count().max(1);
        Some(format!("{}\n{}{}", pattern.pattern, " ".repeat(before), "^".repeat(wrong)))
    });
}

async fn keep(signed: &Signed, values: Fields, before: Option<Rule>, of: Option<&str>) -> Answer {
    let directory = signed.desk.directory();
    let title = before.as_ref().map_or("Add a rule", |rule| &rule.description).to_owned();
    let refused = match read(signed, &values, before.as_ref()) {
        Ok(rule) => {
            let set = with(&directory, rule.clone());
            let mut form = form(&directory, &values, before.as_ref());
            if !compiles(&mut form, &set, &rule) {
                return form.page(Frame::of(signed, HERE, &title).await?);
            }
            let wish = RuleSet { revision: revision(&values), ..set };
            match signed.desk.admin()?.save_rules(&wish).await {
                Ok(()) => return go(signed, HERE, "saved"),
                Err(Error::Refused(Refusal::RulesChanged { .. })) => return overtaken(signed, values, of).await,
                Err(error) => refusal(error)?,
            }
        }
        Err(refusal) => refusal,
    };
    let mut form = form(&directory, &values, before.as_ref());
    form.refuse(&refused);
    form.page(Frame::of(signed, HERE, &title).await?)
}

/// A field that says something else than what was saved meanwhile.
struct Other {
    label: String,
    theirs: String,
    yours: String,
}

#[derive(Template)]
#[template(path = "admin/rules/overtaken.html")]
struct Overtaken {
    others: Vec<Other>,
}

/// Somebody else was faster: the edit stays in the form, beside what differs now. Saving again is meant then.
async fn overtaken(signed: &Signed, mut values: Fields, of: Option<&str>) -> Answer {
    let directory = signed.desk.directory();
    let now = of.and_then(|id| directory.rule_set.rules.iter().find(|rule| rule.id.to_string() == id));
    let seen = values.one("seen").to_owned();
    values.add("revision", directory.rule_set.revision.to_string());
    values.add("seen", now.map(seen_of).unwrap_or_default());
    let mut form = form(&directory, &values, now);
    let what = match (of, now) {
        (None, _) => "Your rule is still here, and would come after all of theirs.",
        (Some(_), None) => "This rule was deleted. Saving adds it again, after the others.",
        (Some(_), Some(rule)) if seen_of(rule) == seen => "This rule itself is as you opened it.",
        (Some(_), Some(rule)) => {
            let theirs = fields::sections(&fields::filled(rule), &directory);
            let yours = fields::sections(&values, &directory);
            let of = |sections: Vec<Section>| sections.into_iter().flat_map(|it| it.fields);
            let pairs = of(theirs).zip(of(yours)).map(|(theirs, yours)| Other {
                label: yours.label.clone(),
                theirs: said(&theirs),
                yours: said(&yours),
            });
            let others: Vec<Other> = pairs.filter(|it| it.theirs != it.yours).collect();
            form.shown = Overtaken { others }.render()?;
            "This rule was changed too: below is what differs from yours. Saving replaces theirs with yours."
        }
    };
    form.trouble = Some(format!("{} {what}", edited(&directory, signed.desk.now())));
    let title = now.map_or("Add a rule", |rule| &rule.description);
    form.page(Frame::of(signed, HERE, title).await?)
}

/// What a field says, for people.
fn said(field: &Field) -> String {
    let words = match &field.kind {
        Kind::Switch => if field.is_on() { "yes" } else { "no" }.to_owned(),
        Kind::Choice(choices) => {
            choices.iter().find(|(value, _)| *value == field.value).map_or(&field.value, |(_, name)| name).clone()
        }
        Kind::Several(choices) => {
            let chosen = choices.iter().filter(|(.., is)| *is).map(|(_, name, _)| name.as_str());
            chosen.collect::<Vec<_>>().join(", ")
        }
        _ => field.value.lines().map(str::trim).filter(|it| !it.is_empty()).collect::<Vec<_>>().join(" · "),
    };
    if words.is_empty() { "nothing".to_owned() } else { words }
}

/// Tries a rule that is not saved yet.
pub async fn try_new(state: State<App>, signed: Signed, headers: HeaderMap, body: Bytes) -> Answer {
    let values = Fields::of_form(&headers, &body)?;
    tried(&state, &signed, &values, None).await
}

/// Tries a rule as it stands in its form.
pub async fn try_out(
    state: State<App>,
    signed: Signed,
    Path(text): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Answer {
    let values = Fields::of_form(&headers, &body)?;
    let before = found(&signed.desk.directory(), &text)?;
    tried(&state, &signed, &values, Some(before)).await
}

async fn tried(app: &App, signed: &Signed, values: &Fields, before: Option<Rule>) -> Answer {
    let directory = signed.desk.directory();
    let mut form = form(&directory, values, before.as_ref());
    match read(signed, values, before.as_ref()) {
        Ok(rule) => {
            let set = with(&directory, rule.clone());
            warn(&mut form, &set, &rule, &directory);
            if compiles(&mut form, &set, &rule) {
                match trying::subject(app, signed, values).await {
                    Ok(subject) => form.shown = trying::render(signed, &set, &subject, Some(&rule))?,
                    Err(trying::Refused::No(refusal)) => form.refuse(&refusal),
                    Err(trying::Refused::Trouble(trouble)) => return Err(trouble),
                }
            }
        }
        Err(refusal) => form.refuse(&refusal),
    }
    let title = before.as_ref().map_or("Add a rule", |rule| &rule.description);
    form.page(Frame::of(signed, HERE, title).await?)
}

/// Takes a rule that is not saved yet to the replay.
pub async fn replay_new(state: State<App>, signed: Signed, headers: HeaderMap, body: Bytes) -> Answer {
    let values = Fields::of_form(&headers, &body)?;
    as_draft(&state, &signed, &values, None).await
}

/// Takes the rules with this one as it stands in its form to the replay.
pub async fn replay(
    state: State<App>,
    signed: Signed,
    Path(text): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Answer {
    let values = Fields::of_form(&headers, &body)?;
    let before = found(&signed.desk.directory(), &text)?;
    as_draft(&state, &signed, &values, Some(before)).await
}

async fn as_draft(app: &App, signed: &Signed, values: &Fields, before: Option<Rule>) -> Answer {
    let directory = signed.desk.directory();
    let mut form = form(&directory, values, before.as_ref());
    match read(signed, values, before.as_ref()) {
        Ok(rule) => {
            let set = with(&directory, rule.clone());
            if compiles(&mut form, &set, &rule) {
                let text = file::written(&directory, &set)?;
                return replays::begin_page(app, signed, text, replays::DAYS.to_string(), None).await;
            }
        }
        Err(refusal) => form.refuse(&refusal),
    }
    let title = before.as_ref().map_or("Add a rule", |rule| &rule.description);
    form.page(Frame::of(signed, HERE, title).await?)
}

impl From<Trouble> for trying::Refused {
    fn from(trouble: Trouble) -> Self {
        Self::Trouble(trouble)
    }
}
