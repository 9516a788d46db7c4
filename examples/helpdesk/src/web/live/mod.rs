//! Live updates: one stream a browser. What goes over it are numbers of tickets that the agent may see, and nothing of
//! their content; the page fetches that with its own rights.

mod stream;

pub use stream::stopped;

use askama::Template;
use axum::extract::{Query, State};
use axum::http::{HeaderName, HeaderValue};
use axum::response::sse::Sse;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use super::answer::{Answer, page};
use super::{App, Frame, Signed, Table, Who};

pub(super) fn routes(table: Table) -> Table {
    table.get(Who::Agent, "/live", listen).get(Who::Agent, "/menu", menu)
}

async fn listen(State(app): State<App>, signed: Signed) -> Response {
    let mut response = Sse::new(stream::events(app, signed, stream::BEAT)).into_response();
    // Proxies that gather answers would hold the events back.
    response.headers_mut().insert(HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no"));
    response
}

#[derive(Deserialize)]
struct Here {
    here: Option<String>,
}

#[derive(Template)]
#[template(path = "menu.html")]
struct Menu {
    frame: Frame,
}

/// The menu with its counts, for a page that is open.
async fn menu(signed: Signed, Query(asked): Query<Here>) -> Answer {
    let here = asked.here.unwrap_or_default();
    let here = here.strip_prefix(&signed.base.path("")).unwrap_or(&here);
    page(&Menu { frame: Frame::of(&signed, here, "").await? })
}

#[cfg(test)]
mod tests;
