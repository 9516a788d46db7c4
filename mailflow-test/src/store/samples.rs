//! Records to fill a store with: each from a number, so that the same number always gives the same record.

use mailflow_core::alert::{Alert, AlertEvent};
use mailflow_core::allowance::Allowance;
use mailflow_core::arrival::{Arrival, ArrivalState, FetchMark, Uid};
use mailflow_core::audit::{About, AuditEntry, Change, Deed, Who};
use mailflow_core::contact::{AddressEntry, Contact};
use mailflow_core::digest::Digest;
use mailflow_core::directory::{DirectoryStamp, DocumentKind, Documented as _};
use mailflow_core::draft::{Draft, Purpose, Upload};
use mailflow_core::event::{Actor, Event, What};
use mailflow_core::id::{
    AgentId, AuditId, CategoryId, ContactId, DestinationId, EventId, MessageId, NoteId, OutgoingId, SourceId,
    TicketId, TicketboxId,
};
use mailflow_core::lease::{Holder, Lease, Past, Task};
use mailflow_core::mail::{Address, Mailbox, Sender, Spam, ThreadId};
use mailflow_core::message::{AttachmentInfo, Author, Direction, Message};
use mailflow_core::note::Note;
use mailflow_core::outgoing::{AfterReply, Hold, Outgoing, OutgoingState, Recipient, RunId};
use mailflow_core::pulse::Pulse;
use mailflow_core::server::Server;
use mailflow_core::session::{ReadMark, Session};
use mailflow_core::settings::Settings;
use mailflow_core::store::Record;
use mailflow_core::thread_entry::ThreadEntry;
use mailflow_core::ticket::Ticket;
use mailflow_core::ticketbox::Ticketbox;
use mailflow_core::time::Timestamp;

/// 16 bytes for a number: the number comes last.
pub const fn bytes(number: u64) -> [u8; 16] {
    (number as u128).to_be_bytes()
}

macro_rules! ids {
    ($($name:ident -> $type:ident;)*) => {$(
        /// The id with this number.
        pub const fn $name(number: u64) -> $type {
            $type::from_bytes(bytes(number))
        }
    )*};
}

ids! {
    ticket_id -> TicketId;
    message_id -> MessageId;
    note_id -> NoteId;
    event_id -> EventId;
    contact_id -> ContactId;
    agent_id -> AgentId;
    box_id -> TicketboxId;
    category_id -> CategoryId;
    source_id -> SourceId;
    destination_id -> DestinationId;
    outgoing_id -> OutgoingId;
    audit_id -> AuditId;
}

/// A second for each number, from 2023 on.
pub fn time(number: u64) -> Timestamp {
    Timestamp::from_millis(1_700_000_000_000 + i64::try_from(number).unwrap_or(0) * 1000)
}

/// `user{number}@example.com`.
pub fn address(number: u64) -> Address {
    Address::new(&format!("user{number}@example.com")).expect("this is an address")
}

/// A thread id.
pub fn thread_id(number: u64) -> ThreadId {
    ThreadId::new(&format!("{number}@example.com")).expect("this is an id")
}

/// A ticket in ticketbox 1.
pub fn ticket(number: u64) -> Ticket {
    let mut ticket = Ticket::new(ticket_id(number), box_id(1), &format!("Subject {number}"), time(number));
    ticket.contact = Some(contact_id(number));
    ticket.add_participant(&address(number));
    ticket
}

/// A message in a ticket, with a text, without a body.
pub fn message(number: u64, ticket: u64, text: &str) -> Message {
    Message {
        id: message_id(number),
        ticket: ticket_id(ticket),
        at: time(number),
        direction: Direction::Inbound,
        author: Author::Contact(contact_id(1)),
        from: Sender { name: String::new(), address: Some(address(1)) },
        reply_to: Vec::new(),
        to: vec![Mailbox::new("Support", address(2))],
        cc: Vec::new(),
        bcc: Vec::new(),
        delivered_to: Vec::new(),
        source: None,
        received_by: None,
        subject: format!("Subject {ticket}"),
        message_id: Some(thread_id(number)),
        references: vec![thread_id(0)],
        date: Some(time(number)),
        raw: None,
        size: 100,
        essence: Some(Digest::of(text.as_bytes())),
        text: text.to_owned(),
        has_html: false,
        attachments: vec![AttachmentInfo {
            filename: Some("invoice.pdf".to_owned()),
            content_type: "application/pdf".to_owned(),
            size: 7,
            inline: false,
            content_id: None,
        }],
        automatic: None,
        bounce: None,
        spam: Spam { flag: Some(false), score: Some(1.5) },
        authentication: mailflow_core::routing::Authentication::default(),
        defects: Vec::new(),
        explanation: None,
        forwards: None,
        outgoing: None,
    }
}

/// A note in a ticket.
pub fn note(number: u64, ticket: u64, text: &str) -> Note {
    Note {
        id: note_id(number),
        ticket: ticket_id(ticket),
        author: agent_id(1),
        at: time(number),
        text: text.to_owned(),
    }
}

/// An event of a ticket.
pub fn event(number: u64, ticket: u64) -> Event {
    let what = What::Moved { from: box_id(1), to: box_id(2) };
    Event {
        id: event_id(number),
        ticket: ticket_id(ticket),
        at: time(number),
        actor: Actor::System,
        what,
        after: number,
    }
}

/// A contact with a name.
pub fn contact(number: u64, name: &str) -> Contact {
    Contact {
        id: contact_id(number),
        name: name.to_owned(),
        addresses: vec![address(number)],
        phones: vec![format!("+49 30 {number:06}")],
        owner: None,
        notes: String::new(),
        properties: [("city".to_owned(), "Köln ".to_owned())].into(),
        created: time(number),
    }
}

/// An arrival of bytes that must have been kept.
pub fn arrival(source: u64, body: &[u8], state: ArrivalState) -> Arrival {
    Arrival {
        source: source_id(source),
        digest: Digest::of(body),
        at: time(source),
        order: u32::from(body.first().copied().unwrap_or(0)),
        size: 100,
        whole_size: None,
        attempts: 0,
        state,
    }
}

/// A mail of destination 1 that has to be sent, of bytes that must have been kept.
pub fn outgoing(number: u64, ticket: u64, body: &[u8], state: OutgoingState) -> Outgoing {
    Outgoing {
        approval: None,
        hold: None,
        id: outgoing_id(number),
        ticket: ticket_id(ticket),
        message: message_id(number),
        destination: destination_id(1),
        sender: Some(address(1)),
        recipients: vec![Recipient::new(address(2))],
        message_id: thread_id(number),
        raw: Digest::of(body),
        size: 100,
        state,
        created: time(number),
        due: time(1000 - number.min(1000)),
        attempts: 0,
        first_tried: None,
        alert: false,
        may_be_double: false,
        trouble: String::new(),
    }
}

/// The same, held for an agent who can pull it back.
pub fn held_by(agent: u64, outgoing: Outgoing) -> Outgoing {
    let draft = Draft { attachments: Vec::new(), ..draft(agent, 1) };
    let hold = Hold { draft, revision: 0, then: AfterReply::Stay, before: None };
    Outgoing { hold: Some(Box::new(hold)), ..outgoing }
}

/// A draft of an agent in a ticket.
pub fn draft(agent: u64, ticket: u64) -> Draft {
    Draft {
        signature: mailflow_core::signature::Signature::Usual,
        send_at: None,
        returned: None,
        agent: agent_id(agent),
        ticket: ticket_id(ticket),
        purpose: Purpose::Answer,
        message: message_id(9000 + ticket),
        answers: None,
        from: None,
        to: vec![Mailbox::from(address(1))],
        cc: Vec::new(),
        bcc: Vec::new(),
        subject: "Re: Subject".to_owned(),
        text: "Dear ".to_owned(),
        attachments: Vec::new(),
        carried: Vec::new(),
        seen_revision: 3,
        saved: time(ticket),
    }
}

/// A session of an agent.
pub fn session(number: u64, agent: u64) -> Session {
    Session {
        token: Digest::of(&bytes(number)),
        agent: agent_id(agent),
        created: time(number),
        seen: time(number),
        expires: time(number + 1000),
        peer: "192.0.2.1".to_owned(),
        user_agent: "a browser".to_owned(),
        api_token: None,
    }
}

/// How a source has been doing.
pub fn pulse(number: u64) -> Pulse {
    Pulse {
        of: source_id(number).into(),
        last_success: Some(time(number)),
        last_try: time(number),
        failures: 0,
        trouble: String::new(),
        mails: 7,
        duplicates: 0,
    }
}

/// A server.
pub fn server(number: u64) -> Server {
    let name = format!("desk-{number}");
    Server {
        id: Server::id_of(&name),
        name,
        version: "0.1.0".to_owned(),
        run: RunId(ticket_id(number).into()),
        started: time(number),
        seen: time(number),
        until: time(number + 15),
        draining: false,
        answer_ms: 3,
        ahead_ms: -40,
    }
}

/// Who collects from a source.
pub fn lease(number: u64) -> Lease {
    let Server { id, run, .. } = server(number);
    let task = Task::Source(source_id(number));
    let before = Past { server: id, epoch: 2, since: time(0), until: time(number), was_gone: true };
    Lease { task, holder: Some(Holder { server: id, run }), epoch: 3, since: time(number), past: vec![before] }
}

/// A thread id that a message of a ticket has.
pub fn thread(number: u64, ticket: u64) -> ThreadEntry {
    let mut entry = ThreadEntry::new(thread_id(number));
    entry.message = Some((message_id(number), ticket_id(ticket)));
    entry.name_by(ticket_id(ticket));
    entry
}

/// That an agent is told of a message in a ticket.
pub fn alert(agent: u64, number: u64, ticket: u64) -> Alert {
    Alert {
        agent: agent_id(agent),
        cause: message_id(number).into(),
        at: time(number),
        of: AlertEvent::MessageInTicket,
        ticket: Some(ticket_id(ticket)),
        by: Actor::Contact(contact_id(1)),
    }
}

/// That an agent changed a ticketbox.
pub fn audit_entry(number: u64, agent: u64) -> AuditEntry {
    let change = |field: &str| Change {
        field: field.to_owned(),
        before: Some("Before  ".into()),
        after: Some(serde_json::json!({"deep": [1, 2, null]})),
        secret: false,
    };
    AuditEntry {
        id: audit_id(number),
        at: time(number),
        who: Who::Agent(agent_id(agent)),
        about: About::Document { kind: DocumentKind::Ticketbox, id: box_id(1).into(), name: "Support".to_owned() },
        what: Deed::Changed { changes: vec![change("name"), change("auto_reply.response")] },
    }
}

/// One record of every kind. The records name the bodies [`BODY`], which must be kept first.
pub fn one_of_each(number: u64) -> Vec<Record> {
    let received = ArrivalState::Received;
    let uid = Uid::new(&format!("uid-{number}"));
    let mark = FetchMark { source: source_id(number), uid, digest: Digest::of(BODY), at: time(number) };
    let mut numbered = ticket(number);
    numbered.number = 1_000_000 + number;
    let mut raw = message(number, number, "Hello\nworld  ");
    raw.raw = Some(Digest::of(BODY));
    let mut upload = draft(number, number);
    let filename = "a file.txt".to_owned();
    let content_type = "text/plain".to_owned();
    upload.attachments.push(Upload { filename, content_type, size: 4, body: Digest::of(BODY) });
    let read = ReadMark { agent: agent_id(number), ticket: ticket_id(number), revision: 5 };
    vec![
        numbered.into(),
        raw.into(),
        note(number, number, "a note").into(),
        event(number, number).into(),
        contact(number, "Ada Lovelace").into(),
        AddressEntry { address: address(number), contact: contact_id(number) }.into(),
        thread(number, number).into(),
        arrival(number, BODY, received).into(),
        mark.into(),
        outgoing(number, number, BODY, OutgoingState::Queued).into(),
        upload.into(),
        read.into(),
        session(number, number).into(),
        pulse(number).into(),
        Allowance { of: Digest::of(&bytes(number)), done: vec![time(number)] }.into(),
        server(number).into(),
        lease(number).into(),
        Ticketbox::new(box_id(number), "Support", Some(address(number))).to_document().into(),
        DirectoryStamp { changes: number }.into(),
        alert(number, number, number).into(),
        audit_entry(number, number).into(),
    ]
}

/// The body that the records of [`one_of_each`] name.
pub const BODY: &[u8] = b"Subject: hello\r\n\r\nHello";

/// The settings document.
pub fn settings() -> Record {
    Settings::default().to_document().into()
}
