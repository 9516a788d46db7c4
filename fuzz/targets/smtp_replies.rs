//! An SMTP server that says any bytes.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| mailflow_transport::fuzz::smtp_replies(bytes));
