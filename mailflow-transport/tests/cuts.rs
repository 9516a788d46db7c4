//! Sessions that end, or stall, at every byte in both directions: nothing is lost, nothing is doubled.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod common;

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use common::{ENOUGH, PASSWORD, ToPop3, ToSmtp, USER, collect, envelope, mailbox, place, whole};
use mailflow_core::source::Tls;
use mailflow_core::transport::{
    Answer, Content, Envelope, Fetched, MailSource, MailTransport, TransportError, Verdict,
};
use mailflow_test::servers::{Cut, Pop3Faults, Pop3Server, SmtpServer};
use mailflow_transport::pop3::Pop3Source;
use mailflow_transport::smtp::SmtpTransport;
use mailflow_transport::{Dial, Io};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Direction {
    FromServer,
    ToServer,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Break,
    Stall,
}

#[derive(Debug, Clone, Copy)]
struct Fault {
    direction: Direction,
    end: End,
    after: u64,
}

const KINDS: [(Direction, End); 4] = [
    (Direction::FromServer, End::Break),
    (Direction::ToServer, End::Break),
    (Direction::FromServer, End::Stall),
    (Direction::ToServer, End::Stall),
];

struct Faulty<D>(D, Fault);

#[async_trait]
impl<D: Dial> Dial for Faulty<D> {
    async fn dial(&self) -> Result<Box<dyn Io>, TransportError> {
        let Fault { direction, end, after } = self.1;
        let cut = Cut::never(self.0.dial().await?);
        let cut = match direction {
            Direction::FromServer => cut.after_reading(after),
            Direction::ToServer => cut.after_writing(after),
        };
        Ok(Box::new(if end == End::Stall { cut.stalling() } else { cut }))
    }
}

const MAILS: [&[u8]; 3] =
    [b"Subject: one\r\n\r\n.dot\r\n", b"Subject: two\r\n\r\n..\r\n.\r\nend\r\n", b"Subject: three\r\n\r\nbody\r\n"];

/// More bytes than a session has in either direction.
const LONGEST: u64 = 900;

fn faulty_pop3(server: &Pop3Server, fault: Fault) -> Pop3Source {
    let dial = Faulty(ToPop3(server.clone()), fault);
    Pop3Source::over(Arc::new(dial), &place(Tls::None, None), USER, PASSWORD, 60).unwrap()
}

/// Whether every mail is safe: kept whole, or still in the mailbox; and what was kept is what was sent.
fn lost(kept: &[Fetched], server_has: &[Vec<u8>]) -> Option<String> {
    let kept = whole(kept);
    if let Some(half) = kept.iter().find(|mail| !MAILS.contains(&mail.as_slice())) {
        return Some(format!("a mail that was never sent: {half:?}"));
    }
    let is_lost = |mail: &&[u8]| !kept.iter().chain(server_has).any(|known| known == mail);
    MAILS.into_iter().find(is_lost).map(|mail| format!("lost: {mail:?}"))
}

fn in_mailbox(server: &common::Boxes) -> Vec<Vec<u8>> {
    server.mails(USER).into_iter().map(|mail| mail.bytes.to_vec()).collect()
}

#[tokio::test(start_paused = true)]
async fn a_pop3_session_that_ends_at_any_byte_loses_and_doubles_nothing() {
    let mut broken = 0;
    for pipelined in [true, false] {
        for (direction, end) in KINDS {
            for after in 0..LONGEST {
                let fault = Fault { direction, end, after };
                let (mailboxes, server) = mailbox(&MAILS);
                server.misbehave(Pop3Faults { plain_abilities: !pipelined, ..Pop3Faults::default() });
                let mut kept = Vec::new();
                let first = collect(&faulty_pop3(&server, fault), ENOUGH, &mut kept).await;
                broken += u32::from(first.is_err());
                assert_eq!(lost(&kept, &in_mailbox(&mailboxes)), None, "{fault:?}");
                collect(&common::pop3(&server), ENOUGH, &mut kept).await.unwrap();
                assert_eq!(lost(&kept, &[]), None, "{fault:?}");
                assert!(in_mailbox(&mailboxes).is_empty(), "{fault:?}");
                assert_eq!(by_name(&kept).len(), MAILS.len(), "{fault:?}");
                assert!(first.is_ok() || after + 1 < LONGEST, "the session is longer than the test believes");
            }
        }
    }
    assert!(broken > 1000, "only {broken} sessions were broken");
}

/// What mailflow makes of what it was given: the same name is the same mail, and has the same bytes.
fn by_name(kept: &[Fetched]) -> BTreeMap<String, Vec<u8>> {
    let mut mails = BTreeMap::new();
    for one in kept {
        let Content::Whole(bytes) = &one.content else { panic!("not whole: {one:?}") };
        let name = one.waiting.uid.as_ref().unwrap().as_str().to_owned();
        let known = mails.entry(name).or_insert_with(|| bytes.clone());
        assert_eq!(known, bytes);
    }
    mails
}

/// The control: who removes mails before they are safe loses some, and the test above would see it.
#[tokio::test(start_paused = true)]
async fn removing_before_keeping_is_found() {
    let mut losses = 0;
    for after in 0..LONGEST {
        let (mailboxes, server) = mailbox(&MAILS);
        let fault = Fault { direction: Direction::FromServer, end: End::Break, after };
        let mut in_hand = Vec::new();
        let outcome = collect(&faulty_pop3(&server, fault), ENOUGH, &mut in_hand).await;
        // The planted fault: what is in hand counts as kept only after the server was told to remove it.
        let kept = if outcome.is_ok() { in_hand } else { Vec::new() };
        losses += u32::from(lost(&kept, &in_mailbox(&mailboxes)).is_some());
    }
    assert!(losses > 0);
}

#[tokio::test]
async fn a_mail_is_not_removed_by_dele_alone() {
    let (mailboxes, server) = mailbox(&MAILS);
    for after in 0..LONGEST {
        let fault = Fault { direction: Direction::ToServer, end: End::Break, after };
        let outcome = collect(&faulty_pop3(&server, fault), ENOUGH, &mut Vec::new()).await;
        if outcome.is_ok() {
            return;
        }
        assert_eq!(mailboxes.mails(USER).len(), MAILS.len(), "{fault:?}");
    }
    panic!("no session came to its end");
}

const MAIL: &[u8] = b"Subject: hello\r\n\r\n.dot\r\nend\r\n";

/// What is wrong with what the client says, compared to what the server did.
fn misjudged(outcome: &Result<Vec<Answer>, TransportError>, accepted: usize) -> Option<&'static str> {
    match outcome {
        Ok(answers) if answers.iter().all(|answer| answer.verdict == Verdict::Accepted) => {
            (accepted != 1).then_some("accepted, says the client, and the server has it not once")
        }
        Ok(_) => Some("nobody refused anything"),
        Err(error) if error.may_have_sent() => (accepted > 1).then_some("sent twice"),
        Err(_) => (accepted != 0).then_some("not sent, says the client, and the server has it"),
    }
}

struct Tally {
    not_sent: u64,
    perhaps: u64,
    sent: u64,
}

/// Sends a mail once for each byte that the session can end at, and sees that the outcomes come in their order: not sent,
/// perhaps sent, sent.
async fn tally(
    direction: Direction,
    end: End,
    make: impl Fn(SmtpTransport) -> Box<dyn MailTransport>,
) -> Result<Tally, &'static str> {
    let mut tally = Tally { not_sent: 0, perhaps: 0, sent: 0 };
    for after in 0..LONGEST {
        let server = SmtpServer::new();
        let dial = Faulty(ToSmtp(server.clone()), Fault { direction, end, after });
        let transport = make(SmtpTransport::over(Arc::new(dial), &place(Tls::None, None), 60).unwrap());
        let outcome = transport.send(&envelope(&["alice@example.com", "bob@example.com"]), MAIL).await;
        // What the server still had to read, it has read when it hears that we are gone.
        for _ in 0..20 {
            tokio::task::yield_now().await;
        }
        if let Some(wrong) = misjudged(&outcome, server.accepted().len()) {
            return Err(wrong);
        }
        let (place, later) = match &outcome {
            Err(error) if !error.may_have_sent() => (&mut tally.not_sent, tally.perhaps + tally.sent),
            Err(_) => (&mut tally.perhaps, tally.sent),
            Ok(_) => (&mut tally.sent, 0),
        };
        assert_eq!(later, 0, "{direction:?} {end:?} {after}: out of order");
        *place += 1;
    }
    Ok(tally)
}

#[tokio::test(start_paused = true)]
async fn a_mail_may_have_been_sent_only_between_its_last_bytes_and_the_answer() {
    for (direction, end) in KINDS {
        let tally = tally(direction, end, |transport| Box::new(transport)).await.unwrap();
        let window = match direction {
            Direction::FromServer => b"250 2.0.0 accepted\r\n".len(),
            Direction::ToServer => b"\r\n.\r\n".len(),
        };
        assert_eq!(tally.perhaps, u64::try_from(window).unwrap(), "{direction:?} {end:?}");
        assert!(tally.not_sent > 100 && tally.sent > 0, "{direction:?} {end:?}");
    }
}

/// The control: a client that takes every broken connection for "not sent".
struct Hopeful(SmtpTransport);

#[async_trait]
impl MailTransport for Hopeful {
    async fn send(&self, envelope: &Envelope, mail: &[u8]) -> Result<Vec<Answer>, TransportError> {
        self.0.send(envelope, mail).await.map_err(|error| TransportError::new(error.kind(), error.to_string()))
    }
}

#[tokio::test(start_paused = true)]
async fn calling_a_mail_not_sent_after_its_last_byte_is_found() {
    let outcome = tally(Direction::FromServer, End::Break, |transport| Box::new(Hopeful(transport))).await;
    assert_eq!(outcome.err(), Some("not sent, says the client, and the server has it"));
}

/// A source is a `MailSource` like any other.
#[tokio::test]
async fn a_connection_that_never_comes_is_a_failure() {
    let (_, server) = mailbox(&[]);
    let fault = Fault { direction: Direction::FromServer, end: End::Break, after: 0 };
    assert!(faulty_pop3(&server, fault).open().await.err().unwrap().is_transient());
}
