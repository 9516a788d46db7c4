//! [`Campaign`]: three servers on one PostgreSQL that are killed, stopped for longer than their lease, cut off and
//! given wrong clocks, while mail comes and is answered. The mail servers and the database live on; what they know
//! tells what should be true at the end.

mod line;
mod server;
mod verdict;
mod witness;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use mailflow_core::agent::BUILT_IN_ADMINISTRATOR;
use mailflow_core::decision::reply::Reply;
use mailflow_core::destination::{Destination, DestinationAccess};
use mailflow_core::flow::{Filter, Mailflow};
use mailflow_core::id::{DestinationId, SourceId};
use mailflow_core::lease::Lease;
use mailflow_core::mail::Keyring;
use mailflow_core::server::Server as Member;
use mailflow_core::source::{MailServer, Source, SourceAccess, Tls};
use mailflow_core::store::{Page, Query};
use mailflow_core::ticketbox::Ticketbox;
use mailflow_core::time::{Clock as _, SystemClock, Timestamp};
use mailflow_store_postgres::{Options, PostgresStore};
use mailflow_test::postgres::{Cluster, Database};
use mailflow_transport::seal::{KeyFile, source_context};
use tempfile::TempDir;

use self::server::Server;
pub use self::server::{Absence, Program, Starts, Trouble};
pub use self::verdict::Verdict;
pub use self::witness::Witness;
use crate::await_it;
use crate::chance::Chance;
use crate::kills::servers::{ADDRESS, PASSWORD, Servers, USER};

/// How the servers are called.
pub const NAMES: [&str; 3] = ["one", "two", "three"];
/// How long a server is taken to be alive after it last said so: short, so that much happens.
pub const LASTS: Duration = Duration::from_millis(600);
/// The most mails that wait at a time.
const BACKLOG: usize = 30;

/// Three servers, their database and mail servers, and what happened so far.
pub struct Campaign {
    servers: Vec<Server>,
    mail: Servers,
    /// What agents do is done here.
    office: Option<Mailflow>,
    key: Arc<KeyFile>,
    chance: Chance,
    written: u64,
    answered: u64,
    episodes: BTreeMap<Trouble, u64>,
    absences: Vec<Absence>,
    /// Since when the database runs.
    runs_since: Timestamp,
    // What goes last is dropped last.
    database: Option<Database>,
    cluster: Option<Cluster>,
    _folder: TempDir,
}

impl Campaign {
    /// A new desk with three servers. The seed decides what happens to them, as far as the machine obeys.
    pub async fn begin(program: Program, seed: u64) -> Self {
        let cluster = tokio::task::spawn_blocking(Cluster::start).await.unwrap();
        let database = cluster.database();
        let folder = tempfile::tempdir().unwrap();
        let key_file = folder.path().join("key");
        let key = Arc::new(KeyFile::open_or_create(&key_file).unwrap());
        let store = PostgresStore::open(&database.url(), Options::default()).await.unwrap();
        witness::watch(&database);
        let keyring = Keyring::new(1, key.secret("thread tokens 1"));
        let office = Mailflow::builder(store).keyring(keyring).build().await.unwrap();
        let mail = Servers::start().await;
        set_up(&office, &mail, &key).await;
        let mut chance = Chance::new(seed);
        let start = |name: &&'static str| Server::start(&program, name, &database, key_file.clone(), &mut chance);
        let servers = NAMES.iter().map(start).collect();
        Self {
            servers,
            mail,
            office: Some(office),
            key,
            chance,
            written: 0,
            answered: 0,
            episodes: BTreeMap::new(),
            absences: Vec::new(),
            runs_since: now(),
            database: Some(database),
            cluster: Some(cluster),
            _folder: folder,
        }
    }

    /// So many times something happens to a server: to two of them at a time, while the third one is well.
    pub async fn trouble(&mut self, episodes: u64, mut told: impl FnMut(u64)) {
        for round in 0..episodes.div_ceil(2) {
            self.mail_comes();
            self.agents_answer().await;
            let well = self.below(3);
            self.is_at_work(well).await;
            let mut troubles = Vec::new();
            for (nth, server) in self.servers.iter_mut().enumerate().filter(|(nth, _)| *nth != well) {
                let mut chance = Chance::new(self.chance.number());
                let trouble = Trouble::any(&mut chance);
                *self.episodes.entry(trouble).or_default() += 1;
                troubles.push(async move {
                    let absent = server.suffer(trouble, &mut chance).await;
                    absent.map(|(from, until)| Absence { server: nth, from, until })
                });
            }
            let (other, one) = (troubles.pop().unwrap(), troubles.pop().unwrap());
            let (one, other) = tokio::join!(one, other);
            self.absences.extend([one, other].into_iter().flatten());
            told(2 * (round + 1));
        }
    }

    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.chance.below(u64::try_from(end).unwrap())).unwrap()
    }

    fn office(&self) -> &Mailflow {
        self.office.as_ref().unwrap()
    }

    fn mail_comes(&mut self) {
        for _ in 0..self.chance.below(6) {
            if self.mail.waiting() < BACKLOG {
                self.written += 1;
                self.mail.deliver(self.written, &mut self.chance);
            }
        }
    }

    /// Each ticket is answered once.
    async fn agents_answer(&mut self) {
        let desk = self.office().desk(BUILT_IN_ADMINISTRATOR);
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

    /// Waits until the others take a server to be alive, in its present run.
    async fn is_at_work(&self, nth: usize) {
        let (id, begun) = (Member::id_of(NAMES[nth]), self.servers[nth].begun());
        await_it::until("a server to be at work", || async {
            // The database may be away.
            let cluster = self.office().cluster().await.ok()?;
            let server = cluster.servers.into_iter().find(|it| it.id == id)?;
            let alive = server.started >= begun && server.seen >= self.runs_since && server.is_alive(cluster.now);
            alive.then_some(())
        })
        .await;
    }

    /// The database crashes while mail comes in and is answered, and is started again.
    pub async fn database_crashes(&mut self) {
        for nth in 0..NAMES.len() {
            self.is_at_work(nth).await;
        }
        self.written += 1;
        self.mail.deliver(self.written, &mut self.chance);
        self.mail_comes();
        self.agents_answer().await;
        let before = self.mail.connections();
        self.mail.connected_after(before).await;
        let mut cluster = self.cluster.take().unwrap();
        let crashed = tokio::task::spawn_blocking(move || {
            cluster.crash();
            cluster.start_again();
            cluster
        });
        self.cluster = Some(crashed.await.unwrap());
        self.runs_since = now();
        for nth in 0..NAMES.len() {
            self.is_at_work(nth).await;
        }
    }

    /// What the database saw until now.
    pub fn witness(&self) -> Witness {
        witness::ask(self.database.as_ref().unwrap(), &self.absences)
    }

    /// Lets the servers do what is left, ends them in order, and says what is true.
    pub async fn verdict(mut self) -> Verdict {
        for nth in 0..NAMES.len() {
            self.is_at_work(nth).await;
        }
        await_it::until("each task to be with a server that is there", || async {
            let cluster = self.office().cluster().await.ok()?;
            let is_there = |lease: &Lease| {
                let holder = lease.holder?;
                let server = cluster.servers.iter().find(|it| it.id == holder.server && it.run == holder.run)?;
                server.is_alive(cluster.now).then_some(())
            };
            (!cluster.leases.is_empty() && cluster.leases.iter().all(|it| is_there(it).is_some())).then_some(())
        })
        .await;
        await_it::until("all mail to be collected and routed", || async {
            let waiting = self.office().store().find(&Query::Waiting, &Page::first(1)).await.ok()?;
            (self.mail.waiting() == 0 && waiting.rows.is_empty()).then_some(())
        })
        .await;
        for server in &mut self.servers {
            server.ends().await;
        }
        drop(self.office.take());
        let database = self.database.take().unwrap();
        let verdict = verdict::of(&self, &database).await;
        drop(database);
        drop(self.cluster.take());
        verdict
    }
}

/// Makes a ticketbox, and the source and destination of these mail servers.
pub async fn set_up(office: &Mailflow, mail: &Servers, key: &KeyFile) {
    let admin = office.admin();
    admin.save(&Ticketbox::new(admin.new_id(), "Support", Some(ADDRESS.parse().unwrap()))).await.unwrap();
    let at = |port| MailServer { host: "127.0.0.1".to_owned(), port, tls: Tls::None, trusted_certificate: None };
    let access = DestinationAccess::Smtp { server: at(mail.smtp_port), login: None };
    let destination = Destination::new(admin.new_id::<DestinationId>(), "sink", access);
    admin.save(&Destination { default: true, delivery_interval_s: 1, ..destination }).await.unwrap();
    let id: SourceId = admin.new_id();
    let access = SourceAccess::Pop3 {
        server: at(mail.pop3_port),
        user: USER.to_owned(),
        password: key.seal(PASSWORD, &source_context(id)).unwrap(),
        apop: false,
    };
    admin.save(&Source { check_interval_s: 1, ..Source::new(id, "mailbox", access) }).await.unwrap();
}

/// The time, as the database on this machine has it.
fn now() -> Timestamp {
    SystemClock.now()
}
