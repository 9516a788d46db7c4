//! How the desk is doing.

use axum::Json;
use mailflow_core::flow::AutomaticMail;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::caller::Administrator;
use super::openapi::ForAdministrators;
use super::refused::Refused;
use super::shapes::{PulseShape, shape};

/// How the desk is doing.
#[derive(Debug, Serialize, ToSchema)]
pub struct HealthShape {
    /// Sources and destinations that were tried at least once.
    pub pulses: Vec<PulseShape>,
    /// Whether mail waits to be routed.
    pub waiting: bool,
    /// Destinations with mail that somebody has to look at.
    pub failures: Vec<Uuid>,
    /// Mail that nobody writes.
    pub automatic: AutomaticShape,
}

shape! {
    /// Automatic mail of the whole desk: answers of ticketboxes and rules, and what rules pass on.
    AutomaticShape of it: AutomaticMail {
        /// Mails within the last hour.
        within_an_hour: u32 = it.within_an_hour,
        /// How many it may be; 0 if none is ever sent.
        most: u32 = it.most,
        /// Whether no more is sent now.
        stopped: bool = it.stopped_until.is_some(),
        /// When it goes on; null if it is not stopped, or stopped for good.
        stopped_until: Option<i64> = it.stopped_until.filter(|_| it.most > 0).map(|at| at.as_millis()),
    }
}

/// How sources and destinations are doing.
#[utoipa::path(get, path = "/health", tag = "health",
    responses((status = 200, description = "How it is", body = HealthShape), ForAdministrators))]
pub async fn show(by: Administrator) -> Result<Json<HealthShape>, Refused> {
    let health = by.desk.health().await?;
    Ok(Json(HealthShape {
        pulses: health.pulses.into_values().map(PulseShape::from).collect(),
        waiting: health.waiting,
        failures: health.failed.into_iter().filter(|(_, failed)| *failed).map(|(id, _)| id.into()).collect(),
        automatic: health.automatic.into(),
    }))
}
