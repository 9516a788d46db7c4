//! What can go wrong with a store.

use super::Key;

/// Why a changeset was not committed.
#[derive(Debug, thiserror::Error)]
pub enum CommitError {
    /// Something that the changeset was decided on has changed. Nothing was written: look and decide again.
    #[error("{} of the records that were looked at have changed", .0.len())]
    Conflict(Vec<Key>),
    /// The store could not do it. Nothing was written, or everything: doing it again is harmless.
    #[error(transparent)]
    Failed(#[from] StoreError),
}

/// A store that could not do what was asked: a failure, not a refusal.
#[derive(Debug, thiserror::Error)]
#[error("{doing}")]
pub struct StoreError {
    kind: StoreErrorKind,
    doing: String,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

/// What kind of failure it was: for the crate that implements a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum StoreErrorKind {
    /// It may work when it is tried again: the database is busy, restarting, out of reach.
    Transient,
    /// There is no room left.
    Full,
    /// The database is not ours, or damaged.
    Unusable,
    /// The database has a shape that is newer than this program: a later one has to be used.
    Outdated,
    /// Another process has it; one at a time may.
    InUse,
    /// Anything else.
    Other,
}

impl StoreError {
    /// A failure; `doing` says in words what was being done, lower case, without a full stop.
    pub fn new(kind: StoreErrorKind, doing: impl Into<String>) -> Self {
        Self { kind, doing: doing.into(), source: None }
    }

    /// The failure with its cause.
    #[must_use]
    pub fn because(mut self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// What kind of failure it is.
    pub const fn kind(&self) -> StoreErrorKind {
        self.kind
    }

    /// Whether it may work when it is tried again.
    pub fn is_transient(&self) -> bool {
        matches!(self.kind, StoreErrorKind::Transient | StoreErrorKind::Full)
    }

    /// Whether there is no room left: an administrator has to make some.
    pub fn is_full(&self) -> bool {
        self.kind == StoreErrorKind::Full
    }

    /// Whether the database cannot be used by this program at all.
    pub fn is_unusable(&self) -> bool {
        matches!(self.kind, StoreErrorKind::Unusable | StoreErrorKind::Outdated)
    }

    /// Whether this program is too old for the database: it can read, and writes nothing.
    pub fn is_outdated(&self) -> bool {
        self.kind == StoreErrorKind::Outdated
    }
}
