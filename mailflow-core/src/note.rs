//! [`Note`]: what agents write to each other in a ticket.

use serde::{Deserialize, Serialize};

use crate::id::{AgentId, NoteId, TicketId};
use crate::time::Timestamp;

/// What an agent wrote into a ticket for the others: internal, never sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    /// Its identity.
    pub id: NoteId,
    /// The ticket that it is part of.
    pub ticket: TicketId,
    /// Who wrote it.
    pub author: AgentId,
    /// When.
    pub at: Timestamp,
    /// The words.
    pub text: String,
}
