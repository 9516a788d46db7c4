//! Searching.

use mailflow_core::access::Visibility;
use mailflow_core::search::phrases;
use mailflow_core::store::{FoundIn, SearchQuery, TicketQuery};
use mailflow_core::ticket::Ticket;
use mailflow_core::time::Timestamp;

use super::*;
use crate::store::samples::*;

fn query(question: &str, visibility: Visibility) -> Query {
    Query::Search(SearchQuery { phrases: phrases(question), within: TicketQuery::all(visibility) })
}

/// Where each hit is: the ticket, and in which message or note.
async fn hits(store: &dyn Store, question: &str) -> Vec<(mailflow_core::id::TicketId, FoundIn)> {
    hits_of(store, &query(question, Visibility::Everything)).await
}

async fn hits_of(store: &dyn Store, query: &Query) -> Vec<(mailflow_core::id::TicketId, FoundIn)> {
    let places = |rows: Vec<Row>| -> Vec<_> {
        let place = |row| match row {
            Row::Hit(hit) => Some((hit.ticket.id, hit.found_in)),
            _ => None,
        };
        rows.into_iter().filter_map(place).collect()
    };
    let all = places(all_rows(store, query, 100).await);
    for limit in [1, 2] {
        assert_eq!(places(all_rows(store, query, limit).await), all, "{query:?} in pages of {limit}");
    }
    all
}

const fn in_message(ticket: u64, message: u64) -> (mailflow_core::id::TicketId, FoundIn) {
    (ticket_id(ticket), FoundIn::Message(message_id(message)))
}

pub async fn a_search_finds_phrases_word_by_word(place: Arc<dyn Place>) {
    let store = open(&place).await;
    insert(&*store, [ticket(1).into(), message(1, 1, "The quick brown fox").into()]).await;
    insert(&*store, [ticket(2).into(), message(2, 2, "The brown QUICK Füchslein 日本語").into()]).await;
    for (question, found) in [
        ("quick", vec![2, 1]),
        ("\"quick brown\"", vec![1]),
        ("brown quick", vec![2, 1]),
        ("fuchslein", vec![2]),
        ("日本", vec![2]),
        ("本日", vec![]),
        ("qui", vec![]),
        ("quick missing", vec![]),
        ("invoice.pdf", vec![2, 1]),
        ("user1@example.com", vec![2, 1]),
        ("\"subject 2\"", vec![2]),
        ("", vec![]),
    ] {
        let expected: Vec<_> = found.into_iter().map(|n| in_message(n, n)).collect();
        assert_eq!(hits(&*store, question).await, expected, "{question}");
    }
    let found = find(&*store, &query("fox", Visibility::Everything), &Page::first(1)).await;
    let Some(Row::Hit(hit)) = found.rows.into_iter().next() else { unreachable!("it was found above") };
    assert_eq!((hit.text.as_str(), hit.at, hit.ticket.number), ("The quick brown fox", time(1), 1));
}

pub async fn a_ticket_is_found_once_at_its_last_hit(place: Arc<dyn Place>) {
    let store = open(&place).await;
    insert(&*store, [ticket(1).into(), ticket(2).into(), ticket(3).into()]).await;
    // Taken in in this order; the time of a message is another matter.
    for (number, ticket, text) in
        [(9, 1, "apple"), (1, 2, "apple"), (5, 1, "apple"), (3, 3, "pear apple"), (2, 2, "pear")]
    {
        insert(&*store, [message(number, ticket, text).into()]).await;
    }
    insert(&*store, [note(1, 2, "An apple a day").into()]).await;
    let expected = [(ticket_id(2), FoundIn::Note(note_id(1))), in_message(3, 3), in_message(1, 5)];
    assert_eq!(hits(&*store, "apple").await, expected);
    assert_eq!(hits(&*store, "pear").await, [in_message(2, 2), in_message(3, 3)]);
}

pub async fn a_search_shows_only_what_may_be_seen(place: Arc<dyn Place>) {
    let store = open(&place).await;
    let mut tickets = Vec::new();
    for number in 1..=40 {
        let mut it = ticket(number);
        it.ticketbox = box_id(1 + number % 3);
        it.owner = (!number.is_multiple_of(4)).then(|| agent_id(number % 4));
        it.category = (number % 5 > 1).then(|| category_id(number % 5));
        it.trashed = number.is_multiple_of(10).then_some(Timestamp::MIN);
        insert(&*store, [it.clone().into(), message(number, number, "apple").into()]).await;
        tickets.push(it);
    }
    for within in super::lists::views().iter().flat_map(super::lists::queries) {
        let matching = tickets.iter().rev().filter(|it| within.matches(it));
        let expected: Vec<_> = matching.map(|it| it.id).collect();
        let query = Query::Search(SearchQuery { phrases: phrases("apple"), within });
        let found: Vec<_> = hits_of(&*store, &query).await.into_iter().map(|hit| hit.0).collect();
        assert_eq!(found, expected, "{query:?}");
    }
}

pub async fn a_frequent_word_is_found_where_it_is_rare(place: Arc<dyn Place>) {
    let store = open(&place).await;
    let mut records: Vec<Record> = Vec::new();
    for number in 1..=900 {
        let mut it = ticket(number);
        it.number = number;
        it.ticketbox = box_id(if [1, 2, 500].contains(&number) { 1 } else { 2 });
        records.extend([it.into(), message(number, number, "apple").into()]);
    }
    insert(&*store, records).await;
    let sees = |number| Visibility::of_ticketboxes(agent_id(9), [box_id(number)].into());
    let rare = [500, 2, 1].map(|number| in_message(number, number));
    assert_eq!(hits_of(&*store, &query("apple", sees(1))).await, rare);
    assert_eq!(hits_of(&*store, &query("apple", sees(2))).await.len(), 897);
    assert_eq!(hits_of(&*store, &query("apple", sees(3))).await, []);
}

pub async fn frequent_and_rare_words_are_found_together(place: Arc<dyn Place>) {
    const WORDS: [(&str, u64); 5] = [("apple", 1), ("pear", 2), ("plum", 5), ("fig", 100), ("lime", 300)];
    let store = open(&place).await;
    let in_box = |number: u64| if number.is_multiple_of(50) { 1 } else { 2 };
    let has = |number: u64, word: &str| WORDS.iter().any(|(it, each)| *it == word && number.is_multiple_of(*each));
    let mut records: Vec<Record> = Vec::new();
    for number in 1..=900 {
        let text: Vec<&str> = WORDS.into_iter().map(|(word, _)| word).filter(|it| has(number, it)).collect();
        let it = Ticket { number, ticketbox: box_id(in_box(number)), ..ticket(number) };
        records.extend([it.into(), message(number, number, &text.join(" ")).into()]);
    }
    insert(&*store, records).await;
    for question in ["apple lime", "pear plum fig", "lime fig plum pear apple", "plum \"apple pear\"", "apple none"] {
        for seen in [1, 2] {
            let sees = Visibility::of_ticketboxes(agent_id(9), [box_id(seen)].into());
            let words = question.replace('"', "");
            let is_hit = |number: &u64| in_box(*number) == seen && words.split(' ').all(|word| has(*number, word));
            let expected: Vec<_> = (1..=900).rev().filter(is_hit).map(|number| in_message(number, number)).collect();
            assert_eq!(hits_of(&*store, &query(question, sees)).await, expected, "{question} in {seen}");
        }
    }
}

pub async fn a_ticket_that_moved_is_found_where_it_lies(place: Arc<dyn Place>) {
    let store = open(&place).await;
    let sees = |number| Visibility::of_ticketboxes(agent_id(9), [box_id(number)].into());
    insert(&*store, [message(1, 1, "apple").into(), note(1, 1, "pear").into()]).await;
    assert_eq!(hits(&*store, "apple").await, [], "its ticket is not there yet");
    insert(&*store, [Ticket { number: 1, ..ticket(1) }.into()]).await;
    for (now, not) in [(1, 2), (2, 1), (1, 2)] {
        replace(&*store, Ticket { number: 1, ticketbox: box_id(now), ..ticket(1) }).await;
        for word in ["apple", "pear"] {
            assert_eq!(hits_of(&*store, &query(word, sees(now))).await.len(), 1, "{word} in {now}");
            assert_eq!(hits_of(&*store, &query(word, sees(not))).await.len(), 0, "{word} in {not}");
        }
    }
    replace(&*store, Ticket { number: 1, owner: Some(agent_id(9)), ..ticket(1) }).await;
    assert_eq!(hits_of(&*store, &query("apple", sees(7))).await.len(), 1, "one's own ticket is seen everywhere");
}

pub async fn what_was_changed_or_erased_is_found_as_it_is(place: Arc<dyn Place>) {
    let store = open(&place).await;
    insert(&*store, [ticket(1).into(), ticket(2).into(), message(1, 1, "apple").into(), note(2, 2, "apple").into()])
        .await;
    replace(&*store, message(1, 1, "pear")).await;
    assert_eq!(hits(&*store, "apple").await, [(ticket_id(2), FoundIn::Note(note_id(2)))]);
    assert_eq!(hits(&*store, "pear").await, [in_message(1, 1)]);
    // A change does not make it newer.
    replace(&*store, message(1, 1, "apple")).await;
    assert_eq!(hits(&*store, "apple").await.len(), 2);
    assert_eq!(hits(&*store, "apple").await.last(), Some(&in_message(1, 1)));
    replace(&*store, message(1, 2, "apple")).await;
    assert_eq!(hits(&*store, "apple").await, [(ticket_id(2), FoundIn::Note(note_id(2)))]);
    erase(&*store, Key::Note(note_id(2))).await;
    assert_eq!(hits(&*store, "apple").await, [in_message(2, 1)]);
    erase(&*store, Key::Ticket(ticket_id(2))).await;
    assert_eq!(hits(&*store, "apple").await, []);
    replace(&*store, ticket(2)).await;
    erase(&*store, Key::Message(message_id(1))).await;
    assert_eq!(hits(&*store, "apple").await, []);
    replace(&*store, note(2, 2, "apple")).await;
    assert_eq!(hits(&*store, "apple").await.len(), 1);
}

pub async fn whatever_people_type_is_a_question(place: Arc<dyn Place>) {
    let store = open(&place).await;
    insert(&*store, [ticket(1).into(), message(1, 1, "21:33:vf:cc T.E. or NEAR problème").into()]).await;
    for question in ["21:33:vf:cc", "T.E.", "problem\u{e8}me", "OR", "near", "probleme"] {
        let found = hits(&*store, question).await.len();
        assert_eq!(found, usize::from(question != "problem\u{e8}me"), "{question}");
    }
    for question in ["\"", "*", "NOT", "a AND", "words : x", "^x", "{a b}", "NEAR(a b)", "\0", "-x", "' OR 1=1", "😀"]
    {
        hits(&*store, question).await;
    }
    // What is no word of a text, though it was not cut by `phrases`.
    for word in ["", "OR", "near ", "\"", "T.E", "21:33", "x*"] {
        let within = TicketQuery::all(Visibility::Everything);
        let odd = SearchQuery { phrases: vec![vec![word.to_owned()]], within };
        assert_eq!(hits_of(&*store, &Query::Search(odd)).await, [], "{word:?}");
    }
}
