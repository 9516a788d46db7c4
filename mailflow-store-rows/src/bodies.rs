//! [`Waiting`]: bodies that were kept and wait for the commit that names them, so that one transaction writes both.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use mailflow_core::digest::Digest;
use mailflow_core::store::{StoreError, StoreErrorKind};

use crate::compress;

/// Bodies up to this many bytes wait for a commit, and lie in the row; what is larger is written at once.
pub const MAX_INLINE: usize = 256 << 10;
/// When kept bodies that no commit has named yet take more than this, they are written without waiting for one.
const MAX_WAITING_BYTES: usize = 16 << 20;

/// Where a body lies, as the column `place` says it: in its row.
pub const IN_ROW: i64 = 0;
/// It lies elsewhere: in chunks, or in a file.
pub const ELSEWHERE: i64 = 1;
/// It was erased.
pub const ERASED: i64 = 2;

/// A body that was kept and waits for the commit that names it.
#[derive(Debug)]
pub struct Kept {
    /// How many bytes it has.
    pub size: i64,
    /// Compressed; `None` if it is elsewhere already, and only its row waits.
    pub content: Option<Vec<u8>>,
}

impl Kept {
    fn weight(&self) -> usize {
        self.content.as_ref().map_or(0, Vec::len) + size_of::<Self>()
    }
}

/// Bodies that wait.
#[derive(Debug, Default)]
pub struct Waiting(Mutex<Bodies>);

/// Bodies that a transaction wrote.
pub type Written = Vec<(Digest, Arc<Kept>)>;

#[derive(Debug, Default)]
struct Bodies {
    kept: BTreeMap<Digest, Arc<Kept>>,
    bytes: usize,
}

impl Waiting {
    fn bodies(&self) -> MutexGuard<'_, Bodies> {
        // Nothing panics while it is half changed.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a body of `size` bytes in. Returns whether so many wait that they should be written now.
    pub fn keep(&self, digest: Digest, size: usize, content: Option<Vec<u8>>) -> bool {
        let kept = Arc::new(Kept { size: i64::try_from(size).unwrap_or(i64::MAX), content });
        let mut bodies = self.bodies();
        bodies.bytes += kept.weight();
        if let Some(before) = bodies.kept.insert(digest, kept) {
            bodies.bytes = bodies.bytes.saturating_sub(before.weight());
        }
        bodies.bytes > MAX_WAITING_BYTES
    }

    /// Takes a small body in. Returns its digest, and whether so many wait that they should be written now.
    ///
    /// # Errors
    /// [`StoreError`] if it cannot be compressed.
    pub fn keep_small(&self, bytes: &[u8]) -> Result<(Digest, bool), StoreError> {
        let digest = Digest::of(bytes);
        Ok((digest, self.keep(digest, bytes.len(), Some(compress::pack(bytes)?))))
    }

    /// The body, if it waits.
    pub fn get(&self, digest: &Digest) -> Option<Arc<Kept>> {
        self.bodies().kept.get(digest).cloned()
    }

    /// All digests that wait.
    pub fn all(&self) -> Vec<Digest> {
        self.bodies().kept.keys().copied().collect()
    }

    /// What was written waits no more.
    pub fn settle(&self, written: &Written) {
        let mut bodies = self.bodies();
        for (digest, kept) in written {
            // What was kept again since then goes on waiting.
            if bodies.kept.get(digest).is_some_and(|now| Arc::ptr_eq(now, kept)) {
                bodies.kept.remove(digest);
                bodies.bytes = bodies.bytes.saturating_sub(kept.weight());
            }
        }
    }
}

/// The digest of a large body, and its bytes compressed, without holding the runtime up.
///
/// # Errors
/// [`StoreError`] if it cannot be compressed.
pub async fn pack_large(bytes: Vec<u8>) -> Result<(Digest, Vec<u8>), StoreError> {
    let pack = move || compress::pack(&bytes).map(|packed| (Digest::of(&bytes), packed));
    tokio::task::spawn_blocking(pack)
        .await
        .map_err(|error| StoreError::new(StoreErrorKind::Other, "compressing a body").because(error))?
}

/// The bytes of a body that was compressed.
///
/// # Errors
/// [`StoreError`] if they are not what has this digest.
pub fn unpack(digest: &Digest, packed: &[u8]) -> Result<Vec<u8>, StoreError> {
    let bytes = compress::unpack(packed)?;
    if Digest::of(&bytes) != *digest {
        let doing = format!("the body {digest} is not what was kept: the database is damaged");
        return Err(StoreError::new(StoreErrorKind::Unusable, doing));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_kept_again_while_it_was_written_goes_on_waiting() {
        let (waiting, digest) = (Waiting::default(), Digest::of(b"x"));
        assert!(!waiting.keep(digest, 1, Some(vec![7])));
        let written = vec![(digest, waiting.get(&digest).unwrap())];
        assert!(!waiting.keep(digest, 1, Some(vec![7])));
        waiting.settle(&written);
        assert_eq!(waiting.all(), [digest]);
        waiting.settle(&vec![(digest, waiting.get(&digest).unwrap())]);
        assert_eq!(waiting.all(), []);
        assert_eq!(waiting.bodies().bytes, 0);
    }

    #[test]
    fn when_many_wait_they_are_to_be_written() {
        let waiting = Waiting::default();
        let keep = |nth: u8| waiting.keep(Digest::of(&[nth]), 1, Some(vec![nth; 4 << 20]));
        assert_eq!([1, 2, 3, 3, 4].map(keep), [false, false, false, false, true]);
    }

    #[test]
    fn a_body_that_is_not_what_was_kept_is_an_error() {
        let packed = compress::pack(b"bird").unwrap();
        assert_eq!(unpack(&Digest::of(b"bird"), &packed).unwrap(), b"bird");
        assert!(unpack(&Digest::of(b"cat"), &packed).unwrap_err().is_unusable());
    }
}
