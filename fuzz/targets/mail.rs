//! A whole mail, of any bytes.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mailflow_core::mail::{Limits, Mail, parse};

fuzz_target!(|bytes: &[u8]| {
    let mail = parse(bytes, &Limits::default());
    assert!(!mail.text.contains(['\0', '\r']), "text is clean");
    assert!(mail.subject.chars().count() <= 1000 && !mail.subject.contains(char::is_control));
    for attachment in &mail.attachments {
        let name = attachment.filename.as_deref().unwrap_or("x");
        assert!(!name.is_empty() && !name.contains(['/', '\\']) && !name.contains(char::is_control), "{name:?}");
    }
    let people = mail.to.iter().chain(&mail.cc).chain(&mail.reply_to);
    for address in people.map(|one| &one.address).chain(&mail.delivered_to) {
        assert!(!address.as_str().contains(char::is_control) && address.as_str().contains('@'));
    }
    if cfg!(feature = "planted") {
        planted(&mail);
    }
});

/// Ends the process for a subject that the fuzzer has to find.
fn planted(mail: &Mail) {
    if let [b'b', b'u', b'g', rest @ ..] = mail.subject.as_bytes() {
        assert!([0u8; 2][rest.len() + 2] == 0);
    }
}
