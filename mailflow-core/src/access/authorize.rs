//! [`Permit`]: the proof that somebody may do something. Whoever needs a right takes one, and only this file makes them.

use std::collections::BTreeSet;
use std::marker::PhantomData;

use uuid::Uuid;

use super::{Categories, Right, Rights, Securable, Visibility, rights};
use crate::agent::Agent;
use crate::approval::{Approval, Approver};
use crate::audit::AuditReader;
use crate::directory::Directory;
use crate::group;
use crate::id::{AgentId, TicketboxId};
use crate::refusal::Refusal;
use crate::ticket::Ticket;

/// The right to see one ticket.
#[derive(Debug, Clone, Copy)]
pub struct See;

/// The right to work on one ticket: answer it, change it.
#[derive(Debug, Clone, Copy)]
pub struct WorkOn;

/// The right to put one ticket into the trash, and to take it out again.
#[derive(Debug, Clone, Copy)]
pub struct Delete;

/// The right to move tickets into one ticketbox.
#[derive(Debug, Clone, Copy)]
pub struct PutInto;

/// The right to open tickets in one ticketbox.
#[derive(Debug, Clone, Copy)]
pub struct OpenIn;

/// A right on objects that are not tickets, such as contacts.
#[derive(Debug, Clone, Copy)]
pub struct Use;

/// The right to release or return one message.
#[derive(Debug, Clone, Copy)]
pub struct Approve;

/// The right to change the configuration.
#[derive(Debug, Clone, Copy)]
pub struct Administer;

/// The right to use the desk at all.
#[derive(Debug, Clone, Copy)]
pub struct TakePart;

/// The proof that an agent has a right, at the moment of the directory that it was made from. It cannot be made outside
/// this module.
#[derive(Debug, Clone, Copy)]
pub struct Permit<Right> {
    agent: AgentId,
    right: PhantomData<Right>,
}

impl<Right> Permit<Right> {
    /// Who has it.
    pub const fn agent(&self) -> AgentId {
        self.agent
    }

    const fn of(agent: AgentId) -> Self {
        Self { agent, right: PhantomData }
    }
}

/// What an agent sees. Nobody who is unknown or inactive sees anything.
#[must_use]
pub fn visibility(directory: &Directory, agent: AgentId) -> Visibility {
    where_he_has(directory, agent, &[Right::Read])
}

/// Which tickets that nobody owns an agent may work on, so that they can be given to him.
#[must_use]
pub fn to_take(directory: &Directory, agent: AgentId) -> Visibility {
    match where_he_has(directory, agent, &[Right::Read, Right::Edit]) {
        // Rights on an owner's tickets say nothing of these.
        Visibility::Of { agent, ticketboxes, categories, .. } => {
            Visibility::Of { agent, ticketboxes, owners: BTreeSet::new(), categories }
        }
        everything => everything,
    }
}

/// The tickets on which an agent has all these rights; of his own he has them all.
fn where_he_has(directory: &Directory, agent: AgentId, needed: &[Right]) -> Visibility {
    let Some(known) = active(directory, agent) else {
        return Visibility::nothing();
    };
    if known.administrator {
        return Visibility::Everything;
    }
    let has = |class, object: Uuid| {
        let rights = rights(directory, agent, class, Some(object));
        needed.iter().all(|right| rights.has(*right))
    };
    let all = directory.ticketboxes.keys();
    let ticketboxes: BTreeSet<TicketboxId> =
        all.copied().filter(|id| has(Securable::Ticketboxes, (*id).into())).collect();
    let owners = match ticketboxes.len() == directory.ticketboxes.len() {
        // Wherever a ticket lies, its ticketbox says so already.
        true => BTreeSet::new(),
        false => {
            let others = directory.agents.keys().copied().filter(|id| *id != agent);
            others.filter(|id| has(Securable::Agents, (*id).into())).collect()
        }
    };
    let categories: BTreeSet<_> =
        directory.categories.keys().copied().filter(|id| has(Securable::Categories, (*id).into())).collect();
    let categories = match categories.len() == directory.categories.len() {
        true => Categories::All,
        false => Categories::Only(categories),
    };
    Visibility::Of { agent, ticketboxes, owners, categories }
}

/// What an agent may do with a ticket (features 7.4). Administrators and its owner: everything. Others: what they may do
/// in its ticketbox or with tickets of its owner, as far as they may do it in its category, if it has one.
#[must_use]
pub fn ticket_rights(directory: &Directory, agent: AgentId, ticket: &Ticket) -> Rights {
    let Some(known) = active(directory, agent) else { return Rights::NONE };
    if known.administrator || ticket.owner == Some(agent) {
        return Rights::FULL;
    }
    let of = |class, object: Uuid| rights(directory, agent, class, Some(object));
    let in_box = of(Securable::Ticketboxes, ticket.ticketbox.into());
    let by_owner = ticket.owner.map_or(Rights::NONE, |owner| of(Securable::Agents, owner.into()));
    let in_category = ticket.category.map_or(Rights::FULL, |category| of(Securable::Categories, category.into()));
    (in_box | by_owner).and(in_category)
}

/// Whether an agent may use the desk.
///
/// # Errors
/// [`Refusal::SignIn`] if there is no such agent, or he is not active.
pub fn take_part(directory: &Directory, agent: AgentId) -> Result<Permit<TakePart>, Refusal> {
    active(directory, agent).map(|agent| Permit::of(agent.id)).ok_or(Refusal::SignIn)
}

/// Whether an agent may see a ticket.
///
/// # Errors
/// [`Refusal::NoSuch`] if he does not see it: he is not told whether it exists.
pub fn see(directory: &Directory, agent: AgentId, ticket: &Ticket) -> Result<Permit<See>, Refusal> {
    on_ticket(directory, agent, ticket, Right::Read, "see")
}

/// Whether an agent may work on a ticket.
///
/// # Errors
/// [`Refusal::NoSuch`] if he does not see it, [`Refusal::NotAllowed`] if he may only read it.
pub fn work_on(directory: &Directory, agent: AgentId, ticket: &Ticket) -> Result<Permit<WorkOn>, Refusal> {
    on_ticket(directory, agent, ticket, Right::Edit, "change")
}

/// Whether an agent may put a ticket into the trash, or take it out again.
///
/// # Errors
/// [`Refusal::NoSuch`] if he does not see it, [`Refusal::NotAllowed`] if he may not delete it.
pub fn delete(directory: &Directory, agent: AgentId, ticket: &Ticket) -> Result<Permit<Delete>, Refusal> {
    on_ticket(directory, agent, ticket, Right::Delete, "delete")
}

/// Whether an agent may move tickets into a ticketbox: it is enough that he may list it (features 7.3).
///
/// # Errors
/// [`Refusal::NoSuch`] if he may not know of it.
pub fn put_into(directory: &Directory, agent: AgentId, to: TicketboxId) -> Result<Permit<PutInto>, Refusal> {
    know(directory, agent, Securable::Ticketboxes, to.into()).map(|_| Permit::of(agent))
}

/// Whether an agent may open tickets in a ticketbox by writing first: who may answer there.
///
/// # Errors
/// [`Refusal::NoSuch`] if he may not know of it, [`Refusal::NotAllowed`] if he may not write there.
pub fn open_in(directory: &Directory, agent: AgentId, ticketbox: TicketboxId) -> Result<Permit<OpenIn>, Refusal> {
    know(directory, agent, Securable::Ticketboxes, ticketbox.into())?;
    use_of(directory, agent, Securable::Ticketboxes, Some(ticketbox.into()), Right::Edit)?;
    Ok(Permit::of(agent))
}

/// Whether an agent may know of an object, name it, and put something into it: give a ticket to an agent, put it into a
/// ticketbox or a category.
///
/// # Errors
/// [`Refusal::NoSuch`] if he may not list it: he is not told whether it exists.
pub fn know(directory: &Directory, agent: AgentId, class: Securable, object: Uuid) -> Result<Permit<Use>, Refusal> {
    take_part(directory, agent)?;
    let known = match class {
        Securable::Agents => directory.agents.contains_key(&object.into()),
        Securable::Ticketboxes => directory.ticketboxes.contains_key(&object.into()),
        Securable::Categories => directory.categories.contains_key(&object.into()),
        Securable::Groups => directory.groups.contains_key(&object.into()) || group::is_built_in(object.into()),
        Securable::Responses => directory.responses.contains_key(&object.into()),
        _ => false,
    };
    if known && rights(directory, agent, class, Some(object)).has(Right::List) {
        Ok(Permit::of(agent))
    } else {
        Err(Refusal::no_such(class.one(), object))
    }
}

/// Whether an agent has a right on objects of a class, or on one of them.
///
/// # Errors
/// [`Refusal::NotAllowed`] if he has not.
pub fn use_of(
    directory: &Directory,
    agent: AgentId,
    class: Securable,
    object: Option<Uuid>,
    right: Right,
) -> Result<Permit<Use>, Refusal> {
    let known = active(directory, agent).ok_or(Refusal::SignIn)?;
    if rights(directory, agent, class, object).has(right) {
        Ok(Permit::of(agent))
    } else {
        let what = format!("{} {}", right.word(), class.words());
        Err(Refusal::NotAllowed { agent: known.name.clone(), what })
    }
}

/// Whether an agent may release or return a message (features 6.2): its approver, or a member of the group that is; if
/// none of those is active, an administrator. Never its author.
///
/// # Errors
/// [`Refusal::NotAllowed`] if he may not.
pub fn approve(directory: &Directory, agent: AgentId, approval: &Approval) -> Result<Permit<Approve>, Refusal> {
    let known = active(directory, agent).ok_or(Refusal::SignIn)?;
    let named = |id: AgentId| match approval.approver {
        Approver::Agent(approver) => approver == id,
        Approver::Group(group) => directory.is_member(id, group),
    };
    let entitled = |it: &Agent| it.active && it.id != approval.author && named(it.id);
    let may = entitled(known)
        || (known.administrator && agent != approval.author && !directory.agents.values().any(entitled));
    if may {
        Ok(Permit::of(agent))
    } else {
        Err(Refusal::NotAllowed { agent: known.name.clone(), what: "approve this message".to_owned() })
    }
}

/// What of the audit an agent may read, who has the right to: administrators all of it; others what was done to tickets
/// that they see, to contacts if they may read those, and to themselves.
///
/// # Errors
/// [`Refusal::NotAllowed`] if he has not the right.
pub fn read_audit(directory: &Directory, agent: AgentId) -> Result<AuditReader, Refusal> {
    let known = active(directory, agent).ok_or(Refusal::SignIn)?;
    if known.administrator {
        return Ok(AuditReader::EVERYTHING);
    }
    use_of(directory, agent, Securable::AgentAudit, None, Right::Read)?;
    let contacts = rights(directory, agent, Securable::Contacts, None).has(Right::Read);
    Ok(AuditReader { visibility: visibility(directory, agent), objects: [agent.into()].into(), contacts })
}

/// Whether an agent may change the configuration.
///
/// # Errors
/// [`Refusal::NotAllowed`] if he is no administrator; `what` says what he wished to do.
pub fn administer(directory: &Directory, agent: AgentId, what: &str) -> Result<Permit<Administer>, Refusal> {
    match active(directory, agent) {
        Some(agent) if agent.administrator => Ok(Permit::of(agent.id)),
        Some(agent) => Err(Refusal::NotAllowed { agent: agent.name.clone(), what: what.to_owned() }),
        None => Err(Refusal::SignIn),
    }
}

fn on_ticket<R>(
    directory: &Directory,
    agent: AgentId,
    ticket: &Ticket,
    right: Right,
    verb: &str,
) -> Result<Permit<R>, Refusal> {
    let known = active(directory, agent).ok_or(Refusal::SignIn)?;
    let has = ticket_rights(directory, agent, ticket);
    if !has.has(Right::Read) {
        return Err(Refusal::no_such("ticket", ticket.number));
    }
    if !has.has(right) {
        let what = format!("{verb} ticket #{}", ticket.number);
        return Err(Refusal::NotAllowed { agent: known.name.clone(), what });
    }
    Ok(Permit::of(agent))
}

fn active(directory: &Directory, agent: AgentId) -> Option<&Agent> {
    directory.agents.get(&agent).filter(|agent| agent.active)
}
