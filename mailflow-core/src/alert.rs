//! [`Alert`]: an agent is told that something happened that he wants to know of (guide chapter 6, features 9.2).

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::access::Visibility;
use crate::event::Actor;
use crate::id::{AgentId, TicketId};
use crate::ticket::Ticket;
use crate::time::Timestamp;

/// An agent is told of something. It is written in the commit that causes it, and stands in his list until he clears it,
/// or it has come to nothing.
///
/// ```text
///   it happens ──▶ in the list of each agent who wants to know and may see it ──he clears it──▶ gone, on all his devices
///                    │
///                    └── needs approval: somebody decided, or the author pulled it back ──▶ gone, for all
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alert {
    /// Who is told.
    pub agent: AgentId,
    /// What caused it: the message, the mail that waits, the event. One cause tells an agent once.
    pub cause: Uuid,
    /// When.
    pub at: Timestamp,
    /// Of what he is told.
    pub of: AlertEvent,
    /// The ticket that it is about; `None` for what is about none.
    pub ticket: Option<TicketId>,
    /// Who caused it.
    pub by: Actor,
}

/// What an agent can be told of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum AlertEvent {
    /// A mail came into a ticket that he owns.
    MessageInTicket,
    /// A mail came from a contact that he owns.
    MessageFromContact,
    /// A ticket was given to him.
    Assigned,
    /// A message waits for his approval.
    NeedsApproval,
    /// A message of his was released.
    Approved,
    /// A message of his was returned to him.
    Returned,
}

impl AlertEvent {
    /// All that an agent chooses for himself.
    pub const OF_AGENTS: [Self; 6] = [
        Self::MessageInTicket,
        Self::MessageFromContact,
        Self::Assigned,
        Self::NeedsApproval,
        Self::Approved,
        Self::Returned,
    ];

    /// The word for it in links and documents.
    pub const fn word(self) -> &'static str {
        match self {
            Self::MessageInTicket => "message_in_ticket",
            Self::MessageFromContact => "message_from_contact",
            Self::Assigned => "assigned",
            Self::NeedsApproval => "needs_approval",
            Self::Approved => "approved",
            Self::Returned => "returned",
        }
    }

    /// What happened, in words.
    pub const fn words(self) -> &'static str {
        match self {
            Self::MessageInTicket => "a message came into a ticket of yours",
            Self::MessageFromContact => "a contact of yours wrote",
            Self::Assigned => "a ticket was given to you",
            Self::NeedsApproval => "a message needs your approval",
            Self::Approved => "your message was released",
            Self::Returned => "your message was returned",
        }
    }

    /// The event that a word stands for.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::OF_AGENTS.into_iter().find(|it| it.word() == word)
    }
}

/// How an agent wants to be told of something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    /// In the list of his alerts.
    pub inside: bool,
    /// By mail to his address.
    pub by_mail: bool,
}

/// How an agent wants to be told of what. What it says nothing of is told inside only.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AlertWishes(pub BTreeMap<AlertEvent, Told>);

impl AlertWishes {
    /// How he wants to be told of this.
    pub fn of(&self, event: AlertEvent) -> Told {
        self.0.get(&event).copied().unwrap_or(Told { inside: true, by_mail: false })
    }
}

/// Which alerts.
#[derive(Debug, Clone, PartialEq)]
pub struct AlertQuery {
    /// Whose.
    pub agent: AgentId,
    /// Which tickets he sees now.
    pub visibility: Visibility,
    /// The mails that wait for his approval now.
    pub approvals: BTreeSet<Uuid>,
}

impl AlertQuery {
    /// Whether an alert is one of them: the meaning that each store compiles into its own language. `ticket` is the one
    /// that it is about, as it is now.
    pub fn matches(&self, alert: &Alert, ticket: Option<&Ticket>) -> bool {
        alert.agent == self.agent
            && match alert.list() {
                Listed::ForApproval => self.approvals.contains(&alert.cause),
                Listed::OfTicket => ticket.is_some_and(|ticket| self.visibility.sees(ticket)),
                Listed::Always => true,
            }
    }
}

/// What decides whether an alert is still shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Listed {
    /// Whether the agent sees its ticket.
    OfTicket,
    /// Whether the mail still waits for his approval.
    ForApproval,
    /// Nothing.
    Always,
}

impl Listed {
    /// The number that a store keeps; it never changes.
    pub const fn number(self) -> i64 {
        match self {
            Self::OfTicket => 0,
            Self::ForApproval => 1,
            Self::Always => 2,
        }
    }
}

impl Alert {
    /// What decides whether it is still shown.
    pub const fn list(&self) -> Listed {
        match (self.of, self.ticket) {
            (AlertEvent::NeedsApproval, _) => Listed::ForApproval,
            (_, Some(_)) => Listed::OfTicket,
            (_, None) => Listed::Always,
        }
    }
}
