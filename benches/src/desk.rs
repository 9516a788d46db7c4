//! A desk of a given size: ticketboxes, agents, tickets, messages, each from a number.

use mailflow_core::contact::{AddressEntry, Contact};
use mailflow_core::event::{Actor, Event, What};
use mailflow_core::id::{AgentId, CategoryId, ContactId, EventId, MessageId, TicketId, TicketboxId};
use mailflow_core::mail::{Address, Mailbox, Sender, Spam, ThreadId};
use mailflow_core::message::{Author, Direction, Message};
use mailflow_core::store::{Changeset, Entry, Record};
use mailflow_core::thread_entry::ThreadEntry;
use mailflow_core::ticket::{Excerpt, Ticket, TicketState};
use mailflow_core::time::Timestamp;

use crate::mails::{self, Numbers};

/// How many ticketboxes there are. The last one is small: one ticket of 2,000 lies there.
pub const BOXES: u64 = 40;
/// How many agents there are.
pub const AGENTS: u64 = 50;
/// How many messages each ticket has.
pub const MESSAGES: u64 = 4;
/// How many words each message has.
pub const MESSAGE_WORDS: u64 = 60;

/// 16 bytes of a time-ordered id (UUID version 7): the time of the number, its bits scattered behind.
fn bytes(kind: u64, number: u64) -> [u8; 16] {
    let millis = time(number).as_millis().unsigned_abs();
    let tail = Numbers::new(number.wrapping_mul(31).wrapping_add(kind)).next();
    ((u128::from(millis) << 80) | (7 << 76) | u128::from(tail)).to_be_bytes()
}

/// 20 seconds for each number, from 2023 on.
pub fn time(number: u64) -> Timestamp {
    Timestamp::from_millis(1_700_000_000_000 + i64::try_from(number).unwrap_or(0) * 20_000)
}

/// A ticketbox.
pub fn box_id(number: u64) -> TicketboxId {
    TicketboxId::from_bytes(bytes(1, number))
}

/// An agent.
pub fn agent_id(number: u64) -> AgentId {
    AgentId::from_bytes(bytes(2, number))
}

/// A ticket.
pub fn ticket_id(number: u64) -> TicketId {
    TicketId::from_bytes(bytes(3, number))
}

/// A contact.
pub fn contact_id(number: u64) -> ContactId {
    ContactId::from_bytes(bytes(4, number))
}

/// A message.
pub fn message_id(number: u64) -> MessageId {
    MessageId::from_bytes(bytes(5, number))
}

/// An event.
pub fn event_id(number: u64) -> EventId {
    EventId::from_bytes(bytes(6, number))
}

/// The address of a contact.
pub fn address(contact: u64) -> Option<Address> {
    Address::new(&format!("user{contact}@example.net")).ok()
}

/// The id of a mail.
pub fn thread_id(message: u64) -> Option<ThreadId> {
    ThreadId::new(&format!("{message}.{:016x}@example.net", Numbers::new(message).next()))
}

/// The ticketbox that a ticket lies in: the first ones are large, the last one is small.
pub fn box_of(ticket: u64) -> u64 {
    let mut numbers = Numbers::new(ticket ^ 0xb0c5);
    if numbers.below(2000) == 0 {
        return BOXES - 1;
    }
    numbers.below(BOXES - 1).min(numbers.below(BOXES - 1))
}

/// A ticket as a changeset: with its contact, its messages, what is known of their ids, its events.
pub fn ticket(number: u64) -> Changeset {
    let mut numbers = Numbers::new(number);
    let contact = number / 3;
    let mut ticket = ticket_alone(&mut numbers, number, contact);
    ticket.messages = u32::try_from(MESSAGES).unwrap_or(0);
    let mut records: Vec<Record> = Vec::new();
    if number.is_multiple_of(3) {
        let addresses: Vec<Address> = address(contact).into_iter().collect();
        let entries = addresses.iter().map(|it| AddressEntry { address: it.clone(), contact: contact_id(contact) });
        records.extend(entries.map(Record::from));
        records.push(person(contact, addresses).into());
    }
    for nth in 0..MESSAGES {
        let message = message(&mut numbers, number, nth);
        if let Some(id) = message.message_id.clone() {
            let mut entry = ThreadEntry::new(id);
            entry.message = Some((message.id, ticket.id));
            records.push(entry.into());
        }
        let what = What::Received { message: message.id };
        let (id, at) = (event_id(number * MESSAGES + nth), message.at);
        records.push(Event { id, ticket: ticket.id, at, actor: Actor::System, what, after: 0 }.into());
        let text = mailflow_core::text::one_line(&message.text, Excerpt::MAX);
        let who = message.from.name.clone();
        let direction = message.direction;
        ticket.last = Some(Excerpt { message: message.id, direction, who, text, at });
        records.push(message.into());
    }
    records.push(ticket.into());
    Changeset { entries: records.into_iter().map(Entry::Insert).collect(), first_ticket_number: 1 }
}

/// A ticket without its messages.
pub fn ticket_alone(numbers: &mut Numbers, number: u64, contact: u64) -> Ticket {
    let mut ticket =
        Ticket::new(ticket_id(number), box_id(box_of(number)), &format!("Question {number}"), time(number));
    ticket.owner = (numbers.below(10) < 6).then(|| agent_id(numbers.below(AGENTS)));
    ticket.category = (numbers.below(10) == 0).then(|| CategoryId::from_bytes(bytes(7, numbers.below(10))));
    ticket.state = if numbers.below(10) == 0 { TicketState::Open } else { TicketState::Closed };
    // Three of four customers have not been answered.
    let waits = ticket.state == TicketState::Open && !number.is_multiple_of(4);
    ticket.waiting_since = waits.then(|| time(number));
    ticket.contact = Some(contact_id(contact));
    ticket.updated = time(number + numbers.below(5000));
    ticket.participants.extend(address(contact));
    ticket
}

/// A contact.
pub fn person(contact: u64, addresses: Vec<Address>) -> Contact {
    Contact {
        id: contact_id(contact),
        name: format!("{} {}", mails::word(contact % 997), mails::word(contact % 8999)),
        addresses,
        phones: Vec::new(),
        owner: None,
        notes: String::new(),
        properties: [].into(),
        created: time(contact),
    }
}

/// A message of a ticket.
pub fn message(numbers: &mut Numbers, ticket: u64, nth: u64) -> Message {
    let number = ticket * MESSAGES + nth;
    let contact = ticket / 3;
    Message {
        id: message_id(number),
        ticket: ticket_id(ticket),
        at: time(ticket + nth * 100),
        direction: if nth.is_multiple_of(2) { Direction::Inbound } else { Direction::Outbound },
        author: Author::Contact(contact_id(contact)),
        from: Sender { name: mails::word(contact % 997), address: address(contact) },
        reply_to: Vec::new(),
        to: Address::new("support@example.com").into_iter().map(Mailbox::from).collect(),
        cc: Vec::new(),
        bcc: Vec::new(),
        delivered_to: Vec::new(),
        source: None,
        received_by: None,
        subject: format!("Question {ticket}"),
        message_id: thread_id(number),
        references: if nth > 0 { thread_id(number - 1).into_iter().collect() } else { Vec::new() },
        date: None,
        raw: None,
        size: 31_000,
        essence: None,
        text: mails::text(numbers, MESSAGE_WORDS),
        has_html: false,
        attachments: Vec::new(),
        automatic: None,
        bounce: None,
        spam: Spam::default(),
        authentication: mailflow_core::routing::Authentication::default(),
        defects: Vec::new(),
        explanation: None,
        forwards: None,
        outgoing: None,
    }
}
