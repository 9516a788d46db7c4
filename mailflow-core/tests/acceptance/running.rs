//! The flow as it runs: receiver, router and sender together, until they are told to stop. AC-13 and AC-15.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use async_trait::async_trait;
use mailflow_core::agent::BUILT_IN_ADMINISTRATOR;
use mailflow_core::decision::reply::Reply;
use mailflow_core::flow::{Filter, Mailflow};
use mailflow_core::store::Page;
use mailflow_core::ticket::Ticket;
use mailflow_core::transport::{
    Fetched, MailSource, MemorySource, MemoryTransport, Settle, SourceSession, TransportError, TransportErrorKind,
    Waiting,
};
use tokio::sync::{mpsc, oneshot};

use super::super::fresh_store;
use super::office::{crlf, mail};

async fn tickets(flow: &Mailflow) -> Vec<Ticket> {
    flow.desk(BUILT_IN_ADMINISTRATOR).tickets(&Filter::default(), &Page::first(100)).await.unwrap().rows
}

/// Waits until the tickets are as they should be, looking again whenever something has changed.
async fn until(flow: &Mailflow, ready: impl Fn(&[Ticket]) -> bool) -> Vec<Ticket> {
    let mut changes = flow.watch();
    loop {
        let found = tickets(flow).await;
        if ready(&found) {
            return found;
        }
        let _ = changes.recv().await;
    }
}

/// A mailbox that hangs when it is opened.
struct Hanging;

#[async_trait]
impl MailSource for Hanging {
    async fn open(&self) -> Result<Box<dyn SourceSession>, TransportError> {
        std::future::pending().await
    }
}

/// A mailbox that refuses the password.
struct Refusing(Arc<AtomicU32>);

#[async_trait]
impl MailSource for Refusing {
    async fn open(&self) -> Result<Box<dyn SourceSession>, TransportError> {
        self.0.fetch_add(1, Ordering::SeqCst);
        Err(TransportError::new(TransportErrorKind::Login, "the server does not accept the password"))
    }
}

#[tokio::test]
async fn ac_15_one_dead_source_never_delays_another_and_is_loud() {
    let (good, outside, refused) = (MemorySource::new(), MemoryTransport::new(), Arc::new(AtomicU32::new(0)));
    let (store, _place) = fresh_store().await;
    let flow = Mailflow::builder(store).transport(outside.clone()).build().await.unwrap();
    let support = flow.admin().ensure_ticketbox("Support", "support@example.com").await.unwrap();
    flow.listen("hangs", &support, Hanging).await.unwrap();
    let refusing = flow.listen("refuses", &support, Refusing(Arc::clone(&refused))).await.unwrap();
    flow.listen("good", &support, good.clone()).await.unwrap();
    good.deliver(crlf(&mail("ada@one.example", "support@example.com", "x", "1@one.example", "")));

    let (stop, stopped) = oneshot::channel::<()>();
    let running = tokio::spawn({
        let flow = flow.clone();
        async move { flow.run(async { drop(stopped.await) }).await }
    });
    let found = until(&flow, |tickets| tickets.len() == 1).await;
    let desk = flow.desk(BUILT_IN_ADMINISTRATOR);
    desk.reply(found[0].id, Reply::text("We are on it.")).await.unwrap();
    let mut changes = flow.watch();
    while outside.sent().is_empty() {
        let _ = changes.recv().await;
    }
    let mut health = desk.health().await.unwrap();
    while !health.pulses.contains_key(&refusing.id.into()) {
        let _ = changes.recv().await;
        health = desk.health().await.unwrap();
    }
    let pulse = &health.pulses[&refusing.id.into()];
    assert!(pulse.failures >= 1 && pulse.trouble.contains("password"), "{pulse:?}");
    stop.send(()).unwrap();
    running.await.unwrap().unwrap();
    assert!(good.is_empty() && refused.load(Ordering::SeqCst) >= 1);
}

/// A mailbox whose session is cut off before it is closed, so that nothing that was settled is removed.
struct CutOff {
    inner: MemorySource,
    cut: Arc<AtomicBool>,
}

struct CutOffSession(Box<dyn SourceSession>, bool);

#[async_trait]
impl MailSource for CutOff {
    async fn open(&self) -> Result<Box<dyn SourceSession>, TransportError> {
        Ok(Box::new(CutOffSession(self.inner.open().await?, self.cut.load(Ordering::SeqCst))))
    }
}

#[async_trait]
impl SourceSession for CutOffSession {
    async fn list(&mut self) -> Result<Vec<Waiting>, TransportError> {
        self.0.list().await
    }

    async fn fetch(
        &mut self,
        wanted: &[Waiting],
        max: u64,
        to: &mpsc::Sender<Fetched>,
    ) -> Result<(), TransportError> {
        self.0.fetch(wanted, max, to).await
    }

    async fn settle(&mut self, done: &[Waiting], how: Settle) -> Result<(), TransportError> {
        self.0.settle(done, how).await
    }

    async fn close(self: Box<Self>) -> Result<(), TransportError> {
        if self.1 {
            return Err(TransportError::new(TransportErrorKind::Connection, "cut off"));
        }
        self.0.close().await
    }
}

#[tokio::test]
async fn ac_13_a_look_that_is_cut_off_takes_nothing_in_twice() {
    let (mailbox, cut) = (MemorySource::new(), Arc::new(AtomicBool::new(true)));
    let (store, _place) = fresh_store().await;
    let flow = Mailflow::builder(store).build().await.unwrap();
    let support = flow.admin().ensure_ticketbox("Support", "support@example.com").await.unwrap();
    let source = CutOff { inner: mailbox.clone(), cut: Arc::clone(&cut) };
    let source = flow.listen("cut off", &support, source).await.unwrap();
    for n in 0..120 {
        mailbox.deliver(crlf(&mail("ada@one.example", "support@example.com", "x", &format!("{n}@one.example"), "")));
    }
    assert!(flow.collect(&source).await.is_err());
    assert_eq!(mailbox.len(), 120, "nothing is gone from the mailbox");
    cut.store(false, Ordering::SeqCst);
    let again = flow.collect(&source).await.unwrap();
    assert_eq!(again.new, 0);
    assert!(mailbox.is_empty());
    while !flow.route_some().await.unwrap().is_empty() {}
    let desk = flow.desk(BUILT_IN_ADMINISTRATOR);
    assert_eq!(desk.tickets(&Filter::default(), &Page::first(500)).await.unwrap().rows.len(), 120);
}

#[tokio::test]
async fn two_looks_at_once_take_each_mail_in_once() {
    let mailbox = MemorySource::new();
    let (store, _place) = fresh_store().await;
    let flow = Mailflow::builder(store).build().await.unwrap();
    let support = flow.admin().ensure_ticketbox("Support", "support@example.com").await.unwrap();
    let source = flow.listen("twice", &support, mailbox.clone()).await.unwrap();
    for n in 0..60 {
        mailbox.deliver(crlf(&mail("ada@one.example", "support@example.com", "x", &format!("{n}@one.example"), "")));
    }
    let (one, two) = tokio::join!(flow.collect(&source), flow.collect(&source));
    assert_eq!(one.unwrap().new + two.unwrap().new, 60);
}
