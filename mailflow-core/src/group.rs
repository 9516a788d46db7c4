//! [`Group`]: agents that are named together.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::agent::Agent;
use crate::id::{AgentId, GroupId};
use crate::ip_range::IpRange;

/// *everyone*: all agents, always. It has no document: it can be neither changed nor removed.
pub const EVERYONE: GroupId = GroupId::from_bytes([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4]);
/// *administrators*: the agents who are administrators. It has no document: an agent's own says whether he is one.
pub const ADMINISTRATORS: GroupId = GroupId::from_bytes([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 5]);

/// Agents that are named together, to give rights, to approve, to be told of things, to take over tickets (guide
/// chapter 8).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Group {
    /// Its identity.
    pub id: GroupId,
    /// Its name; unique without regard to case.
    pub name: String,
    /// What it is for.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// Its members.
    #[serde(default)]
    pub members: BTreeSet<AgentId>,
    /// Whether tickets can be escalated to it: it may be an agent's escalation target.
    #[serde(default)]
    pub escalation: bool,
    /// A signature that its members may use.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub signature: String,
    /// Where its members may sign in from, beside where they may by themselves and by other groups.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ip_ranges: Vec<IpRange>,
}

impl Group {
    /// A group without members.
    pub fn new(id: GroupId, name: impl Into<String>) -> Self {
        Self {
            id,
            name: name.into(),
            description: String::new(),
            members: BTreeSet::new(),
            escalation: false,
            signature: String::new(),
            ip_ranges: Vec::new(),
        }
    }
}

/// Whether a group is one of the two that every desk has.
pub fn is_built_in(group: GroupId) -> bool {
    group == EVERYONE || group == ADMINISTRATORS
}

/// Whether an agent belongs to one of the two groups that every desk has.
pub fn in_built_in(group: GroupId, agent: &Agent) -> bool {
    group == EVERYONE || (group == ADMINISTRATORS && agent.administrator)
}
