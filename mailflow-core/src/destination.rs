//! [`Destination`]: a server that mail is sent through.

use serde::{Deserialize, Serialize};

use crate::id::DestinationId;
use crate::secret::Sealed;
use crate::source::MailServer;

/// A server that mail is sent through (guide chapter 5, message destinations).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Destination {
    /// Its identity.
    pub id: DestinationId,
    /// The name that administrators see; unique without regard to case.
    pub name: String,
    /// Whether mail is sent. While it is off, mail waits.
    pub enabled: bool,
    /// How.
    pub access: DestinationAccess,
    /// Whether it is the one that is used where nothing else is said. One destination is.
    #[serde(default)]
    pub default: bool,
    /// Seconds between two looks at what has to be sent. What an agent sends is sent at once all the same. Default 60.
    pub delivery_interval_s: u32,
    /// Seconds that the server may take for one answer. Default 60.
    pub timeout_s: u32,
    /// Bytes of the largest mail that may be sent; the agent is told at once. Default 25 MiB.
    pub max_bytes: u64,
    /// Seconds after which a mail that could not be delivered fails for good. Default one day.
    pub retry_for_s: u32,
    /// What happens to a mail of which nobody knows whether it was sent.
    #[serde(default)]
    pub perhaps_sent: PerhapsSent,
    /// The server, of several, that works on it as long as it is alive, by name; `None` means whichever.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pinned_to: Option<String>,
}

/// What happens to a mail when the connection was lost after its last byte and before the server's answer: it was
/// perhaps accepted, perhaps not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PerhapsSent {
    /// It is sent again with the same `Message-ID`, by which most mail programs show it once.
    #[default]
    Retry,
    /// It waits until an agent decides.
    Hold,
}

/// How the server is reached.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[non_exhaustive]
pub enum DestinationAccess {
    /// SMTP (RFC 5321).
    Smtp {
        /// Where the server is.
        server: MailServer,
        /// Whom to sign in as, if the server wants that.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        login: Option<SmtpLogin>,
    },
    /// A folder that gets one `.eml` file a mail, for development.
    Folder {
        /// Path of the folder.
        path: String,
    },
    /// Sent by a transport that the program which embeds mailflow gave it.
    Embedded,
}

/// Whom to sign in to an SMTP server as (RFC 4954; PLAIN or LOGIN, whichever is offered).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SmtpLogin {
    /// User name.
    pub user: String,
    /// Password.
    pub password: Sealed,
}

impl Destination {
    /// A destination with every setting at its default.
    pub fn new(id: DestinationId, name: &str, access: DestinationAccess) -> Self {
        Self {
            id,
            name: name.to_owned(),
            enabled: true,
            access,
            default: false,
            delivery_interval_s: 60,
            timeout_s: 60,
            max_bytes: 25 << 20,
            retry_for_s: 24 * 60 * 60,
            perhaps_sent: PerhapsSent::Retry,
            pinned_to: None,
        }
    }
}
