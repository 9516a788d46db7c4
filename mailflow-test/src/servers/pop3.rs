//! [`Pop3Server`]: gives out the mail of mailboxes.

use std::collections::BTreeSet;
use std::io::{self, ErrorKind};
use std::sync::{Arc, Mutex, PoisonError};

use data_encoding::HEXLOWER;
use md5::{Digest, Md5};
use tokio::io::{AsyncRead, AsyncWrite};

use super::cut::Cut;
use super::lines::{Lines, Stream};
use super::listen::Listening;
use super::mailboxes::{Mailboxes, StoredMail};
use super::pop3_faults::{Pop3Faults, Uidl};
#[cfg(feature = "servers-tls")]
use super::tls::Authority;

/// A POP3 server (RFC 1939, with CAPA, UIDL, TOP, STLS, PIPELINING, SASL PLAIN, APOP). What was
/// deleted is removed at QUIT and at no other time. Clones share mailboxes and faults.
#[derive(Debug, Clone)]
pub struct Pop3Server {
    mailboxes: Mailboxes,
    faults: Arc<Mutex<Pop3Faults>>,
    commands: Arc<Mutex<Vec<String>>>,
    #[cfg(feature = "servers-tls")]
    implicit: Option<Authority>,
    #[cfg(feature = "servers-tls")]
    upgrade: Option<Authority>,
}

impl Pop3Server {
    /// A server for these mailboxes.
    pub fn new(mailboxes: Mailboxes) -> Self {
        Self {
            mailboxes,
            faults: Arc::default(),
            commands: Arc::default(),
            #[cfg(feature = "servers-tls")]
            implicit: None,
            #[cfg(feature = "servers-tls")]
            upgrade: None,
        }
    }

    /// TLS from the first byte.
    #[cfg(feature = "servers-tls")]
    #[must_use]
    pub fn with_implicit_tls(mut self, authority: Authority) -> Self {
        self.implicit = Some(authority);
        self
    }

    /// TLS by STLS.
    #[cfg(feature = "servers-tls")]
    #[must_use]
    pub fn with_stls(mut self, authority: Authority) -> Self {
        self.upgrade = Some(authority);
        self
    }

    /// From the next connection on it does this wrong.
    pub fn misbehave(&self, faults: Pop3Faults) {
        *self.faults.lock().unwrap_or_else(PoisonError::into_inner) = faults;
    }

    /// The command words that it heard from all connections, such as `RETR`.
    pub fn commands(&self) -> Vec<String> {
        self.commands.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Listens on a free port of 127.0.0.1.
    ///
    /// # Errors
    /// [`io::Error`] if that is not possible.
    pub async fn start(&self) -> io::Result<Listening> {
        self.start_on(0).await
    }

    /// Listens on this port of 127.0.0.1.
    ///
    /// # Errors
    /// [`io::Error`] if that is not possible.
    pub async fn start_on(&self, port: u16) -> io::Result<Listening> {
        let server = self.clone();
        Listening::start(port, move |stream| {
            let server = server.clone();
            async move { server.serve(stream).await }
        })
        .await
    }

    /// Serves one connection to its end; broken ones end like others.
    pub async fn serve(&self, stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static) {
        let faults = self.faults.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let stream = Cut::never(stream)
            .after_reading(faults.cut_after_reading.unwrap_or(u64::MAX))
            .after_writing(faults.cut_after_writing.unwrap_or(u64::MAX));
        // A connection that breaks is what tests are about; nobody is to be told.
        let _ = self.converse(Box::new(stream), faults).await;
    }

    async fn converse(&self, stream: Box<dyn Stream>, faults: Pop3Faults) -> io::Result<()> {
        #[cfg(feature = "servers-tls")]
        let stream = match &self.implicit {
            Some(authority) => authority.protect(stream).await?,
            None => stream,
        };
        let mut session = Session { lines: Lines::new(stream), server: self, faults, user: None, open: None };
        let timestamp = if session.faults.no_apop { "" } else { TIMESTAMP };
        session.say(&format!("+OK ready {timestamp}")).await?;
        while session.step().await? {}
        Ok(())
    }
}

/// What the proof of APOP is made of (RFC 1939 section 7). A real server has another one for each connection.
const TIMESTAMP: &str = "<1.2@pop3.example>";

struct Session<'a> {
    lines: Lines,
    server: &'a Pop3Server,
    faults: Pop3Faults,
    user: Option<String>,
    open: Option<Open>,
}

/// A mailbox that somebody signed in to, as it was then.
struct Open {
    user: String,
    mails: Vec<StoredMail>,
    deleted: BTreeSet<u64>,
}

impl Open {
    /// The mails that are not deleted, with their numbers.
    fn numbered(&self) -> impl Iterator<Item = (u32, &StoredMail)> {
        (1..).zip(&self.mails).filter(|(_, mail)| !self.deleted.contains(&mail.id))
    }

    fn get(&self, number: u32) -> Option<&StoredMail> {
        let place = usize::try_from(number).ok()?.checked_sub(1)?;
        self.mails.get(place).filter(|mail| !self.deleted.contains(&mail.id))
    }
}

impl Session<'_> {
    /// Answers one command; `false` after the last.
    async fn step(&mut self) -> io::Result<bool> {
        let line = self.lines.line().await?;
        let (word, rest) = line.split_once(' ').unwrap_or((&line, ""));
        let word = word.to_ascii_uppercase();
        self.server.commands.lock().unwrap_or_else(PoisonError::into_inner).push(word.clone());
        if self.faults.silent_from.as_ref() == Some(&word) {
            return std::future::pending().await;
        }
        match (word.as_str(), self.open.is_some()) {
            ("CAPA", _) if !self.faults.no_capa => self.capa().await?,
            ("STLS", false) => self.stls().await?,
            ("USER", false) => {
                self.user = Some(rest.to_owned());
                self.say("+OK").await?;
            }
            ("PASS", false) => {
                let user = self.user.take().unwrap_or_default();
                self.sign_in(&user, rest).await?;
            }
            ("APOP", false) if !self.faults.no_apop => self.apop(rest).await?,
            ("AUTH", false) if !self.faults.plain_abilities => self.auth_plain(rest).await?,
            ("QUIT", _) => {
                self.quit().await?;
                return Ok(false);
            }
            ("NOOP", true) => self.say("+OK").await?,
            (_, true) => self.transaction(&word, rest).await?,
            _ => self.say("-ERR unknown here").await?,
        }
        Ok(true)
    }

    async fn say(&mut self, line: &str) -> io::Result<()> {
        self.say_bytes(format!("{line}\r\n").as_bytes()).await
    }

    async fn say_bytes(&mut self, bytes: &[u8]) -> io::Result<()> {
        if let Some(delay) = self.faults.delay {
            tokio::time::sleep(delay).await;
        }
        if self.faults.lf_alone {
            let bytes: Vec<u8> = bytes.iter().copied().filter(|byte| *byte != b'\r').collect();
            self.lines.say(&bytes).await
        } else {
            self.lines.say(bytes).await
        }
    }

    /// Lines, with their dots doubled, and the dot that ends them.
    async fn say_lines(&mut self, bytes: &[u8]) -> io::Result<()> {
        let mut answer = b"+OK\r\n".to_vec();
        for line in bytes.split_inclusive(|byte| *byte == b'\n') {
            if line.starts_with(b".") {
                answer.push(b'.');
            }
            answer.extend_from_slice(line);
        }
        if !bytes.is_empty() && !bytes.ends_with(b"\n") {
            answer.extend_from_slice(b"\r\n");
        }
        answer.extend_from_slice(b".\r\n");
        self.say_bytes(&answer).await
    }

    async fn capa(&mut self) -> io::Result<()> {
        let mut lines = String::from("UIDL\r\nTOP\r\nUSER\r\n");
        if !self.faults.plain_abilities {
            lines.push_str("PIPELINING\r\nSASL PLAIN\r\n");
        }
        self.say_lines(lines.as_bytes()).await
    }

    #[cfg(not(feature = "servers-tls"))]
    async fn stls(&mut self) -> io::Result<()> {
        self.say("-ERR no TLS here").await
    }

    #[cfg(feature = "servers-tls")]
    async fn stls(&mut self) -> io::Result<()> {
        let Some(authority) = self.server.upgrade.clone() else {
            return self.say("-ERR no TLS here").await;
        };
        let injected = if self.faults.inject_before_tls { "+OK injected\r\n" } else { "" };
        self.say_bytes(format!("+OK begin\r\n{injected}").as_bytes()).await?;
        let plain = std::mem::replace(&mut self.lines, Lines::new(Box::new(tokio::io::empty())));
        self.lines = Lines::new(authority.protect(plain.into_stream()).await?);
        Ok(())
    }

    async fn auth_plain(&mut self, rest: &str) -> io::Result<()> {
        let Some(("PLAIN", response)) = Some(rest.split_once(' ').unwrap_or((rest, ""))) else {
            return self.say("-ERR unknown mechanism").await;
        };
        let response = if response.is_empty() {
            self.say("+ ").await?;
            self.lines.line().await?
        } else {
            response.to_owned()
        };
        match super::lines::plain_response(&response) {
            Some((user, password)) => self.sign_in(&user, &password).await,
            None => self.say("-ERR not PLAIN").await,
        }
    }

    async fn apop(&mut self, rest: &str) -> io::Result<()> {
        let (user, proof) = rest.split_once(' ').unwrap_or((rest, ""));
        let password = self.server.mailboxes.password(user).unwrap_or_default();
        let right = Md5::new().chain_update(TIMESTAMP).chain_update(&password).finalize();
        if HEXLOWER.encode(&right) == proof {
            self.sign_in(user, &password).await
        } else {
            self.say("-ERR [AUTH] wrong user or password").await
        }
    }

    async fn sign_in(&mut self, user: &str, password: &str) -> io::Result<()> {
        if self.server.mailboxes.password(user).is_none_or(|right| right != password) {
            return self.say("-ERR [AUTH] wrong user or password").await;
        }
        let mails = self.server.mailboxes.mails(user);
        self.open = Some(Open { user: user.to_owned(), mails, deleted: BTreeSet::new() });
        self.say("+OK signed in").await
    }

    async fn transaction(&mut self, word: &str, rest: &str) -> io::Result<()> {
        let number = rest.split(' ').next().and_then(|number| number.parse::<u32>().ok()).unwrap_or(0);
        let Some(open) = &mut self.open else { return Ok(()) };
        let mail = open.get(number).cloned();
        match (word, mail) {
            ("STAT", _) => {
                let (count, size) =
                    open.numbered().fold((0, 0), |(count, size), (_, mail)| (count + 1, size + mail.bytes.len()));
                self.say(&format!("+OK {count} {size}")).await
            }
            ("LIST", _) => {
                let listing = listing(open, self.faults.said_size);
                self.say_lines(listing.as_bytes()).await
            }
            ("UIDL", _) if self.faults.uidl != Uidl::Missing => {
                let names = names(open, self.faults.uidl);
                self.say_lines(&names).await
            }
            ("RETR", Some(mail)) if !self.faults.refuse_retr.contains(&number) => self.say_lines(&mail.bytes).await,
            ("TOP", Some(mail)) if !self.faults.no_top => {
                let end =
                    mail.bytes.windows(4).position(|end| end == b"\r\n\r\n").map_or(mail.bytes.len(), |at| at + 4);
                self.say_lines(mail.bytes.get(..end).unwrap_or_default()).await
            }
            ("DELE", Some(mail)) if !self.faults.refuse_dele.contains(&number) => {
                open.deleted.insert(mail.id);
                self.say("+OK deleted").await
            }
            ("RSET", _) => {
                open.deleted.clear();
                self.say("+OK").await
            }
            ("RETR" | "TOP" | "DELE", _) => self.say("-ERR no such mail").await,
            _ => self.say("-ERR unknown here").await,
        }
    }

    /// The only place where mail is removed.
    async fn quit(&mut self) -> io::Result<()> {
        if let Some(open) = self.open.take() {
            let deleted: Vec<u64> = open.deleted.into_iter().collect();
            self.server.mailboxes.remove(&open.user, &deleted);
        }
        if self.faults.lose_quit_answer {
            return Err(ErrorKind::ConnectionAborted.into());
        }
        self.say("+OK bye").await
    }
}

fn listing(open: &Open, said_size: Option<u64>) -> String {
    let size = |mail: &StoredMail| said_size.unwrap_or(u64::try_from(mail.bytes.len()).unwrap_or(u64::MAX));
    open.numbered().map(|(number, mail)| format!("{number} {}\r\n", size(mail))).collect()
}

fn names(open: &Open, uidl: Uidl) -> Vec<u8> {
    let mut lines = Vec::new();
    for (number, StoredMail { id, .. }) in open.numbered() {
        let name = match uidl {
            Uidl::Sound | Uidl::Missing => format!("uid-{id}").into_bytes(),
            Uidl::Renumbered(generation) => format!("generation-{generation}-{id}").into_bytes(),
            Uidl::AllTheSame => b"same".to_vec(),
            Uidl::Invalid => [b"a b \xff\x01".as_slice(), id.to_string().as_bytes()].concat(),
        };
        lines.extend_from_slice(format!("{number} ").as_bytes());
        lines.extend_from_slice(&name);
        lines.extend_from_slice(b"\r\n");
    }
    lines
}
