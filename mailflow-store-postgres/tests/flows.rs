//! Several flows on one database: what one of them does is told by the others.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use mailflow_core::agent::BUILT_IN_ADMINISTRATOR;
use mailflow_core::flow::{Mailflow, Notice};
use mailflow_core::mail::Keyring;
use mailflow_core::store::Page;
use mailflow_core::transport::MemorySource;
use mailflow_test::postgres::{Database, is_there};
use tokio::sync::broadcast::Receiver;

mod common;
use common::open;

/// A server's flow, which hears of the others.
async fn flow(database: &Database) -> Mailflow {
    let store = open(database).await;
    let changes = store.changes();
    let flow = Mailflow::builder(store).keyring(Keyring::new(1, [7; 32])).build().await.unwrap();
    tokio::spawn(changes.tell(flow.clone()));
    flow
}

/// Waits until it is told of such a change.
async fn until(told: &mut Receiver<Notice>, is: impl Fn(&Notice) -> bool) {
    while !is(&told.recv().await.unwrap()) {}
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_server_does_is_told_by_the_others() {
    if !is_there() {
        return;
    }
    let database = Database::fresh();
    let one = flow(&database).await;
    let other = flow(&database).await;
    let mut told = other.watch();
    // Once it listens it says so: what was before is to be looked at.
    until(&mut told, |notice| notice.missed).await;
    until(&mut told, |notice| notice.missed).await;
    let support = one.admin().ensure_ticketbox("Support", "support@example.com").await.unwrap();
    until(&mut told, |notice| notice.configuration).await;
    assert!(other.directory().ticketbox_named("Support").is_some(), "it was read before it was told");
    let source = one.listen("mailbox", &support, MemorySource::new()).await.unwrap();
    let mail = "From: ada@one.example\r\nTo: support@example.com\r\nSubject: Help\r\n\r\nPlease.\r\n";
    one.take_mail(source.id, mail.into()).await.unwrap();
    until(&mut told, |notice| notice.arrivals).await;
    // Whoever hears of it may do it.
    assert_eq!(other.route_some().await.unwrap().len(), 1);
    let desk = one.desk(BUILT_IN_ADMINISTRATOR);
    let ticket = desk.tickets(&Default::default(), &Page::first(10)).await.unwrap().rows.remove(0);
    desk.note(ticket.id, "She called as well.").await.unwrap();
    until(&mut told, |notice| notice.tickets.contains(&ticket.id) && !notice.missed).await;
    // The connection is lost: what happened meanwhile has to be looked at.
    database.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN%'");
    until(&mut told, |notice| notice.missed).await;
    desk.note(ticket.id, "And again.").await.unwrap();
    until(&mut told, |notice| notice.missed || notice.tickets.contains(&ticket.id)).await;
}
