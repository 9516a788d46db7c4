//! The configuration. What is written has the shape of what is read, without what cannot be chosen.

use mailflow_core::destination::PerhapsSent;
use mailflow_core::mail::Address;
use mailflow_core::pulse::Pulse;
use mailflow_core::source::{MailServer, Tls};
use mailflow_core::ticketbox::{Reopen, Ticketbox};
use mailflow_transport::{Check, Step};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::shape;

/// How a connection is protected.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Protection {
    /// TLS from the first byte.
    Implicit,
    /// In the clear until STLS or STARTTLS; a server that does not offer it is left.
    Upgrade,
    /// Not at all: passwords and mail can be read on the way.
    None,
}

/// Where a mail server is.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct ServerShape {
    /// Host name or IP address.
    #[schema(example = "mail.example.com")]
    pub host: String,
    #[schema(example = 995)]
    pub port: u16,
    pub tls: Protection,
    /// A certificate (PEM) that is trusted beside the system's.
    #[serde(default)]
    pub trusted_certificate: Option<String>,
}

impl From<MailServer> for ServerShape {
    fn from(server: MailServer) -> Self {
        let tls = match server.tls {
            Tls::Implicit => Protection::Implicit,
            Tls::Upgrade => Protection::Upgrade,
            Tls::None => Protection::None,
        };
        Self { host: server.host, port: server.port, tls, trusted_certificate: server.trusted_certificate }
    }
}

impl From<ServerShape> for MailServer {
    fn from(server: ServerShape) -> Self {
        let tls = match server.tls {
            Protection::Implicit => Tls::Implicit,
            Protection::Upgrade => Tls::Upgrade,
            Protection::None => Tls::None,
        };
        Self { host: server.host, port: server.port, tls, trusted_certificate: server.trusted_certificate }
    }
}

/// How a mailbox is reached.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum SourceAccessShape {
    /// POP3.
    Pop3 {
        server: ServerShape,
        user: String,
        /// Only written, never given back; without it the password stays.
        #[serde(default, skip_serializing_if = "never_given_back")]
        #[schema(write_only)]
        password: Option<String>,
        /// Whether to sign in with APOP where the server offers it.
        #[serde(default)]
        apop: bool,
    },
    /// A folder of `.eml` files.
    Folder { path: String },
    /// Brought by the program or by commands.
    Embedded,
}

/// A source as it is written.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct SourceWish {
    pub name: String,
    /// Whether mail is collected.
    #[serde(default = "yes")]
    #[schema(default = true)]
    pub enabled: bool,
    pub access: SourceAccessShape,
    /// Whether mail stays in the mailbox; nothing is fetched twice either way.
    #[serde(default)]
    pub leave_copies: bool,
    /// Seconds between two looks into the mailbox.
    #[serde(default = "two_minutes")]
    #[schema(default = 120)]
    pub check_interval_s: u32,
    /// Seconds that the server may take for one answer.
    #[serde(default = "one_minute")]
    #[schema(default = 60)]
    pub timeout_s: u32,
    /// Of a larger mail only the headers are fetched.
    #[serde(default = "most_bytes")]
    #[schema(default = 26_214_400)]
    pub max_bytes: u64,
    /// What answers to its tickets are sent through; null for the default destination.
    #[serde(default)]
    pub destination: Option<Uuid>,
    /// Where its mail goes if no rule and no address decides; null for what the default rule says.
    #[serde(default)]
    pub ticketbox: Option<Uuid>,
    /// The name of the server, of several, that collects from it as long as it is alive; null for whichever.
    #[serde(default)]
    pub pinned_to: Option<String>,
}

/// A source.
#[derive(Debug, Serialize, ToSchema)]
pub struct SourceShape {
    pub id: Uuid,
    #[serde(flatten)]
    pub source: SourceWish,
    /// How it has been doing; null if it was never tried.
    pub health: Option<PulseShape>,
}

/// How a server is reached.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum DestinationAccessShape {
    /// SMTP.
    Smtp {
        server: ServerShape,
        /// Whom to sign in as; null for nobody.
        #[serde(default)]
        user: Option<String>,
        /// Only written, never given back; without it the password stays.
        #[serde(default, skip_serializing_if = "never_given_back")]
        #[schema(write_only)]
        password: Option<String>,
    },
    /// A folder that gets `.eml` files.
    Folder { path: String },
    /// Sent by the program.
    Embedded,
}

/// What happens to a mail of which nobody knows whether it was sent.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PerhapsSentShape {
    /// It is sent again with the same `Message-ID`.
    #[default]
    Retry,
    /// It waits until an agent decides.
    Hold,
}

impl From<PerhapsSent> for PerhapsSentShape {
    fn from(perhaps: PerhapsSent) -> Self {
        match perhaps {
            PerhapsSent::Retry => Self::Retry,
            PerhapsSent::Hold => Self::Hold,
        }
    }
}

impl From<PerhapsSentShape> for PerhapsSent {
    fn from(perhaps: PerhapsSentShape) -> Self {
        match perhaps {
            PerhapsSentShape::Retry => Self::Retry,
            PerhapsSentShape::Hold => Self::Hold,
        }
    }
}

/// A destination as it is written.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct DestinationWish {
    pub name: String,
    /// Whether mail is sent; while it is not, mail waits.
    #[serde(default = "yes")]
    #[schema(default = true)]
    pub enabled: bool,
    pub access: DestinationAccessShape,
    /// Whether it is used where nothing else is said; the one that was is none any more.
    #[serde(default)]
    pub default: bool,
    #[serde(default = "one_minute")]
    #[schema(default = 60)]
    pub delivery_interval_s: u32,
    #[serde(default = "one_minute")]
    #[schema(default = 60)]
    pub timeout_s: u32,
    #[serde(default = "most_bytes")]
    #[schema(default = 26_214_400)]
    pub max_bytes: u64,
    /// Seconds after which a mail that could not be delivered fails for good.
    #[serde(default = "one_day")]
    #[schema(default = 86400)]
    pub retry_for_s: u32,
    #[serde(default)]
    pub perhaps_sent: PerhapsSentShape,
    /// The name of the server, of several, that sends through it as long as it is alive; null for whichever.
    #[serde(default)]
    pub pinned_to: Option<String>,
}

/// A destination.
#[derive(Debug, Serialize, ToSchema)]
pub struct DestinationShape {
    pub id: Uuid,
    #[serde(flatten)]
    pub destination: DestinationWish,
    /// How it has been doing; null if it was never tried.
    pub health: Option<PulseShape>,
    /// Whether it has mail that somebody has to look at.
    pub has_failures: bool,
}

shape! {
    /// How a source or destination has been doing.
    PulseShape of it: Pulse {
        /// Its id.
        of: Uuid = it.of,
        last_success: Option<i64> = it.last_success.map(|at| at.as_millis()),
        last_try: i64 = it.last_try.as_millis(),
        /// Failures in a row.
        failures: u32 = it.failures,
        /// What went wrong last; empty if nothing did.
        trouble: String = it.trouble,
        /// Mails taken in or sent since the beginning.
        mails: u64 = it.mails,
        /// Mails that were offered again and suppressed.
        duplicates: u64 = it.duplicates,
    }
}

shape! {
    /// What a trial found. Nothing is fetched, sent or changed by it.
    CheckShape of it: Check {
        worked: bool = it.worked(),
        /// What was done; the last one is the one that failed, if any did.
        steps: Vec<StepShape> = it.steps.into_iter().map(StepShape::from).collect(),
    }
}

shape! {
    /// One thing that a trial did.
    StepShape of it: Step {
        name: String = it.name.to_owned(),
        words: String = it.words,
        worked: bool = it.worked,
    }
}

/// What happens to a closed ticket when its customer writes again: `always`, `never`, or `{"within_days": n}`.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReopenShape {
    /// It is open again.
    #[default]
    Always,
    /// It is open again if it was closed less than so many days ago.
    WithinDays(u32),
    /// A new, linked ticket is opened.
    Never,
}

impl From<Reopen> for ReopenShape {
    fn from(reopen: Reopen) -> Self {
        match reopen {
            Reopen::Always => Self::Always,
            Reopen::WithinDays(days) => Self::WithinDays(days),
            Reopen::Never => Self::Never,
        }
    }
}

impl From<ReopenShape> for Reopen {
    fn from(reopen: ReopenShape) -> Self {
        match reopen {
            ReopenShape::Always => Self::Always,
            ReopenShape::WithinDays(days) => Self::WithinDays(days),
            ReopenShape::Never => Self::Never,
        }
    }
}

/// A ticketbox as it is written.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct TicketboxWish {
    pub name: String,
    #[serde(default)]
    pub description: String,
    /// Mail to it comes here, and answers come from it.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub address: Option<Address>,
    /// The name beside the address; empty for the ticketbox's own.
    #[serde(default)]
    pub address_name: String,
    #[serde(default)]
    #[schema(value_type = Vec<String>)]
    pub more_addresses: Vec<Address>,
    /// What answers are sent through; null for the source's or the default one.
    #[serde(default)]
    pub destination: Option<Uuid>,
    #[serde(default)]
    pub reopen: ReopenShape,
    /// Whether the reply address carries the ticket's token.
    #[serde(default = "yes")]
    #[schema(default = true)]
    pub plus_addressing: bool,
    /// Whether what is sent ends with a line that carries the ticket's token.
    #[serde(default = "yes")]
    #[schema(default = true)]
    pub reference_line: bool,
    #[serde(default)]
    pub match_by_subject_and_sender: bool,
    /// A reply with another subject opens a new ticket after so many quiet days; null for never.
    #[serde(default)]
    pub new_subject_days: Option<u32>,
}

impl From<Ticketbox> for TicketboxWish {
    fn from(it: Ticketbox) -> Self {
        Self {
            name: it.name,
            description: it.description,
            address: it.address,
            address_name: it.address_name,
            more_addresses: it.more_addresses,
            destination: it.destination.map(Uuid::from),
            reopen: it.reopen.into(),
            plus_addressing: it.plus_addressing,
            reference_line: it.reference_line,
            match_by_subject_and_sender: it.match_by_subject_and_sender,
            new_subject_days: it.new_subject_days,
        }
    }
}

/// A ticketbox.
#[derive(Debug, Serialize, ToSchema)]
pub struct TicketboxShape {
    pub id: Uuid,
    #[serde(flatten)]
    pub ticketbox: TicketboxWish,
    /// Whether it comes with every desk and cannot be removed.
    pub built_in: bool,
    /// How many open tickets it has, of those that the caller sees; counted to 1,000.
    pub open: u32,
    /// Whether there are more.
    pub more_open: bool,
}

/// A password goes one way.
const fn never_given_back(_: &Option<String>) -> bool {
    true
}

const fn yes() -> bool {
    true
}

const fn one_minute() -> u32 {
    60
}

const fn two_minutes() -> u32 {
    120
}

const fn one_day() -> u32 {
    24 * 60 * 60
}

const fn most_bytes() -> u64 {
    25 << 20
}
