//! The demo as a whole, without its pages.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test fails by panicking"
)]

use helpdesk::demo::{Demo, Pace};
use mailflow_core::decision::reply::Reply;
use mailflow_core::flow::{Desk, Filter, Mailflow};
use mailflow_core::message::Direction;
use mailflow_core::outgoing::OutgoingState;
use mailflow_core::store::Page;
use mailflow_core::ticket::Ticket;

async fn tickets(desk: &Desk) -> Vec<Ticket> {
    desk.tickets(&Filter::default(), &Page::first(100)).await.unwrap().rows
}

fn desk_of(flow: &Mailflow, user: &str) -> Desk {
    flow.desk(flow.directory().agent_named(user).unwrap().id)
}

async fn number_of(desk: &Desk, subject: &str) -> u64 {
    tickets(desk).await.into_iter().find(|it| it.subject.contains(subject)).unwrap().number
}

#[tokio::test(flavor = "multi_thread")]
async fn the_demo_has_tickets_in_every_box_and_customers_answer_into_the_same_ticket() {
    let demo = Demo::open(Pace::Fast).await.unwrap();
    let folder = demo.folder().to_owned();
    let flow = demo.opened().flow.clone();
    let desk = desk_of(&flow, "admin");
    let all = tickets(&desk).await;
    // 25 mails; two belong together.
    assert_eq!(all.len(), 24, "{:?}", all.iter().map(|it| &it.subject).collect::<Vec<_>>());
    for name in ["Support", "Sales", "Billing"] {
        let ticketbox = flow.directory().ticketbox_named(name).unwrap().id;
        assert!(all.iter().filter(|it| it.ticketbox == ticketbox).count() >= 2, "{name}");
    }
    assert!(all.iter().any(|it| it.category.is_some()), "the rules were used");

    let mut changes = flow.watch();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let running = tokio::spawn({
        let flow = flow.clone();
        async move { flow.run(async { drop(stopped.await) }).await }
    });
    let number = number_of(&desk, "pool bikes").await;
    let talk = async {
        let ticket = desk.ticket(number).await.unwrap();
        desk.reply(ticket.id, Reply::text("We can do that.")).await.unwrap();
        loop {
            let conversation = desk.conversation(number).await.unwrap();
            let directions: Vec<Direction> = conversation.messages().map(|it| it.direction).collect();
            if directions == [Direction::Inbound, Direction::Outbound, Direction::Inbound] {
                let answer = conversation.messages().last().unwrap().clone();
                let sent = conversation.outgoing.into_values().next().unwrap();
                return (answer, sent);
            }
            changes.recv().await.unwrap();
        }
    };
    let (answer, sent) = tokio::select! {
        never = demo.live() => match never {},
        talked = tokio::time::timeout(std::time::Duration::from_secs(60), talk) => talked.unwrap(),
    };
    assert_eq!(sent.state, OutgoingState::Sent);
    assert_eq!(answer.from.address.unwrap().as_str(), "d.whitcombe@northgate-council.example");
    assert!(answer.text.contains("> We can do that."));

    drop(stop);
    running.await.unwrap().unwrap();
    drop((desk, flow));
    demo.remove().unwrap();
    assert!(!folder.exists());
}
