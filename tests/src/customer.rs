//! [`Customer`]: somebody with a mailbox at the provider, who writes and answers as a mail program does.

use mailflow_core::mail::{Address, Mail, parse};
use mailflow_core::transport::{Envelope, MailTransport as _, Verdict};
use mailflow_transport::smtp::SmtpTransport;

use crate::await_it::until;
use crate::provider::{Account, Provider};

/// Somebody who writes to us.
#[derive(Debug, Clone, Copy)]
pub struct Customer {
    /// How he signs.
    pub name: &'static str,
    /// His mailbox.
    pub account: Account,
}

impl Customer {
    /// Writes a mail, and hands it to the provider as another provider would.
    pub async fn writes(&self, provider: &Provider, to: &str, subject: &str, id: &str, words: &str) {
        self.sends(provider, to, &self.mail(to, subject, id, "", words)).await;
    }

    /// Answers a mail that he got, to where it wants answers, with the ids that it has (RFC 5322 section 3.6.4).
    pub async fn answers(&self, provider: &Provider, got: &Mail, id: &str, words: &str) {
        let to = match got.reply_to.first() {
            Some(reply_to) => reply_to.address.as_str().to_owned(),
            None => got.from.clone().unwrap().address.unwrap().as_str().to_owned(),
        };
        let own = got.message_id.clone().unwrap();
        let references: Vec<String> = got.references.iter().chain([&own]).map(ToString::to_string).collect();
        let headers = format!("In-Reply-To: {own}\r\nReferences: {}\r\n", references.join("\r\n "));
        let subject =
            if got.subject.starts_with("Re:") { got.subject.clone() } else { format!("Re: {}", got.subject) };
        let quoted: String = got.text.lines().map(|line| format!("> {line}\n")).collect();
        let words = format!("{words}\n\nOn Wed, Support wrote:\n{quoted}");
        self.sends(provider, &to, &self.mail(&to, &subject, id, &headers, &words)).await;
    }

    fn mail(&self, to: &str, subject: &str, id: &str, headers: &str, words: &str) -> String {
        let Self { name, account } = self;
        let words = words.replace('\n', "\r\n");
        format!(
            "From: {name} <{}>\r\nTo: {to}\r\nSubject: {subject}\r\nMessage-ID: <{id}>\r\n{headers}MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{words}\r\n",
            account.address
        )
    }

    async fn sends(&self, provider: &Provider, to: &str, mail: &str) {
        let address = |text: &str| Address::new(text).unwrap();
        let envelope = Envelope::new(Some(address(self.account.address)), vec![address(to)]).unwrap();
        let answers =
            SmtpTransport::new(&provider.smtp(), 60).unwrap().send(&envelope, mail.as_bytes()).await.unwrap();
        assert!(answers.iter().all(|answer| answer.verdict == Verdict::Accepted), "{answers:?}");
    }

    /// Waits until so many mails are in his mailbox, and reads the last.
    pub async fn reads(&self, provider: &Provider, count: usize) -> Mail {
        let what = format!("mail {count} of {}", self.name);
        let bytes = until(&what, || async { provider.mails(self.account.user).into_iter().nth(count - 1) }).await;
        assert_eq!(provider.mails(self.account.user).len(), count, "{} got mail twice", self.name);
        parse(&bytes, &Default::default())
    }
}
