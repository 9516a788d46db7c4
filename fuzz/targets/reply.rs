//! The new words of an answer.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mailflow_core::mail::new_words;

fuzz_target!(|bytes: &[u8]| {
    let text = String::from_utf8_lossy(bytes);
    let words = new_words(&text);
    assert!(text.trim().is_empty() || !words.is_empty(), "what somebody wrote is never hidden whole");
});
