//! What stands in a file of rules, as it stands there: names instead of ids.

use mailflow_core::id::RuleId;
use mailflow_core::mail::Address;
use mailflow_core::rule::{
    AttachmentPattern, AuthenticationTest, DefaultRule, Shred, SizeRange, SpamTest, TextPattern, TimeSpan,
};
use mailflow_core::ticket::Priority;
use serde::{Deserialize, Serialize};

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct File {
    #[serde(default, skip_serializing_if = "is_default")]
    pub default: FileDefault,
    #[serde(default, rename = "rule", skip_serializing_if = "Vec::is_empty")]
    pub rules: Vec<FileRule>,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FileDefault {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    pub prefer_contact_owner: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ticketbox: Option<String>,
    pub prefer_matching_address: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub category: Option<String>,
}

impl Default for FileDefault {
    fn default() -> Self {
        let DefaultRule { prefer_contact_owner, prefer_matching_address, .. } = DefaultRule::default();
        Self { owner: None, prefer_contact_owner, ticketbox: None, prefer_matching_address, category: None }
    }
}

fn is_default(default: &FileDefault) -> bool {
    *default == FileDefault::default()
}

const fn yes() -> bool {
    true
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
const fn is_yes(yes: &bool) -> bool {
    *yes
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileRule {
    pub description: String,
    /// Kept over export and import, so that statistics stay with their rule.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<RuleId>,
    #[serde(default = "yes", skip_serializing_if = "is_yes")]
    pub enabled: bool,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub source: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub to: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub from: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub text: Vec<TextPattern>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attachments: Vec<AttachmentPattern>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub size: Vec<SizeRange>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub contact: Vec<FileContact>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub authentication: Vec<AuthenticationTest>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub spam: Vec<SpamTest>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub time: Vec<TimeSpan>,
    #[serde(default, skip_serializing_if = "does_nothing")]
    pub then: FileEffect,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FileContact {
    Known,
    Unknown,
    Owned,
    OwnedBy(String),
    Property { name: String, value: String },
}

#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FileEffect {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ticketbox: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub priority: Option<Priority>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub category: Option<String>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub new_ticket: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shred: Option<Shred>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub respond: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub forward: Option<FileForward>,
}

fn does_nothing(then: &FileEffect) -> bool {
    *then == FileEffect::default()
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileForward {
    pub to: Vec<Address>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cc: Vec<Address>,
    /// The user name of the agent whom it is from, instead of the ticketbox.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from_agent: Option<String>,
}
