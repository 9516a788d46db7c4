//! Turns: which of the tickets that nobody takes care of is given away next.

use std::collections::BTreeSet;

use mailflow_core::access::Visibility;
use mailflow_core::id::TicketboxId;
use mailflow_core::store::{Count, Cursor, UnownedQuery};
use mailflow_core::ticket::{Ticket, TicketState};
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use super::*;
use crate::store::samples::*;

/// How many tickets a world has.
const TICKETS: u64 = 60;

/// A ticket of any sort; few moments, so that many are the same.
fn any_ticket(number: u64) -> impl Strategy<Value = Ticket> {
    let place = (1..4_u64, 0..4_u64, 0..4_u64);
    let moments = (0..5_u64, 0..5_u64, 0..5_u64);
    (place, moments, (0..8_u8, 0..8_u8)).prop_map(
        move |((ticketbox, owner, category), (waits, created, updated), (closed, trashed))| {
            let mut it = ticket(number);
            it.number = number;
            it.ticketbox = box_id(ticketbox);
            it.owner = (owner == 1).then(|| agent_id(owner));
            it.category = (category > 0).then(|| category_id(category));
            it.waiting_since = (waits > 0).then(|| time(waits));
            it.created = time(created);
            it.updated = time(updated);
            it.state = if closed == 0 { TicketState::Closed } else { TicketState::Open };
            it.trashed = (trashed == 0).then(|| time(1));
            it
        },
    )
}

/// All tickets of a world. Their ids are in another order than their numbers.
fn any_world() -> impl Strategy<Value = Vec<Ticket>> {
    let tickets: Vec<_> = (1..=TICKETS).map(any_ticket).collect();
    tickets.prop_map(|mut tickets| {
        for it in &mut tickets {
            it.id = ticket_id(1000 + it.number * 37 % 61);
        }
        tickets
    })
}

/// What an agent could be given, by the words of features 5.5: one ticket after the other, each the best of those left.
fn one_after_the_other(tickets: &[Ticket], query: &UnownedQuery) -> Vec<Key> {
    let free = |it: &&Ticket| it.owner.is_none() && it.state == TicketState::Open && it.trashed.is_none();
    let asked_for = |it: &&Ticket| {
        query.visibility.sees(it) && query.ticketboxes.as_ref().is_none_or(|boxes| boxes.contains(&it.ticketbox))
    };
    let mut left: Vec<&Ticket> = tickets.iter().filter(free).filter(asked_for).collect();
    let mut order = Vec::new();
    while let Some(best) = left.iter().copied().reduce(|a, b| if comes_before(b, a) { b } else { a }) {
        order.push(Key::Ticket(best.id));
        left.retain(|it| it.id != best.id);
    }
    order
}

fn comes_before(a: &Ticket, b: &Ticket) -> bool {
    match (a.waiting_since, b.waiting_since) {
        (Some(a_since), Some(b_since)) if a_since != b_since => a_since < b_since,
        (Some(_), None) => true,
        (None, Some(_)) => false,
        (None, None) if a.created != b.created => a.created < b.created,
        _ => a.number < b.number,
    }
}

fn queries() -> Vec<UnownedQuery> {
    let boxes = |of: &[u64]| -> BTreeSet<TicketboxId> { of.iter().copied().map(box_id).collect() };
    let within = [None, Some(boxes(&[])), Some(boxes(&[2])), Some(boxes(&[1, 3, 9]))];
    // Above 256 ticketboxes, stores may walk through all of them at once.
    let many = (1..400).filter(|nth| *nth != 2).map(box_id).collect();
    let views = super::lists::views().into_iter().chain([Visibility::of_ticketboxes(agent_id(9), many)]);
    views
        .flat_map(|visibility| {
            within.clone().map(|ticketboxes| UnownedQuery { visibility: visibility.clone(), ticketboxes })
        })
        .collect()
}

/// Tickets that say much of times in their texts and fields, to see that a database which is brought to the newest shape
/// finds the turns that its tickets have.
pub fn of_many_words() -> Vec<Ticket> {
    let of = |number: u64| {
        let mut it = ticket(number);
        it.number = number;
        it.subject = format!("\"waiting_since\":{number},\"created\":7 \u{fffd} \"\\ 待っています");
        it.fields = [("created".to_owned(), "5".to_owned()), ("waiting_since".to_owned(), "6".to_owned())].into();
        it.waiting_since = number.is_multiple_of(2).then(|| time(100 - number));
        it.created = time(50 - number);
        it.owner = number.is_multiple_of(5).then(|| agent_id(1));
        it.state = if number.is_multiple_of(7) { TicketState::Closed } else { TicketState::Open };
        it.trashed = number.is_multiple_of(11).then(|| time(1));
        it
    };
    (1..=40).map(of).collect()
}

/// Checks that a store with these tickets has their turns.
pub async fn check(store: &dyn Store, tickets: &[Ticket]) {
    for query in queries() {
        let expected = one_after_the_other(tickets, &query);
        for limit in [1, 3, 100] {
            let rows = all_rows(store, &Query::Unowned(query.clone()), limit).await;
            assert_eq!(keys(&rows), expected, "{query:?} in pages of {limit}");
        }
        let count = find(store, &Query::UnownedCount(query.clone()), &Page::first(1)).await;
        let total = Count::new(u32::try_from(expected.len()).expect("few"));
        assert_eq!(count, Found { rows: vec![Row::Total(total)], next: None }, "{query:?}");
    }
}

pub async fn the_ticket_whose_turn_it_is_comes_first(place: Arc<dyn Place>) {
    let store = open(&place).await;
    // The same worlds in every run: a failure can be seen again. Each changes every ticket of the one before.
    let mut runner = TestRunner::new_with_rng(Config::default(), TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    for nth in 0..6 {
        let mut tickets = any_world().new_tree(&mut runner).expect("worlds can be made").current();
        for it in &tickets {
            if nth == 0 {
                insert(&*store, [it.clone().into()]).await;
            } else {
                replace(&*store, it.clone()).await;
            }
        }
        if nth == 5 {
            for it in tickets.split_off(40) {
                erase(&*store, Key::Ticket(it.id)).await;
            }
        }
        check(&*store, &tickets).await;
    }
}

pub async fn a_turn_is_found_behind_one_that_is_gone(place: Arc<dyn Place>) {
    let store = open(&place).await;
    let of = |number: u64| Ticket { number, waiting_since: Some(time(number / 2)), ..ticket(number) };
    insert(&*store, (1..=9).map(|number| of(number).into())).await;
    let query = Query::Unowned(UnownedQuery { visibility: Visibility::Everything, ticketboxes: None });
    let first = find(&*store, &query, &Page::first(3)).await;
    let key = |number| Key::Ticket(ticket_id(number));
    assert_eq!(keys(&first.rows), [1, 2, 3].map(key));
    for number in [2, 3, 5] {
        replace(&*store, Ticket { owner: Some(agent_id(1)), ..of(number) }).await;
    }
    // What comes to the front later is not behind the cursor.
    insert(&*store, [Ticket { waiting_since: Some(time(0)), ..of(10) }.into()]).await;
    let cursor = first.next.expect("there are more");
    let page = Page::after(3, Cursor::from(cursor.to_string().as_str()));
    assert_eq!(keys(&find(&*store, &query, &page).await.rows), [4, 6, 7].map(key));
    for text in ["", "x", "1.zz", "1.ffffffffffffffffffffffffffffffff"] {
        let again = find(&*store, &query, &Page::after(3, Cursor::from(text))).await;
        assert_eq!(keys(&again.rows), [1, 10, 4].map(key), "`{text}` is no cursor of this list");
    }
}

pub async fn turns_are_counted_up_to_the_limit(place: Arc<dyn Place>) {
    let store = open(&place).await;
    let of = |number: u64| Ticket { number, ticketbox: box_id(1 + number % 2), ..ticket(number) };
    insert(&*store, (1..=2100).map(|number| of(number).into())).await;
    for (boxes, expected) in [(vec![1, 2], 1001), (vec![1], 1001), (vec![3], 0)] {
        let visibility = Visibility::of_ticketboxes(agent_id(9), boxes.into_iter().map(box_id).collect());
        for visibility in [visibility.clone(), with_some_categories(visibility)] {
            let query = Query::UnownedCount(UnownedQuery { visibility, ticketboxes: None });
            let count = find(&*store, &query, &Page::first(1)).await.rows;
            assert_eq!(count, [Row::Total(Count::new(expected))], "{query:?}");
        }
    }
    let query = Query::UnownedCount(UnownedQuery { visibility: Visibility::Everything, ticketboxes: None });
    assert_eq!(find(&*store, &query, &Page::first(1)).await.rows, [Row::Total(Count::new(1001))]);
}

/// The same, of an agent who does not see every category.
fn with_some_categories(visibility: Visibility) -> Visibility {
    use mailflow_core::access::Categories;
    match visibility {
        Visibility::Of { agent, ticketboxes, owners, .. } => {
            let categories = Categories::Only([category_id(1)].into());
            Visibility::Of { agent, ticketboxes, owners, categories }
        }
        everything => everything,
    }
}
