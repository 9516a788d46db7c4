//! [`Agent`]: a person who answers.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::alert::AlertWishes;
use crate::approval::Approver;
use crate::digest::Digest;
use crate::id::{AgentId, GroupId};
use crate::ip_range::IpRange;
use crate::mail::Address;
use crate::secret::Sealed;

/// A person who answers mail, or administers the desk (guide chapter 8).
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Agent {
    /// Its identity.
    pub id: AgentId,
    /// What the agent signs in with; unique without regard to case.
    pub user_name: String,
    /// The name that others see.
    pub name: String,
    /// The agent's own address, offered as a sender and used for alerts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<Address>,
    /// The password as an argon2id hash in PHC form; `None` means that nobody can sign in with a password.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<String>,
    /// Whether the agent may sign in and be given tickets.
    pub active: bool,
    /// Whether the agent belongs to *administrators*, who may do everything.
    #[serde(default)]
    pub administrator: bool,
    /// The agent that a desk comes with: it can be neither removed nor disabled, and stays an administrator.
    #[serde(default)]
    pub built_in: bool,
    /// Who has to approve what the agent sends; `None` means nobody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approval: Option<Approver>,
    /// How long what the agent sends can be pulled back, in seconds; 0 to 60, default 10.
    #[serde(default = "undo_send_s")]
    pub undo_send_s: u32,
    /// Put below what the agent writes.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub signature: String,
    /// The group whose signature is put there instead, if the agent is one of its members.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signature_of: Option<GroupId>,
    /// Whom the agent passes tickets on to that are too much for him.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub escalate_to: Option<Escalation>,
    /// Whether the agent is given the ticket that has waited longest, instead of choosing from a list.
    #[serde(default)]
    pub get_oldest: bool,
    /// Whatever else is to be known, by name; at most [`Agent::PROPERTIES`].
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub properties: BTreeMap<String, String>,
    /// How the agent likes his pages.
    #[serde(default)]
    pub preferences: Preferences,
    /// Who says that somebody is the agent.
    #[serde(default)]
    pub sign_in: SignInWay,
    /// What the agent needs beside the password.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub second_factor: Option<SecondFactor>,
    /// Where the agent may sign in from, beside where his groups may; see [`access::from_place`](crate::access::from_place).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ip_ranges: Vec<IpRange>,
}

/// Whom an agent passes tickets on to that are too much for him.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Escalation {
    /// This agent.
    Agent(AgentId),
    /// The member of this escalation group who has the fewest open tickets.
    Group(GroupId),
}

/// How an agent likes his pages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Preferences {
    /// How many tickets a page of a list shows; 10 to 200.
    pub rows: u32,
    /// In which time zone times are shown.
    pub times: Times,
    /// How the agent wants to be told of what.
    pub alerts: AlertWishes,
}

/// In which time zone times are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Times {
    /// In that of the agent's device.
    #[default]
    Device,
    /// In UTC.
    Utc,
}

/// Who says that somebody is the agent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SignInWay {
    /// The desk itself.
    #[default]
    Password,
    /// The directory server of the [`Settings`](crate::settings::Settings).
    Ldap,
    /// The OpenID provider of the [`Settings`](crate::settings::Settings): there is no password here.
    Oidc,
}

/// What an agent needs beside the password: codes that a device of his makes anew every 30 seconds (TOTP, RFC 6238).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecondFactor {
    /// The secret that the device has too.
    pub secret: Sealed,
    /// Digests of codes that stand in for the device, once each.
    #[serde(default)]
    pub recovery: Vec<Digest>,
}

/// The built-in administrator of every desk.
pub const BUILT_IN_ADMINISTRATOR: AgentId = AgentId::from_bytes([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);

impl Agent {
    /// The most properties of an agent.
    pub const PROPERTIES: usize = 50;

    /// The built-in administrator as a new desk has it: user name `admin`, no password yet.
    pub fn built_in_administrator() -> Self {
        Self {
            id: BUILT_IN_ADMINISTRATOR,
            user_name: "admin".to_owned(),
            name: "Administrator".to_owned(),
            address: None,
            password: None,
            active: true,
            administrator: true,
            built_in: true,
            approval: None,
            undo_send_s: undo_send_s(),
            signature: String::new(),
            signature_of: None,
            escalate_to: None,
            get_oldest: false,
            properties: BTreeMap::new(),
            preferences: Preferences::default(),
            sign_in: SignInWay::Password,
            second_factor: None,
            ip_ranges: Vec::new(),
        }
    }

    /// How long what the agent sends can be pulled back.
    pub const fn undo_send(&self) -> Duration {
        Duration::from_secs(self.undo_send_s as u64)
    }
}

impl Default for Preferences {
    fn default() -> Self {
        Self { rows: 50, times: Times::Device, alerts: AlertWishes::default() }
    }
}

const fn undo_send_s() -> u32 {
    10
}

impl std::fmt::Debug for Agent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Agent({} `{}`)", self.id, self.user_name)
    }
}
