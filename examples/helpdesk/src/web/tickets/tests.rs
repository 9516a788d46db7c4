use crate::web::testing::Web;

const MAIL: &str = "From: Ada <ada@one.example>\nTo: support@example.com\nSubject: The <b>printer</b>\n\
                    Message-ID: <1@one.example>\n\nIt is on fire & smells.\n";

#[tokio::test]
async fn a_list_shows_who_what_and_since_when() {
    let web = Web::open().await;
    web.receive(MAIL).await;
    let admin = web.admin().await;
    let page = admin.get("/tickets/open").await;
    assert_eq!(page.status, 200);
    for words in ["Ada", "The &#60;b&#62;printer&#60;/b&#62;", "It is on fire &#38; smells.", "#1", "New: "] {
        assert!(page.body.contains(words), "{words}: {}", page.body);
    }
    assert!(!page.body.contains("<b>printer"), "what customers write is never markup");
    assert!(page.header("content-security-policy").contains("script-src 'self'"));
    assert_eq!(page.header("cache-control"), "no-store");
    let fragment = admin.fragment("/tickets/open").await;
    assert!(fragment.body.contains("Ada") && !fragment.body.contains("<html"), "{}", fragment.body);
}

#[tokio::test]
async fn the_menu_counts_what_is_open_in_each_ticketbox() {
    let web = Web::open().await;
    web.receive(MAIL).await;
    let page = web.admin().await.get(&format!("/box/{}", web.support.id)).await;
    assert!(page.body.contains("<h1>Support</h1>"), "{}", page.body);
    assert!(page.body.contains("<span class=\"count\">1<span"), "{}", page.body);
    let sales = web.admin().await.get(&format!("/box/{}", web.sales.id)).await;
    assert!(sales.body.contains("No ticket here that fits"), "{}", sales.body);
}

#[tokio::test]
async fn chosen_tickets_are_closed_and_opened_again_without_a_script() {
    let web = Web::open().await;
    web.receive(MAIL).await;
    web.receive(&MAIL.replace("1@one", "2@one").replace("printer", "scanner")).await;
    let admin = web.admin().await;
    let fields = [("action", "close"), ("ticket", "1"), ("ticket", "2"), ("back", "/tickets/open")];
    let done = admin.post("/tickets/bulk", &fields).await;
    assert_eq!((done.status, done.location()), (303, "/tickets/open?did=close:1,2"));
    let page = admin.get(done.location()).await;
    assert!(page.body.contains("2 tickets closed") && page.body.contains("value=\"reopen\""), "{}", page.body);
    assert!(admin.get("/tickets/closed").await.body.contains("scanner"));
    admin.post("/tickets/bulk", &[("action", "reopen"), ("ticket", "2"), ("back", "/tickets/open")]).await;
    assert!(admin.get("/tickets/open").await.body.contains("scanner"));
}

#[tokio::test]
async fn moving_tickets_can_be_undone() {
    let web = Web::open().await;
    web.receive(MAIL).await;
    let admin = web.admin().await;
    let sales = web.sales.id.to_string();
    let fields = [("action", "move"), ("ticket", "1"), ("to", &*sales), ("back", "/tickets/open")];
    let done = admin.post("/tickets/bulk", &fields).await;
    assert_eq!(web.desk().ticket(1).await.unwrap().ticketbox, web.sales.id);
    let page = admin.get(done.location()).await;
    let back = page.value_of("to");
    assert_eq!(back, web.support.id.to_string());
}

#[tokio::test]
async fn a_list_goes_on_on_the_next_page() {
    let web = Web::open().await;
    for n in 0..53 {
        web.receive(&format!("From: a{n}@one.example\nTo: support@example.com\nSubject: Matter {n}.\n\nwords\n"))
            .await;
    }
    let admin = web.admin().await;
    let first = admin.get("/tickets/open").await;
    assert!(first.body.contains("Matter 52.") && !first.body.contains("Matter 2."));
    let next = first.body.split("href=\"").find(|it| it.starts_with("/tickets/open?after=")).unwrap();
    let second = admin.get(next.split('"').next().unwrap()).await;
    assert!(second.body.contains("Matter 2.") && !second.body.contains("Matter 52."), "{}", second.body);
}

#[tokio::test]
async fn a_form_from_another_site_changes_nothing() {
    let web = Web::open().await;
    web.receive(MAIL).await;
    let admin = web.admin().await;
    let request = admin
        .request(axum::http::Method::POST, "/tickets/bulk")
        .header("content-type", "application/x-www-form-urlencoded")
        .header("sec-fetch-site", "cross-site");
    let refused = admin.send(request.body("action=close&ticket=1&back=/".into()).unwrap()).await;
    assert_eq!(refused.status, 403);
    assert!(web.desk().ticket(1).await.unwrap().closed.is_none());
}
