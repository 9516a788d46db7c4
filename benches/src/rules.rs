//! Rule sets of any size, and the naive way to try them.

use mailflow_core::id::RuleId;
use mailflow_core::mail::{Address, Mail};
use mailflow_core::rule::{Rule, RuleSet, Syntax, TextField, TextPattern};
use regex::{Regex, RegexBuilder};

use crate::mails::{WORDS, word};

/// Whom a mail is for that the last rule of a [`set`] matches.
pub const LATE: &str = "late@example.com";

/// So many rules: of five, three look at `To`, one at the domain of `From`, one for an expression in subject and body.
/// Only the last one matches mails of [`mails`](crate::mails), and only those to [`LATE`]; all others have to be ruled
/// out.
pub fn set(rules: u64) -> RuleSet {
    let rule = |number: u64| {
        let id = RuleId::from_bytes(u128::from(number).to_be_bytes());
        let rule = Rule::new(id, &format!("rule {number}"));
        match number % 5 {
            0..=2 => Rule { to: vec![format!("team{number}@example.com")], ..rule },
            3 => Rule { from: vec![format!("customer{number}.example")], ..rule },
            _ => {
                let within = vec![TextField::Subject, TextField::Body];
                let pattern = TextPattern { within, pattern: expression(number), syntax: Syntax::Expression };
                Rule { text: vec![pattern], ..rule }
            }
        }
    };
    let mut rules: Vec<Rule> = (0..rules).map(rule).collect();
    if let Some(last) = rules.last_mut() {
        *last = Rule { to: vec![LATE.to_owned()], ..Rule::new(last.id, "the last one") };
    }
    RuleSet { rules, ..RuleSet::default() }
}

/// What administrators look for: numbers of things, a phrase that goes on with a number, words that stand near each
/// other (they do stand in the mails, only not so), an address on the web; and one in a hundred that has no word at all.
fn expression(number: u64) -> String {
    let word = |nth: u64| word((number * 7919 + nth * 104_729) % WORDS);
    match number / 5 % 100 {
        99 => format!(r"\b[a-z]{{2}}-\d{{4}}-\d{{{}}}\b", 3 + number % 7),
        kind => match kind % 4 {
            0 => format!(r"\b(order|case)[ #:-]*{number:05}[a-z]?\b"),
            1 => format!(r"\b{}\s+{} no\. ?{number}\b", word(1), word(2)),
            2 => format!(r"{}[ ,;-]{}[^\n]*{}", word(1), word(2), word(3)),
            _ => format!(r"https?://(www\.)?{}\.example/\w+/{number}", word(1)),
        },
    }
}

/// One rule, as a plain loop tries it.
#[derive(Debug)]
pub enum Plain {
    /// An address in `To`.
    To(Address),
    /// A domain in `From`.
    From(String),
    /// An expression in subject or body.
    Text(Regex),
}

/// A rule set for a plain loop.
pub fn plain(set: &RuleSet) -> Vec<Plain> {
    let plain = |rule: &Rule| {
        if let Some(to) = rule.to.first() {
            return Address::new(to).ok().map(Plain::To);
        }
        if let Some(from) = rule.from.first() {
            return Some(Plain::From(from.clone()));
        }
        let pattern = &rule.text.first()?.pattern;
        RegexBuilder::new(pattern).case_insensitive(true).multi_line(true).build().ok().map(Plain::Text)
    };
    set.rules.iter().filter_map(plain).collect()
}

/// The first rule that matches, one after the other.
pub fn first_plain(rules: &[Plain], mail: &Mail) -> Option<usize> {
    let from = mail.from.as_ref().and_then(|from| from.address.as_ref());
    rules.iter().position(|rule| match rule {
        Plain::To(address) => mail.to.iter().chain(&mail.cc).any(|mailbox| mailbox.address == *address),
        Plain::From(domain) => from.is_some_and(|from| from.domain().eq_ignore_ascii_case(domain)),
        Plain::Text(regex) => regex.is_match(&mail.subject) || regex.is_match(&mail.text),
    })
}
