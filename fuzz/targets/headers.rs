//! The headers of a mail, of any bytes, then a body that is known.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mailflow_core::mail::{Limits, parse};

fuzz_target!(|bytes: &[u8]| {
    let _ = parse(&[bytes, b"\n\nbody\n"].concat(), &Limits::default());
    // With tight limits other ways are taken.
    let mut tight = Limits::default();
    (tight.headers, tight.header_bytes, tight.headers_bytes) = (5, 100, 300);
    (tight.addresses, tight.references, tight.parameters) = (3, 2, 4);
    (tight.parts, tight.depth, tight.text_bytes, tight.unpacked_bytes) = (3, 2, 50, 50);
    let mail = parse(bytes, &tight);
    assert!(mail.headers.len() <= 5 && mail.references.len() <= 2 && mail.to.len() <= 3 && mail.text.len() <= 50);
});
