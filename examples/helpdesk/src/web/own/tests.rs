use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::Method;
use mailflow_core::agent::{Agent, BUILT_IN_ADMINISTRATOR, Escalation, SignInWay};
use mailflow_core::group::Group;
use mailflow_core::id::{AgentId, GroupId};
use mailflow_core::settings::Settings;
use mailflow_transport::Connectors;
use mailflow_transport::seal::KeyFile;

use crate::auth::{Credentials, DeskLogin, Login as _, Verdict, totp};
use crate::web::WebConfig;
use crate::web::testing::{ADMIN_PASSWORD, Browser, Shown, Web};

const MAIL: &str = "From: Ada <ada@one.example>\nTo: support@example.com\nSubject: Help\n\nIt is broken.\n";

/// A desk with a key.
async fn keyed(config: WebConfig) -> (Web, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let network = Connectors::new(Arc::new(KeyFile::open_or_create(folder.path().join("key")).unwrap()));
    (Web::open_with("", WebConfig { network: Some(network), ..config }).await, folder)
}

async fn change(web: &Web, id: AgentId, how: impl FnOnce(&mut Agent)) {
    let mut agent = web.flow.directory().agents[&id].clone();
    how(&mut agent);
    web.flow.admin().save(&agent).await.unwrap();
}

async fn sign_in(web: &Web, password: &str) -> Shown {
    web.stranger().post("/sign-in", &[("user", "admin"), ("password", password)]).await
}

/// A request from an address, perhaps through a proxy.
async fn from(browser: &Browser<'_>, peer: &str, path: &str, said: &[(&str, &str)]) -> Shown {
    let mut request = browser.request(Method::GET, path);
    for (name, value) in said {
        request = request.header(*name, *value);
    }
    let mut request = request.body(Body::empty()).unwrap();
    request.extensions_mut().insert(ConnectInfo(SocketAddr::new(peer.parse().unwrap(), 4711)));
    browser.send(request).await
}

fn code(web: &Web, secret: &str) -> String {
    let secret = totp::secret_of(secret).unwrap();
    totp::code_at(&secret, u64::try_from(web.flow.now().as_millis()).unwrap() / 30_000)
}

/// Sets the administrator's second factor up. Returns the secret and the recovery codes.
async fn set_up(web: &Web) -> (String, Vec<String>) {
    let admin = web.admin().await;
    let wrong = admin.post("/security/second-factor", &[("password", "no no no no")]).await;
    assert_eq!(wrong.status, 422, "{}", wrong.body);
    let offer = admin.post("/security/second-factor", &[("password", ADMIN_PASSWORD)]).await;
    assert_eq!(offer.status, 200, "{}", offer.body);
    let (_, rest) = offer.body.split_once("?secret=").unwrap();
    let secret = rest.split('&').next().unwrap().to_owned();
    let sealed = offer.value_of("sealed");
    let wrong = admin.post("/security/second-factor/confirm", &[("sealed", &sealed), ("code", "000")]).await;
    assert_eq!(wrong.status, 422);
    assert!(web.flow.directory().agents[&BUILT_IN_ADMINISTRATOR].second_factor.is_none());
    let code = code(web, &secret);
    let done = admin.post("/security/second-factor/confirm", &[("sealed", &sealed), ("code", &code)]).await;
    assert_eq!(done.status, 200, "{}", done.body);
    let codes = done.body.split("<li>").skip(1).map(|it| it.split('<').next().unwrap().to_owned());
    let codes: Vec<String> = codes.filter(|it| it.len() == 19 && it.matches('-').count() == 3).collect();
    assert_eq!(codes.len(), 10, "{}", done.body);
    (secret, codes)
}

#[tokio::test]
async fn a_second_factor_is_asked_for_and_each_code_lets_in_once() {
    let (web, _folder) = keyed(WebConfig::default()).await;
    let (secret, codes) = set_up(&web).await;
    let kept = serde_json::to_string(&web.flow.directory().agents[&BUILT_IN_ADMINISTRATOR]).unwrap();
    assert!(!kept.contains(&secret) && !kept.contains(&codes[0]), "neither is kept in the clear");
    web.later(Duration::from_secs(60));
    let half = sign_in(&web, ADMIN_PASSWORD).await;
    assert_eq!(half.status, 200);
    assert_eq!(half.header("set-cookie"), "", "half is not in");
    let half = half.value_of("half");
    let enter = |code: String| {
        let (web, half) = (&web, &half);
        async move { web.stranger().post("/sign-in", &[("half", half), ("code", &code)]).await }
    };
    assert_eq!(enter("123".to_owned()).await.status, 401);
    let now = code(&web, &secret);
    let entered = enter(now.clone()).await;
    assert_eq!(entered.status, 303, "{}", entered.body);
    assert!(entered.header("set-cookie").contains("mailflow_session="));
    assert_eq!(enter(now).await.status, 401, "a code lets in once");
    assert_eq!(enter(codes[3].to_uppercase()).await.status, 303);
    assert_eq!(enter(codes[3].clone()).await.status, 401, "so does a recovery code");
    web.later(Duration::from_secs(301));
    let late = enter(codes[4].clone()).await;
    assert!(late.status == 401 && late.body.contains("Begin again"), "{}", late.body);
}

#[tokio::test]
async fn an_administrator_takes_a_lost_second_factor_away() {
    let (web, _folder) = keyed(WebConfig::default()).await;
    set_up(&web).await;
    let admin = web.browser_with_code(BUILT_IN_ADMINISTRATOR).await;
    let page = admin.get(&format!("/admin/agents/{BUILT_IN_ADMINISTRATOR}")).await;
    assert!(page.body.contains("Take the second factor away"));
    let done = admin.post(&format!("/admin/agents/{BUILT_IN_ADMINISTRATOR}/second-factor"), &[]).await;
    assert_eq!(done.status, 303);
    assert_eq!(sign_in(&web, ADMIN_PASSWORD).await.status, 303);
}

#[tokio::test]
async fn a_new_password_needs_the_old_one_and_ends_the_other_sessions() {
    let web = Web::open().await;
    let (here, there) = (web.admin().await, web.admin().await);
    let wrong = here.post("/security/password", &[("old", "no no no no"), ("new", "a better password")]).await;
    assert!(wrong.status == 422 && wrong.body.contains("The password is wrong."), "{}", wrong.body);
    let short = here.post("/security/password", &[("old", ADMIN_PASSWORD), ("new", "short")]).await;
    assert!(short.status == 422 && short.body.contains("too short"), "{}", short.body);
    assert_eq!(there.get("/tickets/mine").await.status, 200);
    let done = here.post("/security/password", &[("old", ADMIN_PASSWORD), ("new", "a better password")]).await;
    assert_eq!(done.location(), "/security?did=password");
    assert_eq!((here.get("/tickets/mine").await.status, there.get("/tickets/mine").await.status), (200, 303));
    assert_eq!(sign_in(&web, ADMIN_PASSWORD).await.status, 401);
    assert_eq!(sign_in(&web, "a better password").await.status, 303);
}

#[tokio::test]
async fn sessions_are_listed_and_ended_one_by_one_or_all_others() {
    let web = Web::open().await;
    let bob = web.add_agent("bob").await;
    let (bob, admin, other) = (web.browser(bob).await, web.admin().await, web.admin().await);
    let list = admin.get("/sessions").await;
    assert_eq!(list.body.matches("name=\"session\"").count(), 1, "{}", list.body);
    assert!(list.body.contains("this one") && list.body.contains("203.0.113.7"), "{}", list.body);
    let others = list.value_of("session");
    assert_eq!(bob.post("/sessions/end", &[("session", &others)]).await.status, 404, "it is not his");
    assert_eq!(other.get("/sessions").await.status, 200);
    admin.post("/sessions/end", &[("session", &others)]).await;
    assert_eq!(other.get("/sessions").await.status, 303);
    let all = admin.get("/admin/sessions").await;
    assert!(all.body.contains("bob the agent"), "{}", all.body);
    let bobs = all.value_of("session");
    admin.post("/admin/sessions/end", &[("session", &bobs)]).await;
    assert_eq!(bob.get("/sessions").await.status, 303);
    let third = web.admin().await;
    admin.post("/sessions/end-others", &[]).await;
    assert_eq!((admin.get("/sessions").await.status, third.get("/sessions").await.status), (200, 303));
}

#[tokio::test]
async fn sessions_are_worth_something_only_where_they_may_be() {
    let (web, _folder) =
        keyed(WebConfig { proxies: vec!["127.0.0.1".parse().unwrap()], ..WebConfig::default() }).await;
    let admin = web.admin().await;
    let status = |peer, said: &'static [(&'static str, &'static str)]| {
        let admin = &admin;
        async move { from(admin, peer, "/sessions", said).await.status }
    };
    assert_eq!(status("198.51.100.1", &[]).await, 200);
    web.flow.admin().save(&Settings { lock_sessions: true, ..Settings::default() }).await.unwrap();
    assert_eq!(status("203.0.113.7", &[]).await, 200, "where it was begun");
    assert_eq!(status("198.51.100.1", &[]).await, 303);
    assert_eq!(status("198.51.100.1", &[("x-forwarded-for", "203.0.113.7")]).await, 303, "anybody can say that");
    assert_eq!(status("127.0.0.1", &[("x-forwarded-for", "203.0.113.7")]).await, 200, "our proxy can");
    let ip_ranges = vec!["203.0.113.0/24".parse().unwrap()];
    web.flow.admin().save(&Settings { ip_ranges, ..Settings::default() }).await.unwrap();
    assert_eq!((status("203.0.113.7", &[]).await, status("198.51.100.1", &[]).await), (200, 303));
    let refused = sign_in(&web, ADMIN_PASSWORD).await;
    assert!(refused.status == 403 && refused.body.contains("An administrator can allow it"), "{}", refused.body);
}

#[tokio::test]
async fn nobody_locks_himself_out_with_the_settings() {
    let (web, _folder) =
        keyed(WebConfig { proxies: vec!["127.0.0.1".parse().unwrap()], ..WebConfig::default() }).await;
    let admin = web.admin().await;
    let save = |fields: &'static [(&'static str, &'static str)], said: &'static [(&'static str, &'static str)]| {
        let admin = &admin;
        async move {
            let version = admin.get("/admin/settings").await.value_of("version");
            let mut body =
                format!("version={version}&name=Desk&first_ticket_number=1&host=example.com&automatic_per_hour=500");
            for (name, value) in fields {
                body.push_str(&format!("&{name}={}", crate::web::encode(value)));
            }
            let mut request = admin
                .request(Method::POST, "/admin/settings")
                .header("content-type", "application/x-www-form-urlencoded")
                .header("sec-fetch-site", "same-origin");
            for (name, value) in said {
                request = request.header(*name, *value);
            }
            let mut request = request.body(Body::from(body)).unwrap();
            request.extensions_mut().insert(ConnectInfo(SocketAddr::new("127.0.0.1".parse().unwrap(), 4711)));
            admin.send(request).await
        }
    };
    let refused = save(&[("ip_ranges", "10.0.0.0/8")], &[]).await;
    assert!(refused.status == 422 && refused.body.contains("could not sign in any more"), "{}", refused.body);
    let refused = save(&[("ip_ranges", "10.0.0.1/8")], &[]).await;
    assert!(refused.status == 422 && refused.body.contains("no range of IP addresses"), "{}", refused.body);
    assert_eq!(save(&[("ip_ranges", "10.0.0.0/8\n127.0.0.0/8")], &[]).await.status, 303);
    web.flow.admin().save(&Settings::default()).await.unwrap();
    let refused = save(&[("force_https", "yes")], &[]).await;
    assert!(refused.status == 422 && refused.body.contains("not here over HTTPS"), "{}", refused.body);
    assert_eq!(save(&[("force_https", "yes")], &[("x-forwarded-proto", "https")]).await.status, 303);
}

#[tokio::test]
async fn where_https_is_forced_nothing_comes_without_it() {
    let (web, _folder) =
        keyed(WebConfig { proxies: vec!["127.0.0.1".parse().unwrap()], ..WebConfig::default() }).await;
    web.flow.admin().save(&Settings { force_https: true, ..Settings::default() }).await.unwrap();
    let admin = web.admin().await;
    let plain = from(&admin, "203.0.113.7", "/tickets/mine?a=b", &[("x-forwarded-proto", "https")]).await;
    assert_eq!((plain.status, plain.location()), (308, "https://desk.example/tickets/mine?a=b"), "no proxy of ours");
    let by_proxy = [("x-forwarded-proto", "https"), ("x-forwarded-for", "203.0.113.7")];
    let safe = from(&admin, "127.0.0.1", "/tickets/mine", &by_proxy).await;
    assert_eq!(safe.status, 200);
    assert!(safe.header("strict-transport-security").starts_with("max-age="));
    let posted = sign_in(&web, ADMIN_PASSWORD).await;
    assert_eq!((posted.status, posted.header("set-cookie")), (403, ""), "{}", posted.body);
    let api = web.stranger().get("/api/v1/tickets").await;
    assert!(api.status == 403 && api.body.contains("unprotected"), "{}", api.body);
}

#[tokio::test]
async fn whoever_is_given_the_oldest_ticket_has_a_button() {
    let web = Web::open().await;
    let bob = web.add_agent("bob").await;
    change(&web, bob, |bob| bob.get_oldest = true).await;
    web.receive(MAIL).await;
    let bob = web.browser(bob).await;
    for path in ["/tickets/unowned".to_owned(), "/tickets/open".to_owned(), format!("/box/{}", web.support.id)] {
        let page = bob.get(&path).await;
        assert!(page.body.contains("Give me the oldest ticket"), "{path}: {}", page.body);
        assert!(page.body.contains("1 ticket waits</strong> for somebody to take care of it."), "{}", page.body);
        assert!(page.body.contains(">less than a minute</time>"), "{}", page.body);
        assert!(!page.body.contains("Help"), "no list: {}", page.body);
    }
    assert_eq!(bob.post("/oldest", &[]).await.location(), "/ticket/1");
    let mine = bob.get("/tickets/mine").await.body;
    assert!(mine.contains("Help") && mine.contains("Get oldest") && !mine.contains("All open"), "{mine}");
    assert_eq!(bob.post("/oldest", &[]).await.location(), "/tickets/unowned");
    assert!(bob.get("/tickets/unowned").await.body.contains("Nothing waits"));
}

#[tokio::test]
async fn a_ticket_is_escalated_from_its_page() {
    let web = Web::open().await;
    let (bob, lena) = (web.add_agent("bob").await, web.add_agent("lena").await);
    let ticket = web.receive(MAIL).await;
    let browser = web.browser(bob).await;
    assert!(!browser.get("/ticket/1").await.body.contains("Escalate to"));
    change(&web, bob, |bob| bob.escalate_to = Some(Escalation::Agent(lena))).await;
    assert!(browser.get("/ticket/1").await.body.contains("Escalate to lena the agent"));
    browser.post("/ticket/1/change", &[("escalate", "yes")]).await;
    assert_eq!(web.desk().ticket_by_id(ticket.id).await.unwrap().owner, Some(lena));
    assert!(browser.get("/ticket/1").await.body.contains("bob the agent escalated it to lena the agent"));
}

#[tokio::test]
async fn preferences_are_kept_and_do_something() {
    let web = Web::open().await;
    let bob = web.add_agent("bob").await;
    let id = GroupId::from_bytes([7; 16]);
    let team = Group { members: [bob].into(), signature: "The team".to_owned(), ..Group::new(id, "Team") };
    web.flow.admin().save(&team).await.unwrap();
    let browser = web.browser(bob).await;
    let id = id.to_string();
    let fields = [
        ("signature", "Bob"),
        ("signature_of", id.as_str()),
        ("undo_send_s", "30"),
        ("rows", "10"),
        ("times", "utc"),
    ];
    assert_eq!(browser.post("/preferences", &fields).await.location(), "/preferences?done=saved");
    let page = browser.get("/preferences").await;
    assert!(page.body.contains("data-times=\"utc\"") && page.value_of("rows") == "10", "{}", page.body);
    for number in 0..11 {
        web.receive(&format!("Message-ID: <{number}@one.example>\n{MAIL}{number}\n")).await;
    }
    let list = browser.get("/tickets/open").await;
    assert_eq!(list.body.matches("data-ticket=").count(), 10);
    assert!(browser.fragment("/ticket/1/composer/reply").await.body.contains("The team"));
    let refused = browser.post("/preferences", &[("undo_send_s", "10"), ("rows", "5000")]).await;
    assert!(refused.status == 422 && refused.body.contains("at most 200"), "{}", refused.body);
}

#[tokio::test]
async fn every_check_makes_one_hash_whoever_is_asked_for() {
    let web = Web::open().await;
    let (known, away) = (web.add_agent("known").await, web.add_agent("away").await);
    let hash = web.flow.directory().agents[&BUILT_IN_ADMINISTRATOR].password.clone();
    change(&web, known, |it| it.password = hash).await;
    change(&web, away, |it| it.sign_in = SignInWay::Ldap).await;
    let login = DeskLogin::new(None);
    let mut before = 0;
    for (user, password, right) in [
        ("known", ADMIN_PASSWORD, true),
        ("known", "wrong password", false),
        ("nobody", ADMIN_PASSWORD, false),
        ("away", ADMIN_PASSWORD, false),
        ("", "", false),
    ] {
        let shown = Credentials { user_name: user.to_owned(), password: password.to_owned(), code: String::new() };
        assert_eq!(matches!(login.check(&web.flow, &shown).await, Verdict::Agent(_)), right, "{user}");
        assert_eq!(login.hashes() - before, 1, "{user} with `{password}`");
        before = login.hashes();
    }
}
