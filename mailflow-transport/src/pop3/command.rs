//! [`Command`]: what a POP3 client says.

use data_encoding::BASE64;

/// A command (RFC 1939, 2449, 2595, 5034).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// What the server can do.
    Capa,
    /// TLS from here on.
    Stls,
    /// The user's name.
    User(String),
    /// The password.
    Pass(String),
    /// Name and proof of the password.
    Apop(String, String),
    /// SASL PLAIN: name and password.
    AuthPlain(String, String),
    /// SASL PLAIN, with name and password on the next line.
    AuthPlainLater,
    /// Length of every mail.
    List,
    /// Lasting name of every mail.
    Uidl,
    /// The headers of a mail.
    Top(u32),
    /// A mail, of which at most so many bytes are kept.
    Retr(u32, u64),
    /// The mail is to be removed.
    Dele(u32),
    /// Nothing.
    Noop,
    /// The end; what was deleted is removed.
    Quit,
}

/// How the answer to a command looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// One line.
    Line,
    /// One line, and if it is `+OK` more lines until a dot, of which at most so many bytes are kept.
    Lines(u64),
}

impl Command {
    /// The most bytes of a listing: names and lengths of some hundred thousand mails.
    const MAX_LISTING: u64 = 32 << 20;
    /// The most bytes of headers that are kept.
    const MAX_HEADERS: u64 = 1 << 20;

    pub(super) fn line(&self) -> String {
        match self {
            Self::Capa => "CAPA\r\n".to_owned(),
            Self::Stls => "STLS\r\n".to_owned(),
            Self::User(user) => format!("USER {user}\r\n"),
            Self::Pass(password) => format!("PASS {password}\r\n"),
            Self::Apop(user, proof) => format!("APOP {user} {proof}\r\n"),
            Self::AuthPlain(user, password) => {
                format!("AUTH PLAIN {}\r\n", BASE64.encode(format!("\0{user}\0{password}").as_bytes()))
            }
            Self::AuthPlainLater => "AUTH PLAIN\r\n".to_owned(),
            Self::List => "LIST\r\n".to_owned(),
            Self::Uidl => "UIDL\r\n".to_owned(),
            Self::Top(number) => format!("TOP {number} 0\r\n"),
            Self::Retr(number, _) => format!("RETR {number}\r\n"),
            Self::Dele(number) => format!("DELE {number}\r\n"),
            Self::Noop => "NOOP\r\n".to_owned(),
            Self::Quit => "QUIT\r\n".to_owned(),
        }
    }

    pub(super) const fn shape(&self) -> Shape {
        match self {
            Self::Capa | Self::List | Self::Uidl => Shape::Lines(Self::MAX_LISTING),
            Self::Top(_) => Shape::Lines(Self::MAX_HEADERS),
            Self::Retr(_, max_bytes) => Shape::Lines(*max_bytes),
            _ => Shape::Line,
        }
    }
}
