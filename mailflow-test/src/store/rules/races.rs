//! Writers at the same time.

use super::*;
use crate::store::samples::*;

/// Runs these commits at the same time.
async fn together(store: &Opened, changesets: Vec<Changeset>) -> Vec<Result<Committed, CommitError>> {
    let commits: Vec<_> = changesets
        .into_iter()
        .map(|changes| {
            let store = Arc::clone(store);
            tokio::spawn(async move { store.commit(changes).await })
        })
        .collect();
    let mut results = Vec::new();
    for commit in commits {
        results.push(commit.await.expect("a commit does not panic"));
    }
    results
}

pub async fn of_two_writers_of_a_record_one_wins(place: Arc<dyn Place>) {
    let store = open(&place).await;
    let mut version = insert(&*store, [pulse(1).into()]).await.version;
    for round in 0..50 {
        let write = |mails| {
            let changed = mailflow_core::pulse::Pulse { mails, ..pulse(1) };
            changeset(vec![Entry::Replace(version, changed.into())])
        };
        let results = together(&store, (0..4).map(|nth| write(round * 4 + nth)).collect()).await;
        let (winners, losers): (Vec<_>, Vec<_>) = results.into_iter().partition(Result::is_ok);
        assert_eq!(winners.len(), 1, "one of four writers wins");
        assert!(losers.into_iter().all(|it| conflict(it) == Some([Key::Pulse(pulse(1).of)].into())));
        version = load(&*store, &Key::Pulse(pulse(1).of)).await.version;
        assert_eq!(winners.into_iter().flatten().next().map(|it| it.version), Some(version));
    }
    for round in 0..50 {
        let results = together(&store, vec![changeset(vec![Entry::Insert(pulse(100 + round).into())]); 3]).await;
        assert_eq!(results.into_iter().filter(Result::is_ok).count(), 1, "one of three inserts wins");
    }
}

pub async fn what_one_relies_on_another_cannot_change_unseen(place: Arc<dyn Place>) {
    let store = open(&place).await;
    for round in 0..50 {
        // Two decisions, each right as long as the other is not made: at most one may be.
        let (a, b) = (pulse(1000 + 2 * round), pulse(1001 + 2 * round));
        let one = |own: &mailflow_core::pulse::Pulse, other: &mailflow_core::pulse::Pulse| {
            changeset(vec![Entry::RelyOn(Key::Pulse(other.of), Version::ABSENT), Entry::Insert(own.clone().into())])
        };
        let results = together(&store, vec![one(&a, &b), one(&b, &a)]).await;
        assert_eq!(results.into_iter().filter(Result::is_ok).count(), 1);
    }
}

pub async fn a_loser_does_not_spoil_the_others(place: Arc<dyn Place>) {
    let store = open(&place).await;
    insert(&*store, [pulse(0).into()]).await;
    let stale = || changeset(vec![Entry::Insert(pulse(0).into()), Entry::Insert(pulse(9999).into())]);
    let bodiless = changeset(vec![
        Entry::Insert(pulse(8888).into()),
        Entry::Insert(arrival(1, b"never kept", mailflow_core::arrival::ArrivalState::Received).into()),
    ]);
    let mut changesets = vec![bodiless];
    for number in 1..=60 {
        changesets.push(changeset(vec![Entry::Insert(pulse(number).into()), Entry::Insert(ticket(number).into())]));
        changesets.push(stale());
    }
    let results = together(&store, changesets).await;
    assert_eq!(results.into_iter().filter(Result::is_ok).count(), 60, "each sound changeset is committed");
    for absent in [9999, 8888] {
        assert_eq!(load(&*store, &Key::Pulse(pulse(absent).of)).await, Loaded::ABSENT);
    }
    for number in 1..=60 {
        assert!(load(&*store, &Key::Pulse(pulse(number).of)).await.record.is_some());
    }
}

pub async fn dropping_the_future_leaves_all_or_nothing(place: Arc<dyn Place>) {
    let store = open(&place).await;
    for round in 0..50 {
        let (a, b) = (pulse(2 * round), pulse(2 * round + 1));
        let changes = changeset(vec![Entry::Insert(a.clone().into()), Entry::Insert(b.clone().into())]);
        let commit = {
            let (store, changes) = (Arc::clone(&store), changes.clone());
            tokio::spawn(async move { store.commit(changes).await })
        };
        // Given up at another point of its way each time.
        for _ in 0..round {
            tokio::task::yield_now().await;
        }
        commit.abort();
        let _ = commit.await;
        // Doing it again is harmless: it is done now, or was before.
        let again = store.commit(changes).await;
        let both: BTreeSet<_> = [Key::Pulse(a.of), Key::Pulse(b.of)].into();
        assert!(again.is_ok() || conflict(again) == Some(both.clone()), "half of a changeset was there");
        for key in both {
            assert!(load(&*store, &key).await.record.is_some());
        }
    }
}
