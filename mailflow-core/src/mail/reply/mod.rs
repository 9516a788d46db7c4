//! The new words of an answer, apart from what it quotes and from its signature.
//!
//! Nothing is cut: [`fold`] only says which piece is what, and all pieces together are the text again. When in doubt
//! a line is the writer's own: words that are shown twice do no harm, words that nobody sees do.

mod attribution;
mod heading;
mod quote;
mod signature;
mod words;

use quote::Mark;

/// A piece of a text, whole lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Piece<'t> {
    /// What it is.
    pub kind: PieceKind,
    /// Its lines, as they stand in the text, with their line ends.
    pub text: &'t str,
}

/// What a piece of a text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PieceKind {
    /// What the writer wrote himself, and what he forwards.
    Own,
    /// What he answers to: quoted lines, and the line that says who wrote them.
    Quoted,
    /// A signature, by hand or by the device.
    Signature,
}

/// Takes a text apart into what is new, what is quoted and what is a signature. The pieces in their order, put
/// together, are the text, byte for byte. A text that seems to be nothing but a quote or a signature is all new.
///
/// A forwarded mail is what its sender wants to be read: from its heading on, all is new.
///
/// ```
/// use mailflow_core::mail::{PieceKind, fold};
///
/// let pieces = fold("It works now.\n\nOn 3 May 2024 at 10:01, Bob <bob@example.com> wrote:\n> Does it work?\n");
/// assert_eq!((pieces[0].kind, pieces[0].text), (PieceKind::Own, "It works now.\n\n"));
/// assert_eq!(pieces[1].kind, PieceKind::Quoted);
/// ```
#[must_use]
pub fn fold(text: &str) -> Vec<Piece<'_>> {
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let mut marks = quote::mark(&lines);
    signature::mark(&lines, &mut marks);
    keep_something(&lines, &mut marks);
    let mut pieces: Vec<Piece<'_>> = Vec::new();
    let (mut start, mut end) = (0, 0);
    let mut before = None;
    for (line, mark) in lines.iter().zip(&marks) {
        let kind = mark.kind();
        if before.is_some_and(|before| before != kind) {
            pieces.extend(piece(text, before, start, end));
            start = end;
        }
        before = Some(kind);
        end += line.len();
    }
    pieces.extend(piece(text, before, start, end));
    pieces
}

fn piece(text: &str, kind: Option<PieceKind>, start: usize, end: usize) -> Option<Piece<'_>> {
    Some(Piece { kind: kind?, text: text.get(start..end)? })
}

/// What the writer of `text` wrote himself: without quoted text and signature. Never empty if `text` is not.
#[must_use]
pub fn new_words(text: &str) -> String {
    let mut words = String::with_capacity(text.len());
    for piece in fold(text).iter().filter(|piece| piece.kind == PieceKind::Own) {
        // Indents of the first line mean something, empty lines before it do not.
        let own = piece.text.trim_end();
        let own = own.get(own.len() - own.trim_start_matches(['\n', '\r']).len()..).unwrap_or(own);
        if own.trim().is_empty() {
            continue;
        }
        if !words.is_empty() {
            words.push_str("\n\n");
        }
        words.push_str(own);
    }
    words
}

/// A text that is all quote or signature is all new: somebody sent it.
fn keep_something(lines: &[&str], marks: &mut [Mark]) {
    let is_words = |line: &str| line.contains(|c: char| !c.is_whitespace() && c != '\u{feff}');
    for hidden in [Mark::Signature, Mark::Quoted] {
        if lines.iter().zip(marks.iter()).any(|(line, mark)| *mark == Mark::Own && is_words(line)) {
            return;
        }
        for mark in marks.iter_mut().filter(|mark| **mark == hidden) {
            *mark = Mark::Own;
        }
    }
}

/// Whether these lines end with one that says who wrote what comes next, or with the heading of a mail.
pub(super) fn introduces(lines: &[String]) -> bool {
    let last: Vec<&str> =
        lines.iter().rev().filter(|line| !line.trim().is_empty()).take(12).map(String::as_str).collect();
    let last: Vec<&str> = last.into_iter().rev().collect();
    let ends_with_one = |start: usize| attribution::at(&last, start).is_some_and(|found| found.end == last.len());
    (last.len().saturating_sub(attribution::MOST_LINES)..last.len()).any(ends_with_one)
        || (0..last.len()).any(|start| heading::at(&last, start) == Some(last.len()))
}

/// Whether these lines begin with one that says who wrote what comes next, or with the heading of a mail.
pub(super) fn begins_quoted(lines: &[String]) -> bool {
    let first: Vec<&str> = lines.iter().filter(|line| !line.trim().is_empty()).take(16).map(String::as_str).collect();
    (0..first.len().min(3))
        .any(|start| attribution::at(&first, start).is_some() || heading::at(&first, start).is_some())
        || first.iter().take(2).any(|line| heading::is_original_message(line))
}
