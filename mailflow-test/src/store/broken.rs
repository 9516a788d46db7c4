//! Stores with a planted fault: the controls of the rules. Each wraps a sound store, and a rule must find it.

use std::collections::BTreeSet;
use std::sync::Mutex;

use async_trait::async_trait;
use mailflow_core::audit::AuditReader;
use mailflow_core::digest::Digest;
use mailflow_core::store::{
    Changeset, CommitError, Committed, Entry, Found, Key, Loaded, MemoryStore, Page, Query, Record, Row, Store,
    StoreError, Version,
};
use mailflow_core::time::Timestamp;

/// What is wrong with a [`Broken`] store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// It looks at the versions first and writes later, so that two writers both win.
    ChecksTooEarly,
    /// It does not check what is relied on.
    IgnoresRelyOn,
    /// It writes the entries one by one, until one is stale.
    WritesHalf,
    /// It names only the first stale key.
    NamesOneKey,
    /// It forgets that something was erased.
    LeavesNoTombstone,
    /// What was erased is not listed as a whole.
    ForgetsATombstone,
    /// Its versions begin again for a record that was made again.
    ReusesVersions,
    /// A changeset that is refused takes ticket numbers all the same.
    WastesNumbers,
    /// It drops white space at the end of texts, as `CHAR` columns do.
    TrimsText,
    /// It cuts texts at NUL.
    CutsAtNul,
    /// It applies visibility after the page was cut.
    FiltersAfterPaging,
    /// Its pages begin again at the row where the last one ended.
    RepeatsRows,
    /// It accepts records that name bodies which were never kept.
    AcceptsMissingBodies,
    /// It does not erase bodies.
    KeepsErasedBodies,
    /// It forgets everything when it is opened again.
    ForgetsAll,
    /// Its searches do not respect visibility.
    SearchesEverything,
    /// It counts without visibility.
    CountsEverything,
    /// It lets audit entries be erased and written again.
    RewritesTheAudit,
    /// It shows the whole audit to whoever may read some of it.
    ShowsTheWholeAudit,
    /// It lists alerts whose tickets are not seen any more.
    KeepsAlertsOfHiddenTickets,
    /// It leaves a record out when everything is listed.
    LosesOne,
    /// It gives a body back with another byte in it.
    ChangesBodies,
    /// It gives the oldest ticket away, whether its customer waits or not.
    TurnsByAge,
    /// Of tickets that wait equally long, it takes the one with the lower id for the first.
    TurnsById,
    /// It counts turns without visibility.
    CountsEveryTurn,
}

impl Fault {
    /// All of them, each with a rule that must find it.
    pub const ALL: [(Self, &'static str); 25] = [
        (Self::ChecksTooEarly, "of_two_writers_of_a_record_one_wins"),
        (Self::IgnoresRelyOn, "what_is_relied_on_must_be_as_it_was_seen"),
        (Self::WritesHalf, "a_stale_version_refuses_the_whole_changeset"),
        (Self::NamesOneKey, "all_stale_keys_are_named"),
        (Self::ForgetsATombstone, "what_was_erased_is_listed_by_its_keys"),
        (Self::LeavesNoTombstone, "an_erased_record_leaves_a_tombstone_or_nothing_as_its_kind_says"),
        (Self::ReusesVersions, "versions_rise_and_are_never_used_twice"),
        (Self::WastesNumbers, "tickets_are_numbered_without_gaps"),
        (Self::TrimsText, "text_comes_back_as_it_went_in"),
        (Self::CutsAtNul, "text_comes_back_as_it_went_in"),
        (Self::FiltersAfterPaging, "a_page_is_full_if_there_are_enough_rows"),
        (Self::RepeatsRows, "pages_show_every_row_once_in_order"),
        (Self::AcceptsMissingBodies, "a_record_cannot_name_a_body_that_was_not_kept"),
        (Self::KeepsErasedBodies, "an_erased_body_is_gone_and_may_still_be_named"),
        (Self::ForgetsAll, "what_was_acknowledged_is_there_after_opening_again"),
        (Self::SearchesEverything, "a_search_shows_only_what_may_be_seen"),
        (Self::CountsEverything, "counts_are_the_lengths_of_lists_up_to_the_limit"),
        (Self::RewritesTheAudit, "an_audit_entry_is_never_changed_or_erased"),
        (Self::ShowsTheWholeAudit, "the_audit_has_what_the_query_matches"),
        (Self::KeepsAlertsOfHiddenTickets, "alerts_are_listed_as_long_as_their_cause_may_be_seen"),
        (Self::LosesOne, "every_kind_is_listed_as_a_whole_by_key"),
        (Self::ChangesBodies, "a_body_comes_back_as_it_was_kept"),
        (Self::TurnsByAge, "the_ticket_whose_turn_it_is_comes_first"),
        (Self::TurnsById, "the_ticket_whose_turn_it_is_comes_first"),
        (Self::CountsEveryTurn, "the_ticket_whose_turn_it_is_comes_first"),
    ];
}

/// A memory store with a planted fault.
#[derive(Debug)]
pub struct Broken {
    inner: MemoryStore,
    fault: Fault,
    erased: Mutex<BTreeSet<Key>>,
}

impl Broken {
    /// A store with this fault.
    pub fn new(fault: Fault) -> Self {
        Self { inner: MemoryStore::new(), fault, erased: Mutex::default() }
    }

    fn is(&self, fault: Fault) -> bool {
        self.fault == fault
    }

    /// Commits whatever versions the entries have.
    async fn force(&self, mut changes: Changeset) -> Result<Committed, CommitError> {
        let keys: Vec<Key> = changes.entries.iter().map(Entry::key).collect();
        let loaded = self.inner.load(&keys).await?;
        for (entry, loaded) in changes.entries.iter_mut().zip(loaded) {
            let version = loaded.version;
            *entry = match entry.clone() {
                Entry::Insert(record) | Entry::Replace(_, record) => Entry::Replace(version, record),
                Entry::RelyOn(key, _) => Entry::RelyOn(key, version),
                Entry::Erase(key, _) => Entry::Erase(key, version),
            };
        }
        self.inner.commit(changes).await
    }

    async fn is_sound(&self, changes: &Changeset) -> Result<bool, StoreError> {
        let keys: Vec<Key> = changes.entries.iter().map(Entry::key).collect();
        let loaded = self.inner.load(&keys).await?;
        Ok(changes.entries.iter().zip(loaded).all(|(entry, loaded)| entry.expected() == loaded.version))
    }

    async fn write_half(&self, changes: Changeset) -> Result<Committed, CommitError> {
        let mut last = Committed { version: Version::ABSENT, numbers: Vec::new() };
        for entry in changes.entries {
            let one = Changeset { entries: vec![entry], first_ticket_number: changes.first_ticket_number };
            let committed = self.inner.commit(one).await?;
            last.version = committed.version;
            last.numbers.extend(committed.numbers);
        }
        Ok(last)
    }

    fn spoil_turns(&self, rows: &mut [Row]) {
        let place = |row: &Row| match row {
            Row::Record(_, Record::Ticket(it)) if self.is(Fault::TurnsById) => (it.turn(), *it.id.as_bytes()),
            Row::Record(_, Record::Ticket(it)) => (Some(it.created.as_millis()), [0; 16]),
            _ => (None, [0; 16]),
        };
        if self.is(Fault::TurnsByAge) || self.is(Fault::TurnsById) {
            rows.sort_by_key(place);
        }
    }

    fn spoil(&self, record: &mut Record) {
        let Record::Message(message) = record else { return };
        if self.is(Fault::TrimsText) {
            message.text.truncate(message.text.trim_end_matches(' ').len());
        }
        if self.is(Fault::CutsAtNul)
            && let Some(at) = message.text.find('\0')
        {
            message.text.truncate(at);
        }
    }
}

#[async_trait]
impl Store for Broken {
    async fn now(&self) -> Result<Timestamp, StoreError> {
        self.inner.now().await
    }

    async fn check_shape(&self) -> Result<(), StoreError> {
        self.inner.check_shape().await
    }

    async fn load(&self, keys: &[Key]) -> Result<Vec<Loaded>, StoreError> {
        let mut loaded = self.inner.load(keys).await?;
        for loaded in &mut loaded {
            if self.is(Fault::LeavesNoTombstone) && loaded.record.is_none() {
                *loaded = Loaded::ABSENT;
            }
            if self.is(Fault::ReusesVersions) && loaded.record.is_some() {
                loaded.version = Version::new(1);
            }
        }
        Ok(loaded)
    }

    async fn find(&self, query: &Query, page: &Page) -> Result<Found, StoreError> {
        use mailflow_core::access::Visibility;
        let mut query = query.clone();
        match &mut query {
            Query::Search(search) if self.is(Fault::SearchesEverything) => {
                search.within.visibility = Visibility::Everything;
            }
            Query::Audit(audit) if self.is(Fault::ShowsTheWholeAudit) => audit.reader = AuditReader::EVERYTHING,
            Query::Alerts(alerts) if self.is(Fault::KeepsAlertsOfHiddenTickets) => {
                alerts.visibility = Visibility::Everything;
            }
            Query::OpenCounts { visibility, .. } if self.is(Fault::CountsEverything) => {
                *visibility = Visibility::Everything;
            }
            Query::UnownedCount(unowned) if self.is(Fault::CountsEveryTurn) => {
                unowned.visibility = Visibility::Everything;
            }
            _ => {}
        }
        let wanted = query.clone();
        if let (Query::Tickets(tickets), true) = (&mut query, self.is(Fault::FiltersAfterPaging)) {
            tickets.visibility = Visibility::Everything;
        }
        let mut found = self.inner.find(&query, page).await?;
        if let (Query::Tickets(wanted), true) = (&wanted, self.is(Fault::FiltersAfterPaging)) {
            found.rows.retain(|row| matches!(row, Row::Record(_, Record::Ticket(it)) if wanted.matches(it)));
        }
        if matches!(query, Query::Unowned(_)) {
            self.spoil_turns(&mut found.rows);
        }
        if self.is(Fault::LosesOne) && matches!(query, Query::All(_)) && found.rows.len() > 1 {
            found.rows.remove(1);
        }
        if self.is(Fault::ForgetsATombstone) && matches!(query, Query::Tombstones(_)) {
            found.rows.pop();
        }
        if self.is(Fault::RepeatsRows)
            && let Some(after) = &page.after
        {
            // The row that the cursor names, once more.
            let all = self.inner.find(&query, &Page::first(u32::MAX)).await?;
            let next = self.inner.find(&query, &Page::after(u32::MAX, after.clone())).await?;
            let shown = all.rows.len().saturating_sub(next.rows.len());
            let again = all.rows.into_iter().nth(shown.saturating_sub(1));
            found.rows.splice(0..1, again);
        }
        Ok(found)
    }

    async fn commit(&self, mut changes: Changeset) -> Result<Committed, CommitError> {
        for entry in &mut changes.entries {
            if let Entry::Insert(record) | Entry::Replace(_, record) = entry {
                self.spoil(record);
            }
        }
        match self.fault {
            Fault::ChecksTooEarly => {
                let sound = self.is_sound(&changes).await?;
                tokio::task::yield_now().await;
                if sound { self.force(changes).await } else { self.inner.commit(changes).await }
            }
            Fault::IgnoresRelyOn => {
                changes.entries.retain(Entry::writes);
                self.inner.commit(changes).await
            }
            Fault::WritesHalf => self.write_half(changes).await,
            Fault::NamesOneKey => match self.inner.commit(changes).await {
                Err(CommitError::Conflict(keys)) => Err(CommitError::Conflict(keys.into_iter().take(1).collect())),
                result => result,
            },
            Fault::LeavesNoTombstone | Fault::ReusesVersions => {
                let committed = self.force(changes).await?;
                let version = if self.is(Fault::ReusesVersions) { Version::new(1) } else { committed.version };
                Ok(Committed { version, ..committed })
            }
            Fault::WastesNumbers => {
                let number = |entry: &Entry| matches!(entry, Entry::Insert(Record::Ticket(_)));
                let wasted = u64::try_from(changes.entries.iter().filter(|entry| number(entry)).count()).unwrap_or(0);
                let result = self.inner.commit(changes.clone()).await;
                if result.is_err() && wasted > 0 {
                    self.erased.lock().expect("nothing panics with it").insert(Key::TicketNumber(wasted));
                    return result;
                }
                let lost = self.erased.lock().expect("nothing panics with it").len();
                let lost = u64::try_from(lost).unwrap_or(0);
                Ok(result.map(|it| Committed {
                    numbers: it.numbers.into_iter().map(|(id, number)| (id, number + lost)).collect(),
                    ..it
                })?)
            }
            Fault::RewritesTheAudit => match self.inner.commit(changes.clone()).await {
                // It says that it did, and forgets that it did not.
                Err(CommitError::Failed(_)) => Ok(Committed { version: Version::new(7), numbers: Vec::new() }),
                result => result,
            },
            Fault::AcceptsMissingBodies => match self.inner.commit(changes.clone()).await {
                Err(CommitError::Failed(_)) => {
                    changes.entries.retain(|entry| !matches!(entry, Entry::Insert(it) if !it.bodies().is_empty()));
                    self.inner.commit(changes).await
                }
                result => result,
            },
            _ => self.inner.commit(changes).await,
        }
    }

    async fn keep_body(&self, bytes: Vec<u8>) -> Result<Digest, StoreError> {
        self.inner.keep_body(bytes).await
    }

    async fn body(&self, digest: &Digest) -> Result<Option<Vec<u8>>, StoreError> {
        let mut body = self.inner.body(digest).await?;
        if let (true, Some(byte)) = (self.is(Fault::ChangesBodies), body.iter_mut().flatten().next()) {
            *byte ^= 1;
        }
        Ok(body)
    }

    async fn erase_body(&self, digest: &Digest) -> Result<(), StoreError> {
        if self.is(Fault::KeepsErasedBodies) { Ok(()) } else { self.inner.erase_body(digest).await }
    }
}
