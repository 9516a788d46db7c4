//! Bodies.

use mailflow_core::arrival::ArrivalState;
use mailflow_core::digest::Digest;

use super::*;
use crate::store::samples::*;

/// Bytes of this length that compress badly.
pub(super) fn noise(length: usize) -> Vec<u8> {
    let blocks = (0_u64..).flat_map(|nth| *Digest::of(&nth.to_be_bytes()).as_bytes());
    blocks.take(length).collect()
}

pub async fn a_body_comes_back_as_it_was_kept(place: Arc<dyn Place>) {
    let store = open(&place).await;
    let bodies =
        [Vec::new(), BODY.to_vec(), vec![0; 1 << 20], noise(256 << 10), noise((256 << 10) + 1), noise(3 << 20)];
    for body in bodies {
        let digest = store.keep_body(body.clone()).await.expect("a body can be kept");
        assert_eq!(digest, Digest::of(&body));
        assert!(store.body(&digest).await.expect("it can be read").as_ref() == Some(&body), "before it is named");
        insert(&*store, [arrival(1, &body, ArrivalState::Received).into()]).await;
        assert!(store.body(&digest).await.expect("it can be read") == Some(body), "after it is named");
    }
    assert_eq!(store.body(&Digest::of(b"never kept")).await.expect("it can be read"), None);
}

pub async fn a_record_cannot_name_a_body_that_was_not_kept(place: Arc<dyn Place>) {
    let store = open(&place).await;
    let names = arrival(1, b"never kept", ArrivalState::Received);
    let changes = changeset(vec![Entry::Insert(pulse(1).into()), Entry::Insert(names.into())]);
    let result = store.commit(changes.clone()).await;
    assert!(matches!(result, Err(CommitError::Failed(_))), "{result:?}");
    assert_eq!(load(&*store, &Key::Pulse(pulse(1).of)).await, Loaded::ABSENT);
    store.keep_body(b"never kept".to_vec()).await.expect("a body can be kept");
    store.commit(changes).await.expect("it was kept now");
}

pub async fn an_erased_body_is_gone_and_may_still_be_named(place: Arc<dyn Place>) {
    let store = open(&place).await;
    for body in [BODY.to_vec(), noise(1 << 20)] {
        let digest = store.keep_body(body.clone()).await.expect("a body can be kept");
        insert(&*store, [arrival(1, &body, ArrivalState::Received).into()]).await;
        store.erase_body(&digest).await.expect("a body can be erased");
        assert_eq!(store.body(&digest).await.expect("it can be read"), None);
        replace(&*store, arrival(1, &body, ArrivalState::Received)).await;
        store.erase_body(&digest).await.expect("erasing again is harmless");
    }
    let unnamed = store.keep_body(b"unnamed".to_vec()).await.expect("a body can be kept");
    store.erase_body(&unnamed).await.expect("a body that nobody names can be erased");
    assert_eq!(store.body(&unnamed).await.expect("it can be read"), None);
    store.erase_body(&Digest::of(b"never kept")).await.expect("erasing what is not there is harmless");
}

pub async fn a_body_that_is_kept_again_is_there_again(place: Arc<dyn Place>) {
    let store = open(&place).await;
    for body in [BODY.to_vec(), noise(1 << 20)] {
        let digest = Digest::of(&body);
        for source in 1..=3 {
            store.keep_body(body.clone()).await.expect("a body can be kept");
            store.keep_body(body.clone()).await.expect("keeping it twice is harmless");
            insert(&*store, [arrival(source, &body, ArrivalState::Received).into()]).await;
            assert!(store.body(&digest).await.expect("it can be read").as_ref() == Some(&body));
            store.erase_body(&digest).await.expect("a body can be erased");
        }
    }
}
