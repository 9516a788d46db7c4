//! A POP3 server that says any bytes.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| mailflow_transport::fuzz::pop3_replies(bytes));
