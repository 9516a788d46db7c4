//! [`Agent`]: a person who answers.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::approval::Approver;
use crate::id::AgentId;
use crate::mail::Address;

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
}

/// The built-in administrator of every desk.
pub const BUILT_IN_ADMINISTRATOR: AgentId = AgentId::from_bytes([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);

impl Agent {
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
        }
    }

    /// How long what the agent sends can be pulled back.
    pub const fn undo_send(&self) -> Duration {
        Duration::from_secs(self.undo_send_s as u64)
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
