//! What agents do to tickets, beside answering them.

use super::{Scene, Stop, alert, trail};
use crate::access::{self, Right, Securable};
use crate::agent::{Agent, Escalation};
use crate::alert::AlertEvent;
use crate::audit::{About, Deed, Who};
use crate::contact::{AddressEntry, Contact};
use crate::directory::Directory;
use crate::event::{Actor, What};
use crate::id::{AgentId, CategoryId, ContactId, Mint, NoteId, TicketId, TicketboxId};
use crate::note::Note;
use crate::refusal::Refusal;
use crate::store::{Changes, Key};
use crate::text;
use crate::ticket::{Priority, Ticket, TicketState};

/// The most characters of a note.
pub const NOTE: usize = 100_000;

/// What an agent wants to be true of a ticket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum TicketWish {
    /// It is closed.
    Close,
    /// It is open.
    Reopen,
    /// It lies in this ticketbox.
    MoveTo(TicketboxId),
    /// This agent takes care of it, or nobody.
    Assign(Option<AgentId>),
    /// It is this urgent.
    Prioritise(Priority),
    /// It is of this category, or of none.
    Categorise(Option<CategoryId>),
    /// It is in the trash.
    Trash,
    /// It is not in the trash.
    Restore,
}

/// Makes a wish for a ticket true, and tells its story. What is true already is done.
///
/// # Errors
/// [`Stop::Refuse`] if the agent may not, or what the wish names is not there.
pub fn change(
    scene: &Scene<'_>,
    changes: &mut Changes<'_>,
    mint: &mut Mint,
    agent: AgentId,
    id: TicketId,
    wish: TicketWish,
) -> Result<Ticket, Stop> {
    let mut ticket =
        changes.get::<Ticket>(&Key::Ticket(id))?.cloned().ok_or_else(|| Refusal::no_such("ticket", id))?;
    authorize(scene, agent, &ticket, wish)?;
    if let Some(what) = apply(scene, &mut ticket, wish)? {
        ticket.touch(scene.now);
        if let What::Assigned { to: Some(to), .. } = what {
            tell_new_owner(scene, changes, mint, (agent, to), &ticket)?;
        }
        trail::done(scene, changes, mint, (agent, id), what);
        changes.put(ticket.clone());
    }
    Ok(ticket)
}

/// Gives a ticket that nobody takes care of to an agent who asked for the one that has waited longest (*Get Oldest*);
/// `None` if somebody else was faster, or it is not his to work on any more.
///
/// # Errors
/// [`Stop::Look`] for the ticket.
pub fn take_oldest(
    scene: &Scene<'_>,
    changes: &mut Changes<'_>,
    mint: &mut Mint,
    agent: AgentId,
    id: TicketId,
) -> Result<Option<Ticket>, Stop> {
    let Some(mut ticket) = changes.get::<Ticket>(&Key::Ticket(id))?.cloned() else { return Ok(None) };
    if ticket.turn().is_none() || access::work_on(scene.directory, agent, &ticket).is_err() {
        return Ok(None);
    }
    ticket.owner = Some(agent);
    ticket.touch(scene.now);
    trail::done(scene, changes, mint, (agent, id), What::Assigned { from: None, to: Some(agent) });
    changes.put(ticket.clone());
    Ok(Some(ticket))
}

/// Passes a ticket on to the agent's escalation target. `candidates` are agents in the order in which they are to be
/// chosen from a group.
///
/// # Errors
/// [`Stop::Refuse`] if the agent may not change the ticket, has no target, or nobody there is active.
pub fn escalate(
    scene: &Scene<'_>,
    changes: &mut Changes<'_>,
    mint: &mut Mint,
    (agent, id): (AgentId, TicketId),
    candidates: &[AgentId],
) -> Result<Ticket, Stop> {
    let mut ticket =
        changes.get::<Ticket>(&Key::Ticket(id))?.cloned().ok_or_else(|| Refusal::no_such("ticket", id))?;
    access::work_on(scene.directory, agent, &ticket)?;
    let directory = scene.directory;
    let active = |id: &AgentId| *id != agent && directory.agents.get(id).is_some_and(|it| it.active);
    let target = directory.agents.get(&agent).and_then(|it| it.escalate_to);
    let to = match target {
        None => {
            let problem = "there is nobody that you escalate to; an administrator can enter somebody";
            return Err(Refusal::invalid("escalate_to", problem).into());
        }
        Some(Escalation::Agent(to)) => Some(to).filter(active),
        Some(Escalation::Group(group)) => {
            candidates.iter().copied().find(|it| active(it) && directory.is_member(*it, group))
        }
    };
    let to = to.ok_or_else(|| Refusal::invalid("escalate_to", "nobody whom you escalate to is active now"))?;
    if ticket.owner != Some(to) {
        let from = ticket.owner.replace(to);
        ticket.touch(scene.now);
        tell_new_owner(scene, changes, mint, (agent, to), &ticket)?;
        trail::done(scene, changes, mint, (agent, id), What::Escalated { from, to });
        changes.put(ticket.clone());
    }
    Ok(ticket)
}

/// Tells an agent that a ticket was given to him.
fn tell_new_owner(
    scene: &Scene<'_>,
    changes: &mut Changes<'_>,
    mint: &mut Mint,
    (by, to): (AgentId, AgentId),
    ticket: &Ticket,
) -> Result<(), Stop> {
    let (of, cause) = (AlertEvent::Assigned, mint.id());
    let news = alert::News { of, cause, ticket, by: Actor::Agent(by), by_machine: false };
    alert::tell_agent(scene, changes, mint, to, news)?;
    Ok(())
}

/// Whether the agent may wish this: to delete is a right of its own, and a ticket goes only to ticketboxes, agents and
/// categories that he may list.
fn authorize(scene: &Scene<'_>, agent: AgentId, ticket: &Ticket, wish: TicketWish) -> Result<(), Refusal> {
    match wish {
        TicketWish::Trash | TicketWish::Restore => access::delete(scene.directory, agent, ticket).map(drop),
        TicketWish::MoveTo(to) => {
            access::work_on(scene.directory, agent, ticket)?;
            if ticket.ticketbox == to { Ok(()) } else { access::put_into(scene.directory, agent, to).map(drop) }
        }
        TicketWish::Assign(Some(to)) if to != agent && ticket.owner != Some(to) => {
            access::work_on(scene.directory, agent, ticket)?;
            access::know(scene.directory, agent, Securable::Agents, to.into()).map(drop)
        }
        TicketWish::Categorise(Some(to)) if ticket.category != Some(to) => {
            access::work_on(scene.directory, agent, ticket)?;
            access::know(scene.directory, agent, Securable::Categories, to.into()).map(drop)
        }
        TicketWish::Assign(Some(to)) if to == agent && ticket.owner.is_none() => {
            access::work_on(scene.directory, agent, ticket)?;
            match scene.directory.agents.get(&agent).filter(|it| it.get_oldest) {
                None => Ok(()),
                Some(_) => {
                    Err(Refusal::invalid("owner", "you are given the ticket that has waited longest; ask for it"))
                }
            }
        }
        _ => access::work_on(scene.directory, agent, ticket).map(drop),
    }
}

/// Changes the ticket, and says what happened; `None` if it was so already.
fn apply(scene: &Scene<'_>, ticket: &mut Ticket, wish: TicketWish) -> Result<Option<What>, Refusal> {
    let directory = scene.directory;
    let what = match wish {
        TicketWish::Close if ticket.state == TicketState::Open => {
            ticket.close(scene.now);
            What::Closed
        }
        TicketWish::Reopen if ticket.state == TicketState::Closed => {
            ticket.open();
            What::Reopened
        }
        TicketWish::MoveTo(to) if ticket.ticketbox != to => {
            directory.ticketboxes.get(&to).ok_or_else(|| Refusal::no_such("ticketbox", to))?;
            What::Moved { from: std::mem::replace(&mut ticket.ticketbox, to), to }
        }
        TicketWish::Assign(to) if ticket.owner != to => {
            to.map(|id| active_agent(directory, id)).transpose()?;
            What::Assigned { from: std::mem::replace(&mut ticket.owner, to), to }
        }
        TicketWish::Prioritise(to) if ticket.priority != to => {
            What::Prioritised { from: std::mem::replace(&mut ticket.priority, to), to }
        }
        TicketWish::Categorise(to) if ticket.category != to => {
            to.map(|id| directory.categories.get(&id).ok_or_else(|| Refusal::no_such("category", id))).transpose()?;
            What::Categorised { from: std::mem::replace(&mut ticket.category, to), to }
        }
        TicketWish::Trash if ticket.trashed.is_none() => {
            ticket.trashed = Some(scene.now);
            What::Trashed
        }
        TicketWish::Restore if ticket.trashed.is_some() => {
            ticket.trashed = None;
            What::Restored
        }
        _ => return Ok(None),
    };
    Ok(Some(what))
}

/// An agent who can be given tickets.
pub(super) fn active_agent(directory: &Directory, id: AgentId) -> Result<&Agent, Refusal> {
    let agent = directory.agents.get(&id).ok_or_else(|| Refusal::no_such("agent", id))?;
    if agent.active {
        return Ok(agent);
    }
    Err(Refusal::invalid("owner", format!("`{}` is not active and gets no tickets", agent.name)))
}

/// Writes a note into a ticket. `note` is its id: asked twice for the same, it is written once.
///
/// # Errors
/// [`Stop::Refuse`] if the agent may not, or the note says nothing or too much.
pub fn note(
    scene: &Scene<'_>,
    changes: &mut Changes<'_>,
    mint: &mut Mint,
    agent: AgentId,
    (id, note): (TicketId, NoteId),
    words: &str,
) -> Result<NoteId, Stop> {
    changes.need([Key::Ticket(id), Key::Note(note)])?;
    let mut ticket =
        changes.get::<Ticket>(&Key::Ticket(id))?.cloned().ok_or_else(|| Refusal::no_such("ticket", id))?;
    access::work_on(scene.directory, agent, &ticket)?;
    if changes.get::<Note>(&Key::Note(note))?.is_some() {
        return Ok(note);
    }
    let words = text::many_lines(words.trim(), NOTE + 1);
    match words.chars().count() {
        0 => return Err(Refusal::invalid("text", "the note is empty; write something").into()),
        length if length > NOTE => {
            return Err(Refusal::invalid("text", format!("the note is too long; at most {NOTE} characters")).into());
        }
        _ => {}
    }
    changes.put(Note { id: note, ticket: id, author: agent, at: scene.now, text: words });
    trail::done(scene, changes, mint, (agent, id), What::Noted { note });
    ticket.touch(scene.now);
    changes.put(ticket);
    Ok(note)
}

/// Changes what is known of a contact. Addresses that are new must be nobody else's.
///
/// # Errors
/// [`Stop::Refuse`] if there is no such contact, or an address belongs to another one.
pub fn contact(
    scene: &Scene<'_>,
    changes: &mut Changes<'_>,
    mint: &mut Mint,
    agent: AgentId,
    wish: &Contact,
) -> Result<ContactId, Stop> {
    access::use_of(scene.directory, agent, Securable::Contacts, None, Right::Edit)?;
    let entries = wish.addresses.iter().cloned().map(Key::Address);
    changes.need(entries.chain([Key::Contact(wish.id)]).collect::<Vec<_>>())?;
    let known = changes.get::<Contact>(&Key::Contact(wish.id))?.cloned();
    for address in &wish.addresses {
        match changes.get::<AddressEntry>(&Key::Address(address.clone()))? {
            Some(entry) if entry.contact != wish.id => {
                return Err(Refusal::invalid("addresses", format!("`{address}` belongs to another contact")).into());
            }
            Some(_) => {}
            None if scene.directory.is_ours(address) => {
                return Err(Refusal::invalid("addresses", format!("`{address}` is an address of ours")).into());
            }
            None => changes.put(AddressEntry { address: address.clone(), contact: wish.id }),
        }
    }
    let gone = known.iter().flat_map(|known| &known.addresses).filter(|it| !wish.addresses.contains(it)).cloned();
    let gone: Vec<Key> = gone.map(Key::Address).collect();
    changes.need(gone.clone())?;
    gone.into_iter().for_each(|key| changes.erase(key));
    let cleaned = Contact {
        name: text::one_line(&wish.name, 200),
        notes: text::many_lines(&wish.notes, NOTE),
        created: known.as_ref().map_or(scene.now, |known| known.created),
        ..wish.clone()
    };
    let fields = different(known.as_ref(), &cleaned);
    if !fields.is_empty() {
        let what = Deed::ContactWritten { made: known.is_none(), fields };
        trail::record(scene, changes, mint, (Who::Agent(agent), About::Contact(wish.id)), what);
    }
    changes.put(cleaned);
    Ok(wish.id)
}

/// Which fields of a contact are different.
fn different(known: Option<&Contact>, wish: &Contact) -> Vec<String> {
    let fields = |contact: &Contact| serde_json::to_value(contact).ok();
    let differences = crate::audit::changes(known.and_then(fields).as_ref(), fields(wish).as_ref());
    let first = |field: &str| field.split('.').next().unwrap_or_default().to_owned();
    let mut names: Vec<String> = differences.iter().map(|change| first(&change.field)).collect();
    names.retain(|name| name != "id" && name != "created");
    names.dedup();
    names
}
