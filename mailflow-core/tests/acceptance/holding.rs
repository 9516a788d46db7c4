//! Undo send: what can be pulled back, and what waits because the customer wrote meanwhile.

use std::time::Duration;

use mailflow_core::decision::reply::{AfterReply, Reply};
use mailflow_core::flow::Desk;
use mailflow_core::outgoing::{Outgoing, OutgoingState};
use mailflow_core::refusal::Refusal;
use mailflow_core::ticket::TicketState;

use super::office::{Office, mail};

async fn held(office: &Office, words: &str) -> Outgoing {
    let ticket = office.ticket(1).await;
    let wish = Reply { undo_s: 10, then: AfterReply::Close, ..Reply::text(words) };
    let replied = office.desk().reply(ticket.id, wish).await.unwrap();
    let outgoing = office.conversation(1).await.outgoing.into_values();
    outgoing.into_iter().find(|it| it.message == replied.message).unwrap()
}

async fn office_with_ticket() -> Office {
    let office = Office::open().await;
    office.receive(&mail("ada@one.example", "support@example.com", "x", "1@one.example", "")).await;
    office
}

async fn state(desk: &Desk) -> OutgoingState {
    desk.conversation(1).await.unwrap().outgoing.into_values().next().unwrap().state
}

#[tokio::test]
async fn what_is_pulled_back_in_time_is_never_sent_and_everything_is_as_before() {
    let office = office_with_ticket().await;
    let before = office.ticket(1).await;
    let outgoing = held(&office, "too soon").await;
    assert_eq!(office.ticket(1).await.state, TicketState::Closed);
    let draft = office.desk().pull_back(outgoing.id).await.unwrap();
    assert_eq!(draft.text, "too soon");
    office.clock.advance(Duration::from_secs(60));
    office.flow.deliver().await.unwrap();
    assert!(office.outside.sent().is_empty());
    let after = office.ticket(1).await;
    assert_eq!((after.state, after.waiting_since), (before.state, before.waiting_since));
    assert_eq!(after.last, before.last);
    assert_eq!(office.conversation(1).await.draft.unwrap().text, "too soon");
    let again = office.desk().pull_back(outgoing.id).await.unwrap_err();
    assert_eq!(again.refusal(), Some(&Refusal::TooLate));
}

/// An answer by somebody who has seen the ticket as it is.
async fn seen(office: &Office, revision: u32, words: &str) -> Result<Outgoing, mailflow_core::flow::Error> {
    let (ticket, seen) = (office.ticket(1).await, mailflow_core::decision::reply::Seen::Revision(revision));
    let replied = office.desk().reply(ticket.id, Reply { undo_s: 10, seen, ..Reply::text(words) }).await?;
    let outgoing = office.conversation(1).await.outgoing.into_values();
    Ok(outgoing.into_iter().find(|it| it.message == replied.message).unwrap())
}

#[tokio::test]
async fn what_is_pulled_back_is_sent_again_unless_somebody_else_has_written() {
    let office = office_with_ticket().await;
    let outgoing = seen(&office, office.ticket(1).await.revision, "first").await.unwrap();
    let draft = office.desk().pull_back(outgoing.id).await.unwrap();
    let outgoing = seen(&office, draft.seen_revision, "second").await.unwrap();
    office.receive(&mail("ada@one.example", "support@example.com", "Re: x [#1]", "2@one.example", "")).await;
    let draft = office.desk().pull_back(outgoing.id).await.unwrap();
    let refused = seen(&office, draft.seen_revision, "third").await.unwrap_err();
    assert_eq!(refused.refusal().unwrap().code(), "ticket_changed");
}

#[tokio::test]
async fn what_is_not_pulled_back_is_sent_after_the_hold_and_not_before() {
    let office = office_with_ticket().await;
    let outgoing = held(&office, "in time").await;
    office.clock.advance(Duration::from_secs(9));
    office.flow.deliver().await.unwrap();
    assert!(office.outside.sent().is_empty(), "the hold is not over");
    office.clock.advance(Duration::from_secs(1));
    office.flow.deliver().await.unwrap();
    assert_eq!(office.outside.sent().len(), 1);
    assert_eq!(office.desk().pull_back(outgoing.id).await.unwrap_err().refusal(), Some(&Refusal::TooLate));
}

#[tokio::test]
async fn ac_22_a_mail_of_the_customer_during_the_hold_pauses_the_answer_until_its_author_decides() {
    for send_anyway in [true, false] {
        let office = office_with_ticket().await;
        let outgoing = held(&office, "it is blue").await;
        let follow_up = mail("ada@one.example", "support@example.com", "Re: x [#1]", "2@one.example", "");
        office.receive(&follow_up).await;
        office.clock.advance(Duration::from_secs(60));
        office.flow.deliver().await.unwrap();
        assert!(office.outside.sent().is_empty());
        assert_eq!(state(&office.desk()).await, OutgoingState::Paused);
        assert!(office.events(1).await.contains(&"paused".to_owned()));
        if send_anyway {
            office.desk().send_now(outgoing.id).await.unwrap();
            office.flow.deliver().await.unwrap();
            assert_eq!(office.outside.sent().len(), 1);
        } else {
            assert_eq!(office.desk().pull_back(outgoing.id).await.unwrap().text, "it is blue");
            let ticket = office.ticket(1).await;
            assert!(ticket.waiting_since.is_some());
            assert!(ticket.last.unwrap().text.contains("2@one.example"), "the list shows the customer's words");
        }
    }
}

#[tokio::test]
async fn what_is_to_be_sent_later_waits_for_its_time() {
    let office = office_with_ticket().await;
    let ticket = office.ticket(1).await;
    let send_at = Some(office.flow.now().plus(Duration::from_secs(3600)));
    office.desk().reply(ticket.id, Reply { send_at, ..Reply::text("later") }).await.unwrap();
    office.clock.advance(Duration::from_secs(3599));
    office.flow.deliver().await.unwrap();
    assert!(office.outside.sent().is_empty());
    office.clock.advance(Duration::from_secs(1));
    office.flow.deliver().await.unwrap();
    assert_eq!(office.outside.sent().len(), 1);
}

#[tokio::test]
async fn nobody_pulls_back_what_another_agent_wrote() {
    let office = office_with_ticket().await;
    let outgoing = held(&office, "mine").await;
    let other = super::approving::agent(&office, "other", None).await;
    let refused = office.flow.desk(other).pull_back(outgoing.id).await.unwrap_err();
    assert_eq!(refused.refusal().unwrap().code(), "no_such");
}
