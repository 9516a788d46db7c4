//! Sending: AC-22, and answers that meet something new.

use std::time::Duration;

use mailflow_core::decision::reply::{AfterReply, Reply, Seen};
use mailflow_core::destination::{Destination, PerhapsSent};
use mailflow_core::outgoing::{Outgoing, OutgoingState};
use mailflow_core::refusal::Refusal;
use mailflow_core::ticket::TicketState;
use mailflow_core::transport::{TransportError, TransportErrorKind, Verdict};

use super::office::{Office, mail};

async fn office_with_ticket() -> Office {
    let office = Office::open().await;
    office.receive(&mail("ada@one.example", "support@example.com", "x", "1@one.example", "")).await;
    office
}

async fn outgoing(office: &Office) -> Outgoing {
    office.conversation(1).await.outgoing.into_values().next().unwrap()
}

async fn reply(office: &Office, words: &str) {
    let ticket = office.ticket(1).await;
    office.desk().reply(ticket.id, Reply::text(words)).await.unwrap();
}

fn lost() -> TransportError {
    TransportError::new(TransportErrorKind::Connection, "the connection was lost")
}

#[tokio::test]
async fn ac_22_a_mail_that_is_deferred_is_tried_again_with_the_same_bytes() {
    let office = office_with_ticket().await;
    reply(&office, "words").await;
    office.outside.answer_next(Ok(Verdict::Deferred));
    office.flow.deliver().await.unwrap();
    assert_eq!(outgoing(&office).await.state, OutgoingState::Queued);
    office.flow.deliver().await.unwrap();
    assert!(office.outside.sent().is_empty(), "not before its time");
    office.clock.advance(Duration::from_secs(61));
    office.flow.deliver().await.unwrap();
    let after = outgoing(&office).await;
    assert_eq!((after.state, after.attempts, after.may_be_double), (OutgoingState::Sent, 2, false));
}

#[tokio::test]
async fn ac_22_a_refusal_is_final_at_once_and_opens_the_ticket() {
    let office = office_with_ticket().await;
    let ticket = office.ticket(1).await;
    let wish = Reply { then: AfterReply::Close, ..Reply::text("words") };
    office.desk().reply(ticket.id, wish).await.unwrap();
    assert_eq!(office.ticket(1).await.state, TicketState::Closed);
    office.outside.answer_next(Ok(Verdict::Refused));
    office.flow.deliver().await.unwrap();
    assert_eq!(outgoing(&office).await.state, OutgoingState::Failed);
    assert_eq!(office.ticket(1).await.state, TicketState::Open);
    assert!(office.events(1).await.contains(&"not_delivered".to_owned()));
    office.clock.days(1);
    office.flow.deliver().await.unwrap();
    assert!(office.outside.sent().is_empty(), "no means no");
}

#[tokio::test]
async fn ac_22_perhaps_sent_is_said_and_goes_as_the_destination_says() {
    for (policy, state, sends) in
        [(PerhapsSent::Retry, OutgoingState::Queued, 1), (PerhapsSent::Hold, OutgoingState::PerhapsSent, 0)]
    {
        let office = office_with_ticket().await;
        let destination = office.flow.directory().default_destination().unwrap().clone();
        office.flow.admin().save(&Destination { perhaps_sent: policy, ..destination }).await.unwrap();
        reply(&office, "words").await;
        office.outside.answer_next(Err(lost().perhaps_sent()));
        office.flow.deliver().await.unwrap();
        let after = outgoing(&office).await;
        assert_eq!((after.state, after.may_be_double), (state, true));
        assert!(office.events(1).await.contains(&"perhaps_sent".to_owned()));
        office.clock.advance(Duration::from_secs(61));
        office.flow.deliver().await.unwrap();
        assert_eq!(office.outside.sent().len(), sends);
    }
}

#[tokio::test]
async fn ac_22_a_server_that_stays_dead_fails_the_mail_after_its_time() {
    let office = office_with_ticket().await;
    reply(&office, "words").await;
    let mut tries = 0;
    while outgoing(&office).await.state == OutgoingState::Queued {
        office.outside.answer_next(Err(lost()));
        office.flow.deliver().await.unwrap();
        office.clock.advance(Duration::from_secs(60 * 60));
        tries += 1;
        assert!(tries < 100, "it is given up at last");
    }
    assert_eq!(outgoing(&office).await.state, OutgoingState::Failed);
    assert!(tries >= 24, "not before its time: {tries} tries");
}

#[tokio::test]
async fn an_answer_to_a_ticket_that_has_changed_is_stopped_not_sent() {
    let office = office_with_ticket().await;
    let ticket = office.ticket(1).await;
    office.receive(&mail("ada@one.example", "support@example.com", "Re: x [#1]", "2@one.example", "")).await;
    let wish = Reply { seen: Seen::Revision(ticket.revision), ..Reply::text("words") };
    let refused = office.desk().reply(ticket.id, wish.clone()).await.unwrap_err();
    let Some(Refusal::TicketChanged { revision, news, .. }) = refused.refusal() else { panic!("{refused}") };
    assert!(news.contains("ada@one.example"), "{news}");
    office.desk().reply(ticket.id, Reply { seen: Seen::Revision(*revision), ..wish }).await.unwrap();
}

#[tokio::test]
async fn pressing_send_twice_sends_once() {
    let office = office_with_ticket().await;
    let ticket = office.ticket(1).await;
    let message = office.desk().new_id();
    for _ in 0..2 {
        office.desk().reply_once(ticket.id, message, Reply::text("words")).await.unwrap();
    }
    office.flow.deliver().await.unwrap();
    assert_eq!(office.outside.sent().len(), 1);
    assert_eq!(office.messages(1).await.len(), 2);
}

#[tokio::test]
async fn what_another_run_was_sending_was_perhaps_sent() {
    let office = office_with_ticket().await;
    reply(&office, "words").await;
    // A transport that never answers: the run ends in the middle.
    let never = office.flow.deliver();
    office.outside.answer_next(Err(lost().perhaps_sent()));
    never.await.unwrap();
    assert!(outgoing(&office).await.may_be_double);
}

#[tokio::test]
async fn an_answer_needs_somebody_to_go_to_and_something_to_say() {
    let office = office_with_ticket().await;
    office.receive("Subject: nobody\nTo: support@example.com\n\nwords\n").await;
    let nobody = office.ticket(2).await;
    let refused = office.desk().reply(nobody.id, Reply::text("words")).await.unwrap_err();
    assert_eq!(refused.refusal(), Some(&Refusal::NoRecipient), "never a reply to a guess (AC-18)");
    let ticket = office.ticket(1).await;
    let refused = office.desk().reply(ticket.id, Reply::text("  ")).await.unwrap_err();
    assert!(matches!(refused.refusal(), Some(Refusal::Invalid { field: "text", .. })), "{refused}");
    let foreign = Reply { from: Some("ceo@bank.example".parse().unwrap()), ..Reply::text("words") };
    let refused = office.desk().reply(ticket.id, foreign).await.unwrap_err();
    assert!(matches!(refused.refusal(), Some(Refusal::Invalid { field: "from", .. })), "{refused}");
}
