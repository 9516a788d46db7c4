//! [`Source`]: a mailbox that mail is collected from.

use serde::{Deserialize, Serialize};

use crate::id::{DestinationId, SourceId, TicketboxId};
use crate::secret::Sealed;

/// A mailbox that mail is collected from (guide chapter 5, message sources).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// Its identity. What was fetched is remembered under it: a source with a new id fetches everything again.
    pub id: SourceId,
    /// The name that administrators see; unique without regard to case.
    pub name: String,
    /// Whether mail is collected.
    pub enabled: bool,
    /// How.
    pub access: SourceAccess,
    /// Whether mail stays in the mailbox after it was fetched. Nothing is fetched twice either way.
    #[serde(default)]
    pub leave_copies: bool,
    /// Seconds between two looks into the mailbox. Default 120.
    pub check_interval_s: u32,
    /// Seconds that the server may take for one answer. Default 60.
    pub timeout_s: u32,
    /// Bytes of the largest mail that is fetched; of a larger one only the headers are. Default 25 MiB.
    pub max_bytes: u64,
    /// What answers to its tickets are sent through, unless their ticketbox says otherwise; `None` means the default
    /// destination.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub destination: Option<DestinationId>,
    /// Where its mail goes if no rule and no address decides; `None` means what the default rule says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ticketbox: Option<TicketboxId>,
    /// The server, of several, that works on it as long as it is alive, by name; `None` means whichever.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pinned_to: Option<String>,
}

/// How the mailbox is reached.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[non_exhaustive]
pub enum SourceAccess {
    /// POP3 (RFC 1939).
    Pop3 {
        /// Where the server is.
        server: MailServer,
        /// The user to sign in as.
        user: String,
        /// The user's password.
        password: Sealed,
        /// Whether to sign in with APOP where the server offers it, so that the password does not cross the wire.
        #[serde(default)]
        apop: bool,
    },
    /// A folder with one `.eml` file a mail, for development.
    Folder {
        /// Path of the folder.
        path: String,
    },
    /// Fetched by code of the program that embeds mailflow, or brought by a command; nothing is connected to.
    Embedded,
}

/// Where a mail server is, and how the connection is protected.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MailServer {
    /// Host name or IP address.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// How the connection is protected.
    pub tls: Tls,
    /// A certificate (PEM) that is trusted beside the system's, for a server with its own authority.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trusted_certificate: Option<String>,
}

/// How a connection to a mail server is protected. Certificates are always checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tls {
    /// TLS from the first byte (RFC 8314).
    Implicit,
    /// In the clear until STLS or STARTTLS (RFC 2595, RFC 3207); a server that does not offer it is left.
    Upgrade,
    /// Not at all: passwords and mail can be read on the way.
    None,
}

impl Source {
    /// A source with every setting at its default.
    pub fn new(id: SourceId, name: &str, access: SourceAccess) -> Self {
        Self {
            id,
            name: name.to_owned(),
            enabled: true,
            access,
            leave_copies: false,
            check_interval_s: 120,
            timeout_s: 60,
            max_bytes: 25 << 20,
            destination: None,
            ticketbox: None,
            pinned_to: None,
        }
    }
}
