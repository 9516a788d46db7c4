//! [`StandardResponse`]: words that are written once and sent often.

use serde::{Deserialize, Serialize};

use crate::id::ResponseId;
use crate::text;

/// Words that are written once and sent often: by agents, by rules, by ticketboxes (guide chapter 12).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StandardResponse {
    /// Its identity.
    pub id: ResponseId,
    /// The name that agents see; unique without regard to case.
    pub name: String,
    /// The subject; empty means that of the mail that is answered. Placeholders are filled in.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub subject: String,
    /// The words, with placeholders; see [`Placeholders`].
    pub text: String,
}

/// What stands for the placeholders of a response: `{ticket}`, `{subject}`, `{name}`, `{address}`, `{ticketbox}`.
/// Anything else in braces stays as it is.
#[derive(Debug, Clone, Default)]
pub struct Placeholders<'a> {
    /// The ticket's number, as people say it.
    pub ticket: &'a str,
    /// The subject of the mail that is answered.
    pub subject: &'a str,
    /// The name of whoever is answered, or his address.
    pub name: &'a str,
    /// The address of whoever is answered.
    pub address: &'a str,
    /// The name of the ticketbox.
    pub ticketbox: &'a str,
}

impl StandardResponse {
    /// The most characters of its words.
    pub const TEXT: usize = 100_000;
}

impl Placeholders<'_> {
    /// The names of all placeholders.
    pub const NAMES: [&'static str; 5] = ["ticket", "subject", "name", "address", "ticketbox"];

    /// A text with its placeholders filled in, once: what comes in with a value is not looked into again.
    pub fn fill(&self, text: &str) -> String {
        let mut filled = String::with_capacity(text.len());
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('{') {
            filled.push_str(before);
            match after.split_once('}').and_then(|(name, rest)| Some((self.value(name)?, rest))) {
                Some((value, after)) => {
                    filled.push_str(&text::one_line(value, 500));
                    rest = after;
                }
                None => {
                    filled.push('{');
                    rest = after;
                }
            }
        }
        filled.push_str(rest);
        filled
    }

    fn value(&self, name: &str) -> Option<&str> {
        Some(match name.trim() {
            "ticket" => self.ticket,
            "subject" => self.subject,
            "name" => self.name,
            "address" => self.address,
            "ticketbox" => self.ticketbox,
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_filled_in_once_and_others_stay() {
        let values = Placeholders { ticket: "#7", name: "{subject}", subject: "secret", ..Placeholders::default() };
        assert_eq!(values.fill("Dear {name}, {ticket} { x } {other}{"), "Dear {subject}, #7 { x } {other}{");
        assert_eq!(values.fill("{{ticket}}"), "{#7}");
    }
}
