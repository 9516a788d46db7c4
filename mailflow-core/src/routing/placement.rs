//! [`Placement`]: where a new ticket goes.

use super::matter::Matter;
use crate::directory::Directory;
use crate::explanation::PlacedBy;
use crate::id::{AgentId, CategoryId, TicketboxId};
use crate::rule::{DefaultRule, Rule, Shred};
use crate::ticket::Priority;
use crate::ticketbox::UNASSIGNED;

/// Where a new ticket goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placement {
    /// Its ticketbox.
    pub ticketbox: TicketboxId,
    /// Its owner.
    pub owner: Option<AgentId>,
    /// Its category.
    pub category: Option<CategoryId>,
    /// Its priority.
    pub priority: Priority,
    /// Whether nobody is to see it.
    pub shred: Option<Shred>,
    /// What says so.
    pub placed_by: PlacedBy,
}

/// Finds the place of a new ticket. What the rule that won does not say is left to the default rule.
pub fn place(
    directory: &Directory,
    default: &DefaultRule,
    matter: &Matter<'_>,
    winner: Option<(u32, &Rule)>,
) -> Placement {
    let (mut ticketbox, mut placed_by) = default_ticketbox(directory, default, matter);
    let then = winner.map(|(_, rule)| &rule.then);
    if let Some((number, rule)) = winner {
        let known = |id: &TicketboxId| directory.ticketboxes.contains_key(id);
        ticketbox = rule.then.ticketbox.filter(known).unwrap_or(ticketbox);
        placed_by = PlacedBy::Rule { id: rule.id, number, description: rule.description.clone() };
    }
    let contact_owner = matter.contact.filter(|_| default.prefer_contact_owner).and_then(|contact| contact.owner);
    // An agent who was disabled after the rule was written gets no new tickets.
    let active = |id: &AgentId| directory.agents.get(id).is_some_and(|agent| agent.active);
    let owners = [then.and_then(|then| then.owner), contact_owner, default.owner];
    Placement {
        ticketbox,
        owner: owners.into_iter().flatten().find(active),
        category: then
            .and_then(|then| then.category)
            .or(default.category)
            .filter(|id| directory.categories.contains_key(id)),
        priority: then.and_then(|then| then.priority).unwrap_or_default(),
        shred: then.and_then(|then| then.shred),
        placed_by,
    }
}

fn default_ticketbox(directory: &Directory, default: &DefaultRule, matter: &Matter<'_>) -> (TicketboxId, PlacedBy) {
    if default.prefer_matching_address
        && let Some(ticketbox) = matter.recipients.iter().find_map(|it| directory.ticketbox_at(it))
    {
        return (ticketbox.id, PlacedBy::MatchingAddress);
    }
    let known = |id: &TicketboxId| directory.ticketboxes.contains_key(id);
    let source = matter.source.and_then(|source| directory.sources.get(&source));
    match source.and_then(|source| source.ticketbox).filter(known) {
        Some(id) => (id, PlacedBy::SourceTicketbox),
        None => (default.ticketbox.filter(known).unwrap_or(UNASSIGNED), PlacedBy::DefaultTicketbox),
    }
}
