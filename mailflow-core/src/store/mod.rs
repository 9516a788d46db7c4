//! What mailflow asks of a database: [`Store`], and the words that it speaks.

use async_trait::async_trait;

mod changeset;
pub mod dump;
mod error;
mod ext;
mod key;
mod memory;
pub mod migrate;
mod query;
mod record;
mod view;

pub use changeset::{Changeset, Committed, Entry, Version};
pub use error::{CommitError, StoreError, StoreErrorKind};
pub use ext::{Listing, StoreExt};
pub use key::{Key, RecordKind};
pub use memory::MemoryStore;
pub use query::{
    Count, Cursor, Found, FoundIn, Hit, OwnerFilter, Page, Query, Row, SearchQuery, TicketQuery, UnownedQuery,
};
pub use record::{Kept, Loaded, Record, Versioned};
pub use view::{Changes, NotLoaded, View};

use crate::digest::Digest;
use crate::time::Timestamp;

/// A database, as mailflow needs it: the contract between those who write a backend and everything else.
///
/// It is the least that a backend must do; what is convenient for callers is in [`StoreExt`], which every store has.
/// There are no optional parts: `mailflow-test` has the rules below as tests by name, and a store passes all of them
/// or is not a store.
///
/// # To be a store
/// - **Whole or not at all.** A changeset is applied as one step. If the version of any entry is not what is there, none
///   is applied, and *all* keys that do not fit are named.
/// - **Relied on until done.** What an entry relies on cannot change between the check and the end of the commit.
/// - **Durable.** When `commit` says yes, the changes outlive a power cut, and so does every body that they name. When
///   its future is dropped or the connection is lost, all is there or nothing; doing it again is harmless.
/// - **Numbers.** A ticket that is inserted with number 0 gets the next one: above every number ever given, at least
///   [`Changeset::first_ticket_number`]; no number is given twice, also not after its ticket was erased. A ticket that
///   brings a number which another one has makes the commit fail.
/// - **Versions** rise with every commit in the order in which commits become visible for the same key, and are never
///   used twice.
/// - **Read your writes.** After `commit` said yes, every `load` and `find` that begins later sees it.
/// - **One moment.** What one `load` or one `find` returns was all true at one moment.
/// - **Text** comes back as it went in: every Unicode scalar, trailing spaces, case. Keys compare as bytes, addresses by
///   [`Address::key`](crate::mail::Address::key).
/// - **Lists** have the total order that [`Query`] says, without gaps: a page of N has N rows if N exist, and going from
///   cursor to cursor shows each row that stayed exactly once.
/// - **Audit.** What somebody did stays as it was written: a changeset that would replace or erase an audit entry fails
///   ([`Changeset::only_adds_to_the_audit`]).
/// - **Shape.** In a database that a newer program has brought to a shape which this one does not know, a changeset fails
///   as [outdated](StoreError::is_outdated), unless it is a [last word](Changeset::is_last_word); that is looked at in
///   the step that applies it. Reading goes on as far as it can.
/// - **Tombstones.** After an erase of a kind that [leaves one](RecordKind::leaves_tombstone), the key has a version and
///   no record, inserting it is a conflict, and only a replace with the tombstone's version brings it back. That holds
///   also if there never was a record.
#[async_trait]
pub trait Store: Send + Sync + 'static {
    /// The time by the database's clock: the one clock that all who use it share.
    ///
    /// # Errors
    /// [`StoreError`] if the database cannot be asked.
    async fn now(&self) -> Result<Timestamp, StoreError>;

    /// Looks whether the database still has a shape that this program knows: where several programs share one, a newer
    /// one may have brought it to the next shape meanwhile.
    ///
    /// # Errors
    /// [`StoreError`]: [`is_outdated`](StoreError::is_outdated) if it has not, with words that say what to do; another
    /// one if the database cannot be asked.
    async fn check_shape(&self) -> Result<(), StoreError>;

    /// What is under each of these keys, in their order.
    ///
    /// # Errors
    /// [`StoreError`] if the database cannot be read.
    async fn load(&self, keys: &[Key]) -> Result<Vec<Loaded>, StoreError>;

    /// A part of a list.
    ///
    /// # Errors
    /// [`StoreError`] if the database cannot be read.
    async fn find(&self, query: &Query, page: &Page) -> Result<Found, StoreError>;

    /// Makes these changes, all or none.
    ///
    /// # Errors
    /// [`CommitError::Conflict`] if something that it was decided on has changed; [`CommitError::Failed`] if the
    /// database cannot be written, or a body that a record names was not kept.
    async fn commit(&self, changes: Changeset) -> Result<Committed, CommitError>;

    /// Keeps some bytes under their digest. They are durable at the latest when a commit that names them is.
    ///
    /// # Errors
    /// [`StoreError`] if the bytes cannot be written.
    async fn keep_body(&self, bytes: Vec<u8>) -> Result<Digest, StoreError>;

    /// The bytes under a digest; `None` if there are none, or they were erased.
    ///
    /// # Errors
    /// [`StoreError`] if they cannot be read, or are not what was kept.
    async fn body(&self, digest: &Digest) -> Result<Option<Vec<u8>>, StoreError>;

    /// Erases the bytes under a digest for good. Records may still name them, also if they were never there.
    ///
    /// # Errors
    /// [`StoreError`] if they cannot be erased.
    async fn erase_body(&self, digest: &Digest) -> Result<(), StoreError>;
}

/// A store that several flows share.
#[async_trait]
impl<S: Store + ?Sized> Store for std::sync::Arc<S> {
    async fn now(&self) -> Result<Timestamp, StoreError> {
        (**self).now().await
    }

    async fn check_shape(&self) -> Result<(), StoreError> {
        (**self).check_shape().await
    }

    async fn load(&self, keys: &[Key]) -> Result<Vec<Loaded>, StoreError> {
        (**self).load(keys).await
    }

    async fn find(&self, query: &Query, page: &Page) -> Result<Found, StoreError> {
        (**self).find(query, page).await
    }

    async fn commit(&self, changes: Changeset) -> Result<Committed, CommitError> {
        (**self).commit(changes).await
    }

    async fn keep_body(&self, bytes: Vec<u8>) -> Result<Digest, StoreError> {
        (**self).keep_body(bytes).await
    }

    async fn body(&self, digest: &Digest) -> Result<Option<Vec<u8>>, StoreError> {
        (**self).body(digest).await
    }

    async fn erase_body(&self, digest: &Digest) -> Result<(), StoreError> {
        (**self).erase_body(digest).await
    }
}
