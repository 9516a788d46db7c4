//! The tabs of a message: fragments for the conversation, pages without a script.

use askama::Template;
use axum::extract::Path;
use axum::http::HeaderMap;
use mailflow_core::mail::Header;
use mailflow_core::text::prefix;

use super::{id, mail};
use crate::web::answer::{Answer, is_fragment, page};
use crate::web::ticket::text::{Piece, pieces};
use crate::web::{Base, Signed, asset};

/// How much of the source is shown; the whole can be downloaded.
const SOURCE: usize = 200_000;

/// A message, as far as its tabs need it.
struct Tab {
    id: String,
    path: String,
    subject: String,
    pieces: Vec<Piece>,
    headers: Vec<Header>,
    source: String,
    cut: bool,
}

impl Tab {
    fn new(signed: &Signed, message: &mailflow_core::message::Message) -> Self {
        Self {
            id: message.id.to_string(),
            path: signed.base.path(&format!("/message/{}", message.id)),
            subject: message.subject.clone(),
            pieces: Vec::new(),
            headers: Vec::new(),
            source: String::new(),
            cut: false,
        }
    }
}

macro_rules! tab {
    ($page:ident, $fragment:ident, $path:literal) => {
        #[derive(Template)]
        #[template(path = $path)]
        struct $fragment {
            message: Tab,
        }

        #[derive(Template)]
        #[template(path = "message/page.html")]
        struct $page<'a> {
            base: &'a Base,
            desk: &'a str,
            assets: &'static asset::Links,
            subject: &'a str,
            fragment: String,
        }

        impl $fragment {
            fn answer(self, signed: &Signed, headers: &HeaderMap) -> Answer {
                if is_fragment(headers) {
                    return page(&self);
                }
                let directory = signed.desk.directory();
                page(&$page {
                    base: &signed.base,
                    desk: &directory.settings.name,
                    assets: asset::links(),
                    subject: &self.message.subject,
                    fragment: self.render()?,
                })
            }
        }
    };
}

tab!(HtmlPage, HtmlTab, "message/html.html");
tab!(TextPage, TextTab, "message/text.html");
tab!(HeadersPage, HeadersTab, "message/headers.html");
tab!(SourcePage, SourceTab, "message/source.html");

/// The frame that shows its HTML.
pub async fn html(signed: Signed, Path(name): Path<String>, headers: HeaderMap) -> Answer {
    let message = signed.desk.message(id(&name)?).await?;
    HtmlTab { message: Tab::new(&signed, &message) }.answer(&signed, &headers)
}

/// Its text.
pub async fn text(signed: Signed, Path(name): Path<String>, headers: HeaderMap) -> Answer {
    let message = signed.desk.message(id(&name)?).await?;
    let tab = Tab { pieces: pieces(&message.text), ..Tab::new(&signed, &message) };
    TextTab { message: tab }.answer(&signed, &headers)
}

/// Its headers, decoded.
pub async fn headers(signed: Signed, Path(name): Path<String>, headers: HeaderMap) -> Answer {
    let message = signed.desk.message(id(&name)?).await?;
    let mail = mail(&signed, message.id).await?;
    HeadersTab { message: Tab { headers: mail.headers, ..Tab::new(&signed, &message) } }.answer(&signed, &headers)
}

/// Its bytes, as text.
pub async fn source(signed: Signed, Path(name): Path<String>, headers: HeaderMap) -> Answer {
    let message = signed.desk.message(id(&name)?).await?;
    let raw = signed.desk.raw(message.id).await?;
    let whole = String::from_utf8_lossy(&raw);
    let source = prefix(&whole, SOURCE).to_owned();
    let cut = source.len() < whole.len();
    SourceTab { message: Tab { source, cut, ..Tab::new(&signed, &message) } }.answer(&signed, &headers)
}
