//! [`MemoryStore`]: a store in memory: the reference that other stores are compared with, and the one that tests and
//! first examples use. It obeys every rule of [`Store`] but that of power cuts.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;

use super::{
    Changeset, CommitError, Committed, Entry, Found, Kept, Key, Loaded, Page, Query, Record, Store, StoreError,
    StoreErrorKind, Version,
};
use crate::digest::Digest;
use crate::id::TicketId;
use crate::ticket::Ticket;
use crate::time::{Clock, SystemClock, Timestamp};

mod find;

/// A store in memory. What it keeps is gone with it.
pub struct MemoryStore {
    state: Mutex<State>,
    clock: Arc<dyn Clock>,
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self::with_clock(SystemClock)
    }
}

impl std::fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "MemoryStore({} records)", self.state().records.len())
    }
}

impl Clone for MemoryStore {
    /// A store with the same content, that goes its own way from here on.
    fn clone(&self) -> Self {
        Self { state: Mutex::new(self.state().clone()), clock: Arc::clone(&self.clock) }
    }
}

#[derive(Debug, Clone, Default)]
struct State {
    /// Records and tombstones.
    records: BTreeMap<Key, Slot>,
    /// Which ticket has which number.
    by_number: BTreeMap<u64, TicketId>,
    /// Bodies; `None` for one that was erased.
    bodies: BTreeMap<Digest, Option<Vec<u8>>>,
    /// The version of the last commit.
    version: u64,
    /// The highest number that a ticket ever got.
    last_number: u64,
    /// How many records were taken in: the order in which a search lists them.
    taken_in: u64,
}

/// What is under a key: a record, or the tombstone of one.
#[derive(Debug, Clone)]
struct Slot {
    version: Version,
    record: Option<Record>,
    /// When it was first taken in, counted in records.
    order: u64,
}

impl MemoryStore {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    /// An empty store that takes this clock for the database's.
    pub fn with_clock(clock: impl Clock) -> Self {
        Self { state: Mutex::default(), clock: Arc::new(clock) }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing panics while the state is half changed: it is checked first, changed after.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn slot(&self, key: &Key) -> Option<&Slot> {
        match key {
            Key::TicketNumber(number) => self.records.get(&Key::Ticket(*self.by_number.get(number)?)),
            key => self.records.get(key),
        }
    }

    fn version_of(&self, key: &Key) -> Version {
        self.slot(key).map_or(Version::ABSENT, |slot| slot.version)
    }

    /// The records of one type, with their versions and the order in which they were taken in.
    fn all<T: Kept>(&self) -> impl Iterator<Item = (&Slot, &T)> {
        self.records.values().filter_map(|slot| Some((slot, slot.record.as_ref().and_then(T::of)?)))
    }

    fn put(&mut self, mut record: Record, version: Version, first_number: u64) -> Option<(TicketId, u64)> {
        let mut given = None;
        if let Record::Ticket(ticket) = &mut record
            && ticket.number == 0
        {
            self.last_number = (self.last_number + 1).max(first_number);
            ticket.number = self.last_number;
            self.by_number.insert(ticket.number, ticket.id);
            given = Some((ticket.id, ticket.number));
        } else if let Record::Ticket(ticket) = &record {
            self.by_number.insert(ticket.number, ticket.id);
        }
        self.taken_in += 1;
        let (key, order) = (record.key(), self.taken_in);
        let slot = self.records.entry(key).or_insert(Slot { version, record: None, order });
        if slot.record.is_none() {
            slot.order = order;
        }
        slot.version = version;
        slot.record = Some(record);
        given
    }

    fn erase(&mut self, key: &Key, version: Version) {
        if key.kind().leaves_tombstone() {
            let slot =
                self.records.entry(key.clone()).or_insert(Slot { version, record: None, order: self.taken_in });
            slot.version = version;
            slot.record = None;
        } else {
            self.records.remove(key);
        }
    }
}

#[async_trait]
impl Store for MemoryStore {
    async fn now(&self) -> Result<Timestamp, StoreError> {
        Ok(self.clock.now())
    }

    async fn check_shape(&self) -> Result<(), StoreError> {
        Ok(())
    }

    async fn load(&self, keys: &[Key]) -> Result<Vec<Loaded>, StoreError> {
        let state = self.state();
        let load = |key: &Key| match (key, state.slot(key)) {
            // By its number, a ticket that was erased is not there.
            (Key::TicketNumber(_), Some(Slot { record: None, .. })) | (_, None) => Loaded::ABSENT,
            (_, Some(slot)) => Loaded { version: slot.version, record: slot.record.clone() },
        };
        Ok(keys.iter().map(load).collect())
    }

    async fn find(&self, query: &Query, page: &Page) -> Result<Found, StoreError> {
        Ok(self.state().find(query, page))
    }

    async fn commit(&self, changes: Changeset) -> Result<Committed, CommitError> {
        changes.only_adds_to_the_audit()?;
        let mut state = self.state();
        let stale: Vec<Key> = changes
            .entries
            .iter()
            .filter(|entry| state.version_of(&entry.key()) != entry.expected())
            .map(Entry::key)
            .collect();
        if !stale.is_empty() {
            return Err(CommitError::Conflict(stale));
        }
        if let Some(missing) =
            changes.records().flat_map(Record::bodies).find(|digest| !state.bodies.contains_key(digest))
        {
            let doing = format!("a record names the body {missing}, which was not kept; keep it first");
            return Err(StoreError::new(StoreErrorKind::Other, doing).into());
        }
        if let Some(taken) = state.number_taken(&changes) {
            let doing = format!("the ticket number {taken} belongs to another ticket");
            return Err(StoreError::new(StoreErrorKind::Other, doing).into());
        }
        state.version += 1;
        let version = Version::new(state.version);
        let given = changes.records().filter_map(Ticket::of).map(|ticket| ticket.number).max();
        state.last_number = state.last_number.max(given.unwrap_or(0));
        let mut numbers = Vec::new();
        for entry in changes.entries {
            match entry {
                Entry::Insert(record) | Entry::Replace(_, record) => {
                    numbers.extend(state.put(record, version, changes.first_ticket_number));
                }
                Entry::Erase(key, _) => state.erase(&key, version),
                Entry::RelyOn(..) => {}
            }
        }
        Ok(Committed { version, numbers })
    }

    async fn keep_body(&self, bytes: Vec<u8>) -> Result<Digest, StoreError> {
        let digest = Digest::of(&bytes);
        self.state().bodies.insert(digest, Some(bytes));
        Ok(digest)
    }

    async fn body(&self, digest: &Digest) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.state().bodies.get(digest).cloned().flatten())
    }

    async fn erase_body(&self, digest: &Digest) -> Result<(), StoreError> {
        self.state().bodies.insert(*digest, None);
        Ok(())
    }
}

impl State {
    /// A number that the changeset gives to a ticket and that another ticket has.
    fn number_taken(&self, changes: &Changeset) -> Option<u64> {
        let mut given = BTreeMap::new();
        changes.records().filter_map(Ticket::of).filter(|it| it.number != 0).map(|it| (it.number, it.id)).find_map(
            |(number, id)| {
                let other = self.by_number.get(&number).is_some_and(|has| *has != id);
                (other || given.insert(number, id).is_some()).then_some(number)
            },
        )
    }

    fn ticket(&self, id: TicketId) -> Option<&Ticket> {
        self.records.get(&Key::Ticket(id))?.record.as_ref().and_then(Ticket::of)
    }
}
