//! Lists of a [`MemoryStore`](super::MemoryStore): every row is looked at, sorted and cut. Slow, and obviously right.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use super::{Slot, State};
use crate::alert::Alert;
use crate::arrival::{Arrival, ArrivalState};
use crate::audit::AuditEntry;
use crate::contact::Contact;
use crate::directory::Document;
use crate::draft::Draft;
use crate::event::Event;
use crate::id::{RuleId, TicketboxId};
use crate::lease::Lease;
use crate::message::Message;
use crate::note::Note;
use crate::outgoing::{Outgoing, OutgoingState};
use crate::search;
use crate::server::Server;
use crate::session::Session;
use crate::store::{
    Count, Cursor, Found, FoundIn, Hit, Kept, Page, Query, RecordKind, Row, SearchQuery, TicketQuery,
};
use crate::ticket::{Ticket, TicketState};

/// A row with what it is sorted by: first a number or a text, then 16 bytes.
struct Sorted<K> {
    by: (K, [u8; 16]),
    row: Row,
}

impl State {
    pub(super) fn find(&self, query: &Query, page: &Page) -> Found {
        match query {
            Query::Tickets(query) => {
                self.newest(page, |it: &Ticket| query.matches(it), |it| (it.updated.as_millis(), *it.id.as_bytes()))
            }
            Query::Unowned(query) => {
                let by_turn = |it: &Ticket| (it.turn().unwrap_or(i64::MAX), u128::from(it.number).to_be_bytes());
                self.oldest(page, |it: &Ticket| query.matches(it), by_turn)
            }
            Query::UnownedCount(query) => {
                let count = self.all::<Ticket>().filter(|(_, it)| query.matches(it)).count();
                let total = Count::new(u32::try_from(count).unwrap_or(u32::MAX));
                Found { rows: vec![Row::Total(total)], next: None }
            }
            Query::OpenCounts { visibility, ticketboxes } => {
                let query = TicketQuery { state: Some(TicketState::Open), ..TicketQuery::all(visibility.clone()) };
                let rows = ticketboxes.iter().map(|id| Row::Count(*id, self.count(*id, &query))).collect();
                Found { rows, next: None }
            }
            Query::Search(query) => self.search(query, page),
            Query::Messages(ticket) => {
                self.newest(page, |it: &Message| it.ticket == *ticket, |it| (it.at.as_millis(), *it.id.as_bytes()))
            }
            Query::MessagesFrom(first) => {
                self.oldest(page, |it: &Message| it.id >= *first, |it| (0, *it.id.as_bytes()))
            }
            Query::PlacedBy { rules, from } => {
                let mut counts: BTreeMap<RuleId, u32> = BTreeMap::new();
                for (_, message) in self.all::<Message>().filter(|(_, it)| it.id >= *from) {
                    if let Some(rule) = message.placed_by() {
                        *counts.entry(rule).or_default() += 1;
                    }
                }
                let count = |id| Count::new(counts.get(id).copied().unwrap_or_default());
                let rows = rules.iter().map(|id| Row::Placed(*id, count(id))).collect();
                Found { rows, next: None }
            }
            Query::Notes(ticket) => {
                self.newest(page, |it: &Note| it.ticket == *ticket, |it| (it.at.as_millis(), *it.id.as_bytes()))
            }
            Query::Events(ticket) => {
                self.newest(page, |it: &Event| it.ticket == *ticket, |it| (it.at.as_millis(), *it.id.as_bytes()))
            }
            Query::OutgoingOf(ticket) => self.newest(
                page,
                |it: &Outgoing| it.ticket == *ticket,
                |it| (it.created.as_millis(), *it.id.as_bytes()),
            ),
            Query::Contacts(words) => self.contacts(words, page),
            Query::Waiting => {
                self.oldest(page, |it: &Arrival| it.state.waits(), |it| (it.at.as_millis(), arrival_order(it)))
            }
            Query::Shelved => self.newest(
                page,
                |it: &Arrival| matches!(it.state, ArrivalState::Shelved { .. }),
                |it| (it.at.as_millis(), arrival_order(it)),
            ),
            Query::Due(destination, now) => self.oldest(
                page,
                |it: &Outgoing| it.destination == *destination && it.state == OutgoingState::Queued && it.due <= *now,
                |it| (it.due.as_millis(), *it.id.as_bytes()),
            ),
            Query::Sending => self.oldest(
                page,
                |it: &Outgoing| matches!(it.state, OutgoingState::Sending { .. }),
                |it| (it.created.as_millis(), *it.id.as_bytes()),
            ),
            Query::AwaitingApproval => self.oldest(
                page,
                |it: &Outgoing| it.state == OutgoingState::AwaitingApproval,
                |it| (it.created.as_millis(), *it.id.as_bytes()),
            ),
            Query::HeldBy(agent) => self.oldest(
                page,
                |it: &Outgoing| it.held_by() == Some(*agent),
                |it| (it.due.as_millis(), *it.id.as_bytes()),
            ),
            Query::Failed(destination) => self.newest(
                page,
                |it: &Outgoing| {
                    it.destination == *destination
                        && matches!(it.state, OutgoingState::Failed | OutgoingState::PerhapsSent)
                },
                |it| (it.created.as_millis(), *it.id.as_bytes()),
            ),
            Query::Queued(destination) => self.oldest(
                page,
                |it: &Outgoing| it.destination == *destination && it.state == OutgoingState::Queued,
                |it| (it.due.as_millis(), *it.id.as_bytes()),
            ),
            Query::Documents => {
                let rows = self.rows(|_: &Document| true, |it| (it.kind.word().to_owned(), *it.id.as_bytes()));
                cut(rows, page, Cursor::read_text, |(word, id)| Cursor::by_text(word, id))
            }
            Query::Drafts(agent) => self.newest(
                page,
                |it: &Draft| it.agent == *agent,
                |it| (it.saved.as_millis(), *it.place().as_bytes()),
            ),
            Query::Sessions(agent) => self.newest(
                page,
                |it: &Session| agent.is_none_or(|agent| it.agent == agent),
                |it| (it.seen.as_millis(), first_half(it.token.as_bytes())),
            ),
            Query::All(kind) => self.of_kind(*kind, page),
            Query::Tombstones(kind) => self.gone_of_kind(*kind, page),
            Query::LastNumber => Found { rows: vec![Row::Number(self.last_number)], next: None },
            Query::Servers => self.oldest(page, |_: &Server| true, |it| (it.started.as_millis(), *it.id.as_bytes())),
            Query::Alerts(query) => self.newest(
                page,
                |it: &Alert| query.matches(it, it.ticket.and_then(|id| self.ticket(id))),
                |it| (it.at.as_millis(), *it.cause.as_bytes()),
            ),
            Query::Audit(query) => self.newest(
                page,
                |it: &AuditEntry| query.matches(it, it.about.ticket().and_then(|id| self.ticket(id))),
                |it| (it.at.as_millis(), *it.id.as_bytes()),
            ),
            Query::Leases => {
                self.oldest(page, |_: &Lease| true, |it| (it.since.as_millis(), *it.task.id().as_bytes()))
            }
        }
    }

    fn of_kind(&self, kind: RecordKind, page: &Page) -> Found {
        let slots = self.records.iter().filter(|(key, _)| key.kind() == kind);
        let rows = slots.filter_map(|(key, slot)| {
            let row = Row::Record(slot.version, slot.record.clone()?);
            Some(Sorted { by: (key.bytes(), [0; 16]), row })
        });
        let read = |cursor: &Cursor| cursor.read_bytes().map(|bytes| (bytes, [0; 16]));
        cut(rows.collect(), page, read, |(bytes, _)| Cursor::by_bytes(bytes))
    }

    fn gone_of_kind(&self, kind: RecordKind, page: &Page) -> Found {
        let gone = self.records.iter().filter(|(key, slot)| key.kind() == kind && slot.record.is_none());
        let rows = gone.map(|(key, slot)| {
            let row = Row::Tombstone(slot.version, key.clone());
            Sorted { by: (key.bytes(), [0; 16]), row }
        });
        let read = |cursor: &Cursor| cursor.read_bytes().map(|bytes| (bytes, [0; 16]));
        cut(rows.collect(), page, read, |(bytes, _)| Cursor::by_bytes(bytes))
    }

    fn rows<T: Kept, K>(&self, matches: impl Fn(&T) -> bool, by: impl Fn(&T) -> (K, [u8; 16])) -> Vec<Sorted<K>> {
        self.all::<T>()
            .filter(|(_, it)| matches(it))
            .map(|(slot, it)| Sorted { by: by(it), row: Row::Record(slot.version, it.clone().into()) })
            .collect()
    }

    fn newest<T: Kept>(
        &self,
        page: &Page,
        matches: impl Fn(&T) -> bool,
        by: impl Fn(&T) -> (i64, [u8; 16]),
    ) -> Found {
        let rows = self.rows(matches, by);
        let rows = rows.into_iter().map(|it| Sorted { by: (Reverse(it.by.0), it.by.1.map(|b| !b)), row: it.row });
        let read = |cursor: &Cursor| cursor.read().map(|(sort, id)| (Reverse(sort), id.map(|b| !b)));
        cut(rows.collect(), page, read, |(sort, id)| Cursor::new(sort.0, &id.map(|b| !b)))
    }

    fn oldest<T: Kept>(
        &self,
        page: &Page,
        matches: impl Fn(&T) -> bool,
        by: impl Fn(&T) -> (i64, [u8; 16]),
    ) -> Found {
        cut(self.rows(matches, by), page, Cursor::read, |(sort, id)| Cursor::new(*sort, id))
    }

    fn count(&self, ticketbox: TicketboxId, query: &TicketQuery) -> Count {
        let open = self.all::<Ticket>().filter(|(_, it)| it.ticketbox == ticketbox && query.matches(it)).count();
        Count::new(u32::try_from(open).unwrap_or(u32::MAX))
    }

    fn contacts(&self, words: &[String], page: &Page) -> Found {
        let matches = |contact: &Contact| {
            let joined = search::words_of_contact(contact);
            words.iter().all(|wanted| joined.split_whitespace().any(|word| word.starts_with(wanted)))
        };
        let rows = self.rows(matches, |it: &Contact| (it.shown().to_lowercase(), *it.id.as_bytes()));
        cut(rows, page, Cursor::read_text, |(name, id)| Cursor::by_text(name, id))
    }

    fn search(&self, query: &SearchQuery, page: &Page) -> Found {
        let messages = self.all::<Message>().filter_map(|(slot, it)| {
            let hit = self.hit(query, it.ticket, &search::words_of_message(it))?;
            Some((slot, Hit { found_in: FoundIn::Message(it.id), at: it.at, text: it.text.clone(), ..hit }))
        });
        let notes = self.all::<Note>().filter_map(|(slot, it)| {
            let mut joined = String::new();
            search::add_words(&it.text, &mut joined);
            let hit = self.hit(query, it.ticket, &joined)?;
            Some((slot, Hit { found_in: FoundIn::Note(it.id), at: it.at, text: it.text.clone(), ..hit }))
        });
        let mut hits: Vec<(&Slot, Hit)> = messages.chain(notes).collect();
        hits.sort_by_key(|(slot, _)| Reverse(slot.order));
        let mut seen = BTreeSet::new();
        hits.retain(|(_, hit)| seen.insert(hit.ticket.id));
        let rows = hits
            .into_iter()
            .map(|(slot, hit)| Sorted { by: (Reverse(order(slot)), [0; 16]), row: Row::Hit(Box::new(hit)) })
            .collect();
        let read = |cursor: &Cursor| cursor.read().map(|(sort, id)| (Reverse(sort), id));
        cut(rows, page, read, |(sort, id)| Cursor::new(sort.0, id))
    }

    /// A hit in this ticket, still without its place, if the ticket may be seen and the words have every phrase.
    fn hit(&self, query: &SearchQuery, ticket: crate::id::TicketId, joined: &str) -> Option<Hit> {
        let ticket = self.ticket(ticket)?;
        let found = !query.phrases.is_empty()
            && query.within.matches(ticket)
            && query.phrases.iter().all(|phrase| search::contains_phrase(joined, phrase));
        found.then(|| Hit {
            ticket: ticket.clone(),
            found_in: FoundIn::Note(crate::id::NoteId::from_bytes([0; 16])),
            at: ticket.created,
            text: String::new(),
        })
    }
}

fn order(slot: &Slot) -> i64 {
    i64::try_from(slot.order).unwrap_or(i64::MAX)
}

/// Arrivals of the same time sort by their place, then by their bytes.
fn arrival_order(arrival: &Arrival) -> [u8; 16] {
    let mut order = first_half(arrival.digest.as_bytes());
    for (to, from) in order.iter_mut().zip(arrival.order.to_be_bytes()) {
        *to = from;
    }
    order
}

fn first_half(bytes: &[u8; 32]) -> [u8; 16] {
    let mut half = [0; 16];
    for (to, from) in half.iter_mut().zip(bytes) {
        *to = *from;
    }
    half
}

/// Sorts rows and cuts out a page. A cursor that is none begins at the beginning.
fn cut<K: Ord>(
    mut rows: Vec<Sorted<K>>,
    page: &Page,
    read: impl Fn(&Cursor) -> Option<(K, [u8; 16])>,
    cursor: impl Fn(&(K, [u8; 16])) -> Cursor,
) -> Found {
    rows.sort_by(|a, b| a.by.cmp(&b.by));
    if let Some(after) = page.after.as_ref().and_then(read) {
        rows.retain(|row| row.by > after);
    }
    let limit = usize::try_from(page.limit.max(1)).unwrap_or(usize::MAX);
    let more = rows.len() > limit;
    rows.truncate(limit);
    let next = rows.last().filter(|_| more).map(|last| cursor(&last.by));
    Found { rows: rows.into_iter().map(|row| row.row).collect(), next }
}
