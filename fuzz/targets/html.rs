//! An HTML body: its text.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mailflow_core::mail::{Limits, html};

fuzz_target!(|bytes: &[u8]| {
    let source = String::from_utf8_lossy(bytes);
    let _ = html::to_text(&source, &Limits::default());
});
