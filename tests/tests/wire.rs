//! The flow on top of sessions that end at any byte, and of servers that forget what they called their mail.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use mailflow_core::access::Visibility;
use mailflow_core::agent::BUILT_IN_ADMINISTRATOR;
use mailflow_core::decision::reply::Reply;
use mailflow_core::flow::{Collected, Filter, Mailflow};
use mailflow_core::outgoing::Outgoing;
use mailflow_core::source::{MailServer, Source, Tls};
use mailflow_core::store::{MemoryStore, Page, Query, StoreExt as _, TicketQuery};
use mailflow_core::ticket::Ticket;
use mailflow_core::time::{Clock, ManualClock, Timestamp};
use mailflow_core::transport::{
    Answer, Content, Envelope, Fetched, MailSource, MailTransport, Settle, SourceSession, TransportError, Waiting,
};
use mailflow_test::servers::{Cut, Mailboxes, Pop3Faults, Pop3Server, SmtpServer, Uidl};
use mailflow_transport::pop3::Pop3Source;
use mailflow_transport::smtp::SmtpTransport;
use mailflow_transport::{Dial, Io};
use tokio::sync::mpsc;

const USER: &str = "support";
const PASSWORD: &str = "secret";
/// More bytes than a session has in either direction.
const LONGEST: u64 = 2000;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Direction {
    FromServer,
    ToServer,
}

/// Reaches a server in memory by a connection that may be cut.
struct Reach<S> {
    server: S,
    cut: Option<(Direction, u64)>,
}

#[async_trait]
impl<S: Serve> Dial for Reach<S> {
    async fn dial(&self) -> Result<Box<dyn Io>, TransportError> {
        let (ours, theirs) = tokio::io::duplex(1 << 20);
        let server = self.server.clone();
        tokio::spawn(async move { server.serve(theirs).await });
        let cut = Cut::never(ours);
        Ok(Box::new(match self.cut {
            Some((Direction::FromServer, after)) => cut.after_reading(after),
            Some((Direction::ToServer, after)) => cut.after_writing(after),
            None => cut,
        }))
    }
}

#[async_trait]
trait Serve: Clone + Send + Sync + 'static {
    async fn serve(&self, stream: tokio::io::DuplexStream);
}

#[async_trait]
impl Serve for Pop3Server {
    async fn serve(&self, stream: tokio::io::DuplexStream) {
        Self::serve(self, stream).await;
    }
}

#[async_trait]
impl Serve for SmtpServer {
    async fn serve(&self, stream: tokio::io::DuplexStream) {
        Self::serve(self, stream).await;
    }
}

fn place() -> MailServer {
    MailServer { host: "localhost".to_owned(), port: 0, tls: Tls::None, trusted_certificate: None }
}

fn pop3(server: &Pop3Server, cut: Option<(Direction, u64)>) -> Pop3Source {
    let dial = Reach { server: server.clone(), cut };
    Pop3Source::over(Arc::new(dial), &place(), USER, PASSWORD, 60).unwrap()
}

/// No `Message-ID`: nothing but the bytes says that it is the same mail.
fn mail(number: usize) -> String {
    format!(
        "From: c{number}@one.example\r\nTo: support@example.com\r\nSubject: token-{number}\r\n\r\n.dot\r\nwords {number}\r\n"
    )
}

fn mailbox(mails: usize) -> (Mailboxes, Pop3Server) {
    let mailboxes = Mailboxes::new();
    mailboxes.create(USER, PASSWORD, "support@example.com");
    for number in 0..mails {
        mailboxes.deliver(USER, mail(number));
    }
    (mailboxes.clone(), Pop3Server::new(mailboxes))
}

/// A desk that looks through whatever it is given.
struct Looker {
    flow: Mailflow,
    ticketbox: mailflow_core::ticketbox::Ticketbox,
    leave_copies: bool,
}

impl Looker {
    async fn new() -> Self {
        let flow = Mailflow::builder(MemoryStore::new()).build().await.unwrap();
        let ticketbox = flow.admin().ensure_ticketbox("Support", "support@example.com").await.unwrap();
        Self { flow, ticketbox, leave_copies: false }
    }

    async fn look(&self, through: impl MailSource) -> Option<Collected> {
        let source = self.flow.listen("mailbox", &self.ticketbox, through).await.unwrap();
        let looked = self.flow.collect(&Source { leave_copies: self.leave_copies, ..source }).await.ok();
        while !self.flow.route_some().await.unwrap().is_empty() {}
        looked
    }

    /// How many tickets there are of each subject.
    async fn tickets(&self) -> BTreeMap<String, u32> {
        let mut tickets = BTreeMap::new();
        let query = Query::Tickets(TicketQuery::all(Visibility::Everything));
        for ticket in self.flow.store().list_all::<Ticket>(&query).await.unwrap() {
            *tickets.entry(ticket.subject).or_default() += 1;
        }
        tickets
    }
}

#[tokio::test]
async fn ac_13_a_pop3_session_cut_at_any_byte_makes_each_mail_one_ticket() {
    let mut cut = 0;
    for direction in [Direction::FromServer, Direction::ToServer] {
        for after in 0..LONGEST {
            let (mailboxes, server) = mailbox(3);
            let desk = Looker::new().await;
            let first = desk.look(pop3(&server, Some((direction, after)))).await;
            desk.look(pop3(&server, None)).await.unwrap();
            let tickets = desk.tickets().await;
            assert!(tickets.len() == 3 && tickets.values().all(|it| *it == 1), "{direction:?} {after}: {tickets:?}");
            assert!(mailboxes.mails(USER).is_empty(), "{direction:?} {after}");
            if first.is_some() {
                break;
            }
            cut += 1;
        }
    }
    assert!(cut > 500, "only {cut} sessions were cut");
}

#[tokio::test]
async fn f2_ten_thousand_kept_mails_under_new_names_make_no_ticket() {
    const MAILS: usize = 10_000;
    let (_, server) = mailbox(MAILS);
    let desk = Looker { leave_copies: true, ..Looker::new().await };
    assert_eq!(desk.look(pop3(&server, None)).await.unwrap().new, 10_000);
    for uidl in [Uidl::Renumbered(1), Uidl::Missing] {
        server.misbehave(Pop3Faults { uidl, ..Pop3Faults::default() });
        let looked = desk.look(pop3(&server, None)).await.unwrap();
        assert_eq!((looked.new, looked.duplicates), (0, 10_000), "{uidl:?}");
    }
    let tickets = desk.tickets().await;
    assert!(tickets.len() == MAILS && tickets.values().all(|it| *it == 1));
}

/// The control: each time that a mail is fetched, its bytes are others, so that they say nothing.
struct OtherBytes(Pop3Source);

struct OtherBytesSession(Box<dyn SourceSession>);

#[async_trait]
impl MailSource for OtherBytes {
    async fn open(&self) -> Result<Box<dyn SourceSession>, TransportError> {
        Ok(Box::new(OtherBytesSession(self.0.open().await?)))
    }
}

#[async_trait]
impl SourceSession for OtherBytesSession {
    async fn list(&mut self) -> Result<Vec<Waiting>, TransportError> {
        self.0.list().await
    }

    async fn fetch(
        &mut self,
        wanted: &[Waiting],
        max_bytes: u64,
        to: &mpsc::Sender<Fetched>,
    ) -> Result<(), TransportError> {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let (ours, mut fetched) = mpsc::channel(wanted.len().max(1));
        self.0.fetch(wanted, max_bytes, &ours).await?;
        drop(ours);
        while let Some(mut one) = fetched.recv().await {
            if let Content::Whole(bytes) = &mut one.content {
                let other = format!("X-Fetched: {}\r\n", COUNT.fetch_add(1, Ordering::SeqCst));
                bytes.splice(..0, other.into_bytes());
            }
            let _ = to.send(one).await;
        }
        Ok(())
    }

    async fn settle(&mut self, done: &[Waiting], how: Settle) -> Result<(), TransportError> {
        self.0.settle(done, how).await
    }

    async fn close(self: Box<Self>) -> Result<(), TransportError> {
        self.0.close().await
    }
}

#[tokio::test]
async fn without_the_key_of_bytes_new_names_make_new_tickets_and_are_found() {
    let (_, server) = mailbox(5);
    let desk = Looker { leave_copies: true, ..Looker::new().await };
    desk.look(OtherBytes(pop3(&server, None))).await.unwrap();
    server.misbehave(Pop3Faults { uidl: Uidl::Renumbered(1), ..Pop3Faults::default() });
    desk.look(OtherBytes(pop3(&server, None))).await.unwrap();
    assert!(desk.tickets().await.values().all(|it| *it == 2));
}

/// A way out that is cut the first time, and not after it.
struct CutOnce {
    server: SmtpServer,
    cut: (Direction, u64),
    tries: AtomicU64,
    says: fn(TransportError) -> TransportError,
}

#[async_trait]
impl MailTransport for CutOnce {
    async fn send(&self, envelope: &Envelope, mail: &[u8]) -> Result<Vec<Answer>, TransportError> {
        let first = self.tries.fetch_add(1, Ordering::SeqCst) == 0;
        let dial = Reach { server: self.server.clone(), cut: first.then_some(self.cut) };
        let sent = SmtpTransport::over(Arc::new(dial), &place(), 60).unwrap().send(envelope, mail).await;
        let sent = sent.map_err(self.says);
        // What the server still had to read, it has read when it hears that we are gone.
        for _ in 0..20 {
            tokio::task::yield_now().await;
        }
        sent
    }
}

/// How often, of all places where a session can be cut, an answer arrived twice, and how often it was not sent at first.
async fn cut_everywhere(says: fn(TransportError) -> TransportError) -> Result<(u64, u64), String> {
    let (mut doubled, mut not_sent) = (0, 0);
    for direction in [Direction::FromServer, Direction::ToServer] {
        for after in 0..LONGEST {
            let server = SmtpServer::new();
            let cut_once =
                CutOnce { server: server.clone(), cut: (direction, after), tries: AtomicU64::new(0), says };
            let (outgoing, sent_at_first) = answer_through(cut_once).await;
            let arrived = server.accepted();
            assert!(arrived.windows(2).all(|pair| pair[0].bytes == pair[1].bytes), "the same mail, byte for byte");
            match (arrived.len(), outgoing.may_be_double) {
                (1, marked) => not_sent += u64::from(outgoing.attempts == 2 && !marked),
                (2, true) => doubled += 1,
                (count, marked) => {
                    return Err(format!("{direction:?} {after}: arrived {count} times, marked: {marked}"));
                }
            }
            if sent_at_first {
                break;
            }
        }
    }
    Ok((doubled, not_sent))
}

/// An agent answers a customer through this way out; it is tried twice.
async fn answer_through(way_out: CutOnce) -> (Outgoing, bool) {
    let clock = Arc::new(ManualClock::new(Timestamp::from_millis(1_700_000_000_000)));
    let flow = Mailflow::builder(MemoryStore::new())
        .clock(SharedClock(Arc::clone(&clock)))
        .transport(way_out)
        .build()
        .await
        .unwrap();
    flow.admin().ensure_ticketbox("Support", "support@example.com").await.unwrap();
    let source = flow.admin().ensure_embedded_source("by hand").await.unwrap();
    flow.take_mail(source.id, mail(1).into_bytes()).await.unwrap();
    flow.route_some().await.unwrap();
    let desk = flow.desk(BUILT_IN_ADMINISTRATOR);
    let ticket = desk.tickets(&Filter::default(), &Page::first(1)).await.unwrap().rows.remove(0);
    desk.reply(ticket.id, Reply::text("words")).await.unwrap();
    let first = flow.deliver().await.unwrap();
    clock.advance(Duration::from_secs(600));
    flow.deliver().await.unwrap();
    let outgoing = desk.conversation(ticket.number).await.unwrap().outgoing.into_values().next().unwrap();
    (outgoing, first.sent == 1)
}

#[tokio::test]
async fn ac_22_an_smtp_session_cut_at_any_byte_doubles_only_what_is_marked() {
    let (doubled, not_sent) = cut_everywhere(|error| error).await.unwrap();
    assert!(not_sent > 500, "{not_sent}");
    // The server has the mail and its answer was cut: at each of its bytes, and nowhere else.
    assert_eq!(doubled, u64::try_from(b"250 2.0.0 accepted\r\n".len()).unwrap());
}

#[tokio::test]
async fn calling_a_mail_not_sent_after_its_last_byte_is_found() {
    let found = cut_everywhere(|error| TransportError::new(error.kind(), error.to_string())).await.unwrap_err();
    assert!(found.ends_with("arrived 2 times, marked: false"), "{found}");
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
