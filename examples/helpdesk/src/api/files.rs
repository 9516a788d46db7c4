//! Files that go with answers, sent before them.

use axum::Json;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::http::{HeaderMap, StatusCode, header};
use serde::Deserialize;
use utoipa::IntoParams;

use super::caller::Caller;
use super::extract::Asked;
use super::openapi::ForAgents;
use super::refused::Refused;
use super::shapes::FileShape;

/// What the file is called.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Called {
    /// Its name, without folders.
    #[param(example = "plan.txt")]
    pub filename: String,
}

/// Keeps a file: the body is its bytes, `Content-Type` its type. It becomes part of the draft or answer that names it.
#[utoipa::path(post, path = "/files", tag = "drafts", params(Called),
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses((status = 201, description = "Kept; name it in `attachments`", body = FileShape), ForAgents))]
pub async fn keep(
    caller: Caller,
    Asked(called): Asked<Called>,
    headers: HeaderMap,
    bytes: Result<Bytes, BytesRejection>,
) -> Result<(StatusCode, Json<FileShape>), Refused> {
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let kept = caller.desk.keep_file(&called.filename, content_type, bytes?.to_vec()).await?;
    Ok((StatusCode::CREATED, Json(kept.into())))
}
