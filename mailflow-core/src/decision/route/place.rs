//! Where a new ticket goes: the first custom rule that matches, then the default rule.

use super::{Reading, Scene};
use crate::contact::Contact;
use crate::explanation::PlacedBy;
use crate::id::{AgentId, CategoryId, ContactId, TicketboxId};
use crate::routing::{Matter, recipients};
use crate::store::{Changes, Key, NotLoaded};
use crate::ticket::Priority;
use crate::ticketbox::UNASSIGNED;

/// Where a new ticket goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placement {
    pub ticketbox: TicketboxId,
    pub owner: Option<AgentId>,
    pub category: Option<CategoryId>,
    pub priority: Priority,
    pub placed_by: PlacedBy,
}

/// Finds the place of a new ticket. What a rule does not say is left to the default rule.
pub fn place(
    scene: &Scene<'_>,
    changes: &Changes<'_>,
    reading: &Reading,
    contact: Option<ContactId>,
) -> Result<Placement, NotLoaded> {
    let directory = scene.directory;
    let matter = Matter::of_mail(reading.source, scene.now, 0, &reading.mail);
    let rule = directory.rules.first_match(&matter);
    let (mut ticketbox, mut placed_by) = default_ticketbox(scene, reading);
    let then = rule.map(|(_, rule)| rule.then.clone()).unwrap_or_default();
    if let Some((number, rule)) = rule {
        let known = |id: &TicketboxId| directory.ticketboxes.contains_key(id);
        ticketbox = rule.then.ticketbox.filter(known).unwrap_or(ticketbox);
        placed_by = PlacedBy::Rule { id: rule.id, number, description: rule.description.clone() };
    }
    let default = &directory.rule_set.default;
    let contact_owner = match contact.filter(|_| default.prefer_contact_owner) {
        Some(id) => changes.get::<Contact>(&Key::Contact(id))?.and_then(|contact| contact.owner),
        None => None,
    };
    // An agent who was disabled after the rule was written gets no new tickets.
    let active = |id: &AgentId| directory.agents.get(id).is_some_and(|agent| agent.active);
    Ok(Placement {
        ticketbox,
        owner: [then.owner, contact_owner, default.owner].into_iter().flatten().find(active),
        category: then.category.or(default.category).filter(|id| directory.categories.contains_key(id)),
        priority: then.priority.unwrap_or_default(),
        placed_by,
    })
}

fn default_ticketbox(scene: &Scene<'_>, reading: &Reading) -> (TicketboxId, PlacedBy) {
    let directory = scene.directory;
    let default = &directory.rule_set.default;
    if default.prefer_matching_address
        && let Some(ticketbox) = recipients(&reading.mail).find_map(|(_, it)| directory.ticketbox_at(it))
    {
        return (ticketbox.id, PlacedBy::MatchingAddress);
    }
    let known = |id: &TicketboxId| directory.ticketboxes.contains_key(id);
    let of_source = directory.sources.get(&reading.source).and_then(|source| source.ticketbox);
    match of_source.filter(known) {
        Some(id) => (id, PlacedBy::SourceTicketbox),
        None => (default.ticketbox.filter(known).unwrap_or(UNASSIGNED), PlacedBy::DefaultTicketbox),
    }
}
