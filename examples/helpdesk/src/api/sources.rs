//! Sources: administrators only.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use mailflow_core::decision::trial::Trial;
use mailflow_core::directory::{Directory, DocumentKind, Documented};
use mailflow_core::pulse::Pulse;
use mailflow_core::refusal::Refusal;
use mailflow_core::source::{Source, SourceAccess};
use uuid::Uuid;

use super::Api;
use super::caller::Administrator;
use super::extract::{Body, Named};
use super::openapi::ForAdministrators;
use super::refused::Refused;
use super::shapes::{CheckShape, SourceAccessShape, SourceShape, SourceWish};
use super::version::{Seen, Versioned};
use crate::passwords;

impl SourceWish {
    /// The source that is wished for. A password that is not named stays.
    fn source(self, api: &Api, blank: Source, before: Option<&Source>) -> Result<Source, Refusal> {
        let access = match self.access {
            SourceAccessShape::Pop3 { server, user, password, apop } => SourceAccess::Pop3 {
                server: server.into(),
                user,
                password: passwords::of_source(api.network.as_ref(), blank.id, password.as_deref(), before)?,
                apop,
            },
            SourceAccessShape::Folder { path } => SourceAccess::Folder { path },
            SourceAccessShape::Embedded => SourceAccess::Embedded,
        };
        Ok(Source {
            name: self.name.trim().to_owned(),
            enabled: self.enabled,
            access,
            leave_copies: self.leave_copies,
            check_interval_s: self.check_interval_s,
            timeout_s: self.timeout_s,
            max_bytes: self.max_bytes,
            destination: self.destination.map(Into::into),
            ticketbox: self.ticketbox.map(Into::into),
            pinned_to: self.pinned_to,
            ..blank
        })
    }
}

fn shape(source: Source, pulse: Option<&Pulse>) -> SourceShape {
    let access = match source.access {
        SourceAccess::Pop3 { server, user, apop, .. } => {
            SourceAccessShape::Pop3 { server: server.into(), user, password: None, apop }
        }
        SourceAccess::Folder { path } => SourceAccessShape::Folder { path },
        _ => SourceAccessShape::Embedded,
    };
    SourceShape {
        id: source.id.into(),
        source: SourceWish {
            name: source.name,
            enabled: source.enabled,
            access,
            leave_copies: source.leave_copies,
            check_interval_s: source.check_interval_s,
            timeout_s: source.timeout_s,
            max_bytes: source.max_bytes,
            destination: source.destination.map(Uuid::from),
            ticketbox: source.ticketbox.map(Uuid::from),
            pinned_to: source.pinned_to,
        },
        health: pulse.cloned().map(Into::into),
    }
}

fn found(directory: &Directory, id: Uuid) -> Result<Source, Refusal> {
    directory.sources.get(&id.into()).cloned().ok_or_else(|| Refusal::no_such("source", id))
}

async fn shown(by: &Administrator, status: StatusCode, source: Source) -> Result<Versioned<SourceShape>, Refused> {
    let health = by.desk.health().await?;
    let pulse = health.pulses.get(&source.id.into());
    Ok(Versioned(status, source.version(), shape(source, pulse)))
}

/// All sources.
#[utoipa::path(get, path = "/sources", tag = "sources",
    responses((status = 200, description = "All of them", body = Vec<SourceShape>), ForAdministrators))]
pub async fn list(by: Administrator) -> Result<Json<Vec<SourceShape>>, Refused> {
    let health = by.desk.health().await?;
    let directory = by.admin.directory();
    let all = directory.sources.values().map(|it| shape(it.clone(), health.pulses.get(&it.id.into())));
    Ok(Json(all.collect()))
}

/// One source.
#[utoipa::path(get, path = "/sources/{id}", tag = "sources",
    params(("id" = Uuid, Path, description = "The source", example = "0191f3a2-7c44-7d10-9a51-000000000011")),
    responses((status = 200, description = "The source", body = SourceShape), ForAdministrators))]
pub async fn show(by: Administrator, Named(id): Named<Uuid>) -> Result<Versioned<SourceShape>, Refused> {
    let source = found(&by.admin.directory(), id)?;
    shown(&by, StatusCode::OK, source).await
}

/// Makes a source.
#[utoipa::path(post, path = "/sources", tag = "sources",
    request_body(content = SourceWish, example = json!({
        "name": "Sales mailbox",
        "access": {
            "kind": "pop3", "user": "sales", "password": "a secret",
            "server": { "host": "mail.example.com", "port": 995, "tls": "implicit" },
        },
    })),
    responses((status = 201, description = "The source", body = SourceShape), ForAdministrators))]
pub async fn make(
    State(api): State<Api>,
    by: Administrator,
    Body(wish): Body<SourceWish>,
) -> Result<Versioned<SourceShape>, Refused> {
    let blank = Source::new(by.admin.new_id(), "", SourceAccess::Embedded);
    let source = wish.source(&api, blank, None)?;
    by.admin.save(&source).await?;
    shown(&by, StatusCode::CREATED, source).await
}

/// Changes a source.
#[utoipa::path(put, path = "/sources/{id}", tag = "sources",
    request_body(content = SourceWish, example = json!({
        "name": "Support mailbox", "access": { "kind": "embedded" }, "check_interval_s": 30,
    })),
    params(
        ("id" = Uuid, Path, description = "The source", example = "0191f3a2-7c44-7d10-9a51-000000000011"),
        ("If-Match" = Option<String>, Header, description = "The version that was seen")
    ),
    responses((status = 200, description = "The source as it is now", body = SourceShape), ForAdministrators))]
pub async fn save(
    State(api): State<Api>,
    by: Administrator,
    seen: Seen,
    Named(id): Named<Uuid>,
    Body(wish): Body<SourceWish>,
) -> Result<Versioned<SourceShape>, Refused> {
    let before = found(&by.admin.directory(), id)?;
    let source = wish.source(&api, before.clone(), Some(&before))?;
    seen.save(&by.admin, &source).await?;
    shown(&by, StatusCode::OK, source).await
}

/// Removes a source. What was collected stays.
#[utoipa::path(delete, path = "/sources/{id}", tag = "sources",
    params(("id" = Uuid, Path, description = "The source", example = "0191f3a2-7c44-7d10-9a51-000000000011")),
    responses((status = 204, description = "It is gone"), ForAdministrators))]
pub async fn remove(by: Administrator, Named(id): Named<Uuid>) -> Result<StatusCode, Refused> {
    by.admin.remove(DocumentKind::Source, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Tries a source out: finds the server, connects, signs in and counts the mails. Nothing is fetched.
#[utoipa::path(post, path = "/sources/{id}/test", tag = "sources",
    params(("id" = Uuid, Path, description = "The source", example = "0191f3a2-7c44-7d10-9a51-000000000011")),
    responses((status = 200, description = "What was found", body = CheckShape), ForAdministrators))]
pub async fn test(
    State(api): State<Api>,
    by: Administrator,
    Named(id): Named<Uuid>,
) -> Result<Json<CheckShape>, Refused> {
    let source = found(&by.admin.directory(), id)?;
    let network = api.network.as_ref().ok_or_else(Refused::no_network)?;
    let check = network.check_source(&source).await;
    by.tried_out(Trial::Source(&source), &check).await?;
    Ok(Json(check.into()))
}

/// Makes a running desk look into the mailbox at once.
#[utoipa::path(post, path = "/sources/{id}/check", tag = "sources",
    params(("id" = Uuid, Path, description = "The source", example = "0191f3a2-7c44-7d10-9a51-000000000011")),
    responses((status = 202, description = "It is looked into; its health says what came of it"), ForAdministrators))]
pub async fn check_now(by: Administrator, Named(id): Named<Uuid>) -> Result<StatusCode, Refused> {
    by.admin.wake(found(&by.admin.directory(), id)?.id).await?;
    Ok(StatusCode::ACCEPTED)
}
