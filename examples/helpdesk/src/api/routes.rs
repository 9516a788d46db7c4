//! All routes of the API in one list: the router and the OpenAPI document are made of it.

use axum::routing::MethodRouter;
use utoipa::OpenApi;

use super::openapi::{Names, Token};
use super::refused::Refused;
use super::{
    Api, access, agents, alerts, approvals, audit, categories, cluster, contacts, delivery, destinations, drafts,
    files, forwards, groups, health, messages, openapi, openings, own, replies, responses, rules, search, session,
    sessions, settings, single_sign_on, sources, ticketboxes, tickets, tokens,
};

/// A route of the router.
pub struct Route {
    /// `get`, `post`, `put` or `delete`.
    pub method: &'static str,
    /// The path, with names in braces.
    pub path: &'static str,
    /// What answers.
    pub handler: MethodRouter<Api>,
}

macro_rules! routes {
    ($($method:ident $path:literal => $file:ident::$handler:ident;)*) => {
        #[derive(OpenApi)]
        #[openapi(
            info(
                title = "mailflow",
                version = "1",
                description = "The shared inbox for programs: tickets, answers, contacts, and the configuration. Times \
                               are milliseconds since 1970 in UTC, ids are UUIDs. Lists come in parts: `next` of one \
                               part is `after` of the next. What is refused changes nothing and says why. A version \
                               that came as `ETag` and goes back as `If-Match` keeps changes from undoing those of \
                               others."
            ),
            servers((url = "/api/v1")),
            paths($($file::$handler),*),
            components(schemas(Refused)),
            modifiers(&Token, &Names),
            security(("token" = []))
        )]
        struct Document;

        /// The routes.
        pub fn table() -> Vec<Route> {
            vec![$(Route {
                method: stringify!($method),
                path: $path,
                handler: axum::routing::$method($file::$handler),
            }),*]
        }
    };
}

routes! {
    get "/openapi.json" => openapi::show;
    post "/session" => session::sign_in;
    get "/session" => session::whose;
    delete "/session" => session::sign_out;
    get "/me" => own::show;
    put "/me" => own::save;
    put "/me/password" => own::password;
    post "/me/second-factor" => own::second_factor;
    post "/me/second-factor/off" => own::second_factor_off;
    get "/me/tokens" => tokens::list;
    post "/me/tokens" => tokens::make;
    delete "/me/tokens/{id}" => tokens::end;
    get "/sessions" => sessions::list;
    delete "/sessions" => sessions::end_others;
    delete "/sessions/{id}" => sessions::end;

    get "/tickets" => tickets::list;
    post "/tickets" => openings::open;
    get "/tickets/{number}" => tickets::show;
    post "/tickets/oldest" => tickets::oldest;
    post "/tickets/{number}/changes" => tickets::change;
    post "/tickets/{number}/escalate" => tickets::escalate;
    post "/tickets/{number}/seen" => tickets::seen;
    post "/tickets/{number}/notes" => tickets::note;
    post "/tickets/{number}/replies" => replies::reply;
    get "/tickets/{number}/draft" => drafts::show;
    put "/tickets/{number}/draft" => drafts::save;
    delete "/tickets/{number}/draft" => drafts::discard;
    get "/tickets/{number}/forward" => forwards::show_forward;
    put "/tickets/{number}/forward" => forwards::save_forward;
    delete "/tickets/{number}/forward" => forwards::discard_forward;
    get "/drafts" => drafts::list;
    get "/drafts/{id}" => openings::show_opening;
    put "/drafts/{id}" => openings::save_opening;
    delete "/drafts/{id}" => openings::discard_opening;
    post "/files" => files::keep;
    get "/messages/{id}" => messages::show;
    get "/messages/{id}/raw" => messages::raw;
    post "/messages/{id}/forward" => forwards::forward;
    get "/messages/{id}/attachments/{place}" => messages::attachment;
    get "/search" => search::search;
    get "/contacts" => contacts::list;
    post "/contacts" => contacts::make;
    get "/contacts/{id}" => contacts::show;
    put "/contacts/{id}" => contacts::save;

    get "/ticketboxes" => ticketboxes::list;
    post "/ticketboxes" => ticketboxes::make;
    get "/ticketboxes/{id}" => ticketboxes::show;
    put "/ticketboxes/{id}" => ticketboxes::save;
    delete "/ticketboxes/{id}" => ticketboxes::remove;
    get "/categories" => categories::list;
    post "/categories" => categories::make;
    get "/categories/{id}" => categories::show;
    put "/categories/{id}" => categories::save;
    delete "/categories/{id}" => categories::remove;
    get "/responses" => responses::list;
    post "/responses" => responses::make;
    get "/responses/{id}" => responses::show;
    put "/responses/{id}" => responses::save;
    delete "/responses/{id}" => responses::remove;
    get "/colleagues" => agents::colleagues;
    get "/agents" => agents::list;
    post "/agents" => agents::make;
    get "/agents/{id}" => agents::show;
    put "/agents/{id}" => agents::save;
    delete "/agents/{id}" => agents::remove;
    get "/agents/{id}/sessions" => sessions::of_agent;
    delete "/agents/{id}/sessions" => sessions::end_all_of_agent;
    get "/agents/{id}/tokens" => tokens::of_agent;
    post "/agents/{id}/tokens" => tokens::make_for;
    delete "/agents/{id}/tokens/{token}" => tokens::end_of;
    delete "/agents/{id}/second-factor" => sessions::no_second_factor;
    get "/groups" => groups::list;
    post "/groups" => groups::make;
    get "/groups/{id}" => groups::show;
    put "/groups/{id}" => groups::save;
    put "/groups/{id}/signature" => groups::sign;
    delete "/groups/{id}" => groups::remove;
    get "/access" => access::list;
    get "/access/why" => access::why;
    post "/access/what-if" => access::what_if;
    get "/access/{class}" => access::show_default;
    put "/access/{class}" => access::save_default;
    get "/access/{class}/{object}" => access::show;
    put "/access/{class}/{object}" => access::save;
    delete "/access/{class}/{object}" => access::remove;
    get "/rules" => rules::show;
    put "/rules" => rules::save;
    get "/rules/hits" => rules::hits;
    get "/rules/warnings" => rules::warn;
    post "/rules/replay" => rules::replay;
    get "/rules/default" => rules::show_default;
    put "/rules/default" => rules::save_default;
    get "/settings" => settings::show;
    put "/settings" => settings::save;
    post "/settings/ldap/test" => single_sign_on::test_ldap;
    post "/settings/oidc/test" => single_sign_on::test_oidc;

    get "/sources" => sources::list;
    post "/sources" => sources::make;
    get "/sources/{id}" => sources::show;
    put "/sources/{id}" => sources::save;
    delete "/sources/{id}" => sources::remove;
    post "/sources/{id}/test" => sources::test;
    post "/sources/{id}/check" => sources::check_now;
    get "/destinations" => destinations::list;
    post "/destinations" => destinations::make;
    get "/destinations/{id}" => destinations::show;
    put "/destinations/{id}" => destinations::save;
    delete "/destinations/{id}" => destinations::remove;
    post "/destinations/{id}/test" => destinations::test;
    post "/destinations/{id}/send" => destinations::send_now;
    get "/destinations/{id}/queue" => delivery::queue;
    get "/destinations/{id}/failures" => delivery::failures;
    post "/destinations/{id}/failures/retry" => delivery::retry_all;
    post "/outgoing/{id}/retry" => delivery::retry;
    post "/outgoing/{id}/recipient" => delivery::correct;
    delete "/outgoing/{id}" => delivery::withdraw;
    get "/outgoing" => approvals::held;
    post "/outgoing/{id}/undo" => approvals::undo;
    post "/outgoing/{id}/send" => approvals::send_now;
    put "/outgoing/{id}/time" => approvals::reschedule;
    get "/approvals" => approvals::list;
    get "/approvals/{id}" => approvals::show;
    post "/approvals/{id}/release" => approvals::release;
    post "/approvals/{id}/return" => approvals::give_back;
    post "/approvals/{id}/take-back" => approvals::take_back;
    get "/alerts" => alerts::list;
    delete "/alerts/{id}" => alerts::clear;
    get "/audit" => audit::list;
    get "/health" => health::show;
    get "/cluster" => cluster::show;
    post "/cluster/{id}/drain" => cluster::drain;
    delete "/cluster/{id}" => cluster::forget;
}

/// The document of these routes.
pub fn document() -> utoipa::openapi::OpenApi {
    Document::openapi()
}
