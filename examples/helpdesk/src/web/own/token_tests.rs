//! API tokens through HTTP: what they open, what they do not, and how they end.

use std::time::Duration;

use axum::body::Body;
use axum::http::Method;
use mailflow_core::access::{Scope, Securable};
use mailflow_core::agent::Agent;
use mailflow_core::id::AgentId;
use mailflow_core::session::Session;
use mailflow_core::store::{Query, StoreExt};

use crate::auth;
use crate::web::testing::{Browser, Shown, Web};

const MAIL: &str = "From: Ada <ada@one.example>\nTo: support@example.com\nSubject: Printer\n\nIt smokes.\n";

/// A program with a token.
struct Program<'a> {
    web: &'a Web,
    secret: String,
}

impl Program<'_> {
    async fn ask(&self, method: Method, path: &str, json: &str) -> Shown {
        let stranger = self.web.stranger();
        let request = stranger
            .request(method, path)
            .header("authorization", format!("Bearer {}", self.secret))
            .header("content-type", "application/json");
        stranger.send(request.body(Body::from(json.to_owned())).unwrap()).await
    }

    async fn status(&self) -> u16 {
        self.ask(Method::GET, "/api/v1/tickets", "").await.status
    }
}

fn secret_in(page: &Shown) -> String {
    let (_, rest) = page.body.split_once("id=\"secret\">").unwrap_or_else(|| panic!("no secret: {}", page.body));
    rest.split('<').next().unwrap().to_owned()
}

async fn token<'a>(web: &'a Web, browser: &Browser<'_>, days: &str) -> Program<'a> {
    let made = browser.post("/tokens", &[("name", "Nightly <export>"), ("days", days)]).await;
    assert_eq!(made.status, 200, "{}", made.body);
    Program { web, secret: secret_in(&made) }
}

async fn bob(web: &Web) -> AgentId {
    web.receive(MAIL).await;
    web.add_agent("bob").await
}

#[tokio::test]
async fn a_token_has_its_agents_rights_in_the_api_and_opens_no_page() {
    let web = Web::open().await;
    let id = bob(&web).await;
    let browser = web.browser(id).await;
    let program = token(&web, &browser, "90").await;
    assert_eq!(program.status().await, 200);
    // No form of a browser, no question where it comes from.
    let note = program.ask(Method::POST, "/api/v1/tickets/1/notes", "{\"text\":\"by a program\"}").await;
    assert_eq!(note.status, 201, "{}", note.body);
    assert!(program.ask(Method::GET, "/api/v1/agents", "").await.status == 403, "he is no administrator");
    web.flow.admin().save_access(Scope::default_of(Securable::Ticketboxes), Some(&[]), None).await.unwrap();
    assert_eq!(program.ask(Method::GET, "/api/v1/tickets/1", "").await.status, 404, "his rights, as they are now");
    // It is no way into pages, and none in a cookie.
    assert_eq!(program.ask(Method::GET, "/tickets/open", "").await.status, 303);
    let stranger = web.stranger();
    let cookie = format!("{}={}", auth::COOKIE, program.secret);
    for (path, status) in [("/tickets/open", 303), ("/api/v1/tickets", 401)] {
        let request = stranger.request(Method::GET, path).header("cookie", &cookie);
        assert_eq!(stranger.send(request.body(Body::empty()).unwrap()).await.status, status, "{path}");
    }
    // It makes no other one.
    let refused = program.ask(Method::POST, "/api/v1/me/tokens", "{\"name\":\"x\"}").await;
    assert_eq!(refused.status, 403, "{}", refused.body);
    let mine = program.ask(Method::GET, "/api/v1/me/tokens", "").await;
    assert!(mine.body.contains("Nightly <export>") && !mine.body.contains(&program.secret), "{}", mine.body);
}

#[tokio::test]
async fn a_tokens_secret_is_shown_once_and_kept_nowhere() {
    let web = Web::open().await;
    let id = bob(&web).await;
    let browser = web.browser(id).await;
    let program = token(&web, &browser, "").await;
    let page = browser.get("/tokens").await.body;
    assert!(page.contains("Nightly &#60;export&#62;") && page.contains("Not used yet"), "{page}");
    assert!(page.contains("Does not end by itself") && !page.contains(&program.secret));
    let kept: Vec<Session> = web.flow.store().list_all(&Query::Sessions(Some(id))).await.unwrap();
    let kept = serde_json::to_string(&kept).unwrap();
    assert!(!kept.contains(&program.secret) && kept.contains(&auth::token_of(&program.secret).to_string()));
    assert!(!browser.get("/sessions").await.body.contains("Nightly"), "it is no session");
    web.later(Duration::from_secs(10 * 60));
    assert_eq!(program.status().await, 200);
    assert!(browser.get("/tokens").await.body.contains("Last used"));
    for wrong in ["", "  "] {
        assert_eq!(browser.post("/tokens", &[("name", wrong), ("days", "30")]).await.status, 422);
    }
}

#[tokio::test]
async fn a_token_ends_at_once_when_it_is_ended_when_its_time_is_over_and_with_its_agent() {
    let web = Web::open().await;
    let id = bob(&web).await;
    let browser = web.browser(id).await;
    let (ended, short, long) =
        (token(&web, &browser, "30").await, token(&web, &browser, "30").await, token(&web, &browser, "").await);
    let other = web.add_agent("other").await;
    let digest = auth::token_of(&ended.secret).to_string();
    let others = web.browser(other).await.post("/tokens/end", &[("token", &digest)]).await;
    assert!(others.status == 404 && ended.status().await == 200, "nobody ends another's");
    assert_eq!(browser.post("/tokens/end", &[("token", &digest)]).await.status, 303);
    assert_eq!((ended.status().await, short.status().await), (401, 200));
    web.later(Duration::from_secs(20 * 24 * 60 * 60));
    assert_eq!(short.status().await, 200);
    web.later(Duration::from_secs(10 * 24 * 60 * 60 + 60));
    assert_eq!((short.status().await, long.status().await), (401, 200), "using it makes it last no longer");
    let known = web.flow.directory().agents[&id].clone();
    let elsewhere = Agent { ip_ranges: vec!["198.51.100.0/24".parse().unwrap()], ..known.clone() };
    web.flow.admin().save(&elsewhere).await.unwrap();
    assert_eq!(long.status().await, 401, "IP ranges hold for it");
    web.flow.admin().save(&known).await.unwrap();
    assert_eq!(long.status().await, 200);
    web.flow.admin().save(&Agent { active: false, ..known }).await.unwrap();
    assert_eq!(long.status().await, 401);
}

#[tokio::test]
async fn administrators_make_and_end_tokens_of_others_and_nobody_else_does() {
    let web = Web::open().await;
    let id = bob(&web).await;
    let path = format!("/admin/agents/{id}/tokens");
    assert_eq!(web.browser(id).await.get(&path).await.status, 403);
    let admin = web.admin().await;
    let made = admin.post(&path, &[("name", "Export"), ("days", "30")]).await;
    let program = Program { web: &web, secret: secret_in(&made) };
    let me = program.ask(Method::GET, "/api/v1/session", "").await;
    assert!(me.body.contains(&id.to_string()), "it has his rights, not the administrator's: {}", me.body);
    assert!(web.browser(id).await.get("/tokens").await.body.contains("Export"), "he sees it");
    let digest = auth::token_of(&program.secret).to_string();
    admin.post(&format!("{path}/end"), &[("token", &digest)]).await;
    assert_eq!(program.status().await, 401);
}

#[tokio::test]
async fn a_new_password_ends_api_tokens_and_sessions_whoever_sets_it() {
    let web = Web::open().await;
    let admin = web.admin().await;
    let id = bob(&web).await;
    let agent = web.flow.directory().agents[&id].clone();
    let known = Agent { password: Some(auth::hash("a first password").unwrap()), ..agent };
    web.flow.admin().save(&known).await.unwrap();
    for way in ["by himself", "by himself in the API", "by an administrator", "by an administrator in the API"] {
        let (here, there) = (web.browser(id).await, web.browser(id).await);
        let (program, other) = (token(&web, &here, "").await, token(&web, &here, "30").await);
        let admins = token(&web, &admin, "30").await;
        assert_eq!((program.status().await, there.get("/tickets/mine").await.status), (200, 200));
        web.flow.admin().save(&known).await.unwrap();
        // What he asked with, if he did, goes on.
        let stays = match way {
            "by himself" => {
                let wish = [("old", "a first password"), ("new", "a second password")];
                assert_eq!(here.post("/security/password", &wish).await.location(), "/security?did=password");
                here.get("/tickets/mine").await.status == 200 && program.status().await == 401
            }
            "by himself in the API" => {
                let wish = r#"{"old":"a first password","new":"a second password"}"#;
                let done = program.ask(Method::PUT, "/api/v1/me/password", wish).await;
                assert_eq!(done.status, 204, "{}", done.body);
                here.get("/tickets/mine").await.status == 303 && program.status().await == 200
            }
            "by an administrator" => {
                let done = admin.post(&format!("/admin/agents/{id}/password"), &[]).await;
                assert_eq!(done.status, 200);
                here.get("/tickets/mine").await.status == 303 && program.status().await == 401
            }
            _ => {
                let wish = r#"{"user_name":"bob","name":"Bob","password":"a second password"}"#;
                let done = admins.ask(Method::PUT, &format!("/api/v1/agents/{id}"), wish).await;
                assert_eq!(done.status, 200, "{}", done.body);
                here.get("/tickets/mine").await.status == 303 && program.status().await == 401
            }
        };
        assert!(stays, "{way}");
        assert_eq!((other.status().await, there.get("/tickets/mine").await.status), (401, 303), "{way}");
        assert_eq!(
            (admins.status().await, admin.get("/tickets/mine").await.status),
            (200, 200),
            "nobody else's: {way}"
        );
        web.flow.admin().sign_out(id, None).await.unwrap();
    }
}
