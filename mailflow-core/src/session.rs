//! [`Session`]: an agent who is signed in.

use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::id::{AgentId, TicketId};
use crate::time::Timestamp;

/// An agent who is signed in. Its key is the digest of a secret that only the agent's program has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// Digest of the secret.
    pub token: Digest,
    /// Who is signed in.
    pub agent: AgentId,
    /// Since when.
    pub created: Timestamp,
    /// When the agent last asked for something; not written at every request.
    pub seen: Timestamp,
    /// When it ends by itself.
    pub expires: Timestamp,
    /// Network address that it was begun from.
    pub peer: String,
    /// The program that it was begun with, on one line.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub user_agent: String,
}

/// What was shown beside the password when a session was begun. Whether it is right was checked by whoever has the key;
/// that it is not used twice is decided where the session is begun.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Proof {
    /// Nothing.
    Password,
    /// The code of this 30-second step (RFC 6238).
    Code(u64),
    /// The recovery code with this digest.
    Recovery(Digest),
}

/// How much of a ticket an agent has seen. Its key is the agent and the ticket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReadMark {
    /// The agent.
    pub agent: AgentId,
    /// The ticket.
    pub ticket: TicketId,
    /// [`Ticket::revision`](crate::ticket::Ticket::revision) that was seen.
    pub revision: u32,
}
