//! Opening a ticket by writing first, without a script.

use mailflow_core::access::{Scope, Securable};
use mailflow_core::ticket::{Priority, TicketState};

use super::outside;
use crate::web::testing::{Browser, Shown, Web};

/// The page of a new ticket, and its path.
async fn begin(browser: &Browser<'_>) -> (String, Shown) {
    let led = browser.get("/tickets/new").await;
    assert_eq!(led.status, 303);
    let path = led.location().to_owned();
    let page = browser.get(&path).await;
    assert_eq!(page.status, 200, "{}", page.body);
    (path, page)
}

/// What a person sends who has filled in the page.
async fn press(web: &Web, path: &str, page: &Shown, action: &str, more: &[(&str, &str)]) -> Shown {
    let message = page.value_of("message");
    let ticketbox = web.support.id.to_string();
    let mut fields = vec![
        ("message", None, &*message),
        ("purpose", None, "opening"),
        ("ticketbox", None, &*ticketbox),
        ("to", None, "Ada <ada@one.example>"),
        ("subject", None, "Your <printer>"),
        ("text", None, "Come and get it."),
    ];
    fields.extend(more.iter().map(|(name, value)| (*name, None, *value)));
    fields.push(("action", None, action));
    web.admin().await.post_files(path, &fields).await
}

#[tokio::test]
async fn a_ticket_is_opened_by_writing() {
    let web = Web::open().await;
    let admin = web.admin().await;
    assert!(admin.get("/tickets/mine").await.body.contains("href=\"/tickets/new\""), "the menu leads there");
    let (path, page) = begin(&admin).await;
    for part in [web.support.id.to_string(), web.sales.id.to_string(), "support@example.com".to_owned()] {
        assert!(page.body.contains(&part), "{part}: {}", page.body);
    }
    let more = [("priority", "high"), ("owner", ""), ("cc", "bob@two.example"), ("from", "support@example.com")];
    let sent = press(&web, &path, &page, "send", &more).await;
    assert!(sent.location().starts_with("/ticket/1#m-"), "{} {}", sent.location(), sent.body);
    web.deliver().await;
    let mail = outside(&web).remove(0);
    for part in ["To: Ada <ada@one.example>", "Cc: bob@two.example", "Subject: Your <printer>", "Come and get it."] {
        assert!(mail.contains(part), "{part}: {mail}");
    }
    let conversation = web.desk().conversation(1).await.unwrap();
    assert_eq!((conversation.ticket.priority, conversation.ticket.owner), (Priority::High, None));
    assert_eq!(conversation.contact.unwrap().name, "Ada");
    assert_eq!(admin.get(&path).await.location(), "/ticket/1", "the page leads to the ticket that it became");
    // The customer answers.
    let id = conversation.passages.iter().find_map(|passage| match passage {
        mailflow_core::flow::Passage::Message(message) => message.message_id.clone(),
        _ => None,
    });
    let answer = format!(
        "From: Ada <ada@one.example>\nTo: support@example.com\nSubject: Re: Your <printer>\nIn-Reply-To: {}\n\nToday?\n",
        id.unwrap()
    );
    web.receive(&answer).await;
    let page = admin.get("/ticket/1").await.body;
    assert!(page.contains("Today?") && page.contains("Come and get it."), "{page}");
}

#[tokio::test]
async fn what_is_begun_is_listed_comes_back_and_is_thrown_away() {
    let web = Web::open().await;
    let admin = web.admin().await;
    let (path, page) = begin(&admin).await;
    let saved = press(&web, &path, &page, "save", &[("subject", ""), ("priority", "urgent")]).await;
    assert_eq!((saved.status, saved.location()), (303, &*format!("{path}#composer")), "{}", saved.body);
    let drafts = admin.get("/drafts").await.body;
    for part in [&*format!("href=\"{path}#composer\""), "new ticket", "Come and get it."] {
        assert!(drafts.contains(part), "{part}: {drafts}");
    }
    let other = web.add_agent("bob").await;
    assert!(
        !web.browser(other).await.get(&path).await.body.contains("Come and get it."),
        "drafts are their author's"
    );
    let page = admin.get(&path).await;
    assert_eq!(page.value_of("to"), "Ada &#60;ada@one.example&#62;");
    assert!(
        page.body.contains("value=\"urgent\" selected") && page.body.contains("Come and get it."),
        "{}",
        page.body
    );
    press(&web, &path, &page, "discard", &[]).await;
    assert!(!admin.get("/drafts").await.body.contains("Come and get it."));
    assert_eq!(
        web.desk().tickets(&Default::default(), &mailflow_core::store::Page::first(9)).await.unwrap().rows.len(),
        0
    );
}

#[tokio::test]
async fn what_keeps_a_ticket_from_being_opened_is_said_and_the_words_stay() {
    let web = Web::open().await;
    let (path, page) = begin(&web.admin().await).await;
    for (wrong, status, words) in [
        (("subject", " "), 422, "say what the new ticket is about"),
        (("to", ""), 422, "Nothing was sent"),
        (("to", "ada at one"), 422, "ada at one"),
        (("from", "sales@example.com"), 422, "is not an address of ticketbox"),
    ] {
        let stopped = press(&web, &path, &page, "send", &[wrong]).await;
        assert_eq!(stopped.status, status, "{wrong:?}: {}", stopped.body);
        for part in [words, "Come and get it."] {
            assert!(stopped.body.to_lowercase().contains(&part.to_lowercase()), "{part}: {}", stopped.body);
        }
    }
    web.deliver().await;
    assert!(outside(&web).is_empty());
    assert_eq!(web.admin().await.get("/ticket/1").await.status, 404);
}

#[tokio::test]
async fn pressing_send_twice_opens_one_ticket() {
    let web = Web::open().await;
    let (path, page) = begin(&web.admin().await).await;
    let first = press(&web, &path, &page, "send-close", &[]).await;
    assert_eq!(first.location(), format!("/box/{}", web.support.id));
    let second = press(&web, &path, &page, "send-close", &[]).await;
    assert_eq!(second.location(), first.location(), "{}", second.body);
    web.deliver().await;
    assert_eq!(outside(&web).len(), 1);
    assert_eq!(web.admin().await.get("/ticket/2").await.status, 404);
    assert_eq!(web.desk().ticket(1).await.unwrap().state, TicketState::Closed);
    assert!(web.admin().await.get("/drafts").await.body.contains("You have begun no answer"));
}

#[tokio::test]
async fn who_may_write_nowhere_is_told_so_and_others_are_offered_what_they_may() {
    let web = Web::open().await;
    let bob = web.add_agent("bob").await;
    let bob = web.browser(bob).await;
    let sales = Scope::one(Securable::Ticketboxes, web.sales.id.into());
    web.flow.admin().save_access(sales, Some(&[]), None).await.unwrap();
    let page = begin(&bob).await.1.body;
    assert!(page.contains(&web.support.id.to_string()) && !page.contains(&web.sales.id.to_string()), "{page}");
    let all = Scope::default_of(Securable::Ticketboxes);
    web.flow.admin().save_access(all, Some(&[]), None).await.unwrap();
    let page = begin(&bob).await.1.body;
    assert!(page.contains("no ticketbox in which you may write") && !page.contains("<textarea"), "{page}");
}

#[tokio::test]
async fn a_first_message_that_was_pulled_back_is_written_on_in_its_ticket() {
    let web = Web::open().await;
    let (path, page) = begin(&web.admin().await).await;
    press(&web, &path, &page, "send", &[]).await;
    let page = web.admin().await.get("/ticket/1").await;
    let undo = page.body.split("action=\"").find(|it| it.contains("/delivery/")).unwrap().split('"').next().unwrap();
    web.admin().await.post(undo, &[("action", "undo")]).await;
    let page = web.admin().await.get("/ticket/1").await;
    assert_eq!(
        (page.value_of("purpose"), page.value_of("subject")),
        ("opening".to_owned(), "Your &#60;printer&#62;".to_owned())
    );
    let revision = page.value_of("revision");
    let again = [("revision", &*revision), ("subject", "Your printer")];
    let sent = press(&web, "/ticket/1/composer", &page, "send", &again).await;
    assert_eq!(sent.status, 303, "{}", sent.body);
    web.deliver().await;
    let mail = outside(&web).remove(0);
    assert!(mail.contains("Subject: Your printer [#1]") && !mail.contains("In-Reply-To"), "{mail}");
}
