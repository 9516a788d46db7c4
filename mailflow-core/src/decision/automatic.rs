//! Mail that nobody writes: automatic answers, and mails that rules pass on.
//!
//! Four walls keep it from going on for ever (AC-20): it is never sent to what a machine or a list wrote, nor to an
//! address of ours; nor more than once a day from a ticketbox to an address; the whole desk sends only so much in an
//! hour; and all of it says that no person wrote it, and has the null sender. A ticket sends automatic mail only when it
//! is made: one answer and one forward at most.

use std::time::Duration;

use super::route::{Reading, essence};
use super::{Scene, tell};
use crate::allowance::{Allowance, Counted, Limit};
use crate::destination::Destination;
use crate::event::{Actor, What};
use crate::explanation::Done;
use crate::id::{MessageId, Mint};
use crate::mail::{
    Address, Composition, Enclosure, Limits, Mail, Mailbox, Sender, Spam, ThreadId, compose, new_words, parse,
    subject_tag,
};
use crate::message::{AttachmentInfo, Author, Direction, Message};
use crate::outgoing::{Outgoing, OutgoingState, Recipient};
use crate::response::{Placeholders, StandardResponse};
use crate::routing::Authentication;
use crate::rule::{Forward, ForwardFrom, RuleEffect};
use crate::settings::Settings;
use crate::store::{Changes, Key, NotLoaded};
use crate::text;
use crate::thread_entry::ThreadEntry;
use crate::ticket::{Ticket, TicketState};
use crate::ticketbox::{AutoReply, Ticketbox};
use crate::time::Timestamp;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const HOUR: Duration = Duration::from_secs(60 * 60);
/// Automatic answers from a ticketbox to an address.
pub const ANSWERS: Limit = Limit { times: 1, within: DAY };
/// Mails of one sender that are passed on out of a ticketbox.
pub const FORWARDS: Limit = Limit { times: 20, within: DAY };
/// What was written longer ago comes from an archive or a jam: nobody waits for an answer to it.
const OLD: Duration = Duration::from_secs(7 * 24 * 60 * 60);
/// The most characters of a mail that are quoted or passed on.
const QUOTED: usize = 200_000;

/// How much automatic mail the whole desk sends.
#[must_use]
pub const fn automatic_mail_of(settings: &Settings) -> Limit {
    Limit { times: settings.automatic_per_hour, within: HOUR }
}

/// What may be sent for a mail that has made a ticket.
pub struct Occasion<'a> {
    /// The configuration and the time.
    pub scene: &'a Scene<'a>,
    /// The mail.
    pub reading: &'a Reading,
    /// When it came.
    pub at: Timestamp,
    /// Why it may not be answered, if it may not.
    pub no_answer: Option<&'a str>,
}

/// A mail that nobody writes, before it is one.
struct Letter<'a> {
    ticketbox: &'a Ticketbox,
    destination: &'a Destination,
    from: Mailbox,
    to: Vec<Mailbox>,
    cc: Vec<Mailbox>,
    reply_to: Option<Mailbox>,
    subject: String,
    text: String,
    attachments: Vec<Enclosure>,
    due: Timestamp,
}

impl Occasion<'_> {
    fn mail(&self) -> &Mail {
        &self.reading.mail
    }

    /// Writes what the rule and the ticketbox want to be sent, as far as it may be. Says what was done.
    pub fn act(
        &self,
        changes: &mut Changes<'_>,
        mint: &mut Mint,
        ticket: &mut Ticket,
        then: Option<&RuleEffect>,
    ) -> Result<Vec<Done>, NotLoaded> {
        let mut done = Vec::new();
        let directory = self.scene.directory;
        let Some(ticketbox) = directory.ticketboxes.get(&ticket.ticketbox) else { return Ok(done) };
        // A rule's answer takes the place of the ticketbox's.
        let of_rule = then.and_then(|then| then.respond).map(|response| AutoReply {
            response,
            after_minutes: 0,
            quote: false,
            close: false,
        });
        if let Some(wish) = of_rule.as_ref().or(ticketbox.auto_reply.as_ref())
            && let Some(response) = directory.responses.get(&wish.response)
        {
            let what = format!("the answer `{}`", response.name);
            match self.answer(changes, ticketbox, ticket, response, wish)? {
                Ok(letter) => {
                    let message = self.send(changes, mint, ticket, letter)?;
                    let response = response.name.clone();
                    tell(
                        changes,
                        mint,
                        ticket.id,
                        self.at,
                        Actor::System,
                        What::Answered { message, response: response.clone() },
                    );
                    if wish.close && wish.after_minutes == 0 && ticket.state == TicketState::Open {
                        ticket.close(self.at);
                        tell(changes, mint, ticket.id, self.at, Actor::System, What::Closed);
                    }
                    done.push(Done::Answered { response });
                }
                Err(because) => done.push(self.not_sent(changes, mint, ticket, what, because)),
            }
        }
        if let Some(forward) = then.and_then(|then| then.forward.as_ref()) {
            match self.forward(changes, ticketbox, ticket, forward)? {
                Ok(letter) => {
                    let to: Vec<Address> = letter.to.iter().chain(&letter.cc).map(|it| it.address.clone()).collect();
                    let message = self.send(changes, mint, ticket, letter)?;
                    tell(
                        changes,
                        mint,
                        ticket.id,
                        self.at,
                        Actor::System,
                        What::Forwarded { message, to: to.clone() },
                    );
                    done.push(Done::Forwarded { to });
                }
                Err(because) => {
                    done.push(self.not_sent(changes, mint, ticket, "passing it on".to_owned(), because));
                }
            }
        }
        Ok(done)
    }

    fn old(&self) -> Option<&'static str> {
        let old = self.mail().date.is_some_and(|date| self.at.since(date) > OLD);
        old.then_some("it was written more than a week ago")
    }

    fn not_sent(
        &self,
        changes: &mut Changes<'_>,
        mint: &mut Mint,
        ticket: &Ticket,
        what: String,
        because: String,
    ) -> Done {
        let words = format!("{what} was not sent: {because}");
        tell(changes, mint, ticket.id, self.at, Actor::System, What::NotAnswered { because: words });
        Done::NotSent { what, because }
    }

    /// An answer of a standard response to whoever wrote; or why there is none.
    fn answer<'a>(
        &'a self,
        changes: &mut Changes<'_>,
        ticketbox: &'a Ticketbox,
        ticket: &Ticket,
        response: &StandardResponse,
        wish: &AutoReply,
    ) -> Result<Result<Letter<'a>, String>, NotLoaded> {
        let mail = self.mail();
        if let Some(because) = self.no_answer.or_else(|| self.old()) {
            return Ok(Err(because.to_owned()));
        }
        let sender = mail.from.as_ref().and_then(Sender::mailbox);
        let Some(to) = mail.reply_to.first().cloned().or_else(|| sender.clone()) else {
            return Ok(Err("there is no address to answer to".to_owned()));
        };
        // Whoever wrote and whoever is answered are counted both: neither can vary the other to be answered again.
        let mut counted = vec![(Counted::Answers(ticketbox.id, &to.address), ANSWERS)];
        if let Some(sender) = sender.as_ref().filter(|sender| sender.address != to.address) {
            counted.push((Counted::Answers(ticketbox.id, &sender.address), ANSWERS));
        }
        let (from, destination) = match self.way(ticketbox, ticket) {
            Ok(way) => way,
            Err(because) => return Ok(Err(because)),
        };
        if let Err(because) = self.spend(changes, &counted)? {
            return Ok(Err(because));
        }
        // The number is not given yet: people find the ticket by the token that the answer carries.
        let number = if ticket.number == 0 { String::new() } else { subject_tag(ticket.number) };
        let values = Placeholders {
            ticket: &number,
            subject: &mail.subject,
            name: sender.as_ref().map_or("", Mailbox::shown),
            address: to.address.as_str(),
            ticketbox: &ticketbox.name,
        };
        let mut words = text::many_lines(&values.fill(&response.text), StandardResponse::TEXT);
        if wish.quote {
            words.push_str("\n\n");
            for line in text::prefix(&new_words(text::prefix(&mail.text, QUOTED)), QUOTED).lines() {
                words.push_str("> ");
                words.push_str(line);
                words.push('\n');
            }
        }
        let subject = match response.subject.trim() {
            "" => format!("Re: {}", mail.subject),
            subject => values.fill(subject),
        };
        Ok(Ok(Letter {
            ticketbox,
            destination,
            reply_to: self.tagged(ticketbox, &from, ticket),
            from,
            to: vec![to],
            cc: Vec::new(),
            subject: text::one_line(&subject, 900),
            text: words,
            attachments: Vec::new(),
            due: self.at.plus(Duration::from_secs(60) * wish.after_minutes),
        }))
    }

    /// The mail as it is passed on; or why it is not.
    fn forward<'a>(
        &'a self,
        changes: &mut Changes<'_>,
        ticketbox: &'a Ticketbox,
        ticket: &Ticket,
        wish: &Forward,
    ) -> Result<Result<Letter<'a>, String>, NotLoaded> {
        let mail = self.mail();
        let directory = self.scene.directory;
        // What a person wrote may be passed on also if a list spread it.
        let machine = mail.bounce.is_some() || mail.automatic.as_ref().is_some_and(|it| it.machine);
        let no_answer = self.no_answer.filter(|_| machine || mail.automatic.is_none());
        if let Some(because) = no_answer.or_else(|| self.old()) {
            return Ok(Err(because.to_owned()));
        }
        let others = |all: &[Address]| -> Vec<Mailbox> {
            all.iter().filter(|it| !directory.is_ours(it)).cloned().map(Mailbox::from).collect()
        };
        let (to, cc) = (others(&wish.to), others(&wish.cc));
        if to.is_empty() && cc.is_empty() {
            return Ok(Err("it would go to ourselves".to_owned()));
        }
        let (boxed, destination) = match self.way(ticketbox, ticket) {
            Ok(way) => way,
            Err(because) => return Ok(Err(because)),
        };
        let sender = mail.from.as_ref().and_then(Sender::mailbox);
        let agent = match wish.from {
            ForwardFrom::Agent(id) => directory.agents.get(&id),
            ForwardFrom::Ticketbox => None,
        };
        let via = sender.as_ref().map_or("", Mailbox::shown);
        let from = match agent.and_then(|agent| Some((agent, agent.address.clone()?))) {
            Some((agent, address)) => Mailbox::new(&agent.name, address),
            None => Mailbox::new(&format!("{via} via {}", ticketbox.name), boxed.address),
        };
        if let Some(sender) = &sender
            && let Err(because) =
                self.spend(changes, &[(Counted::Forwards(ticketbox.id, &sender.address), FORWARDS)])?
        {
            return Ok(Err(because));
        }
        let bytes = self.reading.raw.as_deref().unwrap_or_default();
        let attachments = parse(bytes, &Limits::default()).attachments;
        Ok(Ok(Letter {
            ticketbox,
            destination,
            from,
            to,
            cc,
            reply_to: mail.reply_to.first().cloned().or(sender),
            subject: mail.subject.clone(),
            text: text::many_lines(&mail.text, QUOTED),
            attachments: attachments
                .into_iter()
                .map(|it| Enclosure {
                    filename: it.filename.unwrap_or_else(|| "attachment".to_owned()),
                    content_type: it.content_type,
                    content: it.content,
                    content_id: None,
                })
                .collect(),
            due: self.at,
        }))
    }

    /// Whom automatic mail is from, and what it is sent through.
    fn way<'a>(&'a self, ticketbox: &Ticketbox, ticket: &Ticket) -> Result<(Mailbox, &'a Destination), String> {
        let directory = self.scene.directory;
        let ours = || ticket.our_addresses.iter().find(|it| directory.is_ours(it)).cloned();
        let from = ticketbox.mailbox().or_else(|| ours().map(|address| Mailbox::new(&ticketbox.name, address)));
        let from = from.ok_or_else(|| format!("ticketbox `{}` has no address to send from", ticketbox.name))?;
        let destination = directory.destination_for(ticketbox, ticket.source);
        Ok((from, destination.ok_or("there is no destination to send through")?))
    }

    /// The address that answers come back to, with the ticket's token.
    fn tagged(&self, ticketbox: &Ticketbox, from: &Mailbox, ticket: &Ticket) -> Option<Mailbox> {
        let token = self.scene.keyring.token(ticket.id).to_string();
        let address = ticketbox.plus_addressing.then(|| from.address.with_tag(&token)).flatten()?;
        Some(Mailbox::new(&from.name, address))
    }

    /// Takes one of each allowance, or of none.
    fn spend(
        &self,
        changes: &mut Changes<'_>,
        counted: &[(Counted<'_>, Limit)],
    ) -> Result<Result<(), String>, NotLoaded> {
        let desk = automatic_mail_of(&self.scene.directory.settings);
        let mut all = counted.to_vec();
        all.push((Counted::Desk, desk));
        changes.need(all.iter().map(|(of, _)| Key::Allowance(of.key())))?;
        let mut spent = Vec::with_capacity(all.len());
        for (of, limit) in all {
            let key = of.key();
            let known = changes.get::<Allowance>(&Key::Allowance(key))?.cloned();
            let mut allowance = known.unwrap_or_else(|| Allowance::new(key));
            if !allowance.allows(limit, self.at) {
                return Ok(Err(match of {
                    Counted::Answers(_, address) => format!("{address} was answered automatically today"),
                    Counted::Forwards(_, address) => {
                        format!("{} mails of {address} were passed on today", limit.times)
                    }
                    Counted::Alerts(_) | Counted::FailedSignIns(_) => "there were too many".to_owned(),
                    Counted::Desk => {
                        tracing::error!(limit = limit.times, "automatic mail is stopped: too much of it in an hour");
                        format!("the desk has sent {} automatic mails within an hour", limit.times)
                    }
                }));
            }
            allowance.spend(limit, self.at);
            spent.push(allowance);
        }
        spent.into_iter().for_each(|allowance| changes.put(allowance));
        Ok(Ok(()))
    }

    /// Writes the message, and that it has to be sent.
    fn send(
        &self,
        changes: &mut Changes<'_>,
        mint: &mut Mint,
        ticket: &mut Ticket,
        letter: Letter<'_>,
    ) -> Result<MessageId, NotLoaded> {
        let (id, now) = (mint.id(), self.at);
        let token = self.scene.keyring.token(ticket.id);
        let message_id = ThreadId::mint(&token, letter.from.address.domain(), mint);
        let answered = self.mail().message_id.clone();
        let mut references = self.mail().references.clone();
        references.extend(answered.clone());
        let references = references.split_off(references.len().saturating_sub(30));
        let mut sent_text = letter.text.clone();
        if letter.ticketbox.reference_line {
            sent_text.push_str(&format!("\n\nReference: {token}\n"));
        }
        let infos = letter.attachments.iter().map(|it| AttachmentInfo {
            filename: Some(it.filename.clone()),
            content_type: it.content_type.clone(),
            size: u64::try_from(it.content.len()).unwrap_or(u64::MAX),
            inline: false,
            content_id: None,
        });
        let infos: Vec<AttachmentInfo> = infos.collect();
        let composition = Composition {
            message_id: message_id.clone(),
            date: now,
            from: letter.from,
            reply_to: letter.reply_to,
            to: letter.to,
            cc: letter.cc,
            subject: letter.subject,
            in_reply_to: answered,
            references,
            text: sent_text,
            html: None,
            attachments: letter.attachments,
            automatic: true,
        };
        let bytes = compose(&composition);
        let size = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        let essence = essence(&bytes, &parse(&bytes, &Limits::default()));
        let raw = changes.keep(bytes);
        let mut recipients: Vec<Recipient> = Vec::new();
        for mailbox in composition.to.iter().chain(&composition.cc) {
            if recipients.iter().all(|recipient| recipient.address != mailbox.address) {
                recipients.push(Recipient::new(mailbox.address.clone()));
            }
        }
        let outgoing = Outgoing {
            id: mint.id(),
            ticket: ticket.id,
            message: id,
            destination: letter.destination.id,
            sender: None,
            recipients,
            message_id: message_id.clone(),
            raw,
            size,
            state: OutgoingState::Queued,
            hold: None,
            alert: false,
            approval: None,
            created: now,
            due: letter.due,
            attempts: 0,
            first_tried: None,
            may_be_double: false,
            trouble: String::new(),
        };
        let mut entry = ThreadEntry::new(message_id.clone());
        entry.message = Some((id, ticket.id));
        changes.put(entry);
        ticket.messages = ticket.messages.saturating_add(1);
        ticket.add_our_address(&composition.from.address);
        changes.put(Message {
            id,
            ticket: ticket.id,
            at: now,
            direction: Direction::Outbound,
            author: Author::System,
            from: Sender { name: composition.from.name.clone(), address: Some(composition.from.address.clone()) },
            reply_to: composition.reply_to.into_iter().collect(),
            to: composition.to,
            cc: composition.cc,
            bcc: Vec::new(),
            delivered_to: Vec::new(),
            source: None,
            received_by: None,
            subject: composition.subject,
            message_id: Some(message_id),
            references: composition.references,
            date: Some(now),
            raw: Some(raw),
            size,
            essence: Some(essence),
            text: letter.text,
            has_html: false,
            attachments: infos,
            automatic: None,
            bounce: None,
            spam: Spam::default(),
            authentication: Authentication::default(),
            defects: Vec::new(),
            explanation: None,
            forwards: None,
            outgoing: Some(outgoing.id),
        });
        changes.put(outgoing);
        Ok(id)
    }
}
