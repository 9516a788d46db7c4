//! The failures that all stores have.

use mailflow_core::store::{StoreError, StoreErrorKind};

/// The failure of a store that was closed.
pub fn closed() -> StoreError {
    StoreError::new(StoreErrorKind::Unusable, "the database was closed; open it again")
}

/// The same failure once more, for each of those whom it concerns.
pub fn again(failure: &StoreError) -> StoreError {
    let again = StoreError::new(failure.kind(), failure.to_string());
    match std::error::Error::source(failure) {
        Some(cause) => again.because(cause.to_string()),
        None => again,
    }
}

/// The failure to keep or read a kind of record that this crate does not know: it is refused, not lost.
pub fn unknown_kind() -> StoreError {
    StoreError::new(
        StoreErrorKind::Unusable,
        "this kind of record is newer than the store; update the store's crates",
    )
}
