//! What is tried out, and what is made to happen at once, stands in the audit: once each time.

use mailflow_core::agent::BUILT_IN_ADMINISTRATOR;
use mailflow_core::audit::{About, Activity, Deed, Who};
use mailflow_core::flow::AuditFilter;
use mailflow_core::store::Page;
use mailflow_test::servers::{Mailboxes, Pop3Server};

use super::tests::{SOURCE, desk, with};
use crate::web::testing::Web;

/// What administrators did since the desk was made, the oldest first: its name, and what came of it.
async fn deeds(web: &Web) -> Vec<(String, Deed)> {
    let filter = AuditFilter { activity: Some(Activity::Configuration), ..AuditFilter::default() };
    let entries = web.desk().audit(&filter, &Page::first(100)).await.unwrap().rows;
    let told = entries.into_iter().filter(|it| it.who == Who::Agent(BUILT_IN_ADMINISTRATOR)).map(|entry| {
        let About::Document { name, .. } = entry.about else { unreachable!("it is about a document") };
        (name, entry.what)
    });
    let mut told: Vec<_> = told.collect();
    told.reverse();
    told
}

fn works(part: &str) -> Deed {
    Deed::TriedOut { part: part.to_owned(), trouble: String::new() }
}

/// Whether it says that it does not work, and why.
fn fails(deed: &Deed, in_part: &str, because: &str) -> bool {
    matches!(deed, Deed::TriedOut { part, trouble } if part == in_part && trouble.contains(because))
}

#[tokio::test]
async fn each_trial_and_each_hurry_is_one_entry_of_the_audit() {
    let (web, _folder) = desk().await;
    let admin = web.admin().await;
    let mailboxes = Mailboxes::new();
    mailboxes.create("sales", "hush hush", "sales@example.com");
    let listening = Pop3Server::new(mailboxes).start().await.unwrap();
    let port = listening.port().to_string();
    let source = with(&SOURCE, &[("port", &port)]);
    // What cannot be read is not tried out.
    admin.post("/admin/sources/new/test", &with(&source, &[("port", "none")])).await;
    assert_eq!(deeds(&web).await, []);

    admin.post("/admin/sources/new/test", &source).await;
    admin.post("/admin/sources/new/test", &with(&source, &[("password", "wrong"), ("name", "")])).await;
    let destination = [("name", "Out"), ("kind", "smtp"), ("host", "127.0.0.1"), ("port", "1"), ("tls", "none")];
    let more = [("delivery_interval_s", "60"), ("timeout_s", "5"), ("max_mib", "10"), ("retry_for_h", "24")];
    admin.post("/admin/destinations/new/test", &with(&destination, &more)).await;
    let directory = [("ldap_url", "ldap://127.0.0.1:1"), ("ldap_template", "uid={user},dc=example")];
    admin.post("/admin/directory/test", &directory).await;
    let provider = [("oidc_issuer", "http://127.0.0.1:1"), ("oidc_client_id", "desk"), ("oidc_no_secret", "yes")];
    admin.post("/admin/single-sign-on/test", &provider).await;
    admin.post(&format!("/admin/sources/{}/check", web.source.id), &[]).await;
    let way_out = web.flow.directory().destinations.values().next().unwrap().clone();
    admin.post(&format!("/admin/destinations/{}/send", way_out.id), &[]).await;

    let told = deeds(&web).await;
    let names: Vec<&str> = told.iter().map(|(name, _)| &**name).collect();
    let of = ["Mail of sales", "without a name", "Out", "settings", "settings", &web.source.name, &way_out.name];
    assert_eq!(names, of);
    assert_eq!(told[0].1, works(""));
    assert!(fails(&told[1].1, "", "sign in") || fails(&told[1].1, "", "password"), "{:?}", told[1]);
    assert!(fails(&told[2].1, "", "127.0.0.1"), "{:?}", told[2]);
    assert!(fails(&told[3].1, "directory server", "127.0.0.1"), "{:?}", told[3]);
    assert!(fails(&told[4].1, "single sign-on", ""), "{:?}", told[4]);
    assert_ne!(told[4].1, works("single sign-on"));
    assert_eq!([&told[5].1, &told[6].1], [&Deed::Hurried, &Deed::Hurried]);

    let page = admin.get("/audit?activity=configuration").await.body;
    for words in [
        "tried it out: it works",
        "tried the directory server out: ",
        "tried the single sign-on out: ",
        "told it to look for mail at once",
        "told it to send what is due at once",
    ] {
        assert!(page.contains(words), "{words}: {page}");
    }
    assert!(!page.contains("hush"), "no password is told");
}

#[tokio::test]
async fn only_administrators_hurry_and_only_what_is_there() {
    let (web, _folder) = desk().await;
    let bob = web.add_agent("bob").await;
    assert!(web.flow.desk(bob).admin().is_err());
    let nothing: mailflow_core::id::SourceId = web.desk().new_id();
    let refused = web.desk().admin().unwrap().wake(nothing).await.unwrap_err();
    assert!(refused.to_string().contains("there is no source or destination"), "{refused}");
    assert_eq!(deeds(&web).await, []);
}
