//! [`Pop3Faults`]: what a POP3 server does wrong.

use std::collections::BTreeSet;
use std::time::Duration;

/// What a POP3 server does wrong; the default is nothing.
#[derive(Debug, Clone, Default)]
pub struct Pop3Faults {
    /// The names that it gives to mails.
    pub uidl: Uidl,
    /// The length that LIST says of every mail, instead of the true one.
    pub said_size: Option<u64>,
    /// It does not know CAPA.
    pub no_capa: bool,
    /// It does not know TOP.
    pub no_top: bool,
    /// It does not offer PIPELINING and SASL PLAIN.
    pub plain_abilities: bool,
    /// It offers no APOP in its greeting.
    pub no_apop: bool,
    /// It ends its lines with LF alone.
    pub lf_alone: bool,
    /// The numbers of mails that it does not give out.
    pub refuse_retr: BTreeSet<u32>,
    /// The numbers of mails that it does not delete.
    pub refuse_dele: BTreeSet<u32>,
    /// It breaks the connection after so many bytes that it read.
    pub cut_after_reading: Option<u64>,
    /// It breaks the connection after so many bytes that it wrote.
    pub cut_after_writing: Option<u64>,
    /// It does what QUIT asks for, and breaks the connection without an answer.
    pub lose_quit_answer: bool,
    /// It answers nothing any more from this command on, such as `RETR`, and keeps the connection.
    pub silent_from: Option<String>,
    /// It waits before every answer.
    pub delay: Option<Duration>,
    /// It speaks between its answer to STLS and TLS, as somebody on the way would.
    pub inject_before_tls: bool,
}

/// The names that a POP3 server gives to mails (RFC 1939 section 7, UIDL).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Uidl {
    /// Lasting and different.
    #[default]
    Sound,
    /// None: the command is not known.
    Missing,
    /// Others than before: each generation gives every mail another name.
    Renumbered(u32),
    /// The same name for all.
    AllTheSame,
    /// Names with spaces and bytes that may not be in them.
    Invalid,
}
