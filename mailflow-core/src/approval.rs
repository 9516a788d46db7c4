//! [`Approval`]: a message that somebody else has to look at before it is sent (guide chapter 14).

use serde::{Deserialize, Serialize};

use crate::id::{AgentId, GroupId, MessageId};
use crate::time::Timestamp;

/// Who approves what an agent sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Approver {
    /// One agent.
    Agent(AgentId),
    /// Any member of a group.
    Group(GroupId),
}

/// The approval of one message, with its exact bytes.
///
/// ```text
///   submit ──▶ awaiting approval ──release──▶ queued (held for the author's undo time) ──▶ …
///                    │    │
///                    │    └──return, with a note──▶ withdrawn; the author's draft is back, the note with it
///                    └──the author pulls it back──▶ withdrawn; the author's draft is back
///   queued, held ──the approver takes his release back──▶ awaiting approval
/// ```
/// Whoever is first decides: the second one is told by whom. An author never decides about his own message. What was
/// submitted keeps its approver when the agent's setting is changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approval {
    /// Who wrote it.
    pub author: AgentId,
    /// Who may release it.
    pub approver: Approver,
    /// When it was submitted.
    pub submitted: Timestamp,
    /// The last time that it was returned, if it was: what is submitted now is compared with what was returned then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Returned>,
    /// Who was told that it waits: their alerts vanish with the decision.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub told: Vec<AgentId>,
    /// What was decided; `None` while it waits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decision: Option<Decision>,
}

/// What an approver decided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// Who decided.
    pub by: AgentId,
    /// When.
    pub at: Timestamp,
    /// Why it was returned; `None` if it was released.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub returned: Option<String>,
}

/// Why a draft is back with its author.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Returned {
    /// Who returned it.
    pub by: AgentId,
    /// When.
    pub at: Timestamp,
    /// What is to be changed.
    pub note: String,
    /// The message that was returned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<MessageId>,
}
