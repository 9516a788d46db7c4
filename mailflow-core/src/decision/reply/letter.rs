//! [`Letter`]: whom an answer is from and to, and what becomes of it.

use std::time::Duration;

use super::forward::{forward_subject, signed};
use super::{FURTHEST, RECIPIENTS, Reply, TEXT, answer_to, hold, take_effect};
use crate::agent::Agent;
use crate::approval::{Approval, Returned};
use crate::decision::{Scene, Stop, alert, trail};
use crate::destination::Destination;
use crate::digest::Digest;
use crate::draft::Purpose;
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
    /// Whether the ticket is made with it.
    opens: bool,
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
        (ticket, opens): (&'a Ticket, bool),
        (answered, returned): (Option<&'a Message>, Option<Returned>),
        wish: &Reply,
    ) -> Result<Self, Refusal> {
        let directory = scene.directory;
        let agent = directory.agents.get(&agent).ok_or(Refusal::SignIn)?;
        let ticketbox = directory
            .ticketboxes
            .get(&ticket.ticketbox)
            .ok_or_else(|| Refusal::no_such("ticketbox", ticket.ticketbox))?;
        let to = match answered.filter(|_| wish.purpose.is_answer() && wish.to.is_empty()) {
            Some(answered) => answer_to(answered),
            None => wish.to.clone(),
        };
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
        if wish.text.trim().is_empty() && wish.attachments.is_empty() && wish.carried.is_empty() {
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
        Ok(Self { agent, ticket, opens, ticketbox, answered, returned, signature, destination, from, to })
    }

    pub fn composition(&self, scene: &Scene<'_>, mint: &mut Mint, wish: &Reply, files: &[Enclosure]) -> Composition {
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
        // What it shows to somebody else it does not answer.
        let in_reply_to = self.answered.filter(|_| wish.purpose.is_answer()).and_then(|it| it.message_id.clone());
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
            in_reply_to,
            references: newest(references),
            text,
            html: None,
            attachments: files.to_vec(),
            automatic: false,
        }
    }

    /// What the agent wrote, with his signature.
    fn words(&self, wish: &Reply) -> String {
        signed(&text::many_lines(wish.text.trim_end(), TEXT), &self.signature)
    }

    /// The subject of the message that is answered (AC-07) or forwarded, marked as what it is, with the ticket's tag, by
    /// which people find it. A ticket that is made with it has no number yet.
    fn subject(&self, wish: &Reply) -> String {
        let answered = || self.answered.map_or(self.ticket.subject.as_str(), |it| it.subject.as_str());
        let wished = wish.subject.as_deref().filter(|it| !it.trim().is_empty());
        let subject = wished.unwrap_or_else(answered);
        if self.opens {
            return text::one_line(subject, 900);
        }
        let tag = subject_tag(self.ticket.number);
        let bare = text::one_line(&subject.replace(&tag, ""), 900);
        let answers = bare.get(..3).is_some_and(|start| start.eq_ignore_ascii_case("re:"));
        let marked = match wish.purpose {
            Purpose::Answer if answers => bare,
            Purpose::Answer => format!("Re: {bare}"),
            Purpose::Forward if wished.is_none() => forward_subject(&bare),
            Purpose::Forward | Purpose::Opening(_) => bare,
        };
        format!("{} {tag}", marked.trim_end()).trim_start().to_owned()
    }

    pub fn write(
        &self,
        scene: &Scene<'_>,
        changes: &mut Changes<'_>,
        mint: &mut Mint,
        (id, wish, files): (MessageId, &Reply, &[Enclosure]),
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
            attachments: files.iter().map(info).collect(),
            automatic: None,
            bounce: None,
            spam: crate::mail::Spam::default(),
            authentication: crate::routing::Authentication::default(),
            defects: Vec::new(),
            explanation: None,
            forwards: self.answered.filter(|_| wish.purpose == Purpose::Forward).map(|it| it.id),
            outgoing: Some(outgoing.id),
        };
        changes.put(ThreadEntry { message: Some((id, self.ticket.id)), ..ThreadEntry::new(mail.message_id) });
        let submitted = outgoing.state == OutgoingState::AwaitingApproval;
        let what = match wish.purpose {
            _ if submitted => What::Submitted { message: id },
            Purpose::Answer => What::Replied { message: id },
            Purpose::Forward => {
                What::Forwarded { message: id, to: outgoing.recipients.iter().map(|it| it.address.clone()).collect() }
            }
            Purpose::Opening(_) => What::Wrote { message: id },
        };
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

fn info(file: &Enclosure) -> AttachmentInfo {
    AttachmentInfo {
        filename: Some(file.filename.clone()),
        content_type: file.content_type.clone(),
        size: u64::try_from(file.content.len()).unwrap_or(u64::MAX),
        inline: false,
        content_id: None,
    }
}
