//! The store fails at its first call, its second, its third … until a whole story comes to its end without a failure; on
//! every store.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use mailflow_core::access::Visibility;
use mailflow_core::agent::BUILT_IN_ADMINISTRATOR;
use mailflow_core::decision::reply::Reply;
use mailflow_core::digest::Digest;
use mailflow_core::flow::Mailflow;
use mailflow_core::id::MessageId;
use mailflow_core::mail::parse;
use mailflow_core::outgoing::OutgoingState;
use mailflow_core::store::{
    Changeset, CommitError, Committed, Found, Key, Loaded, Page, Query, Store, StoreError, StoreErrorKind,
    StoreExt as _, TicketQuery,
};
use mailflow_core::ticket::Ticket;
use mailflow_core::time::{Clock, ManualClock, Timestamp};
use mailflow_core::transport::{MemorySource, MemoryTransport};
use mailflow_tests::places::Kind;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum When {
    /// The call does nothing and fails.
    Before,
    /// The call does its work, and its answer is lost.
    After,
}

/// A store one of whose calls fails.
struct Failing {
    inner: Arc<dyn Store>,
    calls: Arc<AtomicU64>,
    at: u64,
    when: When,
}

impl Failing {
    fn fails(&self, when: When) -> Result<(), StoreError> {
        // Each call asks twice, and counts when it begins.
        let call = match when {
            When::Before => self.calls.fetch_add(1, Ordering::SeqCst),
            When::After => self.calls.load(Ordering::SeqCst) - 1,
        };
        let is_now = call == self.at && when == self.when;
        if is_now { Err(StoreError::new(StoreErrorKind::Transient, "the disk is full for a moment")) } else { Ok(()) }
    }
}

#[async_trait]
impl Store for Failing {
    async fn now(&self) -> Result<Timestamp, StoreError> {
        self.inner.now().await
    }

    async fn check_shape(&self) -> Result<(), StoreError> {
        self.inner.check_shape().await
    }

    async fn load(&self, keys: &[Key]) -> Result<Vec<Loaded>, StoreError> {
        self.fails(When::Before)?;
        let loaded = self.inner.load(keys).await;
        self.fails(When::After)?;
        loaded
    }

    async fn find(&self, query: &Query, page: &Page) -> Result<Found, StoreError> {
        self.fails(When::Before)?;
        let found = self.inner.find(query, page).await;
        self.fails(When::After)?;
        found
    }

    async fn commit(&self, changes: Changeset) -> Result<Committed, CommitError> {
        self.fails(When::Before)?;
        let committed = self.inner.commit(changes).await;
        self.fails(When::After)?;
        committed
    }

    async fn keep_body(&self, bytes: Vec<u8>) -> Result<Digest, StoreError> {
        self.fails(When::Before)?;
        let digest = self.inner.keep_body(bytes).await;
        self.fails(When::After)?;
        digest
    }

    async fn body(&self, digest: &Digest) -> Result<Option<Vec<u8>>, StoreError> {
        self.fails(When::Before)?;
        let body = self.inner.body(digest).await;
        self.fails(When::After)?;
        body
    }

    async fn erase_body(&self, digest: &Digest) -> Result<(), StoreError> {
        self.inner.erase_body(digest).await
    }
}

struct SharedClock(Arc<ManualClock>);

#[async_trait]
impl Clock for SharedClock {
    fn now(&self) -> Timestamp {
        self.0.now()
    }

    async fn sleep_until(&self, until: Timestamp) {
        self.0.sleep_until(until).await;
    }
}

/// Does it again as often as needed: one failure is all that there is.
macro_rules! again {
    ($what:expr) => {
        match $what.await {
            Ok(done) => done,
            Err(_) => $what.await.unwrap(),
        }
    };
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Agent {
    /// Asks for the same answer again if he does not know whether it was written.
    Same,
    /// The control: writes it anew.
    Anew,
}

/// A customer writes, an agent answers, the customer answers. Returns what is wrong, and whether the failure was reached.
async fn story(kind: Kind, at: u64, when: When, agent: Agent) -> (Option<String>, bool) {
    let (inner, _place) = kind.store().await;
    let calls = Arc::<AtomicU64>::default();
    let store = Failing { inner: Arc::clone(&inner), calls: Arc::clone(&calls), at: u64::MAX, when };
    let clock = Arc::new(ManualClock::new(Timestamp::from_millis(1_700_000_000_000)));
    let (mailbox, outside) = (MemorySource::new(), MemoryTransport::new());
    // A desk that is set up; the failure comes when it works.
    let build = |store: Failing| {
        let (clock, outside) = (SharedClock(Arc::clone(&clock)), outside.clone());
        async move { Mailflow::builder(store).clock(clock).transport(outside).build().await }
    };
    let flow = build(store).await.unwrap();
    let support = flow.admin().ensure_ticketbox("Support", "support@example.com").await.unwrap();
    flow.listen("mailbox", &support, mailbox.clone()).await.unwrap();
    let before = Arc::<AtomicU64>::default();
    let flow =
        build(Failing { inner: Arc::clone(&inner), calls: Arc::clone(&before), at: u64::MAX, when }).await.unwrap();
    let building = before.load(Ordering::SeqCst);
    drop(flow);
    let calls = Arc::<AtomicU64>::default();
    let failing = Failing { inner: Arc::clone(&inner), calls: Arc::clone(&calls), at: at + building, when };
    let flow = build(failing).await.unwrap();
    let source = again!(flow.listen("mailbox", &support, mailbox.clone()));

    let mail = |id: &str, more: &str| {
        format!(
            "From: ada@one.example\r\nTo: support@example.com\r\nSubject: x\r\nMessage-ID: <{id}@one.example>\r\n{more}\r\nwords {id}\r\n"
        )
    };
    mailbox.deliver(mail("1", ""));
    again!(flow.collect(&source));
    while !again!(flow.route_some()).is_empty() {}
    let desk = flow.desk(BUILT_IN_ADMINISTRATOR);
    let ticket = again!(desk.ticket(1));
    let message: MessageId = flow.admin().new_id();
    let other: MessageId = flow.admin().new_id();
    if desk.reply_once(ticket.id, message, Reply::text("hello")).await.is_err() {
        let message = if agent == Agent::Same { message } else { other };
        desk.reply_once(ticket.id, message, Reply::text("hello")).await.unwrap();
    }
    let mut told = Vec::new();
    for _ in 0..3 {
        // As a running flow does: a failure is told, and it looks again later.
        if let Err(error) = flow.deliver().await {
            told.push(error.to_string());
        }
        clock.advance(Duration::from_secs(120));
    }
    let Some((_, ours)) = outside.sent().pop() else {
        let outgoing = desk.conversation(1).await.unwrap().outgoing;
        return (Some(format!("the answer never went out: {outgoing:?}; told: {told:?}")), true);
    };
    let id = parse(&ours, &Default::default()).message_id.unwrap();
    mailbox.deliver(mail("2", &format!("In-Reply-To: {id}\r\n")));
    again!(flow.collect(&source));
    while !again!(flow.route_some()).is_empty() {}

    let reached = calls.load(Ordering::SeqCst) > at + building;
    let conversation = again!(desk.conversation(1));
    let tickets: Vec<Ticket> =
        inner.list_all(&Query::Tickets(TicketQuery::all(Visibility::Everything))).await.unwrap();
    let sent = outside.sent().len();
    let states: Vec<(OutgoingState, bool)> =
        conversation.outgoing.values().map(|it| (it.state, it.may_be_double)).collect();
    let well = tickets.len() == 1
        && conversation.messages().count() == 3
        && mailbox.is_empty()
        && states.iter().all(|(state, _)| *state == OutgoingState::Sent)
        && (sent == 1 || states.iter().all(|(_, double)| *double));
    let wrong =
        format!("{} tickets, {} messages, sent {sent}: {states:?}", tickets.len(), conversation.messages().count());
    ((!well).then_some(wrong), reached)
}

/// What is wrong when one call fails, for each call of the story.
async fn everywhere(kind: Kind, when: When, agent: Agent) -> Vec<String> {
    let mut wrong = Vec::new();
    // On a database, where each try takes longer, every third call fails; those before it and those after it take turns.
    let (first, step) = match (kind, when) {
        (Kind::Memory, _) => (0, 1),
        (_, When::Before) => (0, 3),
        (_, When::After) => (1, 3),
    };
    for at in (first..).step_by(step) {
        let (what, reached) = story(kind, at, when, agent).await;
        wrong.extend(what.map(|what| format!("{when:?} call {at}: {what}")));
        if !reached {
            assert!(at > 30, "only {at} calls were made to fail");
            return wrong;
        }
    }
    wrong
}

/// What is wrong when one call fails, before or after it did its work.
async fn all_calls(kind: Kind) {
    for when in [When::Before, When::After] {
        assert_eq!(everywhere(kind, when, Agent::Same).await, Vec::<String>::new());
    }
}

#[tokio::test]
async fn whichever_call_of_the_memory_store_fails_the_story_ends_as_it_should() {
    all_calls(Kind::Memory).await;
}

#[tokio::test]
async fn whichever_call_of_the_sqlite_store_fails_the_story_ends_as_it_should() {
    all_calls(Kind::Sqlite).await;
}

#[tokio::test]
async fn whichever_call_of_the_postgresql_store_fails_the_story_ends_as_it_should() {
    all_calls(Kind::Postgres).await;
}

#[tokio::test]
async fn whichever_call_of_the_sql_server_store_fails_the_story_ends_as_it_should() {
    all_calls(Kind::Mssql).await;
}

#[tokio::test]
async fn an_agent_who_writes_anew_what_was_written_is_found() {
    assert!(!everywhere(Kind::Memory, When::After, Agent::Anew).await.is_empty());
}
