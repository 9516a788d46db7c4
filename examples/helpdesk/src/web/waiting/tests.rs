use std::time::Duration;

use mailflow_core::time::Clock as _;

use crate::web::testing::{Browser, Shown, Web};

const MAIL: &str = "From: Ada <ada@one.example>\nTo: support@example.com\nSubject: Printer\nMessage-ID: <1@one.example>\n\nIt smokes.\n";

/// Sends an answer, by default in an hour.
async fn send(web: &Web, browser: &Browser<'_>, more: &[(&str, &str)]) -> Shown {
    let revision = web.desk().ticket(1).await.unwrap().revision.to_string();
    let at = web.clock.now().plus(Duration::from_secs(3600)).as_millis().to_string();
    let known = [("action", "send"), ("to", "ada@one.example"), ("text", "Use water."), ("revision", &revision)];
    let time = [("later", "2027-01-31T09:00"), ("later_utc", at.as_str())];
    let fields: Vec<_> = known.into_iter().chain(time).chain(more.iter().copied()).collect();
    browser.post("/ticket/1/composer", &fields).await
}

fn path(page: &Shown) -> String {
    let path = page.body.split("action=\"").find(|it| it.starts_with("/waiting/")).unwrap();
    path.split('"').next().unwrap().to_owned()
}

#[tokio::test]
async fn what_is_sent_later_waits_is_sent_at_another_time_and_now() {
    let web = Web::open().await;
    web.receive(MAIL).await;
    let admin = web.admin().await;
    assert!(admin.get("/waiting").await.body.contains("Nothing of yours waits"));
    assert_eq!(send(&web, &admin, &[]).await.status, 303);
    let page = admin.get("/waiting").await;
    assert!(page.body.contains("to ada@one.example") && page.body.contains("Use water."), "{}", page.body);
    assert!(page.body.contains("Waiting to be sent <span class=\"count\">1"), "it stands in the menu: {}", page.body);
    let bob = web.add_agent("bob").await;
    let bob = web.browser(bob).await;
    assert!(bob.get("/waiting").await.body.contains("Nothing of yours waits"));
    for action in ["undo", "now", "time"] {
        let refused = bob.post(&path(&page), &[("action", action), ("later", "2027-01-31T09:00")]).await;
        assert_eq!(refused.status, 404, "{action}");
    }
    // Two hours later than it was; what is over, too far away or no time is refused.
    let at = |hours: u64| web.clock.now().plus(Duration::from_secs(hours * 3600)).as_millis().to_string();
    for (later, utc) in [("x", ""), ("", ""), ("2027-01-31T09:00", "1000"), ("2027-01-31T09:00", &at(9000))] {
        let fields = [("action", "time"), ("later", later), ("later_utc", utc)];
        assert_eq!(admin.post(&path(&page), &fields).await.status, 422, "{later} {utc}");
    }
    let fields = [("action", "time"), ("later", "2027-01-31T09:00"), ("later_utc", &at(3))];
    assert_eq!(admin.post(&path(&page), &fields).await.location(), "/waiting?did=time");
    web.later(Duration::from_secs(2 * 3600));
    web.flow.deliver().await.unwrap();
    assert!(web.outside.sent().is_empty(), "its time has not come");
    assert_eq!(admin.post(&path(&page), &[("action", "now")]).await.location(), "/waiting?did=now");
    web.flow.deliver().await.unwrap();
    assert_eq!(web.outside.sent().len(), 1);
    assert!(admin.get("/waiting").await.body.contains("Nothing of yours waits"));
}

#[tokio::test]
async fn what_is_pulled_back_opens_the_composer_as_it_was() {
    let web = Web::open().await;
    web.receive(MAIL).await;
    let admin = web.admin().await;
    let more = [("cc", "bo@two.example"), ("subject", "Smoke"), ("signature", "none")];
    assert_eq!(send(&web, &admin, &more).await.status, 303);
    let page = admin.get("/waiting").await;
    assert_eq!(admin.post(&path(&page), &[("action", "undo")]).await.location(), "/ticket/1#composer");
    let ticket = admin.get("/ticket/1").await;
    let (cc, subject, later) = (ticket.value_of("cc"), ticket.value_of("subject"), ticket.value_of("later"));
    assert_eq!((cc.as_str(), subject.as_str()), ("bo@two.example", "Smoke"));
    assert!(!later.is_empty() && ticket.body.contains("Use water."), "{}", ticket.body);
    web.later(Duration::from_secs(5 * 3600));
    web.flow.deliver().await.unwrap();
    assert!(web.outside.sent().is_empty());
    assert_eq!(admin.post(&path(&page), &[("action", "undo")]).await.status, 422, "it is too late for it");
}

#[tokio::test]
async fn ac_22_a_mail_of_the_customer_pauses_what_waits_and_its_author_is_asked() {
    let web = Web::open().await;
    web.receive(MAIL).await;
    let admin = web.admin().await;
    send(&web, &admin, &[]).await;
    let id = web.desk().conversation(1).await.unwrap().messages().next().unwrap().message_id.clone().unwrap();
    web.receive(&format!("In-Reply-To: {id}\n{}", MAIL.replace("<1@", "<2@").replace("smokes", "stopped"))).await;
    assert!(admin.get("/waiting").await.body.contains("it will not be sent without asking you"));
    web.later(Duration::from_secs(2 * 3600));
    web.flow.deliver().await.unwrap();
    assert!(web.outside.sent().is_empty());
    let page = admin.get("/waiting").await;
    for words in ["Not sent: the customer wrote after this was written.", "It stopped.", "Send anyway", "count new"] {
        assert!(page.body.contains(words), "{words}: {}", page.body);
    }
    let later = web.clock.now().plus(Duration::from_secs(3600)).as_millis().to_string();
    let fields = [("action", "time"), ("later", "2027-01-31T09:00"), ("later_utc", later.as_str())];
    assert_eq!(admin.post(&path(&page), &fields).await.status, 422, "first he decides");
    admin.post(&path(&page), &[("action", "now")]).await;
    web.flow.deliver().await.unwrap();
    assert_eq!(web.outside.sent().len(), 1);
}

#[tokio::test]
async fn the_signature_is_chosen_for_each_message_and_stands_where_it_will_stand() {
    use mailflow_core::agent::Agent;
    use mailflow_core::group::Group;

    let web = Web::open().await;
    web.receive(MAIL).await;
    let bob = web.add_agent("bob").await;
    let (known, group) = (web.flow.directory().agents[&bob].clone(), web.desk().new_id());
    let desk = web.flow.admin();
    let signed =
        Group { members: [bob].into(), signature: "Second <line>".to_owned(), ..Group::new(group, "Second") };
    desk.save(&signed).await.unwrap();
    desk.save(&Group { signature: "Not his".to_owned(), ..Group::new(web.desk().new_id(), "Third") }).await.unwrap();
    desk.save(&Agent { signature: "Bob himself".to_owned(), ..known }).await.unwrap();
    let browser = web.browser(bob).await;
    let page = browser.get("/ticket/1?compose=reply").await.body;
    assert!(page.contains("<span data-signature>Bob himself</span>"), "{page}");
    assert!(page.contains("That of the group Second") && !page.contains("Not his"), "{page}");
    for (chosen, below) in [("own", "Bob himself"), ("none", ""), (&*group.to_string(), "Second <line>")] {
        let revision = web.desk().ticket(1).await.unwrap().revision.to_string();
        let fields = [
            ("to", "ada@one.example"),
            ("text", "Use water."),
            ("revision", revision.as_str()),
            ("signature", chosen),
        ];
        let with = |action| [[("action", action)].as_slice(), &fields].concat();
        browser.post("/ticket/1/composer", &with("save")).await;
        let page = browser.get("/ticket/1").await.body;
        let shown = below.replace('<', "&#60;").replace('>', "&#62;");
        assert!(page.contains(&format!("<span data-signature>{shown}</span>")), "the draft keeps it: {page}");
        assert_eq!(browser.post("/ticket/1/composer", &with("send")).await.status, 303);
        web.deliver().await;
        let sent = web.outside.sent();
        let text = mailflow_core::mail::parse(&sent.last().unwrap().1, &Default::default()).text;
        let body = text.split("\n\nReference:").next().unwrap().trim_end();
        let expected = if below.is_empty() { "Use water.".to_owned() } else { format!("Use water.\n\n-- \n{below}") };
        assert_eq!(body, expected, "{chosen}");
    }
}
