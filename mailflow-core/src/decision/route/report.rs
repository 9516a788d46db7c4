//! A report about the delivery of a mail of ours is an event at that mail (AC-21). Only what carries our token may
//! change anything; any other report is a mail like others.

use super::append::{Append, explained_by, recipient_mut};
use super::{Outcome, Routed, outgoing_of, tell};
use crate::event::{Actor, What};
use crate::explanation::Evidence;
use crate::id::{MessageId, Mint, OutgoingId, TicketId};
use crate::mail::{BounceAction, Keyring, Mail, RecipientReport};
use crate::message::{Author, Direction, Message};
use crate::outgoing::{OutgoingState, RecipientState, Reply};
use crate::routing::recipients;
use crate::store::{Changes, Key, NotLoaded};
use crate::text;
use crate::thread_entry::ThreadEntry;
use crate::ticket::{Ticket, TicketState};

/// The tickets whose tokens a report carries: in the id of the mail that it is about, and in the address that it was
/// sent to, which is the envelope sender of that mail.
pub fn tokens(keyring: &Keyring, mail: &Mail) -> Vec<TicketId> {
    let Some(bounce) = &mail.bounce else { return Vec::new() };
    let about = bounce.about.iter().flat_map(|id| keyring.find(id.as_str()));
    let addressed = recipients(mail).flat_map(|(_, address)| keyring.find(address.local()));
    about.chain(addressed).collect()
}

/// The message that a report is about, if we know its id.
pub fn message(changes: &Changes<'_>, mail: &Mail) -> Result<Option<MessageId>, NotLoaded> {
    let Some(about) = mail.bounce.as_ref().and_then(|bounce| bounce.about.as_ref()) else { return Ok(None) };
    let entry = changes.get::<ThreadEntry>(&Key::Thread(about.clone()))?;
    Ok(entry.and_then(|entry| entry.message).map(|(message, _)| message))
}

/// How the mail that a report is about is being sent.
pub fn outgoing(changes: &Changes<'_>, mail: &Mail) -> Result<Option<OutgoingId>, NotLoaded> {
    let Some(message) = message(changes, mail)? else { return Ok(None) };
    Ok(changes.get::<Message>(&Key::Message(message))?.and_then(|message| message.outgoing))
}

/// Notes a report at the mail that it is about. `None` if it is about no mail of ours, or cannot prove it.
pub fn route(changes: &mut Changes<'_>, mint: &mut Mint, append: &Append<'_>) -> Result<Option<Routed>, NotLoaded> {
    let mail = &append.reading.mail;
    let Some(bounce) = &mail.bounce else { return Ok(None) };
    let proven = tokens(append.scene.keyring, mail);
    let about = match message(changes, mail)? {
        Some(id) => changes.get::<Message>(&Key::Message(id))?.cloned(),
        None => None,
    };
    let about = about.filter(|about| about.direction == Direction::Outbound && proven.contains(&about.ticket));
    let Some(id) = about.as_ref().map(|about| about.ticket).or_else(|| proven.first().copied()) else {
        return Ok(None);
    };
    let Some(mut ticket) = changes.get::<Ticket>(&Key::Ticket(id))?.cloned() else { return Ok(None) };

    if let Some(about) = &about {
        note(changes, mint, append, about, &bounce.reports)?;
    }
    let failed = bounce.reports.iter().any(is_failure);
    if failed && ticket.state == TicketState::Closed {
        ticket.open();
        tell(changes, mint, id, append.arrival.at, Actor::System, What::Reopened);
    }
    let named = bounce.about.clone().or_else(|| mail.message_id.clone());
    let evidence = match (&bounce.about, named) {
        (Some(id), _) => Evidence::ReportAboutOurs { id: id.clone() },
        (None, _) => Evidence::TokenInAddress { header: "To".to_owned() },
    };
    let because = evidence.words();
    let row = append.row(&ticket, Author::System, explained_by(evidence));
    append.put(changes, mint, ticket, row, Actor::System)?;
    Ok(Some(Routed {
        outcome: Outcome::Bounce,
        ticket: id,
        made_ticket: false,
        message: append.message,
        because,
        may_autoreply: false,
    }))
}

/// Writes down what became of a mail of ours, for each recipient that the report names.
fn note(
    changes: &mut Changes<'_>,
    mint: &mut Mint,
    append: &Append<'_>,
    about: &Message,
    reports: &[RecipientReport],
) -> Result<(), NotLoaded> {
    let at = append.arrival.at;
    let mut outgoing = outgoing_of(changes, about.id)?;
    for report in reports {
        let action =
            report.action.unwrap_or(if is_failure(report) { BounceAction::Failed } else { BounceAction::Delayed });
        if is_failure(report)
            && let (Some(outgoing), Some(address)) = (&mut outgoing, &report.recipient)
            && let Some(recipient) = recipient_mut(outgoing, address)
        {
            recipient.state = RecipientState::Failed;
            recipient.at = Some(at);
            recipient.reply = Some(Reply {
                code: 0,
                enhanced: report.status.clone(),
                text: text::one_line(&report.diagnostic, 500),
            });
            if outgoing.pending().next().is_none() {
                outgoing.state = OutgoingState::Failed;
            }
        }
        let what = What::Reported {
            message: about.id,
            recipient: report.recipient.clone(),
            action,
            status: report.status.clone(),
        };
        tell(changes, mint, about.ticket, at, Actor::System, what);
    }
    if let Some(outgoing) = outgoing {
        changes.put(outgoing);
    }
    Ok(())
}

/// Whether a recipient will not get the mail: the report says so, or its status is of class 5 (RFC 3463).
fn is_failure(report: &RecipientReport) -> bool {
    match report.action {
        Some(action) => action == BounceAction::Failed,
        None => report.status.as_ref().is_some_and(|status| status.starts_with('5')),
    }
}
