//! What is remembered of who did what.

use mailflow_core::audit::{About, Deed, Who};
use mailflow_core::flow::AuditFilter;
use mailflow_core::server::Server;

use super::*;

#[tokio::test(start_paused = true)]
async fn who_had_a_task_before_and_why_it_passed_on_is_remembered() {
    let (house, _) = House::open().await;
    let one = house.starts("one", Duration::ZERO).await;
    house.until_held_by(&["one"]).await;
    one.dies();
    let two = house.starts("two", Duration::ZERO).await;
    house.until_held_by(&["two"]).await;
    two.stops().await;
    for lease in house.cluster().await.leases {
        let past: Vec<_> = lease.past.iter().map(|it| (it.server, it.epoch, it.was_gone)).collect();
        let (one, two) = (Server::id_of("one"), Server::id_of("two"));
        assert_eq!(past, [(two, 2, false), (one, 1, true)], "{:?}", lease.task);
    }
}

#[tokio::test(start_paused = true)]
async fn who_drained_a_server_or_forgot_it_is_written_down_once() {
    let (house, _) = House::open().await;
    let one = house.starts("one", Duration::ZERO).await;
    house.until_held_by(&["one"]).await;
    let office = house.builder(Duration::ZERO).build().await.unwrap();
    let (desk, id) = (office.desk(BUILT_IN_ADMINISTRATOR), Server::id_of("one"));
    let admin = desk.admin().unwrap();
    admin.drain(id, true).await.unwrap();
    admin.drain(id, true).await.unwrap();
    office.admin().drain(id, false).await.unwrap();
    assert!(admin.forget_server(id).await.is_err(), "it is alive");
    one.stops().await;
    admin.forget_server(id).await.unwrap();

    let filter = AuditFilter { object: Some(id.into()), ..AuditFilter::default() };
    let entries = desk.audit(&filter, &Page::first(10)).await.unwrap().rows;
    let (agent, about) = (Who::Agent(BUILT_IN_ADMINISTRATOR), About::Server { id, name: "one".to_owned() });
    let told: Vec<_> = entries.into_iter().map(|entry| (entry.who, entry.about, entry.what)).collect();
    let expected = [
        (agent, about.clone(), Deed::Drained { draining: true }),
        (Who::Program, about.clone(), Deed::Drained { draining: false }),
        (agent, about, Deed::Removed { changes: Vec::new() }),
    ];
    assert!(expected.iter().all(|it| told.contains(it)) && told.len() == expected.len(), "{told:#?}");
}
