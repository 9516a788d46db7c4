//! A desk with a planted fault, for tests that have to find it: `planted FAULT --db FILE`.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use mailflow_core::destination::Destination;
use mailflow_core::flow::Mailflow;
use mailflow_core::mail::Keyring;
use mailflow_core::source::Source;
use mailflow_core::transport::{
    Answer, Content, Envelope, Fetched, MailSource, MailTransport, Network, Settle, SourceSession, TransportError,
    TransportErrorKind, Waiting,
};
use mailflow_store_sqlite::{Options, SqliteStore};
use mailflow_transport::Connectors;
use mailflow_transport::seal::KeyFile;
use tokio::sync::mpsc;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    /// None: the control of the controls.
    Nothing,
    /// The mailbox lets go of mails before they are safe.
    RemoveBeforeKeeping,
    /// Nothing says that a mail was fetched before: no lasting name, and other bytes each time.
    NoArrivalKey,
    /// What has to be sent is sent twice.
    SendTwice,
}

#[tokio::main]
async fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let fault = match arguments[0].as_str() {
        "nothing" => Fault::Nothing,
        "remove-before-keeping" => Fault::RemoveBeforeKeeping,
        "no-arrival-key" => Fault::NoArrivalKey,
        "send-twice" => Fault::SendTwice,
        other => panic!("no such fault: {other}"),
    };
    let file = PathBuf::from(&arguments[2]);
    let key = Arc::new(KeyFile::open_or_create(file.with_extension("db.key")).unwrap());
    let keyring = Keyring::new(1, key.secret("thread tokens 1"));
    let store = SqliteStore::open(&file, Options::default()).unwrap();
    let network = Faulty { right: Connectors::new(key), fault };
    let flow = Mailflow::builder(store).keyring(keyring).network(network).build().await.unwrap();
    flow.run(std::future::pending()).await.unwrap();
}

struct Faulty {
    right: Connectors,
    fault: Fault,
}

impl Network for Faulty {
    fn source(&self, source: &Source) -> Result<Box<dyn MailSource>, TransportError> {
        let right = Network::source(&self.right, source)?;
        Ok(Box::new(FaultySource { right, fault: self.fault }))
    }

    fn transport(&self, destination: &Destination) -> Result<Box<dyn MailTransport>, TransportError> {
        let right = Network::transport(&self.right, destination)?;
        Ok(if self.fault == Fault::SendTwice { Box::new(Twice(right)) } else { right })
    }
}

struct Twice(Box<dyn MailTransport>);

#[async_trait]
impl MailTransport for Twice {
    async fn send(&self, envelope: &Envelope, mail: &[u8]) -> Result<Vec<Answer>, TransportError> {
        self.0.send(envelope, mail).await?;
        self.0.send(envelope, mail).await
    }
}

struct FaultySource {
    right: Box<dyn MailSource>,
    fault: Fault,
}

#[async_trait]
impl MailSource for FaultySource {
    async fn open(&self) -> Result<Box<dyn SourceSession>, TransportError> {
        Ok(Box::new(FaultySession { right: Some(self.right.open().await?), fault: self.fault }))
    }
}

struct FaultySession {
    /// None once it is closed.
    right: Option<Box<dyn SourceSession>>,
    fault: Fault,
}

impl FaultySession {
    fn right(&mut self) -> Result<&mut Box<dyn SourceSession>, TransportError> {
        let gone = || TransportError::new(TransportErrorKind::Connection, "the session is over");
        self.right.as_mut().ok_or_else(gone)
    }
}

#[async_trait]
impl SourceSession for FaultySession {
    async fn list(&mut self) -> Result<Vec<Waiting>, TransportError> {
        let mut waiting = self.right()?.list().await?;
        if self.fault == Fault::NoArrivalKey {
            waiting.iter_mut().for_each(|waiting| waiting.uid = None);
        }
        Ok(waiting)
    }

    async fn fetch(
        &mut self,
        wanted: &[Waiting],
        max_bytes: u64,
        to: &mpsc::Sender<Fetched>,
    ) -> Result<(), TransportError> {
        if !matches!(self.fault, Fault::RemoveBeforeKeeping | Fault::NoArrivalKey) {
            return self.right()?.fetch(wanted, max_bytes, to).await;
        }
        let (ours, mut fetched) = mpsc::channel(wanted.len().max(1));
        self.right()?.fetch(wanted, max_bytes, &ours).await?;
        drop(ours);
        if self.fault == Fault::RemoveBeforeKeeping {
            self.right()?.settle(wanted, Settle::Remove).await?;
            if let Some(session) = self.right.take() {
                session.close().await?;
            }
        }
        while let Some(mut one) = fetched.recv().await {
            if let (Fault::NoArrivalKey, Content::Whole(bytes)) = (self.fault, &mut one.content) {
                static COUNT: AtomicU64 = AtomicU64::new(0);
                let count = COUNT.fetch_add(1, Ordering::SeqCst);
                let other = format!("X-Fetched: {}.{count}\r\n", std::process::id());
                bytes.splice(..0, other.into_bytes());
            }
            let _ = to.send(one).await;
        }
        Ok(())
    }

    async fn settle(&mut self, done: &[Waiting], how: Settle) -> Result<(), TransportError> {
        match &mut self.right {
            Some(right) => right.settle(done, how).await,
            None => Ok(()),
        }
    }

    async fn close(self: Box<Self>) -> Result<(), TransportError> {
        match self.right {
            Some(right) => right.close().await,
            None => Ok(()),
        }
    }
}
