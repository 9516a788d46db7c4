//! What holds for the whole desk.

use axum::http::StatusCode;
use mailflow_core::directory::Documented;
use mailflow_core::settings::Settings;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::caller::Administrator;
use super::extract::Body;
use super::openapi::ForAdministrators;
use super::refused::Refused;
use super::version::{Seen, Versioned};

/// What holds for the whole desk.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[schema(example = json!({ "name": "Our desk", "first_ticket_number": 1000, "host": "example.com", "automatic_per_hour": 500 }))]
pub struct SettingsShape {
    /// The name of the desk, shown on its pages.
    pub name: String,
    /// The number of the first ticket. Raising it makes later numbers start there; it never makes one twice.
    pub first_ticket_number: u64,
    /// The host in `Message-ID` of what is sent from a ticketbox without an address.
    pub host: String,
    /// The most automatic mails that the whole desk sends in an hour; left out, it stays as it is.
    #[serde(default)]
    pub automatic_per_hour: Option<u32>,
}

fn versioned(settings: &Settings) -> Versioned<SettingsShape> {
    let Settings { name, first_ticket_number, host, automatic_per_hour, .. } = settings.clone();
    let automatic_per_hour = Some(automatic_per_hour);
    let shape = SettingsShape { name, first_ticket_number, host, automatic_per_hour };
    Versioned(StatusCode::OK, settings.version(), shape)
}

/// The settings.
#[utoipa::path(get, path = "/settings", tag = "settings",
    responses((status = 200, description = "The settings", body = SettingsShape), ForAdministrators))]
pub async fn show(by: Administrator) -> Versioned<SettingsShape> {
    versioned(&by.admin.directory().settings)
}

/// Changes the settings.
#[utoipa::path(put, path = "/settings", tag = "settings", request_body = SettingsShape,
    params(("If-Match" = Option<String>, Header, description = "The version that was seen")),
    responses((status = 200, description = "The settings as they are now", body = SettingsShape), ForAdministrators))]
pub async fn save(
    by: Administrator,
    seen: Seen,
    Body(wish): Body<SettingsShape>,
) -> Result<Versioned<SettingsShape>, Refused> {
    let mut settings = by.admin.directory().settings.clone();
    settings.name = wish.name.trim().to_owned();
    settings.first_ticket_number = wish.first_ticket_number;
    settings.host = wish.host.trim().to_owned();
    settings.automatic_per_hour = wish.automatic_per_hour.unwrap_or(settings.automatic_per_hour);
    seen.save(&by.admin, &settings).await?;
    Ok(versioned(&settings))
}
