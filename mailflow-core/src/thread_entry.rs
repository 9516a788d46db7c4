//! [`ThreadEntry`]: what we know of an id that mails name.

use serde::{Deserialize, Serialize};

use crate::id::{MessageId, TicketId};
use crate::mail::ThreadId;

/// What we know of an id that stands in a `Message-ID`, `In-Reply-To` or `References` header. Its key is the id.
///
/// Ids that are only mentioned are remembered too: two people who answer a mail that never reached us talk about the
/// same thing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ThreadEntry {
    /// The id.
    pub id: ThreadId,
    /// The message that has it as its `Message-ID`, and its ticket, if we have that message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<(MessageId, TicketId)>,
    /// Tickets whose messages name it, in the order in which they did; no more than
    /// [`ThreadEntry::MAX_NAMED_BY`] + 1 are remembered.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub named_by: Vec<TicketId>,
}

impl ThreadEntry {
    /// An id that more tickets than this name says nothing about any of them: a newsletter, an automatic notice that
    /// always refers to the same root.
    pub const MAX_NAMED_BY: usize = 3;

    /// An id that nobody has named yet.
    pub const fn new(id: ThreadId) -> Self {
        Self { id, message: None, named_by: Vec::new() }
    }

    /// Remembers that a message of `ticket` names the id. Returns whether that is news.
    pub fn name_by(&mut self, ticket: TicketId) -> bool {
        let news = self.named_by.len() <= Self::MAX_NAMED_BY && !self.named_by.contains(&ticket);
        if news {
            self.named_by.push(ticket);
        }
        news
    }

    /// The tickets whose messages name the id, if they are so few that it says something.
    pub fn telling(&self) -> &[TicketId] {
        if self.named_by.len() > Self::MAX_NAMED_BY { &[] } else { &self.named_by }
    }
}
