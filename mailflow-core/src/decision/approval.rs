//! Approving what others send: released as it is, or returned to its author (features 6).

use super::hold::{keep_up, restore_draft, undo_effect};
use super::reply::take_effect;
use super::{Scene, Stop, alert, trail};
use crate::access;
use crate::alert::AlertEvent;
use crate::approval::{Approval, Decision, Returned};
use crate::digest::Digest;
use crate::draft::Draft;
use crate::event::{Actor, What};
use crate::id::{AgentId, Mint, OutgoingId};
use crate::message::Message;
use crate::outgoing::{Outgoing, OutgoingState};
use crate::refusal::Refusal;
use crate::store::{Changes, Key};
use crate::text;
use crate::ticket::Ticket;

/// The most characters of the note that a message is returned with.
const NOTE: usize = 10_000;

/// Releases a message: from now on it is sent like any other. `raw` is the digest of the bytes that the approver looked
/// at; other bytes are not released.
///
/// # Errors
/// [`Stop::Refuse`] if the agent may not, somebody was faster, the bytes are others, or they are too many.
pub fn release(
    scene: &Scene<'_>,
    changes: &mut Changes<'_>,
    mint: &mut Mint,
    agent: AgentId,
    id: OutgoingId,
    raw: Digest,
) -> Result<(), Stop> {
    let (mut outgoing, approval) = waiting(scene, changes, agent, id)?;
    changes.need([Key::Ticket(outgoing.ticket), Key::Message(outgoing.message)])?;
    if outgoing.raw != raw {
        return Err(Refusal::invalid("message", "it is not the one that you looked at; look at it again").into());
    }
    if let Some(destination) = scene.directory.destinations.get(&outgoing.destination)
        && outgoing.size > destination.max_bytes
    {
        let (size, max) = (outgoing.size, destination.max_bytes);
        return Err(Refusal::TooLarge { size, max, destination: destination.name.clone() }.into());
    }
    // Whoever had a part in it can change his mind as long as he is used to.
    let undo_of = |id| scene.directory.agents.get(&id).map(crate::agent::Agent::undo_send).unwrap_or_default();
    let undo = undo_of(approval.author).max(undo_of(agent));
    outgoing.state = OutgoingState::Queued;
    outgoing.due = outgoing.due.max(scene.now.plus(undo));
    let author = approval.author;
    alert::clear_approvers(changes, &outgoing)?;
    outgoing.approval = Some(Approval { decision: Some(decision(scene, agent, None)), ..approval });
    let message = changes.get::<Message>(&Key::Message(outgoing.message))?.cloned();
    if let (Some(message), Some(mut ticket)) =
        (message, changes.get::<Ticket>(&Key::Ticket(outgoing.ticket))?.cloned())
    {
        let before = ticket.revision;
        take_effect(scene, changes, mint, &mut ticket, &message, &mut outgoing);
        keep_up(&mut outgoing, before, ticket.revision);
        tell_author(scene, changes, mint, (author, agent), AlertEvent::Approved, &outgoing, &ticket)?;
        changes.put(ticket);
    }
    let what = What::Approved { message: outgoing.message };
    trail::done(scene, changes, mint, (agent, outgoing.ticket), what);
    changes.put(outgoing);
    Ok(())
}

/// Takes a release back, as long as the message is held: it waits for an approval again.
///
/// # Errors
/// [`Stop::Refuse`] if this agent has not released it, or it is too late.
pub fn take_back(
    scene: &Scene<'_>,
    changes: &mut Changes<'_>,
    mint: &mut Mint,
    agent: AgentId,
    id: OutgoingId,
) -> Result<(), Stop> {
    let none = || Refusal::no_such("outgoing mail", id);
    let mut outgoing = changes.get::<Outgoing>(&Key::Outgoing(id))?.cloned().ok_or_else(none)?;
    let mut approval = outgoing.approval.clone().ok_or_else(none)?;
    access::take_part(scene.directory, agent)?;
    let his = approval.decision.as_ref().is_some_and(|it| it.by == agent && it.returned.is_none());
    if !his {
        return Err(none().into());
    }
    if outgoing.hold.is_none() || !matches!(outgoing.state, OutgoingState::Queued | OutgoingState::Paused) {
        return Err(Refusal::TooLate.into());
    }
    if let Some(mut ticket) = changes.get::<Ticket>(&Key::Ticket(outgoing.ticket))?.cloned() {
        let before = ticket.revision;
        undo_effect(&mut ticket, &outgoing);
        ticket.touch(scene.now);
        keep_up(&mut outgoing, before, ticket.revision);
        // The author is not told any more that it was released; those who may approve are told again that it waits.
        alert::clear(changes, approval.author, &[outgoing.id.into()])?;
        alert::clear_approvers(changes, &outgoing)?;
        approval.told = alert::tell_approvers(scene, changes, mint, &outgoing, (&ticket, Some(agent)))?;
        changes.put(ticket);
    }
    if let Some(hold) = &mut outgoing.hold {
        hold.before = None;
    }
    outgoing.due = outgoing.hold.as_ref().and_then(|hold| hold.draft.send_at).unwrap_or(outgoing.created);
    outgoing.state = OutgoingState::AwaitingApproval;
    outgoing.approval = Some(Approval { decision: None, ..approval });
    let what = What::ReleaseTakenBack { message: outgoing.message };
    trail::done(scene, changes, mint, (agent, outgoing.ticket), what);
    changes.put(outgoing);
    Ok(())
}

/// Returns a message to its author: it is not sent, and his draft is back with the note.
///
/// # Errors
/// [`Stop::Refuse`] if the agent may not, somebody was faster, or the note says nothing.
pub fn give_back(
    scene: &Scene<'_>,
    changes: &mut Changes<'_>,
    mint: &mut Mint,
    agent: AgentId,
    id: OutgoingId,
    note: &str,
) -> Result<(), Stop> {
    let (mut outgoing, approval) = waiting(scene, changes, agent, id)?;
    let draft = outgoing.hold.iter().map(|hold| Key::of_draft(&hold.draft));
    changes.need(draft.chain([Key::Ticket(outgoing.ticket)]))?;
    let note = text::many_lines(note.trim(), NOTE);
    if note.is_empty() {
        return Err(Refusal::invalid("note", "say what is to be changed").into());
    }
    let returned = Returned { by: agent, at: scene.now, note: note.clone(), message: Some(outgoing.message) };
    restore_draft(scene, changes, mint, &outgoing, |draft| Draft { returned: Some(returned), ..draft })?;
    let author = approval.author;
    alert::clear_approvers(changes, &outgoing)?;
    outgoing.state = OutgoingState::Withdrawn;
    outgoing.hold = None;
    outgoing.approval = Some(Approval { decision: Some(decision(scene, agent, Some(note))), ..approval });
    let what = What::ReturnedToAuthor { message: outgoing.message };
    trail::done(scene, changes, mint, (agent, outgoing.ticket), what);
    if let Some(mut ticket) = changes.get::<Ticket>(&Key::Ticket(outgoing.ticket))?.cloned() {
        ticket.touch(scene.now);
        tell_author(scene, changes, mint, (author, agent), AlertEvent::Returned, &outgoing, &ticket)?;
        changes.put(ticket);
    }
    changes.put(outgoing);
    Ok(())
}

/// Tells the author what somebody decided about his message.
fn tell_author(
    scene: &Scene<'_>,
    changes: &mut Changes<'_>,
    mint: &mut Mint,
    (author, by): (AgentId, AgentId),
    of: AlertEvent,
    outgoing: &Outgoing,
    ticket: &Ticket,
) -> Result<(), Stop> {
    let by = Actor::Agent(by);
    let news = alert::News { of, cause: outgoing.id.into(), ticket, by, by_machine: false };
    alert::tell_agent(scene, changes, mint, author, news)?;
    Ok(())
}

const fn decision(scene: &Scene<'_>, by: AgentId, returned: Option<String>) -> Decision {
    Decision { by, at: scene.now, returned }
}

/// The message, if it waits for an approval that this agent may give.
fn waiting(
    scene: &Scene<'_>,
    changes: &Changes<'_>,
    agent: AgentId,
    id: OutgoingId,
) -> Result<(Outgoing, Approval), Stop> {
    let none = || Refusal::no_such("outgoing mail", id);
    let outgoing = changes.get::<Outgoing>(&Key::Outgoing(id))?.cloned().ok_or_else(none)?;
    let approval = outgoing.approval.clone().ok_or_else(none)?;
    access::approve(scene.directory, agent, &approval).map_err(|refusal| match refusal {
        Refusal::SignIn => refusal,
        _ => none(),
    })?;
    if let Some(decision) = &approval.decision {
        let by = scene.directory.agents.get(&decision.by).map(|by| by.name.clone()).unwrap_or_default();
        let what = if decision.returned.is_some() { "returned" } else { "released" };
        return Err(Refusal::Decided { what, by, at: decision.at }.into());
    }
    if outgoing.state != OutgoingState::AwaitingApproval {
        let by = scene.directory.agents.get(&approval.author).map(|by| by.name.clone()).unwrap_or_default();
        return Err(Refusal::Decided { what: "pulled back", by, at: scene.now }.into());
    }
    Ok((outgoing, approval))
}
