//! Agents: administrators only. Passwords are only written, never given back.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use std::collections::BTreeMap;

use mailflow_core::agent::{Agent, Escalation, SignInWay};
use mailflow_core::approval::Approver;
use mailflow_core::directory::{Directory, DocumentKind, Documented};
use mailflow_core::ip_range::IpRange;
use mailflow_core::mail::Address;
use mailflow_core::refusal::Refusal;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::Api;
use super::caller::{Administrator, Caller};
use super::extract::{Body, Named};
use super::openapi::{ForAdministrators, ForAgents};
use super::refused::Refused;
use super::shapes::shape;
use super::version::{Seen, Versioned};
use crate::auth;

shape! {
    /// A person who answers.
    AgentShape of it: Agent {
        id: Uuid = it.id.into(),
        user_name: String = it.user_name,
        /// The name that others see.
        name: String = it.name,
        address: Option<String> = it.address.map(String::from),
        /// Whether the agent may sign in and be given tickets.
        active: bool = it.active,
        administrator: bool = it.administrator,
        /// Whether it is the one that comes with every desk and can be neither removed nor disabled.
        built_in: bool = it.built_in,
        signature: String = it.signature,
        /// How long what the agent sends can be pulled back, in seconds.
        undo_send_s: u32 = it.undo_send_s,
        /// Who has to approve what the agent sends; null for nobody.
        approval: Option<ApproverShape> = it.approval.map(ApproverShape::from),
        /// Whom tickets are passed on to that are too much for the agent; null for nobody.
        escalate_to: Option<EscalationShape> = it.escalate_to.map(EscalationShape::from),
        /// Whether the agent is given the oldest ticket, instead of choosing from lists.
        get_oldest: bool = it.get_oldest,
        /// Whatever else is to be known, by name.
        properties: BTreeMap<String, String> = it.properties,
        /// The group whose signature is used instead.
        signature_of: Option<Uuid> = it.signature_of.map(Uuid::from),
        /// Who keeps the password.
        sign_in: SignInShape = it.sign_in.into(),
        /// Where the agent may sign in from, beside where his groups and everyone may.
        ip_ranges: Vec<String> = it.ip_ranges.into_iter().map(String::from).collect(),
        /// Whether codes of a device are needed beside the password.
        second_factor: bool = it.second_factor.is_some(),
        /// Whether there is a password to sign in with.
        has_password: bool = it.password.is_some(),
    }
}

/// An agent as it is written.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(example = json!({ "user_name": "grace", "name": "Grace Hopper", "password": "nanoseconds are 30 cm" }))]
pub struct AgentWish {
    /// Unique without regard to case.
    pub user_name: String,
    pub name: String,
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub address: Option<Address>,
    #[serde(default = "yes")]
    #[schema(default = true)]
    pub active: bool,
    #[serde(default)]
    pub administrator: bool,
    #[serde(default)]
    pub signature: String,
    #[serde(default = "ten")]
    #[schema(default = 10, maximum = 60)]
    pub undo_send_s: u32,
    /// Who has to approve what the agent sends; null for nobody.
    #[serde(default)]
    pub approval: Option<ApproverShape>,
    /// Whom tickets are passed on to that are too much for the agent; null for nobody.
    #[serde(default)]
    pub escalate_to: Option<EscalationShape>,
    /// Whether the agent is given the oldest ticket, instead of choosing from lists.
    #[serde(default)]
    pub get_oldest: bool,
    /// Whatever else is to be known, by name; at most 50.
    #[serde(default)]
    pub properties: BTreeMap<String, String>,
    /// Who keeps the password.
    #[serde(default)]
    pub sign_in: SignInShape,
    /// Where the agent may sign in from, such as `192.0.2.0/24`; empty for everywhere. Ranges of groups and of everyone
    /// add to it.
    #[serde(default)]
    #[schema(value_type = Vec<String>)]
    pub ip_ranges: Vec<IpRange>,
    /// At least 10 characters. Only written; without it the password stays. A new one ends the agent's sessions.
    #[serde(default)]
    #[schema(write_only)]
    pub password: Option<String>,
}

/// Who approves: `{"agent": id}`, or `{"group": id}` for any of its members.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ApproverShape {
    /// One agent.
    Agent(Uuid),
    /// Any member of a group.
    Group(Uuid),
}

/// Whom tickets are passed on to: `{"agent": id}`, or `{"group": id}` for its member with the fewest open tickets.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum EscalationShape {
    /// One agent.
    Agent(Uuid),
    /// A member of an escalation group.
    Group(Uuid),
}

impl From<Escalation> for EscalationShape {
    fn from(to: Escalation) -> Self {
        match to {
            Escalation::Agent(id) => Self::Agent(id.into()),
            Escalation::Group(id) => Self::Group(id.into()),
        }
    }
}

impl From<EscalationShape> for Escalation {
    fn from(to: EscalationShape) -> Self {
        match to {
            EscalationShape::Agent(id) => Self::Agent(id.into()),
            EscalationShape::Group(id) => Self::Group(id.into()),
        }
    }
}

/// Who keeps a password.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SignInShape {
    /// The desk itself.
    #[default]
    Password,
    /// The directory server of the settings.
    Ldap,
    /// Nobody here: the OpenID provider of the settings says who the agent is.
    Oidc,
}

impl From<SignInWay> for SignInShape {
    fn from(way: SignInWay) -> Self {
        match way {
            SignInWay::Password => Self::Password,
            SignInWay::Ldap => Self::Ldap,
            SignInWay::Oidc => Self::Oidc,
        }
    }
}

impl From<SignInShape> for SignInWay {
    fn from(way: SignInShape) -> Self {
        match way {
            SignInShape::Password => Self::Password,
            SignInShape::Ldap => Self::Ldap,
            SignInShape::Oidc => Self::Oidc,
        }
    }
}

impl From<Approver> for ApproverShape {
    fn from(approver: Approver) -> Self {
        match approver {
            Approver::Agent(id) => Self::Agent(id.into()),
            Approver::Group(id) => Self::Group(id.into()),
        }
    }
}

impl From<ApproverShape> for Approver {
    fn from(approver: ApproverShape) -> Self {
        match approver {
            ApproverShape::Agent(id) => Self::Agent(id.into()),
            ApproverShape::Group(id) => Self::Group(id.into()),
        }
    }
}

const fn ten() -> u32 {
    10
}

const fn yes() -> bool {
    true
}

impl AgentWish {
    /// The agent that is wished for. What is not in here stays as it was.
    async fn agent(self, before: Agent) -> Result<Agent, Refused> {
        let password = match self.password {
            None => before.password.clone(),
            Some(password) => {
                let hashed = tokio::task::spawn_blocking(move || auth::hash(&password)).await;
                Some(hashed.unwrap_or_else(|error| Err(Refusal::invalid("password", error.to_string())))?)
            }
        };
        Ok(Agent {
            user_name: self.user_name.trim().to_owned(),
            name: self.name.trim().to_owned(),
            address: self.address,
            password,
            active: self.active,
            administrator: self.administrator,
            signature: self.signature,
            undo_send_s: self.undo_send_s,
            approval: self.approval.map(Approver::from),
            escalate_to: self.escalate_to.map(Escalation::from),
            get_oldest: self.get_oldest,
            properties: self.properties,
            sign_in: self.sign_in.into(),
            ip_ranges: self.ip_ranges,
            ..before
        })
    }
}

fn found(directory: &Directory, id: Uuid) -> Result<Agent, Refusal> {
    directory.agents.get(&id.into()).cloned().ok_or_else(|| Refusal::no_such("agent", id))
}

/// An agent, as far as every other agent may know him.
#[derive(Debug, Serialize, ToSchema)]
pub struct ColleagueShape {
    pub id: Uuid,
    pub name: String,
    /// Whether tickets can be given to him.
    pub active: bool,
}

/// The agents whom the caller may list: himself, and whom he can give tickets to.
#[utoipa::path(get, path = "/colleagues", tag = "agents",
    responses((status = 200, description = "All that there are for the caller", body = Vec<ColleagueShape>), ForAgents))]
pub async fn colleagues(caller: Caller) -> Json<Vec<ColleagueShape>> {
    let shape = |it: Agent| ColleagueShape { id: it.id.into(), name: it.name, active: it.active };
    Json(caller.desk.agents().into_iter().map(shape).collect())
}

/// All agents.
#[utoipa::path(get, path = "/agents", tag = "agents",
    responses((status = 200, description = "All of them", body = Vec<AgentShape>), ForAdministrators))]
pub async fn list(by: Administrator) -> Json<Vec<AgentShape>> {
    Json(by.admin.directory().agents.values().cloned().map(AgentShape::from).collect())
}

/// One agent.
#[utoipa::path(get, path = "/agents/{id}", tag = "agents",
    params(("id" = Uuid, Path, description = "The agent", example = "0191f3a2-7c44-7d10-9a51-000000000015")),
    responses((status = 200, description = "The agent", body = AgentShape), ForAdministrators))]
pub async fn show(by: Administrator, Named(id): Named<Uuid>) -> Result<Versioned<AgentShape>, Refused> {
    let agent = found(&by.admin.directory(), id)?;
    Ok(Versioned(StatusCode::OK, agent.version(), agent.into()))
}

/// Makes an agent.
#[utoipa::path(post, path = "/agents", tag = "agents", request_body = AgentWish,
    responses((status = 201, description = "The agent", body = AgentShape), ForAdministrators))]
pub async fn make(by: Administrator, Body(wish): Body<AgentWish>) -> Result<Versioned<AgentShape>, Refused> {
    let nobody = Agent { id: by.admin.new_id(), built_in: false, ..Agent::built_in_administrator() };
    let agent = wish.agent(nobody).await?;
    by.admin.save(&agent).await?;
    Ok(Versioned(StatusCode::CREATED, agent.version(), agent.into()))
}

/// Changes an agent.
#[utoipa::path(put, path = "/agents/{id}", tag = "agents", request_body = AgentWish,
    params(
        ("id" = Uuid, Path, description = "The agent", example = "0191f3a2-7c44-7d10-9a51-000000000015"),
        ("If-Match" = Option<String>, Header, description = "The version that was seen")
    ),
    responses((status = 200, description = "The agent as it is now", body = AgentShape), ForAdministrators))]
pub async fn save(
    State(api): State<Api>,
    by: Administrator,
    seen: Seen,
    Named(id): Named<Uuid>,
    Body(wish): Body<AgentWish>,
) -> Result<Versioned<AgentShape>, Refused> {
    let before = found(&by.admin.directory(), id)?;
    let agent = wish.agent(before.clone()).await?;
    seen.save(&by.admin, &agent).await?;
    if agent.password != before.password {
        by.admin.sign_out(agent.id, Some(by.session)).await?;
    } else if !agent.active {
        auth::end_sessions(&api.flow, agent.id).await?;
    }
    Ok(Versioned(StatusCode::OK, agent.version(), agent.into()))
}

/// Removes an agent whom no rule names.
#[utoipa::path(delete, path = "/agents/{id}", tag = "agents",
    params(("id" = Uuid, Path, description = "The agent", example = "0191f3a2-7c44-7d10-9a51-000000000015")),
    responses((status = 204, description = "He is gone"), ForAdministrators))]
pub async fn remove(
    State(api): State<Api>,
    by: Administrator,
    Named(id): Named<Uuid>,
) -> Result<StatusCode, Refused> {
    by.admin.remove(DocumentKind::Agent, id).await?;
    auth::end_sessions(&api.flow, id.into()).await?;
    Ok(StatusCode::NO_CONTENT)
}
