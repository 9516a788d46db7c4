mod forward;
mod opening;

use crate::web::testing::{Browser, Shown, Web};

const MAIL: &str = "From: Ada <ada@one.example>\nTo: support@example.com, carl@three.example\nCc: bob@two.example\n\
                    Subject: Printer\nMessage-ID: <1@one.example>\n\nIt smokes.\n";

/// The fields of the composer that a page shows, with these words.
fn fields<'a>(page: &Shown, action: &'a str, text: &'a str) -> Vec<(&'static str, Option<&'static str>, String)> {
    let mut fields: Vec<(&'static str, Option<&'static str>, String)> =
        ["message", "answers", "revision", "to", "cc"]
            .into_iter()
            .map(|name| (name, None, page.value_of(name)))
            .collect();
    fields.push(("text", None, text.to_owned()));
    fields.push(("action", None, action.to_owned()));
    fields
}

async fn send(web: &Web, page: &Shown, action: &str, text: &str, more: &[(&str, Option<&str>, &str)]) -> Shown {
    send_as(&web.admin().await, page, action, text, more).await
}

async fn send_as(
    browser: &Browser<'_>,
    page: &Shown,
    action: &str,
    text: &str,
    more: &[(&str, Option<&str>, &str)],
) -> Shown {
    let fields = fields(page, action, text);
    let mut all: Vec<(&str, Option<&str>, &str)> =
        fields.iter().map(|(name, file, value)| (*name, *file, &**value)).collect();
    all.extend(more);
    browser.post_files("/ticket/1/composer", &all).await
}

fn outside(web: &Web) -> Vec<String> {
    web.outside.sent().iter().map(|(_, mail)| String::from_utf8_lossy(mail).into_owned()).collect()
}

#[tokio::test]
async fn an_answer_is_written_and_sent_without_a_script() {
    let web = Web::open().await;
    web.receive(MAIL).await;
    let page = web.admin().await.get("/ticket/1?compose=reply").await;
    assert_eq!(page.value_of("to"), "Ada &#60;ada@one.example&#62;");
    let done = send(&web, &page, "send", "Use water.\r\nPlease.", &[("to", None, "ada@one.example")]).await;
    assert_eq!(done.status, 303, "{}", done.body);
    assert!(done.location().starts_with("/ticket/1#m-"));
    web.deliver().await;
    assert!(outside(&web)[0].contains("Use water."), "{:?}", outside(&web));
    let page = web.admin().await.get("/ticket/1").await;
    assert!(page.body.contains("class=\"message ours\"") && !page.body.contains("data-draft"), "{}", page.body);
}

#[tokio::test]
async fn an_answer_to_all_goes_to_all_but_us() {
    let web = Web::open().await;
    web.receive(MAIL).await;
    let page = web.admin().await.get("/ticket/1?compose=all").await;
    assert_eq!(page.value_of("cc"), "carl@three.example, bob@two.example");
}

#[tokio::test]
async fn sending_twice_sends_once() {
    let web = Web::open().await;
    web.receive(MAIL).await;
    let page = web.admin().await.get("/ticket/1?compose=reply").await;
    let to = [("to", None, "ada@one.example")];
    assert_eq!(send(&web, &page, "send", "Use water.", &to).await.status, 303);
    let again = send(&web, &page, "send", "Use water.", &to).await;
    assert_eq!(again.status, 303, "{}", again.body);
    web.deliver().await;
    assert_eq!(outside(&web).len(), 1);
}

#[tokio::test]
async fn an_answer_over_something_unseen_is_stopped_and_nothing_of_it_is_lost() {
    let web = Web::open().await;
    web.receive(MAIL).await;
    let page = web.admin().await.get("/ticket/1?compose=reply").await;
    web.receive(
        "From: Ada <ada@one.example>\nTo: support@example.com\nSubject: Re: Printer\n\
                 In-Reply-To: <1@one.example>\n\nIt burns now!\n",
    )
    .await;
    let to = [("to", None, "ada@one.example")];
    let stopped = send(&web, &page, "send", "Use water.", &to).await;
    assert_eq!(stopped.status, 409);
    for words in ["It burns now!", "Send anyway", "Use water.", "Nothing was sent"] {
        assert!(stopped.body.contains(words), "{words}: {}", stopped.body);
    }
    web.deliver().await;
    assert!(outside(&web).is_empty());
    let sent = send(&web, &stopped, "send", "Use much water.", &to).await;
    assert_eq!(sent.status, 303, "{}", sent.body);
    web.deliver().await;
    assert!(outside(&web)[0].contains("Use much water."));
}

#[tokio::test]
async fn what_is_no_address_is_said_and_the_words_stay() {
    let web = Web::open().await;
    web.receive(MAIL).await;
    let page = web.admin().await.get("/ticket/1?compose=reply").await;
    let wrong = send(&web, &page, "send", "Use water.", &[("to", None, "ada at one")]).await;
    assert_eq!(wrong.status, 422);
    assert!(wrong.body.contains("ada at one") && wrong.body.contains("Use water."), "{}", wrong.body);
}

#[tokio::test]
async fn a_draft_comes_back_with_its_words_and_files() {
    let web = Web::open().await;
    web.receive(MAIL).await;
    let page = web.admin().await.get("/ticket/1?compose=reply").await;
    let to = ("to", None, "ada@one.example");
    let file = ("file", Some("plan <1>.txt"), "the plan");
    let saved = send(&web, &page, "save", "Use wa", &[to, file]).await;
    assert_eq!((saved.status, saved.location()), (303, "/ticket/1#composer"));
    let page = web.admin().await.get("/ticket/1").await;
    assert!(page.body.contains("Use wa") && page.body.contains("plan &#60;1&#62;.txt"), "{}", page.body);
    assert!(page.body.contains("Saved 22:14 UTC"), "{}", page.body);
    let sent = send(&web, &page, "send-close", "Use water.", &[to]).await;
    assert_eq!(sent.location(), format!("/box/{}", web.support.id));
    let ticket = web.desk().conversation(1).await.unwrap();
    assert!(ticket.draft.is_none() && ticket.ticket.closed.is_some());
    assert_eq!(ticket.messages().last().unwrap().attachments[0].filename.as_deref(), Some("plan <1>.txt"));
}

#[tokio::test]
async fn a_file_is_taken_out_of_a_draft_again() {
    let web = Web::open().await;
    web.receive(MAIL).await;
    let page = web.admin().await.get("/ticket/1?compose=reply").await;
    send(&web, &page, "attach", "", &[("file", Some("plan.txt"), "the plan")]).await;
    let page = web.admin().await.get("/ticket/1").await;
    let (_, rest) = page.body.split_once("value=\"remove:").unwrap();
    let remove = format!("remove:{}", rest.split('"').next().unwrap());
    send(&web, &page, &remove, "words", &[]).await;
    assert!(!web.admin().await.get("/ticket/1").await.body.contains("plan.txt"));
}

#[tokio::test]
async fn a_note_is_written_and_an_empty_one_refused() {
    let web = Web::open().await;
    web.receive(MAIL).await;
    let admin = web.admin().await;
    let page = admin.get("/ticket/1?compose=note").await;
    let message = page.value_of("message");
    let empty = admin.post("/ticket/1/composer", &[("action", "note"), ("message", &message), ("text", " ")]).await;
    assert_eq!(empty.status, 422, "{}", empty.body);
    let note = [("action", "note"), ("message", &*message), ("text", "call her\r\nback")];
    assert_eq!(admin.post("/ticket/1/composer", &note).await.status, 303);
    assert_eq!(admin.post("/ticket/1/composer", &note).await.status, 303, "twice is once");
    let page = admin.get("/ticket/1").await.body;
    assert_eq!(page.matches("call her\nback").count(), 1, "{page}");
}

#[tokio::test]
async fn sending_goes_on_to_who_has_waited_longest() {
    let web = Web::open().await;
    web.receive(MAIL).await;
    web.receive("From: x@two.example\nTo: support@example.com\nSubject: Older\n\na\n").await;
    web.receive("From: y@two.example\nTo: support@example.com\nSubject: Newer\n\nb\n").await;
    let page = web.admin().await.get("/ticket/1?compose=reply").await;
    let sent = send(&web, &page, "send-next", "Use water.", &[("to", None, "ada@one.example")]).await;
    assert_eq!(sent.location(), "/ticket/2#unread");
}

#[tokio::test]
async fn whoever_is_given_tickets_is_given_the_next_one_when_he_has_sent() {
    let web = Web::open().await;
    let bob = web.add_agent("bob").await;
    let agent = web.flow.directory().agents[&bob].clone();
    web.flow.admin().save(&mailflow_core::agent::Agent { get_oldest: true, ..agent }).await.unwrap();
    web.receive(MAIL).await;
    web.receive("From: x@two.example\nTo: support@example.com\nSubject: Older\n\na\n").await;
    web.receive("From: y@two.example\nTo: support@example.com\nSubject: Newer\n\nb\n").await;
    let browser = web.browser(bob).await;
    assert_eq!(browser.post("/oldest", &[]).await.location(), "/ticket/1");
    let page = browser.get("/ticket/1?compose=reply").await;
    for _ in ["once", "twice is once"] {
        let sent = send_as(&browser, &page, "send-next", "Use water.", &[("to", None, "ada@one.example")]).await;
        assert_eq!(sent.location(), "/ticket/2#unread");
    }
    let owner = async |number| web.desk().ticket(number).await.unwrap().owner;
    assert_eq!((owner(2).await, owner(3).await), (Some(bob), None));
}

#[tokio::test]
async fn the_composer_opens_in_place() {
    let web = Web::open().await;
    web.receive(MAIL).await;
    let fragment = web.admin().await.fragment("/ticket/1/composer/reply").await;
    assert!(fragment.body.contains("data-draft") && !fragment.body.contains("<html"), "{}", fragment.body);
    let page = web.admin().await.get("/ticket/1/composer/reply").await;
    assert_eq!(page.location(), "/ticket/1?compose=reply#composer");
}

#[tokio::test]
async fn what_was_sent_is_pulled_back_as_it_was() {
    let web = Web::open().await;
    web.receive(MAIL).await;
    let page = web.admin().await.get("/ticket/1?compose=reply").await;
    let sent = send(&web, &page, "send-close", "Use oil.", &[("to", None, "ada@one.example")]).await;
    assert_eq!(sent.status, 303, "{}", sent.body);
    let page = web.admin().await.get("/ticket/1").await;
    let path = page.body.split("action=\"").find(|it| it.contains("/delivery/")).unwrap().split('"').next().unwrap();
    let undone = web.admin().await.post(path, &[("action", "undo")]).await;
    assert_eq!(undone.location(), "/ticket/1#composer");
    web.deliver().await;
    assert!(outside(&web).is_empty(), "it was not sent");
    let page = web.admin().await.get("/ticket/1").await;
    assert!(page.body.contains(">Use oil.</textarea>"), "{}", page.body);
    assert!(page.body.contains(">Close<"), "the ticket is open again");
}
