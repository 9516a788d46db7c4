//! Lists: order, pages, cursors, counts.

use mailflow_core::access::{Categories, Visibility};
use mailflow_core::arrival::ArrivalState;
use mailflow_core::audit::{AuditQuery, AuditReader};
use mailflow_core::directory::{DocumentKind, Documented as _};
use mailflow_core::explanation::{Explanation, PlacedBy};
use mailflow_core::id::RuleId;
use mailflow_core::message::Message;
use mailflow_core::outgoing::{OutgoingState, RunId};
use mailflow_core::store::{Count, Cursor, OwnerFilter, TicketQuery};
use mailflow_core::ticket::{Ticket, TicketState};

use super::*;
use crate::store::samples::*;

/// Tickets of all sorts: three ticketboxes, owners, categories, both states, some in the trash, many of the same time.
pub(super) fn mixed(count: u64) -> Vec<Ticket> {
    let sort = |number: u64| {
        let mut it = ticket(number);
        it.ticketbox = box_id(1 + number % 3);
        it.owner = (!number.is_multiple_of(4)).then(|| agent_id(number % 4));
        it.category = (number % 5 > 1).then(|| category_id(number % 5));
        it.contact = (!number.is_multiple_of(7)).then(|| contact_id(number % 7));
        it.state = if number.is_multiple_of(2) { TicketState::Open } else { TicketState::Closed };
        it.trashed = number.is_multiple_of(11).then(|| time(number));
        it.updated = time(number / 4);
        it
    };
    (1..=count).map(sort).collect()
}

async fn fill(store: &dyn Store, count: u64) -> Vec<Ticket> {
    let mut tickets = mixed(count);
    for (number, ticket) in (1..).zip(&mut tickets) {
        ticket.number = number;
    }
    insert(store, tickets.iter().cloned().map(Record::from)).await;
    tickets
}

/// What several agents may see.
pub(super) fn views() -> Vec<Visibility> {
    let of = |agent, boxes: &[u64], owners: &[u64], categories: Option<&[u64]>| Visibility::Of {
        agent: agent_id(agent),
        ticketboxes: boxes.iter().copied().map(box_id).collect(),
        owners: owners.iter().copied().map(agent_id).collect(),
        categories: categories
            .map_or(Categories::All, |only| Categories::Only(only.iter().copied().map(category_id).collect())),
    };
    vec![
        Visibility::Everything,
        of(1, &[1], &[], None),
        of(1, &[1, 2], &[1, 2], None),
        of(2, &[], &[], None),
        of(3, &[], &[1, 3], Some(&[2, 3])),
        of(9, &[2, 3], &[], Some(&[])),
        of(9, &[], &[], None),
    ]
}

/// Queries of all sorts under this visibility.
pub(super) fn queries(visibility: &Visibility) -> Vec<TicketQuery> {
    let all = TicketQuery::all(visibility.clone());
    let mut queries = vec![all.clone()];
    for trashed in [false, true] {
        for state in [None, Some(TicketState::Open), Some(TicketState::Closed)] {
            queries.push(TicketQuery { state, trashed, ..all.clone() });
        }
    }
    for boxes in [vec![], vec![1], vec![2, 3], vec![9]] {
        let ticketboxes = Some(boxes.into_iter().map(box_id).collect());
        queries.push(TicketQuery { ticketboxes, ..all.clone() });
    }
    for owner in [OwnerFilter::Nobody, OwnerFilter::Agent(agent_id(1)), OwnerFilter::Agent(agent_id(9))] {
        queries.push(TicketQuery { owner: Some(owner), ..all.clone() });
        let ticketboxes = Some([box_id(1)].into());
        queries.push(TicketQuery { owner: Some(owner), ticketboxes, category: Some(category_id(2)), ..all.clone() });
    }
    queries.push(TicketQuery { contact: Some(contact_id(2)), ..all.clone() });
    queries.push(TicketQuery { category: Some(category_id(3)), ..all.clone() });
    let ticketboxes = Some([box_id(1), box_id(2)].into());
    queries.push(TicketQuery { category: Some(category_id(3)), ticketboxes, ..all });
    queries
}

/// What a list must have.
fn expected(tickets: &[Ticket], query: &TicketQuery) -> Vec<Key> {
    let mut matching: Vec<&Ticket> = tickets.iter().filter(|it| query.matches(it)).collect();
    matching.sort_by_key(|it| std::cmp::Reverse((it.updated, *it.id.as_bytes())));
    matching.into_iter().map(|it| Key::Ticket(it.id)).collect()
}

pub async fn lists_of_tickets_have_what_the_query_matches(place: Arc<dyn Place>) {
    let store = open(&place).await;
    let tickets = fill(&*store, 150).await;
    for query in views().iter().flat_map(queries) {
        let rows = all_rows(&*store, &Query::Tickets(query.clone()), 7).await;
        assert_eq!(keys(&rows), expected(&tickets, &query), "{query:?}");
    }
}

pub async fn pages_show_every_row_once_in_order(place: Arc<dyn Place>) {
    let store = open(&place).await;
    let tickets = fill(&*store, 60).await;
    let query = TicketQuery::all(Visibility::Everything);
    let expected = expected(&tickets, &query);
    for limit in [1, 2, 7, 59, 60, 1000] {
        let rows = all_rows(&*store, &Query::Tickets(query.clone()), limit).await;
        assert_eq!(keys(&rows), expected, "in pages of {limit}");
    }
}

pub async fn a_page_is_full_if_there_are_enough_rows(place: Arc<dyn Place>) {
    let store = open(&place).await;
    let tickets = fill(&*store, 100).await;
    for query in views().iter().flat_map(queries) {
        let matching = tickets.iter().filter(|it| query.matches(it)).count();
        let found = find(&*store, &Query::Tickets(query.clone()), &Page::first(10)).await;
        assert_eq!(found.rows.len(), matching.min(10), "{query:?}");
        assert_eq!(found.next.is_some(), matching > 10, "{query:?}");
    }
}

pub async fn a_cursor_stays_valid_while_rows_come_and_go(place: Arc<dyn Place>) {
    let store = open(&place).await;
    let tickets = fill(&*store, 40).await;
    let query = Query::Tickets(TicketQuery::all(Visibility::Everything));
    let first = find(&*store, &query, &Page::first(10)).await;
    let cursor = first.next.clone().expect("there is a second page");
    // The last row of the page goes, one of the second page goes, one comes at the top.
    let shown = keys(&first.rows);
    let order = keys(&all_rows(&*store, &query, 100).await);
    let (last, second) = (order.get(9).expect("row 10"), order.get(14).expect("row 15"));
    erase(&*store, last.clone()).await;
    erase(&*store, second.clone()).await;
    insert(&*store, [Ticket { number: 500, updated: time(9999), ..ticket(500) }.into()]).await;
    let mut page = Page::after(10, cursor);
    let mut rest = Vec::new();
    loop {
        let found = find(&*store, &query, &page).await;
        rest.extend(keys(&found.rows));
        match found.next {
            Some(cursor) => page = Page::after(10, Cursor::from(cursor.to_string().as_str())),
            None => break,
        }
    }
    let stayed: Vec<_> = order.iter().skip(10).filter(|key| *key != second).cloned().collect();
    assert_eq!(rest, stayed, "each row that stayed is shown exactly once");
    assert_eq!(shown.len() + rest.len() + 1, expected(&tickets, &TicketQuery::all(Visibility::Everything)).len());
}

pub async fn what_is_no_cursor_begins_the_list_again(place: Arc<dyn Place>) {
    let store = open(&place).await;
    fill(&*store, 20).await;
    insert(&*store, [contact(1, "Ada").into(), settings()]).await;
    insert(&*store, (1..9).map(|number| audit_entry(number, 1).into())).await;
    let queries = [
        Query::Tickets(TicketQuery::all(Visibility::Everything)),
        Query::Contacts(Vec::new()),
        Query::Documents,
        Query::Sessions(None),
        Query::Audit(AuditQuery::all(AuditReader::EVERYTHING)),
    ];
    for query in queries {
        let first = find(&*store, &query, &Page::first(5)).await;
        for text in ["", "x", "1", "1.zz", "zz.00", "99999999999999999999.00"] {
            assert_eq!(find(&*store, &query, &Page::after(5, Cursor::from(text))).await, first, "{text}");
        }
    }
}

pub async fn counts_are_the_lengths_of_lists_up_to_the_limit(place: Arc<dyn Place>) {
    let store = open(&place).await;
    let mut tickets = fill(&*store, 200).await;
    let many = (1..=1100).map(|nth| Ticket { number: nth + 1000, ticketbox: box_id(4), ..ticket(nth + 1000) });
    tickets.extend(many.clone());
    insert(&*store, many.map(Record::from)).await;
    let boxes: Vec<_> = [3, 1, 4, 9, 2].into_iter().map(box_id).collect();
    let all = Visibility::of_ticketboxes(agent_id(9), boxes.iter().copied().collect());
    for visibility in views().into_iter().chain([all]) {
        let query = Query::OpenCounts { visibility: visibility.clone(), ticketboxes: boxes.clone() };
        let counts: Vec<Row> = find(&*store, &query, &Page::first(1)).await.rows;
        let expected = boxes.iter().map(|id| {
            let open = TicketQuery { state: Some(TicketState::Open), ..TicketQuery::all(visibility.clone()) };
            let seen = tickets.iter().filter(|it| it.ticketbox == *id && open.matches(it)).count();
            Row::Count(*id, Count::new(u32::try_from(seen).expect("few")))
        });
        assert_eq!(counts, expected.collect::<Vec<_>>(), "{visibility:?}");
    }
}

pub async fn mails_are_counted_by_the_rule_that_placed_them(place: Arc<dyn Place>) {
    let store = open(&place).await;
    let rule = |number: u8| RuleId::from_bytes([number; 16]);
    let placed = |number: u64, by: Option<u8>| {
        let by = match by {
            Some(by) => PlacedBy::Rule { id: rule(by), number: 1, description: "a rule".to_owned() },
            None => PlacedBy::DefaultTicketbox,
        };
        let explanation = Some(Explanation { placed_by: Some(by), ..Explanation::default() });
        Record::from(Message { explanation, ..message(number, 1, "text") })
    };
    let many = (100..1150).map(|number| placed(number, Some(3)));
    let few = [placed(1, Some(1)), placed(2, Some(1)), placed(3, None), placed(4, Some(2)), placed(5, Some(1))];
    insert(&*store, few.into_iter().chain(many)).await;
    insert(&*store, [message(6, 1, "text").into()]).await;
    let counts = async |from: u64| {
        let query = Query::PlacedBy { rules: [3, 1, 9, 2].map(rule).to_vec(), from: message_id(from) };
        find(&*store, &query, &Page::first(1)).await.rows
    };
    let expected = |counts: [u32; 4]| {
        let rows = [3, 1, 9, 2].map(rule).into_iter().zip(counts);
        rows.map(|(rule, count)| Row::Placed(rule, Count::new(count))).collect::<Vec<_>>()
    };
    assert_eq!(counts(0).await, expected([1050, 3, 0, 1]));
    assert_eq!(counts(2).await, expected([1050, 2, 0, 1]), "from the message on");
    assert_eq!(counts(1149).await, expected([1, 0, 0, 0]));
    replace(&*store, Message { explanation: None, ..message(5, 1, "text") }).await;
    erase(&*store, Key::Message(message_id(2))).await;
    assert_eq!(counts(0).await, expected([1050, 1, 0, 1]), "what is gone does not count");
}

/// Names that sort by their lower case.
const fn name(number: u64) -> &'static str {
    match number {
        1 => "Ada Berg",
        2 => "ada cole",
        3 => "",
        4 => "Änne",
        _ => "zoe",
    }
}

/// Checks that a list has these keys, in pages of every small size.
async fn check(store: &dyn Store, query: Query, expected: &[Key]) {
    for limit in [1, 2, 3, 100] {
        assert_eq!(keys(&all_rows(store, &query, limit).await), expected, "{query:?} in pages of {limit}");
    }
}

pub async fn every_list_has_its_order(place: Arc<dyn Place>) {
    let store = open(&place).await;
    for number in [3_u64, 1, 5, 2, 4] {
        let body = [u8::try_from(number).expect("small"); 9];
        store.keep_body(body.to_vec()).await.expect("a body can be kept");
        let mut late = message(number, 1, "text");
        late.at = time(number / 2);
        let (ticket, message) = (ticket_id(1), message_id(number));
        let shelved = arrival(10 + number % 2, &body, ArrivalState::Shelved { ticket, message });
        let run = RunId(message_id(1).into());
        let mut failed = outgoing(20 + number, 1, &body, OutgoingState::Failed);
        failed.created = time(number / 2);
        let held = outgoing(30 + number, 1, &body, OutgoingState::PerhapsSent);
        let sent = outgoing(50 + number, 2, &body, OutgoingState::Sent);
        let records: Vec<Record> = vec![
            late.into(),
            note(number, 1, "note").into(),
            event(number, 1).into(),
            arrival(1, &body, ArrivalState::Received).into(),
            shelved.into(),
            outgoing(number, 1, &body, OutgoingState::Queued).into(),
            outgoing(60 + number, 1, &body, OutgoingState::AwaitingApproval).into(),
            outgoing(10 + number, 1, &body, OutgoingState::Sending { run }).into(),
            held_by(1, outgoing(70 + number, 1, &body, OutgoingState::Paused)).into(),
            held_by(1, outgoing(80 + number, 1, &body, OutgoingState::Sent)).into(),
            held_by(2, outgoing(90 + number, 3, &body, OutgoingState::AwaitingApproval)).into(),
            failed.into(),
            held.into(),
            sent.into(),
            draft(1, number).into(),
            session(number, 1 + number % 2).into(),
            contact(number, name(number)).into(),
            server(number).into(),
            lease(number).into(),
            mailflow_core::ticketbox::Ticketbox::new(box_id(number), "a box", None).to_document().into(),
        ];
        insert(&*store, records).await;
    }
    insert(&*store, [settings(), message(77, 2, "elsewhere").into(), draft(2, 1).into()]).await;
    let down = |key: fn(u64) -> Key| [5, 4, 3, 2, 1].map(key).to_vec();
    check(&*store, Query::Messages(ticket_id(1)), &down(|n| Key::Message(message_id(n)))).await;
    check(&*store, Query::MessagesFrom(message_id(2)), &[2, 3, 4, 5, 77].map(|n| Key::Message(message_id(n)))).await;
    check(&*store, Query::Notes(ticket_id(1)), &down(|n| Key::Note(note_id(n)))).await;
    check(&*store, Query::Events(ticket_id(1)), &down(|n| Key::Event(event_id(n)))).await;
    check(&*store, Query::OutgoingOf(ticket_id(2)), &down(|n| Key::Outgoing(outgoing_id(50 + n)))).await;
    let waiting = [61, 62, 63, 64, 65, 91, 92, 93, 94, 95].map(|n| Key::Outgoing(outgoing_id(n)));
    check(&*store, Query::AwaitingApproval, &waiting).await;
    check(&*store, Query::HeldBy(agent_id(1)), &down(|n| Key::Outgoing(outgoing_id(70 + n)))).await;
    check(&*store, Query::HeldBy(agent_id(2)), &down(|n| Key::Outgoing(outgoing_id(90 + n)))).await;
    check(&*store, Query::HeldBy(agent_id(3)), &[]).await;
    check(&*store, Query::Sending, &[1, 2, 3, 4, 5].map(|n| Key::Outgoing(outgoing_id(10 + n)))).await;
    let failed = [35, 34, 33, 32, 31, 25, 24, 23, 22, 21].map(|n| Key::Outgoing(outgoing_id(n)));
    check(&*store, Query::Failed(destination_id(1)), &failed).await;
    check(&*store, Query::Queued(destination_id(1)), &down(|n| Key::Outgoing(outgoing_id(n)))).await;
    check(&*store, Query::Queued(destination_id(2)), &[]).await;
    // `samples::outgoing` is due the earlier the higher its number.
    let due = [5, 4, 3].map(|n| Key::Outgoing(outgoing_id(n)));
    check(&*store, Query::Due(destination_id(1), time(997)), &due).await;
    check(&*store, Query::Due(destination_id(1), time(1)), &[]).await;
    check(&*store, Query::Drafts(agent_id(1)), &down(|n| Key::Draft(agent_id(1), ticket_id(n)))).await;
    check(&*store, Query::Sessions(None), &down(|n| Key::Session(session(n, 1).token))).await;
    let seconds = [5, 3, 1].map(|n| Key::Session(session(n, 1).token));
    check(&*store, Query::Sessions(Some(agent_id(2))), &seconds).await;
    let up = |key: fn(u64) -> Key| [1, 2, 3, 4, 5].map(key).to_vec();
    check(&*store, Query::Servers, &up(|n| Key::Server(server(n).id))).await;
    check(&*store, Query::Leases, &up(|n| Key::Lease(source_id(n).into()))).await;
    let documents: Vec<_> = [settings()].iter().map(Record::key).collect();
    let boxes = (1..=5).map(|n| Key::Document(DocumentKind::Ticketbox, box_id(n).into()));
    check(&*store, Query::Documents, &documents.into_iter().chain(boxes).collect::<Vec<_>>()).await;
    // By name in lower case; without one, by address.
    let by_name = [1, 2, 3, 5, 4].map(|n| Key::Contact(contact_id(n)));
    check(&*store, Query::Contacts(Vec::new()), &by_name).await;
    let words = |words: &[&str]| Query::Contacts(words.iter().map(|&it| it.to_owned()).collect());
    check(&*store, words(&["ad"]), &[1, 2].map(|n| Key::Contact(contact_id(n)))).await;
    check(&*store, words(&["col", "ada"]), &[Key::Contact(contact_id(2))]).await;
    check(&*store, words(&["user4"]), &[Key::Contact(contact_id(4))]).await;
    check(&*store, words(&["anne"]), &[Key::Contact(contact_id(4))]).await;
    check(&*store, words(&["example"]), &by_name).await;
    check(&*store, words(&["nobody"]), &[]).await;
    let waiting = [1_u64, 2, 3, 4, 5].map(|n| {
        let body = [u8::try_from(n).expect("small"); 9];
        arrival(1, &body, ArrivalState::Received)
    });
    let waiting: Vec<_> = waiting.into_iter().map(|it| Record::from(it).key()).collect();
    check(&*store, Query::Waiting, &waiting).await;
    assert_eq!(keys(&all_rows(&*store, &Query::Shelved, 2).await).len(), 5);
}
