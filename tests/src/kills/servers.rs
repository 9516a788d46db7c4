//! The mail servers of a campaign: they know who is connected, and take their time, so that a kill meets them at work.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use mailflow_test::servers::{AcceptedMail, Mailboxes, Pop3Faults, Pop3Server, SmtpFaults, SmtpServer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::chance::Chance;

/// Whose mailbox it is.
pub const USER: &str = "support";
/// The mailbox's password.
pub const PASSWORD: &str = "secret";
/// The mailbox's address.
pub const ADDRESS: &str = "support@example.com";

/// How long a server thinks about each answer.
const THINKS: Duration = Duration::from_micros(500);

/// What the desk was doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Doing {
    /// Neither.
    Neither,
    /// Collecting.
    Collecting,
    /// Sending.
    Sending,
    /// Both.
    Both,
}

/// A mailbox and a way out.
pub struct Servers {
    /// Where the mailbox is.
    pub pop3_port: u16,
    /// Where mail goes out.
    pub smtp_port: u16,
    mailboxes: Mailboxes,
    smtp: SmtpServer,
    connected: watch::Receiver<u64>,
    on_pop3: Arc<AtomicU64>,
    on_smtp: Arc<AtomicU64>,
    tasks: [JoinHandle<()>; 2],
}

impl Servers {
    /// Starts them.
    pub async fn start() -> Self {
        let mailboxes = Mailboxes::new();
        mailboxes.create(USER, PASSWORD, ADDRESS);
        let pop3 = Pop3Server::new(mailboxes.clone());
        pop3.misbehave(Pop3Faults { delay: Some(THINKS), ..Pop3Faults::default() });
        let smtp = SmtpServer::new();
        smtp.misbehave(SmtpFaults { delay: Some(THINKS), ..SmtpFaults::default() });
        let (count, connected) = watch::channel(0);
        let count = Arc::new(count);
        let (on_pop3, on_smtp) = (Arc::<AtomicU64>::default(), Arc::<AtomicU64>::default());
        let (pop3_port, pop3_task) = listen(Arc::clone(&count), Arc::clone(&on_pop3), move |stream| {
            let pop3 = pop3.clone();
            async move { pop3.serve(stream).await }
        })
        .await;
        let sink = smtp.clone();
        let (smtp_port, smtp_task) = listen(count, Arc::clone(&on_smtp), move |stream| {
            let sink = sink.clone();
            async move { sink.serve(stream).await }
        })
        .await;
        Self { pop3_port, smtp_port, mailboxes, smtp, connected, on_pop3, on_smtp, tasks: [pop3_task, smtp_task] }
    }

    /// A mail that nothing but its subject tells from others: every second one has no `Message-ID`, so that only its
    /// bytes say that it is the same; some are large.
    pub fn deliver(&self, number: u64, chance: &mut Chance) {
        let id =
            if number.is_multiple_of(2) { format!("Message-ID: <{number}@one.example>\r\n") } else { String::new() };
        let lines = if chance.below(20) == 0 { 4000 } else { chance.below(60) };
        let words: String =
            (0..lines).map(|_| format!("{:016x} {:016x}\r\n", chance.number(), chance.number())).collect();
        let mail = format!(
            "From: Customer {number} <c{number}@one.example>\r\nTo: {ADDRESS}\r\nSubject: {}\r\n{id}\r\nwords\r\n{words}",
            token(number)
        );
        assert!(self.mailboxes.deliver(USER, mail));
    }

    /// How many mails wait in the mailbox.
    pub fn waiting(&self) -> usize {
        self.mailboxes.mails(USER).len()
    }

    /// What was accepted.
    pub fn accepted(&self) -> Vec<AcceptedMail> {
        self.smtp.accepted()
    }

    /// How many connections there have been.
    pub fn connections(&self) -> u64 {
        *self.connected.borrow()
    }

    /// Waits for one more connection than there have been.
    pub async fn connected_after(&self, before: u64) {
        let mut connected = self.connected.clone();
        let waited = tokio::time::timeout(crate::await_it::PATIENCE, connected.wait_for(|now| *now > before));
        assert!(waited.await.is_ok_and(|it| it.is_ok()), "the desk never connected to its mail servers");
    }

    /// What the desk is doing, as the servers see it.
    pub fn doing(&self) -> Doing {
        match (self.on_pop3.load(Ordering::SeqCst) > 0, self.on_smtp.load(Ordering::SeqCst) > 0) {
            (false, false) => Doing::Neither,
            (true, false) => Doing::Collecting,
            (false, true) => Doing::Sending,
            (true, true) => Doing::Both,
        }
    }
}

impl Drop for Servers {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

/// The subject of a mail.
pub fn token(number: u64) -> String {
    format!("token-{number:06}")
}

async fn listen<F: Future<Output = ()> + Send + 'static>(
    count: Arc<watch::Sender<u64>>,
    open: Arc<AtomicU64>,
    serve: impl Fn(TcpStream) -> F + Send + 'static,
) -> (u16, JoinHandle<()>) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let task = tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            stream.set_nodelay(true).unwrap();
            open.fetch_add(1, Ordering::SeqCst);
            count.send_modify(|count| *count += 1);
            let (serving, open) = (serve(stream), Arc::clone(&open));
            tokio::spawn(async move {
                serving.await;
                open.fetch_sub(1, Ordering::SeqCst);
            });
        }
    });
    (port, task)
}
