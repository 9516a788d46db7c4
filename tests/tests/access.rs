//! Access in the stores: lists of every page size, counts, search and single tickets of random worlds are what a naive
//! reference says, on every store (AC-24).
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    dead_code,
    reason = "a test fails by panicking; the world has more than is used here"
)]

#[path = "../../mailflow-core/tests/access/naive.rs"]
mod naive;
#[path = "../../mailflow-core/tests/access/world.rs"]
mod world;

use std::collections::{BTreeMap, BTreeSet};

use mailflow_core::access::Right;
use mailflow_core::flow::{Filter, Mailflow};
use mailflow_core::id::{AgentId, TicketId, TicketboxId};
use mailflow_core::note::Note;
use mailflow_core::store::{Changeset, Entry, MemoryStore, Page, Store};
use mailflow_core::ticket::Ticket;
use mailflow_core::time::Timestamp;
use mailflow_tests::places::Kind;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

use self::naive::Fault;
use self::world::World;

/// What a desk answers one agent.
#[derive(Debug, PartialEq, Eq, Clone)]
struct Answers {
    listed: BTreeSet<TicketId>,
    found: BTreeSet<TicketId>,
    shown: BTreeSet<TicketId>,
    counts: BTreeMap<TicketboxId, u32>,
}

/// The tickets of a world, each with a note that a search finds.
fn tickets(world: &World) -> Vec<Ticket> {
    let all = world.tickets().into_iter().zip(1u8..);
    all.map(|(ticket, number)| Ticket {
        id: TicketId::from_bytes([number; 16]),
        updated: Timestamp::from_millis(1_000 * i64::from(number)),
        ..ticket
    })
    .collect()
}

async fn desk(world: &World, store: impl Store) -> Mailflow {
    let flow = Mailflow::builder(store).build().await.unwrap();
    let admin = flow.admin();
    let directory = world.directory();
    for agent in directory.agents.values() {
        admin.save(agent).await.unwrap();
    }
    for group in directory.groups.values() {
        admin.save(group).await.unwrap();
    }
    for ticketbox in directory.ticketboxes.values() {
        admin.save(ticketbox).await.unwrap();
    }
    for category in directory.categories.values() {
        admin.save(category).await.unwrap();
    }
    for list in &world.lists {
        admin.save(list).await.unwrap();
    }
    let mut entries = Vec::new();
    for ticket in tickets(world) {
        let note = Note {
            id: ticket.id.into_note(),
            ticket: ticket.id,
            author: world::agent_id(0),
            at: ticket.updated,
            text: "The printer smokes.".to_owned(),
        };
        entries.push(Entry::Insert(ticket.into()));
        entries.push(Entry::Insert(note.into()));
    }
    flow.store().commit(Changeset { entries, first_ticket_number: 1 }).await.unwrap();
    flow
}

/// The note's id has the ticket's bytes.
trait IntoNote {
    fn into_note(self) -> mailflow_core::id::NoteId;
}

impl IntoNote for TicketId {
    fn into_note(self) -> mailflow_core::id::NoteId {
        uuid::Uuid::from(self).into()
    }
}

/// Goes through a list page by page: all pages but the last are full.
macro_rules! walk {
    ($limit:expr, |$page:ident| $ask:expr, |$row:ident| $id:expr) => {{
        let (mut all, mut after) = (BTreeSet::new(), None);
        loop {
            let $page = Page { limit: $limit, after };
            let listing = $ask.await.unwrap();
            let rows = listing.rows.len();
            for $row in listing.rows {
                assert!(all.insert($id), "shown twice");
            }
            match listing.next {
                Some(next) => {
                    assert_eq!(rows, usize::try_from($limit).unwrap(), "a page of N has N rows if N exist");
                    after = Some(next);
                }
                None => break all,
            }
        }
    }};
}

async fn answers(flow: &Mailflow, world: &World, agent: AgentId, limit: u32) -> Answers {
    let (desk, filter) = (flow.desk(agent), Filter::default());
    let mut shown = BTreeSet::new();
    for number in 1..=u64::try_from(world.tickets().len()).unwrap() {
        if let Ok(ticket) = desk.ticket(number).await {
            shown.insert(ticket.id);
        }
    }
    let counts = desk.open_counts().await.unwrap();
    Answers {
        listed: walk!(limit, |page| desk.tickets(&filter, &page), |row| row.id),
        found: walk!(limit, |page| desk.search("printer", &filter, &page), |row| row.ticket.id),
        shown,
        counts: counts.iter().filter(|(_, it)| it.number() > 0).map(|(id, it)| (*id, it.number())).collect(),
    }
}

fn expected(world: &World, agent: AgentId, fault: Fault) -> Answers {
    let all = tickets(world);
    let seen: Vec<&Ticket> =
        all.iter().filter(|it| naive::with_fault(world, agent, it, fault).has(Right::Read)).collect();
    let ids: BTreeSet<TicketId> = seen.iter().map(|it| it.id).collect();
    let mut counts = BTreeMap::new();
    for ticket in seen {
        *counts.entry(ticket.ticketbox).or_default() += 1;
    }
    Answers { listed: ids.clone(), found: ids.clone(), shown: ids, counts }
}

fn check(world: &World, kind: Kind) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let (store, _place) = kind.store().await;
        let flow = desk(world, store).await;
        for (agent, limit) in world.agents().zip([1, 2, 3, 3]) {
            let answers = answers(&flow, world, agent, limit).await;
            assert_eq!(answers, expected(world, agent, Fault::None), "agent {agent}, pages of {limit}");
        }
    });
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn ac_24_lists_counts_and_search_in_memory_are_what_the_reference_says(world in world::any_world()) {
        check(&world, Kind::Memory);
    }

    #[test]
    fn ac_24_lists_counts_and_search_in_sqlite_are_what_the_reference_says(world in world::any_world()) {
        check(&world, Kind::Sqlite);
    }

    #[test]
    fn ac_24_lists_counts_and_search_in_postgresql_are_what_the_reference_says(world in world::any_world()) {
        check(&world, Kind::Postgres);
    }

    #[test]
    fn ac_24_lists_counts_and_search_in_sql_server_are_what_the_reference_says(world in world::any_world()) {
        check(&world, Kind::Mssql);
    }
}

/// The control: a reference with a planted fault, and a count that was made before the rights were asked, are told apart
/// from what the desk answers.
#[tokio::test]
async fn planted_faults_are_told_apart() {
    let mut runner = TestRunner::deterministic();
    let (mut strongest, mut no_everyone, mut before_filter) = (false, false, false);
    for _ in 0..60 {
        let world = world::any_world().new_tree(&mut runner).unwrap().current();
        let flow = desk(&world, MemoryStore::new()).await;
        let mut everything = BTreeMap::new();
        for ticket in tickets(&world) {
            *everything.entry(ticket.ticketbox).or_default() += 1;
        }
        for agent in world.agents() {
            let real = answers(&flow, &world, agent, 3).await;
            strongest |= real != expected(&world, agent, Fault::StrongestOnly);
            no_everyone |= real != expected(&world, agent, Fault::NoEveryoneInOwnLists);
            let planted = Answers { counts: everything.clone(), ..real.clone() };
            before_filter |= planted != expected(&world, agent, Fault::None);
        }
    }
    assert!(strongest && no_everyone && before_filter, "{strongest} {no_everyone} {before_filter}");
}
