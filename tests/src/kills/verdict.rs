//! [`Verdict`]: what is true of the desk at the end, against what its mail servers know.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use helpdesk::setup;
use mailflow_core::access::Visibility;
use mailflow_core::flow::{Builder, Mailflow};
use mailflow_core::mail::{Keyring, parse};
use mailflow_core::message::Message;
use mailflow_core::outgoing::{Outgoing, OutgoingState};
use mailflow_core::store::{Page, Query, StoreExt as _, TicketQuery};
use mailflow_core::ticket::Ticket;
use mailflow_core::time::{Clock, SystemClock, Timestamp};
use mailflow_store_sqlite::{Options, SqliteStore};
use mailflow_transport::Connectors;
use mailflow_transport::seal::KeyFile;

use super::servers::{Servers, token};
use super::{Campaign, Doing, FILE};

/// What is true of a desk that was killed many times.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Verdict {
    /// How often it was killed, by what it was doing.
    pub kills: BTreeMap<Doing, u64>,
    /// Mails that were written to it.
    pub written: u64,
    /// Mails that no ticket is about.
    pub lost: u64,
    /// Mails that more than one ticket or message is about.
    pub doubled: u64,
    /// Mails in tickets as they came, of which only the headers or nothing was read: the desk was killed each time that
    /// it began to read them.
    pub unread: u64,
    /// Answers that agents wrote.
    pub answers: u64,
    /// Answers that never arrived.
    pub answers_lost: u64,
    /// Answers that arrived twice, and are marked: the desk was killed after the last byte and before it knew.
    pub answers_doubled_and_marked: u64,
    /// Answers that are marked and arrived once.
    pub answers_marked: u64,
    /// Answers that arrived twice without a mark, or more often than the desk was killed while sending.
    pub answers_doubled: u64,
    /// Messages whose bytes are gone.
    pub bodies_lost: u64,
    /// What the database says is wrong with itself.
    pub damage: Vec<String>,
}

impl Verdict {
    /// Whether nothing was lost, doubled or damaged.
    pub fn is_well(&self) -> bool {
        self.lost + self.doubled + self.answers_lost + self.answers_doubled + self.bodies_lost == 0
            && self.damage.is_empty()
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kills: u64 = self.kills.values().sum();
        writeln!(f, "killed {kills} times: {:?}", self.kills)?;
        writeln!(
            f,
            "{} mails: {} lost, {} doubled; {} kept as they came, because their readers were killed so often",
            self.written, self.lost, self.doubled, self.unread
        )?;
        writeln!(
            f,
            "{} answers: {} lost, {} doubled; besides, perhaps sent and marked so: {} that arrived twice, {} once",
            self.answers,
            self.answers_lost,
            self.answers_doubled,
            self.answers_doubled_and_marked,
            self.answers_marked
        )?;
        write!(f, "{} bodies lost; integrity: ", self.bodies_lost)?;
        if self.damage.is_empty() { f.write_str("ok") } else { write!(f, "{:?}", self.damage) }
    }
}

/// The machine's clock, and half a day more once everything else is done: what was perhaps sent is due then.
#[derive(Clone, Default)]
pub struct Later(Arc<AtomicBool>);

#[async_trait]
impl Clock for Later {
    fn now(&self) -> Timestamp {
        let later = if self.0.load(Ordering::SeqCst) { Duration::from_secs(12 * 60 * 60) } else { Duration::ZERO };
        SystemClock.now().plus(later)
    }

    async fn sleep_until(&self, _: Timestamp) {
        std::future::pending().await
    }
}

pub async fn of(campaign: &Campaign) -> Verdict {
    let file = campaign.folder.path().join(FILE);
    let store = SqliteStore::open(&file, Options::default()).unwrap();
    let damage = store.check().await.unwrap();
    drop(store);
    let store = SqliteStore::open(&file, Options::default()).unwrap();
    let key = Arc::new(KeyFile::open_or_create(campaign.folder.path().join(format!("{FILE}.key"))).unwrap());
    let flow = finish(Mailflow::builder(store), key, &campaign.servers).await;
    drop(flow);
    let flow = setup::open(&file, setup::IfMissing::Refuse).await.unwrap().flow;
    let verdict = of_desk(&flow, campaign.written, &campaign.servers).await;
    Verdict { kills: campaign.moments.clone(), damage: [damage, verdict.damage].concat(), ..verdict }
}

/// Everything that is still to be done is done, in this process.
pub async fn finish(builder: Builder, key: Arc<KeyFile>, servers: &Servers) -> Mailflow {
    let keyring = Keyring::new(1, key.secret("thread tokens 1"));
    let clock = Later::default();
    let builder = builder.keyring(keyring).network(Connectors::new(key)).clock(clock.clone());
    let flow = builder.build().await.unwrap();
    // To begin to run and to end at once is how what another run was sending is taken over.
    flow.run(async {}).await.unwrap();
    clock.0.store(true, Ordering::SeqCst);
    for source in flow.directory().sources.values() {
        while servers.waiting() > 0 {
            flow.collect(source).await.unwrap();
        }
    }
    while !flow.route_some().await.unwrap().is_empty() {}
    flow.deliver().await.unwrap();
    flow
}

/// What is true of a desk that has finished, when so many mails were written to it.
pub async fn of_desk(flow: &Mailflow, written: u64, servers: &Servers) -> Verdict {
    let mut verdict = Verdict { written, ..Verdict::default() };
    about_tickets(flow, &mut verdict).await;
    about_answers(servers, flow, &mut verdict).await;
    verdict
}

async fn about_tickets(flow: &Mailflow, verdict: &mut Verdict) {
    let mut seen: BTreeMap<String, u64> = BTreeMap::new();
    let query = Query::Tickets(TicketQuery::all(Visibility::Everything));
    for ticket in flow.store().list_all::<Ticket>(&query).await.unwrap() {
        let messages = flow.store().list::<Message>(&Query::Messages(ticket.id), &Page::first(100)).await.unwrap();
        let inbound: Vec<&Message> = messages.rows.iter().filter(|it| it.outgoing.is_none()).collect();
        if inbound.len() != 1 {
            verdict.doubled += 1;
        }
        let mut subject = ticket.subject;
        for message in &messages.rows {
            let body = flow.store().body(&message.raw.unwrap()).await.unwrap();
            verdict.bodies_lost += u64::from(body.is_none());
            if message.text.starts_with("mailflow could not read") {
                verdict.unread += 1;
                subject = parse(&body.unwrap_or_default(), &Default::default()).subject;
            }
        }
        *seen.entry(subject).or_default() += 1;
    }
    for number in 1..=verdict.written {
        match seen.get(&token(number)) {
            None => verdict.lost += 1,
            Some(1) => {}
            Some(_) => verdict.doubled += 1,
        }
    }
}

async fn about_answers(servers: &Servers, flow: &Mailflow, verdict: &mut Verdict) {
    let mut arrived: BTreeMap<String, u64> = BTreeMap::new();
    for mail in servers.accepted() {
        let id = parse(&mail.bytes, &Default::default()).message_id.unwrap();
        *arrived.entry(id.as_str().to_owned()).or_default() += 1;
    }
    let query = Query::Tickets(TicketQuery::all(Visibility::Everything));
    for ticket in flow.store().list_all::<Ticket>(&query).await.unwrap() {
        let conversation =
            flow.desk(mailflow_core::agent::BUILT_IN_ADMINISTRATOR).conversation(ticket.number).await.unwrap();
        for outgoing in conversation.outgoing.values() {
            verdict.answers += 1;
            answer(outgoing, arrived.remove(outgoing.message_id.as_str()).unwrap_or(0), verdict);
        }
    }
    // What arrived and nobody wrote.
    verdict.answers_doubled += arrived.values().sum::<u64>();
}

fn answer(outgoing: &Outgoing, arrived: u64, verdict: &mut Verdict) {
    match (arrived, outgoing.may_be_double) {
        (0, _) => verdict.answers_lost += 1,
        (1, marked) => verdict.answers_marked += u64::from(marked),
        // Each try may have arrived, and no more.
        (_, true) if arrived <= u64::from(outgoing.attempts) => verdict.answers_doubled_and_marked += 1,
        _ => verdict.answers_doubled += 1,
    }
    if outgoing.state != OutgoingState::Sent && arrived > 0 {
        verdict.damage.push(format!("{} arrived and is {:?}", outgoing.message_id, outgoing.state));
    }
}
