use mailflow_core::decision::ticket::TicketWish;

use crate::web::testing::Web;

const MAIL: &str = "From: Ada <ada@one.example>\nTo: support@example.com\nSubject: Printer\n\nIt smokes.\n";

#[tokio::test]
async fn an_agent_is_told_and_what_he_clears_is_gone_on_all_his_devices() {
    let web = Web::open().await;
    web.receive(MAIL).await;
    let bob = web.add_agent("bob").await;
    let (one, other) = (web.browser(bob).await, web.browser(bob).await);
    assert!(one.get("/alerts").await.body.contains("Nothing to tell you"));
    let ticket = web.desk().ticket(1).await.unwrap();
    web.desk().change(ticket.id, TicketWish::Assign(Some(bob))).await.unwrap();
    let page = one.get("/alerts").await.body;
    assert!(page.contains("A ticket was given to you") && page.contains("href=\"/ticket/1\""), "{page}");
    assert!(page.contains("/preferences#assigned-label"), "{page}");
    assert!(one.fragment("/menu?here=/alerts").await.body.contains("/alerts"));
    let cause = page.split("name=\"cause\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let admin = web.admin().await;
    admin.post("/alerts/clear", &[("cause", &cause)]).await;
    assert!(other.get("/alerts").await.body.contains("given to you"), "it is not for others to clear");
    one.post("/alerts/clear", &[("cause", &cause)]).await;
    assert!(other.get("/alerts").await.body.contains("Nothing to tell you"));
}

#[tokio::test]
async fn the_grid_of_preferences_says_what_an_agent_is_told_of() {
    let web = Web::open().await;
    web.receive(MAIL).await;
    let bob = web.add_agent("bob").await;
    let browser = web.browser(bob).await;
    let page = browser.get("/preferences").await.body;
    assert!(page.contains("name=\"assigned\" value=\"inside\" checked"), "{page}");
    let fields =
        [("alerts", "yes"), ("undo_send_s", "10"), ("rows", "50"), ("times", "device"), ("approved", "inside")];
    assert_eq!(browser.post("/preferences", &fields).await.status, 303);
    let ticket = web.desk().ticket(1).await.unwrap();
    web.desk().change(ticket.id, TicketWish::Assign(Some(bob))).await.unwrap();
    assert!(browser.get("/alerts").await.body.contains("Nothing to tell you"));
}
