//! The frame in which a message's HTML is shown: sanitised, with a policy of its own that runs no script, sends no form
//! and loads nothing from elsewhere unless the agent asked for it.

use axum::extract::{Path, Query};
use axum::http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY};
use axum::http::{HeaderValue, StatusCode};
use axum::response::IntoResponse;
use mailflow_core::id::MessageId;
use mailflow_core::mail::html::{Images, RemoteImages, sanitize, to_text};
use mailflow_core::mail::{Limits, Mail};
use serde::Deserialize;

use super::{id, mail};
use crate::web::answer::{Answer, escape};
use crate::web::{Base, Signed, Trouble};

/// What the sandbox of the frame allows: links in new windows, and that our page measures how high the mail is. Without
/// `allow-scripts` that gives the mail nothing.
const SANDBOX: &str = "sandbox allow-same-origin allow-popups allow-popups-to-escape-sandbox";

/// What the address of a frame asks for.
#[derive(Debug, Default, Deserialize)]
pub struct Asked {
    images: Option<String>,
}

/// A document, and the policy that it is sent with.
struct Framed {
    document: String,
    policy: String,
}

/// The document in the frame.
pub async fn show(signed: Signed, Path(name): Path<String>, Query(asked): Query<Asked>) -> Answer {
    let id = id(&name)?;
    let mail = mail(&signed, id).await?;
    let images = if asked.images.as_deref() == Some("load") { RemoteImages::Shown } else { RemoteImages::Blocked };
    let base = signed.base.clone();
    // The HTML may be large: not on an async thread.
    let framed = tokio::task::spawn_blocking(move || framed(&base, id, &mail, images)).await;
    let framed = framed.map_err(|_| Trouble::malformed("The HTML could not be read."))?;
    let policy = HeaderValue::try_from(framed.policy).map_err(|_| Trouble::malformed("The policy is none."))?;
    let heads = [
        (CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8")),
        (CONTENT_SECURITY_POLICY, policy),
        (REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    ];
    Ok((StatusCode::OK, heads, framed.document).into_response())
}

fn framed(base: &Base, id: MessageId, mail: &Mail, remote: RemoteImages) -> Framed {
    let source = mail.html.as_deref().unwrap_or_default();
    let inline = |cid: &str| {
        let at = mail.attachments.iter().position(|it| it.content_id.as_deref() == Some(cid))?;
        Some(base.path(&format!("/message/{id}/inline/{at}")))
    };
    match sanitize(source, &Limits::default(), &Images { remote, inline: &inline }) {
        Ok(safe) => Framed {
            document: with_bar(safe.document, safe.blocked_images),
            policy: match safe.content_security_policy.split_once("sandbox ") {
                Some((policy, _)) => format!("{policy}{SANDBOX}"),
                None => format!("{}; {SANDBOX}", safe.content_security_policy),
            },
        },
        // More than is safe to take apart: its text.
        Err(_) => {
            let text = to_text(source, &Limits::default());
            Framed {
                document: format!(
                    "<!doctype html><meta charset=\"utf-8\"><p>This HTML is too complex to be shown safely. \
                     Its text:</p><pre>{}</pre>",
                    escape(&text)
                ),
                policy: format!("default-src 'none'; frame-ancestors 'self'; {SANDBOX}"),
            }
        }
    }
}

/// The document with a bar on top that offers to load what was left out.
fn with_bar(document: String, blocked: usize) -> String {
    if blocked == 0 {
        return document;
    }
    let images = if blocked == 1 { "1 image".to_owned() } else { format!("{blocked} images") };
    let bar = format!(
        "<body><p style=\"margin:-8px -8px 10px;padding:7px 10px;background:#eef2f8;color:#333;font:13px \
         system-ui,sans-serif\">{images} from elsewhere not loaded: the sender could see that this is read. \
         <a href=\"?images=load\" target=\"_self\">Load once</a></p>"
    );
    document.replacen("<body>", &bar, 1)
}
