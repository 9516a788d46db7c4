//! [`AgreedClock`]: the time that several servers agree on, which is the database's.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::watch;

use crate::time::{Clock, Timestamp};

/// The own clock is put right only where it is further off than this and what asking took: servers need not agree to the
/// millisecond, and time had better not jump.
const AGREES: Duration = Duration::from_secs(1);

/// The own clock of one of several servers, put right by the database's: what one server writes as due, another one
/// finds due at the same moment, however wrong the clocks of their machines are.
pub struct AgreedClock {
    own: Arc<dyn Clock>,
    /// The milliseconds that the database's clock is ahead.
    ahead: watch::Sender<i64>,
}

impl AgreedClock {
    pub fn new(own: Arc<dyn Clock>) -> Self {
        Self { own, ahead: watch::channel(0).0 }
    }

    /// Takes in what the database's clock showed, in the middle of an asking that took so long and ended just now.
    /// Returns by how many milliseconds it is ahead of the own clock.
    pub fn hear(&self, theirs: Timestamp, took: Duration) -> i64 {
        let half = i64::try_from(took.as_millis() / 2).unwrap_or(i64::MAX);
        let own = self.own.now().as_millis().saturating_sub(half);
        let ahead = theirs.as_millis().saturating_sub(own);
        let may_be = half.saturating_add(i64::try_from(AGREES.as_millis()).unwrap_or(i64::MAX));
        let is_off = self.ahead.send_if_modified(|known| {
            let is_off = ahead.saturating_sub(*known).saturating_abs() > may_be;
            if is_off {
                *known = ahead;
            }
            is_off
        });
        if is_off {
            tracing::warn!(
                ahead_ms = ahead,
                "the database's clock differs from this machine's; it is the one that counts"
            );
        }
        ahead
    }
}

#[async_trait]
impl Clock for AgreedClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.own.now().as_millis().saturating_add(*self.ahead.borrow()))
    }

    async fn sleep_until(&self, until: Timestamp) {
        let mut ahead = self.ahead.subscribe();
        loop {
            let now = *ahead.borrow_and_update();
            let own = Timestamp::from_millis(until.as_millis().saturating_sub(now));
            tokio::select! {
                () = self.own.sleep_until(own) => return,
                // It was put right: this is another moment by the own clock now.
                _ = ahead.changed() => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::ManualClock;

    const NOON: Timestamp = Timestamp::from_millis(1_700_000_000_000);
    const ASKING: Duration = Duration::from_millis(40);

    #[tokio::test]
    async fn the_time_is_the_databases_and_who_sleeps_wakes_by_it() {
        for minutes in [-10_i64, 10] {
            let own = Arc::new(ManualClock::new(NOON));
            let clock = Arc::new(AgreedClock::new(Arc::<ManualClock>::clone(&own)));
            let theirs = Timestamp::from_millis(NOON.as_millis() + minutes * 60_000);
            let sleeper = Arc::clone(&clock);
            let until = theirs.plus(Duration::from_secs(5));
            let sleeping = tokio::spawn(async move { sleeper.sleep_until(until).await });
            if minutes > 0 {
                // It sleeps already, by its own clock for ten minutes more, when it is told.
                tokio::task::yield_now().await;
            }
            assert_eq!(clock.hear(theirs, ASKING), minutes * 60_000 + 20);
            assert_eq!(clock.now(), theirs.plus(ASKING / 2));
            own.advance(Duration::from_secs(5));
            sleeping.await.unwrap();
        }
    }

    #[test]
    fn what_asking_alone_may_explain_does_not_move_the_time() {
        let clock = AgreedClock::new(Arc::new(ManualClock::new(NOON)));
        clock.hear(NOON.plus(Duration::from_millis(900)), ASKING);
        assert_eq!(clock.now(), NOON);
        clock.hear(NOON.minus(Duration::from_secs(55)), Duration::from_secs(60));
        assert_eq!(clock.now(), NOON, "a server that stood still while it asked learns nothing");
    }
}
