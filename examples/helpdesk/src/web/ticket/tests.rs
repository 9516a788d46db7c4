use crate::web::testing::Web;

const MAIL: &str = "From: Ada <ada@one.example>\nReply-To: desk@elsewhere.example\nTo: support@example.com\n\
                    Cc: bob@two.example\nSubject: Printer <i>4</i>\nMessage-ID: <1@one.example>\n\n\
                    It smokes <script>.\n> Does it smoke?\n";

#[tokio::test]
async fn a_ticket_shows_what_was_written_and_by_whom() {
    let web = Web::open().await;
    web.receive(MAIL).await;
    let page = web.admin().await.get("/ticket/1").await;
    assert_eq!(page.status, 200, "{}", page.body);
    for words in [
        "Printer &#60;i&#62;4&#60;/i&#62;",
        "It smokes &#60;script&#62;.",
        "replies go to desk@elsewhere.example",
        "bob@two.example",
        "1 quoted line",
        "Here because nothing ties it to a ticket",
        "id=\"unread\"",
    ] {
        assert!(page.body.contains(words), "{words}: {}", page.body);
    }
    assert!(!page.body.contains("<script>."));
}

#[tokio::test]
async fn why_a_message_is_here_is_told_step_by_step() {
    use mailflow_core::rule::{Rule, RuleEffect, RuleSet, Syntax, TextField, TextPattern};

    let web = Web::open().await;
    let subject = |pattern: &str| TextPattern {
        within: vec![TextField::Subject],
        pattern: pattern.to_owned(),
        syntax: Syntax::Expression,
    };
    let rule = |description: &str| Rule::new(web.desk().new_id(), description);
    let elsewhere = Rule { to: vec!["nobody@example.com".to_owned()], ..rule("For <nobody>") };
    let then = RuleEffect { ticketbox: Some(web.sales.id), ..RuleEffect::default() };
    let printers = Rule { text: vec![subject(r"printer\D+(?<printer>\d)")], then, ..rule("Printers") };
    let off = Rule { enabled: false, ..rule("Everything") };
    let before = web.flow.directory().rule_set.clone();
    let set = RuleSet { rules: vec![elsewhere, off, printers], ..before };
    web.flow.admin().save_rules(&set).await.unwrap();
    web.receive(MAIL).await;
    let page = web.admin().await.get("/ticket/1").await;
    for words in [
        "<summary>Why is this here?</summary>",
        "Here because nothing ties it to a ticket; rule 3 `Printers` matched.",
        "<li value=\"1\"><strong>For &#60;nobody&#62;</strong> it was sent to another address</li>",
        "<li value=\"2\"><strong>Everything</strong> is switched off</li>",
        "<li value=\"3\" class=\"matched\"><strong>Printers</strong> matches</li>",
        "<li>Filled printer.</li>",
        "<dt>printer</dt><dd>4</dd>",
    ] {
        assert!(page.body.contains(words), "{words}: {}", page.body);
    }
    // The rules change: those that were tried are not named any more.
    let now = web.flow.directory().rule_set.clone();
    web.flow.admin().save_rules(&RuleSet { rules: Vec::new(), ..now }).await.unwrap();
    let page = web.admin().await.get("/ticket/1").await;
    assert!(page.body.contains("The rules have been changed since"), "{}", page.body);
    assert!(!page.body.contains("<strong>Printers</strong>") && page.body.contains("rule 3 `Printers` matched"));
}

#[tokio::test]
async fn what_was_seen_is_not_new_any_more() {
    let web = Web::open().await;
    web.receive(MAIL).await;
    let admin = web.admin().await;
    assert!(admin.get("/ticket/1").await.body.contains("id=\"unread\""));
    assert!(!admin.get("/ticket/1").await.body.contains("id=\"unread\""));
    assert!(!admin.get("/tickets/open").await.body.contains("New: "));
    web.desk().note(web.desk().ticket(1).await.unwrap().id, "look at this").await.unwrap();
    let page = admin.get("/ticket/1").await.body;
    assert!(page.contains("Internal note, never sent") && page.contains("look at this"));
    let (before, after) = page.split_once("id=\"unread\"").unwrap();
    assert!(before.contains("It smokes") && after.contains("look at this"), "the note is what is new");
}

#[tokio::test]
async fn a_ticket_is_taken_closed_moved_and_opened_again_by_its_own_forms() {
    let web = Web::open().await;
    web.receive(MAIL).await;
    let admin = web.admin().await;
    let change = |name: &'static str, value: String| {
        let admin = &admin;
        async move { admin.post("/ticket/1/change", &[(name, &value)]).await }
    };
    assert_eq!(change("owner", "me".to_owned()).await.location(), "/ticket/1");
    change("ticketbox", web.sales.id.to_string()).await;
    change("priority", "urgent".to_owned()).await;
    change("state", "closed".to_owned()).await;
    let page = admin.get("/ticket/1").await.body;
    for words in [
        "Administrator took the ticket",
        "Administrator moved it from Support to Sales",
        "changed the priority from normal to urgent",
        "Administrator closed the ticket",
        ">Reopen<",
    ] {
        assert!(page.contains(words), "{words}: {page}");
    }
    change("state", "open".to_owned()).await;
    assert!(admin.get("/ticket/1").await.body.contains(">Close<"));
    assert_eq!(change("priority", "very".to_owned()).await.status, 404);
    assert_eq!(change("nothing", String::new()).await.status, 400);
}

#[tokio::test]
async fn a_ticket_that_is_not_there_is_said_in_words() {
    let web = Web::open().await;
    for path in ["/ticket/99", "/ticket/none", "/nowhere"] {
        let page = web.admin().await.get(path).await;
        assert_eq!(page.status, 404, "{path}");
        assert!(page.body.contains("To the tickets") && page.body.contains("role=\"alert\""), "{}", page.body);
    }
    let fragment = web.admin().await.fragment("/ticket/99").await;
    assert!(fragment.body.contains("role=\"alert\"") && !fragment.body.contains("<html"), "{}", fragment.body);
}

#[tokio::test]
async fn how_the_sending_goes_is_shown() {
    use mailflow_core::decision::reply::Reply;
    use mailflow_core::transport::{TransportError, TransportErrorKind};

    let web = Web::open().await;
    let ticket = web.receive(MAIL).await;
    web.desk().reply(ticket.id, Reply::text("Use water.")).await.unwrap();
    let admin = web.admin().await;
    assert!(admin.get("/ticket/1").await.body.contains("waiting to be sent"));
    let lost = TransportError::new(TransportErrorKind::Connection, "wait for the answer");
    web.outside.answer_next(Err(lost.perhaps_sent()));
    web.flow.deliver().await.unwrap();
    let page = admin.get("/ticket/1").await;
    assert!(
        page.body.contains("perhaps sent already, tried again in") && page.body.contains("Try again"),
        "{}",
        page.body
    );
    let path = page.body.split("action=\"").find(|it| it.contains("/delivery/")).unwrap().split('"').next().unwrap();
    assert_eq!(admin.post(path, &[("action", "retry")]).await.status, 303);
    web.flow.deliver().await.unwrap();
    let page = admin.get("/ticket/1").await;
    assert!(page.body.contains("class=\"delivery sent\""), "{}", page.body);
}
