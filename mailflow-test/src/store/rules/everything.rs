//! Everything that is there, for whoever takes it elsewhere.

use mailflow_core::arrival::ArrivalState;
use mailflow_core::digest::Digest;
use mailflow_core::draft::{Draft, Purpose};
use mailflow_core::store::RecordKind;
use mailflow_core::ticket::Ticket;

use super::*;
use crate::store::samples::*;

pub async fn every_kind_is_listed_as_a_whole_by_key(place: Arc<dyn Place>) {
    let store = open(&place).await;
    store.keep_body(BODY.to_vec()).await.expect("a body can be kept");
    let mut kept: Vec<Record> = Vec::new();
    for number in [3_u64, 1, 0, 4, 2, 300] {
        let mut records = one_of_each(number);
        // There is one stamp only.
        records.retain(|record| number == 3 || record.key() != Key::Directory);
        kept.extend(records);
    }
    // Two keys that begin alike, and documents of several kinds.
    kept.extend([draft(3, 1).into(), draft(3, 400).into(), settings()]);
    // A forward beside an answer in the same ticket.
    kept.push(Draft { purpose: Purpose::Forward, carried: vec![0, 2], ..draft(3, 1) }.into());
    kept.push(arrival(3, b"x", ArrivalState::Received).into());
    store.keep_body(b"x".to_vec()).await.expect("a body can be kept");
    insert(&*store, kept.iter().cloned()).await;
    erase(&*store, Key::Event(event_id(4))).await;
    erase(&*store, Key::Session(Digest::of(&bytes(4)))).await;
    let gone = [Key::Event(event_id(4)), Key::Session(Digest::of(&bytes(4)))];
    kept.retain(|record| !gone.contains(&record.key()));
    for &kind in RecordKind::ALL {
        let mut expected: Vec<Record> = kept.iter().filter(|it| it.key().kind() == kind).cloned().collect();
        expected.sort_by_key(|record| record.key().bytes());
        assert!(!expected.is_empty(), "there is a sample of every kind: {kind:?}");
        for limit in [1, 2, 3, 100] {
            let rows = all_rows(&*store, &Query::All(kind), limit).await;
            let listed = rows.into_iter().map(|row| {
                let Row::Record(version, record) = row else { unreachable!("a record was asked for: {row:?}") };
                assert_ne!(version, Version::ABSENT);
                record
            });
            assert_eq!(listed.collect::<Vec<_>>(), expected, "{kind:?} in pages of {limit}");
        }
    }
}

pub async fn the_last_number_is_told_also_when_its_ticket_is_gone(place: Arc<dyn Place>) {
    let store = open(&place).await;
    let last = async || find(&*store, &Query::LastNumber, &Page::first(1)).await.rows;
    assert_eq!(last().await, [Row::Number(0)]);
    insert(&*store, [ticket(1).into()]).await;
    assert_eq!(last().await, [Row::Number(1)]);
    insert(&*store, [Ticket { number: 70, ..ticket(2) }.into()]).await;
    erase(&*store, Key::Ticket(ticket_id(2))).await;
    assert_eq!(last().await, [Row::Number(70)]);
}

pub async fn a_body_that_never_was_can_be_erased_and_named(place: Arc<dyn Place>) {
    let store = open(&place).await;
    let digest = Digest::of(BODY);
    store.erase_body(&digest).await.expect("what is not there can be erased");
    insert(&*store, [arrival(1, BODY, ArrivalState::Received).into()]).await;
    assert_eq!(store.body(&digest).await.expect("a body can be asked for"), None);
    store.keep_body(BODY.to_vec()).await.expect("it can be kept after all");
    insert(&*store, [arrival(2, BODY, ArrivalState::Received).into()]).await;
    assert_eq!(store.body(&digest).await.expect("a body can be read").as_deref(), Some(BODY));
}
