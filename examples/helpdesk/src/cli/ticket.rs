//! `mailflow ticket`: look at tickets and answer them.

use std::io::{Read, Write};

use clap::{Args, Subcommand};
use mailflow_core::decision::reply::{AfterReply, Reply};
use mailflow_core::flow::{Conversation, Desk, Filter, Mailflow, Passage};
use mailflow_core::mail::{Address, Mailbox, parse};
use mailflow_core::message::Message;
use mailflow_core::refusal::Refusal;
use mailflow_core::store::Page;
use mailflow_core::ticket::{Ticket, TicketState};
use serde_json::{Value, json};

use super::desk::DeskArguments;
use super::{Exit, SHAPE, explained, print, say};
use crate::setup::IfMissing;

/// How many tickets are read at once.
const PAGE: u32 = 200;

#[derive(Debug, Subcommand)]
pub enum TicketCommand {
    /// List tickets, the one that changed last first; with --json one object a line.
    List {
        #[command(flatten)]
        whose: Whose,
        /// Closed ones as well.
        #[arg(long)]
        all: bool,
        /// At most so many.
        #[arg(long, default_value_t = 1000)]
        limit: usize,
    },
    /// Show a ticket with its messages, notes and events.
    Show {
        #[command(flatten)]
        whose: Whose,
        /// The ticket's number.
        number: u64,
    },
    /// Answer a ticket. Nothing is sent from here: the mail waits for `mailflow serve`.
    Reply(Box<ReplyArguments>),
}

#[derive(Debug, Args)]
pub struct ReplyArguments {
    #[command(flatten)]
    whose: Whose,
    /// The ticket's number.
    number: u64,
    /// The words; `-` reads stdin.
    #[arg(long)]
    text: String,
    /// To whom, instead of whoever wrote last.
    #[arg(long)]
    to: Vec<Address>,
    /// Copies.
    #[arg(long)]
    cc: Vec<Address>,
    /// Close the ticket.
    #[arg(long)]
    close: bool,
    /// Print the exact outgoing mail as well; without --json it is all that stands on stdout.
    #[arg(long)]
    eml: bool,
}

/// Which desk, and who acts.
#[derive(Debug, Args)]
pub struct Whose {
    #[command(flatten)]
    desk: DeskArguments,
    /// The user name of the agent who acts.
    #[arg(long = "as", value_name = "USER", default_value = "admin")]
    user: String,
    /// Print JSON; every object carries its version as `v`.
    #[arg(long)]
    json: bool,
}

/// Looks at tickets, or answers one.
pub async fn ticket(command: TicketCommand) -> Result<(), Exit> {
    match command {
        TicketCommand::List { whose, all, limit } => list(&whose, all, limit).await,
        TicketCommand::Show { whose, number } => show(&whose, number).await,
        TicketCommand::Reply(arguments) => reply(*arguments).await,
    }
}

async fn open(whose: &Whose) -> Result<(Mailflow, Desk), Exit> {
    let flow = whose.desk.open(IfMissing::Refuse).await?.flow;
    let agent = flow.directory().agent_named(&whose.user).map(|agent| agent.id);
    let agent = agent.ok_or_else(|| Refusal::no_such("agent", &whose.user))?;
    let desk = flow.desk(agent);
    desk.agent()?;
    Ok((flow, desk))
}

async fn list(whose: &Whose, all: bool, limit: usize) -> Result<(), Exit> {
    let (_, desk) = open(whose).await?;
    let filter = Filter { state: (!all).then_some(TicketState::Open), ..Filter::default() };
    let mut page = Page::first(PAGE);
    let mut left = limit;
    loop {
        let listing = desk.tickets(&filter, &page).await?;
        for ticket in listing.rows.iter().take(left) {
            if whose.json {
                print(&ticket_json(&desk, ticket).to_string())?;
            } else {
                let who = ticket.last.as_ref().map_or("", |last| last.who.as_str());
                print(&format!(
                    "#{:<6} {:<6} {:<24} {}",
                    ticket.number,
                    state(ticket),
                    cut(who, 24),
                    ticket.subject
                ))?;
            }
        }
        left = left.saturating_sub(listing.rows.len());
        match listing.next.filter(|_| left > 0) {
            Some(next) => page = Page::after(PAGE, next),
            None => return Ok(()),
        }
    }
}

async fn show(whose: &Whose, number: u64) -> Result<(), Exit> {
    let (_, desk) = open(whose).await?;
    let conversation = desk.conversation(number).await?;
    if whose.json {
        return print(&conversation_json(&desk, &conversation).to_string());
    }
    let ticket = &conversation.ticket;
    print(&format!("#{} {} ({}, {})", ticket.number, ticket.subject, state(ticket), ticketbox(&desk, ticket)))?;
    for (name, value) in &ticket.fields {
        print(&format!("{name} = {value}"))?;
    }
    for passage in &conversation.passages {
        match passage {
            Passage::Message(message) => {
                let from = message.from.address.as_ref().map_or("unknown sender", Address::as_str);
                print(&format!("\n── {} {from}: {}\n{}", message.at, message.subject, message.text.trim_end()))?;
                if let Some(explanation) = &message.explanation {
                    for line in explained::lines(explanation, &desk.directory().rule_set) {
                        print(&format!("   ({line})"))?;
                    }
                }
            }
            Passage::Note(note) => {
                print(&format!(
                    "\n── {} note, internal, never sent: {}\n{}",
                    note.at,
                    name(&desk, note.author),
                    note.text
                ))?;
            }
            Passage::Event(_) => {}
        }
    }
    Ok(())
}

async fn reply(arguments: ReplyArguments) -> Result<(), Exit> {
    let (_, desk) = open(&arguments.whose).await?;
    let ticket = desk.ticket(arguments.number).await?;
    let text = if arguments.text == "-" {
        let mut text = String::new();
        std::io::stdin().read_to_string(&mut text)?;
        text
    } else {
        arguments.text
    };
    let mailboxes = |addresses: Vec<Address>| addresses.into_iter().map(|it| Mailbox::new("", it)).collect();
    let wish = Reply {
        to: mailboxes(arguments.to),
        cc: mailboxes(arguments.cc),
        then: if arguments.close { AfterReply::Close } else { AfterReply::Stay },
        ..Reply::text(text)
    };
    let replied = desk.reply(ticket.id, wish).await?;
    let raw = desk.raw(replied.message).await?;
    let message = desk.message(replied.message).await?;
    let reply_to = parse(&raw, &mailflow_core::mail::Limits::default()).reply_to;
    if arguments.whose.json {
        let mut answer = json!({
            "v": SHAPE,
            "ticket": ticket.number,
            "message": replied.message,
            "message_id": message.message_id.as_ref().map(ToString::to_string),
            "subject": message.subject,
            "from": message.from,
            "reply_to": reply_to,
            "to": message.to,
            "cc": message.cc,
            "state": "queued",
        });
        if let (true, Some(fields)) = (arguments.eml, answer.as_object_mut()) {
            fields.insert("eml".to_owned(), String::from_utf8_lossy(&raw).into());
        }
        return print(&answer.to_string());
    }
    say(&format!("#{}: the answer waits to be sent as {}", ticket.number, id(&message)));
    if arguments.eml {
        std::io::stdout().lock().write_all(&raw)?;
    }
    Ok(())
}

fn ticket_json(desk: &Desk, ticket: &Ticket) -> Value {
    let directory = desk.directory();
    json!({
        "v": SHAPE,
        "number": ticket.number,
        "id": ticket.id,
        "subject": ticket.subject,
        "state": ticket.state,
        "ticketbox": ticketbox(desk, ticket),
        "owner": ticket.owner.map(|owner| name(desk, owner)),
        "category": ticket.category.and_then(|id| directory.categories.get(&id)).map(|category| &category.name),
        "priority": ticket.priority,
        "participants": ticket.participants,
        "messages": ticket.messages,
        "created": ticket.created.to_string(),
        "updated": ticket.updated.to_string(),
        "waiting_since": ticket.waiting_since.map(|since| since.to_string()),
        "links": ticket.links,
        "fields": ticket.fields,
    })
}

fn conversation_json(desk: &Desk, conversation: &Conversation) -> Value {
    let mut shown = ticket_json(desk, &conversation.ticket);
    let (mut messages, mut notes, mut events) = (Vec::new(), Vec::new(), Vec::new());
    for passage in &conversation.passages {
        match passage {
            Passage::Message(message) => messages.push(message_json(desk, conversation, message)),
            Passage::Note(note) => notes.push(json!({
                "at": note.at.to_string(), "author": name(desk, note.author), "text": note.text,
            })),
            Passage::Event(event) => events.push(json!({
                "at": event.at.to_string(), "actor": event.actor, "what": event.what,
            })),
        }
    }
    if let Some(fields) = shown.as_object_mut() {
        fields.insert("contact".to_owned(), json!(conversation.contact));
        fields.insert("messages".to_owned(), messages.into());
        fields.insert("notes".to_owned(), notes.into());
        fields.insert("events".to_owned(), events.into());
    }
    shown
}

fn message_json(desk: &Desk, conversation: &Conversation, message: &Message) -> Value {
    let directory = desk.directory();
    let outgoing = message.outgoing.and_then(|id| conversation.outgoing.get(&id));
    json!({
        "id": message.id,
        "direction": message.direction,
        "at": message.at.to_string(),
        "date": message.date.map(|date| date.to_string()),
        "from": message.from,
        "reply_to": message.reply_to,
        "to": message.to,
        "cc": message.cc,
        "subject": message.subject,
        "message_id": message.message_id.as_ref().map(ToString::to_string),
        "text": message.text,
        "attachments": message.attachments,
        "automatic": message.automatic,
        "bounce": message.bounce,
        "defects": message.defects,
        "because": message.explanation.as_ref().map(|explanation| explanation.words()),
        "explanation": message.explanation.as_ref().map(|it| explained::as_json(it, &directory.rule_set)),
        "delivery": outgoing.map(|outgoing| json!({
            "state": outgoing.state, "recipients": outgoing.recipients, "may_be_double": outgoing.may_be_double,
            "attempts": outgoing.attempts, "trouble": outgoing.trouble,
        })),
    })
}

fn ticketbox(desk: &Desk, ticket: &Ticket) -> String {
    desk.directory().ticketboxes.get(&ticket.ticketbox).map_or_else(|| "?".to_owned(), |it| it.name.clone())
}

fn name(desk: &Desk, agent: mailflow_core::id::AgentId) -> String {
    desk.directory().agents.get(&agent).map_or_else(|| "?".to_owned(), |agent| agent.user_name.clone())
}

const fn state(ticket: &Ticket) -> &'static str {
    match ticket.state {
        TicketState::Open => "open",
        TicketState::Closed => "closed",
    }
}

fn id(message: &Message) -> String {
    message.message_id.as_ref().map(ToString::to_string).unwrap_or_default()
}

fn cut(text: &str, characters: usize) -> String {
    text.chars().take(characters).collect()
}
