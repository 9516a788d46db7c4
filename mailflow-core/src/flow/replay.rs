//! Replay of a draft rule set over stored mail: one task reads, others look.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Admin, Error};
use crate::contact::Contact;
use crate::decision::configure::Configured as _;
use crate::id::{ContactId, MessageId, RuleId};
use crate::mail::{Header, parse};
use crate::message::{Author, Message};
use crate::refusal::Refusal;
use crate::routing::{Replay, Replayed};
use crate::rule::RuleSet;
use crate::store::{Count, Key, Page, Query, Record, Row, StoreExt};
use crate::time::Timestamp;

/// How many messages are read at once.
const PAGE: u32 = 500;
/// How many pages are looked at while the next one is read.
const AHEAD: usize = 4;

/// How far a replay is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ReplayProgress {
    /// Messages that were read.
    pub messages: u64,
    /// The share of the span of time that is behind, from 0 to 1.
    pub share: f64,
}

/// A page of messages with what rules need beside them.
struct Batch {
    messages: Vec<Message>,
    contacts: BTreeMap<ContactId, Contact>,
    headers: BTreeMap<MessageId, Vec<Header>>,
}

impl Admin {
    /// How many mails each of these rules has placed since a moment. Mail that a rule shredded for good is not kept, so
    /// it does not count.
    ///
    /// # Errors
    /// [`Error::Refused`] if the agent is no administrator; [`Error`] if the store fails.
    pub async fn placed_by(&self, rules: &[RuleId], since: Timestamp) -> Result<BTreeMap<RuleId, Count>, Error> {
        self.may("look at what rules did")?;
        let query = Query::PlacedBy { rules: rules.to_vec(), from: MessageId::from_bytes(first_of(since)) };
        let found = self.shared().store.find(&query, &Page::first(1)).await?;
        let count = |row| match row {
            Row::Placed(rule, count) => Some((rule, count)),
            _ => None,
        };
        Ok(found.rows.into_iter().filter_map(count).collect())
    }

    /// Compares a draft rule set with the rules as they are, over the mail that was routed since a moment. Nothing is
    /// changed. Rules that look into headers need the raw mails, which makes it slower.
    ///
    /// # Errors
    /// [`Error::Refused`] if the agent is no administrator or the draft does not fit; [`Error`] if the store fails.
    pub async fn replay(
        &self,
        draft: &RuleSet,
        since: Timestamp,
        mut progress: impl FnMut(ReplayProgress) + Send,
    ) -> Result<Replayed, Error> {
        let directory = self.directory();
        self.may("replay rules")?;
        draft.check(&directory)?;
        let replay = Replay::new(directory, draft).map_err(|error| Refusal::invalid("rules", error.to_string()))?;
        let (with_headers, replay) = (replay.looks_into_headers(), Arc::new(replay));
        let now = self.now();
        let query = Query::MessagesFrom(MessageId::from_bytes(first_of(since)));
        let mut begun: Option<Timestamp> = None;
        let (mut page, mut read) = (Page::first(PAGE), 0);
        let mut done = replay.begin();
        let mut running = std::collections::VecDeque::new();
        loop {
            let listed = self.shared().store.list::<Message>(&query, &page).await?;
            read += u64::try_from(listed.rows.len()).unwrap_or(0);
            if let (Some(first), Some(last)) = (listed.rows.first(), listed.rows.last()) {
                let begun = *begun.get_or_insert(first.at);
                let span = now.since(begun).as_secs_f64().max(1.0);
                progress(ReplayProgress {
                    messages: read,
                    share: (last.at.since(begun).as_secs_f64() / span).min(1.0),
                });
            }
            let batch = self.with_what_rules_need(listed.rows, with_headers).await?;
            let replay = Arc::clone(&replay);
            running.push_back(tokio::task::spawn_blocking(move || {
                let mut part = replay.begin();
                for message in &batch.messages {
                    let contact = match message.author {
                        Author::Contact(id) => batch.contacts.get(&id),
                        _ => None,
                    };
                    let headers = batch.headers.get(&message.id).map_or(&[][..], Vec::as_slice);
                    replay.look(message, headers, contact, &mut part);
                }
                part
            }));
            let next = listed.next;
            while running.len() > AHEAD || next.is_none() {
                let Some(part) = running.pop_front() else { break };
                let part = part.await.map_err(|_| Refusal::invalid("rules", "looking at stored mail failed"))?;
                done = done.and(part);
            }
            match next {
                Some(next) => page = Page::after(PAGE, next),
                None => return Ok(done),
            }
        }
    }

    async fn with_what_rules_need(&self, messages: Vec<Message>, with_headers: bool) -> Result<Batch, Error> {
        let shared = self.shared();
        let mut ids: Vec<ContactId> = messages
            .iter()
            .filter_map(|message| match message.author {
                Author::Contact(id) => Some(id),
                _ => None,
            })
            .collect();
        ids.sort_unstable();
        ids.dedup();
        let keys: Vec<Key> = ids.iter().copied().map(Key::Contact).collect();
        let mut contacts = BTreeMap::new();
        for loaded in shared.store.load(&keys).await? {
            if let Some(Record::Contact(contact)) = loaded.record {
                contacts.insert(contact.id, *contact);
            }
        }
        let mut headers = BTreeMap::new();
        if with_headers {
            for (message, raw) in messages.iter().filter_map(|it| Some((it, it.raw?))) {
                if let Some(bytes) = shared.store.body(&raw).await? {
                    // Without the body: an empty line ends the headers.
                    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n").map_or(bytes.len(), |at| at + 4);
                    let mail = parse(bytes.get(..end).unwrap_or_default(), &shared.limits);
                    headers.insert(message.id, mail.headers);
                }
            }
        }
        Ok(Batch { messages, contacts, headers })
    }
}

/// The lowest id that can have been made at a time.
fn first_of(at: Timestamp) -> [u8; 16] {
    let mut id = [0; 16];
    let millis = u64::try_from(at.as_millis()).unwrap_or(0).to_be_bytes();
    for (to, from) in id.iter_mut().zip(millis.iter().skip(2)) {
        *to = *from;
    }
    id
}
