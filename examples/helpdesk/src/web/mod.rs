//! The desk on the web: pages rendered here, small fragments of them for a script of our own, no build step.
//!
//! One folder is one screen: its handlers and its templates. What all screens share stands beside them: who is there
//! ([`Signed`]), what may be asked for ([`Table`]), the frame around a page ([`Frame`]), what is said when something
//! does not work ([`Trouble`]).

mod admin;
mod ago;
mod alerts;
mod answer;
mod app;
mod approvals;
mod asset;
mod base;
mod composer;
mod contacts;
mod drafts;
mod form;
mod frame;
mod live;
mod message;
mod own;
mod protected;
mod readable;
mod replays;
#[cfg(test)]
mod rights;
mod routes;
mod search;
mod serve;
mod shield;
mod sign_in;
mod signed;
mod table;
#[cfg(test)]
#[allow(dead_code, reason = "each screen's tests use what they need of it")]
mod testing;
mod ticket;
mod tickets;
mod trail;
mod trouble;
mod waiting;
mod when;

use axum::{Router, middleware};
use mailflow_core::flow::Mailflow;

use crate::api::{self, Api};

pub(crate) use admin::form::sentence;
pub(crate) use answer::encode;
pub use app::{App, WebConfig};
pub use base::Base;
pub use form::Fields;
pub use frame::Frame;
use readable::readable;
pub use routes::routes;
pub use serve::serve;
pub use signed::Signed;
pub use table::{Route, Table, Verb, Who};
pub use trouble::{RETRY_OUTDATED_S, Trouble};

/// The most bytes of a request: an answer with its files.
const REQUEST_BYTES: usize = 40 << 20;

/// The desk's pages. They work under any prefix (`Router::nest`); the listener, the log and the shutdown stay the
/// caller's.
pub fn router(flow: Mailflow, config: WebConfig) -> Router {
    let app = App::new(flow, config);
    let (router, _) = routes::table(&app).into_parts();
    let (flow, sign_in) = (app.flow.clone(), app.sign_in.clone());
    let api = api::router(Api { flow, network: app.config.network.clone(), sign_in });
    router
        .nest_service("/api/v1", api)
        .fallback(trouble::no_such_page)
        .method_not_allowed_fallback(trouble::no_such_verb)
        .layer(axum::extract::DefaultBodyLimit::max(REQUEST_BYTES))
        .layer(middleware::from_fn_with_state(app.clone(), shield::same_site_only))
        .layer(middleware::from_fn_with_state(app.clone(), protected::only_protected))
        .layer(middleware::from_fn_with_state(app.clone(), trouble::render))
        .layer(middleware::from_fn_with_state(app.clone(), base::find))
        .layer(middleware::from_fn(shield::headers))
        .layer(middleware::from_fn_with_state(app.clone(), protected::find_place))
        .with_state(app)
}
