//! Taking everything from one store into another: start small, upsize later.

use super::dump::{self, Erased, Pages};
use super::{
    Changeset, CommitError, Entry, Key, Query, Record, RecordKind, Store, StoreError, StoreErrorKind, StoreExt,
    Version,
};
use crate::allowance::Allowance;
use crate::digest::Digest;
use crate::id::{TicketId, TicketboxId};
use crate::server::Server;
use crate::ticket::Ticket;
use crate::time::Timestamp;

/// How many records at most are written together.
const TOGETHER: usize = 200;

/// A migration that did not come to its end.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MigrateError {
    /// There is a desk in the target, or something else than a migration from this desk that was begun.
    #[error("the target is not empty, and not from a migration of this desk that was begun; name an empty database")]
    NotEmpty,
    /// A server works on the desk that is to be taken elsewhere.
    #[error("the server `{0}` works on this desk; stop it first, or wait until it is seen as gone")]
    InUse(String),
    /// What arrived is not what was there.
    #[error(
        "{count} of the kinds of records are not in the target as they were ({first}); nothing was changed at the \
         source; empty the target and begin again"
    )]
    Different {
        /// How many kinds.
        count: usize,
        /// The first of them, in words.
        first: String,
    },
    /// A store could not be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<CommitError> for MigrateError {
    fn from(error: CommitError) -> Self {
        match error {
            CommitError::Failed(error) => Self::Store(error),
            CommitError::Conflict(_) => {
                let doing = "somebody else writes into the target; let only one at it";
                Self::Store(StoreError::new(StoreErrorKind::Other, doing))
            }
        }
    }
}

/// How far a migration is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// This kind is being copied; so many records of all kinds are done.
    Copying(RecordKind, u64),
    /// This kind is being compared; so many records of all kinds are.
    Comparing(RecordKind, u64),
}

/// What was found of a kind, in a store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tally {
    /// How many records.
    pub records: u64,
    /// How many were erased: their keys stay taken.
    pub erased: u64,
    /// The digest of all their lines, with the bodies that they name, see [`dump::line`].
    pub digest: Digest,
}

/// A migration that is done: what is in the target now, kind by kind, the same as in the source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Migrated {
    /// What there is of each kind.
    pub kinds: Vec<(RecordKind, Tally)>,
    /// How many records were there already, from a migration that was begun before.
    pub resumed: u64,
}

/// Takes everything from one store into another, which is empty or has the beginning of the same migration. What is in
/// the first one is not changed; nobody may write there meanwhile.
///
/// # Errors
/// [`MigrateError`]. After one of a store it can be called again, and goes on where it was.
pub async fn migrate<F: Store + ?Sized, T: Store + ?Sized>(
    from: &F,
    to: &T,
    mut tell: impl FnMut(Step) + Send,
) -> Result<Migrated, MigrateError> {
    let now = from.now().await?;
    let servers: Vec<Server> = from.list_all(&Query::Servers).await?;
    if let Some(server) = servers.into_iter().find(|server| server.until > now) {
        return Err(MigrateError::InUse(server.name));
    }
    begin(from, to).await?;
    let (mut done, mut resumed) = (0, 0);
    // The stamp of the directory comes last: without it there is no desk yet.
    for &kind in RecordKind::ALL {
        let mut pages = Pages::of(from, kind);
        while let Some(records) = pages.next().await? {
            for some in records.chunks(TOGETHER) {
                resumed += copy(from, to, some).await?;
                done += u64::try_from(some.len()).unwrap_or(0);
                tell(Step::Copying(kind, done));
            }
        }
        let mut erased = Erased::of(from, kind);
        while let Some(keys) = erased.next().await? {
            bury(to, &keys).await?;
        }
    }
    raise_number(to, dump::last_number(from).await?).await?;
    let kinds = compare(from, to, tell).await?;
    let mark = to.load(&[dump::mark_key()]).await?;
    if let Some(mark) = mark.into_iter().find(|it| it.record.is_some()) {
        commit(to, vec![Entry::Erase(dump::mark_key(), mark.version)]).await?;
    }
    Ok(Migrated { kinds, resumed })
}

/// A failure if a migration into this store has not come to its end: who opened a desk in it would write what is not in
/// the source.
///
/// # Errors
/// [`StoreError`] if it has not, or the store cannot be read.
pub async fn refuse_unfinished<S: Store + ?Sized>(store: &S) -> Result<(), StoreError> {
    if store.get::<Allowance>(dump::mark_key()).await?.is_none() {
        return Ok(());
    }
    let doing = "a desk was being migrated into this database and not all of it is there; give the same \
                 `mailflow migrate-store` again, which goes on where it was";
    Err(StoreError::new(StoreErrorKind::Unusable, doing))
}

/// Makes sure that the target is empty, and marks it; or that it has the mark of this very migration.
async fn begin<F: Store + ?Sized, T: Store + ?Sized>(from: &F, to: &T) -> Result<(), MigrateError> {
    let of = Timestamp::from_millis(fingerprint(&tally(from, RecordKind::Document, &mut |_| ()).await?.digest));
    if let Some(mark) = to.get::<Allowance>(dump::mark_key()).await? {
        return if mark.done == [of] { Ok(()) } else { Err(MigrateError::NotEmpty) };
    }
    for &kind in RecordKind::ALL {
        if Pages::of(to, kind).next().await?.is_some_and(|records| !records.is_empty()) {
            return Err(MigrateError::NotEmpty);
        }
        if Erased::of(to, kind).next().await?.is_some_and(|keys| !keys.is_empty()) {
            return Err(MigrateError::NotEmpty);
        }
    }
    let Key::Allowance(key) = dump::mark_key() else { return Err(MigrateError::NotEmpty) };
    commit(to, vec![Entry::Insert(Allowance { of: key, done: vec![of] }.into())]).await
}

/// A number that is another one for another desk.
fn fingerprint(digest: &Digest) -> i64 {
    let mut first = [0; 8];
    for (to, from) in first.iter_mut().zip(digest.as_bytes()) {
        *to = *from;
    }
    i64::from_be_bytes(first) >> 16
}

async fn commit<T: Store + ?Sized>(to: &T, entries: Vec<Entry>) -> Result<(), MigrateError> {
    to.commit(Changeset { entries, first_ticket_number: 1 }).await?;
    Ok(())
}

/// Copies some records, with the bodies that they name. Returns how many were there already.
async fn copy<F: Store + ?Sized, T: Store + ?Sized>(from: &F, to: &T, some: &[Record]) -> Result<u64, MigrateError> {
    let keys: Vec<Key> = some.iter().map(Record::key).collect();
    let there = to.load(&keys).await?;
    let mut entries = Vec::new();
    let mut resumed = 0;
    for (record, there) in some.iter().zip(there) {
        if there.record.is_some() {
            resumed += u64::from(!dump::is_mark(record));
            continue;
        }
        for digest in record.bodies() {
            match from.body(&digest).await? {
                Some(bytes) => drop(to.keep_body(bytes).await?),
                // It was erased, and may be named all the same.
                None => to.erase_body(&digest).await?,
            }
        }
        entries.push(Entry::Insert(record.clone()));
    }
    if !entries.is_empty() {
        commit(to, entries).await?;
    }
    Ok(resumed)
}

/// Makes sure that what was erased stays so: its keys are taken.
async fn bury<T: Store + ?Sized>(to: &T, keys: &[Key]) -> Result<(), MigrateError> {
    let there = to.load(keys).await?;
    let absent = keys.iter().zip(there).filter(|(_, there)| there.version == Version::ABSENT);
    let entries: Vec<Entry> = absent.map(|(key, there)| Entry::Erase(key.clone(), there.version)).collect();
    if entries.is_empty() {
        return Ok(());
    }
    commit(to, entries).await
}

/// Makes sure that no number is given twice, also that of a ticket that was erased: a ticket gets it for a moment.
async fn raise_number<T: Store + ?Sized>(to: &T, last: u64) -> Result<(), MigrateError> {
    // See `dump::nobody_key`.
    let nobody = Ticket::new(TicketId::from_bytes([0; 16]), TicketboxId::from_bytes([0; 16]), "", Timestamp::MIN);
    let key = Key::Ticket(nobody.id);
    let there = to.load(std::slice::from_ref(&key)).await?;
    let (mut version, mut is_there) = (Version::ABSENT, false);
    for loaded in there {
        (version, is_there) = (loaded.version, loaded.record.is_some());
    }
    if dump::last_number(to).await? < last {
        let numbered = Record::from(Ticket { number: last, ..nobody });
        let put =
            if version == Version::ABSENT { Entry::Insert(numbered) } else { Entry::Replace(version, numbered) };
        version = to.commit(Changeset { entries: vec![put], first_ticket_number: 1 }).await?.version;
        is_there = true;
    }
    // Also if it was cut off just before this.
    if is_there {
        commit(to, vec![Entry::Erase(key, version)]).await?;
    }
    Ok(())
}

/// Counts and digests the records of a kind, and whether the bodies are there that they name.
async fn tally<S: Store + ?Sized>(
    store: &S,
    kind: RecordKind,
    tell: &mut (impl FnMut(u64) + Send),
) -> Result<Tally, StoreError> {
    let mut records = 0;
    // A digest of digests, so that not all lines are in memory.
    let mut digests = Digest::of(b"");
    let mut pages = Pages::of(store, kind);
    while let Some(page) = pages.next().await? {
        for record in page.iter().filter(|record| !dump::is_mark(record)) {
            let mut line = dump::line(record)?;
            for digest in record.bodies() {
                line.push_str(&dump::body_line(store, &digest).await?);
            }
            digests = Digest::of(&[&digests.as_bytes()[..], line.as_bytes()].concat());
            records += 1;
        }
        tell(records);
    }
    let mut erased = 0;
    let mut gone = Erased::of(store, kind);
    while let Some(keys) = gone.next().await? {
        for key in &keys {
            digests = Digest::of(&[&digests.as_bytes()[..], dump::erased_line(key).as_bytes()].concat());
            erased += 1;
        }
    }
    Ok(Tally { records, erased, digest: digests })
}

/// Compares the stores kind by kind.
async fn compare<F: Store + ?Sized, T: Store + ?Sized>(
    from: &F,
    to: &T,
    mut tell: impl FnMut(Step) + Send,
) -> Result<Vec<(RecordKind, Tally)>, MigrateError> {
    let (mut kinds, mut different, mut done) = (Vec::new(), Vec::new(), 0);
    for &kind in RecordKind::ALL {
        let was = tally(from, kind, &mut |_| ()).await?;
        let is = tally(to, kind, &mut |records| tell(Step::Comparing(kind, done + records))).await?;
        done += is.records;
        if was != is {
            different.push(format!(
                "{}: {} records and {} erased ones there, {} and {} here",
                kind.word(),
                was.records,
                was.erased,
                is.records,
                is.erased
            ));
        }
        kinds.push((kind, was));
    }
    let (was, is) = (dump::last_number(from).await?, dump::last_number(to).await?);
    if was != is {
        different.push(format!("the last ticket number: {was} there, {is} here"));
    }
    match different.first() {
        None => Ok(kinds),
        Some(first) => Err(MigrateError::Different { count: different.len(), first: first.clone() }),
    }
}
