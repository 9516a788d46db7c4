//! The lines that say who wrote what is quoted below them: "On 3 May 2024, Bob wrote:".

use super::quote::line;
use super::words;

/// One of those lines, which mail programs wrap.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attribution {
    /// The line behind it.
    pub end: usize,
    /// Whether it cannot be a sentence of the writer's: it has an address, a time of the day, or a full date.
    pub sure: bool,
}

/// The most lines that it is wrapped over.
pub const MOST_LINES: usize = 5;
/// The most bytes that it has.
const LONGEST: usize = 500;

/// Whether one begins at `at`. Sentences that only end like one are told apart by the latest line that it can begin
/// at: "On it!" above is the writer's.
pub fn at(lines: &[&str], at: usize) -> Option<Attribution> {
    for last in at..(at + MOST_LINES).min(lines.len()) {
        let text = line(lines, last).trim_start();
        if text.is_empty() || (last > at && text.starts_with(['>', '|']) && !text.starts_with(">:")) {
            return None;
        }
        let Some(sure) = matches(lines, at, last) else { continue };
        let later =
            (at + 1..=last).any(|later| matches(lines, later, last).is_some() && !starts_inside(lines, at, later));
        return (!later).then_some(Attribution { end: last + 1, sure });
    }
    None
}

/// Whether the line at `at` only goes on with what began, with a date, at `first`.
fn starts_inside(lines: &[&str], first: usize, at: usize) -> bool {
    let begin = clean(line(lines, first));
    let begun = opens(&begin).is_some() && begin.contains(|c: char| c.is_ascii_digit());
    let above = line(lines, at.wrapping_sub(1)).trim_end();
    let start = line(lines, at).trim_start();
    begun
        && (start.starts_with(['<', '(', '[', '"'])
            || above.ends_with(['<', ',', '('])
            || opens(&clean(start)).is_none())
}

/// Whether the lines from `first` to `last` together are one; if so, whether surely.
fn matches(lines: &[&str], first: usize, last: usize) -> Option<bool> {
    let mut joined = String::new();
    for at in first..=last {
        if joined.len() > LONGEST {
            return None;
        }
        joined.push_str(line(lines, at).trim());
        joined.push(' ');
    }
    let end = joined.trim_end();
    let bare = end.ends_with('>') && first == last;
    let ends = bare || end.ends_with([':', '：', '﹕']) || end.ends_with("--");
    if !ends || joined.len() > LONGEST || joined.trim_start().starts_with('>') {
        return None;
    }
    let text = clean(&joined);
    let address = text.contains('@');
    let date = has_date(&text);
    let verb = has_verb(&text);
    let known = match opens(&text) {
        // "On 3 May Bob wrote:"
        Some(Opening::Word) => verb && (date || address || text.contains(|c: char| c.is_ascii_digit())),
        // "2024/5/3 Bob <bob@example.com>:"
        Some(Opening::Date) => (verb && (address || date)) || (address && date),
        // "Bob <bob@example.com> wrote:"
        None => verb && address && last < first + 3,
    };
    let is_address_only = text.starts_with('<') && last == first && !verb;
    if bare {
        // "2024/5/3 Bob <bob@example.com>", if a quote follows.
        return matches!(opens(&text), Some(Opening::Date)).then_some(false).filter(|_| address && text.len() < 200);
    }
    let ours = words::YOU_WROTE.iter().any(|phrase| text.contains(phrase));
    (known && !is_address_only).then_some(address || (date && !ours))
}

enum Opening {
    Word,
    Date,
}

/// How it begins, if it is one of the ways that mail programs have.
fn opens(text: &str) -> Option<Opening> {
    let first = text.split([' ', ',', '\u{a0}']).next().unwrap_or_default();
    if words::OPENINGS.contains(&first)
        || words::OPENINGS.iter().any(|word| !word.is_ascii() && is_cjk(word) && text.starts_with(word))
    {
        return Some(Opening::Word);
    }
    if first.starts_with(|c: char| c.is_ascii_digit()) {
        return Some(Opening::Date);
    }
    // "pt., 4 sty 2019", "Ср, 4 янв. 2019"
    let day = first.trim_end_matches('.');
    let second = text.split([' ', '\u{a0}']).nth(1).unwrap_or_default();
    let is_day = !day.is_empty() && day.chars().count() <= 12 && day.chars().all(char::is_alphabetic);
    (is_day
        && text.get(first.len()..).is_some_and(|rest| rest.starts_with(','))
        && second.starts_with(|c: char| c.is_ascii_digit()))
    .then_some(Opening::Date)
}

fn is_cjk(word: &str) -> bool {
    word.chars().all(|c| ('\u{2e80}'..='\u{ffdc}').contains(&c))
}

/// Lower case, single spaces, without dashes and stars around.
fn clean(text: &str) -> String {
    let text = text.trim().trim_matches(['-', '*', '_', '=', ' ', '\u{feff}']);
    text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}

/// Whether one of the words for *wrote* stands in it, as a word.
fn has_verb(text: &str) -> bool {
    words::WROTE.iter().any(|verb| {
        text.match_indices(verb).any(|(at, _)| {
            let before = text.get(..at).and_then(|text| text.chars().next_back());
            let after = text.get(at + verb.len()..).and_then(|text| text.chars().next());
            let apart = |c: Option<char>| !c.is_some_and(char::is_alphabetic);
            is_cjk(verb) || (apart(before) && apart(after)) || (before == Some('>') && apart(after))
        })
    })
}

/// Whether it has a time of the day, or a year.
fn has_date(text: &str) -> bool {
    let bytes = text.as_bytes();
    let digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
    let time = bytes.iter().enumerate().any(|(at, byte)| {
        matches!(byte, b':' | b'.' | b'h')
            && at > 0
            && digit(at - 1)
            && digit(at + 1)
            && digit(at + 2)
            && !digit(at + 3)
    });
    let year = bytes.windows(4).enumerate().any(|(at, year)| {
        matches!(year, [b'1', b'9', ..] | [b'2', b'0', ..])
            && year.iter().all(u8::is_ascii_digit)
            && !digit(at + 4)
            && !(at > 0 && digit(at - 1))
    });
    time || year
}
