//! A server that a newer program has left behind: the database has a shape that it does not know.

use mailflow_core::decision::reply::Reply;
use mailflow_core::draft::{Draft, Purpose};
use mailflow_core::outgoing::OutgoingState;
use mailflow_core::signature::Signature;

use super::*;

#[tokio::test(start_paused = true)]
async fn a_server_that_is_too_old_for_the_database_gives_its_tasks_away_and_says_so() {
    let (house, _) = House::open().await;
    let old = house.starts("old", Duration::ZERO).await;
    house.until_held_by(&["old"]).await;
    let new = house.starts("new", Duration::ZERO).await;
    let outdated = async |server: &Working| server.flow.desk(BUILT_IN_ADMINISTRATOR).health().await.unwrap().outdated;
    assert_eq!(outdated(&old).await, None);

    old.too_new.store(true, Ordering::SeqCst);
    house.until_held_by(&["new"]).await;
    assert_eq!(outdated(&old).await.as_deref(), Some("use the later version of mailflow"));
    assert_eq!(outdated(&new).await, None);
    let Cluster { now, servers, .. } = house.cluster().await;
    let old_one = servers.iter().find(|it| it.name == "old").unwrap();
    assert!(old_one.is_alive(now) && old_one.draining, "the others see that it is there, and takes nothing");
    // It takes nothing either if the other one is gone, or somebody tells it to.
    new.stops().await;
    house.builder(Duration::ZERO).build().await.unwrap().admin().drain(old_one.id, false).await.unwrap();
    tokio::time::sleep(LASTS * 4).await;
    assert!(house.holders().await.is_empty(), "{:?}", house.holders().await);

    // The later version, under the same name.
    old.stops().await;
    let again = house.starts("old", Duration::ZERO).await;
    house.until_held_by(&["old"]).await;
    again.stops().await;
}

/// A draft of the administrator.
fn draft(flow: &Mailflow, ticket: &mailflow_core::ticket::Ticket) -> Draft {
    Draft {
        agent: BUILT_IN_ADMINISTRATOR,
        ticket: ticket.id,
        message: flow.desk(BUILT_IN_ADMINISTRATOR).new_id(),
        answers: None,
        from: None,
        to: Vec::new(),
        cc: Vec::new(),
        bcc: Vec::new(),
        subject: String::new(),
        text: "Dear".to_owned(),
        attachments: Vec::new(),
        carried: Vec::new(),
        purpose: Purpose::Answer,
        signature: Signature::Usual,
        send_at: None,
        returned: None,
        seen_revision: ticket.revision,
        saved: flow.now(),
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_that_is_too_old_reads_and_says_that_it_does_not_write() {
    let (house, _) = House::open().await;
    let old = house.starts("old", Duration::ZERO).await;
    house.until_held_by(&["old"]).await;
    house.writes(1);
    house.until_tickets(1).await;
    let new = house.starts("new", Duration::ZERO).await;
    old.too_new.store(true, Ordering::SeqCst);

    let desk = old.flow.desk(BUILT_IN_ADMINISTRATOR);
    let ticket = desk.ticket(1).await.unwrap();
    let refusals = [
        desk.reply(ticket.id, Reply::text("We are on it.")).await.map(drop),
        desk.save_draft(draft(&old.flow, &ticket)).await.map(drop),
        desk.note(ticket.id, "Lost?").await.map(drop),
        old.flow.admin().ensure_ticketbox("Sales", "sales@example.com").await.map(drop),
    ];
    for refusal in refusals {
        let error = refusal.unwrap_err();
        assert!(error.is_outdated() && !error.is_transient(), "{error:?}");
        assert_eq!(error.to_string(), "use the later version of mailflow");
    }
    // It takes no mail in either: that waits for the other one.
    house.writes(2);
    house.until_held_by(&["new"]).await;
    house.until_tickets(2).await;
    assert_eq!(desk.tickets(&Filter::default(), &Page::first(9)).await.unwrap().rows.len(), 2, "it still shows");
    let seen = desk.conversation(1).await.unwrap();
    assert!(seen.outgoing.is_empty() && seen.draft.is_none());
    new.flow.desk(BUILT_IN_ADMINISTRATOR).reply(ticket.id, Reply::text("We are on it.")).await.unwrap();
    old.stops().await;
    new.stops().await;
}

#[tokio::test(start_paused = true)]
async fn what_came_of_a_mail_that_was_in_hand_is_written_down_by_a_server_that_is_too_old() {
    let (house, _) = House::open().await;
    let slow = Slow::to(&house.outside);
    let old = house.starts_with("old", Duration::ZERO, slow.clone()).await;
    house.until_held_by(&["old"]).await;
    house.writes(1);
    house.until_tickets(1).await;
    let desk = old.flow.desk(BUILT_IN_ADMINISTRATOR);
    let ticket = desk.ticket(1).await.unwrap();
    for text in ["We are on it.", "It is done."] {
        desk.reply(ticket.id, Reply::text(text)).await.unwrap();
    }
    slow.until_asked().await;
    old.too_new.store(true, Ordering::SeqCst);
    slow.goes_on();
    let new = house.starts("new", Duration::ZERO).await;
    house.until_held_by(&["new"]).await;
    while house.outside.sent().len() < 2 {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    new.stops().await;
    // Nobody has to be asked whether one was perhaps sent, and none went out twice.
    let seen = desk.conversation(1).await.unwrap();
    let states: Vec<OutgoingState> = seen.outgoing.values().map(|it| it.state).collect();
    assert_eq!(states, [OutgoingState::Sent, OutgoingState::Sent]);
    assert_eq!(house.outside.sent().len(), 2);
    old.stops().await;
}
