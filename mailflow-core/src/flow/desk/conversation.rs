//! [`Conversation`]: a ticket with all that was said and done.

use std::collections::BTreeMap;

use super::{Desk, Error};
use crate::access::{Right, Securable};
use crate::contact::Contact;
use crate::draft::{Draft, Purpose};
use crate::event::{Event, What};
use crate::id::OutgoingId;
use crate::message::Message;
use crate::note::Note;
use crate::outgoing::Outgoing;
use crate::store::{Key, Page, Query, Record, StoreExt};
use crate::ticket::Ticket;
use crate::time::Timestamp;

/// How many messages, notes and events of one ticket are shown at once.
const SHOWN: u32 = 200;

/// How often a conversation that changed while it was read is read again before it is shown as it is.
const READ_AGAIN: u32 = 3;

/// A ticket with everything that a person needs to answer it.
#[derive(Debug, Clone)]
pub struct Conversation {
    /// The ticket.
    pub ticket: Ticket,
    /// Who wrote first, if he is known.
    pub contact: Option<Contact>,
    /// Messages, notes and events in the order in which they happened; of very many the newest.
    pub passages: Vec<Passage>,
    /// Whether there is more before them.
    pub more: bool,
    /// How the sending of our messages goes.
    pub outgoing: BTreeMap<OutgoingId, Outgoing>,
    /// What the agent has begun to answer.
    pub draft: Option<Draft>,
    /// What he has begun to forward.
    pub forward: Option<Draft>,
    /// The ticket's revision that the agent had seen before; 0 if he never saw it.
    pub seen: u32,
}

/// A part of a conversation.
#[derive(Debug, Clone)]
pub enum Passage {
    /// A mail.
    Message(Box<Message>),
    /// A note.
    Note(Note),
    /// Something that happened.
    Event(Event),
}

impl Passage {
    /// When it was.
    pub fn at(&self) -> Timestamp {
        match self {
            Self::Message(message) => message.at,
            Self::Note(note) => note.at,
            Self::Event(event) => event.at,
        }
    }
}

impl Conversation {
    /// The messages, oldest first.
    pub fn messages(&self) -> impl DoubleEndedIterator<Item = &Message> {
        self.passages.iter().filter_map(|passage| match passage {
            Passage::Message(message) => Some(&**message),
            _ => None,
        })
    }
}

impl Desk {
    /// A ticket with everything that belongs to it.
    ///
    /// # Errors
    /// [`Refusal::NoSuch`](crate::refusal::Refusal::NoSuch) if there is none, or the agent does not see it.
    pub async fn conversation(&self, number: u64) -> Result<Conversation, Error> {
        let mut ticket = self.ticket(number).await?;
        // Its parts are read one after the other: what was read while the ticket changed is read once more, so that it
        // shows one moment, and nothing of a ticket that was meanwhile moved out of sight.
        for _ in 0..READ_AGAIN {
            let conversation = self.gather(ticket).await?;
            ticket = self.ticket(number).await?;
            if conversation.ticket == ticket {
                return Ok(conversation);
            }
        }
        self.gather(ticket).await
    }

    pub(super) async fn gather(&self, ticket: Ticket) -> Result<Conversation, Error> {
        let (id, store, page) = (ticket.id, &self.shared.store, Page::first(SHOWN));
        let (messages, notes, events) = (Query::Messages(id), Query::Notes(id), Query::Events(id));
        let sending = Query::OutgoingOf(id);
        let forward = Key::Draft(self.agent, Draft::place_of(id, Purpose::Forward));
        let mut keys = vec![Key::Draft(self.agent, id), forward, Key::ReadMark(self.agent, id)];
        keys.extend(ticket.contact.map(Key::Contact));
        let (messages, notes, events, sending, kept) = tokio::try_join!(
            store.list::<Message>(&messages, &page),
            store.list::<Note>(&notes, &page),
            store.list::<Event>(&events, &page),
            store.list::<Outgoing>(&sending, &page),
            store.load(&keys),
        )?;
        let mut conversation = Conversation {
            more: messages.next.is_some() || notes.next.is_some() || events.next.is_some(),
            passages: Vec::new(),
            outgoing: sending.rows.into_iter().map(|outgoing| (outgoing.id, outgoing)).collect(),
            contact: None,
            draft: None,
            forward: None,
            seen: 0,
            ticket,
        };
        for record in kept.into_iter().filter_map(|loaded| loaded.record) {
            match record {
                Record::Contact(contact) if self.may(Securable::Contacts, None, Right::Read) => {
                    conversation.contact = Some(*contact);
                }
                // Who wrote stands in his messages; what we know of him does not.
                Record::Contact(contact) => conversation.contact = Some(contact.as_written()),
                Record::Draft(draft) if draft.purpose == Purpose::Forward => conversation.forward = Some(*draft),
                Record::Draft(draft) => conversation.draft = Some(*draft),
                Record::ReadMark(mark) => conversation.seen = mark.revision,
                _ => {}
            }
        }
        conversation.passages = in_order(messages.rows, notes.rows, events.rows);
        Ok(conversation)
    }
}

/// Puts what stores list newest first into the order in which it happened. Within a millisecond that is the order of
/// commits; a message or note stands after what the commit that wrote it tells.
fn in_order(messages: Vec<Message>, notes: Vec<Note>, events: Vec<Event>) -> Vec<Passage> {
    let (mut of_message, mut of_note) = (BTreeMap::new(), BTreeMap::new());
    for event in &events {
        if let Some(message) = event.what.brings() {
            let after = of_message.entry(message).or_insert(event.after);
            *after = event.after.min(*after);
        }
        if let What::Noted { note } = event.what {
            of_note.insert(note, event.after);
        }
    }
    let mut passages = Vec::with_capacity(messages.len() + notes.len() + events.len());
    passages.extend(events.into_iter().rev().map(Passage::Event));
    passages.extend(messages.into_iter().rev().map(|message| Passage::Message(Box::new(message))));
    passages.extend(notes.into_iter().rev().map(Passage::Note));
    let after = |passage: &Passage| match passage {
        Passage::Event(event) => Some(event.after),
        Passage::Message(message) => of_message.get(&message.id).copied(),
        Passage::Note(note) => of_note.get(&note.id).copied(),
    };
    passages.sort_by_key(|passage| (passage.at(), after(passage).unwrap_or(0)));
    passages
}
