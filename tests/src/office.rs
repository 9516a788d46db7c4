//! [`Office`]: a desk in a SQLite file that runs, and collects from and sends through the provider.

use std::collections::BTreeMap;
use std::future::Future;

use helpdesk::setup::{self, IfMissing, Opened};
use mailflow_core::agent::BUILT_IN_ADMINISTRATOR;
use mailflow_core::decision::reply::Reply;
use mailflow_core::destination::{Destination, DestinationAccess, SmtpLogin};
use mailflow_core::flow::{Conversation, Desk, Filter, Mailflow};
use mailflow_core::id::{DestinationId, SourceId};
use mailflow_core::source::{Source, SourceAccess, Tls};
use mailflow_core::store::Page;
use mailflow_core::ticket::Ticket;
use mailflow_core::ticketbox::Ticketbox;
use mailflow_transport::seal::{destination_context, source_context};
use tempfile::TempDir;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::await_it::PATIENCE;
use crate::provider::{Account, PASSWORD, Provider};
use crate::transcript;

/// The mailbox that the office collects from.
pub const SUPPORT: Account = Account { user: "support", address: "support@example.com" };

/// The file of the desk, in its folder.
pub const FILE: &str = "desk.db";

/// A desk at work.
pub struct Office {
    /// The desk.
    pub flow: Mailflow,
    /// Where it collects from.
    pub source: Source,
    /// What it sends through.
    pub destination: Destination,
    /// Its ticketbox.
    pub support: Ticketbox,
    transcript: Vec<String>,
    shown: BTreeMap<u64, Vec<String>>,
    running: Option<(oneshot::Sender<()>, JoinHandle<()>)>,
    folder: TempDir,
}

impl Office {
    /// An office whose mail comes and goes by the provider, with passwords sealed and certificates checked.
    pub async fn open(provider: &Provider, tls: Tls) -> Self {
        Self::open_at(provider, tls, SUPPORT).await
    }

    /// The same with another mailbox.
    pub async fn open_at(provider: &Provider, tls: Tls, account: Account) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let Opened { flow, network } = setup::open(&folder.path().join(FILE), IfMissing::Make).await.unwrap();
        let admin = flow.admin();
        let support = admin.ensure_ticketbox("Support", account.address).await.unwrap();

        let id: DestinationId = admin.new_id();
        let password = network.key().seal(PASSWORD, &destination_context(id)).unwrap();
        let login = Some(SmtpLogin { user: account.user.to_owned(), password });
        let access = DestinationAccess::Smtp { server: provider.submission(), login };
        let destination = Destination { default: true, ..Destination::new(id, "provider", access) };
        admin.save(&destination).await.unwrap();

        let id: SourceId = admin.new_id();
        let access = SourceAccess::Pop3 {
            server: provider.pop3(tls),
            user: account.user.to_owned(),
            password: network.key().seal(PASSWORD, &source_context(id)).unwrap(),
            apop: false,
        };
        let source = Source { check_interval_s: 1, ..Source::new(id, "support mailbox", access) };
        admin.save(&source).await.unwrap();
        Self {
            flow,
            source,
            destination,
            support,
            transcript: Vec::new(),
            shown: BTreeMap::new(),
            running: None,
            folder,
        }
    }

    /// Begins to work: mail is collected, routed and sent.
    pub fn works(&mut self) {
        let (end, ended) = oneshot::channel::<()>();
        let flow = self.flow.clone();
        let running = tokio::spawn(async move {
            let shutdown = async {
                let _ = ended.await;
            };
            flow.run(shutdown).await.unwrap();
        });
        self.running = Some((end, running));
    }

    /// Ends the work in order.
    pub async fn closes(&mut self) {
        if let Some((end, running)) = self.running.take() {
            drop(end);
            running.await.unwrap();
        }
    }

    /// Goes home and leaves the file, in its folder.
    pub async fn leaves(mut self) -> TempDir {
        self.closes().await;
        self.folder
    }

    /// Its agent.
    pub fn desk(&self) -> Desk {
        self.flow.desk(BUILT_IN_ADMINISTRATOR)
    }

    /// Begins a part of the story.
    pub fn section(&mut self, name: &str) {
        eprintln!("== {name}");
        self.transcript.push(format!("== {name}"));
    }

    /// All tickets by number.
    pub async fn tickets(&self) -> Vec<Ticket> {
        let mut rows = self.desk().tickets(&Filter::default(), &Page::first(1000)).await.unwrap().rows;
        rows.sort_by_key(|ticket| ticket.number);
        rows
    }

    /// A ticket with all that is in it.
    pub async fn conversation(&self, number: u64) -> Conversation {
        self.desk().conversation(number).await.unwrap()
    }

    /// Waits until a ticket is as it shall be; then an agent looks at it.
    pub async fn sees(&mut self, number: u64, as_it_shall_be: impl Fn(&Conversation) -> bool) -> Conversation {
        let seen = self
            .waits(&format!("ticket {number} as it shall be"), || async {
                let seen = self.desk().conversation(number).await.ok()?;
                as_it_shall_be(&seen).then_some(seen)
            })
            .await;
        let lines = transcript::lines(&seen);
        // The first line says how the ticket is; of the others those that are new.
        let mut before = self.shown.insert(number, lines.clone()).unwrap_or_default();
        let news = lines.into_iter().enumerate().filter(|(place, line)| {
            let known = before.iter().position(|before| before == line).map(|at| before.swap_remove(at));
            *place == 0 || known.is_none()
        });
        self.transcript.extend(news.map(|(_, line)| line));
        seen
    }

    /// Waits for something that a commit will make true.
    pub async fn waits<T, F>(&self, what: &str, look: impl Fn() -> F) -> T
    where
        F: Future<Output = Option<T>>,
    {
        let mut notices = self.flow.watch();
        let waiting = async {
            loop {
                if let Some(found) = look().await {
                    return found;
                }
                let _ = notices.recv().await;
            }
        };
        match tokio::time::timeout(PATIENCE, waiting).await {
            Ok(found) => found,
            Err(_) => panic!("waited in vain for {what}"),
        }
    }

    /// The agent answers.
    pub async fn answers(&self, number: u64, reply: Reply) {
        let ticket = self.desk().ticket(number).await.unwrap();
        self.desk().reply(ticket.id, reply).await.unwrap();
    }

    /// The story as it was told.
    pub fn transcript(&self) -> String {
        self.transcript.iter().map(|line| format!("{}\n", line.trim_end())).collect()
    }
}
