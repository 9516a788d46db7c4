//! Forwarding, without a script.

use mailflow_core::draft::Purpose;

use super::outside;
use crate::web::testing::{Shown, Web};

const WITH_FILES: &str = "From: Ada <ada@one.example>\nTo: support@example.com\nSubject: Printer\n\
    Message-ID: <1@one.example>\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\nIt <smokes>.\n\
    --b\nContent-Type: text/plain\nContent-Disposition: attachment; filename=\"plan.txt\"\n\nthe plan\n--b\n\
    Content-Type: text/plain\nContent-Disposition: attachment; filename=\"secret.txt\"\n\nthe secret\n--b--\n";

/// What a person sends who sees this composer, presses a button and has unticked all files but these.
async fn press(web: &Web, page: &Shown, action: &str, carry: &[&str], more: &[(&str, &str)]) -> Shown {
    let values = ["message", "purpose", "answers", "revision", "subject"].map(|name| (name, page.value_of(name)));
    let mut fields: Vec<(&str, Option<&str>, &str)> =
        values.iter().map(|(name, value)| (*name, None, &**value)).collect();
    fields.extend(carry.iter().map(|place| ("carry", None, *place)));
    fields.extend(more.iter().map(|(name, value)| (*name, None, *value)));
    fields.push(("action", None, action));
    web.admin().await.post_files("/ticket/1/composer", &fields).await
}

async fn web_with_files() -> Web {
    let web = Web::open().await;
    web.receive(WITH_FILES).await;
    web
}

#[tokio::test]
async fn a_message_is_forwarded_with_the_files_that_are_ticked_and_who_waits_still_waits() {
    let web = web_with_files().await;
    let page = web.admin().await.get("/ticket/1").await;
    let message = web.desk().conversation(1).await.unwrap().messages().next().unwrap().id;
    let link = format!("/ticket/1?compose=forward&#38;answers={message}#composer");
    assert!(page.body.contains(&link) || page.body.contains(&link.replace("&#38;", "&amp;")), "{}", page.body);
    let page = web.admin().await.get(&format!("/ticket/1?compose=forward&answers={message}")).await;
    assert_eq!((page.value_of("to"), page.value_of("subject")), (String::new(), "Fwd: Printer".to_owned()));
    for part in [
        "\n\n\n---------- Forwarded message ----------\nFrom: Ada &#60;ada@one.example&#62;\n",
        "It &#60;smokes&#62;.",
        "name=\"carry\" value=\"0\" checked",
        "secret.txt",
    ] {
        assert!(page.body.contains(part), "{part}: {}", page.body);
    }
    assert!(!page.body.contains("Send and close"), "a forward closes nothing");
    let words =
        [("to", "carl@three.example"), ("text", "Can you?\r\n\r\n---------- Forwarded message ----------\r\nx")];
    let sent = press(&web, &page, "send", &["0"], &words).await;
    assert_eq!(sent.status, 303, "{}", sent.body);
    web.deliver().await;
    let mail = outside(&web).remove(0);
    for part in ["To: carl@three.example", "Subject: Fwd: Printer [#1]", "Can you?", "plan.txt"] {
        assert!(mail.contains(part), "{part}: {mail}");
    }
    assert!(!mail.contains("secret.txt"), "{mail}");
    let page = web.admin().await.get("/ticket/1").await.body;
    for part in
        ["waiting for an answer", "<span class=\"tag\">forwarded</span>", "forwarded a message to carl@three.example"]
    {
        assert!(page.contains(part), "{part}: {page}");
    }
}

#[tokio::test]
async fn a_forward_to_nobody_is_not_sent_and_nothing_of_it_is_lost() {
    let web = web_with_files().await;
    let page = web.admin().await.get("/ticket/1?compose=forward").await;
    let stopped = press(&web, &page, "send", &["1"], &[("text", "Can you?")]).await;
    assert_eq!(stopped.status, 422, "{}", stopped.body);
    assert!(stopped.body.contains("Can you?") && stopped.body.contains("Nothing was sent"), "{}", stopped.body);
    assert!(stopped.body.contains("value=\"1\" checked") && !stopped.body.contains("value=\"0\" checked"));
    web.deliver().await;
    assert!(outside(&web).is_empty());
}

#[tokio::test]
async fn an_answer_and_a_forward_are_begun_side_by_side() {
    let web = web_with_files().await;
    let admin = web.admin().await;
    let page = admin.get("/ticket/1?compose=forward").await;
    press(&web, &page, "save", &["0"], &[("text", "Can you?"), ("to", "carl@three.example")]).await;
    let page = admin.get("/ticket/1?compose=reply").await;
    assert!(!page.body.contains("Can you?"), "the answer begins empty: {}", page.body);
    assert!(page.body.contains("/ticket/1?compose=forward#composer\">Go on with it"), "{}", page.body);
    press(&web, &page, "save", &[], &[("text", "Use wa"), ("to", "ada@one.example")]).await;
    let drafts = admin.get("/drafts").await.body;
    for part in ["Can you?", "Use wa", "/ticket/1?compose=forward#composer", "/ticket/1?compose=draft#composer"] {
        assert!(drafts.contains(part), "{part}: {drafts}");
    }
    let forward = admin.get("/ticket/1?compose=forward").await;
    assert_eq!(forward.value_of("to"), "carl@three.example");
    assert!(forward.body.contains("Can you?") && forward.body.contains("value=\"0\" checked"), "{}", forward.body);
    assert!(!forward.body.contains("value=\"1\" checked"), "{}", forward.body);
    let answer = admin.get("/ticket/1?compose=draft").await;
    assert!(answer.body.contains("Use wa"), "{}", answer.body);
    press(&web, &forward, "discard", &[], &[]).await;
    let left = web.desk().conversation(1).await.unwrap();
    assert_eq!((left.draft.map(|draft| draft.purpose), left.forward), (Some(Purpose::Answer), None));
}

#[tokio::test]
async fn another_message_is_not_forwarded_over_a_forward_that_was_begun() {
    let web = web_with_files().await;
    web.receive(
        "From: Ada <ada@one.example>\nTo: support@example.com\nSubject: Re: Printer\n\
         In-Reply-To: <1@one.example>\n\nIt burns now!\n",
    )
    .await;
    let messages: Vec<_> = web.desk().conversation(1).await.unwrap().messages().map(|it| it.id).collect();
    let of = |place: usize| format!("/ticket/1?compose=forward&answers={}", messages[place]);
    let page = web.admin().await.get(&of(0)).await;
    // As it was: nothing is lost if another one is forwarded instead.
    let text = page.body.split("data-words>").nth(1).unwrap().split("</textarea>").next().unwrap();
    let text = text.replace("&#60;", "<").replace("&#62;", ">");
    press(&web, &page, "save", &["0", "1"], &[("text", &text)]).await;
    let other = web.admin().await.get(&of(1)).await;
    assert_eq!(other.value_of("answers"), messages[1].to_string());
    press(&web, &page, "save", &["0", "1"], &[("text", "Can you?")]).await;
    let other = web.admin().await.get(&of(1)).await;
    assert_eq!(other.value_of("answers"), messages[0].to_string());
    assert!(other.body.contains("You have begun to forward another message"), "{}", other.body);
}

#[tokio::test]
async fn a_forward_that_was_pulled_back_is_begun_again_as_it_was() {
    let web = web_with_files().await;
    let page = web.admin().await.get("/ticket/1?compose=forward").await;
    press(&web, &page, "send", &["1"], &[("text", "Can you?"), ("to", "carl@three.example")]).await;
    let page = web.admin().await.get("/ticket/1").await;
    let path = page.body.split("action=\"").find(|it| it.contains("/delivery/")).unwrap().split('"').next().unwrap();
    let undone = web.admin().await.post(path, &[("action", "undo")]).await;
    assert_eq!(undone.location(), "/ticket/1#composer");
    web.deliver().await;
    assert!(outside(&web).is_empty());
    let page = web.admin().await.get("/ticket/1").await;
    assert_eq!(
        (page.value_of("purpose"), page.value_of("to")),
        ("forward".to_owned(), "carl@three.example".to_owned())
    );
    assert!(page.body.contains("value=\"1\" checked") && page.body.contains("Can you?"), "{}", page.body);
}
