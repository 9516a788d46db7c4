//! The heading of a mail inside a mail: "From: … Sent: … To: …", and the lines that announce one.

use super::quote::line;
use super::words;

/// Whether a heading begins at `at`: several lines like headers together. The line behind it, if so.
///
/// "From: Berlin, To: Munich" is a journey, so an address or a subject has to be among them.
pub fn at(lines: &[&str], at: usize) -> Option<usize> {
    let mut kinds = [false; 4];
    field(line(lines, at)).flatten()?;
    let (mut next, mut end, mut address, mut strange) = (at, at, false, 0);
    while next < lines.len() && next < at + 24 {
        let text = line(lines, next);
        next += 1;
        match field(text) {
            Some(kind) => {
                if let Some(seen) = kind.and_then(|kind| kinds.get_mut(kind as usize)) {
                    *seen = true;
                }
                (end, strange) = (next, 0);
            }
            // A long list of recipients goes on; some programs put empty lines between.
            None if strange < 3 && (strange == 0 || !text.trim().is_empty()) => strange += 1,
            None => break,
        }
        address |= strange == 0 && text.contains('@');
    }
    let [from, sent, to, subject] = kinds;
    let count = kinds.iter().filter(|kind| **kind).count();
    let enough = match count {
        0 | 1 => false,
        2 => address && (from || sent),
        _ => address || (subject && (from || to)),
    };
    enough.then_some(end)
}

#[derive(Clone, Copy)]
enum Kind {
    From = 0,
    Sent = 1,
    To = 2,
    Subject = 3,
}

/// Whether the line looks like a header that mail programs quote; which of the four that count, if it is one.
#[expect(clippy::option_option, reason = "no header, a header, one of the four")]
fn field(text: &str) -> Option<Option<Kind>> {
    let text = text.trim().trim_start_matches(['*', '|', '_', ' ', '\u{feff}']);
    let (name, rest) = text.split_once([':', '：'])?;
    if name.len() > 40 {
        return None;
    }
    let name = name.trim().trim_matches('*').trim().to_lowercase();
    // "To:do" is no header, "From:*" and "From:bob@…" are.
    let apart = rest.is_empty()
        || rest.starts_with([' ', '\t', '*', '\u{a0}', '<', '"', '|'])
        || rest.contains('@')
        || !name.is_ascii();
    if !apart {
        return None;
    }
    let is = |names: &[&str]| names.contains(&name.as_str());
    if is(words::FROM) {
        Some(Some(Kind::From))
    } else if is(words::SENT) {
        Some(Some(Kind::Sent))
    } else if is(words::TO) {
        Some(Some(Kind::To))
    } else if is(words::SUBJECT) {
        Some(Some(Kind::Subject))
    } else {
        is(words::OTHER_HEADERS).then_some(None)
    }
}

/// `-----Original Message-----`, in many languages.
pub fn is_original_message(line: &str) -> bool {
    let line = line.trim().trim_start_matches(['*', '|', ' ']);
    let Some(inner) = between_rules(line) else { return false };
    words::ORIGINAL_MESSAGE.iter().any(|phrase| inner.starts_with(phrase))
}

/// `---------- Forwarded message ---------`, in many languages.
pub fn is_forward(line: &str) -> bool {
    let line = line.trim();
    if let Some(inner) = between_rules(line) {
        return words::FORWARDED.iter().any(|phrase| inner.contains(phrase));
    }
    let line = line.to_lowercase();
    line.len() < 80 && line.ends_with(':') && words::BEGIN_FORWARDED.iter().any(|phrase| line.starts_with(phrase))
}

/// The words between two rows of dashes, in lower case.
fn between_rules(line: &str) -> Option<String> {
    let is_rule = |c: char| matches!(c, '-' | '_' | '=' | '—' | '－' | '~');
    if line.len() > 200
        || !line.starts_with("--") && !line.starts_with("__") && !line.starts_with("==") && !line.starts_with('—')
    {
        return None;
    }
    let inner = line.trim_matches(|c| is_rule(c) || c == ' ' || c == '*').to_lowercase();
    (!inner.is_empty() && line.trim_end_matches('*').ends_with(is_rule)).then_some(inner)
}

/// The rules and empty lines right above a heading belong to it.
pub fn with_rules_above(lines: &[&str], at: usize) -> usize {
    let mut start = at;
    for above in (at.saturating_sub(3)..at).rev() {
        let text = line(lines, above).trim();
        if text.is_empty() {
            continue;
        }
        if text.len() >= 3 && text.chars().all(|c| matches!(c, '-' | '_' | '=' | '*' | '—' | ' ')) {
            start = above;
        }
        break;
    }
    start
}
