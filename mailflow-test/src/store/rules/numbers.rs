//! Ticket numbers.

use super::*;
use crate::store::samples::*;

async fn number_of(store: &dyn Store, id: u64) -> Option<u64> {
    get::<mailflow_core::ticket::Ticket>(store, &Key::Ticket(ticket_id(id))).await.map(|it| it.number)
}

pub async fn tickets_are_numbered_without_gaps(place: Arc<dyn Place>) {
    let store = open(&place).await;
    let first = insert(&*store, [ticket(1).into()]).await;
    assert_eq!(first.numbers, [(ticket_id(1), 1)]);
    let refused = changeset(vec![Entry::Insert(ticket(2).into()), Entry::Insert(ticket(1).into())]);
    assert!(conflict(store.commit(refused).await).is_some());
    let two = insert(&*store, [ticket(2).into(), pulse(1).into(), ticket(3).into()]).await;
    assert_eq!(two.numbers.iter().map(|it| it.1).collect::<BTreeSet<_>>(), [2, 3].into(), "refused ones take none");
    for (id, number) in [first.numbers, two.numbers].concat() {
        let key = Key::Ticket(id);
        assert_eq!(get::<mailflow_core::ticket::Ticket>(&*store, &key).await.map(|it| it.number), Some(number));
        assert_eq!(load(&*store, &Key::TicketNumber(number)).await, load(&*store, &key).await);
    }
    assert_eq!(load(&*store, &Key::TicketNumber(4)).await, Loaded::ABSENT);
    let kept = get::<mailflow_core::ticket::Ticket>(&*store, &Key::Ticket(ticket_id(1))).await;
    assert!(replace(&*store, kept.expect("it is there")).await.numbers.is_empty());
    assert_eq!(number_of(&*store, 1).await, Some(1));
}

pub async fn numbers_begin_where_the_changeset_says(place: Arc<dyn Place>) {
    let store = open(&place).await;
    let from =
        |first_ticket_number, id| Changeset { entries: vec![Entry::Insert(ticket(id).into())], first_ticket_number };
    for (first, id, number) in [(1000, 1, 1000), (1000, 2, 1001), (1, 3, 1002), (5000, 4, 5000)] {
        let committed = store.commit(from(first, id)).await.expect("a new ticket can be inserted");
        assert_eq!(committed.numbers, [(ticket_id(id), number)]);
    }
}

pub async fn a_number_is_never_given_twice(place: Arc<dyn Place>) {
    let store = open(&place).await;
    insert(&*store, [ticket(1).into(), ticket(2).into()]).await;
    let last = number_of(&*store, 2).await.expect("it is there");
    erase(&*store, Key::Ticket(ticket_id(2))).await;
    assert_eq!(load(&*store, &Key::TicketNumber(last)).await, Loaded::ABSENT);
    let imported = mailflow_core::ticket::Ticket { number: 70, ..ticket(3) };
    assert_eq!(insert(&*store, [imported.into()]).await.numbers, [], "it came with a number");
    assert_eq!(insert(&*store, [ticket(4).into()]).await.numbers, [(ticket_id(4), 71)]);
    assert_eq!(last, 2);
}

pub async fn a_number_belongs_to_one_ticket(place: Arc<dyn Place>) {
    let store = open(&place).await;
    let imported = |id| Entry::Insert(mailflow_core::ticket::Ticket { number: 7, ..ticket(id) }.into());
    store.commit(changeset(vec![imported(1)])).await.expect("a number that is free can be taken");
    store.commit(changeset(vec![imported(2)])).await.expect_err("a number that is taken cannot");
    assert_eq!(load(&*store, &Key::Ticket(ticket_id(2))).await, Loaded::ABSENT);
    assert_eq!(number_of(&*store, 1).await, Some(7));
}

pub async fn racing_tickets_get_different_numbers(place: Arc<dyn Place>) {
    let store = open(&place).await;
    let commits: Vec<_> = (1..=40)
        .map(|id| {
            let store = Arc::clone(&store);
            tokio::spawn(async move { insert(&*store, [ticket(id).into()]).await.numbers })
        })
        .collect();
    let mut numbers = BTreeSet::new();
    for commit in commits {
        numbers.extend(commit.await.expect("new tickets never conflict").into_iter().map(|it| it.1));
    }
    assert_eq!(numbers, (1..=40).collect());
}
