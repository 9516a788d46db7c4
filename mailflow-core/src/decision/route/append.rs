//! A mail becomes a message: of a ticket that is there, or of a new one.

use super::super::alert;
use super::super::automatic::Occasion;
use super::{Outcome, Reading, Routed, Scene, people, tell};
use std::collections::BTreeMap;

use crate::alert::AlertEvent;
use crate::arrival::{Arrival, ArrivalState};
use crate::contact::Contact;
use crate::event::{Actor, What};
use crate::explanation::{Done, Evidence, Explanation};
use crate::id::{ContactId, MessageId, Mint};
use crate::mail::{Address, Mail, ThreadId, new_words};
use crate::message::{Author, Direction, Message};
use crate::outgoing::Outgoing;
use crate::routing::{Authentication, Placement, answered, recipients};
use crate::rule::RuleEffect;
use crate::store::{Changes, Key, NotLoaded};
use crate::text;
use crate::thread_entry::ThreadEntry;
use crate::ticket::{Excerpt, LinkKind, Ticket, TicketLink, TicketState};

/// A mail on its way into a ticket.
pub struct Append<'a> {
    pub scene: &'a Scene<'a>,
    pub reading: &'a Reading,
    pub arrival: &'a Arrival,
    /// The message that it will be.
    pub message: MessageId,
}

/// What a new ticket is to be.
pub struct Made<'a> {
    pub placement: Placement,
    /// What the rule that won wants beside.
    pub then: Option<&'a RuleEffect>,
    /// Custom fields.
    pub fields: BTreeMap<String, String>,
    pub link: Option<TicketLink>,
}

impl<'a> Append<'a> {
    pub fn new(scene: &'a Scene<'a>, reading: &'a Reading, arrival: &'a Arrival, mint: &mut Mint) -> Self {
        Self { scene, reading, arrival, message: mint.id() }
    }

    fn mail(&self) -> &Mail {
        &self.reading.mail
    }

    /// The next message of a ticket. A closed ticket is open again, unless a machine wrote (AC-21).
    pub fn to_ticket(
        &self,
        changes: &mut Changes<'_>,
        mint: &mut Mint,
        mut ticket: Ticket,
        contact: Option<ContactId>,
        explanation: Explanation,
    ) -> Result<Routed, NotLoaded> {
        let at = self.arrival.at;
        if ticket.state == TicketState::Closed && !self.by_machine() {
            ticket.open();
            tell(changes, mint, ticket.id, at, actor(contact), What::Reopened);
        }
        let outcome = if self.by_machine() { Outcome::Automatic } else { Outcome::FollowUp };
        self.finish(changes, mint, ticket, contact, explanation, outcome)
    }

    /// The first message of a new ticket.
    pub fn as_ticket(
        &self,
        changes: &mut Changes<'_>,
        mint: &mut Mint,
        made: Made<'_>,
        contact: Option<ContactId>,
        mut explanation: Explanation,
    ) -> Result<Routed, NotLoaded> {
        let at = self.arrival.at;
        let Made { placement, then, fields, link } = made;
        let mut ticket = Ticket::new(mint.id(), placement.ticketbox, &self.mail().subject, at);
        ticket.owner = placement.owner;
        ticket.category = placement.category;
        ticket.priority = placement.priority;
        ticket.contact = contact;
        ticket.source = Some(self.reading.source);
        if !fields.is_empty() {
            explanation.done.push(Done::Filled { fields: fields.keys().cloned().collect() });
        }
        ticket.fields = fields;
        tell(changes, mint, ticket.id, at, actor(contact), What::Created);
        if let Some(link) = link {
            self.link_back(changes, mint, &ticket, &link)?;
            let (other, number, kind) = (link.ticket, link.number, link.kind);
            tell(changes, mint, ticket.id, at, Actor::System, What::Linked { ticket: other, number, kind });
            ticket.links.push(link);
        }
        changes.number_from(self.scene.directory.settings.first_ticket_number);
        if placement.shred.is_some() {
            ticket.trashed = Some(at);
            tell(changes, mint, ticket.id, at, Actor::System, What::Trashed);
            explanation.done.push(Done::Trashed);
        } else {
            let occasion = Occasion {
                scene: self.scene,
                reading: self.reading,
                at,
                no_answer: explanation.no_automatic_answer.as_deref(),
            };
            let done = occasion.act(changes, mint, &mut ticket, then)?;
            explanation.done.extend(done);
        }
        let outcome = if self.by_machine() { Outcome::Automatic } else { Outcome::New };
        self.finish(changes, mint, ticket, contact, explanation, outcome)
    }

    /// The message itself, and what follows from it for its ticket and for later mails.
    fn finish(
        &self,
        changes: &mut Changes<'_>,
        mint: &mut Mint,
        mut ticket: Ticket,
        contact: Option<ContactId>,
        explanation: Explanation,
        outcome: Outcome,
    ) -> Result<Routed, NotLoaded> {
        let (at, message) = (self.arrival.at, self.message);
        for address in people::participants(self.scene, self.mail()) {
            ticket.add_participant(address);
        }
        if !self.by_machine() && ticket.waiting_since.is_none() {
            ticket.waiting_since = Some(at);
        }
        let routed = Routed {
            outcome,
            ticket: ticket.id,
            made_ticket: ticket.number == 0,
            message,
            because: explanation.words(),
            may_autoreply: explanation.no_automatic_answer.is_none(),
        };
        let row = self.row(&ticket, people::author_of(contact), explanation);
        self.tell_owners(changes, mint, &ticket, contact)?;
        self.put(changes, mint, ticket, row, actor(contact))?;
        Ok(routed)
    }

    /// Tells the ticket's owner and the contact's owner, each once.
    fn tell_owners(
        &self,
        changes: &mut Changes<'_>,
        mint: &mut Mint,
        ticket: &Ticket,
        contact: Option<ContactId>,
    ) -> Result<(), NotLoaded> {
        if ticket.trashed.is_some() {
            return Ok(());
        }
        let contacts_owner = match contact {
            Some(id) => changes.get::<Contact>(&Key::Contact(id))?.and_then(|contact| contact.owner),
            None => None,
        };
        let given = ticket.owner.filter(|_| ticket.number == 0);
        let (by, by_machine) = (actor(contact), self.mail().automatic.is_some());
        let from = self.mail().from.as_ref().and_then(|from| from.address.as_ref());
        let mut told = Vec::new();
        for (agent, of) in [
            (given, AlertEvent::Assigned),
            (ticket.owner, AlertEvent::MessageInTicket),
            (contacts_owner, AlertEvent::MessageFromContact),
        ] {
            let Some(agent) = agent.filter(|agent| !told.contains(agent)) else { continue };
            let own = self.scene.directory.agents.get(&agent).and_then(|it| it.address.as_ref());
            // What he wrote himself is no news, and a mail about a mail of his own program could go round for ever.
            if own.is_some() && own == from {
                continue;
            }
            let news = alert::News { of, cause: self.message.into(), ticket, by, by_machine };
            if alert::tell_agent(self.scene, changes, mint, agent, news)? {
                told.push(agent);
            }
        }
        Ok(())
    }

    /// Writes the message, its ticket, the ids that it names, and that the arrival is done.
    pub fn put(
        &self,
        changes: &mut Changes<'_>,
        mint: &mut Mint,
        mut ticket: Ticket,
        row: Message,
        actor: Actor,
    ) -> Result<(), NotLoaded> {
        let (at, id) = (self.arrival.at, ticket.id);
        for (_, address) in recipients(self.mail()).filter(|(_, address)| self.scene.directory.is_ours(address)) {
            ticket.add_our_address(address);
        }
        remember_ids(changes, &ticket, &row, &answered(self.mail()))?;
        tell(changes, mint, id, at, actor, What::Received { message: row.id });
        count(&mut ticket, &row);
        changes.put(Arrival { state: ArrivalState::Routed { ticket: id, message: row.id }, ..self.arrival.clone() });
        changes.put(row);
        changes.put(ticket);
        Ok(())
    }

    /// The row of the message.
    pub fn row(&self, ticket: &Ticket, author: Author, explanation: Explanation) -> Message {
        let mail = self.mail();
        Message {
            id: self.message,
            ticket: ticket.id,
            at: self.arrival.at,
            author,
            source: Some(self.reading.source),
            received_by: self.received_by().cloned(),
            raw: Some(self.arrival.digest),
            size: self.arrival.whole_size.unwrap_or(self.arrival.size),
            essence: Some(self.reading.essence),
            explanation: Some(explanation),
            has_html: self.reading.has_html,
            attachments: self.reading.attachments.clone(),
            ..row_of_mail(mail)
        }
    }

    /// The address of ours that it came to, without the tag that we put there.
    fn received_by(&self) -> Option<&Address> {
        recipients(self.mail()).map(|(_, address)| address).find(|address| self.scene.directory.is_ours(address))
    }

    fn by_machine(&self) -> bool {
        self.mail().automatic.as_ref().is_some_and(|automatic| automatic.machine)
    }

    /// The other ticket is told that this one has to do with it.
    fn link_back(
        &self,
        changes: &mut Changes<'_>,
        mint: &mut Mint,
        ticket: &Ticket,
        link: &TicketLink,
    ) -> Result<(), NotLoaded> {
        if let Some(mut other) = changes.get::<Ticket>(&Key::Ticket(link.ticket))?.cloned()
            && other.links.len() < Ticket::MAX_PARTICIPANTS
        {
            // The new ticket has no number yet; who shows the link looks it up.
            other.links.push(TicketLink { ticket: ticket.id, number: ticket.number, kind: link.kind });
            let what = What::Linked { ticket: ticket.id, number: ticket.number, kind: link.kind };
            if link.kind != LinkKind::ClaimsToBelongTo {
                tell(changes, mint, other.id, self.arrival.at, Actor::System, what);
            }
            changes.put(other);
        }
        Ok(())
    }
}

/// What a mail says of itself, as a message; what the desk knows of it is still to be filled in.
pub fn row_of_mail(mail: &Mail) -> Message {
    let mut references: Vec<ThreadId> = mail.references.clone();
    for id in &mail.in_reply_to {
        references.retain(|known| known != id);
        references.push(id.clone());
    }
    Message {
        id: MessageId::from_bytes([0; 16]),
        ticket: crate::id::TicketId::from_bytes([0; 16]),
        at: crate::time::Timestamp::MIN,
        direction: Direction::Inbound,
        author: Author::Unknown,
        from: mail.from.clone().unwrap_or_default(),
        reply_to: mail.reply_to.clone(),
        to: mail.to.clone(),
        cc: mail.cc.clone(),
        bcc: Vec::new(),
        delivered_to: mail.delivered_to.clone(),
        source: None,
        received_by: None,
        subject: mail.subject.clone(),
        message_id: mail.message_id.clone(),
        references,
        date: mail.date,
        raw: None,
        size: 0,
        essence: None,
        text: mail.text.clone(),
        has_html: false,
        attachments: Vec::new(),
        automatic: mail.automatic.clone(),
        bounce: mail.bounce.clone(),
        spam: mail.spam,
        authentication: Authentication::of(&mail.headers),
        defects: mail.defects.clone(),
        explanation: None,
        forwards: None,
        outgoing: None,
    }
}

/// Remembers a message under its id, and its ticket under each id that it names.
pub fn remember_ids(
    changes: &mut Changes<'_>,
    ticket: &Ticket,
    row: &Message,
    answered: &[ThreadId],
) -> Result<(), NotLoaded> {
    if let Some(id) = &row.message_id {
        let known = changes.get::<ThreadEntry>(&Key::Thread(id.clone()))?.cloned();
        let entry = known.unwrap_or_else(|| ThreadEntry::new(id.clone()));
        // A reused id stays with the message that had it first.
        if entry.message.is_none() {
            changes.put(ThreadEntry { message: Some((row.id, ticket.id)), ..entry });
        }
    }
    for id in answered {
        let known = changes.get::<ThreadEntry>(&Key::Thread(id.clone()))?.cloned();
        let mut entry = known.unwrap_or_else(|| ThreadEntry::new(id.clone()));
        if entry.name_by(ticket.id) {
            changes.put(entry);
        }
    }
    Ok(())
}

/// The ticket has one more message: what lists show of it. Reports and other machines' mail leave the last words of
/// people where they are.
pub fn count(ticket: &mut Ticket, row: &Message) {
    ticket.messages = ticket.messages.saturating_add(1);
    ticket.touch(row.at);
    let by_machine = row.bounce.is_some() || row.automatic.as_ref().is_some_and(|automatic| automatic.machine);
    if ticket.last.is_none() || !by_machine {
        let who = if row.from.name.is_empty() {
            row.from.address.as_ref().map_or("unknown sender", Address::as_str)
        } else {
            &row.from.name
        };
        ticket.last = Some(Excerpt {
            message: row.id,
            direction: row.direction,
            who: text::one_line(who, 80),
            text: text::one_line(text::prefix(&new_words(text::prefix(&row.text, 16 << 10)), 2048), Excerpt::MAX),
            at: row.at,
        });
    }
}

fn actor(contact: Option<ContactId>) -> Actor {
    contact.map_or(Actor::System, Actor::Contact)
}

/// The explanation of a report about a mail of ours.
pub fn explained_by(evidence: Evidence) -> Explanation {
    Explanation {
        evidence: Some(evidence),
        no_automatic_answer: Some("it is a delivery report".to_owned()),
        ..Explanation::default()
    }
}

/// The outgoing mail with what became of one recipient, if it has that recipient.
pub fn recipient_mut<'o>(
    outgoing: &'o mut Outgoing,
    address: &Address,
) -> Option<&'o mut crate::outgoing::Recipient> {
    outgoing.recipients.iter_mut().find(|recipient| recipient.address == *address)
}
