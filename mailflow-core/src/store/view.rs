//! [`View`] and [`Changes`]: what a decision has looked at, and what it wants.

use std::collections::{BTreeMap, BTreeSet};

use crate::digest::Digest;

use super::{Changeset, Entry, Kept, Key, Loaded, Record, Version, Versioned};

/// Records that were looked at, with their versions. A decision reads from it; what it needs and is not there it names
/// with [`NotLoaded`], and is asked again with more.
#[derive(Debug, Clone, Default)]
pub struct View {
    loaded: BTreeMap<Key, Loaded>,
}

/// Keys that a decision needs and that have not been looked at yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotLoaded(pub Vec<Key>);

impl View {
    /// Puts what a store has under these keys into the view.
    pub fn add(&mut self, keys: impl IntoIterator<Item = Key>, loaded: impl IntoIterator<Item = Loaded>) {
        for (key, loaded) in keys.into_iter().zip(loaded) {
            // A ticket that was found by its number is relied on under its id.
            if let (Key::TicketNumber(_), Some(record)) = (&key, &loaded.record) {
                self.loaded.entry(record.key()).or_insert_with(|| loaded.clone());
            }
            self.loaded.insert(key, loaded);
        }
    }

    /// Whether this key has been looked at.
    pub fn knows(&self, key: &Key) -> bool {
        self.loaded.contains_key(key)
    }

    /// The record under a key, if there is one.
    ///
    /// # Errors
    /// [`NotLoaded`] if the key has not been looked at.
    pub fn get<T: Kept>(&self, key: &Key) -> Result<Option<&T>, NotLoaded> {
        let loaded = self.loaded.get(key).ok_or_else(|| NotLoaded(vec![key.clone()]))?;
        Ok(loaded.record.as_ref().and_then(T::of))
    }

    /// The record under a key with its version, if there is one.
    ///
    /// # Errors
    /// [`NotLoaded`] if the key has not been looked at.
    pub fn versioned<T: Kept>(&self, key: &Key) -> Result<Option<Versioned<&T>>, NotLoaded> {
        let version = self.version(key).unwrap_or(Version::ABSENT);
        Ok(self.get(key)?.map(|value| Versioned { version, value }))
    }

    /// Says which of these keys have not been looked at.
    ///
    /// # Errors
    /// [`NotLoaded`] with all of them, so that they can be looked at together.
    pub fn need(&self, keys: impl IntoIterator<Item = Key>) -> Result<(), NotLoaded> {
        let missing: Vec<Key> = keys.into_iter().filter(|key| !self.knows(key)).collect();
        if missing.is_empty() { Ok(()) } else { Err(NotLoaded(missing)) }
    }

    /// The version of what is under a key; `None` if it has not been looked at.
    pub fn version(&self, key: &Key) -> Option<Version> {
        self.loaded.get(key).map(|loaded| loaded.version)
    }

    /// Changes that are decided on this view.
    pub fn changes(&self) -> Changes<'_> {
        Changes { view: self, puts: BTreeMap::new(), bodies: Vec::new(), first_ticket_number: 1 }
    }
}

/// Changes in the making. Everything that was looked at and is not written is relied on, so that no decision can forget
/// to: the commit is refused if anything looked at has changed.
#[derive(Debug)]
pub struct Changes<'v> {
    view: &'v View,
    puts: BTreeMap<Key, Option<Record>>,
    bodies: Vec<Vec<u8>>,
    first_ticket_number: u64,
}

impl Changes<'_> {
    /// There shall be this record. A second one with the same key takes the place of the first.
    pub fn put(&mut self, record: impl Into<Record>) {
        let record = record.into();
        self.puts.insert(record.key(), Some(record));
    }

    /// There shall be no record under this key.
    pub fn erase(&mut self, key: Key) {
        self.puts.insert(key, None);
    }

    /// These bytes shall be kept; a record may name their digest.
    pub fn keep(&mut self, bytes: Vec<u8>) -> Digest {
        let digest = Digest::of(&bytes);
        self.bodies.push(bytes);
        digest
    }

    /// The bytes that have to be kept before the changes are committed.
    pub fn take_bodies(&mut self) -> Vec<Vec<u8>> {
        std::mem::take(&mut self.bodies)
    }

    /// New tickets shall be numbered from here.
    pub const fn number_from(&mut self, first: u64) {
        self.first_ticket_number = first;
    }

    /// The record that is under a key when the changes so far are made, if there is one.
    ///
    /// # Errors
    /// [`NotLoaded`] if the key has not been looked at and the changes say nothing about it.
    pub fn get<T: Kept>(&self, key: &Key) -> Result<Option<&T>, NotLoaded> {
        match self.puts.get(key) {
            Some(record) => Ok(record.as_ref().and_then(T::of)),
            None => self.view.get(key),
        }
    }

    /// Says which of these keys have neither been looked at nor been written.
    ///
    /// # Errors
    /// [`NotLoaded`] with all of them, so that they can be looked at together.
    pub fn need(&self, keys: impl IntoIterator<Item = Key>) -> Result<(), NotLoaded> {
        self.view.need(keys.into_iter().filter(|key| !self.puts.contains_key(key)))
    }

    /// Whether nothing is written so far.
    pub fn is_empty(&self) -> bool {
        self.puts.is_empty()
    }

    /// The changeset. What was looked at is replaced at its version; what was not is inserted. Events get their place
    /// in the story of their ticket.
    pub fn finish(mut self) -> Changeset {
        self.order_events();
        let mut entries = Vec::with_capacity(self.puts.len() + self.view.loaded.len());
        for (key, loaded) in &self.view.loaded {
            if !matches!(key, Key::TicketNumber(_)) && !self.puts.contains_key(key) {
                entries.push(Entry::RelyOn(key.clone(), loaded.version));
            }
        }
        for (key, record) in self.puts {
            let version = self.view.version(&key).unwrap_or(Version::ABSENT);
            match record {
                Some(record) if version == Version::ABSENT => entries.push(Entry::Insert(record)),
                Some(record) => entries.push(Entry::Replace(version, record)),
                None if version == Version::ABSENT => {}
                None => entries.push(Entry::Erase(key, version)),
            }
        }
        Changeset { entries, first_ticket_number: self.first_ticket_number }
    }

    /// Clocks cannot say what happened first within a millisecond; the ticket's version can. It has to rise with each
    /// story that is told, also if nothing else of the ticket changes.
    fn order_events(&mut self) {
        let mut tickets = BTreeSet::new();
        for record in self.puts.values_mut().flatten() {
            if let Record::Event(event) = record {
                let ticket = Key::Ticket(event.ticket);
                event.after = self.view.version(&ticket).map_or(0, Version::number);
                tickets.insert(ticket);
            }
        }
        for ticket in tickets {
            if let Some(Loaded { record: Some(record), .. }) = self.view.loaded.get(&ticket) {
                self.puts.entry(ticket).or_insert_with(|| Some(record.clone()));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::directory::DirectoryStamp;
    use crate::event::{Actor, Event, What};
    use crate::pulse::Pulse;
    use crate::ticket::Ticket;
    use crate::time::Timestamp;

    fn pulse(number: u128) -> Pulse {
        Pulse {
            of: uuid::Uuid::from_u128(number),
            last_success: None,
            last_try: Timestamp::MIN,
            failures: 0,
            trouble: String::new(),
            mails: 0,
            duplicates: 0,
        }
    }

    #[test]
    fn what_was_looked_at_is_relied_on_and_what_is_written_carries_its_version() {
        let (old, new, gone) = (pulse(1), pulse(2), pulse(3));
        let key = |pulse: &Pulse| Key::Pulse(pulse.of);
        let mut view = View::default();
        view.add([key(&old)], [Loaded { version: Version::new(7), record: Some(old.clone().into()) }]);
        view.add([key(&gone)], [Loaded { version: Version::new(8), record: Some(gone.clone().into()) }]);
        view.add(
            [Key::Directory],
            [Loaded { version: Version::new(9), record: Some(DirectoryStamp::default().into()) }],
        );
        assert_eq!(view.get::<Pulse>(&key(&new)), Err(NotLoaded(vec![key(&new)])));

        let mut changes = view.changes();
        changes.put(old.clone());
        changes.put(new.clone());
        changes.erase(key(&gone));
        let entries = changes.finish().entries;
        assert!(entries.contains(&Entry::RelyOn(Key::Directory, Version::new(9))));
        assert!(entries.contains(&Entry::Replace(Version::new(7), old.into())));
        assert!(entries.contains(&Entry::Insert(new.into())));
        assert!(entries.contains(&Entry::Erase(key(&gone), Version::new(8))));
        assert_eq!(entries.len(), 4);
    }

    #[test]
    fn an_event_says_after_which_commit_it_happened_and_its_ticket_is_written_with_it() {
        let id = |number: u128| uuid::Uuid::from_u128(number);
        let ticket = Ticket::new(id(1).into(), id(2).into(), "Printer", Timestamp::MIN);
        let mut view = View::default();
        let known = Loaded { version: Version::new(7), record: Some(ticket.clone().into()) };
        view.add([Key::Ticket(ticket.id)], [known]);
        let event = |number, ticket| Event {
            id: id(number).into(),
            ticket,
            at: Timestamp::MIN,
            actor: Actor::System,
            what: What::Closed,
            after: 0,
        };
        let mut changes = view.changes();
        changes.put(event(3, ticket.id));
        changes.put(event(4, id(5).into()));

        let entries = changes.finish().entries;

        assert!(entries.contains(&Entry::Insert(Event { after: 7, ..event(3, ticket.id) }.into())));
        assert!(entries.contains(&Entry::Insert(event(4, id(5).into()).into())), "a new ticket's first");
        assert!(entries.contains(&Entry::Replace(Version::new(7), ticket.into())));
        assert_eq!(entries.len(), 3);
    }
}
