//! [`Mail`]: a mail that somebody writes to the desk.

use std::sync::atomic::{AtomicU32, Ordering};

static WRITTEN: AtomicU32 = AtomicU32::new(1);

/// A mail, header by header.
#[derive(Clone)]
pub struct Mail {
    headers: Vec<(String, String)>,
    body: String,
}

impl Mail {
    /// A plain mail with a `Message-ID` of its own.
    pub fn new(from: &str, to: &str, subject: &str) -> Self {
        let number = WRITTEN.fetch_add(1, Ordering::Relaxed);
        let mail = Self { headers: Vec::new(), body: "Hello\n".to_owned() };
        mail.with("From", from)
            .with("To", to)
            .with("Subject", subject)
            .with("Date", "Mon, 02 Jun 2025 10:00:00 +0000")
            .with("Message-ID", &format!("<m{number}@customer.example>"))
    }

    /// With a header, instead of the one that it has.
    pub fn with(self, name: &str, value: &str) -> Self {
        let mut mail = self.without(name);
        mail.headers.push((name.to_owned(), value.to_owned()));
        mail
    }

    pub fn without(mut self, name: &str) -> Self {
        self.headers.retain(|(it, _)| it != name);
        self
    }

    pub fn body(mut self, body: &str) -> Self {
        self.body = body.to_owned();
        self
    }

    pub fn bytes(&self) -> Vec<u8> {
        let headers: String = self.headers.iter().map(|(name, value)| format!("{name}: {value}\n")).collect();
        format!("{headers}\n{}", self.body).replace('\n', "\r\n").into_bytes()
    }
}

/// A delivery report about a mail of ours to `ann@one.example`.
pub fn report(to: &str, of: &str, action: &str, status: &str) -> Mail {
    let body = format!(
        "--b\nContent-Type: text/plain\n\nThis is the mail system.\n\n\
         --b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.one.example\n\n\
         Final-Recipient: rfc822; ann@one.example\nAction: {action}\nStatus: {status}\n\n\
         --b\nContent-Type: text/rfc822-headers\n\nMessage-ID: {of}\nTo: ann@one.example\n\n--b--\n"
    );
    Mail::new("MAILER-DAEMON@mx.one.example", to, "Undelivered Mail Returned to Sender")
        .with("Return-Path", "<>")
        .with("Auto-Submitted", "auto-replied")
        .with("MIME-Version", "1.0")
        .with("Content-Type", "multipart/report; report-type=delivery-status; boundary=b")
        .body(&body)
}
