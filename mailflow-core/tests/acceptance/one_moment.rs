//! What is shown of a ticket was all true at one moment, also when it changes while it is read.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use async_trait::async_trait;
use mailflow_core::decision::ticket::TicketWish;
use mailflow_core::digest::Digest;
use mailflow_core::event::{Actor, Event, What};
use mailflow_core::flow::Passage;
use mailflow_core::id::NoteId;
use mailflow_core::store::{
    Changeset, CommitError, Committed, Entry, Found, Kept, Key, Loaded, Page, Query, Record, Store, StoreError,
};
use mailflow_core::ticket::{Ticket, TicketState};
use mailflow_core::time::{Clock as _, Timestamp};

use super::super::fresh_store;
use super::office::Office;

const MAIL: &str = "From: Ada <ada@one.example>\nTo: support@example.com\nSubject: Printer\n\nIt burns.\n";

/// A store in which a ticket is closed or opened just before its events are read, as often as it was wound up.
#[derive(Clone)]
struct Busy {
    kept: Arc<dyn Store>,
    wound: Arc<AtomicU32>,
}

impl Busy {
    async fn interfere(&self, query: &Query) {
        let Query::Events(id) = query else { return };
        if self.wound.load(Ordering::SeqCst) == 0 {
            return;
        }
        self.wound.fetch_sub(1, Ordering::SeqCst);
        let loaded = self.kept.load(&[Key::Ticket(*id)]).await.unwrap().remove(0);
        let mut ticket = loaded.record.and_then(Ticket::take).unwrap();
        let (state, what) = match ticket.state {
            TicketState::Open => (TicketState::Closed, What::Closed),
            TicketState::Closed => (TicketState::Open, What::Reopened),
        };
        ticket.state = state;
        ticket.revision += 1;
        let seed = u128::from(ticket.revision).to_be_bytes();
        let at = Timestamp::from_millis(ticket.created.as_millis() + i64::from(ticket.revision) * 60_000);
        let (id, after) = (uuid::Uuid::from_bytes(seed).into(), loaded.version.number());
        let event = Event { id, ticket: ticket.id, at, actor: Actor::System, what, after };
        let entries = vec![Entry::Replace(loaded.version, Record::from(ticket)), Entry::Insert(Record::from(event))];
        self.kept.commit(Changeset { entries, first_ticket_number: 1 }).await.unwrap();
    }
}

#[async_trait]
impl Store for Busy {
    async fn now(&self) -> Result<Timestamp, StoreError> {
        self.kept.now().await
    }

    async fn check_shape(&self) -> Result<(), StoreError> {
        self.kept.check_shape().await
    }

    async fn load(&self, keys: &[Key]) -> Result<Vec<Loaded>, StoreError> {
        self.kept.load(keys).await
    }

    async fn find(&self, query: &Query, page: &Page) -> Result<Found, StoreError> {
        self.interfere(query).await;
        self.kept.find(query, page).await
    }

    async fn commit(&self, changes: Changeset) -> Result<Committed, CommitError> {
        self.kept.commit(changes).await
    }

    async fn keep_body(&self, bytes: Vec<u8>) -> Result<Digest, StoreError> {
        self.kept.keep_body(bytes).await
    }

    async fn body(&self, digest: &Digest) -> Result<Option<Vec<u8>>, StoreError> {
        self.kept.body(digest).await
    }

    async fn erase_body(&self, digest: &Digest) -> Result<(), StoreError> {
        self.kept.erase_body(digest).await
    }
}

#[tokio::test]
async fn a_ticket_that_changes_while_it_is_read_is_shown_as_it_is_after_that() {
    for changes in [1, 2] {
        let (kept, place) = fresh_store().await;
        let store = Busy { kept, wound: Arc::default() };
        let office = Office::open_on(store.clone(), place).await;
        office.receive(MAIL).await;
        store.wound.store(changes, Ordering::SeqCst);

        let seen = office.conversation(1).await;

        assert_eq!(store.wound.load(Ordering::SeqCst), 0, "it changed while it was read");
        let events = office.events(1).await;
        assert_eq!(seen.passages.len(), events.len() + 1, "{changes}: its last event is shown: {events:?}");
        let closed = events.last().unwrap() == "closed";
        assert_eq!(seen.ticket.state == TicketState::Closed, closed, "{changes}: and so is its state");
    }
}

#[tokio::test]
async fn what_happens_in_one_millisecond_is_told_in_the_order_in_which_it_happened() {
    let office = Office::open().await;
    office.receive(MAIL).await;
    let mut expected: Vec<String> = office.events(1).await;
    office.clock.advance(std::time::Duration::from_secs(60));
    let (desk, now, ticket) = (office.desk(), office.clock.now(), office.ticket(1).await.id);

    for turn in 0..6_u128 {
        desk.change(ticket, TicketWish::Close).await.unwrap();
        let note = NoteId::from(uuid::Uuid::from_u128(100 - turn));
        desk.note_once(ticket, note, &format!("note {turn}")).await.unwrap();
        desk.change(ticket, TicketWish::Reopen).await.unwrap();
        expected.extend(["closed", "noted", "reopened"].map(str::to_owned));
    }

    assert_eq!(office.events(1).await, expected);
    let passages = office.conversation(1).await.passages;
    let told: Vec<String> = passages
        .iter()
        .filter(|passage| passage.at() == now)
        .map(|passage| match passage {
            Passage::Event(event) => {
                serde_json::to_value(&event.what).unwrap().as_str().unwrap_or("noted").to_owned()
            }
            Passage::Note(note) => note.text.clone(),
            Passage::Message(message) => message.subject.clone(),
        })
        .collect();
    let turn = |turn| ["closed".to_owned(), "noted".to_owned(), format!("note {turn}"), "reopened".to_owned()];
    assert_eq!(told, (0..6).flat_map(turn).collect::<Vec<_>>(), "and a note stands where it was written");
}
