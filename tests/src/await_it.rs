//! Waiting for what happens outside this process: there is nothing to await but the world itself.

use std::future::Future;
use std::time::{Duration, Instant};

/// How long anything may take before a test gives up: far longer than it ever takes.
pub const PATIENCE: Duration = Duration::from_secs(60);
/// How long to leave the world alone between two looks.
const PAUSE: Duration = Duration::from_millis(10);

/// Looks until there is something; panics with `what` if there never is.
pub async fn until<T, F>(what: &str, mut look: impl FnMut() -> F) -> T
where
    F: Future<Output = Option<T>>,
{
    let begun = Instant::now();
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(begun.elapsed() < PATIENCE, "waited in vain for {what}");
        tokio::time::sleep(PAUSE).await;
    }
}

/// As [`until`], without a runtime.
pub fn until_blocking<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(begun.elapsed() < PATIENCE, "waited in vain for {what}");
        std::thread::sleep(PAUSE);
    }
}
