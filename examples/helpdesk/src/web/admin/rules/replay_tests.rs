//! The replay's pages, as a browser without script uses them.

use axum::body::Body;
use axum::http::Method;
use futures_util::StreamExt;
use tokio::sync::broadcast::error::TryRecvError;
use tower::ServiceExt;

use crate::web::testing::{Browser, Shown, Web};

const RULES: &str =
    "[[rule]]\ndescription = \"Orders\"\ntext = [{ pattern = \"order\" }]\nthen = { ticketbox = \"Sales\" }\n";

fn mail(subject: &str, n: u32) -> String {
    format!(
        "From: ada{n}@one.example\nTo: support@example.com\nSubject: {subject}\nMessage-ID: <{n}@one.example>\n\nWords.\n"
    )
}

/// A desk with two orders and an offer in Support.
async fn desk() -> Web {
    let web = Web::open().await;
    for (n, subject) in (1..).zip(["order 17", "offer", "order 18"]) {
        web.receive(&mail(subject, n)).await;
    }
    web
}

/// Begins a replay and loads its page until it is over, as somebody without script does.
async fn replayed(admin: &Browser<'_>, text: &str, days: &str) -> (String, Shown) {
    let begun = admin.post("/admin/rules/replay", &[("text", text), ("days", days)]).await;
    assert_eq!(begun.status, 303, "{}", begun.body);
    let path = begun.location().to_owned();
    events(admin, &path).await;
    let shown = admin.get(&path).await;
    (path, shown)
}

/// All that a replay's stream tells, until it ends by itself.
async fn events(admin: &Browser<'_>, path: &str) -> String {
    let request = admin.request(Method::GET, &format!("{path}/events")).body(Body::empty()).unwrap();
    let response = admin.router().oneshot(request).await.unwrap();
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    let parts: Vec<_> = response.into_body().into_data_stream().collect().await;
    parts.into_iter().map(|part| String::from_utf8(part.unwrap().to_vec()).unwrap()).collect()
}

#[tokio::test]
async fn a_replay_shows_what_would_go_elsewhere_and_changes_nothing() {
    let web = desk().await;
    let admin = web.admin().await;
    let before = web.flow.directory().rule_set.clone();
    let mut changes = web.flow.watch();
    let draft = format!(
        "{RULES}[[rule]]\ndescription = \"Never\"\nfrom = [\"@nowhere.example\"]\n[[rule]]\ndescription = \"Order 17\"\ntext = [{{ pattern = \"order 17\" }}]\n"
    );
    let (path, shown) = replayed(&admin, &draft, "30").await;
    for words in [
        "<strong>2 of 3 mails would go elsewhere.</strong> Nothing was changed.",
        "<td>Rule 1 `Orders`</td><td>Support (normal)</td><td>Sales (normal)</td>",
        "Rule 2 `Never` matched no mail.",
        "Rule 3 `Order 17` matched, but never won: rule 1 `Orders` was before it.",
        "#1 order 17",
        "#3 order 18",
    ] {
        assert!(shown.body.contains(words), "{words} in {}", shown.body);
    }
    assert!(!shown.body.contains("#2 offer"));
    let part = admin.get(&format!("{path}?of=1&after=1")).await.body;
    assert!(!part.contains("#1 order 17") && part.contains("#3 order 18"), "{part}");
    let list = admin.get("/admin/rules/replay").await.body;
    assert!(list.contains("2 of 3 mails would go elsewhere"), "{list}");

    assert_eq!(web.flow.directory().rule_set, before);
    assert!(matches!(changes.try_recv(), Err(TryRecvError::Empty)), "nothing was written");
    let boxes = [1, 2, 3].map(async |number| web.desk().ticket(number).await.unwrap().ticketbox);
    for ticketbox in boxes {
        assert_eq!(ticketbox.await, web.support.id);
    }
    // Control: what is saved is told.
    let revision = before.revision.to_string();
    admin.post("/admin/rules/file/save", &[("text", &draft), ("revision", &revision)]).await;
    assert!(changes.try_recv().is_ok());
    let (_, same) = replayed(&admin, &draft, "0").await;
    assert!(same.body.contains("None of 3 mails would go elsewhere."), "{}", same.body);
}

#[tokio::test]
async fn a_replay_can_be_stopped_and_tells_how_far_it_is() {
    let web = desk().await;
    let admin = web.admin().await;
    // Nobody lets it run before it is stopped: the test has one thread, and asking for a page needs no rest.
    let begun = admin.post("/admin/rules/replay", &[("text", RULES), ("days", "")]).await;
    let path = begun.location().to_owned();
    let told = events(&admin, &path).await;
    assert!(
        told.contains("\"runs\":true")
            && told.trim_end().ends_with("\"runs\":false}") | told.contains("\"share\":1000"),
        "{told}"
    );
    let stopped = admin.post(&format!("{path}/stop"), &[]).await;
    assert_eq!((stopped.status, stopped.location()), (303, path.as_str()), "one that is over stays as it is");
    assert!(admin.get(&path).await.body.contains("2 of 3 mails"));
}

#[tokio::test]
async fn a_draft_that_does_not_do_is_not_begun_and_stays_in_the_form() {
    let web = desk().await;
    let admin = web.admin().await;
    let wrong = RULES.replace("\"order\"", "\"(\"");
    let shown = admin.post("/admin/rules/replay", &[("text", &wrong), ("days", "7")]).await;
    assert_eq!(shown.status, 422);
    assert!(
        shown.body.contains("unclosed group") && shown.body.contains("description = &#34;Orders&#34;"),
        "{}",
        shown.body
    );
    let days = admin.post("/admin/rules/replay", &[("text", RULES), ("days", "soon")]).await;
    assert!(days.status == 422 && days.body.contains("`soon` is no number of days"), "{}", days.body);
    assert_eq!(admin.get("/admin/rules/replay/1").await.status, 404);
}

#[tokio::test]
async fn a_rule_in_its_form_is_taken_to_the_replay() {
    let web = desk().await;
    let admin = web.admin().await;
    let shown = admin.post("/admin/rules/new/replay", &[("description", "Offers"), ("text_subject", "offer")]).await;
    assert!(shown.status == 200 && shown.body.contains("description = &#34;Offers&#34;"), "{}", shown.body);
    assert!(web.flow.directory().rule_set.rules.is_empty());
}
