//! Answers that were begun, and what agents have seen.

use super::{Scene, Stop};
use crate::access;
use crate::draft::{Draft, Purpose};
use crate::id::{AgentId, TicketId};
use crate::message::Message;
use crate::refusal::Refusal;
use crate::session::ReadMark;
use crate::store::{Changes, Key};
use crate::text;
use crate::ticket::Ticket;

/// The most files that go with one answer.
pub const FILES: usize = 50;

/// Keeps what was begun. Its [`message`](Draft::message) stays the one that it was begun with, and so does the note that
/// it was returned with. What was sent already is not kept.
///
/// # Errors
/// [`Stop::Refuse`] if the agent may not work on the ticket, or the draft is too large.
pub fn save(scene: &Scene<'_>, changes: &mut Changes<'_>, draft: &Draft) -> Result<Draft, Stop> {
    let key = Key::of_draft(draft);
    changes.need([Key::Ticket(draft.ticket), Key::Message(draft.message), key.clone()])?;
    match (changes.get::<Ticket>(&Key::Ticket(draft.ticket))?, draft.purpose) {
        (Some(ticket), _) => access::work_on(scene.directory, draft.agent, ticket).map(drop)?,
        (None, Purpose::Opening(opening)) => {
            access::open_in(scene.directory, draft.agent, opening.ticketbox).map(drop)?;
        }
        (None, _) => return Err(Refusal::no_such("ticket", draft.ticket).into()),
    }
    if draft.attachments.len() + draft.carried.len() > FILES {
        return Err(Refusal::invalid("attachments", format!("too many files; at most {FILES}")).into());
    }
    let begun = changes.get::<Draft>(&key)?.map(|begun| (begun.message, begun.returned.clone()));
    // It was sent while it was on its way to be kept: there is nothing to write on.
    if begun.is_none() && changes.get::<Message>(&Key::Message(draft.message))?.is_some() {
        return Ok(draft.clone());
    }
    let (message, returned) = begun.unwrap_or((draft.message, None));
    let saved = Draft {
        message,
        returned,
        subject: text::one_line(&draft.subject, 1000),
        text: text::many_lines(&draft.text, super::reply::TEXT),
        saved: scene.now,
        ..draft.clone()
    };
    changes.put(saved.clone());
    Ok(saved)
}

/// Throws away what was begun at a [place](Draft::place).
///
/// # Errors
/// [`Stop::Look`] for the draft.
pub fn discard(changes: &mut Changes<'_>, agent: AgentId, place: TicketId) -> Result<(), Stop> {
    let key = Key::Draft(agent, place);
    if changes.get::<Draft>(&key)?.is_some() {
        changes.erase(key);
    }
    Ok(())
}

/// Remembers that an agent has seen a ticket as it is now.
///
/// # Errors
/// [`Stop::Refuse`] if the agent does not see the ticket.
pub fn seen(scene: &Scene<'_>, changes: &mut Changes<'_>, agent: AgentId, ticket: TicketId) -> Result<(), Stop> {
    let key = Key::ReadMark(agent, ticket);
    changes.need([Key::Ticket(ticket), key.clone()])?;
    let shown = changes.get::<Ticket>(&Key::Ticket(ticket))?.ok_or_else(|| Refusal::no_such("ticket", ticket))?;
    access::see(scene.directory, agent, shown)?;
    let revision = shown.revision;
    if changes.get::<ReadMark>(&key)?.is_none_or(|mark| mark.revision != revision) {
        changes.put(ReadMark { agent, ticket, revision });
    }
    Ok(())
}
