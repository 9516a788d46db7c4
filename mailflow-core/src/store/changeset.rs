//! [`Changeset`]: what a decision wants to be true, applied whole or not at all.

use super::{Key, Record, RecordKind, StoreError, StoreErrorKind};
use crate::audit::About;
use crate::id::TicketId;
use crate::lease::Task;
use crate::outgoing::OutgoingState;

/// The number of the commit that wrote a record: unique in the store and rising, so that a record that was erased and
/// made again never looks unchanged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version(u64);

impl Version {
    /// The version of what never was.
    pub const ABSENT: Self = Self(0);

    /// The version with this number.
    pub const fn new(number: u64) -> Self {
        Self(number)
    }

    /// The number.
    pub const fn number(self) -> u64 {
        self.0
    }
}

/// Changes that belong together, each with the version of what it was decided on.
#[derive(Debug, Clone, PartialEq)]
pub struct Changeset {
    /// The changes. No key stands in two of them.
    pub entries: Vec<Entry>,
    /// The least number that a new ticket may get; the store goes on from the highest number that it ever gave.
    pub first_ticket_number: u64,
}

/// One change, or one thing that must not have changed.
#[derive(Debug, Clone, PartialEq)]
pub enum Entry {
    /// There is no record and no tombstone under its key; now there is this one. A ticket with number 0 gets the next
    /// number.
    Insert(Record),
    /// The record or tombstone under its key has this version; now there is this one.
    Replace(Version, Record),
    /// What is under the key has this version, until the commit is done.
    RelyOn(Key, Version),
    /// The record under the key has this version, or there never was one; now there is none, and a tombstone if the kind
    /// [leaves one](super::RecordKind::leaves_tombstone).
    Erase(Key, Version),
}

/// A commit that is done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Committed {
    /// The version of every record that it wrote.
    pub version: Version,
    /// The numbers that it gave to new tickets.
    pub numbers: Vec<(TicketId, u64)>,
}

impl Changeset {
    /// Whether it writes anything.
    pub fn is_empty(&self) -> bool {
        self.entries.iter().all(|entry| matches!(entry, Entry::RelyOn(..)))
    }

    /// Whether it leaves alone what is only ever added to: every store asks this before it commits.
    ///
    /// # Errors
    /// [`StoreError`] if it would change or erase an audit entry.
    pub fn only_adds_to_the_audit(&self) -> Result<(), StoreError> {
        let rewrites = |entry: &Entry| {
            entry.key().kind() == RecordKind::Audit && matches!(entry, Entry::Replace(..) | Entry::Erase(..))
        };
        if self.entries.iter().any(rewrites) {
            let doing = "audit entries are only ever added: none is changed or erased";
            return Err(StoreError::new(StoreErrorKind::Other, doing));
        }
        Ok(())
    }

    /// Whether a program that is too old for the database may still write it: how it makes room for others. It says that
    /// it gives its tasks away, ends a session, or writes down what came of a mail that it had in hand, which nobody else
    /// can know.
    pub fn is_last_word(&self) -> bool {
        let router = Task::Router.id();
        let of_who_sends = |entry: &Entry| matches!(entry, Entry::RelyOn(Key::Lease(task), _) if *task != router);
        let came_of = |record: &Record| matches!(record, Record::Outgoing(it) if !matches!(it.state, OutgoingState::Sending { .. }));
        if self.entries.iter().any(of_who_sends) && self.records().any(came_of) {
            return true;
        }
        let mut says_something = false;
        let makes_room = |entry: &Entry| {
            let is_said = match entry {
                Entry::RelyOn(..) => return true,
                Entry::Insert(Record::Audit(told)) => return !matches!(told.about, About::Ticket(_)),
                Entry::Insert(record) | Entry::Replace(_, record) => {
                    matches!(record, Record::Server(_) | Record::Lease(_))
                }
                Entry::Erase(key, _) => matches!(key, Key::Session(_)),
            };
            says_something |= is_said;
            is_said
        };
        self.entries.iter().all(makes_room) && says_something
    }

    /// The records that it writes.
    pub fn records(&self) -> impl Iterator<Item = &Record> {
        self.entries.iter().filter_map(|entry| match entry {
            Entry::Insert(record) | Entry::Replace(_, record) => Some(record),
            Entry::RelyOn(..) | Entry::Erase(..) => None,
        })
    }
}

impl Entry {
    /// The key that the entry is about.
    pub fn key(&self) -> Key {
        match self {
            Self::Insert(record) | Self::Replace(_, record) => record.key(),
            Self::RelyOn(key, _) | Self::Erase(key, _) => key.clone(),
        }
    }

    /// The version that must be there.
    pub const fn expected(&self) -> Version {
        match self {
            Self::Insert(_) => Version::ABSENT,
            Self::Replace(version, _) | Self::RelyOn(_, version) | Self::Erase(_, version) => *version,
        }
    }

    /// Whether the entry changes what is under its key.
    pub const fn writes(&self) -> bool {
        !matches!(self, Self::RelyOn(..))
    }
}
