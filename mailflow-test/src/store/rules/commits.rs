//! Versions and changesets.

use mailflow_core::contact::AddressEntry;
use mailflow_core::mail::{Address, ThreadId};
use mailflow_core::thread_entry::ThreadEntry;

use super::*;
use crate::store::samples::*;

pub async fn what_is_committed_is_loaded_with_its_version(place: Arc<dyn Place>) {
    let store = open(&place).await;
    let key = Key::Pulse(pulse(1).of);
    assert_eq!(load(&*store, &key).await, Loaded::ABSENT);
    let first = insert(&*store, [pulse(1).into()]).await;
    let loaded = Loaded { version: first.version, record: Some(pulse(1).into()) };
    assert_eq!(load(&*store, &key).await, loaded);
    let both = store.load(&[Key::Pulse(pulse(2).of), key.clone(), key]).await.expect("a store can be read");
    assert_eq!(both, [Loaded::ABSENT, loaded.clone(), loaded], "answers come in the order of the keys");
}

pub async fn an_insert_of_what_is_there_refuses_the_whole_changeset(place: Arc<dyn Place>) {
    let store = open(&place).await;
    insert(&*store, [pulse(1).into()]).await;
    let changes = changeset(vec![Entry::Insert(pulse(2).into()), Entry::Insert(pulse(1).into())]);
    assert_eq!(conflict(store.commit(changes).await), Some([Key::Pulse(pulse(1).of)].into()));
    assert_eq!(load(&*store, &Key::Pulse(pulse(2).of)).await, Loaded::ABSENT);
}

pub async fn a_stale_version_refuses_the_whole_changeset(place: Arc<dyn Place>) {
    let store = open(&place).await;
    let first = insert(&*store, [pulse(1).into(), pulse(2).into()]).await;
    replace(&*store, pulse(1)).await;
    let mut changed = pulse(2);
    changed.mails += 1;
    for stale in [
        Entry::Replace(first.version, pulse(1).into()),
        Entry::RelyOn(Key::Pulse(pulse(1).of), first.version),
        Entry::Erase(Key::Pulse(pulse(1).of), first.version),
    ] {
        let changes = changeset(vec![Entry::Replace(first.version, changed.clone().into()), stale]);
        assert_eq!(conflict(store.commit(changes).await), Some([Key::Pulse(pulse(1).of)].into()));
    }
    let loaded = load(&*store, &Key::Pulse(pulse(2).of)).await;
    assert_eq!(loaded, Loaded { version: first.version, record: Some(pulse(2).into()) });
}

pub async fn all_stale_keys_are_named(place: Arc<dyn Place>) {
    let store = open(&place).await;
    insert(&*store, [pulse(1).into(), ticket(1).into(), pulse(3).into()]).await;
    let fresh = load(&*store, &Key::Pulse(pulse(3).of)).await.version;
    let changes = changeset(vec![
        Entry::Insert(pulse(1).into()),
        Entry::RelyOn(Key::Pulse(pulse(3).of), fresh),
        Entry::Replace(NEVER, ticket(1).into()),
        Entry::Erase(Key::Contact(contact_id(9)), NEVER),
        Entry::RelyOn(Key::Directory, NEVER),
        Entry::Insert(pulse(2).into()),
    ]);
    let stale =
        [Key::Pulse(pulse(1).of), Key::Ticket(ticket_id(1)), Key::Contact(contact_id(9)), Key::Directory].into();
    assert_eq!(conflict(store.commit(changes).await), Some(stale));
}

pub async fn what_is_relied_on_must_be_as_it_was_seen(place: Arc<dyn Place>) {
    let store = open(&place).await;
    let relied = Key::Pulse(pulse(1).of);
    let absent = changeset(vec![Entry::RelyOn(relied.clone(), Version::ABSENT), Entry::Insert(pulse(2).into())]);
    store.commit(absent).await.expect("what is not there is as it was seen");
    let first = insert(&*store, [pulse(1).into()]).await;
    let seen = |version| changeset(vec![Entry::RelyOn(relied.clone(), version), Entry::Insert(pulse(3).into())]);
    assert!(conflict(store.commit(seen(Version::ABSENT)).await).is_some());
    assert_eq!(load(&*store, &Key::Pulse(pulse(3).of)).await, Loaded::ABSENT);
    store.commit(seen(first.version)).await.expect("what did not change is as it was seen");
    assert_eq!(load(&*store, &relied).await.version, first.version, "relying on a record does not change it");
}

pub async fn versions_rise_and_are_never_used_twice(place: Arc<dyn Place>) {
    let store = open(&place).await;
    let key = Key::Pulse(pulse(1).of);
    let mut versions = vec![insert(&*store, [pulse(1).into()]).await.version];
    for _ in 0..3 {
        versions.push(replace(&*store, pulse(1)).await.version);
        versions.push(erase(&*store, key.clone()).await.version);
        versions.push(insert(&*store, [pulse(1).into()]).await.version);
    }
    assert!(versions.windows(2).all(|pair| matches!(pair, [a, b] if a < b)), "{versions:?} do not rise");
}

pub async fn an_erased_record_leaves_a_tombstone_or_nothing_as_its_kind_says(place: Arc<dyn Place>) {
    let store = open(&place).await;
    store.keep_body(BODY.to_vec()).await.expect("a body can be kept");
    insert(&*store, one_of_each(1)).await;
    // What is never erased has a rule of its own.
    for record in one_of_each(1).into_iter().filter(|record| record.key().kind() != RecordKind::Audit) {
        let key = record.key();
        let version = erase(&*store, key.clone()).await.version;
        let again = store.commit(changeset(vec![Entry::Insert(record.clone())])).await;
        if key.kind().leaves_tombstone() {
            assert_eq!(load(&*store, &key).await, Loaded { version, record: None }, "{key:?}");
            assert_eq!(conflict(again), Some([key.clone()].into()));
            let back = changeset(vec![Entry::Replace(version, record.clone())]);
            store.commit(back).await.expect("a tombstone can be replaced");
        } else {
            again.expect("what left nothing can be inserted again");
        }
        assert_eq!(load(&*store, &key).await.record, Some(record), "{key:?}");
    }
}

pub async fn unique_keys_are_unique_in_every_form(place: Arc<dyn Place>) {
    let store = open(&place).await;
    let entry = |address: &str, contact| AddressEntry {
        address: Address::new(address).expect("this is an address"),
        contact: contact_id(contact),
    };
    for (first, second) in [
        ("ada@example.com", "ADA@Example.COM"),
        ("größe@example.com", "GRÖSSE@example.com"),
        ("ΟΔΟΣ@example.com", "οδοσ@example.com"),
        ("a@example.com", "b@example.com"),
    ] {
        let (first, second) = (entry(first, 1), entry(second, 2));
        let same = first.address == second.address;
        insert(&*store, [first.clone().into()]).await;
        let result = store.commit(changeset(vec![Entry::Insert(second.clone().into())])).await;
        assert_eq!(conflict(result).is_some(), same, "{first:?} {second:?}");
        assert_eq!(load(&*store, &Key::Address(first.address.clone())).await.record, Some(first.into()));
    }
    // Thread ids compare byte for byte.
    let thread = |id: &str| ThreadEntry::new(ThreadId::new(id).expect("this is an id"));
    insert(&*store, [thread("A@example.com").into(), thread("a@example.com").into()]).await;
    insert(&*store, [thread("é@example.com").into(), thread("e\u{301}@example.com").into()]).await;
}

pub async fn a_read_sees_one_moment(place: Arc<dyn Place>) {
    let store = open(&place).await;
    insert(&*store, [pulse(1).into(), pulse(2).into()]).await;
    let writer = {
        let store = Arc::clone(&store);
        tokio::spawn(async move {
            for mails in 0..100 {
                let versions = store.load(&[Key::Pulse(pulse(1).of), Key::Pulse(pulse(2).of)]).await;
                let mut versions = versions.expect("a store can be read").into_iter().map(|it| it.version);
                let entries = [pulse(1), pulse(2)].map(|it| {
                    let version = versions.next().unwrap_or(Version::ABSENT);
                    Entry::Replace(version, mailflow_core::pulse::Pulse { mails, ..it }.into())
                });
                store.commit(changeset(entries.to_vec())).await.expect("nobody else writes");
            }
        })
    };
    while !writer.is_finished() {
        let both = store.load(&[Key::Pulse(pulse(1).of), Key::Pulse(pulse(2).of)]).await;
        let versions: BTreeSet<_> = both.expect("a store can be read").iter().map(|it| it.version).collect();
        assert_eq!(versions.len(), 1, "two records that are always written together have one version");
        tokio::task::yield_now().await;
    }
    writer.await.expect("the writer ends well");
}
