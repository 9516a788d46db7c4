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
    /// Set for an API token, which an agent or an administrator made for a program: what it is called. It is no session
    /// of a browser, is bound to no place of its own, and does not last longer for being used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api_token: Option<String>,
}

/// An API token to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewToken {
    /// The digest of its secret, which only the program has.
    pub token: Digest,
    /// What it is called, at most 100 characters.
    pub name: String,
    /// When it ends by itself; `None` means never.
    pub expires: Option<Timestamp>,
}

/// Who asks, with what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Caller {
    /// An agent in a session.
    Session(AgentId),
    /// A program with an agent's API token.
    Token(AgentId),
}

impl Caller {
    /// The agent whose rights it has.
    pub const fn agent(self) -> AgentId {
        match self {
            Self::Session(agent) | Self::Token(agent) => agent,
        }
    }
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
