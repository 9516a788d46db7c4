//! The reference: features 7 word for word, without indexes, sets or short cuts.

use mailflow_core::access::{Grantee, Rights, Securable};
use mailflow_core::group::{ADMINISTRATORS, EVERYONE};
use mailflow_core::id::AgentId;
use mailflow_core::ticket::Ticket;
use uuid::Uuid;

use crate::world::World;

/// A fault that the comparison must find.
#[derive(Clone, Copy, PartialEq)]
pub enum Fault {
    None,
    /// The strongest grant holds instead of the sum of all.
    StrongestOnly,
    /// Grants to everyone do not count in an object's own list.
    NoEveryoneInOwnLists,
}

pub fn ticket_rights(world: &World, agent: AgentId, ticket: &Ticket) -> Rights {
    with_fault(world, agent, ticket, Fault::None)
}

pub fn with_fault(world: &World, agent: AgentId, ticket: &Ticket, fault: Fault) -> Rights {
    if world.inactive.contains(&agent) {
        return Rights::NONE;
    }
    if world.administrators.contains(&agent) || ticket.owner == Some(agent) {
        return Rights::FULL;
    }
    let mut may = object(world, agent, Securable::Ticketboxes, ticket.ticketbox.into(), fault);
    if let Some(owner) = ticket.owner {
        may = may | object(world, agent, Securable::Agents, owner.into(), fault);
    }
    if let Some(category) = ticket.category {
        may = may.and(object(world, agent, Securable::Categories, category.into(), fault));
    }
    may
}

fn object(world: &World, agent: AgentId, class: Securable, id: Uuid, fault: Fault) -> Rights {
    let mut list = None;
    for candidate in &world.lists {
        if candidate.scope.class == class && candidate.scope.object == Some(id) {
            list = Some(candidate);
        }
    }
    for candidate in &world.lists {
        if list.is_none() && candidate.scope.class == class && candidate.scope.object.is_none() {
            list = Some(candidate);
        }
    }
    let Some(list) = list else { return Rights::FULL };
    let mut sum = Rights::NONE;
    for grant in &list.grants {
        let applies = match grant.to {
            Grantee::Agent(id) => id == agent,
            Grantee::Group(EVERYONE) => !(fault == Fault::NoEveryoneInOwnLists && list.scope.object.is_some()),
            Grantee::Group(ADMINISTRATORS) => world.administrators.contains(&agent),
            Grantee::Group(group) => world.members.contains(&(agent, group)),
        };
        if applies {
            sum = if fault == Fault::StrongestOnly { sum.max(grant.rights) } else { sum | grant.rights };
        }
    }
    sum
}
