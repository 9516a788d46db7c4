//! Which ticket a mail belongs to: the traces in it, weighed in their order (features 3.5, AC-01 to AC-09).

use std::time::Duration;

use super::{Reading, Scene, people};
use crate::explanation::{Evidence, SetAside};
use crate::id::TicketId;
use crate::mail::{Mail, ThreadId, subject_tag};
use crate::routing::{Placement, Trace, bare_subject, recipients, traces};
use crate::store::{Changes, Key, NotLoaded};
use crate::thread_entry::ThreadEntry;
use crate::ticket::{LinkKind, Ticket, TicketLink, TicketState};
use crate::ticketbox::Reopen;

/// What the traces of a mail came to.
#[derive(Debug, Default)]
pub struct Chosen {
    /// The ticket that it belongs to, and what says so.
    pub ticket: Option<(Ticket, Evidence)>,
    /// What pointed elsewhere.
    pub set_aside: Vec<SetAside>,
    /// What a new ticket has to do with another one.
    pub link: Option<TicketLink>,
}

impl Chosen {
    /// A rule makes a new ticket of the mail, whatever it answers.
    pub fn set_apart(&mut self, rule: &str) {
        if let Some((ticket, _)) = self.ticket.take() {
            aside(self, &ticket, &format!("is what it answers, but rule `{rule}` makes a new ticket of it"));
            self.link = Some(link(&ticket, LinkKind::Continues));
        }
    }
}

/// How far a merged ticket is followed.
const MERGES_FOLLOWED: usize = 16;
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Weighs the traces. The first that holds chooses; a proof that is not followed (another ticketbox, a closed ticket
/// that stays closed) ends the search with a link.
pub fn choose(scene: &Scene<'_>, changes: &Changes<'_>, reading: &Reading) -> Result<Chosen, NotLoaded> {
    let mail = &reading.mail;
    let mut chosen = Chosen::default();
    for (ticket, evidence) in proofs(scene, changes, mail)? {
        if let Some(ticket) = resolve(changes, ticket)? {
            judge(scene, mail, ticket, evidence, &mut chosen);
            if chosen.ticket.is_some() || chosen.link.is_some() {
                return Ok(chosen);
            }
        }
    }
    for (ticket, evidence) in hints(scene, changes, mail)? {
        let Some(ticket) = resolve(changes, ticket)? else { continue };
        if people::participants(scene, mail).any(|address| ticket.has_participant(address)) {
            judge(scene, mail, ticket, evidence, &mut chosen);
            if chosen.ticket.is_some() || chosen.link.is_some() {
                return Ok(chosen);
            }
        } else {
            aside(&mut chosen, &ticket, "names the same mails, but they share no participant");
        }
    }
    numbers(scene, changes, mail, &mut chosen)?;
    Ok(chosen)
}

/// The newest open ticket of the sender with the same subject, where the ticketbox matches by that.
pub fn by_subject(
    scene: &Scene<'_>,
    changes: &Changes<'_>,
    reading: &Reading,
    placement: &Placement,
) -> Result<Option<Ticket>, NotLoaded> {
    let wanted = scene.directory.ticketboxes.get(&placement.ticketbox);
    if !wanted.is_some_and(|ticketbox| ticketbox.match_by_subject_and_sender) {
        return Ok(None);
    }
    let subject = bare_subject(&reading.mail.subject);
    for id in &reading.open_of_sender {
        if let Some(ticket) = changes.get::<Ticket>(&Key::Ticket(*id))?
            && ticket.state == TicketState::Open
            && ticket.trashed.is_none()
            && ticket.ticketbox == placement.ticketbox
            && bare_subject(&ticket.subject) == subject
            && people::from(&reading.mail).is_some_and(|from| ticket.has_participant(from))
        {
            return Ok(Some(ticket.clone()));
        }
    }
    Ok(None)
}

/// Tokens of ours, then ids of messages that we have.
fn proofs(scene: &Scene<'_>, changes: &Changes<'_>, mail: &Mail) -> Result<Vec<(TicketId, Evidence)>, NotLoaded> {
    let traces = traces(mail, scene.keyring);
    let mut proofs = Vec::new();
    for trace in &traces {
        match trace {
            Trace::Token(ticket, evidence) => proofs.push((*ticket, evidence.clone())),
            Trace::Answers(id) => {
                let entry = changes.get::<ThreadEntry>(&Key::Thread(id.clone()))?;
                let known = entry.and_then(|entry| entry.message);
                proofs.extend(known.map(|(_, ticket)| (ticket, Evidence::KnownId { id: id.clone() })));
            }
            Trace::Itself(_) | Trace::Number(_) => {}
        }
    }
    Ok(proofs)
}

/// Ids that other mails named, of mails that we do not have.
fn hints(scene: &Scene<'_>, changes: &Changes<'_>, mail: &Mail) -> Result<Vec<(TicketId, Evidence)>, NotLoaded> {
    let mut hints = Vec::new();
    for trace in traces(mail, scene.keyring) {
        let (id, evidence): (_, fn(ThreadId) -> Evidence) = match trace {
            Trace::Answers(id) => (id, |id| Evidence::SharedAncestor { id }),
            Trace::Itself(id) => (id, |id| Evidence::NamedByLater { id }),
            Trace::Token(..) | Trace::Number(_) => continue,
        };
        if let Some(entry) = changes.get::<ThreadEntry>(&Key::Thread(id.clone()))?
            && entry.message.is_none()
        {
            hints.extend(entry.telling().iter().map(|ticket| (*ticket, evidence(id.clone()))));
        }
    }
    Ok(hints)
}

/// A number in the subject: followed for those who take part, a link for the rest (AC-01).
fn numbers(scene: &Scene<'_>, changes: &Changes<'_>, mail: &Mail, chosen: &mut Chosen) -> Result<(), NotLoaded> {
    for trace in traces(mail, scene.keyring) {
        let Trace::Number(number) = trace else { continue };
        let Some(id) = changes.get::<Ticket>(&Key::TicketNumber(number))?.map(|ticket| ticket.id) else { continue };
        let Some(ticket) = resolve(changes, id)? else { continue };
        if people::from(mail).is_some_and(|from| ticket.has_participant(from)) {
            judge(scene, mail, ticket, Evidence::NumberInSubject { number }, chosen);
        } else if mail.subject.contains(&subject_tag(number)) {
            aside(chosen, &ticket, "is named in the subject, but the sender takes no part in it");
            chosen.link.get_or_insert_with(|| link(&ticket, LinkKind::ClaimsToBelongTo));
        }
        if chosen.ticket.is_some() {
            chosen.link = None;
            break;
        }
    }
    Ok(())
}

/// The ticket, or the one that it was merged into; `None` if it is gone.
fn resolve(changes: &Changes<'_>, id: TicketId) -> Result<Option<Ticket>, NotLoaded> {
    let mut id = id;
    for _ in 0..MERGES_FOLLOWED {
        let Some(ticket) = changes.get::<Ticket>(&Key::Ticket(id))? else { return Ok(None) };
        match ticket.merged_into {
            Some(into) => id = into,
            None => return Ok(Some(ticket.clone())),
        }
    }
    Ok(None)
}

/// Follows a trace to a ticket, or sets it aside with the reason.
fn judge(scene: &Scene<'_>, mail: &Mail, ticket: Ticket, evidence: Evidence, chosen: &mut Chosen) {
    let (because, kind) = if ticket.trashed.is_some() {
        ("is in the trash", LinkKind::Continues)
    } else if addressed_elsewhere(scene, mail, &ticket) {
        ("is in another ticketbox than the one that the mail was sent to", LinkKind::AddressedElsewhere)
    } else if stays_closed(scene, mail, &ticket) {
        ("is closed and is not opened again", LinkKind::Continues)
    } else if new_subject(scene, mail, &ticket) {
        ("is closed or has been quiet for long, and the subject is another", LinkKind::Continues)
    } else {
        chosen.ticket = Some((ticket, evidence));
        return;
    };
    aside(chosen, &ticket, because);
    chosen.link = Some(link(&ticket, kind));
}

/// Whether the mail was sent to addresses of ours, and to none that the ticket has to do with (AC-06).
fn addressed_elsewhere(scene: &Scene<'_>, mail: &Mail, ticket: &Ticket) -> bool {
    let mut ours = recipients(mail).filter(|(_, address)| scene.directory.is_ours(address)).peekable();
    ours.peek().is_some()
        && !ours.any(|(_, address)| {
            ticket.our_addresses.contains(&address.without_tag())
                || scene.directory.ticketbox_at(address).is_some_and(|it| it.id == ticket.ticketbox)
        })
}

/// Whether the ticket is closed, and its ticketbox does not open it again for a customer's mail. What a machine wrote
/// joins it and leaves it closed.
fn stays_closed(scene: &Scene<'_>, mail: &Mail, ticket: &Ticket) -> bool {
    let by_machine = mail.automatic.as_ref().is_some_and(|automatic| automatic.machine);
    if ticket.state == TicketState::Open || by_machine {
        return false;
    }
    match scene.directory.ticketboxes.get(&ticket.ticketbox).map(|it| it.reopen).unwrap_or_default() {
        Reopen::Always => false,
        Reopen::Never => true,
        Reopen::WithinDays(days) => scene.now.since(ticket.closed.unwrap_or(ticket.updated)) >= DAY * days,
    }
}

/// Whether a mail with another subject begins a new ticket here (AC-07).
fn new_subject(scene: &Scene<'_>, mail: &Mail, ticket: &Ticket) -> bool {
    let days = scene.directory.ticketboxes.get(&ticket.ticketbox).and_then(|it| it.new_subject_days);
    days.is_some_and(|days| {
        let quiet = scene.now.since(ticket.updated) >= DAY * days;
        (ticket.state == TicketState::Closed || quiet) && bare_subject(&mail.subject) != bare_subject(&ticket.subject)
    })
}

fn aside(chosen: &mut Chosen, ticket: &Ticket, because: &str) {
    if chosen.set_aside.iter().all(|aside| aside.ticket != ticket.id) && chosen.set_aside.len() < 8 {
        let because = format!("#{} {because}", ticket.number);
        chosen.set_aside.push(SetAside { ticket: ticket.id, number: ticket.number, because });
    }
}

const fn link(ticket: &Ticket, kind: LinkKind) -> TicketLink {
    TicketLink { ticket: ticket.id, number: ticket.number, kind }
}
