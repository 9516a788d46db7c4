//! [`AccessList`]: who has which rights, for a whole class of objects or for one of them.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::Rights;
use crate::digest::Digest;
use crate::directory::Documented;
use crate::group::EVERYONE;
use crate::id::{AgentId, GroupId};

/// A class of objects that access is granted to (guide chapter 7, *securable object categories*).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Securable {
    /// Tickets that an agent owns, his views and preferences.
    Agents,
    /// Tickets in a ticketbox.
    Ticketboxes,
    /// Contacts.
    Contacts,
    /// A group's signature.
    Groups,
    /// Standard responses.
    Responses,
    /// Tickets of a category.
    Categories,
    /// The standard reports: allow or deny.
    StandardReports,
    /// Scheduled reports.
    ScheduledReports,
    /// The option to open a closed ticket when its customer writes: allow or deny.
    AutoOpen,
    /// The reports of what agents did: allow or deny.
    AgentAudit,
}

impl Securable {
    /// All of them, in the guide's order.
    pub const ALL: [Self; 10] = [
        Self::Agents,
        Self::Ticketboxes,
        Self::Contacts,
        Self::Groups,
        Self::Responses,
        Self::Categories,
        Self::StandardReports,
        Self::ScheduledReports,
        Self::AutoOpen,
        Self::AgentAudit,
    ];

    /// What it is called, in words that follow "access to".
    pub const fn words(self) -> &'static str {
        match self {
            Self::Agents => "agents",
            Self::Ticketboxes => "ticketboxes",
            Self::Contacts => "contacts",
            Self::Groups => "groups",
            Self::Responses => "standard responses",
            Self::Categories => "ticket categories",
            Self::StandardReports => "standard reports",
            Self::ScheduledReports => "scheduled reports",
            Self::AutoOpen => "auto open",
            Self::AgentAudit => "agent audit",
        }
    }

    /// The word for it in addresses and documents.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Agents => "agents",
            Self::Ticketboxes => "ticketboxes",
            Self::Contacts => "contacts",
            Self::Groups => "groups",
            Self::Responses => "responses",
            Self::Categories => "categories",
            Self::StandardReports => "standard_reports",
            Self::ScheduledReports => "scheduled_reports",
            Self::AutoOpen => "auto_open",
            Self::AgentAudit => "agent_audit",
        }
    }

    /// The class that a word stands for.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|class| class.word() == word)
    }

    /// What one object of it is called.
    pub const fn one(self) -> &'static str {
        match self {
            Self::Agents => "agent",
            Self::Ticketboxes => "ticketbox",
            Self::Contacts => "contact",
            Self::Groups => "group",
            Self::Responses => "response",
            Self::Categories => "category",
            Self::StandardReports | Self::ScheduledReports => "report",
            Self::AutoOpen => "auto open",
            Self::AgentAudit => "agent audit",
        }
    }

    /// Whether single objects of it can have a list of their own.
    pub const fn has_custom_lists(self) -> bool {
        matches!(self, Self::Agents | Self::Ticketboxes | Self::Groups | Self::Categories | Self::ScheduledReports)
    }

    /// Whether there is only *allow* (all rights) and *deny* (none).
    pub const fn is_allow_or_deny(self) -> bool {
        matches!(self, Self::StandardReports | Self::AutoOpen | Self::AgentAudit)
    }
}

/// Whom a grant is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Grantee {
    /// One agent.
    Agent(AgentId),
    /// All members of a group.
    Group(GroupId),
}

/// Rights for somebody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    /// Whom they are for.
    pub to: Grantee,
    /// The rights.
    pub rights: Rights,
}

/// What an access list is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Scope {
    /// The class of objects.
    pub class: Securable,
    /// The one object; `None` means all that have no list of their own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub object: Option<Uuid>,
}

impl Scope {
    /// All objects of a class that have no list of their own.
    pub const fn default_of(class: Securable) -> Self {
        Self { class, object: None }
    }

    /// One object.
    pub const fn one(class: Securable, object: Uuid) -> Self {
        Self { class, object: Some(object) }
    }

    /// The id of the document that its list is kept in: the object's, or the number of the class.
    pub fn document_id(&self) -> Uuid {
        let place = Securable::ALL.iter().position(|class| *class == self.class).unwrap_or_default();
        self.object.unwrap_or_else(|| Uuid::from_u128(0x100 + place as u128))
    }
}

/// Who has which rights. Inside one list grants add up; an object's own list stands in place of the default one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccessList {
    /// What it is about.
    #[serde(flatten)]
    pub scope: Scope,
    /// The grants.
    #[serde(default)]
    pub grants: Vec<Grant>,
}

impl AccessList {
    /// The default list of a class that nobody has changed: everyone may do everything (features 7.2).
    pub fn open(class: Securable) -> Self {
        let everyone = Grant { to: Grantee::Group(EVERYONE), rights: Rights::FULL };
        Self { scope: Scope::default_of(class), grants: vec![everyone] }
    }

    /// The grants with each grantee once, and without those that grant nothing: the same rights in fewer words.
    #[must_use]
    pub fn tidy(scope: Scope, grants: &[Grant]) -> Self {
        let mut by_grantee: std::collections::BTreeMap<Grantee, Rights> = std::collections::BTreeMap::new();
        for grant in grants {
            let rights = by_grantee.entry(grant.to).or_default();
            *rights = *rights | grant.rights;
        }
        let given = by_grantee.into_iter().filter(|(_, rights)| !rights.is_empty());
        Self { scope, grants: given.map(|(to, rights)| Grant { to, rights }).collect() }
    }

    /// Names what somebody wrote about a scope, also that nobody did: a change that was begun at something else would
    /// undo somebody else's.
    #[must_use]
    pub fn version_of(list: Option<&Self>) -> Digest {
        list.map_or_else(|| Digest::of(b"no list"), Documented::version)
    }

    /// Whether it has a grant for somebody.
    pub fn names(&self, whom: Grantee) -> bool {
        self.grants.iter().any(|grant| grant.to == whom)
    }
}
