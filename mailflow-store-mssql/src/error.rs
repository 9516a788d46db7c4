//! What SQL Server's errors mean for a [`StoreError`].

use deadpool::managed::PoolError;
use mailflow_core::store::{StoreError, StoreErrorKind};
pub(crate) use mailflow_store_rows::error::closed;

use crate::driver::Trouble;

/// Makes a [`StoreError`] of what SQL Server says.
pub(crate) trait OrFailed<T> {
    /// `doing` says what was being done.
    fn or_failed(self, doing: &str) -> Result<T, StoreError>;
}

impl<T> OrFailed<T> for Result<T, Trouble> {
    fn or_failed(self, doing: &str) -> Result<T, StoreError> {
        self.map_err(|error| StoreError::new(kind(&error), doing).because(error))
    }
}

impl<T> OrFailed<T> for Result<T, PoolError<Trouble>> {
    fn or_failed(self, doing: &str) -> Result<T, StoreError> {
        self.map_err(|error| match error {
            PoolError::Backend(error) => StoreError::new(kind(&error), doing).because(error),
            PoolError::Closed => closed(),
            error => StoreError::new(StoreErrorKind::Transient, doing).because(error.to_string()),
        })
    }
}

/// Deadlock, lock timeout, snapshot conflicts, and two who inserted the same (a constraint's 2627, an index's 2601): the
/// transaction was undone, and doing it again looks again.
const SENT_BACK: &[u32] = &[1205, 1222, 2601, 2627, 3960, 3961];
/// Resources, shutdown, fail-over (also of Azure SQL): it may work over another connection.
const BUSY: &[u32] = &[
    64, 121, 233, 615, 617, 669, 701, 802, 845, 921, 922, 926, 927, 976, 978, 979, 982, 983, 1204, 1221, 1807, 3906,
    3908, 4221, 5030, 5061, 6002, 6005, 8628, 8645, 8651, 9001, 10053, 10054, 10060, 10928, 10929, 10936, 11001,
    14355, 17142, 18401, 40020, 40143, 40166, 40197, 40501, 40540, 40549, 40550, 40613, 41301, 41302, 41305, 41325,
    41839, 42108, 42109, 49918, 49919, 49920,
];
const FULL: &[u32] = &[1101, 1105, 3967, 9002, 40544];
/// Rights, missing tables and columns, damage.
const UNUSABLE: &[u32] = &[207, 208, 229, 230, 262, 297, 300, 823, 824, 825, 911, 916, 4060, 4064, 7105, 18456];

/// What kind of failure it is.
pub(crate) fn kind(error: &Trouble) -> StoreErrorKind {
    match error.number() {
        None if error.is_of_connection() => StoreErrorKind::Transient,
        None => StoreErrorKind::Other,
        Some(number) if FULL.contains(&number) => StoreErrorKind::Full,
        Some(number) if SENT_BACK.contains(&number) || BUSY.contains(&number) => StoreErrorKind::Transient,
        Some(number) if UNUSABLE.contains(&number) => StoreErrorKind::Unusable,
        Some(_) => StoreErrorKind::Other,
    }
}

/// Whether SQL Server says that it undid the transaction because of another one.
pub(crate) fn was_sent_back(error: &StoreError) -> bool {
    let cause = std::error::Error::source(error).and_then(|it| it.downcast_ref::<Trouble>());
    cause.and_then(Trouble::number).is_some_and(|number| SENT_BACK.contains(&number))
}
