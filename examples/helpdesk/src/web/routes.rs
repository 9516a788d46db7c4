//! All routes of the desk, in one place: each screen adds its own.

use mailflow_core::flow::Mailflow;

use super::{
    App, Route, Table, WebConfig, admin, alerts, approvals, asset, composer, contacts, drafts, live, message, own,
    search, sign_in, ticket, tickets, trail, waiting,
};

/// All routes, each with who may use it.
pub fn routes(flow: &Mailflow) -> Vec<Route> {
    table(&App::new(flow.clone(), WebConfig::default())).into_parts().1
}

pub(super) fn table(app: &App) -> Table {
    Table::new(app)
        .with(asset::routes)
        .with(sign_in::routes)
        .with(tickets::routes)
        .with(ticket::routes)
        .with(composer::routes)
        .with(message::routes)
        .with(admin::routes)
        .with(contacts::routes)
        .with(drafts::routes)
        .with(approvals::routes)
        .with(waiting::routes)
        .with(alerts::routes)
        .with(trail::routes)
        .with(search::routes)
        .with(own::routes)
        .with(live::routes)
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::http::Method;

    use super::*;
    use crate::web::testing::Web;
    use crate::web::{Verb, Who};

    const fn method(verb: Verb) -> Method {
        match verb {
            Verb::Get => Method::GET,
            Verb::Post => Method::POST,
            Verb::Put => Method::PUT,
            Verb::Delete => Method::DELETE,
        }
    }

    /// A path with something in each of its places.
    fn path(route: &Route) -> String {
        let part = |part: &str| if part.starts_with('{') { "1".to_owned() } else { part.to_owned() };
        route.path.split('/').map(part).collect::<Vec<_>>().join("/")
    }

    #[tokio::test]
    async fn every_route_but_those_for_everybody_needs_somebody_who_has_signed_in() {
        let web = Web::open().await;
        let mut checked = 0;
        for route in routes(&web.flow).iter().filter(|route| route.who != Who::Anyone) {
            let request =
                web.stranger().request(method(route.verb), &path(route)).header("sec-fetch-site", "same-origin");
            let answer = web.stranger().send(request.body(Body::empty()).unwrap()).await;
            let led = answer.status == 303 && answer.location().starts_with("/sign-in?next=");
            assert!(led || answer.status == 401, "{route:?}: {}", answer.status);
            checked += 1;
        }
        assert!(checked > 20, "{checked}");
    }

    #[tokio::test]
    async fn routes_of_administrators_refuse_other_agents() {
        let web = Web::open().await;
        let bob = web.add_agent("bob").await;
        let bob = web.browser(bob).await;
        for route in routes(&web.flow).iter().filter(|route| route.who == Who::Administrator) {
            let request = bob.request(method(route.verb), &path(route)).header("sec-fetch-site", "same-origin");
            let answer = bob.send(request.body(Body::empty()).unwrap()).await;
            assert_eq!(answer.status, 403, "{route:?}");
        }
    }

    #[tokio::test]
    async fn whatever_changes_something_refuses_forms_from_other_sites() {
        let web = Web::open().await;
        let admin = web.admin().await;
        for route in routes(&web.flow).iter().filter(|route| route.verb != Verb::Get) {
            let request = admin.request(method(route.verb), &path(route)).header("origin", "https://evil.example");
            let answer = admin.send(request.body(Body::empty()).unwrap()).await;
            assert_eq!(answer.status, 403, "{route:?}");
        }
    }

    #[tokio::test]
    async fn every_answer_says_what_a_browser_may_do_with_it() {
        let web = Web::open().await;
        let admin = web.admin().await;
        for route in routes(&web.flow).iter().filter(|route| route.verb == Verb::Get && route.path != "/live") {
            let answer = admin.get(&path(route)).await;
            assert!(answer.status < 500, "{route:?}: {}", answer.status);
            assert!(!answer.header("content-security-policy").is_empty(), "{route:?}");
            assert_eq!(answer.header("x-content-type-options"), "nosniff", "{route:?}");
        }
    }
}
