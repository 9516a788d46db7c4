//! A header of addresses, of any bytes.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mailflow_core::mail::{Address, Limits, parse};

fuzz_target!(|bytes: &[u8]| {
    let line: Vec<u8> = bytes.iter().copied().filter(|byte| !matches!(byte, b'\r' | b'\n')).collect();
    let mail = parse(&[b"From: ", line.as_slice(), b"\nTo: ", &line, b"\n\n"].concat(), &Limits::default());
    for one in &mail.to {
        // What was read can be read again: it is what would be answered to.
        assert_eq!(Address::new(one.address.as_str()).as_ref(), Ok(&one.address));
        assert!(!one.name.contains(char::is_control) && one.name.chars().count() <= 200);
    }
});
