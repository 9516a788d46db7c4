//! The files of a message. They are saved, never shown by the browser; only pictures that the HTML refers to are.

use axum::body::Body;
use axum::extract::Path;
use axum::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::http::{HeaderName, HeaderValue};
use axum::response::Response;
use mailflow_core::mail::Attachment;
use mailflow_core::refusal::Refusal;

use super::{id, mail};
use crate::web::answer::{Answer, encode};
use crate::web::{Signed, Trouble};

/// Nothing in a file may do anything, even if it is opened where it came from.
const POLICY: &str = "default-src 'none'; sandbox; frame-ancestors 'none'";
/// Pictures that are shown in a mail. SVG is not: it is a document that can hold scripts.
const PICTURES: [&str; 8] =
    ["image/png", "image/jpeg", "image/jpg", "image/gif", "image/webp", "image/bmp", "image/avif", "image/x-icon"];

/// The whole mail, as it came or was sent.
pub async fn raw(signed: Signed, Path(name): Path<String>) -> Answer {
    let id = id(&name)?;
    let raw = signed.desk.raw(id).await?;
    saved(raw, "message/rfc822", &format!("message-{id}.eml"))
}

/// An attachment.
pub async fn file(signed: Signed, Path((name, at, _)): Path<(String, String, String)>) -> Answer {
    let file = attachment(&signed, &name, &at).await?;
    let filename = file.filename.clone().unwrap_or_else(|| format!("attachment-{at}"));
    saved(file.content, &file.content_type, &filename)
}

/// A picture that the HTML refers to.
pub async fn inline(signed: Signed, Path((name, at)): Path<(String, String)>) -> Answer {
    let file = attachment(&signed, &name, &at).await?;
    let kind = PICTURES.into_iter().find(|kind| *kind == file.content_type);
    let kind = kind.ok_or_else(|| Refusal::no_such("picture", &at))?;
    answer(file.content, kind, None)
}

async fn attachment(signed: &Signed, name: &str, at: &str) -> Result<Attachment, Trouble> {
    let mail = mail(signed, id(name)?).await?;
    let at_index: usize = at.parse().map_err(|_| Refusal::no_such("file", at))?;
    Ok(mail.attachments.into_iter().nth(at_index).ok_or_else(|| Refusal::no_such("file", at))?)
}

/// Bytes that the browser saves.
///
/// # Errors
/// [`Trouble`] if the type cannot stand in a header.
pub fn saved(bytes: Vec<u8>, content_type: &str, filename: &str) -> Answer {
    answer(bytes, content_type, Some(filename))
}

fn answer(bytes: Vec<u8>, content_type: &str, saved_as: Option<&str>) -> Answer {
    let bad = |_| Trouble::malformed("The file's name or type cannot be told.");
    let disposition = match saved_as {
        // RFC 6266: a plain name for the old, the right one for all others (RFC 8187).
        Some(name) => {
            let plain: String =
                name.chars().map(|c| if c.is_ascii_alphanumeric() || "-_. ".contains(c) { c } else { '_' }).collect();
            format!("attachment; filename=\"{plain}\"; filename*=UTF-8''{}", encode(name))
        }
        None => "inline".to_owned(),
    };
    // What a browser would show is sent as what it only saves.
    let harmless =
        saved_as.is_none() || !["text/html", "application/xhtml+xml", "image/svg+xml"].contains(&content_type);
    let content_type = if harmless { content_type } else { "application/octet-stream" };
    let heads: [(HeaderName, HeaderValue); 4] = [
        (CONTENT_TYPE, HeaderValue::try_from(content_type).map_err(bad)?),
        (CONTENT_DISPOSITION, HeaderValue::try_from(disposition).map_err(bad)?),
        (CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY)),
        (CACHE_CONTROL, HeaderValue::from_static("private, max-age=3600")),
    ];
    let mut response = Response::new(Body::from(bytes));
    response.headers_mut().extend(heads);
    Ok(response)
}
