//! [`SmtpFaults`]: what an SMTP server does wrong or refuses.

use std::collections::BTreeMap;
use std::time::Duration;

/// What an SMTP server does wrong or refuses; the default is nothing.
#[derive(Debug, Clone, Default)]
pub struct SmtpFaults {
    /// What it says to MAIL.
    pub at_mail: Option<Said>,
    /// What it says to RCPT with these addresses, in lower case.
    pub at_recipient: BTreeMap<String, Said>,
    /// What it says to DATA.
    pub at_data: Option<Said>,
    /// What it says to the whole mail, which it does not accept unless this begins with 2.
    pub at_end: Option<Said>,
    /// It accepts the mail, and breaks the connection without an answer.
    pub lose_answer: bool,
    /// It answers nothing any more from this command on, such as `RCPT`, or `.` for the end of the mail, and keeps the
    /// connection.
    pub silent_from: Option<String>,
    /// It breaks the connection after so many bytes that it read.
    pub cut_after_reading: Option<u64>,
    /// It breaks the connection after so many bytes that it wrote.
    pub cut_after_writing: Option<u64>,
    /// It waits before every answer.
    pub delay: Option<Duration>,
    /// It says that it takes no larger mail.
    pub max_bytes: Option<u64>,
    /// It offers AUTH LOGIN and not AUTH PLAIN.
    pub only_auth_login: bool,
    /// It offers no extension but STARTTLS and AUTH.
    pub plain_abilities: bool,
}

/// A reply of three digits and words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// The code.
    pub code: u16,
    /// The words, with an enhanced code in front if wanted. Bytes, for servers that speak no UTF-8.
    pub text: Vec<u8>,
}

impl Said {
    /// A reply.
    pub fn new(code: u16, text: impl AsRef<[u8]>) -> Self {
        Self { code, text: text.as_ref().to_vec() }
    }
}
