//! Messages, their raw bytes, their attachments.

use axum::Json;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_SECURITY_POLICY, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS};
use axum::http::{HeaderMap, HeaderValue};
use axum::response::{IntoResponse, Response};
use mailflow_core::id::MessageId;
use mailflow_core::mail::{Attachment, Limits, parse};
use mailflow_core::refusal::Refusal;
use uuid::Uuid;

use super::caller::Caller;
use super::extract::Named;
use super::openapi::ForAgents;
use super::refused::Refused;
use super::shapes::Message;

/// One message.
#[utoipa::path(get, path = "/messages/{id}", tag = "messages",
    params(("id" = Uuid, Path, description = "The message", example = "0191f3a2-7c44-7d10-9a51-000000000017")),
    responses((status = 200, description = "The message", body = Message), ForAgents))]
pub async fn show(caller: Caller, Named(id): Named<Uuid>) -> Result<Json<Message>, Refused> {
    Ok(Json(caller.desk.message(id.into()).await?.into()))
}

/// The raw mail, byte for byte as it came or was sent.
#[utoipa::path(get, path = "/messages/{id}/raw", tag = "messages",
    params(("id" = Uuid, Path, description = "The message", example = "0191f3a2-7c44-7d10-9a51-000000000017")),
    responses((status = 200, description = "The mail", body = Vec<u8>, content_type = "message/rfc822"), ForAgents))]
pub async fn raw(caller: Caller, Named(id): Named<Uuid>) -> Result<Response, Refused> {
    let raw = caller.desk.raw(id.into()).await?;
    Ok(download("message/rfc822", &format!("{id}.eml"), raw))
}

/// An attachment, decoded.
#[utoipa::path(get, path = "/messages/{id}/attachments/{place}", tag = "messages",
    params(
        ("id" = Uuid, Path, description = "The message", example = "0191f3a2-7c44-7d10-9a51-000000000017"),
        ("place" = usize, Path, description = "Its place among the message's attachments, from 0", example = 0)
    ),
    responses(
        (status = 200, description = "The file", body = Vec<u8>, content_type = "application/octet-stream"),
        ForAgents
    ))]
pub async fn attachment(caller: Caller, Named((id, place)): Named<(Uuid, usize)>) -> Result<Response, Refused> {
    let id = MessageId::from(id);
    let raw = caller.desk.raw(id).await?;
    let attachments = tokio::task::spawn_blocking(move || parse(&raw, &Limits::default()).attachments).await;
    let found: Option<Attachment> = attachments.unwrap_or_default().into_iter().nth(place);
    let found = found.ok_or_else(|| Refusal::no_such("attachment", place))?;
    Ok(download("application/octet-stream", found.filename.as_deref().unwrap_or("attachment"), found.content))
}

/// Bytes from strangers: to be saved, never shown or run, whatever they say that they are.
fn download(content_type: &'static str, filename: &str, bytes: Vec<u8>) -> Response {
    let plain: String = filename.chars().filter(|c| c.is_ascii_graphic() && !matches!(c, '"' | '\\')).collect();
    let mut encoded = String::new();
    for byte in filename.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' => encoded.push(char::from(byte)),
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    // RFC 6266 section 4.3: the plain name for old programs, the whole one beside it.
    let disposition = format!("attachment; filename=\"{plain}\"; filename*=UTF-8''{encoded}");
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'; sandbox"));
    if let Ok(disposition) = HeaderValue::try_from(disposition) {
        headers.insert(CONTENT_DISPOSITION, disposition);
    }
    (headers, bytes).into_response()
}
