//! Standard responses: words that are written once and sent often.

use axum::Json;
use axum::http::StatusCode;
use mailflow_core::access::{Right, Securable};
use mailflow_core::directory::{Directory, DocumentKind, Documented};
use mailflow_core::flow::Desk;
use mailflow_core::refusal::Refusal;
use mailflow_core::response::StandardResponse;
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::caller::Caller;
use super::extract::{Body, Named};
use super::openapi::{ForAgents, ForEditors};
use super::refused::Refused;
use super::shapes::shape;
use super::version::{Seen, Versioned};

shape! {
    /// A standard response.
    ResponseShape of it: StandardResponse {
        id: Uuid = it.id.into(),
        name: String = it.name,
        /// Empty for that of the mail that is answered.
        subject: String = it.subject,
        /// With placeholders: `{ticket}`, `{subject}`, `{name}`, `{address}`, `{ticketbox}`.
        text: String = it.text,
    }
}

/// A standard response as it is written.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(example = json!({ "name": "Received", "text": "Dear {name}, we got your message: it is ticket {ticket}." }))]
pub struct ResponseWish {
    /// Unique without regard to case.
    pub name: String,
    #[serde(default)]
    pub subject: String,
    pub text: String,
}

impl ResponseWish {
    fn response(self, before: StandardResponse) -> StandardResponse {
        StandardResponse { name: self.name.trim().to_owned(), subject: self.subject, text: self.text, ..before }
    }
}

fn found(directory: &Directory, id: Uuid) -> Result<StandardResponse, Refusal> {
    directory.responses.get(&id.into()).cloned().ok_or_else(|| Refusal::no_such("response", id))
}

/// Whether the caller has a right on a response; one that he may not list is not there for him.
fn need(desk: &Desk, id: Uuid, right: Right) -> Result<(), Refusal> {
    desk.know(Securable::Responses, id)?;
    desk.need(Securable::Responses, None, right)
}

/// The standard responses that the caller may list; without their words for who may not read them.
#[utoipa::path(get, path = "/responses", tag = "responses",
    responses((status = 200, description = "All of them", body = Vec<ResponseShape>), ForAgents))]
pub async fn list(caller: Caller) -> Json<Vec<ResponseShape>> {
    let reads = caller.desk.may(Securable::Responses, None, Right::Read);
    let shown = |it: StandardResponse| match reads {
        true => it,
        false => StandardResponse { subject: String::new(), text: String::new(), ..it },
    };
    Json(caller.desk.responses().into_iter().map(shown).map(ResponseShape::from).collect())
}

/// One standard response.
#[utoipa::path(get, path = "/responses/{id}", tag = "responses",
    params(("id" = Uuid, Path, description = "The response", example = "0191f3a2-7c44-7d10-9a51-000000000023")),
    responses((status = 200, description = "The response", body = ResponseShape), ForAgents))]
pub async fn show(caller: Caller, Named(id): Named<Uuid>) -> Result<Versioned<ResponseShape>, Refused> {
    need(&caller.desk, id, Right::Read)?;
    let response = found(&caller.desk.directory(), id)?;
    Ok(Versioned(StatusCode::OK, response.version(), response.into()))
}

/// Makes a standard response.
#[utoipa::path(post, path = "/responses", tag = "responses", request_body = ResponseWish,
    responses((status = 201, description = "The response", body = ResponseShape), ForAgents))]
pub async fn make(caller: Caller, Body(wish): Body<ResponseWish>) -> Result<Versioned<ResponseShape>, Refused> {
    let editor = caller.desk.response_editor(Right::Edit)?;
    let (name, subject, text) = (String::new(), String::new(), String::new());
    let response = wish.response(StandardResponse { id: editor.new_id(), name, subject, text });
    editor.save(&response).await?;
    Ok(Versioned(StatusCode::CREATED, response.version(), response.into()))
}

/// Changes a standard response.
#[utoipa::path(put, path = "/responses/{id}", tag = "responses", request_body = ResponseWish,
    params(
        ("id" = Uuid, Path, description = "The response", example = "0191f3a2-7c44-7d10-9a51-000000000023"),
        ("If-Match" = Option<String>, Header, description = "The version that was seen")
    ),
    responses((status = 200, description = "The response as it is now", body = ResponseShape), ForEditors))]
pub async fn save(
    caller: Caller,
    seen: Seen,
    Named(id): Named<Uuid>,
    Body(wish): Body<ResponseWish>,
) -> Result<Versioned<ResponseShape>, Refused> {
    need(&caller.desk, id, Right::Edit)?;
    let editor = caller.desk.response_editor(Right::Edit)?;
    let response = wish.response(found(&editor.directory(), id)?);
    seen.save(&editor, &response).await?;
    Ok(Versioned(StatusCode::OK, response.version(), response.into()))
}

/// Removes a standard response that no rule and no ticketbox sends.
#[utoipa::path(delete, path = "/responses/{id}", tag = "responses",
    params(("id" = Uuid, Path, description = "The response", example = "0191f3a2-7c44-7d10-9a51-000000000023")),
    responses((status = 204, description = "It is gone"), ForAgents))]
pub async fn remove(caller: Caller, Named(id): Named<Uuid>) -> Result<StatusCode, Refused> {
    need(&caller.desk, id, Right::Delete)?;
    caller.desk.response_editor(Right::Delete)?.remove(DocumentKind::Response, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
