//! Approving, sending later and API tokens at the real server: two approvers who press at the same moment, and the pages
//! in a real browser, by keys. Pictures of each step are in `target/screenshots`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use mailflow_tests::browser::{Browser, Page};
use mailflow_tests::demo::Demo;
use mailflow_tests::desk_server::{Reply, ask_at};
use serde_json::{Value, json};

/// A demo where what Bob writes is approved by Kim, Lee, and the administrator.
struct Team {
    demo: Demo,
    admin: String,
    bob: String,
    kim: String,
    lee: String,
}

/// Asks the API with a session's or an API token's secret.
async fn ask(demo: &Demo, secret: &str, method: &str, path: &str, body: &Value) -> Reply {
    let address = demo.address.trim_start_matches("http://").trim_end_matches('/');
    let bearer = format!("Bearer {secret}");
    let headers = [("Authorization", bearer.as_str()), ("Content-Type", "application/json")];
    ask_at(address, method, &format!("/api/v1{path}"), &headers, &body.to_string()).await
}

/// The same, if it succeeds.
async fn done(demo: &Demo, secret: &str, method: &str, path: &str, body: &Value) -> Value {
    let reply = ask(demo, secret, method, path, body).await;
    assert!(reply.status < 300, "{method} {path}: {} {}", reply.status, reply.body);
    serde_json::from_str(&reply.body).unwrap_or(Value::Null)
}

async fn sign_in(demo: &Demo, user: &str, password: &str) -> String {
    let wish = json!({ "user_name": user, "password": password });
    done(demo, "", "POST", "/session", &wish).await["token"].as_str().unwrap().to_owned()
}

const PASSWORD: &str = "correct horse battery";

impl Team {
    async fn meet() -> Self {
        let demo = Demo::start().await;
        let admin = sign_in(&demo, &demo.user, &demo.password).await;
        let mut ids = Vec::new();
        for name in ["Kim", "Lee"] {
            let wish = json!({ "user_name": name.to_lowercase(), "name": name, "password": PASSWORD });
            ids.push(done(&demo, &admin, "POST", "/agents", &wish).await["id"].clone());
        }
        let agents = done(&demo, &admin, "GET", "/agents", &Value::Null).await;
        ids.push(agents.as_array().unwrap().iter().find(|it| it["built_in"] == true).unwrap()["id"].clone());
        let group = json!({ "name": "Team Leads", "members": ids, "signature": "Team Leads of the desk" });
        let group = done(&demo, &admin, "POST", "/groups", &group).await["id"].clone();
        let bob = json!({
            "user_name": "bob", "name": "Bob", "password": PASSWORD, "approval": { "group": group },
            "signature": "Bob\nSupport", "undo_send_s": 60,
        });
        done(&demo, &admin, "POST", "/agents", &bob).await;
        let bob = sign_in(&demo, "bob", PASSWORD).await;
        let (kim, lee) = (sign_in(&demo, "kim", PASSWORD).await, sign_in(&demo, "lee", PASSWORD).await);
        Self { demo, admin, bob, kim, lee }
    }

    /// Bob submits an answer. Returns what waits: its id, and the digest of its bytes.
    async fn submit(&self, ticket: u64, words: &str) -> (String, String) {
        let path = format!("/tickets/{ticket}/replies");
        let message = done(&self.demo, &self.bob, "POST", &path, &json!({ "text": words })).await["message"].clone();
        let waiting = done(&self.demo, &self.kim, "GET", "/approvals", &Value::Null).await;
        let waiting = waiting.as_array().unwrap().iter().find(|it| it["delivery"]["message"] == message);
        let waiting = waiting.unwrap_or_else(|| panic!("{message} does not wait"));
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        (text(&waiting["delivery"]["id"]), text(&waiting["raw"]))
    }
}

#[tokio::test]
async fn of_two_who_release_at_the_same_moment_one_wins_and_the_other_is_told_by_whom() {
    let team = Team::meet().await;
    let mut winners = Vec::new();
    for number in 1..=12 {
        let (id, raw) = team.submit(1 + number % 3, &format!("answer {number}")).await;
        let path = format!("/approvals/{id}/release");
        let wish = json!({ "raw": raw });
        let (kim, lee) = tokio::join!(
            ask(&team.demo, &team.kim, "POST", &path, &wish),
            ask(&team.demo, &team.lee, "POST", &path, &wish),
        );
        let (winner, lost) = match (kim.status, lee.status) {
            (202, 409) => ("Kim", lee),
            (409, 202) => ("Lee", kim),
            both => panic!("exactly one releases, not {both:?}: {} {}", kim.body, lee.body),
        };
        assert!(lost.body.contains(&format!("released by {winner} at")), "{}", lost.body);
        winners.push(winner);
        // It left everyone's queue.
        for approver in [&team.kim, &team.lee, &team.admin] {
            let left = done(&team.demo, approver, "GET", "/approvals", &Value::Null).await;
            assert_eq!(left, json!([]), "{winner}");
        }
    }
    // The same for one who releases and one who returns.
    for number in 13..=18 {
        let (id, raw) = team.submit(1 + number % 3, &format!("answer {number}")).await;
        let (release, give_back) = (format!("/approvals/{id}/release"), format!("/approvals/{id}/return"));
        let (wish, note) = (json!({ "raw": raw }), json!({ "note": "not yet" }));
        let (kim, lee) = tokio::join!(
            ask(&team.demo, &team.kim, "POST", &release, &wish),
            ask(&team.demo, &team.lee, "POST", &give_back, &note),
        );
        match (kim.status, lee.status) {
            (202, 409) => assert!(lee.body.contains("released by Kim at"), "{}", lee.body),
            (409, 204) => assert!(kim.body.contains("returned by Lee at"), "{}", kim.body),
            both => panic!("exactly one decides, not {both:?}: {} {}", kim.body, lee.body),
        }
    }
    team.demo.end().await;
}

#[tokio::test]
async fn bytes_that_were_edited_after_somebody_looked_are_never_released() {
    let team = Team::meet().await;
    let (first, looked_at) = team.submit(1, "it costs 10").await;
    // Bob pulls it back and submits other words.
    done(&team.demo, &team.bob, "POST", &format!("/outgoing/{first}/undo"), &json!({})).await;
    let (second, raw) = team.submit(1, "it costs 99").await;
    for (id, raw, status) in [(&first, &looked_at, 409), (&second, &looked_at, 422), (&second, &raw, 202)] {
        let path = format!("/approvals/{id}/release");
        let reply = ask(&team.demo, &team.kim, "POST", &path, &json!({ "raw": raw })).await;
        assert_eq!(reply.status, status, "{}", reply.body);
    }
    team.demo.end().await;
}

async fn enter(page: &Page, demo: &Demo, user: &str, password: &str) {
    page.open(&demo.address).await;
    page.fill("input[name=user]", user).await;
    page.fill("input[name=password]", password).await;
    page.and_load(page.click("form button.primary")).await;
}

#[tokio::test]
async fn the_queue_is_worked_off_with_keys() {
    let Some(browser) = Browser::start().await else { return };
    let team = Team::meet().await;
    let page = browser.page().await;
    enter(&page, &team.demo, &team.demo.user, &team.demo.password).await;
    let at = |path: &str| format!("{}{path}", team.demo.address);
    page.open(&at("approvals")).await;
    page.until_said("Nobody is waiting for you").await;
    page.fits("approval-0-empty").await;
    team.submit(1, "Good morning,\n\nit costs 10 euros.").await;
    // The page learns of it by itself.
    page.until_said("it costs 10 euros").await;
    team.submit(2, "The second answer.").await;
    team.submit(3, "The third answer.").await;
    page.until("document.querySelectorAll('.queue li').length === 3").await;
    page.fits("approval-1-queue").await;

    // The whole conversation, without leaving.
    page.press("c").await;
    page.until_there("#whole .message").await;
    // Returned with a note: the key leads into its field, and what is typed there does nothing else.
    page.press("r").await;
    page.until("document.activeElement?.id === 'note'").await;
    page.fill("#note", "Please say that a is the price: 12.").await;
    page.and_load(page.click(".return button")).await;
    assert!(page.text("main").await.contains("Returned to its author."), "{}", page.text("main").await);
    assert!(page.text(".leaving").await.contains("The second answer."), "the next one opens");
    page.and_load(page.press("a")).await;
    page.until_said("Released: it leaves in").await;
    assert!(page.text(".leaving").await.contains("The third answer."));
    page.fits("approval-2-released").await;
    page.and_load(page.press("z")).await;
    page.until_said("It waits for an approval again.").await;
    assert!(page.text(".leaving").await.contains("The second answer."));

    // Submitted again, it is compared with what was returned.
    let (again, raw) = team.submit(1, "Good morning,\n\nit costs 12 euros.").await;
    page.open(&at(&format!("approvals/{again}"))).await;
    assert_eq!((page.text(".words del").await, page.text(".words ins").await), ("10".to_owned(), "12".to_owned()));
    page.fits("approval-3-again").await;
    // While it is looked at, and a note is begun, somebody else releases it.
    page.fill("#note", "half a sen").await;
    let path = format!("/approvals/{again}/release");
    done(&team.demo, &team.kim, "POST", &path, &json!({ "raw": raw })).await;
    page.until_said("released by Kim").await;
    page.until_there(".to-approve.decided").await;
    assert_eq!(page.count("#standing form").await, 0);
    page.fits("approval-4-decided").await;
    assert_eq!(page.errors(), Vec::<String>::new());
    team.demo.end().await;
}

#[tokio::test]
async fn what_waits_is_seen_live_by_its_author_and_can_be_pulled_back() {
    let Some(browser) = Browser::start().await else { return };
    let team = Team::meet().await;
    let bob = browser.page().await;
    enter(&bob, &team.demo, "bob", PASSWORD).await;
    let at = |path: &str| format!("{}{path}", team.demo.address);
    bob.open(&at("ticket/1?compose=reply")).await;
    bob.until_there("textarea#text").await;
    assert_eq!(bob.text("button[value=send]").await, "Submit for approval to Team Leads");
    bob.fill("textarea#text", "Tomorrow it is ready.").await;
    // The signature stands where it will stand.
    let shown = bob.text("[data-below]").await;
    assert!(shown.contains("Bob\nSupport"), "{shown}");
    bob.value(
        "(() => { const it = document.querySelector('#signature'); it.value = 'none'; \
         it.dispatchEvent(new Event('change', { bubbles: true })); })()",
    )
    .await;
    assert_eq!(bob.value("document.querySelector('[data-below]').hidden").await, true);
    bob.click("details.later summary").await;
    bob.fits("composer-1-later").await;
    bob.click("[data-later=tomorrow]").await;
    let told = bob.value("Number(document.querySelector('[name=later_utc]').value) > Date.now()").await;
    assert_eq!(told, true);
    bob.and_load(bob.click("button[value=send]")).await;
    bob.until_said("waiting for Team Leads").await;
    // Kim returns it; Bob's page says so by itself.
    let waiting = done(&team.demo, &team.kim, "GET", "/approvals", &Value::Null).await;
    let id = waiting[0]["delivery"]["id"].as_str().unwrap().to_owned();
    let path = format!("/approvals/{id}/return");
    done(&team.demo, &team.kim, "POST", &path, &json!({ "note": "Which day?" })).await;
    bob.until_said("returned by Kim: Which day?").await;
    bob.open(&at("drafts")).await;
    bob.until_said("returned by Kim: Which day?").await;
    bob.fits("drafts-1-returned").await;
    bob.and_load(bob.click("li.ticket a")).await;
    bob.until_there("form.write .note").await;
    assert_eq!(bob.value("document.querySelector('#signature').value").await, "none", "the draft keeps it");
    bob.fits("composer-2-returned").await;
    bob.and_load(bob.click("button[value=send]")).await;
    bob.open(&at("waiting")).await;
    bob.until_said("Waiting for Team Leads").await;
    bob.fits("waiting-1").await;
    bob.and_load(bob.click("button[value=undo]")).await;
    bob.until_there("form.write textarea#text").await;
    let text = bob.value("document.querySelector('textarea#text').value").await;
    assert_eq!(text, "Tomorrow it is ready.");

    // A token: its secret is shown once, and the API takes it.
    bob.open(&at("tokens")).await;
    bob.fill("#name", "Nightly export").await;
    bob.and_load(bob.click("form.edit button.primary")).await;
    let secret = bob.text("#secret").await;
    bob.fits("tokens-1-new").await;
    assert_eq!(ask(&team.demo, &secret, "GET", "/tickets", &Value::Null).await.status, 200);
    bob.open(&at("tokens")).await;
    assert!(!bob.text("main").await.contains(&secret));
    bob.and_load(bob.click(".object button")).await;
    assert_eq!(ask(&team.demo, &secret, "GET", "/tickets", &Value::Null).await.status, 401);
    assert_eq!(bob.errors(), Vec::<String>::new());
    team.demo.end().await;
}

/// Pages that other tests do not look at.
#[tokio::test]
async fn pages_of_people_fit_their_screens() {
    let Some(browser) = Browser::start().await else { return };
    let team = Team::meet().await;
    let page = browser.page().await;
    enter(&page, &team.demo, &team.demo.user, &team.demo.password).await;
    let agents = done(&team.demo, &team.admin, "GET", "/agents", &Value::Null).await;
    let bob = agents.as_array().unwrap().iter().find(|it| it["user_name"] == "bob").unwrap()["id"].clone();
    let bob = bob.as_str().unwrap();
    let agent = format!("admin/agents/{bob}");
    let tokens = format!("{agent}/tokens");
    for (path, name) in [
        (agent.as_str(), "agent-form"),
        (tokens.as_str(), "agent-tokens"),
        ("admin/sessions", "sessions"),
        ("tickets/unowned", "unowned"),
        ("security", "security"),
        ("preferences", "preferences"),
        ("waiting", "waiting-0-empty"),
    ] {
        page.open(&format!("{}{path}", team.demo.address)).await;
        page.fits(&format!("people-{name}")).await;
    }
    team.demo.end().await;
}
