//! [`Recent`]: small bodies that were kept a moment ago. The router reads what the receiver has just kept; it need not be
//! read, unpacked and checked for that.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use mailflow_core::digest::Digest;

/// The most bytes that are remembered.
const MAX_BYTES: usize = 8 << 20;

/// Bodies that were kept a moment ago, the oldest forgotten first.
#[derive(Debug, Default)]
pub(crate) struct Recent(Mutex<Bodies>);

#[derive(Debug, Default)]
struct Bodies {
    by_digest: BTreeMap<Digest, Arc<Vec<u8>>>,
    order: VecDeque<Digest>,
    bytes: usize,
}

impl Recent {
    fn bodies(&self) -> MutexGuard<'_, Bodies> {
        // Nothing panics while it is half changed.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn remember(&self, digest: Digest, bytes: Vec<u8>) {
        let mut bodies = self.bodies();
        bodies.forget(&digest);
        bodies.bytes += bytes.len();
        bodies.by_digest.insert(digest, Arc::new(bytes));
        bodies.order.push_back(digest);
        while bodies.bytes > MAX_BYTES {
            let Some(oldest) = bodies.order.front().copied() else { return };
            bodies.forget(&oldest);
        }
    }

    pub fn get(&self, digest: &Digest) -> Option<Vec<u8>> {
        let found = self.bodies().by_digest.get(digest).cloned();
        found.map(|bytes| bytes.to_vec())
    }

    pub fn forget(&self, digest: &Digest) {
        self.bodies().forget(digest);
    }
}

impl Bodies {
    fn forget(&mut self, digest: &Digest) {
        if let Some(bytes) = self.by_digest.remove(digest) {
            self.bytes = self.bytes.saturating_sub(bytes.len());
            self.order.retain(|known| known != digest);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_are_forgotten_first() {
        let recent = Recent::default();
        let body = |nth: u8| vec![nth; MAX_BYTES / 4];
        let digest = |nth: u8| Digest::of(&[nth]);
        (0..4).for_each(|nth| recent.remember(digest(nth), body(nth)));
        recent.remember(digest(0), body(0));
        recent.remember(digest(4), body(4));
        let known: Vec<u8> = (0..5).filter(|nth| recent.get(&digest(*nth)) == Some(body(*nth))).collect();
        assert_eq!(known, [0, 2, 3, 4]);
        recent.forget(&digest(3));
        assert_eq!(recent.get(&digest(3)), None);
        assert_eq!(recent.bodies().bytes, 3 * MAX_BYTES / 4);
    }
}
