//! [`RuleSet`]: what an administrator wrote about where mail goes.

use serde::{Deserialize, Serialize};

use crate::id::{AgentId, CategoryId, RuleId, SourceId, TicketboxId};
use crate::ticket::Priority;

/// All rules together: one document, so that an edit of them is one versioned step.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct RuleSet {
    /// The custom rules, in the order in which they are tried. The first one that matches wins.
    #[serde(default)]
    pub rules: Vec<Rule>,
    /// What happens to mail that no custom rule matches.
    #[serde(default)]
    pub default: DefaultRule,
}

/// A custom routing rule (guide chapter 5). All fields that say something must match; inside a field one match is
/// enough. A rule whose fields all say nothing matches every mail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rule {
    /// Its identity.
    pub id: RuleId,
    /// What it is for.
    pub description: String,
    /// Whether it is tried at all.
    pub enabled: bool,
    /// The mail came from one of these sources.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sources: Vec<SourceId>,
    /// One of these matches an address in `To`, `Cc` or the envelope headers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub to: Vec<String>,
    /// One of these matches the address that the mail is from.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub from: Vec<String>,
    /// One of these is found in the mail's text.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub text: Vec<TextPattern>,
    /// Where the mail goes.
    pub then: RuleEffect,
}

/// A regular expression and where it is looked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TextPattern {
    /// Where it is looked for; empty means subject, body and headers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub within: Vec<TextField>,
    /// The expression, in the syntax of the `regex` crate; upper and lower case are the same unless it says `(?-i)`.
    pub pattern: String,
}

/// A text of a mail that a rule can look into.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TextField {
    /// The subject.
    Subject,
    /// The body as text, at most its first 256 KiB.
    Body,
    /// All headers, one `Name: value` a line.
    Headers,
}

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
}

/// What happens to mail that no custom rule matches (guide chapter 5, default routing rule).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DefaultRule {
    /// The owner of its tickets; `None` leaves them unowned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<AgentId>,
    /// Whether the agent who owns the contact owns the ticket instead.
    #[serde(default = "yes")]
    pub prefer_contact_owner: bool,
    /// The ticketbox; `None` means *Unassigned*.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ticketbox: Option<TicketboxId>,
    /// Whether a ticketbox with a matching address is taken instead.
    #[serde(default = "yes")]
    pub prefer_matching_address: bool,
    /// The category.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category: Option<CategoryId>,
}

impl Default for DefaultRule {
    fn default() -> Self {
        Self {
            owner: None,
            prefer_contact_owner: true,
            ticketbox: None,
            prefer_matching_address: true,
            category: None,
        }
    }
}

const fn yes() -> bool {
    true
}
