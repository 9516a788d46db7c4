//! What the caller likes and needs to sign in: how he works, his password, his second factor.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use mailflow_core::agent::{Agent, Preferences, Times};
use mailflow_core::alert::{AlertEvent, AlertWishes, Told};
use mailflow_core::decision::own::{OwnWish, Profile};
use mailflow_core::refusal::Refusal;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::Api;
use super::caller::Caller;
use super::extract::Body;
use super::openapi::ForAgents;
use super::refused::Refused;
use crate::auth;

/// How an agent likes to work.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[schema(example = json!({ "signature": "Grace", "signature_of": null, "undo_send_s": 10, "rows": 50, "times": "device", "alerts": { "assigned": { "inside": true, "by_mail": true } } }))]
pub struct ProfileShape {
    /// Put below what the agent writes.
    pub signature: String,
    /// The group whose signature is put there instead; only of one that the agent belongs to.
    pub signature_of: Option<Uuid>,
    /// How long what the agent sends can be pulled back, in seconds; 0 to 60.
    #[schema(maximum = 60)]
    pub undo_send_s: u32,
    /// How many tickets a page of a list shows; 10 to 200.
    #[schema(minimum = 10, maximum = 200)]
    pub rows: u32,
    /// In which time zone pages show times.
    pub times: TimesShape,
    /// How the agent wants to be told of `message_in_ticket`, `message_from_contact`, `assigned`, `needs_approval`,
    /// `approved`, `returned`. Left out, it stays as it is; of events that are left out he is told inside.
    #[serde(default)]
    pub alerts: Option<BTreeMap<String, ToldShape>>,
}

/// How an agent wants to be told of something.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
pub struct ToldShape {
    /// In the list of his alerts.
    pub inside: bool,
    /// By mail to his address.
    pub by_mail: bool,
}

fn wishes(shapes: &BTreeMap<String, ToldShape>) -> Result<AlertWishes, Refusal> {
    let wish = |(word, told): (&String, &ToldShape)| {
        let event = AlertEvent::from_word(word);
        let event = event.ok_or_else(|| Refusal::invalid("alerts", format!("nobody is told of `{word}`")))?;
        Ok((event, Told { inside: told.inside, by_mail: told.by_mail }))
    };
    shapes.iter().map(wish).collect::<Result<_, _>>().map(AlertWishes)
}

/// In which time zone pages show times.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum TimesShape {
    /// That of the device.
    Device,
    /// UTC.
    Utc,
}

impl From<Agent> for ProfileShape {
    fn from(agent: Agent) -> Self {
        let told = |event: AlertEvent| {
            let Told { inside, by_mail } = agent.preferences.alerts.of(event);
            (event.word().to_owned(), ToldShape { inside, by_mail })
        };
        let alerts = Some(AlertEvent::OF_AGENTS.into_iter().map(told).collect());
        Self {
            alerts,
            signature: agent.signature,
            signature_of: agent.signature_of.map(Uuid::from),
            undo_send_s: agent.undo_send_s,
            rows: agent.preferences.rows,
            times: match agent.preferences.times {
                Times::Device => TimesShape::Device,
                Times::Utc => TimesShape::Utc,
            },
        }
    }
}

/// How the caller likes to work.
#[utoipa::path(get, path = "/me", tag = "own",
    responses((status = 200, description = "How the caller likes to work", body = ProfileShape), ForAgents))]
pub async fn show(caller: Caller) -> Result<Json<ProfileShape>, Refused> {
    Ok(Json(caller.desk.agent()?.into()))
}

/// Changes how the caller likes to work.
#[utoipa::path(put, path = "/me", tag = "own", request_body = ProfileShape,
    responses((status = 200, description = "As it is now", body = ProfileShape), ForAgents))]
pub async fn save(caller: Caller, Body(wish): Body<ProfileShape>) -> Result<Json<ProfileShape>, Refused> {
    if wish.undo_send_s > 60 {
        return Err(Refusal::invalid("undo_send_s", "at most 60 seconds").into());
    }
    let times = match wish.times {
        TimesShape::Device => Times::Device,
        TimesShape::Utc => Times::Utc,
    };
    let alerts = match &wish.alerts {
        Some(shapes) => wishes(shapes)?,
        None => caller.desk.agent()?.preferences.alerts,
    };
    let profile = Profile {
        signature: wish.signature,
        signature_of: wish.signature_of.map(Into::into),
        undo_send_s: wish.undo_send_s,
        preferences: Preferences { rows: wish.rows, times, alerts },
    };
    caller.desk.change_own(&OwnWish::Profile(profile)).await?;
    Ok(Json(caller.desk.agent()?.into()))
}

/// A new password.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(example = json!({ "old": "correct horse battery", "new": "nanoseconds are 30 cm" }))]
pub struct PasswordWish {
    #[schema(write_only)]
    pub old: String,
    /// At least 10 characters.
    #[schema(write_only)]
    pub new: String,
}

/// Changes the caller's password, and ends his other sessions and API tokens.
#[utoipa::path(put, path = "/me/password", tag = "own", request_body = PasswordWish,
    responses((status = 204, description = "Changed"), ForAgents))]
pub async fn password(
    State(api): State<Api>,
    caller: Caller,
    Body(wish): Body<PasswordWish>,
) -> Result<StatusCode, Refused> {
    let agent = caller.desk.agent()?;
    let hash = auth::change_password(&api.sign_in, &agent, &wish.old, &wish.new).await?;
    caller.desk.change_own(&OwnWish::Password(hash)).await?;
    caller.desk.sign_out_elsewhere(caller.session).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A wish for a second factor: with the password alone a secret is offered; with that secret and a code of it, it is
/// switched on.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(example = json!({ "password": "correct horse battery" }))]
pub struct SecondFactorWish {
    #[schema(write_only)]
    pub password: String,
    /// `sealed` of the offer.
    #[serde(default)]
    #[schema(write_only)]
    pub sealed: Option<String>,
    /// The code that the device shows.
    #[serde(default)]
    #[schema(write_only)]
    pub code: Option<String>,
}

/// A second factor that is offered, or was switched on.
#[derive(Debug, Serialize, ToSchema)]
pub struct SecondFactorShape {
    /// Whether it is switched on.
    pub on: bool,
    /// The secret for the device, in base32 (TOTP by RFC 6238: SHA-1, six digits, 30 seconds); null once it is on.
    pub secret: Option<String>,
    /// The same as a link.
    pub link: Option<String>,
    /// Goes back with a code.
    pub sealed: Option<String>,
    /// Codes that let in once without the device. They are shown only now.
    pub recovery: Vec<String>,
}

/// Sets a second factor up, in two steps. Switching it on ends the other sessions.
#[utoipa::path(post, path = "/me/second-factor", tag = "own", request_body = SecondFactorWish,
    responses((status = 200, description = "The offer, or the recovery codes", body = SecondFactorShape), ForAgents))]
pub async fn second_factor(
    State(api): State<Api>,
    caller: Caller,
    Body(wish): Body<SecondFactorWish>,
) -> Result<Json<SecondFactorShape>, Refused> {
    let agent = caller.desk.agent()?;
    confirm(&api, &agent, &wish.password).await?;
    let (Some(sealed), Some(code)) = (&wish.sealed, &wish.code) else {
        let offer = api.sign_in.offer(&agent)?;
        let (secret, link, sealed) = (Some(offer.secret), Some(offer.link), Some(offer.sealed));
        return Ok(Json(SecondFactorShape { on: false, secret, link, sealed, recovery: Vec::new() }));
    };
    let recovery = api.sign_in.accept(&agent, sealed, code).await?;
    caller.desk.end_other_sessions(caller.session).await?;
    Ok(Json(SecondFactorShape { on: true, secret: None, link: None, sealed: None, recovery }))
}

/// The caller's password, once more.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(example = json!({ "password": "correct horse battery" }))]
pub struct Confirmation {
    #[schema(write_only)]
    pub password: String,
}

/// Switches the second factor off.
#[utoipa::path(post, path = "/me/second-factor/off", tag = "own", request_body = Confirmation,
    responses((status = 204, description = "The password alone is enough now"), ForAgents))]
pub async fn second_factor_off(
    State(api): State<Api>,
    caller: Caller,
    Body(wish): Body<Confirmation>,
) -> Result<StatusCode, Refused> {
    confirm(&api, &caller.desk.agent()?, &wish.password).await?;
    caller.desk.change_own(&OwnWish::SecondFactor(None)).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn confirm(api: &Api, agent: &Agent, password: &str) -> Result<(), Refusal> {
    match api.sign_in.confirm(agent, password).await? {
        true => Ok(()),
        false => Err(Refusal::invalid("password", "the password is wrong")),
    }
}
