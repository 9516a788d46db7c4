//! The agent audit: who did what.

use axum::Json;
use mailflow_core::audit::{About, Activity, AuditEntry, Who};
use mailflow_core::flow::AuditFilter;
use mailflow_core::refusal::Refusal;
use mailflow_core::store::Listing;
use mailflow_core::time::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::caller::Caller;
use super::extract::{Asked, Part};
use super::openapi::ForAgents;
use super::refused::Refused;
use super::shapes::List;

/// Something that somebody did.
#[derive(Debug, Serialize, ToSchema)]
pub struct DeedShape {
    pub id: Uuid,
    /// When, in milliseconds since 1970.
    pub at: i64,
    /// `agent`, `program` or `nobody`.
    pub by: &'static str,
    /// The agent who did it.
    pub agent: Option<Uuid>,
    /// What it was done to: `ticket`, `contact`, `server`, `desk`, or the kind of document.
    pub kind: String,
    /// Its id, as `object` takes it.
    pub object: Option<Uuid>,
    /// What it was called, where that was written down.
    pub name: Option<String>,
    /// The kind of deed.
    pub activity: String,
    /// What was done; of what was changed the fields, before and after.
    #[schema(value_type = Object)]
    pub deed: serde_json::Value,
}

impl From<AuditEntry> for DeedShape {
    fn from(entry: AuditEntry) -> Self {
        let (kind, name) = match &entry.about {
            About::Ticket(_) => ("ticket", None),
            About::Document { kind, name, .. } => (kind.word(), Some(name.clone())),
            About::Contact(_) => ("contact", None),
            About::Server { name, .. } => ("server", Some(name.clone())),
            About::Desk => ("desk", None),
        };
        Self {
            id: entry.id.into(),
            at: entry.at.as_millis(),
            by: match entry.who {
                Who::Agent(_) => "agent",
                Who::Program => "program",
                Who::Nobody => "nobody",
            },
            agent: entry.who.agent().map(Uuid::from),
            kind: kind.to_owned(),
            object: entry.about.object(),
            name,
            activity: entry.what.activity().word().to_owned(),
            deed: serde_json::to_value(&entry.what).unwrap_or_default(),
        }
    }
}

/// Which entries.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Of {
    /// Only what this agent did.
    #[param(example = "0191f3a2-7c44-7d10-9a51-00000000000f")]
    pub agent: Option<Uuid>,
    /// Only what was done to this ticket, contact or document.
    #[param(example = "0191f3a2-7c44-7d10-9a51-000000000001")]
    pub object: Option<Uuid>,
    /// Only deeds of this kind: `answers`, `approvals`, `notes`, `tickets`, `contacts`, `delivery`, `sign_ins`,
    /// `security`, `configuration`.
    #[param(example = "answers")]
    pub activity: Option<String>,
    /// Only from this time on, in milliseconds since 1970.
    #[param(example = 0)]
    pub from: Option<i64>,
    /// Only before this time.
    #[param(example = 4_000_000_000_000_i64)]
    pub until: Option<i64>,
}

/// What agents did, newest first: for who has the right to the agent audit, and only what was done to what he sees.
#[utoipa::path(get, path = "/audit", tag = "audit", params(Of, Part),
    responses((status = 200, description = "A part of the list", body = List<DeedShape>), ForAgents))]
pub async fn list(
    caller: Caller,
    Asked(of): Asked<Of>,
    Asked(part): Asked<Part>,
) -> Result<Json<List<DeedShape>>, Refused> {
    let activity = match &of.activity {
        Some(word) => {
            let known = Activity::from_word(word);
            Some(known.ok_or_else(|| Refusal::invalid("activity", format!("there is no activity `{word}`")))?)
        }
        None => None,
    };
    let filter = AuditFilter {
        agent: of.agent.map(Into::into),
        object: of.object,
        activity,
        from: of.from.map(Timestamp::from_millis),
        until: of.until.map(Timestamp::from_millis),
    };
    let Listing { rows, next } = caller.desk.audit(&filter, &part.page()).await?;
    Ok(Json(Listing { rows, next }.into()))
}
