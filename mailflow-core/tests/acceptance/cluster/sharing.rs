//! Tasks are shared out, and go where they are wished.

use mailflow_core::decision::reply::Reply;
use mailflow_core::server::Server;

use super::*;

#[tokio::test(start_paused = true)]
async fn each_task_has_one_server_and_mail_becomes_one_ticket() {
    let (house, _) = House::open().await;
    let one = house.starts("one", Duration::ZERO).await;
    let two = house.starts("two", SKEW).await;
    let three = house.starts("three", Duration::ZERO).await;
    house.until_held_by(&["one", "two", "three"]).await;
    for number in 0..20 {
        house.writes(number);
    }
    house.until_tickets(20).await;
    for server in [one, two, three] {
        server.stops().await;
    }
    assert!(house.holders().await.is_empty(), "who stops in order gives everything away");
}

#[tokio::test(start_paused = true)]
async fn a_server_that_stops_in_order_is_followed_at_once() {
    let (house, _) = House::open().await;
    let one = house.starts("one", Duration::ZERO).await;
    house.until_held_by(&["one"]).await;
    let two = house.starts("two", Duration::ZERO).await;
    one.stops().await;
    let took = house.until_held_by(&["two"]).await;
    assert!(took < LASTS / 2, "{took:?}");
    two.stops().await;
}

#[tokio::test(start_paused = true)]
async fn a_server_that_is_drained_gives_its_tasks_away_and_serves_agents() {
    let (house, _) = House::open().await;
    let one = house.starts("one", Duration::ZERO).await;
    house.until_held_by(&["one"]).await;
    let two = house.starts("two", Duration::ZERO).await;
    two.flow.admin().drain(Server::id_of("one"), true).await.unwrap();
    house.until_held_by(&["two"]).await;
    house.writes(1);
    house.until_tickets(1).await;
    let desk = one.flow.desk(BUILT_IN_ADMINISTRATOR);
    let ticket = desk.ticket(1).await.unwrap();
    desk.reply(ticket.id, Reply::text("We are on it.")).await.unwrap();
    while house.outside.sent().is_empty() {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    one.flow.admin().drain(Server::id_of("one"), false).await.unwrap();
    two.flow.admin().drain(Server::id_of("two"), true).await.unwrap();
    house.until_held_by(&["one"]).await;
    one.stops().await;
    two.stops().await;
    assert_eq!(house.outside.sent().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_source_that_is_pinned_goes_to_its_server_and_to_another_one_when_that_is_dead() {
    let (house, source) = House::open().await;
    let servers = [house.starts("one", Duration::ZERO).await, house.starts("two", Duration::ZERO).await];
    house.until_held_by(&["one", "two"]).await;
    for (pinned, name) in [(0, "one"), (1, "two")] {
        let source = Source { pinned_to: Some(name.to_owned()), ..source.clone() };
        servers[pinned].flow.admin().save(&source).await.unwrap();
        while house.holders().await.get(&Task::Source(source.id)).is_none_or(|it| it != name) {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
    let [one, two] = servers;
    two.dies();
    house.until_held_by(&["one"]).await;
    house.writes(1);
    house.until_tickets(1).await;
    one.stops().await;
}
