//! What is there after the store was dropped and opened again.

use mailflow_core::arrival::ArrivalState;

use super::*;
use crate::store::samples::*;

pub async fn what_was_acknowledged_is_there_after_opening_again(place: Arc<dyn Place>) {
    let mut written = Vec::new();
    for round in 1..=3 {
        let store = open(&place).await;
        store.keep_body(BODY.to_vec()).await.expect("a body can be kept");
        let mut records = one_of_each(round);
        if round > 1 {
            records.retain(|record| record.key() != Key::Directory);
        }
        let version = insert(&*store, records.clone()).await.version;
        written.push((version, records));
        let gone = message(100 + round, round, "erased");
        insert(&*store, [gone.clone().into()]).await;
        let buried = erase(&*store, Key::Message(gone.id)).await.version;
        drop(store);
        let store = open(&place).await;
        for (version, records) in &written {
            for record in records {
                let loaded = Loaded { version: *version, record: Some(record.clone()) };
                assert_eq!(load(&*store, &record.key()).await, loaded);
            }
        }
        assert_eq!(load(&*store, &Key::Message(gone.id)).await, Loaded { version: buried, record: None });
    }
}

pub async fn counters_go_on_after_opening_again(place: Arc<dyn Place>) {
    let mut last = Version::ABSENT;
    for round in 1..=3 {
        let store = open(&place).await;
        let committed = insert(&*store, [ticket(round).into()]).await;
        assert_eq!(committed.numbers, [(ticket_id(round), round)]);
        assert!(committed.version > last);
        last = committed.version;
    }
}

pub async fn bodies_that_a_commit_named_are_there_after_opening_again(place: Arc<dyn Place>) {
    let bodies = [BODY.to_vec(), super::bodies::noise(1 << 20)];
    let erased = b"erased".to_vec();
    let store = open(&place).await;
    for body in bodies.iter().chain([&erased]) {
        store.keep_body(body.clone()).await.expect("a body can be kept");
        insert(&*store, [arrival(1, body, ArrivalState::Received).into()]).await;
    }
    store.erase_body(&mailflow_core::digest::Digest::of(&erased)).await.expect("a body can be erased");
    drop(store);
    let store = open(&place).await;
    for body in bodies {
        let digest = mailflow_core::digest::Digest::of(&body);
        assert!(store.body(&digest).await.expect("it can be read") == Some(body));
    }
    assert_eq!(store.body(&mailflow_core::digest::Digest::of(&erased)).await.expect("it can be read"), None);
}
