//! Alerts and the audit: what is written of what people do, and who reads it.

use mailflow_core::alert::{Alert, AlertEvent, AlertQuery};
use mailflow_core::audit::{About, Activity, AuditEntry, AuditQuery, AuditReader, Deed, Who};
use mailflow_core::directory::DocumentKind;
use mailflow_core::event::What;
use mailflow_core::ticket::Ticket;

use super::lists::{mixed, views};
use super::*;
use crate::store::samples::*;

pub async fn an_audit_entry_is_never_changed_or_erased(place: Arc<dyn Place>) {
    let store = open(&place).await;
    let entry = audit_entry(1, 1);
    let key = Key::Audit(entry.id);
    let version = insert(&*store, [entry.clone().into()]).await.version;
    let other = AuditEntry { who: Who::Program, ..entry.clone() };
    for wish in [Entry::Replace(version, other.clone().into()), Entry::Erase(key.clone(), version)] {
        // Together with something harmless: nothing of it happens.
        let result = store.commit(changeset(vec![Entry::Insert(pulse(1).into()), wish])).await;
        assert!(matches!(result, Err(CommitError::Failed(_))), "{result:?}");
        let loaded = Loaded { version, record: Some(entry.clone().into()) };
        assert_eq!(load(&*store, &key).await, loaded);
        assert_eq!(load(&*store, &pulse_key()).await, Loaded::ABSENT);
    }
    let again = store.commit(changeset(vec![Entry::Insert(other.into())])).await;
    assert_eq!(conflict(again), Some([key.clone()].into()), "its key is taken");
}

fn pulse_key() -> Key {
    Key::Pulse(pulse(1).of)
}

/// Entries of all sorts: about tickets, one of which is gone, documents, contacts, and nothing; by agents and nobody.
fn deeds(count: u64) -> Vec<AuditEntry> {
    let sort = |number: u64| {
        let box_of =
            About::Document { kind: DocumentKind::Ticketbox, id: box_id(number % 3).into(), name: String::new() };
        let settings = About::Document { kind: DocumentKind::Settings, id: uuid::Uuid::nil(), name: String::new() };
        let failed = Deed::SignInFailed { user_name: "x".to_owned(), from: String::new(), because: String::new() };
        let (about, what) = match number % 6 {
            0 | 1 => (About::Ticket(ticket_id(1 + number % 41)), Deed::Ticket(What::Closed)),
            2 => (box_of, Deed::Changed { changes: Vec::new() }),
            3 => (settings, Deed::Changed { changes: Vec::new() }),
            4 => (
                About::Contact(contact_id(number % 3)),
                Deed::ContactWritten { made: false, fields: vec!["name".to_owned()] },
            ),
            _ => (About::Desk, failed),
        };
        let who = match number % 4 {
            0 => Who::Program,
            by => Who::Agent(agent_id(by)),
        };
        AuditEntry { id: audit_id(number), at: time(number / 5), who, about, what }
    };
    (1..=count).map(sort).collect()
}

fn readers() -> Vec<AuditReader> {
    let with = |visibility, objects: &[u64], contacts| AuditReader {
        visibility,
        objects: objects.iter().map(|number| box_id(*number).into()).collect(),
        contacts,
    };
    let mut readers: Vec<AuditReader> = views().into_iter().map(|it| with(it, &[], false)).collect();
    readers.extend(views().into_iter().take(3).map(|it| with(it, &[1, 2], true)));
    readers
}

fn questions(reader: &AuditReader) -> Vec<AuditQuery> {
    let all = AuditQuery::all(reader.clone());
    let mut questions = vec![
        all.clone(),
        AuditQuery { agent: Some(agent_id(1)), ..all.clone() },
        AuditQuery { agent: Some(agent_id(9)), ..all.clone() },
        AuditQuery { from: Some(time(4)), until: Some(time(9)), ..all.clone() },
        AuditQuery { agent: Some(agent_id(2)), from: Some(time(7)), ..all.clone() },
    ];
    for object in [ticket_id(2).into(), ticket_id(41).into(), box_id(1).into(), uuid::Uuid::from_u128(0x202)] {
        questions.push(AuditQuery { object: Some(object), ..all.clone() });
        questions.push(AuditQuery { object: Some(object), agent: Some(agent_id(1)), ..all.clone() });
    }
    for activity in Activity::ALL {
        questions.push(AuditQuery { activity: Some(activity), ..all.clone() });
        questions.push(AuditQuery { activity: Some(activity), until: Some(time(5)), ..all.clone() });
    }
    questions
}

/// Tickets 1 to 40, of which the third was erased.
async fn tickets(store: &dyn Store) -> Vec<Ticket> {
    let mut tickets = mixed(40);
    for (number, ticket) in (1..).zip(&mut tickets) {
        ticket.number = number;
    }
    insert(store, tickets.iter().cloned().map(Record::from)).await;
    erase(store, Key::Ticket(ticket_id(3))).await;
    tickets.retain(|it| it.id != ticket_id(3));
    tickets
}

pub async fn the_audit_has_what_the_query_matches(place: Arc<dyn Place>) {
    let store = open(&place).await;
    let tickets = tickets(&*store).await;
    let mut deeds = deeds(120);
    insert(&*store, deeds.iter().cloned().map(Record::from)).await;
    deeds.sort_by_key(|it| std::cmp::Reverse((it.at, *it.id.as_bytes())));
    let ticket = |id| tickets.iter().find(|it| it.id == id);
    for query in readers().iter().flat_map(questions) {
        let matching = deeds.iter().filter(|it| query.matches(it, it.about.ticket().and_then(ticket)));
        let expected: Vec<Key> = matching.map(|it| Key::Audit(it.id)).collect();
        let rows = all_rows(&*store, &Query::Audit(query.clone()), 7).await;
        assert_eq!(keys(&rows), expected, "{query:?}");
    }
    // What may be read follows the ticket: it is as it is now.
    let known = tickets.iter().find(|it| it.id == ticket_id(2)).expect("something was done to it");
    let moved = Ticket { ticketbox: box_id(9), owner: None, category: None, ..known.clone() };
    let known = Ticket { owner: None, category: None, ..known.clone() };
    replace(&*store, known).await;
    let reader = |boxes: &[u64]| AuditReader {
        visibility: mailflow_core::access::Visibility::of_ticketboxes(
            agent_id(77),
            boxes.iter().copied().map(box_id).collect(),
        ),
        objects: BTreeSet::new(),
        contacts: false,
    };
    let about = |reader| Query::Audit(AuditQuery { object: Some(moved.id.into()), ..AuditQuery::all(reader) });
    let before = all_rows(&*store, &about(reader(&[1, 2, 3])), 7).await.len();
    replace(&*store, moved.clone()).await;
    assert!(before > 0 && all_rows(&*store, &about(reader(&[1, 2, 3])), 7).await.is_empty());
    assert_eq!(all_rows(&*store, &about(reader(&[9])), 7).await.len(), before);
}

pub async fn alerts_are_listed_as_long_as_their_cause_may_be_seen(place: Arc<dyn Place>) {
    let store = open(&place).await;
    let tickets = tickets(&*store).await;
    let sort = |number: u64| {
        let sorts = [AlertEvent::MessageInTicket, AlertEvent::NeedsApproval, AlertEvent::Assigned];
        Alert {
            at: time(number / 4),
            of: sorts.into_iter().cycle().nth(usize::try_from(number % 3).unwrap_or(0)).expect("it goes round"),
            ticket: (!number.is_multiple_of(10)).then(|| ticket_id(1 + number % 41)),
            ..alert(1 + number % 2, number, 1)
        }
    };
    let mut alerts: Vec<Alert> = (1..=90).map(sort).collect();
    insert(&*store, alerts.iter().cloned().map(Record::from)).await;
    alerts.sort_by_key(|it| std::cmp::Reverse((it.at, *it.cause.as_bytes())));
    let ticket = |id| tickets.iter().find(|it| it.id == id);
    for visibility in views() {
        for approvals in [vec![], vec![4, 7, 10, 88], (1..=90).collect()] {
            let approvals: BTreeSet<uuid::Uuid> =
                approvals.into_iter().map(|number: u64| message_id(number).into()).collect();
            for agent in [1, 2, 3].map(agent_id) {
                let query = AlertQuery { agent, visibility: visibility.clone(), approvals: approvals.clone() };
                let matching = alerts.iter().filter(|it| query.matches(it, it.ticket.and_then(ticket)));
                let expected: Vec<Key> = matching.map(|it| Key::Alert(it.agent, it.cause)).collect();
                let rows = all_rows(&*store, &Query::Alerts(query.clone()), 4).await;
                assert_eq!(keys(&rows), expected, "{query:?}");
            }
        }
    }
    let first = alerts.first().expect("there are alerts");
    let all = AlertQuery {
        agent: first.agent,
        visibility: mailflow_core::access::Visibility::Everything,
        approvals: alerts.iter().map(|it| it.cause).collect(),
    };
    let key = Key::Alert(first.agent, first.cause);
    assert!(keys(&all_rows(&*store, &Query::Alerts(all.clone()), 9).await).contains(&key));
    erase(&*store, key.clone()).await;
    assert!(!keys(&all_rows(&*store, &Query::Alerts(all), 9).await).contains(&key), "what is cleared is gone");
    insert(&*store, [first.clone().into()]).await;
}
