//! What the caller is told of.

use axum::Json;
use axum::http::StatusCode;
use mailflow_core::alert::Alert;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::caller::Caller;
use super::extract::{Asked, Named, Part};
use super::openapi::ForAgents;
use super::refused::Refused;
use super::shapes::List;

/// Something that the caller is told of.
#[derive(Debug, Serialize, ToSchema)]
pub struct AlertShape {
    /// What caused it: its name among the caller's alerts.
    pub id: Uuid,
    /// When, in milliseconds since 1970.
    pub at: i64,
    /// `message_in_ticket`, `message_from_contact`, `assigned`, `needs_approval`, `approved` or `returned`.
    pub of: String,
    /// The ticket that it is about.
    pub ticket: Option<Uuid>,
}

impl From<Alert> for AlertShape {
    fn from(alert: Alert) -> Self {
        let (at, of) = (alert.at.as_millis(), alert.of.word().to_owned());
        Self { id: alert.cause, at, of, ticket: alert.ticket.map(Uuid::from) }
    }
}

/// What the caller is told of, newest first.
#[utoipa::path(get, path = "/alerts", tag = "alerts", params(Part),
    responses((status = 200, description = "A part of the list", body = List<AlertShape>), ForAgents))]
pub async fn list(caller: Caller, Asked(part): Asked<Part>) -> Result<Json<List<AlertShape>>, Refused> {
    Ok(Json(caller.desk.alerts(&part.page()).await?.into()))
}

/// Clears one; one that is cleared already is no error.
#[utoipa::path(delete, path = "/alerts/{id}", tag = "alerts",
    params(("id" = Uuid, Path, description = "The alert", example = "0191f3a2-7c44-7d10-9a51-000000000021")),
    responses((status = 204, description = "It is gone, for the caller on all his devices"), ForAgents))]
pub async fn clear(caller: Caller, Named(id): Named<Uuid>) -> Result<StatusCode, Refused> {
    caller.desk.clear_alerts(&[id]).await?;
    Ok(StatusCode::NO_CONTENT)
}
