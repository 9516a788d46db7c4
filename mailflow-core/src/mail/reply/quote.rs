//! Which lines are quoted.

use super::{PieceKind, attribution, heading, words};

/// What a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// New.
    Own,
    /// Quoted.
    Quoted,
    /// A signature.
    Signature,
    /// Part of a forwarded mail, which is new, and has no signature that matters.
    Forwarded,
}

impl Mark {
    pub fn kind(self) -> PieceKind {
        match self {
            Self::Own | Self::Forwarded => PieceKind::Own,
            Self::Quoted => PieceKind::Quoted,
            Self::Signature => PieceKind::Signature,
        }
    }
}

/// Marks what is quoted and what is forwarded; all else is new.
pub fn mark(lines: &[&str]) -> Vec<Mark> {
    let mut marks = vec![Mark::Own; lines.len()];
    let mut at = 0;
    while at < lines.len() {
        if heading::is_forward(line(lines, at)) {
            set(&mut marks, at, lines.len(), Mark::Forwarded);
            break;
        }
        let Some(found) = quote_at(lines, at) else {
            at += 1;
            continue;
        };
        match found {
            Quote::Lines(end) => {
                set(&mut marks, at, end, Mark::Quoted);
                at = end;
            }
            Quote::Rest(start) => {
                if !points_below(lines, &marks, start) {
                    set(&mut marks, start, lines.len(), Mark::Quoted);
                }
                break;
            }
        }
    }
    lone_quote_mark(lines, &mut marks);
    marks
}

/// What begins at a line.
enum Quote {
    /// Quoted up to this line.
    Lines(usize),
    /// All that is left, from this line on.
    Rest(usize),
}

fn quote_at(lines: &[&str], at: usize) -> Option<Quote> {
    if line(lines, at).trim().is_empty() {
        return None;
    }
    if is_quoted(line(lines, at)) {
        return Some(Quote::Lines(end_of_run(lines, at, is_quoted)));
    }
    if let Some(found) = attribution::at(lines, at) {
        let next = skip_empty(lines, found.end);
        if next < lines.len() && is_quoted(line(lines, next)) {
            return Some(Quote::Lines(end_of_run(lines, next, is_quoted)));
        }
        if next < lines.len() && line(lines, next).starts_with('|') {
            return Some(Quote::Lines(end_of_run(lines, next, |line| line.starts_with('|'))));
        }
        return found.sure.then_some(Quote::Rest(at));
    }
    if heading::is_original_message(line(lines, at)) || heading::at(lines, at).is_some() {
        return Some(Quote::Rest(heading::with_rules_above(lines, at)));
    }
    None
}

/// A line that a mail program quoted: `>` in front. `>>> look <<<` is a decoration.
fn is_quoted(line: &str) -> bool {
    let line = line.trim_start_matches([' ', '\t', '\u{a0}', '\u{feff}']);
    line.starts_with('>') && !line.trim_end().ends_with("<<")
}

/// The end of the quoted lines from `at` on; empty lines, and one line that was wrapped without a mark, are inside.
fn end_of_run(lines: &[&str], at: usize, is_quoted: fn(&str) -> bool) -> usize {
    let mut end = at;
    loop {
        while end < lines.len() && is_quoted(line(lines, end)) {
            end += 1;
        }
        let next = skip_empty(lines, end);
        if next < lines.len() && is_quoted(line(lines, next)) {
            end = next;
        } else if next == end && is_quoted(line(lines, end + 1)) && is_wrapped_link(line(lines, end)) {
            end += 1;
        } else {
            return end;
        }
    }
}

/// A link in a quoted line that was too long.
fn is_wrapped_link(line: &str) -> bool {
    let line = line.trim();
    let line = line.trim_start_matches(['(', '<', '[']);
    !line.contains(char::is_whitespace) && line.contains("://")
        || line.ends_with('>') && line.starts_with("http") && line.split_whitespace().count() < 3
}

fn skip_empty(lines: &[&str], at: usize) -> usize {
    let empty = lines
        .iter()
        .skip(at)
        .take(4)
        .take_while(|line| line.trim().is_empty() || line.trim().chars().all(|c| c == '*' || c == '\u{feff}'));
    at + empty.count()
}

/// A single `>` with no space behind it, in a mail that quotes nothing else, is a sign of the writer's: `>50 %`.
fn lone_quote_mark(lines: &[&str], marks: &mut [Mark]) {
    let mut quoted = marks.iter_mut().zip(lines).filter(|(mark, _)| **mark == Mark::Quoted);
    if let (Some((mark, line)), None) = (quoted.next(), quoted.next())
        && line.trim_start().strip_prefix('>').is_some_and(|rest| rest.starts_with(char::is_alphanumeric))
    {
        *mark = Mark::Own;
    }
}

/// Whether the writer says that he answers inside of what he quotes, where nothing tells his words apart.
fn points_below(lines: &[&str], marks: &[Mark], start: usize) -> bool {
    let mut own = String::new();
    for (line, _) in lines.iter().zip(marks).take(start).filter(|(_, mark)| **mark == Mark::Own) {
        own.push_str(&line.to_lowercase());
        if own.len() > 600 {
            return false;
        }
    }
    words::ANSWERS_BELOW.iter().any(|phrase| own.contains(phrase))
}

fn set(marks: &mut [Mark], start: usize, end: usize, to: Mark) {
    for mark in marks.iter_mut().take(end).skip(start) {
        *mark = to;
    }
}

/// The line at `at`, empty behind the last one.
pub fn line<'t>(lines: &[&'t str], at: usize) -> &'t str {
    lines.get(at).copied().unwrap_or_default()
}
