//! The router: arrivals become messages of tickets, in the order in which they came.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Error, Shared};
use crate::access::Visibility;
use crate::arrival::Arrival;
use crate::contact::AddressEntry;
use crate::decision::Stop;
use crate::decision::arrival::{self, Readable};
use crate::decision::route::{self, Reading, Routed};
use crate::digest::Digest;
use crate::id::{SourceId, TicketId};
use crate::mail::{Address, Bounce, Limits};
use crate::store::{Committed, Key, Page, Query, StoreExt, TicketQuery};
use crate::ticket::{Ticket, TicketState};

/// How many arrivals are routed in one commit at most.
const BATCH: u32 = 64;
/// How many bytes of mail are read at once at most.
const BATCH_BYTES: u64 = 8 << 20;
/// How many open tickets of a sender are compared by subject.
const OF_SENDER: u32 = 50;

/// An arrival, and what became of it.
#[derive(Debug, Clone)]
pub struct Placed {
    /// The arrival, as it waited.
    pub arrival: Arrival,
    /// What became of it.
    pub routed: Routed,
    /// The number of its ticket.
    pub number: u64,
    /// What it reports, if it is a delivery report.
    pub bounce: Option<Bounce>,
}

/// An arrival that was read; without a reading it could not be.
struct Read {
    arrival: Arrival,
    reading: Option<Reading>,
}

impl Shared {
    /// Routes the next arrivals; none if none waits.
    pub async fn route_some(self: &Arc<Self>) -> Result<Vec<Placed>, Error> {
        let waiting: Vec<Arrival> = self.store.list(&Query::Waiting, &Page::first(BATCH)).await?.rows;
        let Some(first) = waiting.first() else { return Ok(Vec::new()) };
        // What waited before this run began may be what ended the run before: such mails are read one at a time, each
        // try counted before it. And matching by subject has to see the ticket that the mail before has made.
        let careful = first.at < self.started;
        let alone = careful || self.directory().ticketboxes.values().any(|it| it.match_by_subject_and_sender);
        let most = if alone { 1 } else { how_many(&waiting, BATCH_BYTES) };
        let mut reads = Vec::with_capacity(most);
        for arrival in waiting.into_iter().take(most) {
            let readable = if careful { self.count_attempt(&arrival).await? } else { Readable::Whole };
            reads.push(tokio::spawn(Arc::clone(self).read(arrival, readable)));
        }
        let mut batch = Vec::with_capacity(reads.len());
        for read in reads {
            if let Ok(read) = read.await {
                batch.push(read?);
            }
        }
        self.place(batch).await
    }

    /// Counts a try to read an arrival. Returns how much of it may be read.
    async fn count_attempt(&self, arrival: &Arrival) -> Result<Readable, Error> {
        let (source, digest) = (arrival.source, arrival.digest);
        Ok(self.transact(|_, changes, _| arrival::attempt(changes, source, digest)).await?.value)
    }

    /// Reads an arrival. Of a mail that makes the parser panic the headers are read; one that makes it panic even so, or
    /// whose bytes are gone, has no reading.
    async fn read(self: Arc<Self>, arrival: Arrival, readable: Readable) -> Result<Read, Error> {
        let nothing = readable == Readable::Nothing;
        let bytes = if nothing { None } else { self.store.body(&arrival.digest).await? };
        let Some(bytes) = bytes.map(Arc::new) else { return Ok(Read { arrival, reading: None }) };
        let mut reading = None;
        if readable == Readable::Whole {
            reading = self.read_with(Reading::new, &arrival, &bytes).await;
        }
        if reading.is_none() {
            reading = self.read_with(Reading::of_headers, &arrival, &bytes).await;
        }
        if let Some(reading) = &mut reading {
            reading.open_of_sender = self.open_of_sender(reading).await?;
        }
        Ok(Read { arrival, reading })
    }

    async fn read_with(
        &self,
        read: fn(SourceId, Digest, &[u8], &Limits) -> Reading,
        arrival: &Arrival,
        bytes: &Arc<Vec<u8>>,
    ) -> Option<Reading> {
        let (source, digest, limits, bytes) =
            (arrival.source, arrival.digest, self.limits.clone(), Arc::clone(bytes));
        let parsed = tokio::task::spawn_blocking(move || read(source, digest, &bytes, &limits)).await;
        parsed.inspect_err(|error| tracing::error!(%digest, %error, "a mail could not be read")).ok()
    }

    /// The open tickets of a mail's sender, where some ticketbox matches by subject.
    async fn open_of_sender(&self, reading: &Reading) -> Result<Vec<TicketId>, Error> {
        let address: Option<Address> = reading.mail.from.as_ref().and_then(|from| from.address.clone());
        let switched_on = self.directory().ticketboxes.values().any(|it| it.match_by_subject_and_sender);
        let Some(address) = address.filter(|_| switched_on) else { return Ok(Vec::new()) };
        let Some(entry) = self.store.get::<AddressEntry>(Key::Address(address)).await? else { return Ok(Vec::new()) };
        let query = TicketQuery {
            contact: Some(entry.contact),
            state: Some(TicketState::Open),
            ..TicketQuery::all(Visibility::Everything)
        };
        let found = self.store.list::<Ticket>(&Query::Tickets(query), &Page::first(OF_SENDER)).await?;
        Ok(found.rows.into_iter().map(|ticket| ticket.id).collect())
    }

    /// Routes arrivals in one commit. If the store cannot take them together, each goes alone: one that cannot be
    /// written does not hold up the rest.
    async fn place(&self, batch: Vec<Read>) -> Result<Vec<Placed>, Error> {
        match self.place_together(&batch).await {
            Ok(placed) => Ok(placed),
            Err(error) if batch.len() < 2 || error.is_transient() => Err(error),
            Err(error) => {
                tracing::warn!(%error, mails = batch.len(), "routing together failed; each mail goes alone");
                let mut placed = Vec::new();
                let mut failure = None;
                for read in batch {
                    match self.place_together(std::slice::from_ref(&read)).await {
                        Ok(one) => placed.extend(one),
                        Err(error) => failure = Some(error),
                    }
                }
                failure.filter(|_| placed.is_empty()).map_or(Ok(placed), Err)
            }
        }
    }

    async fn place_together(&self, batch: &[Read]) -> Result<Vec<Placed>, Error> {
        let done = self
            .transact(|scene, changes, mint| {
                let mut missing = Vec::new();
                for reading in batch.iter().filter_map(|read| read.reading.as_ref()) {
                    if let Err(not_loaded) = route::looks(scene, changes, reading) {
                        missing.extend(not_loaded.0);
                    }
                }
                if !missing.is_empty() {
                    missing.sort_unstable();
                    missing.dedup();
                    return Err(Stop::Look(missing));
                }
                let mut routed = Vec::with_capacity(batch.len());
                for read in batch {
                    // One mint for all: new tickets are numbered in the order of their ids.
                    routed.push(match &read.reading {
                        Some(reading) => route::route(scene, changes, mint, reading)?,
                        None => route::shelve(scene, changes, mint, read.arrival.source, read.arrival.digest)?,
                    });
                }
                Ok(routed)
            })
            .await?;
        let numbers = self.numbers(&done.value, done.committed.as_ref()).await?;
        let placed = batch.iter().zip(done.value).filter_map(|(read, routed)| {
            let routed = routed?;
            Some(Placed {
                arrival: read.arrival.clone(),
                number: numbers.get(&routed.ticket).copied().unwrap_or(0),
                bounce: read.reading.as_ref().and_then(|reading| reading.mail.bounce.clone()),
                routed,
            })
        });
        Ok(placed.collect())
    }

    /// The numbers of the tickets that arrivals went to: new ones are in the commit's answer, the others are looked up.
    async fn numbers(
        &self,
        routed: &[Option<Routed>],
        committed: Option<&Committed>,
    ) -> Result<BTreeMap<TicketId, u64>, Error> {
        let mut numbers: BTreeMap<TicketId, u64> =
            committed.map(|committed| committed.numbers.iter().copied().collect()).unwrap_or_default();
        let mut others: Vec<Key> = routed
            .iter()
            .flatten()
            .filter(|routed| !numbers.contains_key(&routed.ticket))
            .map(|routed| Key::Ticket(routed.ticket))
            .collect();
        others.sort_unstable();
        others.dedup();
        if !others.is_empty() {
            for loaded in self.store.load(&others).await? {
                if let Some(crate::store::Record::Ticket(ticket)) = loaded.record {
                    numbers.insert(ticket.id, ticket.number);
                }
            }
        }
        Ok(numbers)
    }
}

/// How many of these arrivals fit into so many bytes; at least one.
fn how_many(waiting: &[Arrival], bytes: u64) -> usize {
    let mut total: u64 = 0;
    let fits = waiting.iter().take_while(|arrival| {
        total = total.saturating_add(arrival.size);
        total <= bytes
    });
    fits.count().max(1)
}
