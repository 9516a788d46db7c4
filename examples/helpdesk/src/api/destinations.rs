//! Destinations: administrators only.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use mailflow_core::decision::trial::Trial;
use mailflow_core::destination::{Destination, DestinationAccess, SmtpLogin};
use mailflow_core::directory::{Directory, DocumentKind, Documented};
use mailflow_core::flow::Health;
use mailflow_core::refusal::Refusal;
use uuid::Uuid;

use super::Api;
use super::caller::Administrator;
use super::extract::{Body, Named};
use super::openapi::ForAdministrators;
use super::refused::Refused;
use super::shapes::{CheckShape, DestinationAccessShape, DestinationShape, DestinationWish};
use super::version::{Seen, Versioned};
use crate::passwords;

impl DestinationWish {
    /// The destination that is wished for. A password that is not named stays.
    fn destination(
        self,
        api: &Api,
        blank: Destination,
        before: Option<&Destination>,
    ) -> Result<Destination, Refusal> {
        let access = match self.access {
            DestinationAccessShape::Smtp { server, user: None, .. } => {
                DestinationAccess::Smtp { server: server.into(), login: None }
            }
            DestinationAccessShape::Smtp { server, user: Some(user), password } => {
                let network = api.network.as_ref();
                let password = passwords::of_destination(network, blank.id, password.as_deref(), before)?;
                DestinationAccess::Smtp { server: server.into(), login: Some(SmtpLogin { user, password }) }
            }
            DestinationAccessShape::Folder { path } => DestinationAccess::Folder { path },
            DestinationAccessShape::Embedded => DestinationAccess::Embedded,
        };
        Ok(Destination {
            name: self.name.trim().to_owned(),
            enabled: self.enabled,
            access,
            default: self.default,
            delivery_interval_s: self.delivery_interval_s,
            timeout_s: self.timeout_s,
            max_bytes: self.max_bytes,
            retry_for_s: self.retry_for_s,
            perhaps_sent: self.perhaps_sent.into(),
            pinned_to: self.pinned_to,
            ..blank
        })
    }
}

fn shape(destination: Destination, health: &Health) -> DestinationShape {
    let access = match destination.access {
        DestinationAccess::Smtp { server, login } => DestinationAccessShape::Smtp {
            server: server.into(),
            user: login.map(|login| login.user),
            password: None,
        },
        DestinationAccess::Folder { path } => DestinationAccessShape::Folder { path },
        _ => DestinationAccessShape::Embedded,
    };
    DestinationShape {
        id: destination.id.into(),
        health: health.pulses.get(&destination.id.into()).cloned().map(Into::into),
        has_failures: health.failed.get(&destination.id).copied().unwrap_or_default(),
        destination: DestinationWish {
            name: destination.name,
            enabled: destination.enabled,
            access,
            default: destination.default,
            delivery_interval_s: destination.delivery_interval_s,
            timeout_s: destination.timeout_s,
            max_bytes: destination.max_bytes,
            retry_for_s: destination.retry_for_s,
            perhaps_sent: destination.perhaps_sent.into(),
            pinned_to: destination.pinned_to,
        },
    }
}

/// The destination with an id.
pub fn found(directory: &Directory, id: Uuid) -> Result<Destination, Refusal> {
    directory.destinations.get(&id.into()).cloned().ok_or_else(|| Refusal::no_such("destination", id))
}

async fn shown(
    by: &Administrator,
    status: StatusCode,
    destination: Destination,
) -> Result<Versioned<DestinationShape>, Refused> {
    let health = by.desk.health().await?;
    Ok(Versioned(status, destination.version(), shape(destination, &health)))
}

/// All destinations.
#[utoipa::path(get, path = "/destinations", tag = "destinations",
    responses((status = 200, description = "All of them", body = Vec<DestinationShape>), ForAdministrators))]
pub async fn list(by: Administrator) -> Result<Json<Vec<DestinationShape>>, Refused> {
    let health = by.desk.health().await?;
    Ok(Json(by.admin.directory().destinations.values().map(|it| shape(it.clone(), &health)).collect()))
}

/// One destination.
#[utoipa::path(get, path = "/destinations/{id}", tag = "destinations",
    params(("id" = Uuid, Path, description = "The destination", example = "0191f3a2-7c44-7d10-9a51-000000000012")),
    responses((status = 200, description = "The destination", body = DestinationShape), ForAdministrators))]
pub async fn show(by: Administrator, Named(id): Named<Uuid>) -> Result<Versioned<DestinationShape>, Refused> {
    let destination = found(&by.admin.directory(), id)?;
    shown(&by, StatusCode::OK, destination).await
}

/// Makes a destination.
#[utoipa::path(post, path = "/destinations", tag = "destinations",
    request_body(content = DestinationWish, example = json!({
        "name": "Our server",
        "access": {
            "kind": "smtp", "user": "desk", "password": "a secret",
            "server": { "host": "mail.example.com", "port": 587, "tls": "upgrade" },
        },
        "default": true,
    })),
    responses((status = 201, description = "The destination", body = DestinationShape), ForAdministrators))]
pub async fn make(
    State(api): State<Api>,
    by: Administrator,
    Body(wish): Body<DestinationWish>,
) -> Result<Versioned<DestinationShape>, Refused> {
    let blank = Destination::new(by.admin.new_id(), "", DestinationAccess::Embedded);
    let destination = wish.destination(&api, blank, None)?;
    by.admin.save(&destination).await?;
    shown(&by, StatusCode::CREATED, destination).await
}

/// Changes a destination.
#[utoipa::path(put, path = "/destinations/{id}", tag = "destinations",
    request_body(content = DestinationWish, example = json!({
        "name": "Second server", "access": { "kind": "embedded" }, "retry_for_s": 172800, "perhaps_sent": "hold",
    })),
    params(
        ("id" = Uuid, Path, description = "The destination", example = "0191f3a2-7c44-7d10-9a51-000000000012"),
        ("If-Match" = Option<String>, Header, description = "The version that was seen")
    ),
    responses((status = 200, description = "The destination as it is now", body = DestinationShape), ForAdministrators))]
pub async fn save(
    State(api): State<Api>,
    by: Administrator,
    seen: Seen,
    Named(id): Named<Uuid>,
    Body(wish): Body<DestinationWish>,
) -> Result<Versioned<DestinationShape>, Refused> {
    let before = found(&by.admin.directory(), id)?;
    let destination = wish.destination(&api, before.clone(), Some(&before))?;
    seen.save(&by.admin, &destination).await?;
    shown(&by, StatusCode::OK, destination).await
}

/// Removes a destination that nothing names and that has no mail to send.
#[utoipa::path(delete, path = "/destinations/{id}", tag = "destinations",
    params(("id" = Uuid, Path, description = "The destination", example = "0191f3a2-7c44-7d10-9a51-000000000012")),
    responses((status = 204, description = "It is gone"), ForAdministrators))]
pub async fn remove(by: Administrator, Named(id): Named<Uuid>) -> Result<StatusCode, Refused> {
    by.admin.remove(DocumentKind::Destination, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Tries a destination out: finds the server, connects and signs in. Nothing is sent.
#[utoipa::path(post, path = "/destinations/{id}/test", tag = "destinations",
    params(("id" = Uuid, Path, description = "The destination", example = "0191f3a2-7c44-7d10-9a51-000000000012")),
    responses((status = 200, description = "What was found", body = CheckShape), ForAdministrators))]
pub async fn test(
    State(api): State<Api>,
    by: Administrator,
    Named(id): Named<Uuid>,
) -> Result<Json<CheckShape>, Refused> {
    let destination = found(&by.admin.directory(), id)?;
    let network = api.network.as_ref().ok_or_else(Refused::no_network)?;
    let check = network.check_destination(&destination).await;
    by.tried_out(Trial::Destination(&destination), &check).await?;
    Ok(Json(check.into()))
}

/// Makes a running desk send at once what is due.
#[utoipa::path(post, path = "/destinations/{id}/send", tag = "destinations",
    params(("id" = Uuid, Path, description = "The destination", example = "0191f3a2-7c44-7d10-9a51-000000000012")),
    responses((status = 202, description = "It is sent; the queue says what came of it"), ForAdministrators))]
pub async fn send_now(by: Administrator, Named(id): Named<Uuid>) -> Result<StatusCode, Refused> {
    by.admin.wake(found(&by.admin.directory(), id)?.id).await?;
    Ok(StatusCode::ACCEPTED)
}
