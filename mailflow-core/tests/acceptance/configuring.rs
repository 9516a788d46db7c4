//! The configuration: nobody undoes what somebody else did, and nothing that is needed goes.

use mailflow_core::category::Category;
use mailflow_core::decision::reply::Reply;
use mailflow_core::decision::ticket::TicketWish;
use mailflow_core::destination::{Destination, DestinationAccess};
use mailflow_core::directory::{DocumentKind, Documented};
use mailflow_core::refusal::Refusal;

use super::office::Office;

fn refusal<T: std::fmt::Debug>(result: Result<T, mailflow_core::flow::Error>) -> Refusal {
    result.unwrap_err().refusal().unwrap().clone()
}

#[tokio::test]
async fn a_change_of_a_document_that_somebody_else_changed_meanwhile_is_refused() {
    let office = Office::open().await;
    let admin = office.flow.admin();
    let seen = office.support.version();
    let mine = mailflow_core::ticketbox::Ticketbox { description: "mine".to_owned(), ..office.support.clone() };
    let theirs = mailflow_core::ticketbox::Ticketbox { description: "theirs".to_owned(), ..office.support.clone() };
    admin.save_over(&theirs, seen).await.unwrap();
    assert!(matches!(refusal(admin.save_over(&mine, seen).await), Refusal::Outdated { .. }));
    assert_eq!(admin.directory().ticketboxes[&office.support.id].description, "theirs");
    admin.save_over(&mine, theirs.version()).await.unwrap();
    assert_eq!(admin.directory().ticketboxes[&office.support.id].description, "mine");
}

#[tokio::test]
async fn a_category_that_tickets_have_cannot_be_removed_and_says_how_many() {
    let office = Office::open().await;
    let admin = office.flow.admin();
    let category = Category { id: admin.new_id(), name: "Refund".to_owned() };
    admin.save(&category).await.unwrap();
    office.receive("From: ada@one.example\r\nTo: support@example.com\r\nSubject: Help\r\n\r\nBroken.\r\n").await;
    let desk = office.desk();
    let ticket = desk.ticket(1).await.unwrap();
    desk.change(ticket.id, TicketWish::Categorise(Some(category.id))).await.unwrap();
    let refused = refusal(admin.remove(DocumentKind::Category, category.id).await);
    assert!(matches!(&refused, Refusal::InUse { by, .. } if by == "1 ticket"), "{refused}");
    desk.change(ticket.id, TicketWish::Categorise(None)).await.unwrap();
    admin.remove(DocumentKind::Category, category.id).await.unwrap();
}

#[tokio::test]
async fn a_destination_with_mail_to_send_stays_and_only_one_is_the_default() {
    let office = Office::open().await;
    let admin = office.flow.admin();
    let before = admin.directory().default_destination().unwrap().clone();
    let second = Destination::new(admin.new_id(), "Second", DestinationAccess::Embedded);
    admin.save(&Destination { default: true, ..second.clone() }).await.unwrap();
    let defaults = |it: &&Destination| it.default;
    assert_eq!(admin.directory().destinations.values().filter(defaults).count(), 1);
    assert_eq!(admin.directory().default_destination().unwrap().id, second.id);

    office.receive("From: ada@one.example\r\nTo: support@example.com\r\nSubject: Help\r\n\r\nBroken.\r\n").await;
    let desk = office.desk();
    let ticket = desk.ticket(1).await.unwrap();
    desk.reply(ticket.id, Reply::text("Coming.")).await.unwrap();
    assert!(matches!(refusal(admin.remove(DocumentKind::Destination, second.id).await), Refusal::InUse { .. }));
    admin.remove(DocumentKind::Destination, before.id).await.unwrap();
}
