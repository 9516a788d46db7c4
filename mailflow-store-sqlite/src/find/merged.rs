//! [`Merged`]: one list made of streams, each of them a range of an index, all in the same order. What a stream gives is
//! checked from the index alone.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

use mailflow_core::id::{AgentId, CategoryId, ContactId, TicketId, TicketboxId};
use mailflow_core::store::StoreError;
use mailflow_core::ticket::Ticket;
use mailflow_core::time::Timestamp;
use mailflow_store_rows::columns;
use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};

use super::LISTING;
use crate::connection::prepare;
use crate::error::OrFailed as _;

/// How many rows a stream reads ahead at first, when there are several.
const FIRST_CHUNK: i64 = 4;
/// The most that it reads ahead.
pub(super) const MAX_CHUNK: i64 = 256;

/// What a list is sorted by, from its first row to its last; different for each ticket.
pub(super) trait Place: Ord + Clone {
    /// The place in the first two columns of a stream.
    fn read(row: &rusqlite::Row<'_>) -> rusqlite::Result<Self>;

    /// What a stream is given to begin behind it.
    fn values(&self) -> [Value; 2];
}

/// A ticket as the index has it.
pub(super) struct Candidate<P> {
    pub place: P,
    pub seq: i64,
    /// Only what lists ask about is set.
    pub ticket: Ticket,
}

/// One range of an index: a statement with the columns of its [`Place`], `seq`, and those of a [`skeleton`], and what it
/// is given before place and limit.
pub(super) struct Range {
    pub sql: &'static str,
    pub values: Vec<Value>,
}

struct Stream<P> {
    range: Range,
    ahead: VecDeque<Candidate<P>>,
    /// Where what was read ahead ends; `None` if the range is read to its end.
    from: Option<P>,
    chunk: i64,
}

impl<P: Place> Stream<P> {
    fn next(&mut self, connection: &Connection) -> Result<Option<Candidate<P>>, StoreError> {
        if self.ahead.is_empty()
            && let Some(from) = self.from.take()
        {
            self.read(connection, &from)?;
        }
        Ok(self.ahead.pop_front())
    }

    fn read(&mut self, connection: &Connection, from: &P) -> Result<(), StoreError> {
        let mut statement = prepare(connection, self.range.sql).or_failed(LISTING)?;
        let values = self.range.values.iter().cloned().chain(from.values()).chain([Value::Integer(self.chunk)]);
        let mut rows = statement.query(params_from_iter(values)).or_failed(LISTING)?;
        let mut read = 0;
        while let Some(it) = rows.next().or_failed(LISTING)? {
            self.ahead.push_back(candidate(it).or_failed(LISTING)?);
            read += 1;
        }
        if read == self.chunk {
            self.from = self.ahead.back().map(|last| last.place.clone());
        }
        self.chunk = (self.chunk * 4).min(MAX_CHUNK.max(self.chunk));
        Ok(())
    }
}

fn candidate<P: Place>(it: &rusqlite::Row<'_>) -> rusqlite::Result<Candidate<P>> {
    let ticket = skeleton(it, 3, TicketId::from_bytes([0; 16]))?;
    Ok(Candidate { place: P::read(it)?, seq: it.get(2)?, ticket })
}

/// A ticket of which only what queries ask about is set, from the columns `shelf`, `ticketbox`, `owner`, `category`,
/// `contact`.
pub(super) fn skeleton(it: &rusqlite::Row<'_>, first: usize, id: TicketId) -> rusqlite::Result<Ticket> {
    let ticketbox = TicketboxId::from_bytes(it.get(first + 1)?);
    let mut ticket = Ticket::new(id, ticketbox, "", Timestamp::MIN);
    let (state, trashed) = columns::of_shelf(it.get(first)?);
    ticket.state = state;
    ticket.trashed = trashed.then_some(Timestamp::MIN);
    ticket.owner = it.get::<_, Option<[u8; 16]>>(first + 2)?.map(AgentId::from_bytes);
    ticket.category = it.get::<_, Option<[u8; 16]>>(first + 3)?.map(CategoryId::from_bytes);
    ticket.contact = it.get::<_, Option<[u8; 16]>>(first + 4)?.map(ContactId::from_bytes);
    Ok(ticket)
}

/// All tickets of these ranges that match, in the order of their places.
pub(super) struct Merged<'c, P, M> {
    connection: &'c Connection,
    matches: M,
    streams: Vec<Stream<P>>,
    /// The first candidate of each stream that has one.
    heads: BinaryHeap<Reverse<Head<P>>>,
    last: Option<P>,
}

struct Head<P> {
    candidate: Candidate<P>,
    stream: usize,
}

impl<P: Place> PartialEq for Head<P> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl<P: Place> Eq for Head<P> {}

impl<P: Place> PartialOrd for Head<P> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl<P: Place> Ord for Head<P> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (&self.candidate.place, self.stream).cmp(&(&other.candidate.place, other.stream))
    }
}

impl<'c, P: Place, M: Fn(&Ticket) -> bool> Merged<'c, P, M> {
    /// The tickets behind a place, of which so many are expected to be asked for.
    pub fn new(
        connection: &'c Connection,
        ranges: Vec<Range>,
        from: &P,
        expected: i64,
        matches: M,
    ) -> Result<Self, StoreError> {
        let chunk = if ranges.len() == 1 { expected.clamp(1, MAX_CHUNK) } else { FIRST_CHUNK };
        let stream = |range| Stream { range, ahead: VecDeque::new(), from: Some(from.clone()), chunk };
        let streams: Vec<_> = ranges.into_iter().map(stream).collect();
        let mut merged = Self { connection, matches, streams, heads: BinaryHeap::new(), last: None };
        for stream in 0..merged.streams.len() {
            merged.refill(stream)?;
        }
        Ok(merged)
    }

    fn refill(&mut self, stream: usize) -> Result<(), StoreError> {
        let Some(of) = self.streams.get_mut(stream) else { return Ok(()) };
        if let Some(candidate) = of.next(self.connection)? {
            self.heads.push(Reverse(Head { candidate, stream }));
        }
        Ok(())
    }

    /// The next ticket.
    pub fn next(&mut self) -> Result<Option<Candidate<P>>, StoreError> {
        while let Some(Reverse(Head { candidate, stream })) = self.heads.pop() {
            self.refill(stream)?;
            // A ticket may stand in several streams: its ticketbox's and its owner's.
            let again = self.last.replace(candidate.place.clone()).is_some_and(|last| last == candidate.place);
            if !again && (self.matches)(&candidate.ticket) {
                return Ok(Some(candidate));
            }
        }
        Ok(None)
    }

    /// How many there are, counted to this many.
    pub fn count(&mut self, most: u32) -> Result<u32, StoreError> {
        let mut number = 0;
        while number < most && self.next()?.is_some() {
            number += 1;
        }
        Ok(number)
    }
}
