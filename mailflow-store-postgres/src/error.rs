//! What PostgreSQL's errors mean for a [`StoreError`].

use deadpool_postgres::PoolError;
use mailflow_core::store::{StoreError, StoreErrorKind};
pub(crate) use mailflow_store_rows::error::closed;
use tokio_postgres::error::SqlState;

/// Makes a [`StoreError`] of what PostgreSQL says.
pub(crate) trait OrFailed<T> {
    /// `doing` says what was being done.
    fn or_failed(self, doing: &str) -> Result<T, StoreError>;
}

impl<T> OrFailed<T> for Result<T, tokio_postgres::Error> {
    fn or_failed(self, doing: &str) -> Result<T, StoreError> {
        self.map_err(|error| StoreError::new(kind(&error), doing).because(error))
    }
}

impl<T> OrFailed<T> for Result<T, PoolError> {
    fn or_failed(self, doing: &str) -> Result<T, StoreError> {
        self.map_err(|error| match error {
            PoolError::Backend(error) => StoreError::new(kind(&error), doing).because(error),
            PoolError::Closed => closed(),
            error => StoreError::new(StoreErrorKind::Transient, doing).because(error),
        })
    }
}

/// What kind of failure an error of PostgreSQL is. One that did not come from the server is of the connection: it may
/// work over another one.
pub(crate) fn kind(error: &tokio_postgres::Error) -> StoreErrorKind {
    let Some(state) = error.code() else {
        return if error.is_closed() || is_of_connection(error) {
            StoreErrorKind::Transient
        } else {
            StoreErrorKind::Other
        };
    };
    match *state {
        SqlState::DISK_FULL => StoreErrorKind::Full,
        SqlState::DATA_CORRUPTED | SqlState::INDEX_CORRUPTED => StoreErrorKind::Unusable,
        SqlState::INSUFFICIENT_PRIVILEGE | SqlState::UNDEFINED_TABLE | SqlState::UNDEFINED_COLUMN => {
            StoreErrorKind::Unusable
        }
        SqlState::LOCK_NOT_AVAILABLE | SqlState::IDLE_IN_TRANSACTION_SESSION_TIMEOUT => StoreErrorKind::Transient,
        // A server that became a standby: the next connection may reach the one that took over.
        SqlState::READ_ONLY_SQL_TRANSACTION => StoreErrorKind::Transient,
        // Connection, transaction rollback (serialization, deadlock), resources, intervention, system.
        _ if ["08", "40", "53", "57", "58"].iter().any(|class| state.code().starts_with(class)) => {
            StoreErrorKind::Transient
        }
        _ => StoreErrorKind::Other,
    }
}

fn is_of_connection(error: &tokio_postgres::Error) -> bool {
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        if inner.is::<std::io::Error>() {
            return true;
        }
        cause = inner.source();
    }
    false
}
