//! Compression (zstd) of texts and bodies.

use std::cell::RefCell;

use mailflow_core::store::{StoreError, StoreErrorKind};
use zstd::bulk::{Compressor, Decompressor};

/// Level 1: mail is mostly base64, which no level makes much smaller, and each level above costs more than all of SQL.
const LEVEL: i32 = 1;
/// The most bytes that are unpacked: what claims to be larger is damaged.
const MAX_BYTES: u64 = 1 << 31;

thread_local! {
    // A context is some hundred KiB to set up; each thread keeps one.
    static COMPRESSOR: RefCell<Option<Compressor<'static>>> = const { RefCell::new(None) };
    static DECOMPRESSOR: RefCell<Option<Decompressor<'static>>> = const { RefCell::new(None) };
}

/// The bytes, compressed. The frame says how long they were.
///
/// # Errors
/// [`StoreError`] if they cannot be compressed.
pub fn pack(bytes: &[u8]) -> Result<Vec<u8>, StoreError> {
    let pack = |compressor: &mut Option<Compressor<'static>>| match compressor {
        Some(compressor) => compressor.compress(bytes),
        None => compressor.insert(Compressor::new(LEVEL)?).compress(bytes),
    };
    COMPRESSOR
        .with(|it| it.try_borrow_mut().map_or_else(|_| zstd::bulk::compress(bytes, LEVEL), |mut it| pack(&mut it)))
        .map_err(|error| StoreError::new(StoreErrorKind::Other, "compressing").because(error))
}

/// The bytes that were compressed.
///
/// # Errors
/// [`StoreError`] if they are damaged.
pub fn unpack(packed: &[u8]) -> Result<Vec<u8>, StoreError> {
    let damaged = || StoreError::new(StoreErrorKind::Unusable, "unpacking; the database is damaged");
    let size = match zstd::zstd_safe::get_frame_content_size(packed) {
        Ok(Some(size)) if size <= MAX_BYTES => usize::try_from(size).map_err(|_| damaged())?,
        _ => return Err(damaged()),
    };
    let unpack = |decompressor: &mut Option<Decompressor<'static>>| match decompressor {
        Some(decompressor) => decompressor.decompress(packed, size),
        None => decompressor.insert(Decompressor::new()?).decompress(packed, size),
    };
    DECOMPRESSOR
        .with(|it| {
            it.try_borrow_mut().map_or_else(|_| zstd::bulk::decompress(packed, size), |mut it| unpack(&mut it))
        })
        .map_err(|error| damaged().because(error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_packed_is_unpacked_and_what_is_damaged_is_an_error() {
        for bytes in [b"".to_vec(), b"a".to_vec(), vec![b'x'; 100_000], (0..=255).cycle().take(70_000).collect()] {
            let packed = pack(&bytes).unwrap();
            assert_eq!(unpack(&packed).unwrap(), bytes);
            assert!(unpack(&packed[..packed.len() - 1]).is_err());
        }
        assert!(unpack(b"nothing").is_err());
    }
}
