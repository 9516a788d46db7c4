//! The REST API: what agents and administrators do in pages, for programs. JSON in and out, under `/api/v1`.
//!
//! One file is one kind of thing: its handlers, documented where they stand. [`routes`] lists them; the
//! router and the OpenAPI document are both made of that list. Times are milliseconds since 1970 in UTC, ids are UUIDs,
//! as everywhere in mailflow. Whoever calls carries the secret of a session, as `Authorization: Bearer …` or as the
//! cookie of the pages.

mod access;
mod agents;
mod alerts;
mod approvals;
mod audit;
mod caller;
mod categories;
mod cluster;
mod contacts;
mod delivery;
mod destinations;
mod drafts;
mod extract;
mod files;
mod forwards;
mod groups;
mod health;
mod messages;
mod openapi;
mod openings;
mod own;
mod refused;
mod replies;
mod responses;
mod routes;
mod rules;
mod search;
mod session;
mod sessions;
mod settings;
mod shapes;
mod single_sign_on;
mod sources;
#[cfg(test)]
mod tests;
mod ticketboxes;
mod tickets;
mod tokens;
mod version;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use mailflow_core::flow::Mailflow;
use mailflow_transport::Connectors;

use crate::auth::SignIn;

pub use openapi::document;
pub use refused::Refused;

/// The most bytes of a request: an answer with its files, as base64.
const REQUEST_BYTES: usize = 40 << 20;

/// What the API needs. Clones are handles of the same one.
#[derive(Debug, Clone)]
pub struct Api {
    /// The desk.
    pub flow: Mailflow,
    /// How mail servers are reached and their passwords sealed; without it sources and destinations can be looked at,
    /// but not tried out or given a password.
    pub network: Option<Connectors>,
    /// Signs agents in.
    pub sign_in: SignIn,
}

/// The routes of the API, without the prefix `/api/v1`: `Router::nest` puts it before them.
pub fn router(api: Api) -> Router {
    let table = routes::table();
    let router = table.into_iter().fold(Router::new(), |router, route| router.route(route.path, route.handler));
    router
        .fallback(refused::no_such_route)
        .method_not_allowed_fallback(refused::no_such_method)
        .layer(DefaultBodyLimit::max(REQUEST_BYTES))
        .with_state(api)
}

/// The routes as method and path, in the order in which they are documented.
#[must_use]
pub fn routes() -> Vec<(&'static str, &'static str)> {
    routes::table().into_iter().map(|route| (route.method, route.path)).collect()
}
