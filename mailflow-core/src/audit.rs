//! [`AuditEntry`]: who did what, and when (guide chapters 7 and 14, *agent audit*; features 9.5).

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use crate::access::Visibility;
use crate::directory::DocumentKind;
use crate::event::What;
use crate::id::{AgentId, AuditId, ContactId, MessageId, ServerId, TicketId};
use crate::ticket::Ticket;
use crate::time::Timestamp;

mod change;

pub use change::{Change, changes};

/// Somebody did something. One entry for each action, written in the commit that does it; entries are only ever added.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditEntry {
    /// Its identity.
    pub id: AuditId,
    /// When.
    pub at: Timestamp,
    /// Who did it.
    pub who: Who,
    /// What it was done to.
    pub about: About,
    /// What was done.
    pub what: Deed,
}

/// Who did something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Who {
    /// An agent.
    Agent(AgentId),
    /// The program itself, or whoever may run it: set-up and the command line.
    Program,
    /// Nobody who is known: somebody tried to sign in.
    Nobody,
}

/// What something was done to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum About {
    /// A ticket.
    Ticket(TicketId),
    /// A piece of configuration, with the name that it had.
    Document {
        /// Its kind.
        kind: DocumentKind,
        /// Its identity inside the kind.
        id: Uuid,
        /// What it was called.
        name: String,
    },
    /// A contact.
    Contact(ContactId),
    /// A server of several.
    Server {
        /// Which.
        id: ServerId,
        /// What it is called.
        name: String,
    },
    /// Nothing in particular.
    Desk,
}

/// What was done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Deed {
    /// Something to a ticket, as its story tells it.
    Ticket(What),
    /// A message was sent without waiting for the end of its undo time.
    SentNow {
        /// The message.
        message: MessageId,
    },
    /// A message that waits was given another time.
    Rescheduled {
        /// The message.
        message: MessageId,
        /// When it is to be sent.
        to: Timestamp,
    },
    /// Something was done about a mail that was not delivered.
    Remedied {
        /// The message.
        message: MessageId,
        /// What was done, in words.
        how: String,
    },
    /// It was written for the first time.
    Made {
        /// What it has, field by field.
        changes: Vec<Change>,
    },
    /// It was changed.
    Changed {
        /// What is different, field by field.
        changes: Vec<Change>,
    },
    /// It was removed.
    Removed {
        /// What it had, field by field.
        changes: Vec<Change>,
    },
    /// What is known of a contact was written. What it says is the contact's own, and is not repeated here.
    ContactWritten {
        /// Whether the contact is new.
        made: bool,
        /// Which fields are different.
        fields: Vec<String>,
    },
    /// The agent signed in.
    SignedIn {
        /// Network address that he signed in from.
        from: String,
    },
    /// Somebody tried to sign in and did not know what one has to know.
    SignInFailed {
        /// The user name that was tried.
        user_name: String,
        /// Network address that it came from.
        from: String,
        /// Why it failed.
        because: String,
    },
    /// Somebody was not let in although he knew what one has to know: a security violation.
    SignInRefused {
        /// Network address that it came from.
        from: String,
        /// Why it was refused.
        because: String,
    },
    /// The agent signed out.
    SignedOut,
    /// A session of the agent was ended by somebody.
    SessionEnded {
        /// Network address that it was begun from.
        from: String,
    },
    /// An API token of the agent was made.
    TokenMade {
        /// What it is for.
        name: String,
    },
    /// An API token of the agent was ended.
    TokenEnded {
        /// What it was for.
        name: String,
    },
    /// It was tried out, saved or not. Nothing was changed.
    TriedOut {
        /// Which part of it; empty if it is one thing.
        part: String,
        /// Why it does not work; empty if it does.
        trouble: String,
    },
    /// Its mail was collected or sent without waiting for its time.
    Hurried,
    /// A server gives away its tasks, or takes some again.
    Drained {
        /// Whether it gives them away.
        draining: bool,
    },
}

/// A kind of deed: what the audit is filtered by, and what can be switched off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Activity {
    /// Answers that were written, pulled back, sent at once.
    Answers,
    /// Answers that were submitted, released, returned.
    Approvals,
    /// Notes.
    Notes,
    /// Tickets that were closed, moved, given away, deleted.
    Tickets,
    /// Contacts.
    Contacts,
    /// What was done about mail that was not delivered.
    Delivery,
    /// Who signed in and out, and sessions that were ended.
    SignIns,
    /// Sign-ins that failed or were refused.
    Security,
    /// Configuration.
    Configuration,
}

impl Activity {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::Answers,
        Self::Approvals,
        Self::Notes,
        Self::Tickets,
        Self::Contacts,
        Self::Delivery,
        Self::SignIns,
        Self::Security,
        Self::Configuration,
    ];

    /// The word for it in links and documents.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Answers => "answers",
            Self::Approvals => "approvals",
            Self::Notes => "notes",
            Self::Tickets => "tickets",
            Self::Contacts => "contacts",
            Self::Delivery => "delivery",
            Self::SignIns => "sign_ins",
            Self::Security => "security",
            Self::Configuration => "configuration",
        }
    }

    /// What it is called.
    pub const fn words(self) -> &'static str {
        match self {
            Self::SignIns => "signing in and out",
            Self::Security => "failed and refused sign-ins",
            _ => self.word(),
        }
    }

    /// The activity that a word stands for.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.word() == word)
    }

    /// The number that a store keeps; it never changes.
    pub const fn number(self) -> i64 {
        match self {
            Self::Answers => 1,
            Self::Approvals => 2,
            Self::Notes => 3,
            Self::Tickets => 4,
            Self::Contacts => 5,
            Self::Delivery => 6,
            Self::SignIns => 7,
            Self::Security => 8,
            Self::Configuration => 9,
        }
    }

    /// Whether it can be switched off. What changes the configuration is always written down: else whoever switches the
    /// audit off leaves no trace.
    pub const fn is_switchable(self) -> bool {
        !matches!(self, Self::Configuration)
    }
}

impl Deed {
    /// The kind of deed.
    pub const fn activity(&self) -> Activity {
        match self {
            Self::Ticket(
                What::Replied { .. } | What::Wrote { .. } | What::Forwarded { .. } | What::PulledBack { .. },
            )
            | Self::SentNow { .. }
            | Self::Rescheduled { .. } => Activity::Answers,
            Self::Ticket(
                What::Submitted { .. }
                | What::Approved { .. }
                | What::ReleaseTakenBack { .. }
                | What::ReturnedToAuthor { .. },
            ) => Activity::Approvals,
            Self::Ticket(What::Noted { .. }) => Activity::Notes,
            Self::Ticket(_) => Activity::Tickets,
            Self::Remedied { .. } => Activity::Delivery,
            Self::ContactWritten { .. } => Activity::Contacts,
            Self::SignedIn { .. }
            | Self::SignedOut
            | Self::SessionEnded { .. }
            | Self::TokenMade { .. }
            | Self::TokenEnded { .. } => Activity::SignIns,
            Self::SignInFailed { .. } | Self::SignInRefused { .. } => Activity::Security,
            Self::Made { .. }
            | Self::Changed { .. }
            | Self::Removed { .. }
            | Self::TriedOut { .. }
            | Self::Hurried
            | Self::Drained { .. } => Activity::Configuration,
        }
    }
}

impl About {
    /// The ticket, if it is one.
    pub const fn ticket(&self) -> Option<TicketId> {
        match self {
            Self::Ticket(id) => Some(*id),
            _ => None,
        }
    }

    /// What the entries about it are found by; `None` for nothing in particular.
    pub fn object(&self) -> Option<Uuid> {
        match self {
            Self::Ticket(id) => Some((*id).into()),
            Self::Document { kind, id, .. } => Some(object_of(*kind, *id)),
            Self::Contact(id) => Some((*id).into()),
            Self::Server { id, .. } => Some((*id).into()),
            Self::Desk => None,
        }
    }
}

/// What the entries about a document are found by: its id. An access list is found by the object that it is about;
/// documents of which there is one have no id, and stand under one of their kind.
pub const fn object_of(kind: DocumentKind, id: Uuid) -> Uuid {
    match kind {
        DocumentKind::Rules => Uuid::from_u128(0x201),
        DocumentKind::Settings => Uuid::from_u128(0x202),
        _ => id,
    }
}

impl Who {
    /// The agent, if it is one.
    pub const fn agent(self) -> Option<AgentId> {
        match self {
            Self::Agent(agent) => Some(agent),
            Self::Program | Self::Nobody => None,
        }
    }
}

impl AuditEntry {
    /// Some value of the field with this name, before and after.
    pub fn change(&self, field: &str) -> Option<(&Option<Value>, &Option<Value>)> {
        match &self.what {
            Deed::Made { changes } | Deed::Changed { changes } | Deed::Removed { changes } => {
                changes.iter().find(|it| it.field == field).map(|it| (&it.before, &it.after))
            }
            _ => None,
        }
    }
}

/// Which entries of the audit.
#[derive(Debug, Clone, PartialEq)]
pub struct AuditQuery {
    /// What of it may be read.
    pub reader: AuditReader,
    /// Only what this agent did.
    pub agent: Option<AgentId>,
    /// Only what was done to this: [`About::object`].
    pub object: Option<Uuid>,
    /// Only deeds of this kind.
    pub activity: Option<Activity>,
    /// Only from this time on.
    pub from: Option<Timestamp>,
    /// Only before this time.
    pub until: Option<Timestamp>,
}

/// What of the audit somebody may read; made by [`access::read_audit`](crate::access::read_audit).
#[derive(Debug, Clone, PartialEq)]
pub struct AuditReader {
    /// What was done to these tickets; with [`Visibility::Everything`] everything else too.
    pub visibility: Visibility,
    /// What was done to these other objects.
    pub objects: BTreeSet<Uuid>,
    /// Whether also what was done to contacts.
    pub contacts: bool,
}

impl AuditReader {
    /// Who may read everything.
    pub const EVERYTHING: Self =
        Self { visibility: Visibility::Everything, objects: BTreeSet::new(), contacts: true };

    /// Whether he may read an entry: the meaning that each store compiles into its own language. `ticket` is the one that
    /// the entry is about, as it is now; `None` if it is about none, or the ticket is gone.
    pub fn may_read(&self, about: Option<Uuid>, activity: i64, (is_ticket, ticket): (bool, Option<&Ticket>)) -> bool {
        if self.visibility == Visibility::Everything {
            return true;
        }
        if is_ticket {
            return ticket.is_some_and(|ticket| self.visibility.sees(ticket));
        }
        about.is_some_and(|about| self.objects.contains(&about))
            || (self.contacts && activity == Activity::Contacts.number())
    }
}

impl AuditQuery {
    /// Everything that somebody may read.
    pub const fn all(reader: AuditReader) -> Self {
        Self { reader, agent: None, object: None, activity: None, from: None, until: None }
    }

    /// Whether an entry is one of them. `ticket` is the one that the entry is about.
    pub fn matches(&self, entry: &AuditEntry, ticket: Option<&Ticket>) -> bool {
        let (about, activity) = (entry.about.object(), entry.what.activity());
        self.agent.is_none_or(|agent| entry.who.agent() == Some(agent))
            && self.object.is_none_or(|object| about == Some(object))
            && self.activity.is_none_or(|wanted| activity == wanted)
            && self.from.is_none_or(|from| entry.at >= from)
            && self.until.is_none_or(|until| entry.at < until)
            && self.reader.may_read(about, activity.number(), (entry.about.ticket().is_some(), ticket))
    }
}
