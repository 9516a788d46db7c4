//! [`Visibility`]: which tickets an agent sees, as one value that every list, count and search takes.

use std::collections::BTreeSet;

use crate::id::{AgentId, CategoryId, TicketboxId};
use crate::ticket::Ticket;

/// Which tickets somebody sees. Computed once from the directory; each store compiles it into its own language, in one
/// place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Visibility {
    /// All tickets: administrators, and mailflow itself.
    Everything,
    /// The tickets that one agent sees.
    Of {
        /// The agent: his own tickets he always sees.
        agent: AgentId,
        /// The ticketboxes that he may read.
        ticketboxes: BTreeSet<TicketboxId>,
        /// The agents whose tickets he may read, wherever they lie.
        owners: BTreeSet<AgentId>,
        /// The categories that he may read: a ticket in another one he does not see, unless it is his own.
        categories: Categories,
    },
}

/// Categories that somebody may read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Categories {
    /// All of them.
    All,
    /// These only.
    Only(BTreeSet<CategoryId>),
}

impl Visibility {
    /// What an agent sees who may read these ticketboxes and every category.
    pub const fn of_ticketboxes(agent: AgentId, ticketboxes: BTreeSet<TicketboxId>) -> Self {
        Self::Of { agent, ticketboxes, owners: BTreeSet::new(), categories: Categories::All }
    }

    /// What somebody sees who may see nothing: no ticket is owned by the agent without a number.
    pub const fn nothing() -> Self {
        Self::of_ticketboxes(AgentId::from_bytes([0; 16]), BTreeSet::new())
    }

    /// Whether this ticket is seen: the meaning of the value.
    pub fn sees(&self, ticket: &Ticket) -> bool {
        match self {
            Self::Everything => true,
            Self::Of { agent, ticketboxes, owners, categories } => {
                let own = ticket.owner == Some(*agent);
                let readable = ticketboxes.contains(&ticket.ticketbox)
                    || ticket.owner.is_some_and(|owner| owners.contains(&owner));
                let category_readable = match (ticket.category, categories) {
                    (None, _) | (_, Categories::All) => true,
                    (Some(category), Categories::Only(categories)) => categories.contains(&category),
                };
                own || (readable && category_readable)
            }
        }
    }
}
