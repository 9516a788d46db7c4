//! The router: arrivals become messages of tickets, in the order in which they came.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::reading::Read;
use super::{Error, Shared};
use crate::arrival::{Arrival, ArrivalState};
use crate::decision::Stop;
use crate::decision::arrival::{self, Readable};
use crate::decision::route::{self, Outcome, Routed};
use crate::id::TicketId;
use crate::lease::Task;
use crate::mail::Bounce;
use crate::store::{Committed, Key, Page, Query, StoreExt};

/// How many arrivals are routed in one commit at most.
const BATCH: u32 = 128;
/// How many bytes of mail are read at once at most.
const BATCH_BYTES: u64 = 8 << 20;

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

impl Shared {
    /// Routes the next arrivals; none if none waits.
    pub async fn route_some(self: &Arc<Self>) -> Result<Vec<Placed>, Error> {
        let waiting = self.waiting().await?;
        let Some(first) = waiting.first() else { return Ok(Vec::new()) };
        // What waited before this run began may be what ended the run before: such mails are read one at a time, each
        // try counted before it. And matching by subject has to see the ticket that the mail before has made.
        if first.at < self.ours_since(Task::Router) {
            let readable = self.count_attempt(first).await?;
            let read = self.read_one(first.clone(), readable).await?;
            return self.place(vec![read]).await;
        }
        if self.directory().ticketboxes.values().any(|it| it.match_by_subject_and_sender) {
            let read = self.read_one(first.clone(), Readable::Whole).await?;
            return self.place(vec![read]).await;
        }
        let (now, later) = waiting.split_at(how_many(&waiting));
        let batch = self.read_all(now).await?;
        // The next ones are read while these are committed.
        self.read_ahead(later.get(..how_many(later)).unwrap_or_default());
        self.place(batch).await
    }

    /// The next arrivals that wait for their places. What a rule shredded before is erased first: the run that was about
    /// to do so ended.
    async fn waiting(&self) -> Result<Vec<Arrival>, Error> {
        loop {
            let waiting: Vec<Arrival> = self.store.list(&Query::Waiting, &Page::first(2 * BATCH)).await?.rows;
            let shredding = |it: &&Arrival| it.state != ArrivalState::Received;
            let shredding: Vec<Arrival> = waiting.iter().filter(shredding).cloned().collect();
            if shredding.is_empty() {
                return Ok(waiting);
            }
            for arrival in &shredding {
                self.shred(arrival).await?;
            }
        }
    }

    /// Counts a try to read an arrival. Returns how much of it may be read.
    async fn count_attempt(&self, arrival: &Arrival) -> Result<Readable, Error> {
        let (source, digest) = (arrival.source, arrival.digest);
        let attempt = self.transact_as(Task::Router, |_, changes, _| arrival::attempt(changes, source, digest));
        Ok(attempt.await?.value)
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
            .transact_as(Task::Router, |scene, changes, mint| {
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
                    let one = match &read.reading {
                        Some(reading) => route::route(scene, changes, mint, reading),
                        None => route::shelve(scene, changes, mint, read.arrival.source, read.arrival.digest),
                    };
                    match one {
                        Ok(one) => routed.push(one),
                        Err(Stop::Look(keys)) => missing.extend(keys),
                        Err(refused) => return Err(refused),
                    }
                }
                // What all of them need is looked at together, and all are decided again.
                if missing.is_empty() { Ok(routed) } else { Err(Stop::Look(missing)) }
            })
            .await?;
        for (read, _) in batch.iter().zip(&done.value).filter(|(_, it)| it.as_ref().is_some_and(is_shredded)) {
            self.shred(&read.arrival).await?;
        }
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

    /// Erases the bytes of a mail that a rule threw away for good, unless it came from another source as well.
    async fn shred(&self, arrival: &Arrival) -> Result<(), Error> {
        let sources = self.directory();
        let keys: Vec<Key> = sources.sources.keys().map(|source| Key::Arrival(*source, arrival.digest)).collect();
        let needed = self.store.load(&keys).await?.into_iter().any(|loaded| match loaded.record {
            Some(crate::store::Record::Arrival(other)) => {
                !matches!(other.state, ArrivalState::Shredding { .. } | ArrivalState::Shredded { .. })
            }
            _ => false,
        });
        if !needed {
            self.store.erase_body(&arrival.digest).await?;
        }
        let (source, digest) = (arrival.source, arrival.digest);
        self.transact_as(Task::Router, |_, changes, _| arrival::shredded(changes, source, digest)).await?;
        Ok(())
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
            .filter(|routed| routed.outcome != Outcome::Shredded && !numbers.contains_key(&routed.ticket))
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

fn is_shredded(routed: &Routed) -> bool {
    routed.outcome == Outcome::Shredded
}

/// How many of these arrivals are routed together; at least one if there is one.
fn how_many(waiting: &[Arrival]) -> usize {
    let mut total: u64 = 0;
    let fits = waiting.iter().take(BATCH as usize).take_while(|arrival| {
        total = total.saturating_add(arrival.size);
        total <= BATCH_BYTES
    });
    fits.count().max(1).min(waiting.len())
}
