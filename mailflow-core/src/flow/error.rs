//! [`Error`]: why something was not done.

use crate::directory::DirectoryError;
use crate::refusal::Refusal;
use crate::store::StoreError;

/// Why something was not done: "no", or "could not".
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No, with the reason.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The store could not.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The configuration cannot be read.
    #[error(transparent)]
    Directory(#[from] DirectoryError),
    /// Others changed the same records again and again; trying once more helps.
    #[error("too many others are changing the same thing; try again")]
    Busy,
    /// Another server does this now.
    #[error("another server does this now")]
    NotOurs,
}

impl Error {
    /// The refusal, if it is one.
    pub const fn refusal(&self) -> Option<&Refusal> {
        match self {
            Self::Refused(refusal) => Some(refusal),
            _ => None,
        }
    }

    /// Whether this program is too old for the database, and writes nothing into it.
    pub fn is_outdated(&self) -> bool {
        matches!(self, Self::Store(error) if error.is_outdated())
    }

    /// Whether it may work when it is tried again.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Busy | Self::NotOurs => true,
            Self::Store(error) => error.is_transient(),
            Self::Refused(_) | Self::Directory(_) => false,
        }
    }
}
