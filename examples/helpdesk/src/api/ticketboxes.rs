//! Ticketboxes.

use axum::Json;
use axum::http::StatusCode;
use mailflow_core::access::Securable;
use mailflow_core::directory::{DocumentKind, Documented};
use mailflow_core::flow::Desk;
use mailflow_core::refusal::Refusal;
use mailflow_core::store::Count;
use mailflow_core::ticketbox::Ticketbox;
use uuid::Uuid;

use super::caller::{Administrator, Caller};
use super::extract::{Body, Named};
use super::openapi::{ForAdministrators, ForAgents};
use super::refused::Refused;
use super::shapes::{TicketboxShape, TicketboxWish};
use super::version::{Seen, Versioned};

impl TicketboxWish {
    /// The ticketbox that is wished for. What is not in here stays as it was.
    fn ticketbox(self, before: Ticketbox) -> Ticketbox {
        Ticketbox {
            name: self.name.trim().to_owned(),
            description: self.description,
            address: self.address,
            address_name: self.address_name,
            more_addresses: self.more_addresses,
            destination: self.destination.map(Into::into),
            reopen: self.reopen.into(),
            plus_addressing: self.plus_addressing,
            reference_line: self.reference_line,
            match_by_subject_and_sender: self.match_by_subject_and_sender,
            new_subject_days: self.new_subject_days,
            ..before
        }
    }
}

fn shape(ticketbox: Ticketbox, open: Option<Count>) -> TicketboxShape {
    let open = open.unwrap_or(Count::new(0));
    TicketboxShape {
        id: ticketbox.id.into(),
        built_in: ticketbox.built_in,
        open: open.number(),
        more_open: open.is_more(),
        ticketbox: ticketbox.into(),
    }
}

fn found(desk: &Desk, id: Uuid) -> Result<Ticketbox, Refusal> {
    desk.directory().ticketboxes.get(&id.into()).cloned().ok_or_else(|| Refusal::no_such("ticketbox", id))
}

async fn shown(desk: &Desk, status: StatusCode, ticketbox: Ticketbox) -> Result<Versioned<TicketboxShape>, Refused> {
    let open = desk.open_counts().await?.get(&ticketbox.id).copied();
    Ok(Versioned(status, ticketbox.version(), shape(ticketbox, open)))
}

/// The ticketboxes that the caller may list, with how many open tickets he sees in them.
#[utoipa::path(get, path = "/ticketboxes", tag = "ticketboxes",
    responses((status = 200, description = "All that there are for the caller", body = Vec<TicketboxShape>), ForAgents))]
pub async fn list(caller: Caller) -> Result<Json<Vec<TicketboxShape>>, Refused> {
    let counts = caller.desk.open_counts().await?;
    let all = caller.desk.ticketboxes().into_iter().map(|it| {
        let count = counts.get(&it.id).copied();
        shape(it, count)
    });
    Ok(Json(all.collect()))
}

/// One ticketbox.
#[utoipa::path(get, path = "/ticketboxes/{id}", tag = "ticketboxes",
    params(("id" = Uuid, Path, description = "The ticketbox", example = "0191f3a2-7c44-7d10-9a51-000000000013")),
    responses((status = 200, description = "The ticketbox", body = TicketboxShape), ForAgents))]
pub async fn show(caller: Caller, Named(id): Named<Uuid>) -> Result<Versioned<TicketboxShape>, Refused> {
    caller.desk.know(Securable::Ticketboxes, id)?;
    shown(&caller.desk, StatusCode::OK, found(&caller.desk, id)?).await
}

/// Makes a ticketbox.
#[utoipa::path(post, path = "/ticketboxes", tag = "ticketboxes",
    request_body(content = TicketboxWish, example = json!({ "name": "Sales", "address": "sales@example.com" })),
    responses((status = 201, description = "The ticketbox", body = TicketboxShape), ForAdministrators))]
pub async fn make(by: Administrator, Body(wish): Body<TicketboxWish>) -> Result<Versioned<TicketboxShape>, Refused> {
    let ticketbox = wish.ticketbox(Ticketbox::new(by.admin.new_id(), "", None));
    by.admin.save(&ticketbox).await?;
    shown(&by.desk, StatusCode::CREATED, ticketbox).await
}

/// Changes a ticketbox.
#[utoipa::path(put, path = "/ticketboxes/{id}", tag = "ticketboxes",
    request_body(content = TicketboxWish, example = json!({
        "name": "Support", "address": "support@example.com", "reopen": { "within_days": 14 },
    })),
    params(
        ("id" = Uuid, Path, description = "The ticketbox", example = "0191f3a2-7c44-7d10-9a51-000000000013"),
        ("If-Match" = Option<String>, Header, description = "The version that was seen")
    ),
    responses((status = 200, description = "The ticketbox as it is now", body = TicketboxShape), ForAdministrators))]
pub async fn save(
    by: Administrator,
    seen: Seen,
    Named(id): Named<Uuid>,
    Body(wish): Body<TicketboxWish>,
) -> Result<Versioned<TicketboxShape>, Refused> {
    let ticketbox = wish.ticketbox(found(&by.desk, id)?);
    seen.save(&by.admin, &ticketbox).await?;
    shown(&by.desk, StatusCode::OK, ticketbox).await
}

/// Removes a ticketbox that no source and no rule names.
#[utoipa::path(delete, path = "/ticketboxes/{id}", tag = "ticketboxes",
    params(("id" = Uuid, Path, description = "The ticketbox", example = "0191f3a2-7c44-7d10-9a51-000000000013")),
    responses((status = 204, description = "It is gone"), ForAdministrators))]
pub async fn remove(by: Administrator, Named(id): Named<Uuid>) -> Result<StatusCode, Refused> {
    by.admin.remove(DocumentKind::Ticketbox, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
