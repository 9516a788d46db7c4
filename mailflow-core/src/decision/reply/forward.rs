//! Forwarding: what of a message is shown to somebody else.

use super::{Reply, TEXT};
use crate::draft::Purpose;
use crate::mail::Mailbox;
use crate::message::Message;
use crate::text;

/// Stands above what is forwarded.
pub const FORWARDED: &str = "---------- Forwarded message ----------";

/// What mail programs begin the subject of a forward with.
const MARKS: [&str; 2] = ["fwd:", "fw:"];

/// The most characters of a forwarded message that a new forward begins with.
const SHOWN: usize = TEXT - 50_000;

/// What a forward of a message begins with: its heading and its text, as they are.
#[must_use]
pub fn forwarded(message: &Message) -> String {
    let listed = |all: &[Mailbox]| all.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let from = message.from.mailbox().map_or_else(|| message.from.name.clone(), |it| it.to_string());
    let date = message.date.unwrap_or(message.at).to_utc().format("%a, %-d %b %Y %H:%M UTC").to_string();
    let heading = [
        ("From", from),
        ("Date", date),
        ("Subject", message.subject.clone()),
        ("To", listed(&message.to)),
        ("Cc", listed(&message.cc)),
    ];
    let mut shown = FORWARDED.to_owned();
    for (name, value) in heading.into_iter().filter(|(_, value)| !value.is_empty()) {
        shown.push_str(&format!("\n{name}: {}", text::one_line(&value, 10_000)));
    }
    format!("{shown}\n\n{}\n", text::prefix(message.text.trim_end(), SHOWN))
}

/// The subject of a forward: marked as one, once.
#[must_use]
pub fn forward_subject(subject: &str) -> String {
    let subject = subject.trim();
    let marked = |mark: &&str| subject.get(..mark.len()).is_some_and(|start| start.eq_ignore_ascii_case(mark));
    if MARKS.iter().any(marked) { subject.to_owned() } else { format!("Fwd: {subject}") }
}

impl Reply {
    /// A forward of a message with all its attachments, and words above it. Whom it goes to is still to be said.
    #[must_use]
    pub fn forward(message: &Message, words: &str) -> Self {
        let text = match words.trim_end() {
            "" => forwarded(message),
            words => format!("{words}\n\n{}", forwarded(message)),
        };
        Self {
            purpose: Purpose::Forward,
            answers: Some(message.id),
            text,
            carried: (0..).zip(&message.attachments).map(|(place, _)| place).collect(),
            ..Self::default()
        }
    }
}

/// The words of a message with its signature: below them, but above what is forwarded.
pub(super) fn signed(words: &str, signature: &str) -> String {
    if signature.is_empty() {
        return words.to_owned();
    }
    let below = |words: &str| format!("{}\n\n-- \n{signature}", words.trim_end()).trim_start().to_owned();
    let at = match words.starts_with(FORWARDED) {
        true => Some(0),
        false => words.find(&format!("\n{FORWARDED}")).map(|at| at + 1),
    };
    match at.and_then(|at| words.split_at_checked(at)) {
        Some((own, forwarded)) => format!("{}\n\n{forwarded}", below(own)),
        None => below(words),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subject_is_marked_as_forwarded_once() {
        for (subject, forwarded) in [
            ("Printer", "Fwd: Printer"),
            ("Re: Printer", "Fwd: Re: Printer"),
            ("FWD: Printer", "FWD: Printer"),
            ("Fw: Printer", "Fw: Printer"),
            ("Fwdirectory", "Fwd: Fwdirectory"),
            ("Größe", "Fwd: Größe"),
            ("ö", "Fwd: ö"),
            ("", "Fwd: "),
        ] {
            assert_eq!(forward_subject(subject), forwarded);
        }
    }

    #[test]
    fn a_signature_stands_below_the_words_and_above_what_is_forwarded() {
        let block = format!("{FORWARDED}\nFrom: ada\n\nIt smokes.");
        let of = |words: &str| signed(&format!("{words}{block}"), "Bob");
        assert_eq!(of("Look.\n\n"), format!("Look.\n\n-- \nBob\n\n{block}"));
        assert_eq!(of(""), format!("-- \nBob\n\n{block}"));
        assert_eq!(signed("Use water.", "Bob"), "Use water.\n\n-- \nBob");
        assert_eq!(signed("Use water.", ""), "Use water.");
        let mentioned = format!("It says {FORWARDED} there.");
        assert_eq!(signed(&mentioned, "Bob"), format!("{mentioned}\n\n-- \nBob"), "a mention is no heading");
    }
}
