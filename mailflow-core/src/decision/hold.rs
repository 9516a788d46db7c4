//! Undo send: what is on its way and not yet gone can be pulled back, and waits if the customer writes meanwhile
//! (features 2.4, AC-22).

use super::reply::FURTHEST;
use super::{Scene, Stop, alert, trail};
use crate::access;
use crate::audit::{About, Deed, Who};
use crate::draft::{Draft, Purpose};
use crate::event::What;
use crate::id::{AgentId, Mint, OutgoingId};
use crate::message::{Author, Message};
use crate::outgoing::{Hold, Outgoing, OutgoingState};
use crate::refusal::Refusal;
use crate::store::{Changes, Key};
use crate::ticket::{Ticket, TicketState};
use crate::time::Timestamp;

/// Pulls a message back: it is not sent, and its author's draft is as it was.
///
/// # Errors
/// [`Stop::Refuse`] if the agent did not write it, or it is too late.
pub fn pull_back(
    scene: &Scene<'_>,
    changes: &mut Changes<'_>,
    mint: &mut Mint,
    agent: AgentId,
    id: OutgoingId,
) -> Result<Draft, Stop> {
    let (mut outgoing, _) = own(scene, changes, agent, id)?;
    changes.need(outgoing.hold.iter().map(|hold| Key::of_draft(&hold.draft)))?;
    let applied = outgoing.state != OutgoingState::AwaitingApproval;
    let draft = restore_draft(scene, changes, mint, &outgoing, |draft| draft)?;
    if let Some(mut ticket) = changes.get::<Ticket>(&Key::Ticket(outgoing.ticket))?.cloned() {
        if applied {
            undo_effect(&mut ticket, &outgoing);
        }
        ticket.touch(scene.now);
        changes.put(ticket);
    }
    alert::clear_approvers(changes, &outgoing)?;
    outgoing.state = OutgoingState::Withdrawn;
    outgoing.hold = None;
    let what = What::PulledBack { message: outgoing.message };
    trail::done(scene, changes, mint, (agent, outgoing.ticket), what);
    changes.put(outgoing);
    Ok(draft)
}

/// Sends a message without waiting any longer, also if the customer wrote meanwhile.
///
/// # Errors
/// [`Stop::Refuse`] if the agent did not write it, it needs an approval, or it is not waiting.
pub fn send_now(
    scene: &Scene<'_>,
    changes: &mut Changes<'_>,
    mint: &mut Mint,
    agent: AgentId,
    id: OutgoingId,
) -> Result<(), Stop> {
    let (outgoing, _) = own(scene, changes, agent, id)?;
    if outgoing.state == OutgoingState::AwaitingApproval {
        return Err(
            Refusal::invalid("outgoing mail", "it waits for an approval; only an approver releases it").into()
        );
    }
    let done = (Who::Agent(agent), About::Ticket(outgoing.ticket));
    trail::record(scene, changes, mint, done, Deed::SentNow { message: outgoing.message });
    changes.put(Outgoing { state: OutgoingState::Queued, due: scene.now, hold: None, ..outgoing });
    Ok(())
}

/// Sends a message that waits at another time. One that waits for an approval is sent at that time, or once it is
/// released, whichever is later.
///
/// # Errors
/// [`Stop::Refuse`] if the agent did not write it, it is not waiting, or the time is none to wait for.
pub fn reschedule(
    scene: &Scene<'_>,
    changes: &mut Changes<'_>,
    mint: &mut Mint,
    agent: AgentId,
    (id, at): (OutgoingId, Timestamp),
) -> Result<(), Stop> {
    let (mut outgoing, _) = own(scene, changes, agent, id)?;
    if outgoing.state == OutgoingState::Paused {
        let problem = "the customer wrote after this was written: send it now, or pull it back";
        return Err(Refusal::invalid("send_at", problem).into());
    }
    if at <= scene.now {
        return Err(Refusal::invalid("send_at", "this time is over; choose a later one, or send it now").into());
    }
    if at > scene.now.plus(FURTHEST) {
        return Err(Refusal::invalid("send_at", "that is more than a year away; choose an earlier time").into());
    }
    outgoing.due = at;
    if let Some(hold) = &mut outgoing.hold {
        hold.draft.send_at = Some(at);
    }
    let done = (Who::Agent(agent), About::Ticket(outgoing.ticket));
    trail::record(scene, changes, mint, done, Deed::Rescheduled { message: outgoing.message, to: at });
    changes.put(outgoing);
    Ok(())
}

/// Whether a mail whose time has come has to wait for its author, because its customer wrote after it was written: the
/// answer had left nobody waiting. A forward is no answer to him.
pub(super) fn has_to_pause(outgoing: &Outgoing, ticket: &Ticket) -> bool {
    let answers = |hold: &Hold| hold.draft.purpose != Purpose::Forward;
    outgoing.hold.as_deref().is_some_and(answers) && ticket.waiting_since.is_some()
}

/// A message of the agent's that is held and not yet being sent.
fn own(
    scene: &Scene<'_>,
    changes: &Changes<'_>,
    agent: AgentId,
    id: OutgoingId,
) -> Result<(Outgoing, Message), Stop> {
    let none = || Refusal::no_such("outgoing mail", id);
    let outgoing = changes.get::<Outgoing>(&Key::Outgoing(id))?.cloned().ok_or_else(none)?;
    changes.need([Key::Ticket(outgoing.ticket), Key::Message(outgoing.message)])?;
    let message = changes.get::<Message>(&Key::Message(outgoing.message))?.cloned().ok_or_else(none)?;
    let ticket = changes.get::<Ticket>(&Key::Ticket(outgoing.ticket))?.ok_or_else(none)?;
    if message.author != Author::Agent(agent) {
        return Err(none().into());
    }
    access::work_on(scene.directory, agent, ticket)?;
    let waits =
        matches!(outgoing.state, OutgoingState::Queued | OutgoingState::Paused | OutgoingState::AwaitingApproval);
    if !waits || outgoing.hold.is_none() {
        return Err(Refusal::TooLate.into());
    }
    Ok((outgoing, message))
}

/// A step of the message has changed its ticket. If nobody else had before, its author still knows the ticket.
pub(super) fn keep_up(outgoing: &mut Outgoing, before: u32, after: u32) {
    if let Some(hold) = &mut outgoing.hold
        && hold.revision == before
    {
        hold.revision = after;
    }
}

/// Puts the draft back that a message was made of; the caller touches the ticket once after it. What its author has begun since stays, above it.
pub(super) fn restore_draft(
    scene: &Scene<'_>,
    changes: &mut Changes<'_>,
    mint: &mut Mint,
    outgoing: &Outgoing,
    change: impl FnOnce(Draft) -> Draft,
) -> Result<Draft, Stop> {
    let hold = outgoing.hold.as_ref().ok_or(Refusal::TooLate)?;
    let was = hold.draft.clone();
    let key = Key::of_draft(&was);
    let mut draft = Draft { message: mint.id(), saved: scene.now, ..was };
    // Nothing has happened since but what became of the message itself: that does not keep it from being sent again.
    if let Some(ticket) = changes.get::<Ticket>(&Key::Ticket(outgoing.ticket))?
        && ticket.revision == hold.revision
    {
        draft.seen_revision = ticket.revision.saturating_add(1);
    }
    if let Some(begun) = changes.get::<Draft>(&key)?
        && !begun.text.trim().is_empty()
    {
        draft.text = format!("{}\n\n{}", begun.text.trim_end(), draft.text);
        draft.attachments.extend(begun.attachments.iter().cloned());
    }
    let draft = change(draft);
    changes.put(draft.clone());
    Ok(draft)
}

/// The ticket is as if the message had never been written, as far as nothing else happened since.
pub(super) fn undo_effect(ticket: &mut Ticket, outgoing: &Outgoing) {
    let Some(before) = outgoing.hold.as_ref().and_then(|hold| hold.before.as_ref()) else { return };
    ticket.waiting_since = match (before.waiting_since, ticket.waiting_since) {
        (Some(then), _) => Some(then),
        (None, now) => now,
    };
    if ticket.last.as_ref().is_some_and(|last| last.message == outgoing.message) {
        ticket.last.clone_from(&before.last);
    }
    if before.closed_by_it && ticket.state == TicketState::Closed {
        ticket.open();
    }
}
