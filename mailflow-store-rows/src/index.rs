//! What has to be done to the indexes that are tables of their own: what was indexed is compared with what shall be.

use std::collections::BTreeMap;

use mailflow_core::id::{ContactId, TicketId};
use mailflow_core::store::Key;

use crate::decide::{Final, State};
use crate::look::{Found, Slot, Standing};
use crate::row::{Beside, Row};
use crate::scope::Scope;

/// Changes to the indexes that are tables of their own.
#[derive(Debug, Default)]
pub struct IndexChanges<'j> {
    /// The numbers of texts that go.
    pub forgotten: Vec<i64>,
    /// Texts whose words are new, or others.
    pub words: Vec<Words<'j>>,
    /// Tickets whose words are to be found elsewhere now.
    pub moved: Vec<Moved>,
    /// Contacts whose words go.
    pub contacts: Vec<ContactId>,
    /// Words that contacts are found by.
    pub contact_words: Vec<(&'j str, ContactId)>,
}

/// The words of a message or note.
#[derive(Debug)]
pub struct Words<'j> {
    /// Its number.
    pub seq: i64,
    /// Its id.
    pub id: [u8; 16],
    /// Whether it is a note.
    pub note: bool,
    /// Its ticket.
    pub ticket: TicketId,
    /// The words, between spaces.
    pub joined: &'j str,
    /// Where the ticket lies.
    pub scope: Option<Scope>,
    /// Whether it has other words in the index until now.
    pub replaces: bool,
}

/// A ticket that lies elsewhere now.
#[derive(Debug)]
pub struct Moved {
    /// Which ticket.
    pub ticket: TicketId,
    /// Where it lay.
    pub from: Option<Scope>,
    /// Where it lies.
    pub to: Scope,
}

impl<'j> IndexChanges<'j> {
    /// Compares what was found with what is there after a group: what is under keys, where tickets lie (`None`: erased),
    /// and the last states.
    pub(crate) fn of(
        found: &Found,
        slots: &BTreeMap<&'j Key, Slot>,
        scopes: &BTreeMap<TicketId, Option<Scope>>,
        finals: &BTreeMap<&'j Key, Final<'j>>,
    ) -> Self {
        let mut index = Self::default();
        for (ticket, scope) in scopes {
            let from = found.scopes.get(ticket).copied();
            if let Some(to) = *scope
                && from != Some(to)
            {
                index.moved.push(Moved { ticket: *ticket, from, to });
            }
        }
        for (key, last) in finals {
            let before = found.slots.get(*key).copied().unwrap_or(Slot::NOTHING);
            let now = slots.get(*key).copied().unwrap_or(Slot::NOTHING);
            match key {
                Key::Message(id) => index.text((*id.as_bytes(), false), last, before, now),
                Key::Note(id) => index.text((*id.as_bytes(), true), last, before, now),
                Key::Contact(id) => index.contact(*id, last, before),
                _ => {}
            }
        }
        for words in &mut index.words {
            words.scope = match scopes.get(&words.ticket) {
                Some(scope) => *scope,
                None => found.scopes.get(&words.ticket).copied(),
            };
        }
        index
    }

    fn text(&mut self, (id, note): ([u8; 16], bool), last: &Final<'j>, before: Slot, now: Slot) {
        let (before, now) = (before.words, now.words);
        let replaces = before.is_some_and(|(seq, ..)| now.is_some_and(|now| now.0 == seq));
        if let Some((seq, ..)) = before
            && !replaces
        {
            self.forgotten.push(seq);
        }
        if let State::Record(Row { beside: Beside::Words { words, .. }, .. }) = last.state
            && let Some((seq, ticket, _)) = now
            && now != before
        {
            self.words.push(Words { seq, id, note, ticket, joined: words, scope: None, replaces });
        }
    }

    fn contact(&mut self, id: ContactId, last: &Final<'j>, before: Slot) {
        if before.standing == Standing::Record {
            self.contacts.push(id);
        }
        if let State::Record(Row { beside: Beside::Contact(words), .. }) = last.state {
            self.contact_words.extend(words.iter().map(|word| (word.as_str(), id)));
        }
    }
}
