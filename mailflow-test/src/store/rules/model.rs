//! The model: random changesets, after which a store must answer as the memory store does.

use mailflow_core::access::Visibility;
use mailflow_core::arrival::ArrivalState;
use mailflow_core::contact::AddressEntry;
use mailflow_core::draft::{Draft, Purpose};
use mailflow_core::outgoing::{OutgoingState, RunId};
use mailflow_core::search::phrases;
use mailflow_core::store::{MemoryStore, SearchQuery, TicketQuery, UnownedQuery};
use mailflow_core::ticket::{Ticket, TicketState};
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use super::*;
use crate::store::samples::*;

/// How a change says what it was decided on.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Seen {
    /// As it is.
    Fresh,
    /// As it is not.
    Stale,
}

#[derive(Debug, Clone)]
enum Change {
    Put(Record),
    Erase(Key),
    RelyOn(Key),
}

const TEXTS: [&str; 6] = ["apple", "apple pear", "pear apple", "Äpfel und Birnen", "", "apple\0pear 日本"];

/// One of few records, so that they meet often.
fn record() -> impl Strategy<Value = Record> {
    let few = 1..6_u64;
    prop_oneof![
        4 => (few.clone(), 1..4_u64, 0..4_u64, 0..3_u64, any::<(bool, bool)>(), (0..5_u64, 0..3_u64)).prop_map(
            |(number, ticketbox, owner, category, (open, trashed), (updated, waits))| {
                let mut it = ticket(number);
                it.ticketbox = box_id(ticketbox);
                it.owner = (owner > 0).then(|| agent_id(owner));
                it.category = (category > 0).then(|| category_id(category));
                it.state = if open { TicketState::Open } else { TicketState::Closed };
                it.trashed = (trashed && updated == 0).then(|| time(1));
                it.updated = time(updated);
                it.waiting_since = (waits > 0).then(|| time(waits));
                it.into()
            }
        ),
        4 => (few.clone(), few.clone(), 0..TEXTS.len())
            .prop_map(|(number, ticket, text)| message(number, ticket, TEXTS.get(text).unwrap_or(&"")).into()),
        2 => (few.clone(), few.clone(), 0..TEXTS.len())
            .prop_map(|(number, ticket, text)| note(number, ticket, TEXTS.get(text).unwrap_or(&"")).into()),
        1 => (few.clone(), few.clone()).prop_map(|(number, ticket)| event(number, ticket).into()),
        2 => (few.clone(), 0..TEXTS.len())
            .prop_map(|(number, name)| contact(number, TEXTS.get(name).unwrap_or(&"")).into()),
        1 => few.clone().prop_map(|it| AddressEntry { address: address(it), contact: contact_id(it) }.into()),
        1 => (few.clone(), few.clone()).prop_map(|(number, ticket)| thread(number, ticket).into()),
        1 => (few.clone(), 0..3_u64).prop_map(|(source, state)| {
            let (ticket, message) = (ticket_id(1), message_id(1));
            let state = match state {
                0 => ArrivalState::Received,
                1 => ArrivalState::Shelved { ticket, message },
                _ => ArrivalState::Routed { ticket, message },
            };
            arrival(source, BODY, state).into()
        }),
        1 => (few.clone(), few.clone(), 0..7_u64).prop_map(|(number, ticket, state)| {
            let state = match state {
                0 => OutgoingState::Queued,
                1 => OutgoingState::Sending { run: RunId(message_id(1).into()) },
                2 => OutgoingState::Failed,
                3 => OutgoingState::PerhapsSent,
                4 => OutgoingState::AwaitingApproval,
                5 => OutgoingState::Paused,
                _ => OutgoingState::Sent,
            };
            let mail = outgoing(number, ticket, BODY, state);
            if ticket % 2 == 0 { held_by(1 + number % 2, mail).into() } else { mail.into() }
        }),
        1 => (1..3_u64, few.clone(), any::<bool>()).prop_map(|(agent, ticket, forwards)| {
            let purpose = if forwards { Purpose::Forward } else { Purpose::Answer };
            Draft { purpose, ..draft(agent, ticket) }.into()
        }),
        1 => (few, 1..3_u64).prop_map(|(number, agent)| session(number, agent).into()),
    ]
}

fn change() -> impl Strategy<Value = (Change, Seen)> {
    let change = prop_oneof![
        6 => record().prop_map(Change::Put),
        2 => record().prop_map(|it| Change::Erase(it.key())),
        1 => record().prop_map(|it| Change::RelyOn(it.key())),
    ];
    (change, prop_oneof![15 => Just(Seen::Fresh), 1 => Just(Seen::Stale)])
}

fn changesets() -> impl Strategy<Value = Vec<Vec<(Change, Seen)>>> {
    prop::collection::vec(prop::collection::vec(change(), 1..6), 1..25)
}

/// The changeset for one store, with the versions that this store has.
async fn for_store(store: &dyn Store, changes: &[(Change, Seen)]) -> Changeset {
    let mut entries = Vec::new();
    let mut taken = BTreeSet::new();
    for (change, seen) in changes {
        let key = match change {
            Change::Put(record) => record.key(),
            Change::Erase(key) | Change::RelyOn(key) => key.clone(),
        };
        if !taken.insert(key.clone()) {
            continue;
        }
        let loaded = load(store, &key).await;
        let version = if *seen == Seen::Fresh { loaded.version } else { NEVER };
        let mut record = match change {
            Change::Erase(_) if loaded.record.is_some() => {
                entries.push(Entry::Erase(key, version));
                continue;
            }
            Change::Erase(_) | Change::RelyOn(_) => {
                entries.push(Entry::RelyOn(key, version));
                continue;
            }
            Change::Put(record) => record.clone(),
        };
        // A ticket that is there keeps its number, as decisions do.
        if let (Record::Ticket(new), Some(old)) = (&mut record, loaded.record.and_then(Ticket::take)) {
            new.number = old.number;
        }
        entries.push(if version == Version::ABSENT {
            Entry::Insert(record)
        } else {
            Entry::Replace(version, record)
        });
    }
    changeset(entries)
}

/// Every list that is compared.
fn questions() -> Vec<Query> {
    let mut queries = vec![
        Query::Waiting,
        Query::Shelved,
        Query::Sending,
        Query::AwaitingApproval,
        Query::HeldBy(agent_id(1)),
        Query::HeldBy(agent_id(2)),
        Query::Failed(destination_id(1)),
        Query::Queued(destination_id(1)),
        Query::Due(destination_id(1), time(997)),
        Query::Contacts(Vec::new()),
        Query::Contacts(vec!["ap".to_owned()]),
        Query::Contacts(vec!["pear".to_owned(), "user".to_owned()]),
        Query::Drafts(agent_id(1)),
        Query::Sessions(None),
        Query::Sessions(Some(agent_id(1))),
        Query::Documents,
    ];
    for ticket in (1..6).map(ticket_id) {
        queries.extend([Query::Messages(ticket), Query::Notes(ticket), Query::Events(ticket)]);
        queries.push(Query::OutgoingOf(ticket));
    }
    let two = Visibility::of_ticketboxes(agent_id(1), [box_id(1), box_id(2)].into());
    for visibility in super::lists::views().into_iter().chain([two]) {
        let boxes = (1..4).map(box_id).collect();
        queries.push(Query::OpenCounts { visibility: visibility.clone(), ticketboxes: boxes });
        queries.push(Query::Tickets(TicketQuery::all(visibility.clone())));
        let unowned = UnownedQuery { visibility: visibility.clone(), ticketboxes: None };
        queries.extend([Query::Unowned(unowned.clone()), Query::UnownedCount(unowned)]);
        for question in ["apple", "\"apple pear\"", "apfel", "pear 日"] {
            let within = TicketQuery::all(visibility.clone());
            queries.push(Query::Search(SearchQuery { phrases: phrases(question), within }));
        }
    }
    queries
}

/// Rows without their versions, which are each store's own.
fn content(rows: Vec<Row>) -> Vec<Row> {
    let plain = |row| match row {
        Row::Record(_, record) => Row::Record(Version::ABSENT, record),
        row => row,
    };
    rows.into_iter().map(plain).collect()
}

fn outcome(result: Result<Committed, CommitError>) -> Result<Vec<(mailflow_core::id::TicketId, u64)>, BTreeSet<Key>> {
    match result {
        Ok(committed) => Ok(committed.numbers),
        Err(CommitError::Conflict(keys)) => Err(keys.into_iter().collect()),
        Err(CommitError::Failed(error)) => unreachable!("nothing was asked for that fails: {error:?}"),
    }
}

/// Commits the same changes to both and compares the answers.
async fn step(store: &dyn Store, model: &dyn Store, changes: &[(Change, Seen)]) {
    let expected = outcome(model.commit(for_store(model, changes).await).await);
    let got = outcome(store.commit(for_store(store, changes).await).await);
    assert_eq!(got, expected, "after {changes:?}");
}

async fn compare(store: &dyn Store, model: &dyn Store) {
    for query in questions() {
        if matches!(query, Query::OpenCounts { .. }) {
            // Counts come all at once.
            let page = Page::first(1);
            assert_eq!(find(store, &query, &page).await, find(model, &query, &page).await, "{query:?}");
            continue;
        }
        for limit in [2, 100] {
            let expected = content(all_rows(model, &query, limit).await);
            assert_eq!(content(all_rows(store, &query, limit).await), expected, "{query:?}");
        }
    }
}

/// How many random histories are tried; `MAILFLOW_MODEL_CASES` asks for more.
fn cases() -> u32 {
    std::env::var("MAILFLOW_MODEL_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(24)
}

/// Histories follow one another in the same store, so that it fills: each begins where the last one ended.
pub async fn the_store_answers_as_the_memory_store_does(place: Arc<dyn Place>) {
    let store = open(&place).await;
    let model = MemoryStore::new();
    for both in [&*store, &model as &dyn Store] {
        both.keep_body(BODY.to_vec()).await.expect("a body can be kept");
    }
    // The same histories in every run: a failure can be seen again.
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    for _ in 0..cases() {
        let history = changesets().new_tree(&mut runner).expect("histories can be made").current();
        for changes in history {
            step(&*store, &model, &changes).await;
        }
        compare(&*store, &model).await;
    }
}
