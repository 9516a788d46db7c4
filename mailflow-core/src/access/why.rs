//! Why somebody may, or may not: the chain of reasons, by the same lists that decide.

use uuid::Uuid;

use super::lists::applies;
use super::{Grantee, Right, Scope, Securable, rights, ticket_rights};
use crate::directory::Directory;
use crate::id::AgentId;
use crate::ticket::Ticket;

/// Whether somebody has a right, and the reasons, the first cause first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Why {
    /// Whether he has it.
    pub may: bool,
    /// The reasons, each a sentence.
    pub because: Vec<String>,
}

/// Why an agent may, or may not, do something with a ticket (features 7.4).
#[must_use]
pub fn why_ticket(directory: &Directory, agent: AgentId, ticket: &Ticket, right: Right) -> Why {
    let may = ticket_rights(directory, agent, ticket).has(right);
    if let Some(because) = at_once(directory, agent) {
        return Why { may, because: vec![because] };
    }
    let who = agent_name(directory, agent);
    if ticket.owner == Some(agent) {
        return Why { may, because: vec![format!("`{who}` owns the ticket")] };
    }
    let mut because = lines(directory, agent, Securable::Ticketboxes, ticket.ticketbox.into(), right);
    if let Some(owner) = ticket.owner {
        because.extend(lines(directory, agent, Securable::Agents, owner.into(), right));
    }
    if let Some(category) = ticket.category {
        because.push("the ticket has a category, which must allow it too".to_owned());
        because.extend(lines(directory, agent, Securable::Categories, category.into(), right));
    }
    Why { may, because }
}

/// Why an agent has, or has not, a right on an object, or on a class of objects.
#[must_use]
pub fn why_object(
    directory: &Directory,
    agent: AgentId,
    class: Securable,
    object: Option<Uuid>,
    right: Right,
) -> Why {
    let may = rights(directory, agent, class, object).has(right);
    let because = match at_once(directory, agent) {
        Some(because) => vec![because],
        None => reasons(directory, agent, class, object, right),
    };
    Why { may, because }
}

/// What is settled without looking at any list.
fn at_once(directory: &Directory, agent: AgentId) -> Option<String> {
    match directory.agents.get(&agent) {
        None => Some("there is no such agent".to_owned()),
        Some(known) if !known.active => Some(format!("`{}` is not active and may do nothing", known.name)),
        Some(known) if known.administrator => {
            Some(format!("`{}` is an administrator and may do everything", known.name))
        }
        Some(_) => None,
    }
}

fn lines(directory: &Directory, agent: AgentId, class: Securable, object: Uuid, right: Right) -> Vec<String> {
    reasons(directory, agent, class, Some(object), right)
}

fn reasons(
    directory: &Directory,
    agent: AgentId,
    class: Securable,
    object: Option<Uuid>,
    right: Right,
) -> Vec<String> {
    let name = object.map(|object| object_name(directory, class, object));
    let about = name.map_or_else(|| class.words().to_owned(), |name| format!("{name} ({})", class.words()));
    let Some(list) = directory.access.holds_for(class, object) else {
        return vec![format!("{about}: nobody lowered the access of everyone, so everyone may")];
    };
    let which = if list.scope.object.is_some() { "its own list" } else { "the default list" };
    let grants = list.grants.iter().filter(|grant| grant.rights.has(right) && applies(directory, grant, agent));
    let granted: Vec<String> = grants
        .map(|grant| {
            let whom = match grant.to {
                Grantee::Agent(id) => format!("agent `{}`", agent_name(directory, id)),
                Grantee::Group(id) => format!("group `{}`", directory.group_name(id)),
            };
            format!("{about}: {which} grants {} to {whom}", grant.rights)
        })
        .collect();
    if granted.is_empty() {
        vec![format!("{about}: {which} grants {} neither to the agent nor to a group of his", right.word())]
    } else {
        granted
    }
}

/// What a list is about, in words that follow "access to".
#[must_use]
pub fn scope_words(directory: &Directory, scope: Scope) -> String {
    match scope.object {
        Some(object) => format!("{} {}", scope.class.one(), object_name(directory, scope.class, object)),
        None => scope.class.words().to_owned(),
    }
}

fn agent_name(directory: &Directory, agent: AgentId) -> String {
    directory.agents.get(&agent).map_or_else(|| agent.to_string(), |agent| agent.name.clone())
}

/// What an object is called.
fn object_name(directory: &Directory, class: Securable, object: Uuid) -> String {
    let name = match class {
        Securable::Agents => directory.agents.get(&object.into()).map(|it| it.name.clone()),
        Securable::Ticketboxes => directory.ticketboxes.get(&object.into()).map(|it| it.name.clone()),
        Securable::Categories => directory.categories.get(&object.into()).map(|it| it.name.clone()),
        Securable::Groups => Some(directory.group_name(object.into())),
        _ => None,
    };
    format!("`{}`", name.unwrap_or_else(|| object.to_string()))
}
