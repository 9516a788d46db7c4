//! [`Permit`]: the proof that somebody may do something. Whoever needs a right takes one, and only this file makes them.

use std::marker::PhantomData;

use super::Visibility;
use crate::agent::Agent;
use crate::directory::Directory;
use crate::id::AgentId;
use crate::refusal::Refusal;
use crate::ticket::Ticket;

/// The right to work on one ticket: see it, answer it, change it.
#[derive(Debug, Clone, Copy)]
pub struct WorkOn;

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
    match active(directory, agent) {
        Some(agent) if agent.administrator => Visibility::Everything,
        // Everyone has full access until it is lowered (features 7.2).
        Some(agent) => Visibility::of_ticketboxes(agent.id, directory.ticketboxes.keys().copied().collect()),
        None => Visibility::of_ticketboxes(agent, std::collections::BTreeSet::new()),
    }
}

/// Whether an agent may use the desk.
///
/// # Errors
/// [`Refusal::SignIn`] if there is no such agent, or he is not active.
pub fn take_part(directory: &Directory, agent: AgentId) -> Result<Permit<TakePart>, Refusal> {
    active(directory, agent).map(|agent| Permit::of(agent.id)).ok_or(Refusal::SignIn)
}

/// Whether an agent may work on a ticket.
///
/// # Errors
/// [`Refusal::NoSuch`] if he does not see it: he is not told whether it exists.
pub fn work_on(directory: &Directory, agent: AgentId, ticket: &Ticket) -> Result<Permit<WorkOn>, Refusal> {
    take_part(directory, agent)?;
    if visibility(directory, agent).sees(ticket) {
        Ok(Permit::of(agent))
    } else {
        Err(Refusal::no_such("ticket", ticket.number))
    }
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

fn active(directory: &Directory, agent: AgentId) -> Option<&Agent> {
    directory.agents.get(&agent).filter(|agent| agent.active)
}
