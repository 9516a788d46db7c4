//! [`RuleEffect`]: what a rule does with a mail.

use serde::{Deserialize, Serialize};

use crate::id::{AgentId, CategoryId, ResponseId, TicketboxId};
use crate::mail::Address;
use crate::ticket::Priority;

/// What a rule does with a new ticket. What it does not say is left to the default rule.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct RuleEffect {
    /// The ticketbox.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ticketbox: Option<TicketboxId>,
    /// The owner.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<AgentId>,
    /// The priority.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub priority: Option<Priority>,
    /// The category.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category: Option<CategoryId>,
    /// Whether the mail makes a new ticket even if it answers one that is there. A rule without it says nothing about
    /// answers: they go to their ticket, and nothing else is done.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub new_ticket: bool,
    /// Whether nobody is to see the mail.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shred: Option<Shred>,
    /// The standard response that is sent to whoever wrote.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub respond: Option<ResponseId>,
    /// To whom the mail is passed on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub forward: Option<Forward>,
}

/// What becomes of a mail that nobody is to see. Nothing is sent for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Shred {
    /// Its ticket is made in the trash.
    Trash,
    /// No ticket is made; only that it came and which rule shredded it is kept.
    ForGood,
}

/// To whom a mail is passed on.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Forward {
    /// `To`.
    pub to: Vec<Address>,
    /// `Cc`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cc: Vec<Address>,
    /// Whom it comes from.
    #[serde(default)]
    pub from: ForwardFrom,
}

/// Whom a mail that is passed on comes from. Answers go to whoever wrote it, in both cases.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ForwardFrom {
    /// The ticketbox's address, as *Ada via Support*.
    #[default]
    Ticketbox,
    /// An agent's own address.
    Agent(AgentId),
}
