//! Signatures: below `-- `, and what devices add.

mod device;

use super::quote::{Mark, line};

/// Signatures have fewer lines than this; more is what somebody wrote.
const LONGEST: usize = 25;

/// Marks the signature at the end of each run of new lines.
pub fn mark(lines: &[&str], marks: &mut [Mark]) {
    let mut start = 0;
    while start < lines.len() {
        let run = marks.iter().skip(start).take_while(|mark| **mark == Mark::Own).count();
        if run > 0 {
            let from = begin(lines, start, start + run);
            for mark in marks.iter_mut().take(start + run).skip(from) {
                *mark = Mark::Signature;
            }
        }
        start += run.max(1);
    }
}

/// Where the signature of the lines from `start` to `end` begins; `end` if there is none.
fn begin(lines: &[&str], start: usize, end: usize) -> usize {
    let mut from = below_dashes(lines, start, end).unwrap_or(end);
    loop {
        let Some(last) = (start..from).rev().find(|at| !line(lines, *at).trim().is_empty()) else { return from };
        let text = line(lines, last).trim();
        if device::signs(text)
            || is_list_footer(lines, last, end)
            || (is_name(text, '-') && !is_item(lines, start, last))
        {
            from = last;
        } else {
            return from;
        }
    }
}

/// The first line of dashes that has a signature below it.
fn below_dashes(lines: &[&str], start: usize, end: usize) -> Option<usize> {
    (start..end).find(|at| {
        let raw = line(lines, *at).trim_end_matches(['\r', '\n']);
        let below: Vec<&str> =
            lines.iter().take(end).skip(at + 1).map(|line| line.trim()).filter(|line| !line.is_empty()).collect();
        match raw.trim() {
            // RFC 3676 section 4.3; many write it without the space.
            "--" if raw == "-- " => below.len() <= LONGEST,
            "--" | "– –" | "- -" | "—" => below.len() <= 12 && below.iter().all(|line| line.len() <= 200),
            rule if is_rule(rule, '_') => below.len() <= 8 && is_list(&below),
            rule if is_rule(rule, '-') && rule.len() < 12 || is_rule(rule, '_') => {
                (1..=6).contains(&below.len())
                    && below.first().is_some_and(|line| is_name(line, ' '))
                    && !below.iter().any(|line| is_sentence(line))
            }
            _ => false,
        }
    })
}

fn is_rule(text: &str, of: char) -> bool {
    text.len() >= 3 && text.chars().all(|c| c == of)
}

/// What mailing lists add below each mail.
fn is_list(below: &[&str]) -> bool {
    below
        .iter()
        .any(|line| line.contains("mailing list") || line.contains("listinfo") || line.contains("unsubscribe"))
}

fn is_list_footer(lines: &[&str], at: usize, end: usize) -> bool {
    let below: Vec<&str> = lines.iter().take(end).skip(at + 1).map(|line| line.trim()).collect();
    is_rule(line(lines, at).trim(), '_') && below.len() <= 8 && is_list(&below)
}

/// A name: one to four words that begin with capitals, after `mark`. `-roman` and `- Roman`, but no `- see above`.
fn is_name(text: &str, mark: char) -> bool {
    let rest = if mark == ' ' { Some(text) } else { text.strip_prefix([mark, '–', '—', '~']) };
    let Some(name) = rest.map(str::trim) else { return false };
    let words: Vec<&str> = name.trim_end_matches(['.', '!', ',']).split_whitespace().collect();
    let is_capital = |word: &&str| word.chars().next().is_some_and(|c| c.is_uppercase());
    let letters = |word: &&str| word.chars().all(|c| c.is_alphabetic() || matches!(c, '.' | '\'' | '-' | '’'));
    match words.as_slice() {
        [] => false,
        [one] if mark != ' ' => letters(one) && one.chars().count() >= 2 && one.chars().count() <= 20,
        some => some.len() <= 4 && some.iter().all(|word| letters(word) && is_capital(word)),
    }
}

/// Whether the line at `at` is an item of a list: another one stands before it, or something that announces it.
fn is_item(lines: &[&str], start: usize, at: usize) -> bool {
    let before = (start..at).rev().map(|at| line(lines, at).trim()).find(|line| !line.is_empty());
    let other = (start..at).any(|at| line(lines, at).trim_start().starts_with(['-', '*', '•', '–', '+']));
    before.is_none_or(|before| before.ends_with(':')) || other
}

/// Whether somebody is told something.
fn is_sentence(line: &str) -> bool {
    (line.ends_with(['.', '?']) && line.split_whitespace().count() > 4) || line.split_whitespace().count() > 12
}
