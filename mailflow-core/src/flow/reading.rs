//! Reading arrivals: from their bytes to what routing asks about. Several at a time, and the next ones ahead.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::task::JoinHandle;

use super::{Error, Shared};
use crate::access::Visibility;
use crate::arrival::Arrival;
use crate::contact::AddressEntry;
use crate::decision::arrival::Readable;
use crate::decision::route::Reading;
use crate::digest::Digest;
use crate::id::{SourceId, TicketId};
use crate::mail::{Address, Limits};
use crate::store::{Key, Page, Query, StoreExt, TicketQuery};
use crate::ticket::{Ticket, TicketState};

/// How many open tickets of a sender are compared by subject.
const OF_SENDER: u32 = 50;

/// An arrival that was read; without a reading it could not be.
pub(super) struct Read {
    pub arrival: Arrival,
    pub reading: Option<Reading>,
}

/// Arrivals that are being read before it is their turn.
#[derive(Default)]
pub struct Ahead(Mutex<Reads>);

#[derive(Default)]
struct Reads {
    arrivals: Vec<(SourceId, Digest)>,
    tasks: Vec<JoinHandle<Result<Vec<Read>, Error>>>,
}

impl Ahead {
    fn put(&self, reads: Reads) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = reads;
    }

    /// What was read ahead, if it is what these arrivals begin with.
    fn take(&self, waiting: &[Arrival]) -> Reads {
        let reads = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        let begins = waiting
            .get(..reads.arrivals.len())
            .is_some_and(|waiting| waiting.iter().map(key).eq(reads.arrivals.iter().copied()));
        if begins { reads } else { Reads::default() }
    }
}

fn key(arrival: &Arrival) -> (SourceId, Digest) {
    (arrival.source, arrival.digest)
}

impl Shared {
    /// Reads arrivals, in their order.
    pub(super) async fn read_all(self: &Arc<Self>, arrivals: &[Arrival]) -> Result<Vec<Read>, Error> {
        let mut reads = self.ahead.take(arrivals);
        let others = self.begin_to_read(arrivals.get(reads.arrivals.len()..).unwrap_or_default());
        reads.tasks.extend(others.tasks);
        let mut all = Vec::with_capacity(arrivals.len());
        for task in reads.tasks {
            // A task that was cut off leaves its arrivals waiting.
            if let Ok(read) = task.await {
                all.extend(read?);
            }
        }
        Ok(all)
    }

    /// Begins to read arrivals whose turn comes next.
    pub(super) fn read_ahead(self: &Arc<Self>, arrivals: &[Arrival]) {
        self.ahead.put(self.begin_to_read(arrivals));
    }

    /// One task for each processor.
    fn begin_to_read(self: &Arc<Self>, arrivals: &[Arrival]) -> Reads {
        let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let share = arrivals.len().div_ceil(processors).max(1);
        let tasks =
            arrivals.chunks(share).map(|part| tokio::spawn(Arc::clone(self).read(part.to_vec(), Readable::Whole)));
        Reads { arrivals: arrivals.iter().map(key).collect(), tasks: tasks.collect() }
    }

    async fn read(self: Arc<Self>, arrivals: Vec<Arrival>, readable: Readable) -> Result<Vec<Read>, Error> {
        let mut bytes = Vec::with_capacity(arrivals.len());
        for arrival in arrivals {
            bytes.push((self.store.body(&arrival.digest).await?, arrival));
        }
        let shared = Arc::clone(&self);
        let parsing = tokio::task::spawn_blocking(move || {
            bytes.into_iter().map(|(bytes, arrival)| shared.parse(arrival, readable, bytes.as_deref())).collect()
        });
        // It ends early only together with the whole runtime.
        Ok(parsing.await.unwrap_or_default())
    }

    /// Reads an arrival. Of a mail that makes the parser panic the headers are read; one that makes it panic even so, or
    /// whose bytes are gone, has no reading.
    pub(super) fn parse(&self, arrival: Arrival, readable: Readable, bytes: Option<&[u8]>) -> Read {
        let with = |read: fn(SourceId, Digest, &[u8], &Limits) -> Reading, bytes: &[u8]| {
            let (source, digest) = key(&arrival);
            let reading = catch_unwind(AssertUnwindSafe(|| read(source, digest, bytes, &self.limits)));
            reading.inspect_err(|_| tracing::error!(%digest, "a mail could not be read: the parser panicked")).ok()
        };
        let reading = bytes.and_then(|bytes| match readable {
            Readable::Whole => with(Reading::new, bytes).or_else(|| with(Reading::of_headers, bytes)),
            Readable::Headers => with(Reading::of_headers, bytes),
            Readable::Nothing => None,
        });
        let raw = || bytes.filter(|_| self.directory().rules.forward()).map(<[u8]>::to_vec);
        Read { arrival, reading: reading.map(|reading| Reading { raw: raw(), ..reading }) }
    }

    /// Reads an arrival alone.
    pub(super) async fn read_one(self: &Arc<Self>, arrival: Arrival, readable: Readable) -> Result<Read, Error> {
        let none = Read { arrival: arrival.clone(), reading: None };
        if readable == Readable::Nothing {
            return Ok(none);
        }
        let mut read = Arc::clone(self).read(vec![arrival], readable).await?.pop().unwrap_or(none);
        if let Some(reading) = &mut read.reading {
            reading.open_of_sender = self.open_of_sender(reading).await?;
        }
        Ok(read)
    }

    /// The open tickets of a mail's sender, where some ticketbox matches by subject.
    pub(super) async fn open_of_sender(&self, reading: &Reading) -> Result<Vec<TicketId>, Error> {
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
}
