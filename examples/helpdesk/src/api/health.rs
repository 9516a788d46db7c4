//! How the desk is doing.

use axum::Json;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::caller::Caller;
use super::openapi::ForAgents;
use super::refused::Refused;
use super::shapes::PulseShape;

/// How the desk is doing.
#[derive(Debug, Serialize, ToSchema)]
pub struct HealthShape {
    /// Sources and destinations that were tried at least once.
    pub pulses: Vec<PulseShape>,
    /// Whether mail waits to be routed.
    pub waiting: bool,
    /// Destinations with mail that somebody has to look at.
    pub failures: Vec<Uuid>,
}

/// How sources and destinations are doing.
#[utoipa::path(get, path = "/health", tag = "health",
    responses((status = 200, description = "How it is", body = HealthShape), ForAgents))]
pub async fn show(caller: Caller) -> Result<Json<HealthShape>, Refused> {
    let health = caller.desk.health().await?;
    Ok(Json(HealthShape {
        pulses: health.pulses.into_values().map(PulseShape::from).collect(),
        waiting: health.waiting,
        failures: health.failed.into_iter().filter(|(_, failed)| *failed).map(|(id, _)| id.into()).collect(),
    }))
}
