//! What an agent sends, an answer, a forward or the first message of a ticket: a message, a mail that has to be sent, and
//! what both do to the ticket, in one changeset.

mod forward;
mod letter;
mod opening;

use std::time::Duration;

pub use self::forward::{FORWARDED, forward_subject, forwarded};
use self::letter::Letter;
use super::route::essence;
use super::{Scene, Stop, tell};
use crate::access;
use crate::approval::Returned;
use crate::digest::Digest;
use crate::draft::{Draft, Purpose, Upload};
use crate::event::{Actor, What};
use crate::id::{AgentId, MessageId, Mint, TicketId};
use crate::mail::{Address, Enclosure, Limits, Mailbox, compose, parse};
use crate::message::{Author, Direction, Message};
pub use crate::outgoing::AfterReply;
use crate::outgoing::{Before, Hold, Outgoing};
use crate::refusal::Refusal;
use crate::signature::Signature;
use crate::store::{Changes, Key};
use crate::text;
use crate::ticket::{Excerpt, Ticket, TicketState};
use crate::time::Timestamp;

/// The most characters of an answer.
pub const TEXT: usize = 1_000_000;
/// How far ahead an answer can be sent later.
pub(super) const FURTHEST: Duration = Duration::from_secs(366 * 24 * 60 * 60);
/// The most recipients of one answer.
pub const RECIPIENTS: usize = 500;

/// An answer as an agent wishes it, a forward, or the first message of a ticket.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reply {
    /// What it is for.
    pub purpose: Purpose,
    /// The message that it answers, `None` means the ticket as a whole; or that it forwards.
    pub answers: Option<MessageId>,
    /// The address of ours that it is from; `None` means the ticketbox's.
    pub from: Option<Address>,
    /// To whom; of an answer empty means whoever wrote the message that it answers, at the address where he wants
    /// answers.
    pub to: Vec<Mailbox>,
    /// Copies.
    pub cc: Vec<Mailbox>,
    /// Copies that the others do not see.
    pub bcc: Vec<Mailbox>,
    /// The subject; `None` means that of the message that it answers or forwards. A ticket is not opened without one.
    pub subject: Option<String>,
    /// The words, at most [`TEXT`] characters.
    pub text: String,
    /// Files that go with it; their bytes are kept already.
    pub attachments: Vec<Upload>,
    /// Which attachments of the message that it answers or forwards go with it, by their places there.
    pub carried: Vec<u32>,
    /// What is put below the words, and above what is forwarded.
    pub signature: Signature,
    /// What of the ticket the agent has seen.
    pub seen: Seen,
    /// What happens to the ticket. A forward leaves it as it is.
    pub then: AfterReply,
    /// For how many seconds it can be pulled back before it is sent; 0 sends at once.
    pub undo_s: u32,
    /// When it is sent; `None` means now.
    pub send_at: Option<Timestamp>,
}

/// What of the ticket an agent has seen when he sends his answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Seen {
    /// Whatever it was: it is sent anyway.
    #[default]
    Anyway,
    /// The ticket at this [`revision`](Ticket::revision): if it has changed, nothing is sent.
    Revision(u32),
}

impl Reply {
    /// An answer of these words, to whoever wrote last.
    pub fn text(text: impl Into<String>) -> Self {
        Self { text: text.into(), ..Self::default() }
    }
}

/// An answer that is on its way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replied {
    /// The ticket that it is part of.
    pub ticket: TicketId,
    /// The message.
    pub message: MessageId,
    /// The mail, exactly as it is sent.
    pub raw: Digest,
    /// What it is sent through.
    pub destination: crate::id::DestinationId,
}

/// Writes an answer, a forward, or the first message of a ticket, which is made with it. `message` is what it will be:
/// asked twice for the same, it is written once. `files` holds the attachments and then what is carried, in their order.
///
/// # Errors
/// [`Stop::Refuse`] if the agent may not, there is nobody to send to or nothing to send through, the mail would be too
/// large, or the ticket has changed since the agent saw it.
pub fn reply(
    scene: &Scene<'_>,
    changes: &mut Changes<'_>,
    mint: &mut Mint,
    agent: AgentId,
    (id, message): (TicketId, MessageId),
    wish: &Reply,
    files: &[Enclosure],
) -> Result<Replied, Stop> {
    let draft = Key::Draft(agent, Draft::place_of(id, wish.purpose));
    let answered = wish.answers.map(Key::Message);
    changes.need([Key::Ticket(id), Key::Message(message), draft.clone()].into_iter().chain(answered.clone()))?;
    if let Some(done) = changes.get::<Message>(&Key::Message(message))? {
        return already(scene, (agent, id), wish.purpose, done).map_err(Stop::Refuse);
    }
    let known = changes.get::<Ticket>(&Key::Ticket(id))?.cloned();
    let opens = known.is_none();
    let ticket = match (known, wish.purpose) {
        (Some(ticket), _) => {
            access::work_on(scene.directory, agent, &ticket)?;
            check_seen(&ticket, wish.seen)?;
            ticket
        }
        (None, Purpose::Opening(opening)) => opening::open(scene, changes, mint, (agent, id), (opening, wish))?,
        (None, _) => return Err(Refusal::no_such("ticket", id).into()),
    };
    let answered = match answered {
        Some(key) => changes.get::<Message>(&key)?.filter(|it| it.ticket == id).cloned(),
        None => None,
    };
    if wish.purpose == Purpose::Forward {
        check_forward(wish, answered.as_ref())?;
    }
    let returned = changes.get::<Draft>(&draft)?.and_then(|draft| draft.returned.clone());
    let letter = Letter::new(scene, agent, (&ticket, opens), (answered.as_ref(), returned), wish)?;
    let composition = letter.composition(scene, mint, wish, files);
    let raw = compose(&composition);
    let size = u64::try_from(raw.len()).unwrap_or(u64::MAX);
    if size > letter.destination.max_bytes {
        let destination = letter.destination.name.clone();
        return Err(Refusal::TooLarge { size, max: letter.destination.max_bytes, destination }.into());
    }
    let essence = essence(&raw, &parse(&raw, &Limits::default()));
    let size = (size, changes.keep(raw));
    letter.write(scene, changes, mint, (message, wish, files), composition, (size, essence))?;
    let Some(Message { raw: Some(raw), .. }) = changes.get::<Message>(&Key::Message(message))? else {
        return Err(Refusal::no_such("message", message).into());
    };
    let raw = *raw;
    if changes.get::<Draft>(&draft)?.is_some() {
        changes.erase(draft);
    }
    Ok(Replied { ticket: id, message, raw, destination: letter.destination.id })
}

/// The answer was sent already: pressing the button twice sends once.
fn already(
    scene: &Scene<'_>,
    (agent, ticket): (AgentId, TicketId),
    purpose: Purpose,
    done: &Message,
) -> Result<Replied, Refusal> {
    let none = || Refusal::no_such("message", done.id);
    // Whoever opens a ticket may not know yet what its id has become.
    let elsewhere = done.ticket != ticket && !matches!(purpose, Purpose::Opening(_));
    if elsewhere || done.author != Author::Agent(agent) {
        return Err(none());
    }
    let destination = scene.directory.default_destination().ok_or(Refusal::NoDestination)?;
    Ok(Replied {
        ticket: done.ticket,
        message: done.id,
        raw: done.raw.ok_or_else(none)?,
        destination: destination.id,
    })
}

/// A forward shows one message of its ticket, and closes nothing: whoever waits for an answer has none.
fn check_forward(wish: &Reply, forwarded: Option<&Message>) -> Result<(), Refusal> {
    if forwarded.is_none() {
        let which = wish.answers.map(|id| id.to_string()).unwrap_or_default();
        return Err(Refusal::no_such("message", which));
    }
    if wish.then == AfterReply::Close {
        let problem = "a forward is no answer and closes nothing; close the ticket by itself";
        return Err(Refusal::invalid("then", problem));
    }
    Ok(())
}

fn check_seen(ticket: &Ticket, seen: Seen) -> Result<(), Refusal> {
    match seen {
        Seen::Revision(revision) if revision != ticket.revision => {
            let news = match &ticket.last {
                Some(last) if last.direction == Direction::Inbound => {
                    format!("last, {} wrote `{}`", last.who, last.text)
                }
                Some(last) => format!("last, {} answered `{}`", last.who, last.text),
                None => "its state is another".to_owned(),
            };
            Err(Refusal::TicketChanged { number: ticket.number, news, revision: ticket.revision })
        }
        _ => Ok(()),
    }
}

/// What an answer does to its ticket when it goes out: nobody waits any more, and lists show its words. What the ticket
/// was like before is kept as long as the answer can be pulled back. A forward answers nobody: who waits still does, and
/// lists show what he wrote.
pub(super) fn take_effect(
    scene: &Scene<'_>,
    changes: &mut Changes<'_>,
    mint: &mut Mint,
    ticket: &mut Ticket,
    row: &Message,
    outgoing: &mut Outgoing,
) {
    let now = scene.now;
    let Author::Agent(author) = row.author else { return };
    if row.forwards.is_some() {
        ticket.touch(now);
        return;
    }
    let closes = outgoing.hold.as_ref().is_some_and(|hold| hold.then == AfterReply::Close);
    let closed_by_it = closes && ticket.state == TicketState::Open;
    if let Some(hold) = &mut outgoing.hold {
        let (waiting_since, last) = (ticket.waiting_since, ticket.last.clone());
        hold.before = Some(Before { waiting_since, last, closed_by_it });
    }
    ticket.touch(now);
    ticket.waiting_since = None;
    ticket.last = Some(Excerpt {
        message: row.id,
        direction: Direction::Outbound,
        who: scene.directory.agents.get(&author).map(|agent| agent.name.clone()).unwrap_or_default(),
        text: text::one_line(text::prefix(&row.text, 2048), Excerpt::MAX),
        at: now,
    });
    if closed_by_it {
        ticket.close(now);
        tell(changes, mint, ticket.id, now, Actor::Agent(author), What::Closed);
    }
}

/// What an answer was made of, so that it can be taken back.
fn hold(
    scene: &Scene<'_>,
    agent: AgentId,
    (ticket, message): (TicketId, MessageId),
    (wish, returned): (&Reply, Option<Returned>),
) -> Hold {
    let draft = Draft {
        agent,
        ticket,
        purpose: wish.purpose,
        message,
        answers: wish.answers,
        from: wish.from.clone(),
        to: wish.to.clone(),
        cc: wish.cc.clone(),
        bcc: wish.bcc.clone(),
        subject: wish.subject.clone().unwrap_or_default(),
        text: wish.text.clone(),
        attachments: wish.attachments.clone(),
        carried: wish.carried.clone(),
        signature: wish.signature,
        send_at: wish.send_at,
        returned,
        seen_revision: match wish.seen {
            Seen::Revision(revision) => revision,
            Seen::Anyway => 0,
        },
        saved: scene.now,
    };
    Hold { draft, revision: 0, then: wish.then, before: None }
}

/// Where the writer of a message wants its answers; for one of ours, where it went.
pub fn answer_to(message: &Message) -> Vec<Mailbox> {
    if message.direction == Direction::Outbound {
        return message.to.clone();
    }
    if message.reply_to.is_empty() { message.from.mailbox().into_iter().collect() } else { message.reply_to.clone() }
}
