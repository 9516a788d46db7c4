//! Mail that waits to be sent, and mail that somebody has to look at.

use axum::Json;
use axum::http::StatusCode;
use mailflow_core::decision::delivery::Remedy;
use mailflow_core::mail::Address;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::caller::{Administrator, Caller};
use super::destinations::found;
use super::extract::{Asked, Body, Named, Part};
use super::openapi::{ForAdministrators, ForAgents};
use super::refused::Refused;
use super::shapes::{Delivery, List};

/// Mails of a destination that wait to be sent, the first due first.
#[utoipa::path(get, path = "/destinations/{id}/queue", tag = "delivery",
    params(
        ("id" = Uuid, Path, description = "The destination", example = "0191f3a2-7c44-7d10-9a51-000000000012"),
        Part
    ),
    responses((status = 200, description = "A part of the list", body = List<Delivery>), ForAdministrators))]
pub async fn queue(
    by: Administrator,
    Named(id): Named<Uuid>,
    Asked(part): Asked<Part>,
) -> Result<Json<List<Delivery>>, Refused> {
    let id = found(&by.admin.directory(), id)?.id;
    Ok(Json(by.desk.queued(id, &part.page()).await?.into()))
}

/// Mails of a destination that failed or were perhaps sent, newest first.
#[utoipa::path(get, path = "/destinations/{id}/failures", tag = "delivery",
    params(
        ("id" = Uuid, Path, description = "The destination", example = "0191f3a2-7c44-7d10-9a51-000000000012"),
        Part
    ),
    responses((status = 200, description = "A part of the list", body = List<Delivery>), ForAdministrators))]
pub async fn failures(
    by: Administrator,
    Named(id): Named<Uuid>,
    Asked(part): Asked<Part>,
) -> Result<Json<List<Delivery>>, Refused> {
    let id = found(&by.admin.directory(), id)?.id;
    Ok(Json(by.desk.failures(id, &part.page()).await?.into()))
}

/// How many mails are tried again.
#[derive(Debug, Serialize, ToSchema)]
pub struct Retried {
    /// How many.
    pub mails: u64,
}

/// Tries all of them again.
#[utoipa::path(post, path = "/destinations/{id}/failures/retry", tag = "delivery",
    params(("id" = Uuid, Path, description = "The destination", example = "0191f3a2-7c44-7d10-9a51-000000000012")),
    responses((status = 202, description = "They are tried again", body = Retried), ForAdministrators))]
pub async fn retry_all(by: Administrator, Named(id): Named<Uuid>) -> Result<(StatusCode, Json<Retried>), Refused> {
    let id = found(&by.admin.directory(), id)?.id;
    Ok((StatusCode::ACCEPTED, Json(Retried { mails: by.desk.retry_all(id).await? })))
}

/// Tries one mail again now, for those who have not got it.
#[utoipa::path(post, path = "/outgoing/{id}/retry", tag = "delivery",
    params(("id" = Uuid, Path, description = "The mail", example = "0191f3a2-7c44-7d10-9a51-000000000018")),
    responses((status = 202, description = "It is tried again"), ForAgents))]
pub async fn retry(caller: Caller, Named(id): Named<Uuid>) -> Result<StatusCode, Refused> {
    caller.desk.remedy(id.into(), Remedy::Retry).await?;
    Ok(StatusCode::ACCEPTED)
}

/// A recipient whose address was wrong.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(example = json!({ "from": "ada@one.example", "to": "ada@right.example" }))]
pub struct Correction {
    /// The wrong address.
    #[schema(value_type = String)]
    pub from: Address,
    /// The right one.
    #[schema(value_type = String)]
    pub to: Address,
}

/// Sends to another address than the wrong one.
#[utoipa::path(post, path = "/outgoing/{id}/recipient", tag = "delivery", request_body = Correction,
    params(("id" = Uuid, Path, description = "The mail", example = "0191f3a2-7c44-7d10-9a51-000000000018")),
    responses((status = 202, description = "It is tried again"), ForAgents))]
pub async fn correct(
    caller: Caller,
    Named(id): Named<Uuid>,
    Body(correction): Body<Correction>,
) -> Result<StatusCode, Refused> {
    let remedy = Remedy::Correct { from: correction.from, to: correction.to };
    caller.desk.remedy(id.into(), remedy).await?;
    Ok(StatusCode::ACCEPTED)
}

/// Gives up on a mail: it is not sent any more. The message stays in its ticket.
#[utoipa::path(delete, path = "/outgoing/{id}", tag = "delivery",
    params(("id" = Uuid, Path, description = "The mail", example = "0191f3a2-7c44-7d10-9a51-000000000018")),
    responses((status = 204, description = "It is not sent any more"), ForAgents))]
pub async fn withdraw(caller: Caller, Named(id): Named<Uuid>) -> Result<StatusCode, Refused> {
    caller.desk.remedy(id.into(), Remedy::Withdraw).await?;
    Ok(StatusCode::NO_CONTENT)
}
