//! Forwarding: what is shown to somebody else leaves whoever waits waiting, and what he answers comes back.

use std::collections::BTreeSet;
use std::time::Duration;

use mailflow_core::access::{Scope, Securable};
use mailflow_core::agent::{Agent, BUILT_IN_ADMINISTRATOR};
use mailflow_core::approval::Approver;
use mailflow_core::decision::reply::{AfterReply, Reply};
use mailflow_core::decision::route::Outcome::FollowUp;
use mailflow_core::draft::{Draft, Purpose};
use mailflow_core::flow::Error;
use mailflow_core::mail::{Mail, Mailbox, parse};
use mailflow_core::message::Message;
use mailflow_core::outgoing::{Outgoing, OutgoingState};
use mailflow_core::response::StandardResponse;
use mailflow_core::store::Page;
use mailflow_core::ticketbox::{AutoReply, Ticketbox};

use super::approving::agent;
use super::office::{Office, mail, outcome};

const WITH_FILES: &str = "From: Ada <ada@one.example>\nTo: support@example.com\nCc: bob@two.example\nSubject: Printer\n\
    Message-ID: <1@one.example>\nReferences: <0@one.example>\nDate: Tue, 14 Nov 2023 10:00:00 +0000\nMIME-Version: 1.0\n\
    Content-Type: multipart/mixed; boundary=b\n\n--b\n\nIt smokes.\n--b\nContent-Type: application/pdf\n\
    Content-Disposition: attachment; filename=\"plan.pdf\"\nContent-Transfer-Encoding: base64\n\ncGxhbg==\n--b\n\
    Content-Type: image/png\nContent-Disposition: attachment; filename=\"smoke.png\"\n\
    Content-Transfer-Encoding: base64\n\nc21va2U=\n--b--\n";

async fn office_with_files() -> Office {
    let office = Office::open().await;
    office.receive(WITH_FILES).await;
    office
}

fn carl() -> Vec<Mailbox> {
    vec![Mailbox::new("Carl", "carl@three.example".parse().unwrap())]
}

async fn first(office: &Office, number: u64) -> Message {
    office.messages(number).await.into_iter().next().unwrap()
}

async fn forward(office: &Office, wish: Reply) -> Result<Outgoing, Error> {
    let replied = office.desk().reply(office.ticket(1).await.id, Reply { to: carl(), ..wish }).await?;
    let outgoing = office.conversation(1).await.outgoing.into_values();
    Ok(outgoing.into_iter().find(|it| it.message == replied.message).unwrap())
}

async fn delivered(office: &Office) -> Vec<Mail> {
    office.clock.advance(Duration::from_secs(60));
    office.flow.deliver().await.unwrap();
    office.outside.sent().iter().map(|(_, bytes)| parse(bytes, &Default::default())).collect()
}

#[tokio::test]
async fn a_forward_shows_the_message_with_its_heading_and_files() {
    let office = office_with_files().await;
    let message = first(&office, 1).await;
    let agent = office.flow.directory().agents[&BUILT_IN_ADMINISTRATOR].clone();
    office.flow.admin().save(&Agent { signature: "Kim".to_owned(), ..agent }).await.unwrap();
    forward(&office, Reply::forward(&message, "Can you repair it?")).await.unwrap();
    let sent = delivered(&office).await.pop().unwrap();
    assert_eq!(sent.subject, "Fwd: Printer [#1]");
    assert_eq!(sent.to.iter().map(ToString::to_string).collect::<Vec<_>>(), ["Carl <carl@three.example>"]);
    assert!(sent.cc.is_empty(), "those who had the first mail get no copy");
    let expected = "Can you repair it?\n\n-- \nKim\n\n---------- Forwarded message ----------\n\
        From: Ada <ada@one.example>\nDate: Tue, 14 Nov 2023 10:00 UTC\nSubject: Printer\nTo: support@example.com\n\
        Cc: bob@two.example\n\nIt smokes.";
    assert!(sent.text.replace("\r\n", "\n").starts_with(expected), "{}", sent.text);
    let files: Vec<_> = sent.attachments.iter().map(|it| (it.filename.as_deref().unwrap(), &*it.content)).collect();
    assert_eq!(files, [("plan.pdf", &b"plan"[..]), ("smoke.png", b"smoke")]);
    assert!(sent.in_reply_to.is_empty(), "it answers nothing");
    let references: Vec<String> = sent.references.iter().map(ToString::to_string).collect();
    assert_eq!(references, ["<0@one.example>", "<1@one.example>"]);
    let ours = office.messages(1).await.pop().unwrap();
    assert_eq!((ours.forwards, ours.attachments.len()), (Some(message.id), 2));
    assert!(office.events(1).await.contains(&"forwarded".to_owned()));
}

#[tokio::test]
async fn files_of_a_forward_are_left_away_one_by_one() {
    let office = office_with_files().await;
    let message = first(&office, 1).await;
    forward(&office, Reply { carried: vec![1], ..Reply::forward(&message, "") }).await.unwrap();
    let sent = delivered(&office).await.pop().unwrap();
    assert_eq!(sent.attachments.len(), 1);
    assert_eq!(sent.attachments[0].filename.as_deref(), Some("smoke.png"));
    let none = forward(&office, Reply { carried: vec![2], ..Reply::forward(&message, "") }).await.unwrap_err();
    assert_eq!(none.refusal().unwrap().code(), "no_such");
}

#[tokio::test]
async fn a_subject_that_is_marked_or_written_stays() {
    let office = Office::open().await;
    office.receive(&mail("ada@one.example", "support@example.com", "FW: x", "1@one.example", "")).await;
    let message = first(&office, 1).await;
    forward(&office, Reply::forward(&message, "")).await.unwrap();
    let subject = Some("For you [#1]".to_owned());
    forward(&office, Reply { subject, ..Reply::forward(&message, "") }).await.unwrap();
    // Both are due in the same moment.
    let subjects: BTreeSet<String> = delivered(&office).await.into_iter().map(|it| it.subject).collect();
    assert_eq!(subjects, ["FW: x [#1]", "For you [#1]"].map(str::to_owned).into());
}

#[tokio::test]
async fn a_forward_is_no_answer_to_who_waits() {
    let office = office_with_files().await;
    let before = office.ticket(1).await;
    forward(&office, Reply::forward(&first(&office, 1).await, "Look")).await.unwrap();
    assert_eq!(delivered(&office).await.len(), 1);
    let after = office.ticket(1).await;
    assert_eq!((after.waiting_since, after.state), (before.waiting_since, before.state));
    assert_eq!(after.last, before.last, "lists show what waits");
    assert_eq!((after.messages, after.revision), (2, before.revision + 1), "others see it before they answer");
    assert!(after.waiting_since.is_some());
    // The control: an answer does all that.
    office.answer(1, "Use water.").await;
    let answered = office.ticket(1).await;
    assert_eq!(answered.waiting_since, None);
    assert_ne!(answered.last, before.last);
}

#[tokio::test]
async fn what_the_recipient_of_a_forward_answers_comes_into_the_ticket() {
    let office = office_with_files().await;
    forward(&office, Reply::forward(&first(&office, 1).await, "Look")).await.unwrap();
    let sent = delivered(&office).await.pop().unwrap();
    let id = sent.message_id.as_ref().unwrap();
    let by_id = mail(
        "carl@three.example",
        "support@example.com",
        "Re: Fwd: Printer",
        "2@three.example",
        &format!("In-Reply-To: {id}\n"),
    );
    assert_eq!(outcome(&office.receive(&by_id).await), (FollowUp, 1));
    let to = sent.reply_to[0].address.to_string();
    let by_address = mail("carl@three.example", &to, "something else", "3@three.example", "");
    assert_eq!(outcome(&office.receive(&by_address).await), (FollowUp, 1));
    let by_number = mail("carl@three.example", "support@example.com", "Re: Fwd: Printer [#1]", "4@three.example", "");
    assert_eq!(outcome(&office.receive(&by_number).await), (FollowUp, 1), "he takes part now");
}

#[tokio::test]
async fn a_mail_of_the_customer_during_the_hold_does_not_stop_a_forward() {
    let office = office_with_files().await;
    let message = first(&office, 1).await;
    forward(&office, Reply { undo_s: 10, ..Reply::forward(&message, "Look") }).await.unwrap();
    office.receive(&mail("ada@one.example", "support@example.com", "Re: Printer [#1]", "2@one.example", "")).await;
    assert_eq!(delivered(&office).await.len(), 1);
}

#[tokio::test]
async fn a_forward_that_is_pulled_back_and_a_begun_answer_do_not_displace_each_other() {
    let office = office_with_files().await;
    let (ticket, message) = (office.ticket(1).await, first(&office, 1).await);
    let outgoing = forward(&office, Reply { undo_s: 10, ..Reply::forward(&message, "Look") }).await.unwrap();
    let forwarded = office.desk().pull_back(outgoing.id).await.unwrap();
    assert_eq!((forwarded.purpose, &*forwarded.carried), (Purpose::Forward, &[0, 1][..]));
    let after = office.ticket(1).await;
    assert_eq!((after.waiting_since, after.last), (ticket.waiting_since, ticket.last));
    let answer = Draft {
        purpose: Purpose::Answer,
        message: office.desk().new_id(),
        text: "Use wa".to_owned(),
        ..forwarded.clone()
    };
    office.desk().save_draft(answer).await.unwrap();
    let conversation = office.conversation(1).await;
    assert_eq!(conversation.draft.unwrap().text, "Use wa");
    assert_eq!(conversation.forward.as_ref(), Some(&forwarded));
    assert_eq!(office.desk().drafts(&Page::first(10)).await.unwrap().rows.len(), 2);
    office.desk().discard_draft(ticket.id).await.unwrap();
    let left = office.conversation(1).await;
    assert_eq!((left.draft, left.forward.as_ref()), (None, Some(&forwarded)));
    let again = Reply {
        seen: mailflow_core::decision::reply::Seen::Revision(forwarded.seen_revision),
        ..Reply::forward(&message, "Look")
    };
    forward(&office, again).await.unwrap();
    assert_eq!(office.conversation(1).await.forward, None, "what is sent is no draft any more");
    assert!(delivered(&office).await.len() == 1);
}

#[tokio::test]
async fn a_forward_needs_the_approval_that_an_answer_needs_and_is_still_none_once_it_is_released() {
    let office = office_with_files().await;
    let lead = agent(&office, "lead", None).await;
    let author = agent(&office, "author", Some(Approver::Agent(lead))).await;
    let before = office.ticket(1).await;
    let wish = Reply { to: carl(), ..Reply::forward(&first(&office, 1).await, "Look") };
    office.flow.desk(author).reply(before.id, wish).await.unwrap();
    assert!(delivered(&office).await.is_empty());
    let [waiting] = &*office.flow.desk(lead).to_approve().await.unwrap() else { panic!("one waits") };
    office.flow.desk(lead).release(waiting.id, waiting.raw).await.unwrap();
    assert_eq!(delivered(&office).await.len(), 1);
    let after = office.ticket(1).await;
    assert_eq!((after.waiting_since, after.last), (before.waiting_since, before.last));
}

#[tokio::test]
async fn a_forward_that_is_returned_is_its_authors_draft_again() {
    let office = office_with_files().await;
    let lead = agent(&office, "lead", None).await;
    let author = office.flow.desk(agent(&office, "author", Some(Approver::Agent(lead))).await);
    let wish = Reply { to: carl(), ..Reply::forward(&first(&office, 1).await, "Look") };
    author.reply(office.ticket(1).await.id, wish).await.unwrap();
    let [waiting] = &*office.flow.desk(lead).to_approve().await.unwrap() else { panic!("one waits") };
    office.flow.desk(lead).give_back(waiting.id, "not to Carl").await.unwrap();
    let conversation = author.conversation(1).await.unwrap();
    let forward = conversation.forward.unwrap();
    assert_eq!((forward.returned.unwrap().note, forward.carried.len()), ("not to Carl".to_owned(), 2));
    assert_eq!(conversation.draft, None);
}

/// Whether the automatic answer that waits for its time is sent after something else was.
async fn automatic_answer_after(what: &str) -> bool {
    let office = Office::open().await;
    let response: StandardResponse = StandardResponse {
        id: office.flow.admin().new_id(),
        name: "Got it".to_owned(),
        subject: String::new(),
        text: "We got it.".to_owned(),
    };
    office.flow.admin().save(&response).await.unwrap();
    let auto_reply = Some(AutoReply { response: response.id, after_minutes: 5, quote: false, close: false });
    office.flow.admin().save(&Ticketbox { auto_reply, ..office.support.clone() }).await.unwrap();
    office.receive(&mail("ada@one.example", "support@example.com", "x", "1@one.example", "")).await;
    match what {
        "a forward" => {
            let message = first(&office, 1).await;
            forward(&office, Reply::forward(&message, "Look")).await.unwrap();
        }
        _ => drop(office.answer(1, "Use water.").await),
    }
    office.clock.advance(Duration::from_secs(600));
    delivered(&office).await.iter().any(|it| it.text.contains("We got it."))
}

#[tokio::test]
async fn an_automatic_answer_is_sent_after_a_forward_but_not_after_an_answer() {
    assert!(automatic_answer_after("a forward").await);
    assert!(!automatic_answer_after("an answer").await);
}

#[tokio::test]
async fn a_forward_shows_a_message_of_its_own_ticket_to_somebody_and_closes_nothing() {
    let office = office_with_files().await;
    office.receive(&mail("eve@one.example", "sales@example.com", "secret", "9@one.example", "")).await;
    let (message, other) = (first(&office, 1).await, first(&office, 2).await);
    let wish = Reply::forward(&message, "");
    let ticket = office.ticket(1).await.id;
    let code = |error: Error| error.refusal().unwrap().code();
    let nobody = office.desk().reply(ticket, wish.clone()).await.unwrap_err();
    assert_eq!(code(nobody), "no_recipient", "not to whoever wrote it");
    let none = forward(&office, Reply { answers: None, carried: Vec::new(), ..wish.clone() }).await.unwrap_err();
    assert_eq!(code(none), "no_such");
    let elsewhere = forward(&office, Reply { answers: Some(other.id), carried: Vec::new(), ..wish.clone() }).await;
    assert_eq!(code(elsewhere.unwrap_err()), "no_such");
    let closing = forward(&office, Reply { then: AfterReply::Close, ..wish.clone() }).await.unwrap_err();
    assert_eq!(code(closing), "invalid");
    assert!(delivered(&office).await.is_empty());
    assert_eq!(office.messages(1).await.len(), 1);
}

#[tokio::test]
async fn files_of_a_ticket_that_is_not_seen_go_with_nothing() {
    let office = Office::open().await;
    office.receive(&mail("ada@one.example", "support@example.com", "x", "5@one.example", "")).await;
    office.receive(&WITH_FILES.replace("support@", "sales@")).await;
    let reader = agent(&office, "reader", None).await;
    let sales = Scope::one(Securable::Ticketboxes, office.sales.id.into());
    office.flow.admin().save_access(sales, Some(&[]), None).await.unwrap();
    let hidden = first(&office, 2).await;
    let wish = Reply { to: carl(), answers: Some(hidden.id), carried: vec![0], ..Reply::text("Look") };
    let refused = office.flow.desk(reader).reply(office.ticket(1).await.id, wish.clone()).await.unwrap_err();
    assert_eq!(refused.refusal().unwrap().code(), "no_such");
    let elsewhere = office.desk().reply(office.ticket(1).await.id, wish).await.unwrap_err();
    assert_eq!(elsewhere.refusal().unwrap().code(), "no_such", "nor out of one ticket into another");
}

#[tokio::test]
async fn a_forward_that_is_sent_later_waits_and_is_paused_by_nobody() {
    let office = office_with_files().await;
    let send_at = Some(office.flow.now().plus(Duration::from_secs(3600)));
    let wish = Reply { send_at, ..Reply::forward(&first(&office, 1).await, "Look") };
    let outgoing = forward(&office, wish).await.unwrap();
    assert!(delivered(&office).await.is_empty());
    assert_eq!(outgoing.state, OutgoingState::Queued);
    office.clock.advance(Duration::from_secs(3600));
    assert_eq!(delivered(&office).await.len(), 1);
}
