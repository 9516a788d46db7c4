//! Routing: an arrival becomes a message of a ticket, in one changeset.
//!
//! The stages, in this order: a copy of a mail that is there → a report about a mail of ours → what ties it to a ticket
//! → the rules. Each says in the message's [`Explanation`] what it found.

mod append;
mod choose;
pub(in crate::decision) mod people;
mod report;
mod shelve;

pub use shelve::shelve;

use std::collections::BTreeMap;

use self::append::Append;
use super::{Scene, Stop, tell};
use crate::arrival::{Arrival, ArrivalState};
use crate::contact::Contact;
use crate::digest::Digest;
use crate::event::{Actor, What};
use crate::explanation::{Evidence, Explanation};
use crate::id::{MessageId, Mint, SourceId, TicketId};
use crate::mail::{Limits, Mail, parse};
use crate::message::{AttachmentInfo, Message};
use crate::outgoing::Outgoing;
use crate::routing::{Matter, RuleField, Trace, answered, place, traces};
use crate::rule::{Rule, Shred};
use crate::store::{Changes, Key, NotLoaded};
use crate::thread_entry::ThreadEntry;
use crate::ticket::Ticket;

/// An arrival whose mail was read.
#[derive(Debug, Clone)]
pub struct Reading {
    /// Where it came from.
    pub source: SourceId,
    /// Digest of its bytes.
    pub digest: Digest,
    /// The mail, without the bytes of its attachments and without its HTML: they stay in the raw mail.
    pub mail: Mail,
    /// What is known of its attachments.
    pub attachments: Vec<AttachmentInfo>,
    /// Whether it has an HTML body.
    pub has_html: bool,
    /// See [`essence`].
    pub essence: Digest,
    /// Open tickets of its sender, newest first, if some ticketbox matches by subject and sender.
    pub open_of_sender: Vec<TicketId>,
    /// The bytes, if a rule passes mail on.
    pub raw: Option<Vec<u8>>,
}

impl Reading {
    /// Reads the bytes of an arrival.
    #[must_use]
    pub fn new(source: SourceId, digest: Digest, bytes: &[u8], limits: &Limits) -> Self {
        let mut mail = parse(bytes, limits);
        let essence = essence(bytes, &mail);
        let attachments = mail.attachments.iter().map(AttachmentInfo::of).collect();
        mail.attachments = Vec::new();
        let has_html = mail.html.take().is_some();
        Self { source, digest, mail, attachments, has_html, essence, open_of_sender: Vec::new(), raw: None }
    }

    /// Reads no more than the headers of an arrival that ends whoever reads all of it: what it answers, and who wrote it,
    /// is known all the same (AC-14).
    #[must_use]
    pub fn of_headers(source: SourceId, digest: Digest, bytes: &[u8], limits: &Limits) -> Self {
        let body = after_headers(bytes);
        let headers = bytes.get(..bytes.len().saturating_sub(body.len())).unwrap_or_default();
        let mail = parse(headers, limits);
        let essence = essence(bytes, &mail);
        let text = "mailflow could not read this mail. It is kept exactly as it came: see the raw source.\n";
        let mail = Mail { text: text.to_owned(), html: None, attachments: Vec::new(), bounce: None, ..mail };
        Self {
            source,
            digest,
            mail,
            attachments: Vec::new(),
            has_html: false,
            essence,
            open_of_sender: Vec::new(),
            raw: None,
        }
    }

    fn key(&self) -> Key {
        Key::Arrival(self.source, self.digest)
    }
}

/// Digest of what the author of a mail wrote, without what the way put on top of it: author, date and the bytes after
/// the headers. Two copies of one mail that came different ways have the same essence; another mail under a reused
/// `Message-ID` has another (AC-11).
#[must_use]
pub fn essence(bytes: &[u8], mail: &Mail) -> Digest {
    let body = after_headers(bytes).trim_ascii_end();
    let author = mail.from.as_ref().and_then(|from| from.address.as_ref()).map(|it| it.key()).unwrap_or_default();
    let date = mail.date.map_or(0, crate::time::Timestamp::as_millis).to_be_bytes();
    Digest::of_parts([author.as_bytes(), &date, body])
}

/// What stands after the first empty line; everything if there is none.
fn after_headers(bytes: &[u8]) -> &[u8] {
    let mut rest = bytes;
    while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
        rest = rest.get(end + 1..).unwrap_or_default();
        if let Some(body) = rest.strip_prefix(b"\n").or_else(|| rest.strip_prefix(b"\r\n")) {
            return body;
        }
    }
    bytes
}

/// What became of an arrival.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Routed {
    /// In one word.
    pub outcome: Outcome,
    /// The ticket that it is in; nil if it was shredded for good.
    pub ticket: TicketId,
    /// Whether the ticket was made for it.
    pub made_ticket: bool,
    /// The message that it is, or is a copy of.
    pub message: MessageId,
    /// Why, in words that follow "because".
    pub because: String,
    /// Whether an automatic answer may be sent to it.
    pub may_autoreply: bool,
}

/// What became of an arrival, in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It made a ticket.
    New,
    /// It is the next message of a ticket.
    FollowUp,
    /// It is a report about the delivery of a mail.
    Bounce,
    /// A machine wrote it.
    Automatic,
    /// It is a copy of a message that is there.
    Duplicate,
    /// It could not be read; a ticket has it as it came.
    Unreadable,
    /// A rule threw it away for good; it is in no ticket.
    Shredded,
}

/// Says what has to be looked at before this arrival can be routed; asked again until it is content.
///
/// # Errors
/// [`NotLoaded`] with all keys that are known to be needed so far.
pub fn looks(scene: &Scene<'_>, changes: &Changes<'_>, reading: &Reading) -> Result<(), NotLoaded> {
    let mail = &reading.mail;
    let traces = traces(mail, scene.keyring);
    let mut first = vec![reading.key()];
    first.extend(mail.from.iter().filter_map(|from| from.address.clone()).map(Key::Address));
    first.extend(mail.bounce.iter().filter_map(|bounce| bounce.about.clone()).map(Key::Thread));
    first.extend(reading.open_of_sender.iter().copied().map(Key::Ticket));
    first.extend(traces.iter().map(|trace| match trace {
        Trace::Token(ticket, _) => Key::Ticket(*ticket),
        Trace::Answers(id) | Trace::Itself(id) => Key::Thread(id.clone()),
        Trace::Number(number) => Key::TicketNumber(*number),
    }));
    first.extend(report::tokens(scene.keyring, mail).into_iter().map(Key::Ticket));
    changes.need(first)?;

    let mut second = Vec::new();
    for id in answered(mail).iter().chain(&mail.message_id) {
        let Some(entry) = changes.get::<ThreadEntry>(&Key::Thread(id.clone()))? else { continue };
        second.extend(entry.message.map(|(_, ticket)| Key::Ticket(ticket)));
        second.extend(entry.telling().iter().copied().map(Key::Ticket));
        if mail.message_id.as_ref() == Some(id) {
            second.extend(entry.message.map(|(message, _)| Key::Message(message)));
        }
    }
    second.extend(report::message(changes, mail)?.map(Key::Message));
    second.extend(people::contact_key(changes, mail)?);
    changes.need(second)?;

    let outgoing = report::outgoing(changes, mail)?;
    changes.need(outgoing.map(Key::Outgoing))?;
    people::need_contact(changes, mail)
}

/// Routes an arrival. `None` if it does not wait any more.
///
/// # Errors
/// [`Stop::Look`] for what it needs; it never refuses: every mail gets a place.
pub fn route(
    scene: &Scene<'_>,
    changes: &mut Changes<'_>,
    mint: &mut Mint,
    reading: &Reading,
) -> Result<Option<Routed>, Stop> {
    looks(scene, changes, reading)?;
    let Some(arrival) = changes.get::<Arrival>(&reading.key())?.cloned() else { return Ok(None) };
    if arrival.state != ArrivalState::Received {
        return Ok(None);
    }
    if let Some(routed) = copy(scene, changes, mint, reading, &arrival)? {
        return Ok(Some(routed));
    }
    let append = Append::new(scene, reading, &arrival, mint);
    if let Some(routed) = report::route(changes, mint, &append)? {
        return Ok(Some(routed));
    }
    let known = known_contact(changes, reading)?;
    let matter = matter(reading, &arrival, known.as_ref());
    let rules = &scene.directory.rules;
    let decided = rules.decide(&matter);
    let winner = decided.winner();
    let mut chosen = choose::choose(scene, changes, reading)?;
    if let Some((_, rule)) = winner.filter(|(_, rule)| rule.then.new_ticket) {
        chosen.set_apart(&rule.description);
    }
    let mut explanation = Explanation {
        tried: (!rules.is_empty()).then(|| decided.compact()),
        no_automatic_answer: people::no_automatic_answer(scene, &reading.mail),
        set_aside: std::mem::take(&mut chosen.set_aside),
        ..Explanation::default()
    };
    if let Some((ticket, evidence)) = chosen.ticket {
        explanation.evidence = Some(evidence);
        let contact = people::author(scene, changes, mint, &reading.mail, arrival.at)?;
        return Ok(Some(append.to_ticket(changes, mint, ticket, contact, explanation)?));
    }
    let placement = place(scene.directory, rules.default_rule(), &matter, winner);
    if let (Some(Shred::ForGood), Some((number, rule))) = (placement.shred, winner) {
        return Ok(Some(shred(changes, reading, &arrival, number, rule)));
    }
    let contact = people::author(scene, changes, mint, &reading.mail, arrival.at)?;
    let stays = winner.is_some_and(|(_, rule)| rule.then.new_ticket);
    if let Some(ticket) = choose::by_subject(scene, changes, reading, &placement)?.filter(|_| !stays) {
        explanation.evidence = Some(Evidence::SubjectAndSender);
        return Ok(Some(append.to_ticket(changes, mint, ticket, contact, explanation)?));
    }
    explanation.placed_by = Some(placement.placed_by.clone());
    let made = append::Made {
        placement,
        then: winner.map(|(_, rule)| &rule.then),
        fields: decided.captures(),
        link: chosen.link,
    };
    Ok(Some(append.as_ticket(changes, mint, made, contact, explanation)?))
}

/// What rules look at in an arrival.
fn matter<'a>(reading: &'a Reading, arrival: &Arrival, contact: Option<&'a Contact>) -> Matter<'a> {
    let size = arrival.whole_size.unwrap_or(arrival.size);
    let matter = Matter::of_mail(reading.source, arrival.at, size, &reading.mail);
    Matter { attachments: &reading.attachments, contact, ..matter }
}

/// Who wrote, if he was known before.
fn known_contact(changes: &Changes<'_>, reading: &Reading) -> Result<Option<Contact>, NotLoaded> {
    match people::contact_key(changes, &reading.mail)? {
        Some(key) => Ok(changes.get::<Contact>(&key)?.cloned()),
        None => Ok(None),
    }
}

/// A rule that was tried on a mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleTried {
    /// Its place in the list, counted from 1.
    pub number: u32,
    /// Its description.
    pub description: String,
    /// The first of its fields that did not match; `None` if all did.
    pub failed: Option<RuleField>,
}

/// Every rule that [`route`] tries on an arrival, and what the winner catches in it: what the stored explanation says of
/// the first rules, for all.
///
/// # Errors
/// [`NotLoaded`] as for [`looks`].
pub fn tried(
    scene: &Scene<'_>,
    changes: &Changes<'_>,
    reading: &Reading,
    arrival: &Arrival,
) -> Result<(Vec<RuleTried>, BTreeMap<String, String>), NotLoaded> {
    let known = known_contact(changes, reading)?;
    let matter = matter(reading, arrival, known.as_ref());
    let decided = scene.directory.rules.decide(&matter);
    let tried = decided.tried().map(|(number, rule, failed)| RuleTried {
        number,
        description: rule.description.clone(),
        failed,
    });
    Ok((tried.collect(), decided.captures()))
}

/// Nothing is kept of a mail but that it came, and which rule threw it away. Its bytes are erased after that is written.
fn shred(changes: &mut Changes<'_>, reading: &Reading, arrival: &Arrival, number: u32, rule: &Rule) -> Routed {
    let description = rule.description.clone();
    let because = format!("rule {number} `{description}` shreds it for good");
    changes.put(Arrival { state: ArrivalState::Shredding { rule: rule.id, description }, ..arrival.clone() });
    tracing::info!(digest = %reading.digest, because, "a mail was shredded");
    Routed {
        outcome: Outcome::Shredded,
        ticket: TicketId::from_bytes([0; 16]),
        made_ticket: false,
        message: MessageId::from_bytes([0; 16]),
        because,
        may_autoreply: false,
    }
}

/// A mail that is there already and came another way as well: noted, not shown again (AC-10, AC-11e).
fn copy(
    scene: &Scene<'_>,
    changes: &mut Changes<'_>,
    mint: &mut Mint,
    reading: &Reading,
    arrival: &Arrival,
) -> Result<Option<Routed>, Stop> {
    let Some(id) = &reading.mail.message_id else { return Ok(None) };
    let entry = changes.get::<ThreadEntry>(&Key::Thread(id.clone()))?;
    let Some((message, ticket)) = entry.and_then(|entry| entry.message) else { return Ok(None) };
    let known = changes.get::<Message>(&Key::Message(message))?;
    if known.is_none_or(|known| known.essence != Some(reading.essence)) {
        return Ok(None);
    }
    if let Some(mut kept) = changes.get::<Ticket>(&Key::Ticket(ticket))?.cloned() {
        let known = kept.our_addresses.len();
        for (_, address) in crate::routing::recipients(&reading.mail) {
            if scene.directory.is_ours(address) {
                kept.add_our_address(address);
            }
        }
        if kept.our_addresses.len() > known {
            changes.put(kept);
        }
    }
    tell(changes, mint, ticket, arrival.at, Actor::System, What::CopyReceived { message });
    changes.put(Arrival { state: ArrivalState::Copied { ticket, message }, ..arrival.clone() });
    let because = Evidence::SameMail.words();
    Ok(Some(Routed {
        outcome: Outcome::Duplicate,
        ticket,
        made_ticket: false,
        message,
        because,
        may_autoreply: false,
    }))
}

/// The mail of ours that an outgoing row stands for.
fn outgoing_of(changes: &Changes<'_>, message: MessageId) -> Result<Option<Outgoing>, NotLoaded> {
    let Some(outgoing) = changes.get::<Message>(&Key::Message(message))?.and_then(|message| message.outgoing) else {
        return Ok(None);
    };
    Ok(changes.get::<Outgoing>(&Key::Outgoing(outgoing))?.cloned())
}
