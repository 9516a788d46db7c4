//! An agent's answer: a message, a mail that has to be sent, and what both do to the ticket, in one changeset.

use super::route::essence;
use super::{Scene, Stop, tell};
use crate::access;
use crate::agent::Agent;
use crate::destination::Destination;
use crate::digest::Digest;
use crate::draft::{Draft, Upload};
use crate::event::{Actor, What};
use crate::id::{AgentId, MessageId, Mint, TicketId};
use crate::mail::{Address, Composition, Enclosure, Limits, Mailbox, ThreadId, compose, parse, subject_tag};
use crate::message::{AttachmentInfo, Author, Direction, Message};
use crate::outgoing::{Outgoing, OutgoingState, Recipient};
use crate::refusal::Refusal;
use crate::store::{Changes, Key};
use crate::text;
use crate::thread_entry::ThreadEntry;
use crate::ticket::{Excerpt, Ticket, TicketState};
use crate::ticketbox::Ticketbox;

/// The most characters of an answer.
pub const TEXT: usize = 1_000_000;
/// The most recipients of one answer.
pub const RECIPIENTS: usize = 500;

/// An answer as an agent wishes it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reply {
    /// The message that it answers; `None` means the ticket as a whole.
    pub answers: Option<MessageId>,
    /// The address of ours that it is from; `None` means the ticketbox's.
    pub from: Option<Address>,
    /// To whom; empty means whoever wrote the message that it answers, at the address where he wants answers.
    pub to: Vec<Mailbox>,
    /// Copies.
    pub cc: Vec<Mailbox>,
    /// Copies that the others do not see.
    pub bcc: Vec<Mailbox>,
    /// The subject; `None` means that of the message that it answers.
    pub subject: Option<String>,
    /// The words, at most [`TEXT`] characters.
    pub text: String,
    /// Files that go with it; their bytes are kept already.
    pub attachments: Vec<Upload>,
    /// What of the ticket the agent has seen.
    pub seen: Seen,
    /// What happens to the ticket.
    pub then: AfterReply,
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

/// What happens to the ticket when an answer is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AfterReply {
    /// It stays as it is.
    #[default]
    Stay,
    /// It is closed.
    Close,
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
    /// The message.
    pub message: MessageId,
    /// The mail, exactly as it is sent.
    pub raw: Digest,
    /// What it is sent through.
    pub destination: crate::id::DestinationId,
}

/// Writes an answer. `message` is what it will be: asked twice for the same, it is written once. `files` holds the
/// bytes of the attachments, in their order.
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
    files: &[Vec<u8>],
) -> Result<Replied, Stop> {
    let draft = Key::Draft(agent, id);
    let answered = wish.answers.map(Key::Message);
    changes.need([Key::Ticket(id), Key::Message(message), draft.clone()].into_iter().chain(answered.clone()))?;
    if let Some(done) = changes.get::<Message>(&Key::Message(message))? {
        return already(scene, agent, id, done).map_err(Stop::Refuse);
    }
    let ticket = changes.get::<Ticket>(&Key::Ticket(id))?.cloned().ok_or_else(|| Refusal::no_such("ticket", id))?;
    access::work_on(scene.directory, agent, &ticket)?;
    check_seen(&ticket, wish.seen)?;
    let answered = match answered {
        Some(key) => changes.get::<Message>(&key)?.filter(|it| it.ticket == id).cloned(),
        None => None,
    };
    let letter = Letter::new(scene, agent, &ticket, answered.as_ref(), wish)?;
    let composition = letter.composition(scene, mint, wish, files);
    let raw = compose(&composition);
    let size = u64::try_from(raw.len()).unwrap_or(u64::MAX);
    if size > letter.destination.max_bytes {
        let destination = letter.destination.name.clone();
        return Err(Refusal::TooLarge { size, max: letter.destination.max_bytes, destination }.into());
    }
    let essence = essence(&raw, &parse(&raw, &Limits::default()));
    let size = (size, changes.keep(raw));
    letter.write(scene, changes, mint, (message, wish), composition, (size, essence))?;
    if changes.get::<Draft>(&draft)?.is_some() {
        changes.erase(draft);
    }
    let Some(Message { raw: Some(raw), .. }) = changes.get::<Message>(&Key::Message(message))? else {
        return Err(Refusal::no_such("message", message).into());
    };
    Ok(Replied { message, raw: *raw, destination: letter.destination.id })
}

/// The answer was sent already: pressing the button twice sends once.
fn already(scene: &Scene<'_>, agent: AgentId, ticket: TicketId, done: &Message) -> Result<Replied, Refusal> {
    let none = || Refusal::no_such("message", done.id);
    if done.ticket != ticket || done.author != Author::Agent(agent) {
        return Err(none());
    }
    let destination = scene.directory.default_destination().ok_or(Refusal::NoDestination)?;
    Ok(Replied { message: done.id, raw: done.raw.ok_or_else(none)?, destination: destination.id })
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

/// Whom an answer is from and to, and what it goes through.
struct Letter<'a> {
    agent: &'a Agent,
    ticket: &'a Ticket,
    ticketbox: &'a Ticketbox,
    answered: Option<&'a Message>,
    destination: &'a Destination,
    from: Mailbox,
    to: Vec<Mailbox>,
}

impl<'a> Letter<'a> {
    fn new(
        scene: &Scene<'a>,
        agent: AgentId,
        ticket: &'a Ticket,
        answered: Option<&'a Message>,
        wish: &Reply,
    ) -> Result<Self, Refusal> {
        let directory = scene.directory;
        let agent = directory.agents.get(&agent).ok_or(Refusal::SignIn)?;
        let ticketbox = directory
            .ticketboxes
            .get(&ticket.ticketbox)
            .ok_or_else(|| Refusal::no_such("ticketbox", ticket.ticketbox))?;
        let to = if wish.to.is_empty() { answered.map(answer_to).unwrap_or_default() } else { wish.to.clone() };
        let recipients = to.len() + wish.cc.len() + wish.bcc.len();
        if to.is_empty() && wish.cc.is_empty() && wish.bcc.is_empty() {
            return Err(Refusal::NoRecipient);
        }
        if recipients > RECIPIENTS {
            return Err(Refusal::invalid(
                "to",
                format!("{recipients} recipients are too many; at most {RECIPIENTS}"),
            ));
        }
        if wish.text.chars().count() > TEXT {
            return Err(Refusal::invalid("text", format!("it is too long; at most {TEXT} characters")));
        }
        if wish.text.trim().is_empty() && wish.attachments.is_empty() {
            return Err(Refusal::invalid("text", "there is nothing to send; write something or attach a file"));
        }
        let destination = directory.destination_for(ticketbox, ticket.source).ok_or(Refusal::NoDestination)?;
        let from = from(scene, ticket, ticketbox, wish.from.as_ref())?;
        Ok(Self { agent, ticket, ticketbox, answered, destination, from, to })
    }

    fn composition(&self, scene: &Scene<'_>, mint: &mut Mint, wish: &Reply, files: &[Vec<u8>]) -> Composition {
        let token = scene.keyring.token(self.ticket.id);
        let domain = match self.from.address.domain() {
            "" => scene.directory.settings.host.as_str(),
            domain => domain,
        };
        let tagged = self.ticketbox.plus_addressing.then(|| self.from.address.with_tag(&token.to_string())).flatten();
        let mut text = self.words(wish);
        if self.ticketbox.reference_line {
            text.push_str(&format!("\n\nReference: {token}\n"));
        }
        let enclosure = |(upload, bytes): (&Upload, &Vec<u8>)| Enclosure {
            filename: upload.filename.clone(),
            content_type: upload.content_type.clone(),
            content: bytes.clone(),
        };
        let mut references: Vec<ThreadId> = self.answered.map(|it| it.references.clone()).unwrap_or_default();
        references.extend(self.answered.and_then(|it| it.message_id.clone()));
        Composition {
            message_id: ThreadId::mint(&token, domain, mint),
            date: scene.now,
            from: self.from.clone(),
            reply_to: tagged.map(|address| Mailbox::new(&self.from.name, address)),
            to: self.to.clone(),
            cc: wish.cc.clone(),
            subject: self.subject(wish),
            in_reply_to: self.answered.and_then(|it| it.message_id.clone()),
            references: newest(references),
            text,
            attachments: wish.attachments.iter().zip(files).map(enclosure).collect(),
            automatic: false,
        }
    }

    /// What the agent wrote, with his signature.
    fn words(&self, wish: &Reply) -> String {
        let words = text::many_lines(wish.text.trim_end(), TEXT);
        match self.agent.signature.trim() {
            "" => words,
            signature => format!("{words}\n\n-- \n{signature}"),
        }
    }

    /// The subject of the message that is answered (AC-07), with the ticket's tag, by which people find it.
    fn subject(&self, wish: &Reply) -> String {
        let answered = || self.answered.map_or(self.ticket.subject.as_str(), |it| it.subject.as_str());
        let subject = wish.subject.as_deref().filter(|it| !it.trim().is_empty()).unwrap_or_else(answered);
        let tag = subject_tag(self.ticket.number);
        let bare = text::one_line(&subject.replace(&tag, ""), 900);
        let answers = bare.get(..3).is_some_and(|start| start.eq_ignore_ascii_case("re:"));
        match (answers, bare.is_empty()) {
            (_, true) => format!("Re: {tag}"),
            (true, _) => format!("{bare} {tag}"),
            (false, _) => format!("Re: {bare} {tag}"),
        }
    }

    fn write(
        &self,
        scene: &Scene<'_>,
        changes: &mut Changes<'_>,
        mint: &mut Mint,
        (id, wish): (MessageId, &Reply),
        mail: Composition,
        ((size, raw), essence): ((u64, Digest), Digest),
    ) -> Result<(), Stop> {
        let now = scene.now;
        let outgoing = self.outgoing(mint, now, (id, wish), &mail, (size, raw));
        let row = Message {
            id,
            ticket: self.ticket.id,
            at: now,
            direction: Direction::Outbound,
            author: Author::Agent(self.agent.id),
            from: crate::mail::Sender { name: mail.from.name.clone(), address: Some(mail.from.address.clone()) },
            reply_to: mail.reply_to.into_iter().collect(),
            to: mail.to,
            cc: mail.cc,
            bcc: wish.bcc.clone(),
            delivered_to: Vec::new(),
            source: None,
            received_by: None,
            subject: mail.subject,
            message_id: Some(mail.message_id.clone()),
            references: mail.references,
            date: Some(now),
            raw: Some(raw),
            size,
            essence: Some(essence),
            text: self.words(wish),
            has_html: false,
            attachments: wish.attachments.iter().map(info).collect(),
            automatic: None,
            bounce: None,
            spam: crate::mail::Spam::default(),
            authentication: crate::routing::Authentication::default(),
            defects: Vec::new(),
            explanation: None,
            outgoing: Some(outgoing.id),
        };
        changes.put(ThreadEntry { message: Some((id, self.ticket.id)), ..ThreadEntry::new(mail.message_id) });
        let actor = Actor::Agent(self.agent.id);
        tell(changes, mint, self.ticket.id, now, actor, What::Replied { message: id });
        let mut ticket = self.ticket.clone();
        for recipient in &outgoing.recipients {
            if !scene.directory.is_ours(&recipient.address) {
                ticket.add_participant(&recipient.address);
            }
        }
        ticket.add_our_address(&self.from.address);
        ticket.messages = ticket.messages.saturating_add(1);
        ticket.touch(now);
        ticket.waiting_since = None;
        ticket.last = Some(Excerpt {
            message: id,
            direction: Direction::Outbound,
            who: self.agent.name.clone(),
            text: text::one_line(text::prefix(&wish.text, 2048), Excerpt::MAX),
            at: now,
        });
        if wish.then == AfterReply::Close && ticket.state == TicketState::Open {
            ticket.close(now);
            tell(changes, mint, ticket.id, now, actor, What::Closed);
        }
        changes.put(outgoing);
        changes.put(row);
        changes.put(ticket);
        Ok(())
    }

    fn outgoing(
        &self,
        mint: &mut Mint,
        now: crate::time::Timestamp,
        (message, wish): (MessageId, &Reply),
        mail: &Composition,
        (size, raw): (u64, Digest),
    ) -> Outgoing {
        let mut recipients: Vec<Recipient> = Vec::new();
        for mailbox in mail.to.iter().chain(&mail.cc).chain(&wish.bcc) {
            if recipients.iter().all(|recipient| recipient.address != mailbox.address) {
                recipients.push(Recipient::new(mailbox.address.clone()));
            }
        }
        Outgoing {
            id: mint.id(),
            ticket: self.ticket.id,
            message,
            destination: self.destination.id,
            // Reports come back with the token in their recipient: that proves what they are about (AC-21).
            sender: Some(mail.reply_to.as_ref().map_or(&mail.from, |tagged| tagged).address.clone()),
            recipients,
            message_id: mail.message_id.clone(),
            raw,
            size,
            state: OutgoingState::Queued,
            created: now,
            due: now,
            attempts: 0,
            first_tried: None,
            may_be_double: false,
            trouble: String::new(),
        }
    }
}

/// Where the writer of a message wants its answers; for one of ours, where it went.
pub fn answer_to(message: &Message) -> Vec<Mailbox> {
    if message.direction == Direction::Outbound {
        return message.to.clone();
    }
    if message.reply_to.is_empty() { message.from.mailbox().into_iter().collect() } else { message.reply_to.clone() }
}

/// The address that an answer comes from: the wished one if it is of the ticket's box or the ticket was reached by it,
/// else the ticketbox's, else one that the ticket was reached by.
fn from(
    scene: &Scene<'_>,
    ticket: &Ticket,
    ticketbox: &Ticketbox,
    wish: Option<&Address>,
) -> Result<Mailbox, Refusal> {
    let name = if ticketbox.address_name.is_empty() { &ticketbox.name } else { &ticketbox.address_name };
    if let Some(address) = wish {
        return if ticketbox.addresses().any(|it| it == address) || ticket.our_addresses.contains(address) {
            Ok(Mailbox::new(name, address.clone()))
        } else {
            Err(Refusal::invalid("from", format!("`{address}` is not an address of ticketbox `{}`", ticketbox.name)))
        };
    }
    let ours = || ticket.our_addresses.iter().find(|it| scene.directory.is_ours(it)).cloned();
    ticketbox
        .mailbox()
        .or_else(|| ours().map(|address| Mailbox::new(name, address)))
        .ok_or_else(|| Refusal::NoAddress { ticketbox: ticketbox.name.clone() })
}

/// Of very many references the first and the newest.
fn newest(mut references: Vec<ThreadId>) -> Vec<ThreadId> {
    const KEPT: usize = 30;
    if references.len() > KEPT {
        references.drain(1..=references.len() - KEPT);
    }
    references
}

fn info(upload: &Upload) -> AttachmentInfo {
    AttachmentInfo {
        filename: Some(upload.filename.clone()),
        content_type: upload.content_type.clone(),
        size: upload.size,
        inline: false,
        content_id: None,
    }
}
