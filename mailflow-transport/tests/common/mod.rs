//! What the tests of this crate share: servers in memory behind the clients.
#![allow(dead_code, reason = "not every test file uses all of it")]

use std::sync::Arc;

use async_trait::async_trait;
use mailflow_core::mail::Address;
use mailflow_core::source::{MailServer, Tls};
use mailflow_core::transport::{
    Content, Envelope, Fetched, MailSource, Settle, SourceSession, TransportError, Waiting,
};
use mailflow_test::servers::{Mailboxes, Pop3Server, SmtpServer};
use mailflow_transport::pop3::Pop3Source;
use mailflow_transport::smtp::SmtpTransport;
use mailflow_transport::{Dial, Io};
use tokio::sync::mpsc;

pub const USER: &str = "support";
pub const PASSWORD: &str = "secret";
pub const ENOUGH: u64 = 1 << 20;

/// Room for everything that a test says at once.
const ROOM: usize = 1 << 20;

pub type Boxes = Mailboxes;

pub struct ToPop3(pub Pop3Server);

#[async_trait]
impl Dial for ToPop3 {
    async fn dial(&self) -> Result<Box<dyn Io>, TransportError> {
        let (ours, theirs) = tokio::io::duplex(ROOM);
        let server = self.0.clone();
        tokio::spawn(async move { server.serve(theirs).await });
        Ok(Box::new(ours))
    }
}

pub struct ToSmtp(pub SmtpServer);

#[async_trait]
impl Dial for ToSmtp {
    async fn dial(&self) -> Result<Box<dyn Io>, TransportError> {
        let (ours, theirs) = tokio::io::duplex(ROOM);
        let server = self.0.clone();
        tokio::spawn(async move { server.serve(theirs).await });
        Ok(Box::new(ours))
    }
}

pub fn place(tls: Tls, trusted: Option<&str>) -> MailServer {
    MailServer { host: "localhost".to_owned(), port: 0, tls, trusted_certificate: trusted.map(str::to_owned) }
}

pub fn mailbox(mails: &[&[u8]]) -> (Mailboxes, Pop3Server) {
    let mailboxes = Mailboxes::new();
    mailboxes.create(USER, PASSWORD, "support@example.com");
    for mail in mails {
        mailboxes.deliver(USER, mail);
    }
    (mailboxes.clone(), Pop3Server::new(mailboxes))
}

pub fn pop3(server: &Pop3Server) -> Pop3Source {
    Pop3Source::over(Arc::new(ToPop3(server.clone())), &place(Tls::None, None), USER, PASSWORD, 60).unwrap()
}

pub fn smtp(server: &SmtpServer) -> SmtpTransport {
    SmtpTransport::over(Arc::new(ToSmtp(server.clone())), &place(Tls::None, None), 60).unwrap()
}

pub fn envelope(recipients: &[&str]) -> Envelope {
    let recipients = recipients.iter().map(|address| Address::new(address).unwrap()).collect();
    Envelope::new(Some(Address::new("support@example.com").unwrap()), recipients).unwrap()
}

pub async fn fetch(
    session: &mut Box<dyn SourceSession>,
    wanted: &[Waiting],
    max_bytes: u64,
) -> (Vec<Fetched>, Result<(), TransportError>) {
    let (to, mut from) = mpsc::channel(wanted.len().max(1));
    let outcome = session.fetch(wanted, max_bytes, &to).await;
    drop(to);
    let mut fetched = Vec::new();
    while let Some(one) = from.recv().await {
        fetched.push(one);
    }
    (fetched, outcome)
}

/// One whole look into a mailbox that removes what it fetched whole; what was fetched stays in `kept` if it fails.
pub async fn collect(source: &dyn MailSource, max_bytes: u64, kept: &mut Vec<Fetched>) -> Result<(), TransportError> {
    let mut session = source.open().await?;
    let waiting = session.list().await?;
    let (fetched, outcome) = fetch(&mut session, &waiting, max_bytes).await;
    kept.extend(fetched.iter().cloned());
    outcome?;
    let whole = fetched.into_iter().filter(|one| matches!(one.content, Content::Whole(_)));
    let done: Vec<Waiting> = whole.map(|one| one.waiting).collect();
    session.settle(&done, Settle::Remove).await?;
    session.close().await
}

pub fn whole(fetched: &[Fetched]) -> Vec<Vec<u8>> {
    let bytes = |one: &Fetched| match &one.content {
        Content::Whole(bytes) => Some(bytes.clone()),
        _ => None,
    };
    fetched.iter().filter_map(bytes).collect()
}
