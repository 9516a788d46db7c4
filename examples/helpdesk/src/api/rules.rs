//! Routing rules: one document, saved as one versioned step.

use std::time::Duration;

use axum::Json;
use axum::http::StatusCode;
use mailflow_core::directory::Documented;
use mailflow_core::id::RuleId;
use mailflow_core::refusal::Refusal;
use mailflow_core::rule::{DefaultRule, RuleSet};
use mailflow_core::store::Count;
use mailflow_core::time::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;
use uuid::Uuid;

use super::caller::Administrator;
use super::extract::Body;
use super::openapi::ForAdministrators;
use super::refused::Refused;
use super::shapes::Urgency;
use super::version::{Seen, Versioned};
use crate::replayed::{ReplayShape, WarningShape};
use crate::rules_file;

/// All rules together.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(example = json!({
    "rules": [{
        "id": "0191f3a2-7c44-7d10-9a51-000000000020", "description": "Refunds", "enabled": true,
        "text": [{ "within": ["subject"], "pattern": "refund|money back" }], "then": { "priority": "high" },
    }],
    "default": { "prefer_contact_owner": true, "prefer_matching_address": true },
}))]
pub struct RulesShape {
    /// How often they were edited. A change that says which revision it began with is refused if there is a later one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision: Option<u64>,
    /// The custom rules, in the order in which they are tried. The first one that matches wins.
    #[serde(default)]
    pub rules: Vec<RuleShape>,
    /// What happens to mail that no custom rule matches.
    pub default: DefaultRuleShape,
    /// What else there is to say.
    #[serde(flatten)]
    #[schema(additional_properties)]
    pub more: Map<String, Value>,
}

/// A custom rule. All fields that say something must match; inside a field one match is enough.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct RuleShape {
    pub id: Uuid,
    pub description: String,
    pub enabled: bool,
    /// The mail came from one of these sources.
    #[serde(default)]
    pub sources: Vec<Uuid>,
    /// One of these matches an address in `To`, `Cc` or the envelope headers.
    #[serde(default)]
    pub to: Vec<String>,
    /// One of these matches the address that the mail is from.
    #[serde(default)]
    pub from: Vec<String>,
    /// One of these is found in the mail's text.
    #[serde(default)]
    pub text: Vec<PatternShape>,
    /// Where the mail goes.
    #[serde(default)]
    pub then: EffectShape,
    #[serde(flatten)]
    #[schema(additional_properties)]
    pub more: Map<String, Value>,
}

/// A regular expression, and where it is looked for.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct PatternShape {
    /// `subject`, `body`, `headers`; empty for all of them.
    #[serde(default)]
    pub within: Vec<String>,
    /// In the syntax of the `regex` crate; upper and lower case are the same unless it says `(?-i)`.
    pub pattern: String,
    #[serde(flatten)]
    #[schema(additional_properties)]
    pub more: Map<String, Value>,
}

/// What a rule does with a new ticket. What it does not say is left to the default rule.
#[derive(Debug, Default, Serialize, Deserialize, ToSchema)]
pub struct EffectShape {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ticketbox: Option<Uuid>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<Uuid>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub priority: Option<Urgency>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category: Option<Uuid>,
    #[serde(flatten)]
    #[schema(additional_properties)]
    pub more: Map<String, Value>,
}

/// What happens to mail that no custom rule matches.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(example = json!({ "prefer_contact_owner": true, "prefer_matching_address": true }))]
pub struct DefaultRuleShape {
    /// The owner of its tickets; null leaves them unowned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<Uuid>,
    /// Whether the agent who owns the contact owns the ticket instead.
    pub prefer_contact_owner: bool,
    /// The ticketbox; null for *Unassigned*.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ticketbox: Option<Uuid>,
    /// Whether a ticketbox with a matching address is taken instead.
    pub prefer_matching_address: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category: Option<Uuid>,
    #[serde(flatten)]
    #[schema(additional_properties)]
    pub more: Map<String, Value>,
}

/// From a shape to a core type or back; both are the same JSON, and what the shape does not name goes through `more`.
fn reshape<T: DeserializeOwned>(from: &impl Serialize) -> Result<T, Refusal> {
    let value = serde_json::to_value(from).map_err(|error| Refusal::invalid("rules", error.to_string()))?;
    serde_json::from_value(value).map_err(|error| Refusal::invalid("rules", error.to_string()))
}

/// The rules.
#[utoipa::path(get, path = "/rules", tag = "rules",
    responses((status = 200, description = "The rules", body = RulesShape), ForAdministrators))]
pub async fn show(by: Administrator) -> Result<Versioned<RulesShape>, Refused> {
    let rules = &by.admin.directory().rule_set;
    Ok(Versioned(StatusCode::OK, rules.version(), reshape(rules)?))
}

/// Replaces the rules, all together.
#[utoipa::path(put, path = "/rules", tag = "rules", request_body = RulesShape,
    params(("If-Match" = Option<String>, Header, description = "The version that was seen")),
    responses((status = 200, description = "The rules as they are now", body = RulesShape), ForAdministrators))]
pub async fn save(
    by: Administrator,
    seen: Seen,
    Body(wish): Body<RulesShape>,
) -> Result<Versioned<RulesShape>, Refused> {
    let rules: RuleSet = reshape(&wish)?;
    replace(&by, &seen, wish.revision, rules).await
}

/// The default rule.
#[utoipa::path(get, path = "/rules/default", tag = "rules",
    responses((status = 200, description = "The default rule", body = DefaultRuleShape), ForAdministrators))]
pub async fn show_default(by: Administrator) -> Result<Versioned<DefaultRuleShape>, Refused> {
    let rules = &by.admin.directory().rule_set;
    Ok(Versioned(StatusCode::OK, rules.version(), reshape(&rules.default)?))
}

/// Replaces the default rule; its version is that of all rules.
#[utoipa::path(put, path = "/rules/default", tag = "rules", request_body = DefaultRuleShape,
    params(("If-Match" = Option<String>, Header, description = "The version that was seen")),
    responses((status = 200, description = "The default rule as it is now", body = DefaultRuleShape), ForAdministrators))]
pub async fn save_default(
    by: Administrator,
    seen: Seen,
    Body(wish): Body<DefaultRuleShape>,
) -> Result<Versioned<DefaultRuleShape>, Refused> {
    let default: DefaultRule = reshape(&wish)?;
    let rules = by.admin.directory().rule_set.clone();
    // The custom rules were read just now: nobody's change of them is undone.
    let (revision, rules) = (rules.revision, RuleSet { default, ..rules });
    let Versioned(status, version, shape) = replace(&by, &seen, Some(revision), rules).await?;
    Ok(Versioned(status, version, shape.default))
}

/// Writes the rules as the next revision, over those that the caller has seen.
async fn replace(
    by: &Administrator,
    seen: &Seen,
    revision: Option<u64>,
    rules: RuleSet,
) -> Result<Versioned<RulesShape>, Refused> {
    let now = by.admin.directory();
    let is = now.rule_set.revision;
    if !seen.is(now.rule_set.version()) {
        return Err(Refusal::Outdated { what: "document", name: "rules".to_owned() }.into());
    }
    by.admin.save_rules(&RuleSet { revision: revision.unwrap_or(is), ..rules }).await?;
    let rules = &by.admin.directory().rule_set;
    Ok(Versioned(StatusCode::OK, rules.version(), reshape(rules)?))
}

/// How many mails a rule placed.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(example = json!({ "rule": "0191f3a2-7c44-7d10-9a51-000000000020", "mails": 17, "more": false }))]
pub struct RuleHitsShape {
    /// The rule.
    pub rule: Uuid,
    /// How many mails, counted to 1,000.
    pub mails: u32,
    /// Whether there are more.
    pub more: bool,
}

/// How many mails each rule has placed in the last 30 days.
#[utoipa::path(get, path = "/rules/hits", tag = "rules",
    responses((status = 200, description = "The rules in their order", body = Vec<RuleHitsShape>), ForAdministrators))]
pub async fn hits(by: Administrator) -> Result<Json<Vec<RuleHitsShape>>, Refused> {
    let rules: Vec<RuleId> = by.admin.directory().rule_set.rules.iter().map(|rule| rule.id).collect();
    let since = by.desk.now().minus(Duration::from_secs(30 * 24 * 60 * 60));
    let hits = by.admin.placed_by(&rules, since).await?;
    let shape = |rule: RuleId| {
        let count = hits.get(&rule).copied().unwrap_or_else(|| Count::new(0));
        RuleHitsShape { rule: rule.into(), mails: count.number(), more: count.is_more() }
    };
    Ok(Json(rules.into_iter().map(shape).collect()))
}

/// What is strange about the rules: those that can never match, pass mail on to ourselves, or are hidden behind others.
#[utoipa::path(get, path = "/rules/warnings", tag = "rules",
    responses((status = 200, description = "The warnings", body = Vec<WarningShape>), ForAdministrators))]
pub async fn warn(by: Administrator) -> Result<Json<Vec<WarningShape>>, Refused> {
    let directory = by.admin.directory();
    Ok(Json(WarningShape::all(&directory, &directory.rule_set)))
}

/// Draft rules, and the mail that they are tried on.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[schema(example = json!({ "toml": "[[rule]]\ndescription = \"Everything is urgent\"\nthen = { priority = \"urgent\" }\n", "days": 30 }))]
pub struct RulesDraftShape {
    /// The draft; without it and without `toml` the rules as they are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rules: Option<RulesShape>,
    /// The draft as a file of rules.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub toml: Option<String>,
    /// How many days back; without it all stored mail.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub days: Option<u32>,
    /// The most examples that are named; 20 by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub examples: Option<u32>,
}

/// Compares a draft with the rules as they are, over stored mail. Nothing is changed. It takes as long as there is mail;
/// a caller who goes away stops it.
#[utoipa::path(post, path = "/rules/replay", tag = "rules", request_body = RulesDraftShape,
    responses((status = 200, description = "What would go elsewhere", body = ReplayShape), ForAdministrators))]
pub async fn replay(by: Administrator, Body(wish): Body<RulesDraftShape>) -> Result<Json<ReplayShape>, Refused> {
    let directory = by.admin.directory();
    let draft = match (&wish.rules, &wish.toml) {
        (Some(rules), _) => reshape(rules)?,
        (None, Some(text)) => rules_file::read(text, &directory, || by.admin.new_id())
            .map_err(|error| Refusal::invalid("toml", error.to_string()))?,
        (None, None) => directory.rule_set.clone(),
    };
    let back = |days| by.desk.now().minus(Duration::from_secs(u64::from(days) * 24 * 60 * 60));
    let replayed = by.admin.replay(&draft, wish.days.map_or(Timestamp::MIN, back), |_| ()).await?;
    let examples = usize::try_from(wish.examples.unwrap_or(20)).unwrap_or(usize::MAX);
    Ok(Json(ReplayShape::of(&directory, &draft, &replayed, examples)))
}
