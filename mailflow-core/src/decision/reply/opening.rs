//! A ticket that an agent opens by writing first.

use super::Reply;
use crate::access::{self, Securable};
use crate::alert::AlertEvent;
use crate::decision::alert::News;
use crate::decision::route::people;
use crate::decision::ticket::active_agent;
use crate::decision::{Scene, Stop, alert, tell};
use crate::draft::Opening;
use crate::event::{Actor, What};
use crate::id::{AgentId, Mint, TicketId};
use crate::refusal::Refusal;
use crate::store::Changes;
use crate::ticket::Ticket;

/// The ticket as it is before its first message. Its contact is whom the message is to, first of all; a new one is made.
pub(super) fn open(
    scene: &Scene<'_>,
    changes: &mut Changes<'_>,
    mint: &mut Mint,
    (agent, id): (AgentId, TicketId),
    (opening, wish): (Opening, &Reply),
) -> Result<Ticket, Stop> {
    let directory = scene.directory;
    access::open_in(directory, agent, opening.ticketbox)?;
    if let Some(category) = opening.category {
        access::know(directory, agent, Securable::Categories, category.into())?;
    }
    if let Some(owner) = opening.owner {
        if owner != agent {
            access::know(directory, agent, Securable::Agents, owner.into())?;
        }
        active_agent(directory, owner)?;
    }
    let subject = wish.subject.as_deref().map(str::trim).filter(|it| !it.is_empty());
    let subject = subject.ok_or_else(|| Refusal::invalid("subject", "say what the new ticket is about"))?;
    let mut ticket = Ticket::new(id, opening.ticketbox, subject, scene.now);
    ticket.owner = opening.owner;
    ticket.category = opening.category;
    ticket.priority = opening.priority;
    if let Some(to) = wish.to.first() {
        ticket.contact = people::contact(scene, changes, mint, (&to.address, &to.name), scene.now)?;
    }
    tell(changes, mint, id, scene.now, Actor::Agent(agent), What::Created);
    if let Some(owner) = opening.owner.filter(|owner| *owner != agent) {
        let (of, cause) = (AlertEvent::Assigned, mint.id());
        let news = News { of, cause, ticket: &ticket, by: Actor::Agent(agent), by_machine: false };
        alert::tell_agent(scene, changes, mint, owner, news)?;
    }
    Ok(ticket)
}
