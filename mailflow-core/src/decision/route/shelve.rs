//! A mail that ends whoever reads it: it still becomes a ticket (AC-14), as it came.

use super::{Outcome, Routed, Scene, Stop, tell};
use crate::arrival::{Arrival, ArrivalState};
use crate::digest::Digest;
use crate::event::{Actor, What};
use crate::explanation::{Explanation, PlacedBy};
use crate::id::{Mint, SourceId};
use crate::mail::Mail;
use crate::message::Message;
use crate::store::{Changes, Key};
use crate::ticket::Ticket;
use crate::ticketbox::UNASSIGNED;

/// Makes a ticket of an arrival that cannot be read: with the raw mail, and a note that says so.
///
/// # Errors
/// [`Stop::Look`] for the arrival.
pub fn shelve(
    scene: &Scene<'_>,
    changes: &mut Changes<'_>,
    mint: &mut Mint,
    source: SourceId,
    digest: Digest,
) -> Result<Option<Routed>, Stop> {
    let Some(arrival) = changes.get::<Arrival>(&Key::Arrival(source, digest))?.cloned() else { return Ok(None) };
    if arrival.state != ArrivalState::Received {
        return Ok(None);
    }
    let ticketbox = scene.directory.sources.get(&source).and_then(|source| source.ticketbox).unwrap_or(UNASSIGNED);
    let mut ticket = Ticket::new(mint.id(), ticketbox, "A mail that could not be read", arrival.at);
    ticket.source = Some(source);
    let because = "reading the mail failed; its raw bytes are attached".to_owned();
    let row = Message {
        id: mint.id(),
        ticket: ticket.id,
        at: arrival.at,
        subject: ticket.subject.clone(),
        text: "mailflow could not read this mail. It is kept exactly as it came: see the raw source.\n".to_owned(),
        raw: Some(digest),
        size: arrival.size,
        explanation: Some(Explanation {
            placed_by: Some(PlacedBy::SourceTicketbox),
            no_automatic_answer: Some(because.clone()),
            ..Explanation::default()
        }),
        ..super::append::row_of_mail(&Mail::default())
    };
    let (message, id) = (row.id, ticket.id);
    tell(changes, mint, id, arrival.at, Actor::System, What::Created);
    tell(changes, mint, id, arrival.at, Actor::System, What::Received { message });
    super::append::count(&mut ticket, &row);
    changes.number_from(scene.directory.settings.first_ticket_number);
    changes.put(Arrival { state: ArrivalState::Shelved { ticket: id, message }, ..arrival });
    changes.put(row);
    changes.put(ticket);
    Ok(Some(Routed {
        outcome: Outcome::Unreadable,
        ticket: id,
        made_ticket: true,
        message,
        because,
        may_autoreply: false,
    }))
}
