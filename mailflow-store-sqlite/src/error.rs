//! What SQLite's errors mean for a [`StoreError`].

use mailflow_core::store::{StoreError, StoreErrorKind};
pub(crate) use mailflow_store_rows::error::closed;
use rusqlite::ErrorCode;

/// Makes a [`StoreError`] of what SQLite or the file system says.
pub(crate) trait OrFailed<T> {
    /// `doing` says what was being done.
    fn or_failed(self, doing: &str) -> Result<T, StoreError>;
}

impl<T> OrFailed<T> for Result<T, rusqlite::Error> {
    fn or_failed(self, doing: &str) -> Result<T, StoreError> {
        self.map_err(|error| StoreError::new(kind(&error), doing).because(error))
    }
}

impl<T> OrFailed<T> for std::io::Result<T> {
    fn or_failed(self, doing: &str) -> Result<T, StoreError> {
        self.map_err(|error| {
            let kind = match error.kind() {
                std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => StoreErrorKind::Full,
                _ => StoreErrorKind::Transient,
            };
            StoreError::new(kind, doing).because(error)
        })
    }
}

/// What kind of failure an error of SQLite is.
pub(crate) fn kind(error: &rusqlite::Error) -> StoreErrorKind {
    match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => StoreErrorKind::Full,
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked | ErrorCode::SystemIoFailure) => {
            StoreErrorKind::Transient
        }
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => StoreErrorKind::Unusable,
        _ => StoreErrorKind::Other,
    }
}
