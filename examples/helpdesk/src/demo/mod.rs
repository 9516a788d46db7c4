//! A whole desk with sample mail: a database in a temporary folder, a POP3 and an SMTP server in this process, agents,
//! rules, mail that arrives, and customers who answer.

mod customers;
mod desk;
mod mails;

use std::convert::Infallible;
use std::path::Path;
use std::time::Duration;

use mailflow_core::flow::{Error, Filter, Mailflow};
use mailflow_core::id::{AgentId, SourceId};
use mailflow_core::store::Page;
use mailflow_core::ticket::Ticket;
use mailflow_test::servers::{Listening, Mailboxes, Pop3Server, SmtpServer};
use tempfile::TempDir;

use crate::setup::{self, IfMissing, Opened, SetupError};

/// How many mails are there when the desk opens.
const AT_ONCE: usize = 8;

/// How fast things happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pace {
    /// Mail arrives over a minute; customers answer after some seconds.
    Natural,
    /// All mail is there from the beginning; customers answer at once.
    Fast,
}

/// A desk with sample mail. Dropping it removes everything that it wrote.
#[derive(Debug)]
pub struct Demo {
    opened: Opened,
    password: String,
    pace: Pace,
    office: Office,
    _servers: [Listening; 2],
    folder: TempDir,
}

/// The mail servers' side of the desk.
#[derive(Debug, Clone)]
struct Office {
    flow: Mailflow,
    source: SourceId,
    mailboxes: Mailboxes,
    smtp: SmtpServer,
}

impl Office {
    /// A mail arrives, and the desk looks for it now.
    fn deliver(&self, mail: &[u8]) {
        self.mailboxes.deliver(desk::MAILBOX, mail);
        self.flow.wake(self.source);
    }
}

/// A demo that cannot begin.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DemoError {
    /// The desk cannot be made.
    #[error(transparent)]
    Setup(#[from] SetupError),
    /// The desk cannot be filled.
    #[error(transparent)]
    Flow(#[from] Error),
    /// A folder or a port cannot be had.
    #[error("the demo needs a temporary folder and three free ports: {0}")]
    Io(#[from] std::io::Error),
}

impl Demo {
    /// Makes the desk, with its first mails in it.
    ///
    /// # Errors
    /// [`DemoError`] if that is not possible.
    pub async fn open(pace: Pace) -> Result<Self, DemoError> {
        let folder = tempfile::Builder::new().prefix("mailflow-demo-").tempdir()?;
        let opened = setup::open(&folder.path().join("desk.db"), IfMissing::Make).await?;
        let mailboxes = Mailboxes::new();
        let pop3 = Pop3Server::new(mailboxes.clone()).start().await?;
        let smtp = SmtpServer::new();
        customers::refuse_the_one_who_is_gone(&smtp);
        let listening = smtp.start().await?;

        let password = crate::auth::new_password();
        let source = desk::set_up(&opened, &mailboxes, &password, (pop3.port(), listening.port())).await?;
        let flow = opened.flow.clone();
        let office = Office { flow: flow.clone(), source: source.id, mailboxes, smtp };
        let demo = Self { opened, password, pace, office, _servers: [pop3, listening], folder };
        for mail in mails::all().take(demo.at_once()) {
            demo.office.deliver(&mail.arriving(flow.now()));
        }
        // What cannot be collected now is collected when the desk runs.
        let _ = flow.collect(&source).await;
        while !flow.route_some().await?.is_empty() {}
        desk::begin_to_work(&flow).await?;
        Ok(demo)
    }

    fn at_once(&self) -> usize {
        match self.pace {
            Pace::Natural => AT_ONCE,
            Pace::Fast => usize::MAX,
        }
    }

    /// The desk.
    pub const fn opened(&self) -> &Opened {
        &self.opened
    }

    /// The administrator's user name.
    pub const fn user(&self) -> &'static str {
        "admin"
    }

    /// The user names of the agents who are no administrators.
    pub fn others(&self) -> Vec<&'static str> {
        desk::AGENTS.iter().map(|(user_name, ..)| *user_name).collect()
    }

    /// The password of all agents.
    pub fn password(&self) -> &str {
        &self.password
    }

    /// Where everything is that it writes.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Removes everything that it wrote.
    ///
    /// # Errors
    /// [`std::io::Error`] if something cannot be removed.
    pub fn remove(self) -> std::io::Result<()> {
        let Self { folder, .. } = self;
        folder.close()
    }

    /// Lets mail arrive and customers answer, for ever. The desk itself is run by whoever has it.
    pub async fn live(&self) -> Infallible {
        let (never, ()) = tokio::join!(customers::answer(&self.office, self.pace), self.let_mail_arrive());
        never
    }

    async fn let_mail_arrive(&self) {
        let mails: Vec<_> = mails::all().skip(self.at_once()).collect();
        let every = Duration::from_secs(60) / u32::try_from(mails.len()).unwrap_or(1).max(1);
        for mail in mails {
            tokio::time::sleep(every).await;
            self.office.deliver(&mail.arriving(self.opened.flow.now()));
        }
    }
}

/// The first open ticket with these words in its subject, of those that the agent sees.
async fn ticket_about(flow: &Mailflow, agent: AgentId, words: &str) -> Result<Option<Ticket>, Error> {
    let tickets = flow.desk(agent).tickets(&Filter::default(), &Page::first(100)).await?;
    Ok(tickets.rows.into_iter().find(|ticket| ticket.subject.contains(words)))
}
