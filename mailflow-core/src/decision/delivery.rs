//! Sending: what is claimed, what came of it, when it is tried again (AC-22).

use std::time::Duration;

use super::{Scene, Stop, hold, tell, trail};
use crate::access::{self};
use crate::audit::{About, Deed, Who};
use crate::destination::PerhapsSent;
use crate::event::{Actor, What};
use crate::id::{AgentId, Mint, OutgoingId};
use crate::mail::Address;
use crate::outgoing::{Outgoing, OutgoingState, Recipient, RecipientState, Reply, RunId};
use crate::refusal::Refusal;
use crate::store::{Changes, Key};
use crate::text;
use crate::ticket::{Ticket, TicketState};
use crate::time::Timestamp;
use crate::transport::{Answer, TransportError, TransportErrorKind, Verdict};

/// What came of one try to send a mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tried {
    /// The server answered for each recipient.
    Answered(Vec<Answer>),
    /// It was not sent, and may be tried again.
    NotSent(String),
    /// It was not sent, and never will be as it is.
    NeverSent(String),
    /// Nobody knows: the connection was lost after the last byte.
    PerhapsSent(String),
}

impl Tried {
    /// What a transport's answer means.
    #[must_use]
    pub fn of(result: Result<Vec<Answer>, TransportError>) -> Self {
        match result {
            Ok(answers) => Self::Answered(answers),
            Err(error) if error.may_have_sent() => Self::PerhapsSent(error.to_string()),
            Err(error) if error.kind() == TransportErrorKind::Permanent => Self::NeverSent(error.to_string()),
            Err(error) => Self::NotSent(error.to_string()),
        }
    }
}

/// Takes a mail that is due, so that nobody else sends it. `None` if it is not to be sent any more, or not yet.
///
/// # Errors
/// [`Stop::Look`] for the mail.
pub fn claim(
    scene: &Scene<'_>,
    changes: &mut Changes<'_>,
    mint: &mut Mint,
    id: OutgoingId,
    run: RunId,
) -> Result<Option<Outgoing>, Stop> {
    let Some(outgoing) = changes.get::<Outgoing>(&Key::Outgoing(id))?.cloned() else { return Ok(None) };
    if outgoing.state != OutgoingState::Queued || outgoing.due > scene.now || outgoing.pending().next().is_none() {
        return Ok(None);
    }
    if outgoing.hold.is_some()
        && let Some(ticket) = changes.get::<Ticket>(&Key::Ticket(outgoing.ticket))?
        && hold::has_to_pause(&outgoing, ticket)
    {
        let (ticket, message) = (ticket.id, outgoing.message);
        tell(changes, mint, ticket, scene.now, Actor::System, What::Paused { message });
        changes.put(Outgoing { state: OutgoingState::Paused, ..outgoing });
        return Ok(None);
    }
    if outgoing.sender.is_none() && outgoing.attempts == 0 && outgoing.due > outgoing.created {
        let Some(mut ticket) = changes.get::<Ticket>(&Key::Ticket(outgoing.ticket))?.cloned() else {
            return Ok(None);
        };
        if ticket.waiting_since.is_none() || ticket.state == TicketState::Closed || ticket.trashed.is_some() {
            // An answer that waited whether somebody else would be faster, and somebody was.
            changes.put(Outgoing { state: OutgoingState::Withdrawn, ..outgoing });
            return Ok(None);
        }
        let ticketbox = scene.directory.ticketboxes.get(&ticket.ticketbox);
        if ticketbox.and_then(|it| it.auto_reply.as_ref()).is_some_and(|it| it.close) {
            ticket.close(scene.now);
            changes.put(ticket);
        }
    }
    let claimed = Outgoing {
        state: OutgoingState::Sending { run },
        hold: None,
        attempts: outgoing.attempts.saturating_add(1),
        first_tried: outgoing.first_tried.or(Some(scene.now)),
        ..outgoing
    };
    changes.put(claimed.clone());
    Ok(Some(claimed))
}

/// Writes down what came of a try.
///
/// # Errors
/// [`Stop::Look`] for the mail and its ticket.
pub fn settle(
    scene: &Scene<'_>,
    changes: &mut Changes<'_>,
    mint: &mut Mint,
    id: OutgoingId,
    run: RunId,
    tried: &Tried,
) -> Result<Option<OutgoingState>, Stop> {
    let Some(mut outgoing) = changes.get::<Outgoing>(&Key::Outgoing(id))?.cloned() else { return Ok(None) };
    if outgoing.state != (OutgoingState::Sending { run }) {
        return Ok(None);
    }
    match tried {
        Tried::Answered(answers) => {
            outgoing.trouble.clear();
            answers.iter().for_each(|answer| answered(&mut outgoing, answer, scene.now));
        }
        Tried::NotSent(trouble) => {
            outgoing.trouble = text::one_line(trouble, 500);
            each_pending(&mut outgoing, RecipientState::Deferred, scene.now);
        }
        Tried::NeverSent(trouble) => {
            outgoing.trouble = text::one_line(trouble, 500);
            each_pending(&mut outgoing, RecipientState::Failed, scene.now);
        }
        Tried::PerhapsSent(trouble) => perhaps_sent(scene, changes, mint, &mut outgoing, trouble)?,
    }
    if outgoing.state != OutgoingState::PerhapsSent {
        rest(scene, &mut outgoing);
    }
    let state = outgoing.state;
    report(scene, changes, mint, &outgoing)?;
    changes.put(outgoing);
    Ok(Some(state))
}

/// What another run was sending when it ended was perhaps sent.
///
/// # Errors
/// [`Stop::Look`] for the mail and its ticket.
pub fn reclaim(
    scene: &Scene<'_>,
    changes: &mut Changes<'_>,
    mint: &mut Mint,
    id: OutgoingId,
    run: RunId,
) -> Result<(), Stop> {
    match changes.get::<Outgoing>(&Key::Outgoing(id))?.map(|outgoing| outgoing.state) {
        Some(OutgoingState::Sending { run: other }) if other != run => {
            let trouble = "mailflow was stopped while it was sending".to_owned();
            settle(scene, changes, mint, id, other, &Tried::PerhapsSent(trouble)).map(drop)
        }
        _ => Ok(()),
    }
}

/// How long to wait before the next try, after so many: 1, 2, 5, 10, 20, 30 minutes, then every hour.
#[must_use]
pub const fn backoff(attempts: u32) -> Duration {
    Duration::from_secs(
        60 * match attempts {
            0 | 1 => 1,
            2 => 2,
            3 => 5,
            4 => 10,
            5 => 20,
            6 => 30,
            _ => 60,
        },
    )
}

/// What an agent wants of a mail that was not delivered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Remedy {
    /// It is tried again, now, for those who have not got it.
    Retry,
    /// One recipient's address was wrong: it is sent to another one.
    Correct {
        /// The wrong address.
        from: Address,
        /// The right one.
        to: Address,
    },
    /// It is not sent any more.
    Withdraw,
}

/// Does what an agent wants of a mail that was not delivered, or not yet.
///
/// # Errors
/// [`Stop::Refuse`] if the agent may not, or the mail is sent or being sent.
pub fn remedy(
    scene: &Scene<'_>,
    changes: &mut Changes<'_>,
    mint: &mut Mint,
    agent: AgentId,
    (id, remedy): (OutgoingId, &Remedy),
) -> Result<(), Stop> {
    let none = || Refusal::no_such("outgoing mail", id);
    let mut outgoing = changes.get::<Outgoing>(&Key::Outgoing(id))?.cloned().ok_or_else(none)?;
    let ticket = changes.get::<Ticket>(&Key::Ticket(outgoing.ticket))?.ok_or_else(none)?;
    access::see(scene.directory, agent, ticket).map_err(|_| none())?;
    access::work_on(scene.directory, agent, ticket)?;
    match outgoing.state {
        OutgoingState::Sending { .. } => {
            return Err(
                Refusal::invalid("outgoing mail", "it is being sent right now; look again in a moment").into()
            );
        }
        OutgoingState::Sent => return Err(Refusal::invalid("outgoing mail", "it is sent already").into()),
        OutgoingState::AwaitingApproval => {
            let problem = "it waits for an approval; only an approver releases it";
            return Err(Refusal::invalid("outgoing mail", problem).into());
        }
        OutgoingState::Withdrawn if outgoing.attempts == 0 => {
            return Err(Refusal::invalid("outgoing mail", "it was pulled back; write it again").into());
        }
        OutgoingState::Queued
        | OutgoingState::Paused
        | OutgoingState::Failed
        | OutgoingState::PerhapsSent
        | OutgoingState::Withdrawn => {}
    }
    // What was approved goes to whom it was approved for, unless somebody who may approve says otherwise.
    if let (Some(approval), Remedy::Correct { .. }) = (&outgoing.approval, remedy) {
        access::approve(scene.directory, agent, approval)?;
    }
    match remedy {
        Remedy::Withdraw => outgoing.state = OutgoingState::Withdrawn,
        Remedy::Retry => again(scene, &mut outgoing),
        Remedy::Correct { from, to } => {
            let wrong =
                outgoing.recipients.iter_mut().find(|it| it.address == *from && it.state != RecipientState::Sent);
            *wrong.ok_or_else(|| Refusal::no_such("recipient", from))? = Recipient::new(to.clone());
            again(scene, &mut outgoing);
        }
    }
    let how = match remedy {
        Remedy::Retry => "sent again".to_owned(),
        Remedy::Correct { from, to } => format!("sent to {to} instead of {from}"),
        Remedy::Withdraw => "given up".to_owned(),
    };
    let what = Deed::Remedied { message: outgoing.message, how };
    trail::record(scene, changes, mint, (Who::Agent(agent), About::Ticket(outgoing.ticket)), what);
    changes.put(outgoing);
    Ok(())
}

fn again(scene: &Scene<'_>, outgoing: &mut Outgoing) {
    for recipient in &mut outgoing.recipients {
        if recipient.state != RecipientState::Sent {
            recipient.state = RecipientState::Queued;
        }
    }
    outgoing.state = OutgoingState::Queued;
    outgoing.due = scene.now;
    outgoing.hold = None;
    outgoing.first_tried = None;
    outgoing.trouble.clear();
}

fn answered(outgoing: &mut Outgoing, answer: &Answer, now: Timestamp) {
    let asked = outgoing.recipients.iter_mut().find(|it| it.address == answer.recipient && it.is_pending());
    if let Some(recipient) = asked {
        recipient.state = match answer.verdict {
            Verdict::Accepted => RecipientState::Sent,
            Verdict::Deferred => RecipientState::Deferred,
            Verdict::Refused => RecipientState::Failed,
        };
        recipient.reply = Some(answer.reply.clone());
        recipient.at = Some(now);
    }
}

fn each_pending(outgoing: &mut Outgoing, state: RecipientState, now: Timestamp) {
    let reply = Reply { code: 0, enhanced: None, text: outgoing.trouble.clone() };
    for recipient in outgoing.recipients.iter_mut().filter(|recipient| recipient.is_pending()) {
        recipient.state = state;
        recipient.reply = Some(reply.clone());
        recipient.at = Some(now);
    }
}

fn perhaps_sent(
    scene: &Scene<'_>,
    changes: &mut Changes<'_>,
    mint: &mut Mint,
    outgoing: &mut Outgoing,
    trouble: &str,
) -> Result<(), Stop> {
    outgoing.trouble = text::one_line(trouble, 500);
    outgoing.may_be_double = true;
    let policy =
        scene.directory.destinations.get(&outgoing.destination).map(|it| it.perhaps_sent).unwrap_or_default();
    match policy {
        PerhapsSent::Hold => outgoing.state = OutgoingState::PerhapsSent,
        PerhapsSent::Retry => each_pending(outgoing, RecipientState::Deferred, scene.now),
    }
    if !outgoing.alert {
        let what = What::PerhapsSent { message: outgoing.message };
        tell(changes, mint, outgoing.ticket, scene.now, Actor::System, what);
    }
    Ok(())
}

/// Where the mail stands after a try: done, to be tried again, or given up.
fn rest(scene: &Scene<'_>, outgoing: &mut Outgoing) {
    let retry_for = scene.directory.destinations.get(&outgoing.destination).map_or(24 * 60 * 60, |it| it.retry_for_s);
    let given_up =
        outgoing.first_tried.is_some_and(|first| scene.now.since(first) >= Duration::from_secs(u64::from(retry_for)));
    if given_up {
        for recipient in outgoing.recipients.iter_mut().filter(|it| it.is_pending()) {
            recipient.state = RecipientState::Failed;
            recipient.at = Some(scene.now);
        }
    }
    outgoing.state = if outgoing.pending().next().is_some() {
        outgoing.due = scene.now.plus(backoff(outgoing.attempts));
        OutgoingState::Queued
    } else if outgoing.recipients.iter().any(|recipient| recipient.state == RecipientState::Failed) {
        OutgoingState::Failed
    } else {
        OutgoingState::Sent
    };
}

/// Tells the ticket what became of its mail. One that failed opens the ticket again: somebody has to look.
fn report(scene: &Scene<'_>, changes: &mut Changes<'_>, mint: &mut Mint, outgoing: &Outgoing) -> Result<(), Stop> {
    if outgoing.alert {
        return Ok(());
    }
    let Some(mut ticket) = changes.get::<Ticket>(&Key::Ticket(outgoing.ticket))?.cloned() else { return Ok(()) };
    let (id, message, now) = (ticket.id, outgoing.message, scene.now);
    for failed in outgoing.recipients.iter().filter(|it| it.state == RecipientState::Failed && it.at == Some(now)) {
        let because = failed.reply.as_ref().map(Reply::to_string).unwrap_or_default();
        let what = What::NotDelivered { message, recipient: failed.address.clone(), because };
        tell(changes, mint, id, now, Actor::System, what);
    }
    match outgoing.state {
        OutgoingState::Sent => tell(changes, mint, id, now, Actor::System, What::Sent { message }),
        OutgoingState::Failed if ticket.state == TicketState::Closed => {
            ticket.open();
            tell(changes, mint, id, now, Actor::System, What::Reopened);
        }
        _ => {}
    }
    ticket.updated = ticket.updated.max(now);
    changes.put(ticket);
    Ok(())
}
