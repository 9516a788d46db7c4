use mailflow_core::arrival::ArrivalState;
use mailflow_core::id::TicketboxId;
use mailflow_core::store::{Changeset, Entry, Record, RecordKind};
use mailflow_core::ticket::Ticket;
use mailflow_test::store::samples::{BODY, arrival, box_id, message, ticket, ticket_id};
use tokio::sync::oneshot;

use super::*;
use crate::error::closed;

fn commit(entries: Vec<Entry>) -> Job {
    let prepared = Prepared::new(Changeset { entries, first_ticket_number: 1 }, 100).unwrap();
    Job::Commit(prepared, oneshot::channel().0)
}

fn insert(records: impl IntoIterator<Item = Record>) -> Job {
    commit(records.into_iter().map(Entry::Insert).collect())
}

fn taken(decided: &Decided<'_>) -> Vec<bool> {
    decided.outcomes.iter().map(|it| matches!(it, Outcome::Commit(Ok(_)) | Outcome::Done)).collect()
}

/// What is in this column of the record under this key.
fn column(decided: &Decided<'_>, key: &Key, name: &str) -> Value {
    let last = &decided.finals[key];
    let nth = last.table.columns.iter().position(|column| column.0 == name).unwrap();
    last.columns().unwrap()[nth].clone().into_owned()
}

#[test]
fn each_changeset_is_checked_against_those_before_it_and_a_loser_leaves_nothing() {
    let group = [
        insert([ticket(1).into()]),
        insert([ticket(2).into(), ticket(1).into()]),
        commit(vec![Entry::Replace(Version::new(8), ticket(1).into())]),
        insert([ticket(3).into()]),
    ];
    let found = Found { counters: Counters { version: 7, number: 40, seq: 0 }, ..Found::default() };
    let decided = decide(&found, &group, &Waiting::default());
    assert_eq!(taken(&decided), [true, false, true, true]);
    assert_eq!(decided.counters, Counters { version: 10, number: 43, seq: 0 });
    assert_eq!(
        decided.finals.keys().copied().cloned().collect::<Vec<_>>(),
        [1, 3].map(|it| Key::Ticket(ticket_id(it)))
    );
    // A record as it was committed last; the version of a commit is that of its records.
    assert_eq!(decided.finals[&Key::Ticket(ticket_id(1))].version, 9);
    assert!(!decided.is_nothing());
    assert!(decide(&found, &group[2..3], &Waiting::default()).is_nothing());
}

#[test]
fn a_number_that_another_ticket_has_and_a_body_that_is_not_there_are_refused() {
    let numbered = |id| Ticket { number: 5, ..ticket(id) };
    let group = [insert([numbered(2).into()]), insert([arrival(1, BODY, ArrivalState::Received).into()])];
    let waiting = Waiting::default();
    let mut found = Found::default();
    assert_eq!(taken(&decide(&found, &group, &waiting)), [true, false]);
    waiting.keep_small(BODY).unwrap();
    found.numbers.insert(5, (ticket_id(1), 3));
    let decided = decide(&found, &group, &waiting);
    assert_eq!(taken(&decided), [false, true]);
    assert!(matches!(decided.bodies.get(&Digest::of(BODY)), Some(BodyFinal::Put { named: true, .. })));
    assert_eq!(decided.written.len(), 1);
}

#[test]
fn what_is_erased_keeps_its_version_and_number_and_what_comes_back_counts_as_taken_in_now() {
    let key = message(1, 1, "").into();
    let key = Record::key(&key);
    let there = Slot { version: 3, standing: Standing::Record, words: Some((20, ticket_id(1), 9)), seq: 20 };
    let found = Found {
        counters: Counters { version: 7, number: 0, seq: 30 },
        slots: BTreeMap::from([(key.clone(), there)]),
        ..Found::default()
    };
    let erase = commit(vec![Entry::Erase(key.clone(), Version::new(3))]);
    let group = [erase, commit(vec![Entry::Replace(Version::new(8), message(1, 1, "bird").into())])];
    let decided = decide(&found, &group[..1], &Waiting::default());
    assert!(matches!(decided.finals[&key].state, State::Tombstone) && decided.finals[&key].data().is_none());
    assert_eq!(column(&decided, &key, SEQ), Value::Integer(20));
    assert_eq!(column(&decided, &key, "ticket"), Value::Null);
    assert_eq!(decided.index.forgotten, [20]);
    let decided = decide(&found, &group, &Waiting::default());
    assert_eq!(taken(&decided), [true, true]);
    assert_eq!(column(&decided, &key, SEQ), Value::Integer(31));
    assert_eq!((decided.index.forgotten, decided.index.words[0].seq), (vec![20], 31));
}

#[test]
fn words_are_indexed_again_only_if_they_are_others_or_lie_elsewhere() {
    let [old, new] = ["bird", "cat"].map(|text| Record::from(message(1, 1, text)));
    let indexed = |record: &Record| match crate::row::Row::of(record, 100).unwrap().beside {
        Beside::Words { hash, .. } => {
            Slot { version: 3, standing: Standing::Record, words: Some((20, ticket_id(1), hash)), seq: 20 }
        }
        other => panic!("{other:?}"),
    };
    let lies = |ticketbox: TicketboxId| Scope { ticketbox, owner: None, category: None, contact: None };
    let found = Found {
        slots: BTreeMap::from([
            (old.key(), indexed(&old)),
            (Key::Ticket(ticket_id(1)), Slot { version: 3, standing: Standing::Record, ..Slot::NOTHING }),
        ]),
        scopes: BTreeMap::from([(ticket_id(1), lies(box_id(1)))]),
        ..Found::default()
    };
    let same = [commit(vec![Entry::Replace(Version::new(3), old)])];
    assert!(decide(&found, &same, &Waiting::default()).index.words.is_empty());
    let moved = Ticket { ticketbox: box_id(2), owner: None, category: None, contact: None, ..ticket(1) };
    let entries = [new, moved.into()].map(|record| Entry::Replace(Version::new(3), record));
    let group = [commit(entries.into())];
    let index = decide(&found, &group, &Waiting::default()).index;
    assert!(index.forgotten.is_empty() && index.words[0].replaces);
    assert_eq!(index.words[0].scope, Some(lies(box_id(2))), "a text lies where its ticket does after the commit");
    assert_eq!(index.moved[0].from, Some(lies(box_id(1))));
    assert_eq!(index.moved[0].to, lies(box_id(2)));
}

#[test]
fn a_row_has_what_is_given_when_it_is_written() {
    let group = [insert([ticket(1).into()]), insert([message(1, 1, "bird").into()])];
    let decided = decide(&Found::default(), &group, &Waiting::default());
    assert_eq!(column(&decided, &Key::Ticket(ticket_id(1)), NUMBER), Value::Integer(1));
    let message = decided.finals.iter().find(|(key, _)| key.kind() == RecordKind::Message).unwrap().0;
    assert_eq!(column(&decided, message, SEQ), Value::Integer(1));
}

#[test]
fn in_a_database_that_is_too_new_only_last_words_are_taken() {
    let server = mailflow_test::store::samples::server(1);
    let group = [
        insert([ticket(1).into()]),
        insert([server.clone().into()]),
        insert([server.clone().into(), ticket(2).into()]),
        Job::WriteBodies(oneshot::channel().0),
        Job::EraseBody(mailflow_core::digest::Digest::of(BODY), oneshot::channel().0),
    ];
    let waiting = Waiting::default();
    waiting.keep_small(BODY).unwrap();
    let mut found = Found { outdated: Some(closed()), ..Found::default() };
    let decided = decide(&found, &group, &waiting);
    assert_eq!(taken(&decided), [false, true, false, false, false]);
    assert_eq!(decided.finals.keys().copied().cloned().collect::<Vec<_>>(), [Key::Server(server.id)]);
    assert!(decided.bodies.is_empty());
    // The control: in one that is not, all are, but the one that comes second with the server.
    found.outdated = None;
    assert_eq!(taken(&decide(&found, &group, &waiting)), [true, true, false, true, true]);
}
