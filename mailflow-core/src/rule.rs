//! [`RuleSet`]: what an administrator wrote about where mail goes.

mod condition;
mod effect;

pub use condition::{
    AttachmentPattern, AuthenticationMethod, AuthenticationTest, ContactTest, InvalidTime, Score, SizeRange,
    SpamTest, Syntax, TextField, TextPattern, TimeOfDay, TimeSpan, Verdict, Weekday,
};
pub use effect::{Forward, ForwardFrom, RuleEffect, Shred};

use serde::{Deserialize, Serialize};

use crate::id::{AgentId, CategoryId, RuleId, SourceId, TicketboxId};
use crate::time::Timestamp;

/// All rules together: one document, so that an edit of them is one versioned step.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct RuleSet {
    /// How often it was edited: who saves an edit says which revision it began with, so that two administrators at once
    /// lose nothing.
    #[serde(default)]
    pub revision: u64,
    /// Who edited it last, and when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub edited: Option<RulesEdited>,
    /// The custom rules, in the order in which they are tried. The first one that matches wins.
    #[serde(default)]
    pub rules: Vec<Rule>,
    /// What happens to mail that no custom rule matches.
    #[serde(default)]
    pub default: DefaultRule,
}

/// Who edited the rules.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RulesEdited {
    /// The agent; `None` is the program itself, or whoever may run it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<AgentId>,
    /// When.
    pub at: Timestamp,
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
    /// One of these matches an attachment.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attachments: Vec<AttachmentPattern>,
    /// The length of the whole mail is in one of these ranges.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub size: Vec<SizeRange>,
    /// One of these is true of the contact who wrote.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub contact: Vec<ContactTest>,
    /// One of these is what our own mail server found out about the sender (`Authentication-Results`, RFC 8601).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub authentication: Vec<AuthenticationTest>,
    /// One of these is what a spam filter on the way said.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub spam: Vec<SpamTest>,
    /// The mail came to us at one of these times.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub time: Vec<TimeSpan>,
    /// Where the mail goes.
    pub then: RuleEffect,
}

impl Rule {
    /// An enabled rule that matches every mail and does nothing yet.
    pub fn new(id: RuleId, description: &str) -> Self {
        Self {
            id,
            description: description.to_owned(),
            enabled: true,
            sources: Vec::new(),
            to: Vec::new(),
            from: Vec::new(),
            text: Vec::new(),
            attachments: Vec::new(),
            size: Vec::new(),
            contact: Vec::new(),
            authentication: Vec::new(),
            spam: Vec::new(),
            time: Vec::new(),
            then: RuleEffect::default(),
        }
    }
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
