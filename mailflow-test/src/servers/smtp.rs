//! [`SmtpServer`]: takes mail and remembers it.

use std::io::{self, ErrorKind};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::watch;

use super::cut::Cut;
use super::lines::{Lines, Stream, base64_text, plain_response};
use super::listen::Listening;
use super::mailboxes::Mailboxes;
use super::smtp_faults::{Said, SmtpFaults};
#[cfg(feature = "servers-tls")]
use super::tls::Authority;

/// A mail that the server accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AcceptedMail {
    /// Envelope sender; `None` is the null sender.
    pub sender: Option<String>,
    /// The envelope recipients that it accepted.
    pub recipients: Vec<String>,
    /// The bytes, transparency undone.
    pub bytes: Vec<u8>,
}

/// An SMTP server (RFC 5321, with 8BITMIME, SMTPUTF8, SIZE, STARTTLS, AUTH PLAIN and LOGIN). It accepts mail for
/// everybody, remembers it, and puts it into the mailboxes whose addresses it is for. Clones share all that.
#[derive(Debug, Clone, Default)]
pub struct SmtpServer {
    accepted: Arc<Mutex<Vec<AcceptedMail>>>,
    count: Arc<watch::Sender<usize>>,
    faults: Arc<Mutex<SmtpFaults>>,
    mailboxes: Option<Mailboxes>,
    login: Option<(String, String)>,
    #[cfg(feature = "servers-tls")]
    implicit: Option<Authority>,
    #[cfg(feature = "servers-tls")]
    upgrade: Option<Authority>,
}

impl SmtpServer {
    /// A server that only remembers.
    pub fn new() -> Self {
        Self::default()
    }

    /// A server that delivers to these mailboxes.
    pub fn delivering_to(mailboxes: Mailboxes) -> Self {
        Self { mailboxes: Some(mailboxes), ..Self::default() }
    }

    /// Mail is taken only from who signs in as this user.
    #[must_use]
    pub fn with_login(mut self, user: &str, password: &str) -> Self {
        self.login = Some((user.to_owned(), password.to_owned()));
        self
    }

    /// TLS from the first byte.
    #[cfg(feature = "servers-tls")]
    #[must_use]
    pub fn with_implicit_tls(mut self, authority: Authority) -> Self {
        self.implicit = Some(authority);
        self
    }

    /// TLS by STARTTLS; sign-in is offered only then.
    #[cfg(feature = "servers-tls")]
    #[must_use]
    pub fn with_starttls(mut self, authority: Authority) -> Self {
        self.upgrade = Some(authority);
        self
    }

    /// From the next connection on it does this wrong.
    pub fn misbehave(&self, faults: SmtpFaults) {
        *self.faults.lock().unwrap_or_else(PoisonError::into_inner) = faults;
    }

    /// What it accepted, in order.
    pub fn accepted(&self) -> Vec<AcceptedMail> {
        self.accepted.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What it accepted after the first `seen` mails; waits until there is one.
    pub async fn accepted_after(&self, seen: usize) -> Vec<AcceptedMail> {
        // The sender is ours, so waiting does not end early.
        let _ = self.count.subscribe().wait_for(|count| *count > seen).await;
        self.accepted().split_off(seen)
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

    async fn converse(&self, stream: Box<dyn Stream>, faults: SmtpFaults) -> io::Result<()> {
        #[cfg(feature = "servers-tls")]
        let stream = match &self.implicit {
            Some(authority) => authority.protect(stream).await?,
            None => stream,
        };
        let mut session = Session {
            lines: Lines::new(stream),
            server: self,
            faults,
            signed_in: self.login.is_none(),
            can_upgrade: self.upgrades(),
            sender: None,
            recipients: Vec::new(),
        };
        session.say("220 smtp.example ready").await?;
        while session.step().await? {}
        Ok(())
    }

    #[cfg(feature = "servers-tls")]
    const fn upgrades(&self) -> bool {
        self.upgrade.is_some()
    }

    #[cfg(not(feature = "servers-tls"))]
    const fn upgrades(&self) -> bool {
        false
    }

    fn accept(&self, mail: AcceptedMail) {
        if let Some(mailboxes) = &self.mailboxes {
            for recipient in &mail.recipients {
                mailboxes.deliver_to_address(recipient, &mail.bytes);
            }
        }
        let mut accepted = self.accepted.lock().unwrap_or_else(PoisonError::into_inner);
        accepted.push(mail);
        self.count.send_replace(accepted.len());
    }
}

struct Session<'a> {
    lines: Lines,
    server: &'a SmtpServer,
    faults: SmtpFaults,
    signed_in: bool,
    can_upgrade: bool,
    /// `Some(None)` is the null sender.
    sender: Option<Option<String>>,
    recipients: Vec<String>,
}

impl Session<'_> {
    /// Answers one command; `false` after the last.
    async fn step(&mut self) -> io::Result<bool> {
        let line = self.lines.line().await?;
        let word = line.split([' ', ':']).next().unwrap_or_default().to_ascii_uppercase();
        self.be_silent(&word).await;
        match word.as_str() {
            "EHLO" | "HELO" => self.hello(&word).await?,
            "STARTTLS" if self.can_upgrade => self.start_tls().await?,
            "AUTH" => self.auth(&line).await?,
            "MAIL" | "RCPT" | "DATA" if !self.signed_in => self.say("530 5.7.0 sign in first").await?,
            "MAIL" => self.mail(&line).await?,
            "RCPT" => self.recipient(&line).await?,
            "DATA" => self.data().await?,
            "RSET" => {
                self.forget();
                self.say("250 2.0.0 forgotten").await?;
            }
            "NOOP" => self.say("250 2.0.0 nothing done").await?,
            "QUIT" => {
                self.say("221 2.0.0 bye").await?;
                return Ok(false);
            }
            _ => self.say("502 5.5.1 unknown here").await?,
        }
        Ok(true)
    }

    async fn be_silent(&mut self, word: &str) {
        if self.faults.silent_from.as_deref() == Some(word) {
            std::future::pending::<()>().await;
        }
    }

    async fn say(&mut self, line: &str) -> io::Result<()> {
        if let Some(delay) = self.faults.delay {
            tokio::time::sleep(delay).await;
        }
        self.lines.say(format!("{line}\r\n").as_bytes()).await
    }

    async fn reply(&mut self, said: &Said) -> io::Result<()> {
        let code = said.code.to_string();
        let space: &[u8] = if said.text.is_empty() { b"" } else { b" " };
        self.lines.say(&[code.as_bytes(), space, &said.text, b"\r\n"].concat()).await
    }

    fn forget(&mut self) {
        self.sender = None;
        self.recipients.clear();
    }

    async fn hello(&mut self, word: &str) -> io::Result<()> {
        self.forget();
        let mut lines = vec!["smtp.example".to_owned()];
        if word == "EHLO" {
            if !self.faults.plain_abilities {
                let size = self.faults.max_bytes.map_or_else(|| "SIZE".to_owned(), |max| format!("SIZE {max}"));
                lines.extend(["8BITMIME".to_owned(), "SMTPUTF8".to_owned(), size]);
            }
            if self.can_upgrade {
                lines.push("STARTTLS".to_owned());
            } else if self.server.login.is_some() {
                let mechanisms = if self.faults.only_auth_login { "LOGIN" } else { "PLAIN LOGIN" };
                lines.push(format!("AUTH {mechanisms}"));
            }
        }
        let last = lines.len() - 1;
        let mut answer = String::new();
        for (place, line) in lines.iter().enumerate() {
            let sign = if place == last { ' ' } else { '-' };
            answer.push_str(&format!("250{sign}{line}\r\n"));
        }
        self.say(answer.trim_end()).await
    }

    #[cfg(not(feature = "servers-tls"))]
    async fn start_tls(&mut self) -> io::Result<()> {
        self.say("454 4.7.0 no TLS here").await
    }

    #[cfg(feature = "servers-tls")]
    async fn start_tls(&mut self) -> io::Result<()> {
        let Some(authority) = self.server.upgrade.clone() else {
            return self.say("454 4.7.0 no TLS here").await;
        };
        self.say("220 2.0.0 begin").await?;
        let plain = std::mem::replace(&mut self.lines, Lines::new(Box::new(tokio::io::empty())));
        self.lines = Lines::new(authority.protect(plain.into_stream()).await?);
        self.can_upgrade = false;
        self.forget();
        Ok(())
    }

    async fn auth(&mut self, line: &str) -> io::Result<()> {
        let mut words = line.split(' ').skip(1);
        let mechanism = words.next().unwrap_or_default().to_ascii_uppercase();
        let first = words.next().map(str::to_owned);
        let given = match mechanism.as_str() {
            "PLAIN" if !self.faults.only_auth_login => {
                let response = match first {
                    Some(response) => response,
                    None => self.challenge("").await?,
                };
                plain_response(&response)
            }
            "LOGIN" => {
                let user = match first {
                    Some(user) => user,
                    None => self.challenge("VXNlcm5hbWU6").await?,
                };
                let password = self.challenge("UGFzc3dvcmQ6").await?;
                base64_text(&user).zip(base64_text(&password))
            }
            _ => return self.say("504 5.5.4 unknown mechanism").await,
        };
        self.signed_in = given.is_some() && given == self.server.login;
        let answer = if self.signed_in { "235 2.7.0 signed in" } else { "535 5.7.8 wrong user or password" };
        self.say(answer).await
    }

    async fn challenge(&mut self, challenge: &str) -> io::Result<String> {
        self.say(&format!("334 {challenge}")).await?;
        self.lines.line().await
    }

    async fn mail(&mut self, line: &str) -> io::Result<()> {
        if let Some(said) = self.faults.at_mail.clone() {
            return self.reply(&said).await;
        }
        match path(line) {
            Some(sender) => {
                self.forget();
                self.sender = Some(Some(sender.to_owned()).filter(|sender| !sender.is_empty()));
                self.say("250 2.1.0 sender ok").await
            }
            None => self.say("501 5.5.4 no sender").await,
        }
    }

    async fn recipient(&mut self, line: &str) -> io::Result<()> {
        let Some(recipient) = path(line).filter(|path| !path.is_empty()) else {
            return self.say("501 5.5.4 no recipient").await;
        };
        if self.sender.is_none() {
            return self.say("503 5.5.1 first the sender").await;
        }
        if let Some(said) = self.faults.at_recipient.get(&recipient.to_lowercase()).cloned() {
            return self.reply(&said).await;
        }
        self.recipients.push(recipient.to_owned());
        self.say("250 2.1.5 recipient ok").await
    }

    async fn data(&mut self) -> io::Result<()> {
        if let Some(said) = self.faults.at_data.clone() {
            return self.reply(&said).await;
        }
        let (Some(sender), false) = (self.sender.clone(), self.recipients.is_empty()) else {
            return self.say("503 5.5.1 first sender and recipient").await;
        };
        self.say("354 go on").await?;
        let bytes = self.lines.mail().await?;
        let recipients = std::mem::take(&mut self.recipients);
        self.forget();
        self.be_silent(".").await;
        let said = self.faults.at_end.clone().unwrap_or_else(|| Said::new(250, "2.0.0 accepted"));
        if said.code / 100 == 2 {
            self.server.accept(AcceptedMail { sender, recipients, bytes });
        }
        if self.faults.lose_answer {
            return Err(ErrorKind::ConnectionAborted.into());
        }
        self.reply(&said).await
    }
}

/// What stands between `<` and the last `>` of the path.
fn path(line: &str) -> Option<&str> {
    let (_, rest) = line.split_once('<')?;
    rest.split_once('>').map(|(path, _)| path)
}
