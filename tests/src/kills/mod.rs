//! [`Campaign`]: a desk that is killed again and again while it collects, routes and sends. The mail servers live in this
//! process and survive; what they had and took tells what should be true of the desk at the end.

pub mod servers;
pub(crate) mod verdict;

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use helpdesk::setup::{self, IfMissing, Opened};
use mailflow_core::agent::BUILT_IN_ADMINISTRATOR;
use mailflow_core::decision::reply::Reply;
use mailflow_core::destination::{Destination, DestinationAccess};
use mailflow_core::flow::Filter;
use mailflow_core::id::{DestinationId, SourceId};
use mailflow_core::source::{MailServer, Source, SourceAccess, Tls};
use mailflow_core::store::Page;
use mailflow_core::ticketbox::Ticketbox;
use mailflow_transport::seal::source_context;
use tempfile::TempDir;

pub use self::servers::Doing;
use self::servers::Servers;
pub use self::verdict::Verdict;
use crate::chance::Chance;

/// The most mails that wait at a time, in the mailbox or to be sent: more would only make the rounds alike.
const BACKLOG: usize = 30;

/// What is killed.
#[derive(Debug, Clone)]
pub struct Victim {
    /// The program.
    pub program: PathBuf,
    /// What it is told beside the file.
    pub arguments: Vec<String>,
}

impl Victim {
    /// The real thing: `mailflow serve`.
    pub fn real() -> Self {
        let arguments = ["serve", "--listen", "127.0.0.1:0", "--log", "off"].map(str::to_owned).to_vec();
        Self { program: crate::binary::path(), arguments }
    }

    /// A desk with a planted fault.
    pub fn planted(program: impl Into<PathBuf>, fault: &str) -> Self {
        Self { program: program.into(), arguments: vec![fault.to_owned()] }
    }

    fn start(&self, folder: &TempDir) -> Child {
        let mut command = Command::new(&self.program);
        command.args(&self.arguments).arg("--db").arg(folder.path().join(FILE));
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command.spawn().unwrap()
    }
}

const FILE: &str = "desk.db";

/// A desk, its mail servers, and what happened so far.
pub struct Campaign {
    victim: Victim,
    servers: Servers,
    folder: TempDir,
    chance: Chance,
    written: u64,
    answered: u64,
    /// What was going on when the desk was killed.
    moments: std::collections::BTreeMap<Doing, u64>,
}

impl Campaign {
    /// A new desk. The seed decides when it is killed, as far as the machine obeys.
    pub async fn begin(victim: Victim, seed: u64) -> Self {
        let servers = Servers::start().await;
        let folder = tempfile::tempdir().unwrap();
        let campaign = Self {
            victim,
            servers,
            folder,
            chance: Chance::new(seed),
            written: 0,
            answered: 0,
            moments: std::collections::BTreeMap::new(),
        };
        campaign.set_up().await;
        campaign
    }

    async fn open(&self) -> Opened {
        setup::open(&self.folder.path().join(FILE), IfMissing::Make).await.unwrap()
    }

    async fn set_up(&self) {
        let Opened { flow, network, .. } = self.open().await;
        let admin = flow.admin();
        admin
            .save(&Ticketbox::new(admin.new_id(), "Support", Some(servers::ADDRESS.parse().unwrap())))
            .await
            .unwrap();
        let at = |port| MailServer { host: "127.0.0.1".to_owned(), port, tls: Tls::None, trusted_certificate: None };
        let access = DestinationAccess::Smtp { server: at(self.servers.smtp_port), login: None };
        let destination = Destination::new(admin.new_id::<DestinationId>(), "sink", access);
        admin.save(&Destination { default: true, delivery_interval_s: 1, ..destination }).await.unwrap();
        let id: SourceId = admin.new_id();
        let access = SourceAccess::Pop3 {
            server: at(self.servers.pop3_port),
            user: servers::USER.to_owned(),
            password: network.key().seal(servers::PASSWORD, &source_context(id)).unwrap(),
            apop: false,
        };
        admin.save(&Source { check_interval_s: 1, ..Source::new(id, "mailbox", access) }).await.unwrap();
    }

    /// Lets mail come and answers be written, starts the desk and kills it, so many times.
    pub async fn kill(&mut self, times: u64, mut told: impl FnMut(u64)) {
        for round in 0..times {
            self.mail_comes();
            self.agents_answer().await;
            self.live_and_die().await;
            told(round + 1);
        }
    }

    fn mail_comes(&mut self) {
        for _ in 0..self.chance.below(5) {
            if self.servers.waiting() < BACKLOG {
                self.written += 1;
                self.servers.deliver(self.written, &mut self.chance);
            }
        }
    }

    /// Each ticket is answered once.
    async fn agents_answer(&mut self) {
        let desk = self.open().await.flow.desk(BUILT_IN_ADMINISTRATOR);
        let mut newest = desk.tickets(&Filter::default(), &Page::first(100)).await.unwrap().rows;
        newest.sort_by_key(|ticket| ticket.number);
        for ticket in newest {
            if ticket.number > self.answered {
                // A mail whose readers were killed too often to be read names nobody.
                if ticket.contact.is_some() {
                    desk.reply(ticket.id, Reply::text(format!("about {}", ticket.subject))).await.unwrap();
                }
                self.answered = ticket.number;
            }
        }
    }

    async fn live_and_die(&mut self) {
        let before = self.servers.connections();
        let mut child = self.victim.start(&self.folder);
        let delay = match self.chance.below(8) {
            // While it starts.
            0 => self.chance.below(150),
            // While it works.
            kind => {
                self.servers.connected_after(before).await;
                if kind == 1 { 50 + self.chance.below(400) } else { self.chance.below(50) }
            }
        };
        // The one place where a random time is the thing itself.
        tokio::time::sleep(Duration::from_millis(delay) + Duration::from_micros(self.chance.below(1000))).await;
        let doing = self.servers.doing();
        assert!(child.try_wait().unwrap().is_none(), "the desk ended by itself");
        child.kill().unwrap();
        child.wait().unwrap();
        *self.moments.entry(doing).or_default() += 1;
    }

    /// Lets the desk finish everything, and says what is true of it.
    pub async fn verdict(&self) -> Verdict {
        verdict::of(self).await
    }
}
