//! The administrators' pages, as a browser without script uses them.

use std::sync::Arc;

use mailflow_core::decision::reply::Reply;
use mailflow_core::destination::{Destination, PerhapsSent};
use mailflow_core::source::SourceAccess;
use mailflow_core::transport::{TransportError, TransportErrorKind, Verdict};
use mailflow_test::servers::{Mailboxes, Pop3Server};
use mailflow_transport::Connectors;
use mailflow_transport::seal::KeyFile;

use crate::web::testing::{Shown, Web};
use crate::web::{Verb, WebConfig, Who, routes};

/// A desk that has a key for passwords.
pub(super) async fn desk() -> (Web, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let network = Connectors::new(Arc::new(KeyFile::open_or_create(folder.path().join("key")).unwrap()));
    (Web::open_with("", WebConfig { network: Some(network), ..WebConfig::default() }).await, folder)
}

pub(super) const SOURCE: [(&str, &str); 12] = [
    ("name", "Mail of sales"),
    ("enabled", "yes"),
    ("kind", "pop3"),
    ("host", "127.0.0.1"),
    ("tls", "none"),
    ("user", "sales"),
    ("password", "hush hush"),
    ("leave_copies", "yes"),
    ("check_interval_s", "90"),
    ("timeout_s", "5"),
    ("max_mib", "10"),
    ("certificate", ""),
];

/// Fills in what a form shows, but for these fields.
pub(super) fn with<'a>(fields: &[(&'a str, &'a str)], more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let others = fields.iter().filter(|(name, _)| !more.iter().any(|(other, _)| other == name));
    others.chain(more).copied().collect()
}

fn saved(shown: &Shown, to: &str) {
    assert_eq!((shown.status, shown.location()), (303, format!("{to}?done=saved").as_str()), "{}", shown.body);
}

#[tokio::test]
async fn every_page_is_for_administrators_only() {
    let web = Web::open().await;
    let agent = web.add_agent("alan").await;
    let (agent, admin) = (web.browser(agent).await, web.admin().await);
    let mut pages = 0;
    for route in routes(&web.flow).into_iter().filter(|route| route.path.starts_with("/admin")) {
        assert_eq!(route.who, Who::Administrator, "{}", route.path);
        let shown = match route.verb {
            Verb::Get => agent.get(route.path).await,
            _ => agent.post(route.path, &[]).await,
        };
        assert_eq!(shown.status, 403, "{}", route.path);
        let is_page = !route.path.contains('{') && !route.path.ends_with(".toml");
        if route.verb == Verb::Get && is_page {
            let shown = admin.get(route.path).await;
            assert_eq!(shown.status, 200, "{}: {}", route.path, shown.body);
            assert!(shown.body.contains("aria-current=\"page\""), "{} is in the menu", route.path);
            pages += 1;
        }
    }
    assert!(pages > 12, "{pages}");
}

#[tokio::test]
async fn a_source_is_added_tested_changed_and_deleted() {
    let (web, _folder) = desk().await;
    let admin = web.admin().await;
    let mailboxes = Mailboxes::new();
    mailboxes.create("sales", "hush hush", "sales@example.com");
    mailboxes.deliver("sales", b"Subject: hello\r\n\r\nA mail.\r\n");
    let listening = Pop3Server::new(mailboxes).start().await.unwrap();
    let port = listening.port().to_string();
    let id = admin.get("/admin/sources/new").await.value_of("id");
    let filled = with(&SOURCE, &[("port", &port), ("id", &id)]);

    // The trial says what it found and shows no password; its page carries the sealed one on.
    let tried = admin.post("/admin/sources/new/test", &filled).await;
    assert!(tried.body.contains("The test worked") && tried.body.contains("1 mail, 1 of them"), "{}", tried.body);
    assert!(tried.body.contains("The connection is not protected"), "{}", tried.body);
    assert!(!tried.body.contains("hush"));
    let sealed = tried.value_of("sealed");
    let wrong = admin.post("/admin/sources/new/test", &with(&filled, &[("password", "wrong")])).await;
    assert!(wrong.body.contains("The test failed") && wrong.body.contains("sign in"), "{}", wrong.body);

    // Saved with the password that was typed for the trial.
    let made = admin.post("/admin/sources/new", &with(&filled, &[("password", ""), ("sealed", &sealed)])).await;
    saved(&made, "/admin/sources");
    let source = web.flow.directory().sources.values().find(|it| it.name == "Mail of sales").unwrap().clone();
    assert_eq!((source.id.to_string(), source.leave_copies, source.max_bytes), (id.clone(), true, 10 << 20));
    assert!(matches!(&source.access, SourceAccess::Pop3 { user, .. } if user == "sales"));

    // Changed without its password: that stays, and still works.
    let path = format!("/admin/sources/{id}");
    let shown = admin.get(&path).await;
    assert!(shown.body.contains("value=\"Mail of sales\"") && !shown.body.contains("hush"));
    let version = shown.value_of("version");
    let changed = with(
        &filled,
        &[("password", ""), ("name", "Sales"), ("version", &version), ("pinned_to", " second server ")],
    );
    saved(&admin.post(&path, &changed).await, "/admin/sources");
    assert_eq!(web.flow.directory().sources[&source.id].pinned_to.as_deref(), Some("second server"));
    assert_eq!(admin.get(&path).await.value_of("pinned_to"), "second server");
    let tried = admin.post(&format!("{path}/test"), &changed).await;
    assert!(tried.body.contains("The test worked"), "{}", tried.body);
    // Somebody else's change is not undone; what was typed is still there.
    let late = admin.post(&path, &with(&changed, &[("user", "somebody")])).await;
    assert_eq!(late.status, 422);
    assert!(late.body.contains("changed by somebody else") && late.body.contains("value=\"somebody\""));

    assert_eq!(admin.post(&format!("{path}/switch"), &[]).await.status, 303);
    assert!(!web.flow.directory().sources[&source.id].enabled);
    assert!(admin.get("/admin/sources").await.body.contains("Switched off"));
    assert!(admin.get(&format!("{path}/delete")).await.body.contains("Delete Sales?"));
    assert_eq!(admin.post(&format!("{path}/delete"), &[]).await.location(), "/admin/sources?done=deleted");
    assert!(!web.flow.directory().sources.contains_key(&source.id));
}

#[tokio::test]
async fn what_does_not_do_is_said_at_its_field_and_what_was_typed_stays() {
    let (web, _folder) = desk().await;
    let admin = web.admin().await;
    let refused = async |more: &[(&str, &str)]| {
        let shown = admin.post("/admin/sources/new", &with(&SOURCE, more)).await;
        assert_eq!(shown.status, 422);
        assert!(shown.body.contains("value=\"sales\""), "what was typed stays: {}", shown.body);
        shown.body
    };
    assert!(refused(&[("port", "many")]).await.contains("`many` is no number that fits here"));
    assert!(refused(&[("port", "110"), ("host", " ")]).await.contains("enter the name or IP address"));
    assert!(refused(&[("port", "110"), ("password", "")]).await.contains("enter the password"));
    assert!(refused(&[("port", "110"), ("name", "mailbox")]).await.contains("there is a source `mailbox` already"));
    let before = web.flow.directory().sources.len();
    assert_eq!(before, 1);
    let bad =
        admin.post("/admin/ticketboxes/new", &[("name", "A"), ("address", "nowhere"), ("auto_after", "0")]).await;
    assert!(bad.body.contains("`nowhere` is not a mail address"), "{}", bad.body);
}

#[tokio::test]
async fn there_is_one_default_destination_and_one_in_use_stays() {
    let (web, _folder) = desk().await;
    let admin = web.admin().await;
    let fields = [
        ("name", "Our server"),
        ("enabled", "yes"),
        ("default", "yes"),
        ("kind", "smtp"),
        ("host", "mail.example.com"),
        ("port", "587"),
        ("tls", "upgrade"),
        ("max_mib", "25"),
        ("retry_for_h", "48"),
        ("delivery_interval_s", "60"),
        ("timeout_s", "60"),
        ("perhaps_sent", "hold"),
    ];
    saved(&admin.post("/admin/destinations/new", &fields).await, "/admin/destinations");
    let directory = web.flow.directory();
    let ours = directory.destinations.values().find(|it| it.name == "Our server").unwrap().clone();
    assert_eq!((ours.perhaps_sent, ours.retry_for_s), (PerhapsSent::Hold, 48 * 3600));
    assert_eq!(directory.destinations.values().filter(|it| it.default).count(), 1);
    let list = admin.get("/admin/destinations").await.body;
    assert!(list.contains("The default destination. SMTP: mail.example.com:587, STARTTLS"), "{list}");

    let ticket = web.receive("From: ada@one.example\nTo: support@example.com\nSubject: Help\n\nBroken.\n").await;
    web.desk().reply(ticket.id, Reply::text("Coming.")).await.unwrap();
    let kept = admin.post(&format!("/admin/destinations/{}/delete", ours.id), &[]).await;
    assert_eq!(kept.status, 409);
    assert!(kept.body.contains("mail that has not been sent yet"), "{}", kept.body);
}

/// A desk with one answer that failed and one that was perhaps sent.
async fn failed(web: &Web) -> (Destination, String) {
    let destination = web.flow.directory().default_destination().unwrap().clone();
    let held = Destination { perhaps_sent: PerhapsSent::Hold, ..destination.clone() };
    web.flow.admin().save(&held).await.unwrap();
    let ticket = web.receive("From: ada@one.example\nTo: support@example.com\nSubject: Help\n\nBroken.\n").await;
    web.outside.answer_next(Ok(Verdict::Refused));
    web.desk().reply(ticket.id, Reply::text("First.")).await.unwrap();
    web.flow.deliver().await.unwrap();
    let lost = TransportError::new(TransportErrorKind::Connection, "the connection was lost").perhaps_sent();
    web.outside.answer_next(Err(lost));
    web.desk().reply(ticket.id, Reply::text("Second.")).await.unwrap();
    web.flow.deliver().await.unwrap();
    let path = format!("/admin/destinations/{}/failures", destination.id);
    (held, path)
}

/// The mails that can be chosen in a form of the page.
fn mails(body: &str, form: &str) -> Vec<String> {
    let fields = body.split("name=\"mail\" value=\"").skip(1);
    let here = fields.filter(|rest| rest.split('>').next().unwrap().contains(&format!("form=\"{form}\"")));
    here.map(|rest| rest.split('"').next().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn failures_are_a_work_list_with_what_was_perhaps_sent_apart() {
    let (web, _folder) = desk().await;
    let admin = web.admin().await;
    let (_, path) = failed(&web).await;
    assert!(admin.get("/admin/destinations").await.body.contains("2 mails were not delivered"));
    let shown = admin.get(&path).await.body;
    assert!(shown.contains("Not delivered") && shown.contains("Perhaps sent"), "{shown}");
    let (no, perhaps) = (mails(&shown, "failed"), mails(&shown, "perhaps"));
    assert_eq!((no.len(), perhaps.len()), (1, 1), "{shown}");

    // An address is corrected, and the mail sent there.
    let to = format!("{path}/{}/recipient", no[0]);
    let wrong = admin.post(&to, &[("from", "ada@one.example"), ("to", "ada at right")]).await;
    assert!(admin.get(wrong.location()).await.body.contains("is not a mail address"), "{}", wrong.location());
    admin.post(&to, &[("from", "ada@one.example"), ("to", "ada@right.example")]).await;
    web.flow.deliver().await.unwrap();
    assert_eq!(web.outside.sent()[0].0.recipients()[0].as_str(), "ada@right.example");
    // The other one is left as it is.
    let nothing = admin.post(&path, &[("action", "give-up")]).await;
    assert!(admin.get(nothing.location()).await.body.contains("Choose a mail first."));
    let given_up = admin.post(&path, &[("action", "give-up"), ("mail", &perhaps[0])]).await;
    let after = admin.get(given_up.location()).await.body;
    assert!(after.contains("Given up") && after.contains("Everything was delivered."), "{after}");
    web.flow.deliver().await.unwrap();
    assert_eq!(web.outside.sent().len(), 1);
}

#[tokio::test]
async fn all_failures_are_tried_again() {
    let (web, _folder) = desk().await;
    let (_, path) = failed(&web).await;
    let admin = web.admin().await;
    assert_eq!(admin.post(&path, &[("action", "retry-all")]).await.location(), format!("{path}?done=retrying"));
    web.flow.deliver().await.unwrap();
    assert_eq!(web.outside.sent().len(), 2);
}

#[tokio::test]
async fn a_ticketbox_keeps_every_field_of_its_form() {
    let (web, _folder) = desk().await;
    let admin = web.admin().await;
    let fields = [
        ("name", "Returns"),
        ("description", "What comes back"),
        ("address", "returns@example.com"),
        ("address_name", "Returns team"),
        ("more_addresses", "back@example.com\r\n\r\nretour@example.com"),
        ("reopen", "within"),
        ("reopen_days", "14"),
        ("new_subject_days", "30"),
        ("reference_line", "yes"),
        ("auto_after", "0"),
    ];
    saved(&admin.post("/admin/ticketboxes/new", &fields).await, "/admin/ticketboxes");
    let made = web.flow.directory().ticketbox_named("Returns").unwrap().clone();
    assert_eq!(made.reopen, mailflow_core::ticketbox::Reopen::WithinDays(14));
    assert_eq!((made.more_addresses.len(), made.new_subject_days), (2, Some(30)));
    assert!(made.reference_line && !made.plus_addressing && !made.match_by_subject_and_sender);
    // Shown and saved again, nothing changes.
    let path = format!("/admin/ticketboxes/{}", made.id);
    let version = admin.get(&path).await.value_of("version");
    saved(&admin.post(&path, &with(&fields, &[("version", &version)])).await, "/admin/ticketboxes");
    assert_eq!(web.flow.directory().ticketbox_named("Returns"), Some(&made));
    // Unassigned stays.
    let unassigned = format!("/admin/ticketboxes/{}/delete", mailflow_core::ticketbox::UNASSIGNED);
    assert_eq!(admin.post(&unassigned, &[]).await.status, 409);
}

#[tokio::test]
async fn a_new_agent_gets_a_password_that_is_shown_once_and_works() {
    let (web, _folder) = desk().await;
    let admin = web.admin().await;
    let fields = [
        ("user_name", "grace"),
        ("name", "Grace"),
        ("active", "yes"),
        ("signature", "Grace\r\nSupport"),
        ("undo_send_s", "20"),
    ];
    let shown = admin.post("/admin/agents/new", &fields).await;
    let password = |shown: &Shown| {
        let (_, rest) = shown.body.split_once("<code>").unwrap_or_else(|| panic!("{}", shown.body));
        rest.split("</code>").next().unwrap().to_owned()
    };
    let first = password(&shown);
    let sign_in = async |password: &str| {
        web.stranger().post("/sign-in", &[("user", "grace"), ("password", password)]).await.status
    };
    assert_eq!(sign_in(&first).await, 303);
    let grace = web.flow.directory().agent_named("grace").unwrap().clone();
    assert_eq!((grace.administrator, grace.signature.as_str()), (false, "Grace\nSupport"));
    let path = format!("/admin/agents/{}", grace.id);
    assert!(!admin.get(&path).await.body.contains(&first));

    let hers = web.browser(grace.id).await;
    assert_eq!(hers.get("/tickets/mine").await.status, 200);
    let second = password(&admin.post(&format!("{path}/password"), &[]).await);
    assert_eq!((sign_in(&first).await, sign_in(&second).await), (401, 303));
    assert_eq!(hers.get("/tickets/mine").await.status, 303, "her sessions are over");
}

#[tokio::test]
async fn the_built_in_administrator_stays_whatever_is_sent() {
    let (web, _folder) = desk().await;
    let admin = web.admin().await;
    let path = format!("/admin/agents/{}", mailflow_core::agent::BUILT_IN_ADMINISTRATOR);
    let shown = admin.get(&path).await;
    assert!(!shown.body.contains("Delete…") && !shown.body.contains("name=\"active\""), "{}", shown.body);
    let version = shown.value_of("version");
    saved(
        &admin
            .post(&path, &[("user_name", "admin"), ("name", "Boss"), ("undo_send_s", "10"), ("version", &version)])
            .await,
        "/admin/agents",
    );
    let boss = web.flow.directory().agent_named("admin").unwrap().clone();
    assert!(boss.active && boss.administrator && boss.name == "Boss");
    assert_eq!(admin.post(&format!("{path}/delete"), &[]).await.status, 409);
}

#[tokio::test]
async fn the_default_rule_reads_itself_back() {
    let (web, _folder) = desk().await;
    let admin = web.admin().await;
    let shown = admin.get("/admin/default-rule").await;
    assert!(shown.body.contains("else to “Unassigned”"), "{}", shown.body);
    let (revision, sales) = (shown.value_of("revision"), web.sales.id.to_string());
    let fields = [("revision", revision.as_str()), ("ticketbox", &sales)];
    saved(&admin.post("/admin/default-rule", &fields).await, "/admin/default-rule");
    let shown = admin.get("/admin/default-rule").await.body;
    assert!(shown.contains("goes to “Sales”; its ticket is owned by nobody."), "{shown}");
    let late = admin.post("/admin/default-rule", &fields).await;
    assert_eq!(late.status, 422, "an old revision");
    assert!(
        late.body.contains("Administrator changed the rules") && late.body.contains("Now it says: "),
        "{}",
        late.body
    );
}

#[tokio::test]
async fn the_overview_says_what_needs_somebody() {
    let (web, _folder) = desk().await;
    let admin = web.admin().await;
    let shown = admin.get("/admin").await.body;
    assert!(shown.contains("Everything works.") && shown.contains("Nothing waits"), "{shown}");
    assert!(shown.contains("Add a second administrator"), "{shown}");
    failed(&web).await;
    let shown = admin.get("/admin").await.body;
    assert!(shown.contains("One thing needs you.") && shown.contains("2 mails were not delivered"), "{shown}");
}
