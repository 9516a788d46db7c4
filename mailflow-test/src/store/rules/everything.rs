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

/// Records of each kind that leaves a tombstone and may be erased.
async fn erasable(store: &dyn Store, number: u64) -> Vec<Record> {
    store.keep_body(BODY.to_vec()).await.expect("a body can be kept");
    let leaves = |it: &Record| it.key().kind().leaves_tombstone() && it.key().kind() != RecordKind::Audit;
    one_of_each(number).into_iter().filter(leaves).collect()
}

async fn erased_of(store: &dyn Store, kind: RecordKind, limit: u32) -> Vec<Key> {
    let rows = all_rows(store, &Query::Tombstones(kind), limit).await;
    let key = |row| match row {
        Row::Tombstone(version, key) => {
            assert_ne!(version, Version::ABSENT);
            key
        }
        row => unreachable!("what was erased was asked for: {row:?}"),
    };
    rows.into_iter().map(key).collect()
}

pub async fn what_was_erased_is_listed_by_its_keys(place: Arc<dyn Place>) {
    let store = open(&place).await;
    let mut gone: Vec<Key> = Vec::new();
    for number in [3_u64, 1, 2, 300, 4] {
        let records = erasable(&*store, number).await;
        insert(&*store, records.iter().cloned()).await;
        for key in records.into_iter().map(|it| it.key()).filter(|_| number != 2) {
            erase(&*store, key.clone()).await;
            gone.push(key);
        }
    }
    for &kind in RecordKind::ALL {
        let mut expected: Vec<Key> = gone.iter().filter(|it| it.kind() == kind).cloned().collect();
        expected.sort_by_key(Key::bytes);
        assert_eq!(expected.is_empty(), !kind.leaves_tombstone() || kind == RecordKind::Audit, "{kind:?}");
        for limit in [1, 2, 3, 100] {
            assert_eq!(erased_of(&*store, kind, limit).await, expected, "{kind:?} in pages of {limit}");
        }
    }
    // What is back is erased no more.
    let back = erasable(&*store, 1).await;
    for record in &back {
        let version = load(&*store, &record.key()).await.version;
        store.commit(changeset(vec![Entry::Replace(version, record.clone())])).await.expect("it can be brought back");
        assert!(!erased_of(&*store, record.key().kind(), 100).await.contains(&record.key()), "{record:?}");
    }
}

pub async fn what_never_was_can_be_erased_and_its_key_is_taken(place: Arc<dyn Place>) {
    let store = open(&place).await;
    for number in [1, 2] {
        let records = erasable(&*store, number).await;
        let keys: Vec<Key> = records.iter().map(Record::key).collect();
        let entries = keys.iter().map(|key| Entry::Erase(key.clone(), Version::ABSENT)).collect();
        let version = store.commit(changeset(entries)).await.expect("what is not there can be erased").version;
        for record in records {
            let key = record.key();
            assert_eq!(load(&*store, &key).await, Loaded { version, record: None }, "{key:?}");
            let again = store.commit(changeset(vec![Entry::Insert(record.clone())])).await;
            assert_eq!(conflict(again), Some([key.clone()].into()), "{key:?}");
            if number == 2 {
                store
                    .commit(changeset(vec![Entry::Replace(version, record.clone())]))
                    .await
                    .expect("it can come back");
                assert_eq!(load(&*store, &key).await.record, Some(record));
            }
        }
    }
    // None was given a number for that; the ticket that came brought its own.
    assert_eq!(find(&*store, &Query::LastNumber, &Page::first(1)).await.rows, [Row::Number(1_000_002)]);
    // Of a kind that leaves none, nothing is left.
    let key = Key::Pulse(pulse(1).of);
    store.commit(changeset(vec![Entry::Erase(key.clone(), Version::ABSENT)])).await.expect("it can be erased");
    assert_eq!(load(&*store, &key).await, Loaded::ABSENT);
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
