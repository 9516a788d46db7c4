//! Several servers on one desk (guide chapter 13): each task is done by one of them, and none is left undone.
//!
//! Time here is tokio's, paused: it goes on when everybody waits.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use mailflow_core::agent::BUILT_IN_ADMINISTRATOR;
use mailflow_core::audit::{About, Deed, Who};
use mailflow_core::decision::reply::Reply;
use mailflow_core::destination::{Destination, PerhapsSent};
use mailflow_core::digest::Digest;
use mailflow_core::flow::{AuditFilter, Cluster, CollectError, Error, Filter, Mailflow};
use mailflow_core::lease::Task;
use mailflow_core::mail::Keyring;
use mailflow_core::outgoing::OutgoingState;
use mailflow_core::refusal::Refusal;
use mailflow_core::server::Server;
use mailflow_core::source::Source;
use mailflow_core::store::{
    Changeset, CommitError, Committed, Found, Key, Loaded, MemoryStore, Page, Query, Store, StoreError,
    StoreErrorKind,
};
use mailflow_core::time::{Clock, Timestamp};
use mailflow_core::transport::{Answer, Envelope, MailTransport, MemorySource, MemoryTransport, TransportError};
use tokio::sync::{Notify, oneshot};
use tokio::task::JoinHandle;
use tokio::time::Instant;

const LASTS: Duration = Duration::from_secs(15);
/// A server's own clock may be this wrong.
const SKEW: Duration = Duration::from_secs(600);

/// tokio's time, as a clock shows it that may be wrong.
#[derive(Clone, Copy)]
struct TokioClock {
    begun: Instant,
    ahead: Duration,
}

#[async_trait]
impl Clock for TokioClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(1_700_000_000_000).plus(self.begun.elapsed()).plus(self.ahead)
    }

    async fn sleep_until(&self, until: Timestamp) {
        tokio::time::sleep(until.since(self.now())).await;
    }
}

/// A store that can be cut off from one server, or be too new for it.
struct Line {
    store: Arc<MemoryStore>,
    cut: Arc<AtomicBool>,
    too_new: Arc<AtomicBool>,
    mended: Arc<Notify>,
}

impl Line {
    async fn pass(&self) {
        loop {
            let mended = self.mended.notified();
            if !self.cut.load(Ordering::SeqCst) {
                return;
            }
            mended.await;
        }
    }
}

#[async_trait]
impl Store for Line {
    async fn now(&self) -> Result<Timestamp, StoreError> {
        self.pass().await;
        self.store.now().await
    }

    async fn check_shape(&self) -> Result<(), StoreError> {
        self.pass().await;
        match self.too_new.load(Ordering::SeqCst) {
            true => Err(StoreError::new(StoreErrorKind::Unusable, "use the later version of mailflow")),
            false => self.store.check_shape().await,
        }
    }

    async fn load(&self, keys: &[Key]) -> Result<Vec<Loaded>, StoreError> {
        self.pass().await;
        self.store.load(keys).await
    }

    async fn find(&self, query: &Query, page: &Page) -> Result<Found, StoreError> {
        self.pass().await;
        self.store.find(query, page).await
    }

    async fn commit(&self, changes: Changeset) -> Result<Committed, CommitError> {
        self.pass().await;
        self.store.commit(changes).await
    }

    async fn keep_body(&self, bytes: Vec<u8>) -> Result<Digest, StoreError> {
        self.store.keep_body(bytes).await
    }

    async fn body(&self, digest: &Digest) -> Result<Option<Vec<u8>>, StoreError> {
        self.store.body(digest).await
    }

    async fn erase_body(&self, digest: &Digest) -> Result<(), StoreError> {
        self.store.erase_body(digest).await
    }
}

/// A way out whose server takes its time before it takes a mail, for as long as it is told to.
#[derive(Clone)]
struct Slow {
    to: MemoryTransport,
    held_up: Arc<AtomicBool>,
    asked: Arc<AtomicBool>,
    goes_on: Arc<Notify>,
}

#[async_trait]
impl MailTransport for Slow {
    async fn send(&self, envelope: &Envelope, mail: &[u8]) -> Result<Vec<Answer>, TransportError> {
        loop {
            let goes_on = self.goes_on.notified();
            if !self.held_up.load(Ordering::SeqCst) {
                return self.to.send(envelope, mail).await;
            }
            self.asked.store(true, Ordering::SeqCst);
            goes_on.await;
        }
    }
}

/// What all servers share.
struct House {
    store: Arc<MemoryStore>,
    begun: Instant,
    mailbox: MemorySource,
    outside: MemoryTransport,
}

/// A server at work.
struct Working {
    flow: Mailflow,
    stop: oneshot::Sender<()>,
    running: JoinHandle<Result<(), Error>>,
    cut: Arc<AtomicBool>,
    too_new: Arc<AtomicBool>,
    mended: Arc<Notify>,
}

impl House {
    async fn open() -> (Self, Source) {
        Self::open_at(Duration::ZERO).await
    }

    /// One whose database's clock is so far ahead of what `starts` and `builder` are told.
    async fn open_at(ahead: Duration) -> (Self, Source) {
        let begun = Instant::now();
        let clock = TokioClock { begun, ahead };
        let store = Arc::new(MemoryStore::with_clock(clock));
        let house = Self { store, begun, mailbox: MemorySource::new(), outside: MemoryTransport::new() };
        let flow = house.builder(Duration::ZERO).build().await.unwrap();
        let support = flow.admin().ensure_ticketbox("Support", "support@example.com").await.unwrap();
        let source = flow.listen("mailbox", &support, house.mailbox.clone()).await.unwrap();
        let source = Source { check_interval_s: 1, ..source };
        flow.admin().save(&source).await.unwrap();
        (house, source)
    }

    fn builder(&self, ahead: Duration) -> mailflow_core::flow::Builder {
        Mailflow::builder(Arc::clone(&self.store))
            .clock(TokioClock { begun: self.begun, ahead })
            .keyring(Keyring::new(1, [7; 32]))
            .transport(self.outside.clone())
            .server_lasts(LASTS)
    }

    async fn starts(&self, name: &str, ahead: Duration) -> Working {
        self.starts_with(name, ahead, self.outside.clone()).await
    }

    async fn starts_with(&self, name: &str, ahead: Duration, way_out: impl MailTransport) -> Working {
        let (cut, mended) = (Arc::new(AtomicBool::new(false)), Arc::new(Notify::new()));
        let (too_new, store) = (Arc::new(AtomicBool::new(false)), Arc::clone(&self.store));
        let (to_cut, to_mend, to_outdate) = (Arc::clone(&cut), Arc::clone(&mended), Arc::clone(&too_new));
        let line = Line { store, cut: to_cut, too_new: to_outdate, mended: to_mend };
        let flow = Mailflow::builder(line)
            .clock(TokioClock { begun: self.begun, ahead })
            .keyring(Keyring::new(1, [7; 32]))
            .transport(way_out)
            .server(name)
            .server_lasts(LASTS)
            .build()
            .await
            .unwrap();
        let support = flow.directory().ticketbox_named("Support").unwrap().clone();
        flow.listen("mailbox", &support, self.mailbox.clone()).await.unwrap();
        let (stop, stopped) = oneshot::channel();
        let run = flow.clone();
        let running = tokio::spawn(async move {
            run.run(async {
                let _ = stopped.await;
            })
            .await
        });
        Working { flow, stop, running, cut, too_new, mended }
    }

    async fn cluster(&self) -> Cluster {
        self.builder(Duration::ZERO).build().await.unwrap().cluster().await.unwrap()
    }

    /// Who does what, of the servers that are alive, by name.
    async fn holders(&self) -> BTreeMap<Task, String> {
        let Cluster { now, servers, leases } = self.cluster().await;
        let name = |lease: &mailflow_core::lease::Lease| {
            let holder = lease.holder?;
            let server = servers.iter().find(|it| it.id == holder.server && it.run == holder.run)?;
            server.is_alive(now).then(|| server.name.clone())
        };
        leases.iter().filter_map(|lease| Some((lease.task, name(lease)?))).collect()
    }

    /// Waits until the tasks are with these servers and no others. Returns how long it took.
    async fn until_held_by(&self, names: &[&str]) -> Duration {
        let begun = Instant::now();
        while begun.elapsed() < Duration::from_secs(120) {
            let holders = self.holders().await;
            if holders.len() == 3 && holders.values().all(|it| names.contains(&it.as_str())) {
                return begun.elapsed();
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("never held by {names:?} alone: {:?}", self.holders().await);
    }

    fn writes(&self, number: u32) {
        let mail = format!(
            "From: ada@one.example\r\nTo: support@example.com\r\nMessage-ID: <{number}@one.example>\r\n\
             Subject: Mail {number}\r\n\r\nWords of {number}.\r\n"
        );
        self.mailbox.deliver(mail);
    }

    /// Waits until there are so many tickets, and checks that there never come more.
    async fn until_tickets(&self, count: usize) {
        let desk = self.builder(Duration::ZERO).build().await.unwrap().desk(BUILT_IN_ADMINISTRATOR);
        let tickets = || async { desk.tickets(&Filter::default(), &Page::first(1000)).await.unwrap().rows.len() };
        for _ in 0..6000 {
            if tickets().await >= count {
                tokio::time::sleep(Duration::from_secs(30)).await;
                assert_eq!(tickets().await, count);
                return;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("{} of {count} tickets", tickets().await);
    }
}

impl Working {
    /// It stops in order.
    async fn stops(self) {
        self.stop.send(()).unwrap();
        self.running.await.unwrap().unwrap();
    }

    /// It is gone without a word.
    fn dies(self) {
        self.running.abort();
        self.cut.store(true, Ordering::SeqCst);
    }

    fn is_cut_off(&self) {
        self.cut.store(true, Ordering::SeqCst);
    }

    fn is_back(&self) {
        self.cut.store(false, Ordering::SeqCst);
        self.mended.notify_waiters();
    }
}

#[tokio::test(start_paused = true)]
async fn each_task_has_one_server_and_mail_becomes_one_ticket() {
    let (house, _) = House::open().await;
    let one = house.starts("one", Duration::ZERO).await;
    let two = house.starts("two", SKEW).await;
    let three = house.starts("three", Duration::ZERO).await;
    house.until_held_by(&["one", "two", "three"]).await;
    for number in 0..20 {
        house.writes(number);
    }
    house.until_tickets(20).await;
    for server in [one, two, three] {
        server.stops().await;
    }
    assert!(house.holders().await.is_empty(), "who stops in order gives everything away");
}

#[tokio::test(start_paused = true)]
async fn when_a_server_dies_another_takes_over_within_the_lease_and_five_seconds() {
    let (house, _) = House::open().await;
    let one = house.starts("one", SKEW).await;
    house.until_held_by(&["one"]).await;
    let two = house.starts("two", Duration::ZERO).await;
    house.until_held_by(&["one", "two"]).await;
    one.dies();
    house.writes(1);
    let took = house.until_held_by(&["two"]).await;
    assert!(took <= LASTS + Duration::from_secs(5), "{took:?}");
    house.until_tickets(1).await;
    two.stops().await;
}

#[tokio::test(start_paused = true)]
async fn a_server_that_stops_in_order_is_followed_at_once() {
    let (house, _) = House::open().await;
    let one = house.starts("one", Duration::ZERO).await;
    house.until_held_by(&["one"]).await;
    let two = house.starts("two", Duration::ZERO).await;
    one.stops().await;
    let took = house.until_held_by(&["two"]).await;
    assert!(took < LASTS / 2, "{took:?}");
    two.stops().await;
}

#[tokio::test(start_paused = true)]
async fn a_server_that_was_cut_off_writes_nothing_when_it_is_back() {
    let (house, source) = House::open().await;
    let one = house.starts("one", Duration::ZERO).await;
    house.until_held_by(&["one"]).await;
    let two = house.starts("two", Duration::ZERO).await;
    house.until_held_by(&["one", "two"]).await;
    let first = house.holders().await[&Task::Source(source.id)].clone();
    let (cut, other) = if first == "one" { (one, two) } else { (two, one) };
    cut.is_cut_off();
    house.until_held_by(&[if first == "one" { "two" } else { "one" }]).await;
    let before: BTreeMap<Task, u64> = house.cluster().await.leases.iter().map(|it| (it.task, it.epoch)).collect();
    // It does not know yet that it lost its tasks, and goes on with what it was doing.
    cut.is_back();
    house.writes(1);
    let looked = cut.flow.collect(&source).await;
    assert!(matches!(looked, Err(CollectError::Store(Error::NotOurs))), "{looked:?}");
    house.until_tickets(1).await;
    let epochs = house.cluster().await.leases;
    for lease in epochs {
        let changes = lease.epoch - before[&lease.task];
        assert!(changes <= 2, "{:?} went to and fro", lease.task);
    }
    cut.stops().await;
    other.stops().await;
}

#[tokio::test(start_paused = true)]
async fn a_server_that_was_cut_off_while_it_sent_sends_not_one_byte_more() {
    let (house, _) = House::open().await;
    let setup = house.builder(Duration::ZERO).build().await.unwrap();
    let destination = setup.directory().destinations.values().next().unwrap().clone();
    let again = Destination { perhaps_sent: PerhapsSent::Retry, ..destination };
    setup.admin().save(&again).await.unwrap();
    let (held_up, asked, goes_on) = (Arc::default(), Arc::default(), Arc::default());
    let slow = Slow { to: house.outside.clone(), held_up, asked, goes_on };
    slow.held_up.store(true, Ordering::SeqCst);
    let one = house.starts_with("one", Duration::ZERO, slow.clone()).await;
    house.until_held_by(&["one"]).await;
    house.writes(1);
    house.until_tickets(1).await;
    let desk = one.flow.desk(BUILT_IN_ADMINISTRATOR);
    let ticket = desk.ticket(1).await.unwrap();
    desk.reply(ticket.id, Reply::text("We are on it.")).await.unwrap();
    while !slow.asked.load(Ordering::SeqCst) {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    one.is_cut_off();
    let two = house.starts("two", SKEW).await;
    house.until_held_by(&["two"]).await;
    while house.outside.sent().is_empty() {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    // Now the mail server that the first one talked to is ready to take the mail.
    slow.held_up.store(false, Ordering::SeqCst);
    slow.goes_on.notify_waiters();
    one.is_back();
    tokio::time::sleep(Duration::from_secs(120)).await;
    assert_eq!(house.outside.sent().len(), 1, "it went out once");
    let seen = two.flow.desk(BUILT_IN_ADMINISTRATOR).conversation(1).await.unwrap();
    assert!(seen.outgoing.values().all(|it| it.state == OutgoingState::Sent && it.may_be_double));
    one.stops().await;
    two.stops().await;
}

#[tokio::test(start_paused = true)]
async fn of_two_servers_with_one_name_the_first_stops() {
    let (house, _) = House::open().await;
    let first = house.starts("one", Duration::ZERO).await;
    house.until_held_by(&["one"]).await;
    let second = house.starts("one", Duration::ZERO).await;
    let ended = first.running.await.unwrap();
    assert!(
        matches!(&ended, Err(Error::Refused(Refusal::Replaced { name })) if name == "one"),
        "it says why it stops: {ended:?}"
    );
    drop(first.stop);
    house.writes(1);
    house.until_tickets(1).await;
    second.stops().await;
}

#[tokio::test(start_paused = true)]
async fn a_server_that_is_drained_gives_its_tasks_away_and_serves_agents() {
    let (house, _) = House::open().await;
    let one = house.starts("one", Duration::ZERO).await;
    house.until_held_by(&["one"]).await;
    let two = house.starts("two", Duration::ZERO).await;
    two.flow.admin().drain(Server::id_of("one"), true).await.unwrap();
    house.until_held_by(&["two"]).await;
    house.writes(1);
    house.until_tickets(1).await;
    let desk = one.flow.desk(BUILT_IN_ADMINISTRATOR);
    let ticket = desk.ticket(1).await.unwrap();
    desk.reply(ticket.id, Reply::text("We are on it.")).await.unwrap();
    while house.outside.sent().is_empty() {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    one.flow.admin().drain(Server::id_of("one"), false).await.unwrap();
    two.flow.admin().drain(Server::id_of("two"), true).await.unwrap();
    house.until_held_by(&["one"]).await;
    one.stops().await;
    two.stops().await;
    assert_eq!(house.outside.sent().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_source_that_is_pinned_goes_to_its_server_and_to_another_one_when_that_is_dead() {
    let (house, source) = House::open().await;
    let servers = [house.starts("one", Duration::ZERO).await, house.starts("two", Duration::ZERO).await];
    house.until_held_by(&["one", "two"]).await;
    for (pinned, name) in [(0, "one"), (1, "two")] {
        let source = Source { pinned_to: Some(name.to_owned()), ..source.clone() };
        servers[pinned].flow.admin().save(&source).await.unwrap();
        while house.holders().await.get(&Task::Source(source.id)).is_none_or(|it| it != name) {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
    let [one, two] = servers;
    two.dies();
    house.until_held_by(&["one"]).await;
    house.writes(1);
    house.until_tickets(1).await;
    one.stops().await;
}

#[tokio::test(start_paused = true)]
async fn a_server_whose_clock_is_slow_sends_when_it_is_due_by_the_databases_clock() {
    let (house, _) = House::open_at(SKEW).await;
    let slow = house.starts("slow", Duration::ZERO).await;
    house.until_held_by(&["slow"]).await;
    house.writes(1);
    house.until_tickets(1).await;
    assert_eq!(slow.flow.now(), house.store.now().await.unwrap(), "it goes by the database's clock");
    // By its own clock, what is due now is due in ten minutes.
    let office = house.builder(SKEW).build().await.unwrap().desk(BUILT_IN_ADMINISTRATOR);
    let ticket = office.ticket(1).await.unwrap();
    office.reply(ticket.id, Reply::text("We are on it.")).await.unwrap();
    let begun = Instant::now();
    while house.outside.sent().is_empty() {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert!(begun.elapsed() < SKEW / 2, "{:?}", begun.elapsed());
    let server = house.cluster().await.servers.pop().unwrap();
    assert_eq!(server.ahead_ms, 600_000);
    slow.stops().await;
}

#[tokio::test(start_paused = true)]
async fn who_had_a_task_before_and_why_it_passed_on_is_remembered() {
    let (house, _) = House::open().await;
    let one = house.starts("one", Duration::ZERO).await;
    house.until_held_by(&["one"]).await;
    one.dies();
    let two = house.starts("two", Duration::ZERO).await;
    house.until_held_by(&["two"]).await;
    two.stops().await;
    for lease in house.cluster().await.leases {
        let past: Vec<_> = lease.past.iter().map(|it| (it.server, it.epoch, it.was_gone)).collect();
        let (one, two) = (Server::id_of("one"), Server::id_of("two"));
        assert_eq!(past, [(two, 2, false), (one, 1, true)], "{:?}", lease.task);
    }
}

#[tokio::test(start_paused = true)]
async fn who_drained_a_server_or_forgot_it_is_written_down_once() {
    let (house, _) = House::open().await;
    let one = house.starts("one", Duration::ZERO).await;
    house.until_held_by(&["one"]).await;
    let office = house.builder(Duration::ZERO).build().await.unwrap();
    let (desk, id) = (office.desk(BUILT_IN_ADMINISTRATOR), Server::id_of("one"));
    let admin = desk.admin().unwrap();
    admin.drain(id, true).await.unwrap();
    admin.drain(id, true).await.unwrap();
    office.admin().drain(id, false).await.unwrap();
    assert!(admin.forget_server(id).await.is_err(), "it is alive");
    one.stops().await;
    admin.forget_server(id).await.unwrap();

    let filter = AuditFilter { object: Some(id.into()), ..AuditFilter::default() };
    let entries = desk.audit(&filter, &Page::first(10)).await.unwrap().rows;
    let (agent, about) = (Who::Agent(BUILT_IN_ADMINISTRATOR), About::Server { id, name: "one".to_owned() });
    let told: Vec<_> = entries.into_iter().map(|entry| (entry.who, entry.about, entry.what)).collect();
    let expected = [
        (agent, about.clone(), Deed::Drained { draining: true }),
        (Who::Program, about.clone(), Deed::Drained { draining: false }),
        (agent, about, Deed::Removed { changes: Vec::new() }),
    ];
    assert!(expected.iter().all(|it| told.contains(it)) && told.len() == expected.len(), "{told:#?}");
}

#[tokio::test(start_paused = true)]
async fn a_server_that_is_too_old_for_the_database_gives_its_tasks_away_and_says_so() {
    let (house, _) = House::open().await;
    let old = house.starts("old", Duration::ZERO).await;
    house.until_held_by(&["old"]).await;
    let new = house.starts("new", Duration::ZERO).await;
    let outdated = async |server: &Working| server.flow.desk(BUILT_IN_ADMINISTRATOR).health().await.unwrap().outdated;
    assert_eq!(outdated(&old).await, None);

    old.too_new.store(true, Ordering::SeqCst);
    house.until_held_by(&["new"]).await;
    assert_eq!(outdated(&old).await.as_deref(), Some("use the later version of mailflow"));
    assert_eq!(outdated(&new).await, None);
    let Cluster { now, servers, .. } = house.cluster().await;
    let old_one = servers.iter().find(|it| it.name == "old").unwrap();
    assert!(old_one.is_alive(now) && old_one.draining, "the others see that it is there, and takes nothing");
    // It takes nothing either if the other one is gone, or somebody tells it to.
    new.stops().await;
    house.builder(Duration::ZERO).build().await.unwrap().admin().drain(old_one.id, false).await.unwrap();
    tokio::time::sleep(LASTS * 4).await;
    assert!(house.holders().await.is_empty(), "{:?}", house.holders().await);

    // The later version, under the same name.
    old.stops().await;
    let again = house.starts("old", Duration::ZERO).await;
    house.until_held_by(&["old"]).await;
    again.stops().await;
}
