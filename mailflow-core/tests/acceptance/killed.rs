//! Rules do what they do once, whenever the desk is killed (AC-23): it is killed at each of its writes in turn, and the
//! one that comes after it goes on with what it finds.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use mailflow_core::access::Visibility;
use mailflow_core::arrival::Arrival;
use mailflow_core::digest::Digest;
use mailflow_core::flow::Mailflow;
use mailflow_core::id::{ResponseId, RuleId};
use mailflow_core::mail::{Address, Keyring, parse};
use mailflow_core::outgoing::OutgoingState;
use mailflow_core::response::StandardResponse;
use mailflow_core::rule::{Forward, Rule, RuleEffect, RuleSet, Shred, Syntax, TextField, TextPattern};
use mailflow_core::store::{
    Changeset, CommitError, Committed, Found, Key, Loaded, Page, Query, Store, StoreError, StoreErrorKind,
    TicketQuery,
};
use mailflow_core::ticket::{Priority, Ticket};
use mailflow_core::time::Timestamp;

use super::super::{KILLED_EVERY, fresh_store};
use super::office::{KEY, Office, crlf, mail};

/// How a desk ends at a write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Death {
    /// Nothing is written.
    Before,
    /// It is written, and nobody was told.
    After,
    /// The planted fault: half of a commit is written.
    HalfWay,
}

/// A store under a desk that is killed at one of its writes.
struct Mortal {
    kept: Arc<dyn Store>,
    death: Death,
    /// Writes until then; 0 is dead.
    left: Arc<AtomicU32>,
}

fn dead() -> StoreError {
    StoreError::new(StoreErrorKind::Other, "the desk is dead")
}

impl Mortal {
    fn lives(&self) -> Result<(), StoreError> {
        if self.left.load(Ordering::SeqCst) == 0 { Err(dead()) } else { Ok(()) }
    }

    /// Whether the write that begins now is the last one.
    fn dies(&self) -> Result<bool, StoreError> {
        self.lives()?;
        Ok(self.left.fetch_sub(1, Ordering::SeqCst) == 1)
    }
}

#[async_trait]
impl Store for Mortal {
    async fn now(&self) -> Result<Timestamp, StoreError> {
        self.lives()?;
        self.kept.now().await
    }

    async fn check_shape(&self) -> Result<(), StoreError> {
        self.lives()?;
        self.kept.check_shape().await
    }

    async fn load(&self, keys: &[Key]) -> Result<Vec<Loaded>, StoreError> {
        self.lives()?;
        self.kept.load(keys).await
    }

    async fn find(&self, query: &Query, page: &Page) -> Result<Found, StoreError> {
        self.lives()?;
        self.kept.find(query, page).await
    }

    async fn commit(&self, mut changes: Changeset) -> Result<Committed, CommitError> {
        if !self.dies()? {
            return self.kept.commit(changes).await;
        }
        if self.death == Death::HalfWay {
            changes.entries.truncate(changes.entries.len() / 2);
        }
        if self.death != Death::Before {
            self.kept.commit(changes).await?;
        }
        Err(dead().into())
    }

    async fn keep_body(&self, bytes: Vec<u8>) -> Result<Digest, StoreError> {
        if !self.dies()? {
            return self.kept.keep_body(bytes).await;
        }
        if self.death == Death::After {
            self.kept.keep_body(bytes).await?;
        }
        Err(dead())
    }

    async fn body(&self, digest: &Digest) -> Result<Option<Vec<u8>>, StoreError> {
        self.lives()?;
        self.kept.body(digest).await
    }

    async fn erase_body(&self, digest: &Digest) -> Result<(), StoreError> {
        if !self.dies()? {
            return self.kept.erase_body(digest).await;
        }
        if self.death == Death::After {
            self.kept.erase_body(digest).await?;
        }
        Err(dead())
    }
}

fn rule(number: u8, subject: &str, then: RuleEffect) -> Rule {
    let pattern =
        TextPattern { within: vec![TextField::Subject], pattern: subject.to_owned(), syntax: Syntax::Expression };
    Rule { text: vec![pattern], then, ..Rule::new(RuleId::from_bytes([number; 16]), subject) }
}

/// Rules that do all that rules can do.
async fn set_up(office: &Office) {
    let admin = office.flow.admin();
    let response = StandardResponse {
        id: ResponseId::from_bytes([1; 16]),
        name: "We have it".to_owned(),
        subject: String::new(),
        text: "We have your mail.".to_owned(),
    };
    admin.save(&response).await.unwrap();
    let boss = vec![Address::new("boss@two.example").unwrap()];
    let forward = Some(Forward { to: boss, ..Forward::default() });
    let order = RuleEffect {
        ticketbox: Some(office.sales.id),
        priority: Some(Priority::Urgent),
        respond: Some(response.id),
        ..Default::default()
    };
    let complaint = RuleEffect { forward, respond: Some(response.id), ..Default::default() };
    let shred = |shred| RuleEffect { shred: Some(shred), ..Default::default() };
    let rules = vec![
        rule(1, r"order (?<order>\d+)", order),
        rule(2, "complaint", complaint),
        rule(3, "junk", shred(Shred::Trash)),
        rule(4, "poison", shred(Shred::ForGood)),
        rule(5, "apart", RuleEffect { new_ticket: true, ..Default::default() }),
    ];
    let before = office.flow.directory().rule_set.clone();
    admin.save_rules(&RuleSet { rules, ..before }).await.unwrap();
}

/// One mail for each rule, and one for none.
fn mails() -> VecDeque<String> {
    let written = [("order 17", ""), ("complaint", ""), ("junk", ""), ("poison", ""), ("other", "")];
    let answers = [("apart", "In-Reply-To: <1@p1.example>\n"), ("other", "In-Reply-To: <1@p1.example>\n")];
    let of = |(n, (subject, more)): (u32, &(&str, &str))| {
        mail(&format!("ada@p{n}.example"), "support@example.com", subject, &format!("{n}@p{n}.example"), more)
    };
    (1..).zip(written.iter().chain(&answers)).map(of).collect()
}

/// A desk on the office's mailbox, clock and way out works off what there is, one mail after the other.
async fn live(
    flow: &Mailflow,
    office: &Office,
    mails: &mut VecDeque<String>,
) -> Result<(), Box<dyn std::error::Error>> {
    let source = flow.listen("mailbox", &office.support, office.mailbox.clone()).await?;
    loop {
        flow.collect(&source).await?;
        while !flow.route_some().await?.is_empty() {}
        flow.deliver().await?;
        office.clock.advance(Duration::from_secs(1));
        let Some(mail) = mails.pop_front() else { return Ok(()) };
        office.mailbox.deliver(crlf(&mail));
    }
}

async fn desk(office: &Office, store: impl Store) -> Result<Mailflow, mailflow_core::flow::Error> {
    let builder = Mailflow::builder(store).clock(office.clock.clone()).keyring(Keyring::new(1, KEY));
    builder.transport(office.outside.clone()).build().await
}

/// What has become of all mails, as it can be seen from outside.
#[derive(Debug, Default, PartialEq)]
struct Effects {
    tickets: Vec<String>,
    /// Whom mail was sent to and with which subject. What went out twice *and* says that it may have done so stands once.
    sent: Vec<(String, String)>,
    waiting: usize,
    bodies: usize,
}

async fn effects(office: &Office) -> Effects {
    let mut effects = Effects { waiting: office.all::<Arrival>(&Query::Waiting).await.len(), ..Effects::default() };
    let mut sent: BTreeMap<String, Vec<(String, String)>> = BTreeMap::new();
    for (envelope, bytes) in office.outside.sent() {
        let mail = parse(&bytes, &Default::default());
        let whom: Vec<&str> = envelope.recipients().iter().map(Address::as_str).collect();
        sent.entry(mail.message_id.unwrap().as_str().to_owned()).or_default().push((whom.join(" "), mail.subject));
    }
    let mut tickets: Vec<Ticket> = Vec::new();
    for trashed in [false, true] {
        let query = TicketQuery { trashed, ..TicketQuery::all(Visibility::Everything) };
        tickets.extend(office.all::<Ticket>(&Query::Tickets(query)).await);
    }
    tickets.sort_by_key(|ticket| ticket.number);
    for ticket in tickets {
        let links: Vec<u64> = ticket.links.iter().map(|link| link.number).collect();
        let conversation = office.conversation(ticket.number).await;
        let messages: Vec<String> = conversation
            .messages()
            .map(|it| {
                let why = it.explanation.as_ref().map(|it| (&it.placed_by, &it.tried, &it.done));
                format!("{:?} {} {why:?}", it.direction, it.subject)
            })
            .collect();
        let mut events = office.events(ticket.number).await;
        events.sort();
        for outgoing in conversation.outgoing.values().filter(|it| it.may_be_double) {
            // It was being sent when the desk died, and says so: it may have gone out twice.
            sent.entry(outgoing.message_id.as_str().to_owned()).and_modify(|times| times.truncate(1));
            let told = events.iter().position(|event| event == "perhaps_sent").unwrap();
            events.remove(told);
        }
        let states: Vec<OutgoingState> = conversation.outgoing.values().map(|it| it.state).collect();
        effects.tickets.push(format!(
            "{} {} {:?} {:?} {} {:?} {links:?} {:?} {messages:?} {states:?}",
            ticket.number,
            if ticket.ticketbox == office.sales.id { "Sales" } else { "Support" },
            ticket.priority,
            ticket.state,
            ticket.trashed.is_some(),
            ticket.fields,
            events,
        ));
    }
    effects.sent = sent.into_values().flatten().collect();
    effects.sent.sort();
    for mail in mails() {
        let body = office.flow.store().body(&Digest::of(crlf(&mail).as_bytes())).await.unwrap();
        effects.bodies += usize::from(body.is_some());
    }
    effects
}

/// All mails come to a desk that is killed at its `nth` write; another one goes on. Returns what has become of them, and
/// whether the desk was killed at all.
async fn played(nth: u32, death: Death) -> (Effects, bool) {
    let (kept, place) = fresh_store().await;
    let office = Office::open_on(Arc::clone(&kept), place).await;
    set_up(&office).await;
    let mut mails = mails();
    let left = Arc::new(AtomicU32::new(nth));
    let mortal = Mortal { kept: Arc::clone(&kept), death, left: Arc::clone(&left) };
    if let Ok(flow) = desk(&office, mortal).await {
        let ended = live(&flow, &office, &mut mails).await;
        assert_eq!(ended.is_err(), left.load(Ordering::SeqCst) == 0, "{ended:?}: it ends when it dies");
    }
    let flow = desk(&office, Arc::clone(&kept)).await.unwrap();
    // To begin to run and to end at once is how what another run was sending is taken over.
    flow.run(async {}).await.unwrap();
    live(&flow, &office, &mut mails).await.unwrap();
    // What was perhaps sent is sent again half a day later.
    office.clock.days(1);
    flow.deliver().await.unwrap();
    (effects(&office).await, left.load(Ordering::SeqCst) == 0)
}

/// Kills the desk at its writes, each so many-th of them, until something else has become of the mails. Returns how many
/// writes there are, or after which of them that was so.
async fn survives(every: usize, death: Death) -> Result<u32, String> {
    let (undisturbed, killed) = played(u32::MAX, death).await;
    assert!(!killed);
    for nth in (1..).step_by(every) {
        let (effects, killed) = played(nth, death).await;
        if effects != undisturbed {
            return Err(format!("killed {death:?} write {nth}: {effects:#?}\ninstead of {undisturbed:#?}"));
        }
        if !killed {
            return Ok(nth - 1);
        }
    }
    unreachable!("a desk that has nothing to do any more does not write")
}

#[tokio::test]
async fn ac_23_killing_and_repeating_gives_the_same_effects_once() {
    let (undisturbed, _) = played(u32::MAX, Death::Before).await;
    assert_eq!((undisturbed.tickets.len(), undisturbed.waiting, undisturbed.bodies), (5, 0, mails().len() - 1));
    assert_eq!(undisturbed.sent.len(), 3, "two answers and one mail passed on: {:?}", undisturbed.sent);
    for death in [Death::Before, Death::After] {
        let writes = survives(KILLED_EVERY, death).await.unwrap();
        assert!(writes > 30, "{writes} writes");
    }
}

#[tokio::test]
async fn ac_23_control_a_store_that_writes_half_a_commit_is_found() {
    assert!(survives(1, Death::HalfWay).await.is_err());
}
