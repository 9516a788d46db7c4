//! The replay's pages, as a browser without script uses them.

use std::sync::Arc;

use async_trait::async_trait;
use axum::body::Body;
use axum::http::Method;
use futures_util::StreamExt;
use mailflow_core::digest::Digest;
use mailflow_core::store::{
    Changeset, CommitError, Committed, Found, Key, Loaded, MemoryStore, Page, Query, Store, StoreError,
};
use mailflow_core::time::Timestamp;
use tokio::sync::broadcast::error::TryRecvError;
use tokio::sync::watch;
use tower::ServiceExt;

use crate::web::WebConfig;
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
    desk_on(MemoryStore::new()).await
}

async fn desk_on(store: impl Store) -> Web {
    let web = Web::open_on(store, WebConfig::default(), Timestamp::from_millis(1_700_000_000_000)).await;
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

/// A store in which no page of messages is read before the test lets it.
#[derive(Clone, Default)]
struct Gate {
    kept: Arc<MemoryStore>,
    /// How many reads stand before the gate, and whether it is open.
    state: Arc<watch::Sender<(usize, bool)>>,
}

/// Somebody who stands before the gate, until he is let in or gives up.
struct Before<'a>(&'a watch::Sender<(usize, bool)>);

impl Drop for Before<'_> {
    fn drop(&mut self) {
        self.0.send_modify(|(before, _)| *before -= 1);
    }
}

impl Gate {
    async fn pass(&self) {
        self.state.send_modify(|(before, _)| *before += 1);
        let _before = Before(&self.state);
        self.state.subscribe().wait_for(|(_, open)| *open).await.unwrap();
    }

    /// Waits until so many reads stand before it.
    async fn holds(&self, reads: usize) {
        self.state.subscribe().wait_for(|(before, _)| *before == reads).await.unwrap();
    }

    fn open(&self) {
        self.state.send_modify(|(_, open)| *open = true);
    }
}

#[async_trait]
impl Store for Gate {
    async fn now(&self) -> Result<Timestamp, StoreError> {
        self.kept.now().await
    }

    async fn check_shape(&self) -> Result<(), StoreError> {
        self.kept.check_shape().await
    }

    async fn load(&self, keys: &[Key]) -> Result<Vec<Loaded>, StoreError> {
        self.kept.load(keys).await
    }

    async fn find(&self, query: &Query, page: &Page) -> Result<Found, StoreError> {
        if matches!(query, Query::MessagesFrom(_)) {
            self.pass().await;
        }
        self.kept.find(query, page).await
    }

    async fn commit(&self, changes: Changeset) -> Result<Committed, CommitError> {
        self.kept.commit(changes).await
    }

    async fn keep_body(&self, bytes: Vec<u8>) -> Result<Digest, StoreError> {
        self.kept.keep_body(bytes).await
    }

    async fn body(&self, digest: &Digest) -> Result<Option<Vec<u8>>, StoreError> {
        self.kept.body(digest).await
    }

    async fn erase_body(&self, digest: &Digest) -> Result<(), StoreError> {
        self.kept.erase_body(digest).await
    }
}

/// A replay that has begun to read and stands before the gate, and its path.
async fn held(gate: &Gate, admin: &Browser<'_>) -> String {
    let begun = admin.post("/admin/rules/replay", &[("text", RULES), ("days", "")]).await;
    gate.holds(1).await;
    begun.location().to_owned()
}

#[tokio::test]
async fn a_replay_that_runs_is_stopped_and_reads_no_further() {
    let gate = Gate::default();
    let web = desk_on(gate.clone()).await;
    let admin = web.admin().await;
    let path = held(&gate, &admin).await;
    let runs = admin.get(&path).await.body;
    assert!(runs.contains("<progress") && runs.contains(&format!("action=\"{path}/stop\"")), "{runs}");
    let stopped = admin.post(&format!("{path}/stop"), &[]).await;
    assert_eq!((stopped.status, stopped.location()), (303, path.as_str()));
    gate.holds(0).await;
    let shown = admin.get(&path).await.body;
    assert!(shown.contains("It was stopped.") && !shown.contains("<progress"), "{shown}");
    assert!(!shown.contains("would go elsewhere"), "{shown}");

    // Control: one that is let through comes to its end, and pressing Stop then changes nothing.
    let path = held(&gate, &admin).await;
    gate.open();
    let told = events(&admin, &path).await;
    assert!(told.trim_end().ends_with("\"runs\":false,\"share\":1000}"), "{told}");
    admin.post(&format!("{path}/stop"), &[]).await;
    assert!(admin.get(&path).await.body.contains("2 of 3 mails"));
}

#[tokio::test]
async fn a_replay_tells_how_far_it_is_until_it_ends() {
    let gate = Gate::default();
    let web = desk_on(gate.clone()).await;
    let admin = web.admin().await;
    let path = held(&gate, &admin).await;
    let request = admin.request(Method::GET, &format!("{path}/events")).body(Body::empty()).unwrap();
    let mut told = admin.router().oneshot(request).await.unwrap().into_body().into_data_stream();
    let first = told.next().await.unwrap().unwrap();
    assert!(String::from_utf8_lossy(&first).contains("\"messages\":0,\"runs\":true"), "{first:?}");
    gate.open();
    let rest: Vec<_> = told.map(Result::unwrap).collect().await;
    let last = String::from_utf8_lossy(rest.last().unwrap());
    assert!(last.contains("\"runs\":false,\"share\":1000}"), "{last}");
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
