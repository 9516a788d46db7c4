//! Texts that may have tokens in them: nobody but us makes one.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mailflow_core::mail::{Keyring, ThreadId, numbers_in_subject};

fuzz_target!(|bytes: &[u8]| {
    let text = String::from_utf8_lossy(bytes);
    assert!(Keyring::new(1, [7; 32]).find(&text).is_empty(), "a forged token was believed");
    assert!(numbers_in_subject(&text).len() <= 8);
    if let Some(id) = ThreadId::new(&text) {
        assert!(id.as_str().len() <= ThreadId::MAX);
        assert_eq!(ThreadId::new(&id.to_string()), Some(id));
    }
});
