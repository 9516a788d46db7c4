//! Tickets, and what is in them.

use mailflow_core::contact::Contact;
use mailflow_core::draft::{Draft, Opening, Purpose, Upload};
use mailflow_core::event::Event;
use mailflow_core::flow::{Conversation, Passage};
use mailflow_core::mail::{Address, Mailbox};
use mailflow_core::note::Note;
use mailflow_core::refusal::Refusal;
use mailflow_core::signature::Signature;
use mailflow_core::store::{FoundIn, Hit};
use mailflow_core::ticket::{Excerpt, Priority, Ticket, TicketLink, TicketState};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{Delivery, Message, shape, word};

/// Open or closed.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Somebody has to do something.
    Open,
    /// Nobody has.
    Closed,
}

/// How urgent.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Urgency {
    /// Can wait.
    Low,
    /// As usual.
    #[default]
    Normal,
    /// Before others.
    High,
    /// At once.
    Urgent,
}

impl From<TicketState> for State {
    fn from(state: TicketState) -> Self {
        match state {
            TicketState::Open => Self::Open,
            TicketState::Closed => Self::Closed,
        }
    }
}

impl From<State> for TicketState {
    fn from(state: State) -> Self {
        match state {
            State::Open => Self::Open,
            State::Closed => Self::Closed,
        }
    }
}

impl From<Priority> for Urgency {
    fn from(priority: Priority) -> Self {
        match priority {
            Priority::Low => Self::Low,
            Priority::Normal => Self::Normal,
            Priority::High => Self::High,
            Priority::Urgent => Self::Urgent,
        }
    }
}

impl From<Urgency> for Priority {
    fn from(urgency: Urgency) -> Self {
        match urgency {
            Urgency::Low => Self::Low,
            Urgency::Normal => Self::Normal,
            Urgency::High => Self::High,
            Urgency::Urgent => Self::Urgent,
        }
    }
}

/// An address with the name that stands beside it.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Person {
    /// The name; empty if there is none.
    #[serde(default)]
    pub name: String,
    /// The address.
    #[schema(value_type = String, example = "ada@example.com")]
    pub address: Address,
}

impl From<Mailbox> for Person {
    fn from(mailbox: Mailbox) -> Self {
        Self { name: mailbox.name, address: mailbox.address }
    }
}

impl From<Person> for Mailbox {
    fn from(person: Person) -> Self {
        Self::new(&person.name, person.address)
    }
}

pub(in crate::api) fn people(mailboxes: Vec<Mailbox>) -> Vec<Person> {
    mailboxes.into_iter().map(Person::from).collect()
}

pub(in crate::api) fn mailboxes(people: Vec<Person>) -> Vec<Mailbox> {
    people.into_iter().map(Mailbox::from).collect()
}

pub(in crate::api) fn texts(addresses: impl IntoIterator<Item = Address>) -> Vec<String> {
    addresses.into_iter().map(String::from).collect()
}

shape! {
    /// A ticket: what is true of it now.
    TicketShape of it: Ticket {
        /// Its identity.
        id: Uuid = it.id.into(),
        /// The number that people say.
        number: u64 = it.number,
        /// Where it lies.
        ticketbox: Uuid = it.ticketbox.into(),
        /// The agent who takes care of it.
        owner: Option<Uuid> = it.owner.map(Uuid::from),
        category: Option<Uuid> = it.category.map(Uuid::from),
        priority: Urgency = it.priority.into(),
        state: State = it.state.into(),
        /// The subject of its first message.
        subject: String = it.subject,
        /// Who wrote first.
        contact: Option<Uuid> = it.contact.map(Uuid::from),
        /// Where its first mail came from.
        source: Option<Uuid> = it.source.map(Uuid::from),
        /// The addresses that take part and are not ours.
        participants: Vec<String> = texts(it.participants),
        /// When it was made.
        created: i64 = it.created.as_millis(),
        /// When something last happened; lists are sorted by it.
        updated: i64 = it.updated.as_millis(),
        /// Since when its customer waits for an answer.
        waiting_since: Option<i64> = it.waiting_since.map(|at| at.as_millis()),
        closed: Option<i64> = it.closed.map(|at| at.as_millis()),
        trashed: Option<i64> = it.trashed.map(|at| at.as_millis()),
        merged_into: Option<Uuid> = it.merged_into.map(Uuid::from),
        /// Tickets that it has to do with.
        links: Vec<Link> = it.links.into_iter().map(Link::from).collect(),
        /// Custom fields, by name: what rules caught in its first mail.
        fields: std::collections::BTreeMap<String, String> = it.fields,
        /// Its last message.
        last: Option<LastMessage> = it.last.map(LastMessage::from),
        /// How many messages it has.
        messages: u32 = it.messages,
        /// Counts what people must have seen before they answer: send it with an answer.
        revision: u32 = it.revision,
    }
}

shape! {
    /// A ticket that another one has to do with.
    Link of it: TicketLink {
        ticket: Uuid = it.ticket.into(),
        number: u64 = it.number,
        /// `claims_to_belong_to`, `addressed_elsewhere` or `continues`.
        kind: String = word(&it.kind),
    }
}

shape! {
    /// The last message of a ticket.
    LastMessage of it: Excerpt {
        message: Uuid = it.message.into(),
        /// `inbound` or `outbound`.
        direction: String = word(&it.direction),
        /// Who wrote it.
        who: String = it.who,
        /// Its new words, at most 160 characters.
        text: String = it.text,
        at: i64 = it.at.as_millis(),
    }
}

shape! {
    /// What agents wrote to each other; never sent.
    NoteShape of it: Note {
        id: Uuid = it.id.into(),
        author: Uuid = it.author.into(),
        at: i64 = it.at.as_millis(),
        text: String = it.text,
    }
}

shape! {
    /// Something that happened to a ticket.
    EventShape of it: Event {
        id: Uuid = it.id.into(),
        at: i64 = it.at.as_millis(),
        /// `system`, or an object with `agent` or `contact`.
        actor: serde_json::Value = serde_json::to_value(it.actor).unwrap_or_default(),
        /// One word for what happened.
        what: String = word(&it.what),
        /// More about it; null if there is no more to say.
        more: serde_json::Value = more(&it),
    }
}

/// What an event says beside its word.
fn more(event: &Event) -> serde_json::Value {
    match serde_json::to_value(&event.what) {
        Ok(serde_json::Value::Object(fields)) => fields.into_iter().next().map(|(_, more)| more).unwrap_or_default(),
        _ => serde_json::Value::Null,
    }
}

/// A part of a conversation.
#[derive(Debug, Serialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Part {
    /// A mail.
    Message(Box<Message>),
    /// A note.
    Note(NoteShape),
    /// Something that happened.
    Event(EventShape),
}

impl From<Passage> for Part {
    fn from(passage: Passage) -> Self {
        match passage {
            Passage::Message(message) => Self::Message(Box::new((*message).into())),
            Passage::Note(note) => Self::Note(note.into()),
            Passage::Event(event) => Self::Event(event.into()),
        }
    }
}

shape! {
    /// A ticket with everything that is needed to answer it.
    ConversationShape of it: Conversation {
        ticket: TicketShape = it.ticket.into(),
        contact: Option<ContactShape> = it.contact.map(ContactShape::from),
        /// Messages, notes and events, oldest first; of very many the newest.
        parts: Vec<Part> = it.passages.into_iter().map(Part::from).collect(),
        /// Whether there is more before them.
        more: bool = it.more,
        /// How the sending of our messages goes.
        deliveries: Vec<Delivery> = it.outgoing.into_values().map(Delivery::from).collect(),
        /// What the caller has begun to answer.
        draft: Option<DraftShape> = it.draft.map(DraftShape::from),
        /// What he has begun to forward.
        forward: Option<DraftShape> = it.forward.map(DraftShape::from),
        /// The revision that the caller had seen before.
        seen: u32 = it.seen,
    }
}

shape! {
    /// A person who writes to us.
    ContactShape of it: Contact {
        id: Uuid = it.id.into(),
        name: String = it.name,
        /// The first is the one that is written to.
        addresses: Vec<String> = texts(it.addresses),
        phones: Vec<String> = it.phones,
        /// The agent who looks after him.
        owner: Option<Uuid> = it.owner.map(Uuid::from),
        notes: String = it.notes,
        /// Custom properties, by name.
        properties: std::collections::BTreeMap<String, String> = it.properties,
        /// When he first wrote.
        created: i64 = it.created.as_millis(),
    }
}

shape! {
    /// A message that was begun.
    DraftShape of it: Draft {
        /// The ticket; of one that opens a ticket, what its id will be.
        ticket: Uuid = it.ticket.into(),
        /// What it is for: `answer`, `forward` or `opening`.
        purpose: String = word(&it.purpose),
        /// What the ticket is to be that it opens.
        opening: Option<OpeningShape> = opening(it.purpose),
        /// The message that it will be.
        message: Uuid = it.message.into(),
        answers: Option<Uuid> = it.answers.map(Uuid::from),
        from: Option<String> = it.from.map(String::from),
        to: Vec<Person> = people(it.to),
        cc: Vec<Person> = people(it.cc),
        bcc: Vec<Person> = people(it.bcc),
        subject: String = it.subject,
        text: String = it.text,
        attachments: Vec<FileShape> = it.attachments.into_iter().map(FileShape::from).collect(),
        /// Which attachments of the message that it answers or forwards go with it, by their places in it.
        carried: Vec<u32> = it.carried,
        /// What is put below the words: `usual`, `own`, `nothing`, or a group's id.
        signature: String = signature_word(it.signature),
        /// When it is to be sent.
        send_at: Option<i64> = it.send_at.map(|at| at.as_millis()),
        /// The revision of the ticket that its author has seen.
        seen_revision: u32 = it.seen_revision,
        saved: i64 = it.saved.as_millis(),
    }
}

/// What a ticket is to be that an agent opens.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct OpeningShape {
    /// Where it lies.
    pub ticketbox: Uuid,
    /// The agent who takes care of it. Default: nobody.
    #[serde(default)]
    pub owner: Option<Uuid>,
    /// Default: none.
    #[serde(default)]
    pub category: Option<Uuid>,
    /// Default: `normal`.
    #[serde(default)]
    pub priority: Urgency,
}

impl From<OpeningShape> for Opening {
    fn from(shape: OpeningShape) -> Self {
        Self {
            ticketbox: shape.ticketbox.into(),
            owner: shape.owner.map(Into::into),
            category: shape.category.map(Into::into),
            priority: shape.priority.into(),
        }
    }
}

fn opening(purpose: Purpose) -> Option<OpeningShape> {
    match purpose {
        Purpose::Opening(opening) => Some(OpeningShape {
            ticketbox: opening.ticketbox.into(),
            owner: opening.owner.map(Uuid::from),
            category: opening.category.map(Uuid::from),
            priority: opening.priority.into(),
        }),
        Purpose::Answer | Purpose::Forward => None,
    }
}

/// What is put below an answer, in a word.
fn signature_word(signature: Signature) -> String {
    match signature {
        Signature::Usual => "usual".to_owned(),
        Signature::Own => "own".to_owned(),
        Signature::Nothing => "nothing".to_owned(),
        Signature::Group(id) => id.to_string(),
    }
}

/// The signature that a word means.
pub(in crate::api) fn signature_of(word: Option<&str>) -> Result<Signature, Refusal> {
    match word {
        None | Some("usual") => Ok(Signature::Usual),
        Some("own") => Ok(Signature::Own),
        Some("nothing") => Ok(Signature::Nothing),
        Some(id) => {
            let wrong = |_| Refusal::invalid("signature", "it is `usual`, `own`, `nothing`, or the id of a group");
            id.parse().map(Signature::Group).map_err(wrong)
        }
    }
}

/// A file that is kept for an answer.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct FileShape {
    pub filename: String,
    pub content_type: String,
    /// Length in bytes.
    pub size: u64,
    /// What it is kept under: SHA-256 of its bytes.
    #[schema(value_type = String)]
    pub file: mailflow_core::digest::Digest,
}

impl From<Upload> for FileShape {
    fn from(upload: Upload) -> Self {
        Self { filename: upload.filename, content_type: upload.content_type, size: upload.size, file: upload.body }
    }
}

impl From<FileShape> for Upload {
    fn from(file: FileShape) -> Self {
        Self { filename: file.filename, content_type: file.content_type, size: file.size, body: file.file }
    }
}

shape! {
    /// A message or note that was found.
    HitShape of it: Hit {
        ticket: TicketShape = it.ticket.into(),
        /// The message, if it is one.
        message: Option<Uuid> = match it.found_in { FoundIn::Message(id) => Some(id.into()), FoundIn::Note(_) => None },
        /// The note, if it is one.
        note: Option<Uuid> = match it.found_in { FoundIn::Note(id) => Some(id.into()), FoundIn::Message(_) => None },
        at: i64 = it.at.as_millis(),
        text: String = it.text,
    }
}
