use mailflow_core::access::{Scope, Securable};
use mailflow_core::decision::reply::Reply;
use mailflow_core::ticketbox::Ticketbox;

use crate::web::testing::Web;

const MAIL: &str = "From: Ada <ada@one.example>\nTo: support@example.com\nSubject: =1+2\n\nIt smokes.\n";

#[tokio::test]
async fn a_change_of_the_configuration_is_shown_with_what_it_was_and_is() {
    let web = Web::open().await;
    let admin = web.admin().await;
    let path = format!("/admin/ticketboxes/{}", web.support.id);
    let changed = Ticketbox { name: "Help <desk>".to_owned(), ..web.support.clone() };
    web.desk().admin().unwrap().save(&changed).await.unwrap();
    for page in [admin.get(&path).await.body, admin.get("/audit?activity=configuration").await.body] {
        assert!(page.contains("<del>Support</del>") && page.contains("<ins>Help &#60;desk&#62;</ins>"), "{page}");
        assert!(page.contains("Administrator"), "{page}");
    }
    assert!(admin.get(&path).await.body.contains("All changes"));
}

#[tokio::test]
async fn the_audit_is_filtered_by_ticket_and_taken_along_without_formulas() {
    let web = Web::open().await;
    web.receive(MAIL).await;
    let admin = web.admin().await;
    let ticket = web.desk().ticket(1).await.unwrap();
    web.desk().note(ticket.id, "words").await.unwrap();
    let page = admin.get("/audit?ticket=1").await.body;
    assert!(page.contains("wrote a note") && page.contains("href=\"/ticket/1\""), "{page}");
    assert!(!admin.get("/audit?ticket=77").await.body.contains("wrote a note"));
    assert!(!admin.get("/audit?until=2001-01-01").await.body.contains("wrote a note"));
    let file = admin.get("/audit/audit.csv?ticket=1").await;
    assert!(file.body.contains("\"wrote a note\",\"#1 =1+2\""), "{}", file.body);
    assert!(file.header("content-disposition").contains("audit.csv"));
}

#[tokio::test]
async fn whoever_has_not_the_right_reads_nothing_and_others_only_what_they_see() {
    let web = Web::open().await;
    web.receive(MAIL).await;
    let bob = web.add_agent("bob").await;
    let ticket = web.desk().ticket(1).await.unwrap();
    web.desk().reply(ticket.id, Reply::text("Use water.")).await.unwrap();
    let browser = web.browser(bob).await;
    let page = browser.get("/audit").await.body;
    assert!(page.contains("answered") && !page.contains("the settings"), "{page}");
    let admin = web.flow.admin();
    let hidden = Scope::one(Securable::Ticketboxes, web.support.id.into());
    admin.save_access(hidden, Some(&[]), None).await.unwrap();
    assert!(!browser.get("/audit").await.body.contains("answered"), "the ticket is not for him any more");
    admin.save_access(Scope::default_of(Securable::AgentAudit), Some(&[]), None).await.unwrap();
    assert_eq!(browser.get("/audit").await.status, 403);
    assert_eq!(browser.get("/audit/audit.csv").await.status, 403);
}
