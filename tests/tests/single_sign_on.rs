//! Agents whom an OpenID provider signs in, through the real server: a real provider (glewlwyd), and one of our own that
//! does wrong what it is told to.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

use mailflow_tests::desk_server::{DeskServer, Reply};
use mailflow_tests::glewlwyd::{self, Glewlwyd};
use mailflow_tests::openid::{CLIENT, OpenId, SECRET, Wrong};
use mailflow_tests::web_client::{ask, cookies, encode};
use serde_json::{Value, json};

fn field<'a>(page: &'a str, name: &str) -> &'a str {
    let (_, rest) =
        page.split_once(&format!("name=\"{name}\" value=\"")).unwrap_or_else(|| panic!("no {name}: {page}"));
    rest.split('"').next().unwrap()
}

fn form(pairs: &[(&str, &str)]) -> String {
    pairs.iter().map(|(name, value)| format!("{name}={}", encode(value))).collect::<Vec<_>>().join("&")
}

fn redirect(server: &DeskServer) -> String {
    format!("http://{}/sign-in/back", server.address)
}

/// Sets the provider up on its page, and makes `ada` an agent of it; what is given last wins.
async fn set_up(server: &DeskServer, issuer: &str, more: &[(&str, &str)]) -> String {
    let admin = server.sign_in().await;
    let page = server.get("/admin/single-sign-on", &admin).await;
    assert!(page.body.contains(&redirect(server)), "{}", page.body);
    let version = field(&page.body, "version").to_owned();
    let mut fields = vec![
        ("version", version.as_str()),
        ("oidc_issuer", issuer),
        ("oidc_client_id", CLIENT),
        ("oidc_client_secret", SECRET),
        ("oidc_label", "Sign in with Example"),
    ];
    fields.extend_from_slice(more);
    let saved = server.post("/admin/single-sign-on", &admin, &form(&fields)).await;
    assert_eq!(saved.status, 303, "{saved:?}");
    add_agent(server, &admin, "ada", "oidc").await;
    admin
}

async fn add_agent(server: &DeskServer, admin: &str, name: &str, way: &str) -> String {
    let wish = json!({ "user_name": name, "name": name, "sign_in": way });
    let headers = [("Cookie", admin), ("Content-Type", "application/json"), ("Sec-Fetch-Site", "same-origin")];
    let made = server.ask("POST", "/api/v1/agents", &headers, &wish.to_string()).await;
    assert_eq!(made.status, 201, "{made:?}");
    let made: Value = serde_json::from_str(&made.body).unwrap();
    made["id"].as_str().unwrap().to_owned()
}

/// A browser that was led to the provider.
struct AtProvider {
    to: String,
    cookie: String,
}

async fn leave(server: &DeskServer, next: &str) -> AtProvider {
    let left = server.get(&format!("/sign-in/provider?next={}", encode(next)), "").await;
    assert_eq!(left.status, 303, "{left:?}");
    AtProvider { to: left.header("location").to_owned(), cookie: cookies(&left) }
}

/// Where the provider leads the browser: a path of the desk.
async fn agree(at: &AtProvider) -> String {
    let answer = ask(("GET", &at.to), None, &[], "").await.unwrap();
    assert_eq!(answer.status, 302, "{answer:?}");
    path(answer.header("location"))
}

fn path(url: &str) -> String {
    url.splitn(4, '/').nth(3).map(|path| format!("/{path}")).unwrap()
}

async fn go_all_the_way(server: &DeskServer) -> Reply {
    let at = leave(server, "/tickets/mine").await;
    server.get(&agree(&at).await, &at.cookie).await
}

fn session(reply: &Reply) -> Option<String> {
    cookies(reply).split("; ").find(|it| it.starts_with("mailflow_session=")).map(str::to_owned)
}

async fn lets_in(server: &DeskServer) {
    let back = go_all_the_way(server).await;
    assert_eq!((back.status, back.header("location")), (303, "/tickets/mine"), "{back:?}");
    let session = session(&back).unwrap();
    assert_eq!(server.get("/tickets/mine", &session).await.status, 200);
}

fn refused(back: &Reply, status: u16, words: &str) {
    assert_eq!(back.status, status, "{words}: {back:?}");
    assert!(back.body.contains(words), "no `{words}` in {}", back.body);
    assert_eq!(session(back), None);
}

#[tokio::test]
async fn an_agent_signs_in_through_a_real_provider_over_tls() {
    let server = DeskServer::start(&[]).await;
    let people = [("ada", "first programmer"), ("mallory", "knows nobody")];
    let Some(provider) = Glewlwyd::start(&redirect(&server), &people).await else { return };
    let certificate = provider.certificate();
    let more =
        [("oidc_client_secret", glewlwyd::SECRET), ("oidc_certificate", certificate.as_str()), ("oidc_scopes", "")];
    let admin = set_up(&server, &provider.issuer, &more).await;
    let token = [("Cookie", admin.as_str()), ("Sec-Fetch-Site", "same-origin")];
    let tested = server.ask("POST", "/api/v1/settings/oidc/test", &token, "").await;
    assert!(tested.body.contains("\"worked\":true") && tested.body.contains("P-256"), "{tested:?}");
    assert!(!tested.body.contains(glewlwyd::SECRET));

    let at = leave(&server, "/tickets/mine").await;
    let cookie = provider.sign_in("ada", "first programmer").await;
    let answer = path(&provider.agreed(&at.to, &cookie).await);
    let back = server.get(&answer, &at.cookie).await;
    assert_eq!((back.status, back.header("location")), (303, "/tickets/mine"), "{back:?}");
    assert_eq!(server.get("/tickets/mine", &session(&back).unwrap()).await.status, 200);
    refused(&server.get(&answer, &at.cookie).await, 401, "was used before");

    let at = leave(&server, "/").await;
    let cookie = provider.sign_in("mallory", "knows nobody").await;
    let answer = path(&provider.agreed(&at.to, &cookie).await);
    refused(&server.get(&answer, &at.cookie).await, 403, "Nobody signs in here as mallory");
}

#[tokio::test]
async fn whatever_a_provider_does_wrong_lets_nobody_in() {
    let server = DeskServer::start(&[]).await;
    let provider = OpenId::start(&redirect(&server)).await;
    set_up(&server, &provider.issuer, &[]).await;
    let cannot = "cannot be trusted";
    let clocks = "clocks of the desk and of the sign-in provider";
    for (wrong, words) in [
        (Wrong::Signature, cannot),
        (Wrong::Key, cannot),
        (Wrong::Nonce, cannot),
        (Wrong::NoNonce, cannot),
        (Wrong::Issuer, cannot),
        (Wrong::Unsigned, cannot),
        (Wrong::Secret, cannot),
        (Wrong::NoToken, cannot),
        (Wrong::Answerer, cannot),
        (Wrong::Audience, "for another program than this desk"),
        (Wrong::Expired, clocks),
        (Wrong::Tomorrow, clocks),
        (Wrong::Code, "does not know its own answer"),
    ] {
        provider.plant(wrong);
        refused(&go_all_the_way(&server).await, 401, words);
        // The control: the same provider, doing right.
        provider.plant(Wrong::Nothing);
        lets_in(&server).await;
    }
}

#[tokio::test]
async fn a_provider_may_change_its_keys() {
    let server = DeskServer::start(&[]).await;
    let provider = OpenId::start(&redirect(&server)).await;
    set_up(&server, &provider.issuer, &[]).await;
    lets_in(&server).await;
    provider.new_key("second");
    lets_in(&server).await;
    // Some forget to give the new one another name.
    provider.new_key("second");
    lets_in(&server).await;
}

#[tokio::test]
async fn an_answer_counts_once_and_only_in_the_browser_that_asked() {
    let server = DeskServer::start(&[]).await;
    let provider = OpenId::start(&redirect(&server)).await;
    set_up(&server, &provider.issuer, &[]).await;
    let again = "Begin again";
    let (at, other) = (leave(&server, "/").await, leave(&server, "/").await);
    let answer = agree(&at).await;
    let other_answer = agree(&other).await;
    refused(&server.get(&answer, "").await, 401, again);
    refused(&server.get(&answer, &other.cookie).await, 401, again);
    refused(&server.get(&answer, "mailflow_question=v1.nonsense").await, 401, again);
    let state = |answer: &str| answer.split("state=").nth(1).unwrap().split('&').next().unwrap().to_owned();
    let swapped = answer.replace(&state(&answer), &state(&other_answer));
    refused(&server.get(&swapped, &at.cookie).await, 401, again);
    assert_eq!(provider.exchanged(), 0, "none of these was worth a question to the provider");
    let back = server.get(&answer, &at.cookie).await;
    assert_eq!(back.status, 303, "control: {back:?}");
    assert!(back.head.contains("mailflow_question=; "), "the question is answered: {}", back.head);
    refused(&server.get(&answer, &at.cookie).await, 401, "was used before");
    assert_eq!(provider.exchanged(), 1);
    // A code of somebody else's sign-in is bound to what that browser alone knows (PKCE).
    let code = |answer: &str| answer.split("code=").nth(1).unwrap().split('&').next().unwrap().to_owned();
    let third = leave(&server, "/").await;
    let third_answer = agree(&third).await;
    let injected = other_answer.replace(&code(&other_answer), &code(&third_answer));
    refused(&server.get(&injected, &other.cookie).await, 401, "does not know its own answer");
}

#[tokio::test]
async fn a_provider_that_is_down_keeps_nobody_else_out() {
    let server = DeskServer::start(&[]).await;
    let mut provider = OpenId::start(&redirect(&server)).await;
    set_up(&server, &provider.issuer, &[]).await;
    let at = leave(&server, "/").await;
    let answer = agree(&at).await;
    provider.stop().await;
    refused(&server.get(&answer, &at.cookie).await, 503, "cannot be asked now");
    let page = server.get("/sign-in", "").await.body;
    assert!(page.contains("Sign in with Example") && page.contains("name=\"password\""), "{page}");
    assert!(!server.sign_in().await.is_empty(), "the built-in administrator");
    let declined = leave(&server, "/").await;
    let state = declined.to.split("state=").nth(1).unwrap().split('&').next().unwrap();
    let no = format!("/sign-in/back?error=access_denied&state={state}");
    refused(&server.get(&no, &declined.cookie).await, 401, "did not let you in");
}

#[tokio::test]
async fn the_provider_speaks_only_for_agents_who_are_said_to_be_its() {
    let server = DeskServer::start(&[]).await;
    let provider = OpenId::start(&redirect(&server)).await;
    let admin = set_up(&server, &provider.issuer, &[]).await;
    add_agent(&server, &admin, "local", "password").await;
    for name in ["admin", "local", "nobody"] {
        provider.person(json!({ "sub": "7", "preferred_username": name }));
        refused(&go_all_the_way(&server).await, 403, &format!("Nobody signs in here as {name}"));
    }
    provider.person(json!({ "sub": "7" }));
    refused(&go_all_the_way(&server).await, 401, "does not say what you are called");
    provider.person(json!({ "sub": "7", "preferred_username": " ADA " }));
    lets_in(&server).await;
    provider.only_in_user_info();
    lets_in(&server).await;
    // He has no password here, whatever is typed.
    let typed = server.post("/sign-in", "", "user=ada&password=").await;
    assert_eq!((typed.status, session(&typed)), (401, None));
}

#[tokio::test]
async fn people_who_are_not_known_become_agents_if_the_settings_say_so() {
    let server = DeskServer::start(&[]).await;
    let provider = OpenId::start(&redirect(&server)).await;
    let admin = set_up(&server, &provider.issuer, &[("oidc_make_agents", "yes")]).await;
    let claims =
        json!({ "sub": "8", "preferred_username": "grace", "name": "Grace Hopper", "email": "g@example.com" });
    provider.person(claims);
    lets_in(&server).await;
    lets_in(&server).await;
    let agents = server.ask("GET", "/api/v1/agents", &[("Cookie", &admin)], "").await.body;
    let agents: Value = serde_json::from_str(&agents).unwrap();
    let list = agents.as_array().or_else(|| agents["items"].as_array()).unwrap();
    let graces: Vec<&Value> = list.iter().filter(|it| it["user_name"] == "grace").collect();
    assert_eq!(graces.len(), 1, "{list:?}");
    let made = graces[0];
    assert_eq!((&made["name"], &made["sign_in"]), (&json!("Grace Hopper"), &json!("oidc")));
    assert_eq!(made["administrator"], json!(false), "{made}");
    provider.person(json!({ "sub": "9", "preferred_username": "admin" }));
    refused(&go_all_the_way(&server).await, 403, "Nobody signs in here as admin");
}

#[tokio::test]
async fn status_and_places_hold_for_who_comes_from_the_provider() {
    let server = DeskServer::start(&["--proxy", "127.0.0.1"]).await;
    let provider = OpenId::start(&redirect(&server)).await;
    let admin = set_up(&server, &provider.issuer, &[]).await;
    let id = add_agent(&server, &admin, "grace", "oidc").await;
    provider.person(json!({ "sub": "8", "preferred_username": "grace" }));
    lets_in(&server).await;
    let change = |more: Value| {
        let mut wish = json!({ "user_name": "grace", "name": "grace", "sign_in": "oidc" });
        for (name, value) in more.as_object().unwrap() {
            wish[name] = value.clone();
        }
        let (server, admin, id) = (&server, admin.as_str(), id.as_str());
        async move {
            let headers =
                [("Cookie", admin), ("Content-Type", "application/json"), ("Sec-Fetch-Site", "same-origin")];
            let saved = server.ask("PUT", &format!("/api/v1/agents/{id}"), &headers, &wish.to_string()).await;
            assert_eq!(saved.status, 200, "{saved:?}");
        }
    };
    change(json!({ "ip_ranges": ["198.51.100.0/24"] })).await;
    refused(&go_all_the_way(&server).await, 403, "You may not sign in from 127.0.0.1");
    let at = leave(&server, "/").await;
    let answer = agree(&at).await;
    let from = [("Cookie", at.cookie.as_str()), ("X-Forwarded-For", "198.51.100.7")];
    let back = server.ask("GET", &answer, &from, "").await;
    assert_eq!(back.status, 303, "control: from there he may: {back:?}");
    change(json!({ "active": false })).await;
    refused(&go_all_the_way(&server).await, 403, "Nobody signs in here as grace");
}

/// The token of a session that a program began.
async fn token_of(server: &DeskServer, user: &str, password: &str) -> String {
    let wish = json!({ "user_name": user, "password": password }).to_string();
    let begun = server.ask("POST", "/api/v1/session", &[("Content-Type", "application/json")], &wish).await;
    assert_eq!(begun.status, 201, "{begun:?}");
    let begun: Value = serde_json::from_str(&begun.body).unwrap();
    format!("Bearer {}", begun["token"].as_str().unwrap())
}

#[tokio::test]
async fn a_second_factor_of_the_desk_is_asked_for_after_the_provider_too() {
    let server = DeskServer::start(&[]).await;
    let provider = OpenId::start(&redirect(&server)).await;
    let admin = set_up(&server, &provider.issuer, &[]).await;
    // Grace set it up while she still had a password here.
    let (id, password) = (add_agent(&server, &admin, "grace", "password").await, "30 cm of copper wire");
    let own = [("Cookie", admin.as_str()), ("Content-Type", "application/json"), ("Sec-Fetch-Site", "same-origin")];
    let path = format!("/api/v1/agents/{id}");
    let wish = json!({ "user_name": "grace", "name": "grace", "password": password });
    assert_eq!(server.ask("PUT", &path, &own, &wish.to_string()).await.status, 200);
    let bearer = token_of(&server, "grace", password).await;
    let hers = [("Authorization", bearer.as_str()), ("Content-Type", "application/json")];
    let ask = |body: Value| {
        let (server, hers) = (&server, &hers);
        async move {
            let answer = server.ask("POST", "/api/v1/me/second-factor", hers, &body.to_string()).await;
            assert_eq!(answer.status, 200, "{answer:?}");
            serde_json::from_str::<Value>(&answer.body).unwrap()
        }
    };
    let offer = ask(json!({ "password": password })).await;
    let secret = helpdesk::auth::totp::secret_of(offer["secret"].as_str().unwrap()).unwrap();
    let now = mailflow_core::time::Clock::now(&mailflow_core::time::SystemClock).as_millis();
    let code = helpdesk::auth::totp::code_at(&secret, u64::try_from(now).unwrap() / 30_000);
    let on = ask(json!({ "password": password, "sealed": offer["sealed"], "code": code })).await;
    let wish = json!({ "user_name": "grace", "name": "grace", "sign_in": "oidc" });
    assert_eq!(server.ask("PUT", &path, &own, &wish.to_string()).await.status, 200);

    provider.person(json!({ "sub": "8", "preferred_username": "grace" }));
    let back = go_all_the_way(&server).await;
    assert_eq!((back.status, session(&back)), (200, None), "{back:?}");
    let (half, next) = (field(&back.body, "half").to_owned(), field(&back.body, "next").to_owned());
    assert_eq!(next, "/tickets/mine");
    let with = |code: &str| form(&[("half", half.as_str()), ("next", next.as_str()), ("code", code)]);
    let wrong = server.post("/sign-in", "", &with("not a code")).await;
    assert_eq!((wrong.status, session(&wrong)), (401, None));
    let right = server.post("/sign-in", "", &with(on["recovery"][0].as_str().unwrap())).await;
    assert_eq!((right.status, right.header("location")), (303, "/tickets/mine"), "{right:?}");
    assert_eq!(server.get("/tickets/mine", &session(&right).unwrap()).await.status, 200);
}

#[tokio::test]
async fn the_test_button_says_what_is_wrong_with_a_provider() {
    let server = DeskServer::start(&[]).await;
    let provider = OpenId::start(&redirect(&server)).await;
    let admin = server.sign_in().await;
    let test = |issuer: String| {
        let (server, admin) = (&server, admin.as_str());
        async move {
            let fields =
                [("oidc_issuer", issuer.as_str()), ("oidc_client_id", CLIENT), ("oidc_client_secret", SECRET)];
            let page = server.post("/admin/single-sign-on/test", admin, &form(&fields)).await;
            assert!(!page.body.contains(SECRET) && !page.body.contains(&encode(SECRET)), "a secret is never shown");
            page.body
        }
    };
    let good = test(provider.issuer.clone()).await;
    assert!(good.contains("The test worked") && good.contains("P-256"), "{good}");
    assert!(good.contains("********") && good.contains(&redirect(&server)), "{good}");
    let wrong = test(format!("{}/", provider.issuer)).await;
    assert!(wrong.contains("The test failed") && wrong.contains("it calls itself"), "{wrong}");
    let nobody = test("http://127.0.0.1:1".to_owned()).await;
    assert!(nobody.contains("The test failed") && nobody.contains("cannot be asked"), "{nobody}");
    let page = server.get("/admin/single-sign-on", &admin).await;
    let version = field(&page.body, "version");
    let plain = [("version", version), ("oidc_issuer", "http://login.example.com"), ("oidc_client_id", CLIENT)];
    let refused = server.post("/admin/single-sign-on", &admin, &form(&plain)).await;
    assert!(refused.status == 422 && refused.body.contains("it begins with https://"), "{refused:?}");
}
