//! The frame in which a message's HTML is shown: sanitised, with a policy of its own that runs no script, sends no form
//! and loads nothing from elsewhere unless the agent asked for it.

use askama::Template;
use axum::extract::{Path, Query};
use axum::http::HeaderValue;
use axum::http::header::{CONTENT_SECURITY_POLICY, REFERRER_POLICY};
use axum::response::Response;
use mailflow_core::mail::{Limits, html};
use serde::Deserialize;

use super::{id, mail};
use crate::web::answer::{Answer, page};
use crate::web::{Signed, Trouble};

/// What the address of a frame asks for.
#[derive(Debug, Default, Deserialize)]
pub struct Asked {
    images: Option<String>,
}

impl Asked {
    /// Whether images from elsewhere are to be loaded, this once.
    pub fn loads_images(&self) -> bool {
        self.images.as_deref() == Some("load")
    }
}

#[derive(Template)]
#[template(path = "message/frame.html")]
struct Framed {
    /// Sanitised.
    html: Option<String>,
    text: String,
    remote: usize,
}

/// The document in the frame.
pub async fn show(signed: Signed, Path(name): Path<String>, Query(asked): Query<Asked>) -> Answer {
    let mail = mail(&signed, id(&name)?).await?;
    let source = mail.html.unwrap_or_default();
    let text = html::to_text(&source, &Limits::default());
    let response = page(&Framed { html: None, text, remote: 0 })?;
    with_policy(response, asked.loads_images())
}

fn with_policy(mut response: Response, images: bool) -> Answer {
    let images = if images { "'self' data: https: http:" } else { "'self' data:" };
    let policy = format!(
        "default-src 'none'; img-src {images}; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; \
         frame-ancestors 'self'; sandbox allow-same-origin allow-popups allow-popups-to-escape-sandbox"
    );
    let policy = HeaderValue::try_from(policy).map_err(|_| Trouble::malformed("The policy is none."))?;
    response.headers_mut().insert(CONTENT_SECURITY_POLICY, policy);
    response.headers_mut().insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    Ok(response)
}
