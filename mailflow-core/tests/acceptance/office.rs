//! An office: a desk on a fresh store, with a mailbox, a way out and a clock that all stand under the test's hand.

use std::any::Any;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use mailflow_core::agent::BUILT_IN_ADMINISTRATOR;
use mailflow_core::decision::reply::Reply;
use mailflow_core::decision::route::{Outcome, Routed};
use mailflow_core::flow::{Conversation, Desk, Filter, Mailflow, Passage, Placed};
use mailflow_core::mail::{Keyring, Mail, parse};
use mailflow_core::message::Message;
use mailflow_core::source::Source;
use mailflow_core::store::{Page, Query, Store, StoreExt};
use mailflow_core::ticket::Ticket;
use mailflow_core::ticketbox::Ticketbox;
use mailflow_core::time::{Clock, ManualClock, Timestamp};
use mailflow_core::transport::{MemorySource, MemoryTransport};

use super::super::fresh_store;

/// A desk with the ticketboxes *Support* and *Sales* and one mailbox for both.
pub struct Office {
    pub flow: Mailflow,
    pub mailbox: MemorySource,
    pub outside: MemoryTransport,
    pub clock: TestClock,
    pub source: Source,
    pub support: Ticketbox,
    pub sales: Ticketbox,
    /// Where the store is; it goes with the office.
    _place: Box<dyn Any + Send + Sync>,
}

#[derive(Clone)]
pub struct TestClock(Arc<ManualClock>);

#[async_trait]
impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        self.0.now()
    }

    async fn sleep_until(&self, until: Timestamp) {
        self.0.sleep_until(until).await;
    }
}

impl TestClock {
    pub fn advance(&self, by: Duration) {
        self.0.advance(by);
    }

    pub fn days(&self, days: u64) {
        self.advance(Duration::from_secs(days * 24 * 60 * 60));
    }
}

pub const KEY: [u8; 32] = [7; 32];

impl Office {
    pub async fn open() -> Self {
        let (store, place) = fresh_store().await;
        Self::open_on(store, place).await
    }

    pub async fn open_on(store: impl Store, place: Box<dyn Any + Send + Sync>) -> Self {
        let clock = TestClock(Arc::new(ManualClock::new(Timestamp::from_millis(1_700_000_000_000))));
        let (mailbox, outside) = (MemorySource::new(), MemoryTransport::new());
        let flow = Mailflow::builder(store)
            .clock(clock.clone())
            .keyring(Keyring::new(1, KEY))
            .transport(outside.clone())
            .build()
            .await
            .unwrap();
        let support = flow.admin().ensure_ticketbox("Support", "support@example.com").await.unwrap();
        let sales = flow.admin().ensure_ticketbox("Sales", "sales@example.com").await.unwrap();
        let source = flow.listen("mailbox", &support, mailbox.clone()).await.unwrap();
        Self { flow, mailbox, outside, clock, source, support, sales, _place: place }
    }

    pub fn desk(&self) -> Desk {
        self.flow.desk(BUILT_IN_ADMINISTRATOR)
    }

    /// A mail comes in, is collected and routed, a second after what was before.
    pub async fn receive(&self, mail: &str) -> Placed {
        let placed = self.receive_all(&[mail]).await;
        assert_eq!(placed.len(), 1, "one mail is one arrival");
        placed.into_iter().next().unwrap()
    }

    /// Mails come in, are collected at one look and routed.
    pub async fn receive_all(&self, mails: &[&str]) -> Vec<Placed> {
        self.clock.advance(Duration::from_secs(1));
        for mail in mails {
            self.mailbox.deliver(crlf(mail));
        }
        self.flow.collect(&self.source).await.unwrap();
        let mut placed = Vec::new();
        loop {
            let some = self.flow.route_some().await.unwrap();
            if some.is_empty() {
                return placed;
            }
            placed.extend(some);
        }
    }

    /// The agent answers with these words; what is sent comes back, parsed.
    pub async fn answer(&self, number: u64, words: &str) -> Mail {
        self.clock.advance(Duration::from_secs(1));
        let ticket = self.ticket(number).await;
        self.desk().reply(ticket.id, Reply::text(words)).await.unwrap();
        self.clock.advance(Duration::from_secs(1));
        self.flow.deliver().await.unwrap();
        let (_, bytes) = self.outside.sent().pop().unwrap();
        parse(&bytes, &Default::default())
    }

    pub async fn ticket(&self, number: u64) -> Ticket {
        self.desk().ticket(number).await.unwrap()
    }

    pub async fn conversation(&self, number: u64) -> Conversation {
        self.desk().conversation(number).await.unwrap()
    }

    pub async fn messages(&self, number: u64) -> Vec<Message> {
        self.conversation(number).await.messages().cloned().collect()
    }

    /// What happened to a ticket, one word each.
    pub async fn events(&self, number: u64) -> Vec<String> {
        let told = self.conversation(number).await.passages.into_iter().filter_map(|passage| match passage {
            Passage::Event(event) => Some(serde_json::to_value(event.what).unwrap()),
            _ => None,
        });
        told.map(|what| match what {
            serde_json::Value::String(word) => word,
            serde_json::Value::Object(fields) => fields.keys().next().unwrap().clone(),
            other => other.to_string(),
        })
        .collect()
    }

    pub async fn tickets(&self) -> Vec<Ticket> {
        let mut rows = self.desk().tickets(&Filter::default(), &Page::first(1000)).await.unwrap().rows;
        rows.sort_by_key(|ticket| ticket.number);
        rows
    }

    pub async fn all<T: mailflow_core::store::Kept + Send>(&self, query: &Query) -> Vec<T> {
        self.flow.store().list_all(query).await.unwrap()
    }
}

/// A mail with the line ends of the wire.
pub fn crlf(mail: &str) -> String {
    mail.trim_start().replace("\r\n", "\n").replace('\n', "\r\n")
}

/// A plain mail.
pub fn mail(from: &str, to: &str, subject: &str, id: &str, more: &str) -> String {
    format!(
        "From: {from}\nTo: {to}\nSubject: {subject}\nMessage-ID: <{id}>\nDate: Tue, 14 Nov 2023 10:00:00 +0000\n{more}\nHello,\nwords of {id}\n"
    )
}

pub fn outcome(placed: &Placed) -> (Outcome, u64) {
    let Routed { outcome, .. } = placed.routed;
    (outcome, placed.number)
}
