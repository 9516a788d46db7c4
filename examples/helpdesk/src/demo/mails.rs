//! [`Sample`]: the mails of the demo, and how each is made to look as if it came now and to us.

use mailflow_core::time::Timestamp;

/// A mail of the demo. See `demo/README.md` for where they come from.
#[derive(Debug, Clone, Copy)]
pub struct Sample {
    /// Its file's name.
    #[cfg(test)]
    name: &'static str,
    to: &'static str,
    bytes: &'static [u8],
}

const SUPPORT: &str = "Fernwood Support <support@fernwood.example>";
const SALES: &str = "Fernwood Sales <sales@fernwood.example>";
const BILLING: &str = "Fernwood Billing <billing@fernwood.example>";

macro_rules! sample {
    ($name:literal, $to:ident) => {
        Sample {
            #[cfg(test)]
            name: $name,
            to: $to,
            bytes: include_bytes!(concat!("../../demo/mails/", $name, ".eml")),
        }
    };
}

/// All of them, in the order in which they arrive.
const SAMPLES: [Sample; 25] = [
    sample!("order-question", SUPPORT),
    sample!("newsletter", SALES),
    sample!("fleet-quote", SALES),
    sample!("german", SUPPORT),
    sample!("invoice", BILLING),
    sample!("japanese", SUPPORT),
    sample!("photo", SUPPORT),
    sample!("order-question-more", SUPPORT),
    sample!("brakes", SUPPORT),
    sample!("out-of-office", SALES),
    sample!("hostile", SUPPORT),
    sample!("long-thread", SALES),
    sample!("booking", BILLING),
    sample!("arabic", SUPPORT),
    sample!("bounce", SALES),
    sample!("contact-form", SALES),
    sample!("uuencoded", SUPPORT),
    sample!("french", SUPPORT),
    sample!("subject-only", SALES),
    sample!("nested", SUPPORT),
    sample!("broken", SUPPORT),
    sample!("korean", SALES),
    sample!("answer-with-quotes", SUPPORT),
    sample!("small-picture", SUPPORT),
    sample!("emoji", SUPPORT),
];

/// Headers that say when and how a mail came to somebody else.
const REPLACED: [&[u8]; 5] = [b"to", b"date", b"received", b"received-spf", b"delivered-to"];

/// All mails, in the order in which they arrive.
pub fn all() -> impl Iterator<Item = Sample> {
    SAMPLES.into_iter()
}

impl Sample {
    /// The mail as it arrives: `To` and `Date` are ours and now, `Received` is left out, lines end with CRLF.
    pub fn arriving(&self, now: Timestamp) -> Vec<u8> {
        let date = now.to_utc().to_rfc2822();
        let mut mail = format!("To: {}\r\nDate: {date}\r\n", self.to).into_bytes();
        let (mut in_headers, mut left_out) = (true, false);
        for line in self.bytes.split_inclusive(|byte| *byte == b'\n') {
            let line = line.strip_suffix(b"\n").unwrap_or(line);
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            if in_headers && !line.is_empty() {
                if !line.starts_with(b" ") && !line.starts_with(b"\t") {
                    left_out = is_left_out(line);
                }
                if left_out {
                    continue;
                }
            } else {
                in_headers = false;
            }
            mail.extend_from_slice(line);
            mail.extend_from_slice(b"\r\n");
        }
        mail
    }
}

fn is_left_out(line: &[u8]) -> bool {
    let name = line.split(|byte| *byte == b':').next().unwrap_or_default();
    // An mbox separates its mails by such a line.
    line.starts_with(b"From ") || REPLACED.iter().any(|it| name.eq_ignore_ascii_case(it))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use mailflow_core::mail::{Limits, parse};

    use super::*;

    #[test]
    fn every_mail_arrives_now_and_at_one_of_our_addresses() {
        let now = Timestamp::from_millis(1_764_000_000_000);
        let ours = ["support@fernwood.example", "sales@fernwood.example", "billing@fernwood.example"];
        let mut ids = BTreeSet::new();
        for sample in all() {
            let mail = parse(&sample.arriving(now), &Limits::default());
            assert_eq!(mail.date, Some(now), "{}", sample.name);
            assert!(mail.to.iter().all(|it| ours.contains(&it.address.as_str())), "{}", sample.name);
            assert_eq!(mail.to.len(), 1, "{}", sample.name);
            assert!(mail.from.is_some(), "{}", sample.name);
            assert!(!mail.headers.iter().any(|it| it.name.eq_ignore_ascii_case("received")), "{}", sample.name);
            assert!(ids.insert(mail.message_id), "{} has an id that another one has", sample.name);
        }
    }

    #[test]
    fn the_mails_are_as_varied_as_what_a_desk_gets() {
        let mails: Vec<_> = all().map(|it| parse(&it.arriving(Timestamp::MIN), &Limits::default())).collect();
        let count = |what: fn(&mailflow_core::mail::Mail) -> bool| mails.iter().filter(|mail| what(mail)).count();
        assert!(count(|mail| mail.html.is_some()) >= 6);
        assert!(count(|mail| mail.attachments.iter().any(|it| it.inline)) >= 2);
        assert!(count(|mail| mail.attachments.iter().any(|it| !it.inline)) >= 6);
        assert!(count(|mail| mail.bounce.is_some()) >= 1);
        assert!(count(|mail| mail.automatic.is_some()) >= 3);
        assert!(count(|mail| !mail.defects.is_empty()) >= 2);
        assert!(count(|mail| !mail.references.is_empty()) >= 2);
        assert!(count(|mail| mail.text.chars().any(|it| ('\u{3040}'..='\u{30ff}').contains(&it))) >= 1);
    }
}
