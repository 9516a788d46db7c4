//! [`Letter`]: whom an answer is from and to, and what becomes of it.

use std::time::Duration;

use super::{FURTHEST, RECIPIENTS, Reply, TEXT, answer_to, hold, take_effect};
use crate::agent::Agent;
use crate::approval::{Approval, Returned};
use crate::decision::{Scene, Stop, alert, trail};
use crate::destination::Destination;
use crate::digest::Digest;
use crate::draft::Upload;
use crate::event::What;
use crate::id::{AgentId, MessageId, Mint};
use crate::mail::{Address, Composition, Enclosure, Mailbox, ThreadId, subject_tag};
use crate::message::{AttachmentInfo, Author, Direction, Message};
use crate::outgoing::{Outgoing, OutgoingState, Recipient};
use crate::refusal::Refusal;
use crate::store::Changes;
use crate::text;
use crate::thread_entry::ThreadEntry;
use crate::ticket::Ticket;
use crate::ticketbox::Ticketbox;

/// Whom an answer is from and to, and what it goes through.
pub(super) struct Letter<'a> {
    agent: &'a Agent,
    ticket: &'a Ticket,
    ticketbox: &'a Ticketbox,
    answered: Option<&'a Message>,
    /// The last time that it was returned, if it was.
    returned: Option<Returned>,
    signature: String,
    pub destination: &'a Destination,
    from: Mailbox,
    to: Vec<Mailbox>,
}

impl<'a> Letter<'a> {
    pub fn new(
        scene: &Scene<'a>,
        agent: AgentId,
        ticket: &'a Ticket,
        (answered, returned): (Option<&'a Message>, Option<Returned>),
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
        if wish.send_at.is_some_and(|at| at > scene.now.plus(FURTHEST)) {
            return Err(Refusal::invalid("send_at", "that is more than a year away; choose an earlier time"));
        }
        let signature = directory
            .signature_chosen(agent, wish.signature)
            .ok_or_else(|| Refusal::invalid("signature", "you do not belong to this group; choose another one"))?;
        let destination = directory.destination_for(ticketbox, ticket.source).ok_or(Refusal::NoDestination)?;
        let from = from(scene, ticket, ticketbox, wish.from.as_ref())?;
        Ok(Self { agent, ticket, ticketbox, answered, returned, signature, destination, from, to })
    }

    pub fn composition(&self, scene: &Scene<'_>, mint: &mut Mint, wish: &Reply, files: &[Vec<u8>]) -> Composition {
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
            content_id: None,
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
            html: None,
            attachments: wish.attachments.iter().zip(files).map(enclosure).collect(),
            automatic: false,
        }
    }

    /// What the agent wrote, with his signature.
    fn words(&self, wish: &Reply) -> String {
        let words = text::many_lines(wish.text.trim_end(), TEXT);
        match self.signature.as_str() {
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

    pub fn write(
        &self,
        scene: &Scene<'_>,
        changes: &mut Changes<'_>,
        mint: &mut Mint,
        (id, wish): (MessageId, &Reply),
        mail: Composition,
        ((size, raw), essence): ((u64, Digest), Digest),
    ) -> Result<(), Stop> {
        let now = scene.now;
        let mut outgoing = self.outgoing(mint, scene, (id, wish), &mail, (size, raw));
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
        let submitted = outgoing.state == OutgoingState::AwaitingApproval;
        let what = if submitted { What::Submitted { message: id } } else { What::Replied { message: id } };
        trail::done(scene, changes, mint, (self.agent.id, self.ticket.id), what);
        let mut ticket = self.ticket.clone();
        for recipient in &outgoing.recipients {
            if !scene.directory.is_ours(&recipient.address) {
                ticket.add_participant(&recipient.address);
            }
        }
        ticket.add_our_address(&self.from.address);
        ticket.messages = ticket.messages.saturating_add(1);
        if submitted {
            ticket.touch(now);
            let told = alert::tell_approvers(scene, changes, mint, &outgoing, (&ticket, None))?;
            outgoing.approval = outgoing.approval.map(|approval| Approval { told, ..approval });
        } else {
            take_effect(scene, changes, mint, &mut ticket, &row, &mut outgoing);
        }
        if let Some(hold) = &mut outgoing.hold {
            hold.revision = ticket.revision;
        }
        // What goes at once cannot be taken back: what it was made of need not be kept.
        if !submitted && wish.undo_s == 0 && wish.send_at.is_none() {
            outgoing.hold = None;
        }
        changes.put(outgoing);
        changes.put(row);
        changes.put(ticket);
        Ok(())
    }

    fn outgoing(
        &self,
        mint: &mut Mint,
        scene: &Scene<'_>,
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
        let now = scene.now;
        let approval = self.agent.approval.map(|approver| Approval {
            author: self.agent.id,
            approver,
            submitted: now,
            before: self.returned.clone(),
            told: Vec::new(),
            decision: None,
        });
        let undo = Duration::from_secs(u64::from(wish.undo_s));
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
            state: if approval.is_some() { OutgoingState::AwaitingApproval } else { OutgoingState::Queued },
            approval,
            hold: Some(Box::new(hold(
                scene,
                self.agent.id,
                (self.ticket.id, message),
                (wish, self.returned.clone()),
            ))),
            created: now,
            due: wish.send_at.unwrap_or(now).max(now.plus(undo)),
            attempts: 0,
            alert: false,
            first_tried: None,
            may_be_double: false,
            trouble: String::new(),
        }
    }
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
