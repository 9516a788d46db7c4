//! What a composer sends: fields and files.

use axum::extract::{FromRequest, Multipart, Path, Request};
use axum::http::header;
use mailflow_core::refusal::Refusal;

use crate::web::answer::Answer;
use crate::web::message::saved;
use crate::web::{Fields, Signed, Trouble};

/// The fields and files of a form.
#[derive(Debug, Default)]
pub struct Sent {
    /// The fields.
    pub fields: Fields,
    /// The files: name, type and bytes.
    pub files: Vec<(String, String, Vec<u8>)>,
}

impl<S: Send + Sync> FromRequest<S> for Sent {
    type Rejection = Trouble;

    async fn from_request(request: Request, state: &S) -> Result<Self, Trouble> {
        let kind = request.headers().get(header::CONTENT_TYPE).and_then(|it| it.to_str().ok()).unwrap_or_default();
        if !kind.starts_with("multipart/form-data") {
            let headers = request.headers().clone();
            let body = axum::body::Bytes::from_request(request, state).await;
            let body = body.map_err(|error| Trouble::malformed(error.body_text()))?;
            return Ok(Self { fields: Fields::of_form(&headers, &body)?, files: Vec::new() });
        }
        let bad = |error: axum::extract::multipart::MultipartError| Trouble::malformed(error.body_text());
        let mut parts =
            Multipart::from_request(request, state).await.map_err(|error| Trouble::malformed(error.body_text()))?;
        let mut sent = Self::default();
        while let Some(part) = parts.next_field().await.map_err(bad)? {
            let name = part.name().unwrap_or_default().to_owned();
            match part.file_name().map(ToOwned::to_owned) {
                Some(filename) => {
                    let kind = part.content_type().unwrap_or("application/octet-stream").to_owned();
                    let bytes = part.bytes().await.map_err(bad)?;
                    if !filename.is_empty() || !bytes.is_empty() {
                        sent.files.push((filename, kind, bytes.to_vec()));
                    }
                }
                None => sent.fields.add(&name, part.text().await.map_err(bad)?),
            }
        }
        Ok(sent)
    }
}

/// A file that was uploaded for an answer.
pub async fn show(signed: Signed, Path((name, body)): Path<(String, String)>) -> Answer {
    let ticket = signed.desk.ticket(crate::web::ticket::number(&name)?).await?;
    let none = || Refusal::no_such("file", &body);
    let digest = body.parse().map_err(|_| none())?;
    let bytes = signed.desk.upload(ticket.id, digest).await?;
    let conversation = signed.desk.conversation(ticket.number).await?;
    let draft = conversation.draft.ok_or_else(none)?;
    let upload = draft.attachments.iter().find(|it| it.body == digest).ok_or_else(none)?;
    saved(bytes, &upload.content_type, &upload.filename)
}
