//! Servers that die, are cut off, stand twice, or have a wrong clock.

use mailflow_core::decision::reply::Reply;
use mailflow_core::destination::{Destination, PerhapsSent};
use mailflow_core::flow::CollectError;
use mailflow_core::outgoing::OutgoingState;
use mailflow_core::refusal::Refusal;

use super::*;

#[tokio::test(start_paused = true)]
async fn when_a_server_dies_another_takes_over_within_the_lease_and_five_seconds() {
    let (house, _) = House::open().await;
    let one = house.starts("one", SKEW).await;
    house.until_held_by(&["one"]).await;
    let two = house.starts("two", Duration::ZERO).await;
    house.until_held_by(&["one", "two"]).await;
    one.dies();
    house.writes(1);
    let took = house.until_held_by(&["two"]).await;
    assert!(took <= LASTS + Duration::from_secs(5), "{took:?}");
    house.until_tickets(1).await;
    two.stops().await;
}

#[tokio::test(start_paused = true)]
async fn a_server_that_was_cut_off_writes_nothing_when_it_is_back() {
    let (house, source) = House::open().await;
    let one = house.starts("one", Duration::ZERO).await;
    house.until_held_by(&["one"]).await;
    let two = house.starts("two", Duration::ZERO).await;
    house.until_held_by(&["one", "two"]).await;
    let first = house.holders().await[&Task::Source(source.id)].clone();
    let (cut, other) = if first == "one" { (one, two) } else { (two, one) };
    cut.is_cut_off();
    house.until_held_by(&[if first == "one" { "two" } else { "one" }]).await;
    let before: BTreeMap<Task, u64> = house.cluster().await.leases.iter().map(|it| (it.task, it.epoch)).collect();
    // It does not know yet that it lost its tasks, and goes on with what it was doing.
    cut.is_back();
    house.writes(1);
    let looked = cut.flow.collect(&source).await;
    assert!(matches!(looked, Err(CollectError::Store(Error::NotOurs))), "{looked:?}");
    house.until_tickets(1).await;
    let epochs = house.cluster().await.leases;
    for lease in epochs {
        let changes = lease.epoch - before[&lease.task];
        assert!(changes <= 2, "{:?} went to and fro", lease.task);
    }
    cut.stops().await;
    other.stops().await;
}

#[tokio::test(start_paused = true)]
async fn a_server_that_was_cut_off_while_it_sent_sends_not_one_byte_more() {
    let (house, _) = House::open().await;
    let setup = house.builder(Duration::ZERO).build().await.unwrap();
    let destination = setup.directory().destinations.values().next().unwrap().clone();
    let again = Destination { perhaps_sent: PerhapsSent::Retry, ..destination };
    setup.admin().save(&again).await.unwrap();
    let slow = Slow::to(&house.outside);
    let one = house.starts_with("one", Duration::ZERO, slow.clone()).await;
    house.until_held_by(&["one"]).await;
    house.writes(1);
    house.until_tickets(1).await;
    let desk = one.flow.desk(BUILT_IN_ADMINISTRATOR);
    let ticket = desk.ticket(1).await.unwrap();
    desk.reply(ticket.id, Reply::text("We are on it.")).await.unwrap();
    slow.until_asked().await;
    one.is_cut_off();
    let two = house.starts("two", SKEW).await;
    house.until_held_by(&["two"]).await;
    while house.outside.sent().is_empty() {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    // Now the mail server that the first one talked to is ready to take the mail.
    slow.goes_on();
    one.is_back();
    tokio::time::sleep(Duration::from_secs(120)).await;
    assert_eq!(house.outside.sent().len(), 1, "it went out once");
    let seen = two.flow.desk(BUILT_IN_ADMINISTRATOR).conversation(1).await.unwrap();
    assert!(seen.outgoing.values().all(|it| it.state == OutgoingState::Sent && it.may_be_double));
    one.stops().await;
    two.stops().await;
}

#[tokio::test(start_paused = true)]
async fn of_two_servers_with_one_name_the_first_stops() {
    let (house, _) = House::open().await;
    let first = house.starts("one", Duration::ZERO).await;
    house.until_held_by(&["one"]).await;
    let second = house.starts("one", Duration::ZERO).await;
    let ended = first.running.await.unwrap();
    assert!(
        matches!(&ended, Err(Error::Refused(Refusal::Replaced { name })) if name == "one"),
        "it says why it stops: {ended:?}"
    );
    drop(first.stop);
    house.writes(1);
    house.until_tickets(1).await;
    second.stops().await;
}

#[tokio::test(start_paused = true)]
async fn a_server_whose_clock_is_slow_sends_when_it_is_due_by_the_databases_clock() {
    let (house, _) = House::open_at(SKEW).await;
    let slow = house.starts("slow", Duration::ZERO).await;
    house.until_held_by(&["slow"]).await;
    house.writes(1);
    house.until_tickets(1).await;
    assert_eq!(slow.flow.now(), house.store.now().await.unwrap(), "it goes by the database's clock");
    // By its own clock, what is due now is due in ten minutes.
    let office = house.builder(SKEW).build().await.unwrap().desk(BUILT_IN_ADMINISTRATOR);
    let ticket = office.ticket(1).await.unwrap();
    office.reply(ticket.id, Reply::text("We are on it.")).await.unwrap();
    let begun = Instant::now();
    while house.outside.sent().is_empty() {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert!(begun.elapsed() < SKEW / 2, "{:?}", begun.elapsed());
    let server = house.cluster().await.servers.pop().unwrap();
    assert_eq!(server.ahead_ms, 600_000);
    slow.stops().await;
}
