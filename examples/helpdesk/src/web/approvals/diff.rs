//! What is different in a message since it was returned, word by word.

use std::time::Duration;

use mailflow_core::text::prefix;
use similar::{ChangeTag, TextDiff};

/// How much of each text is compared.
const COMPARED: usize = 200_000;
/// How long a comparison may look for the smallest difference; then it takes the best that it has.
const PATIENCE: Duration = Duration::from_millis(500);

/// A part of a text.
#[derive(Debug, PartialEq, Eq)]
pub struct Part {
    /// Whether it was there before, is there now, or both.
    pub kind: PartKind,
    /// The words.
    pub text: String,
}

/// Whether a part was there before, is there now, or both.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PartKind {
    /// Both.
    Same,
    /// It was there before.
    Gone,
    /// It is there now.
    New,
}

/// Two texts in one: what both have, what is gone, and what is new. Nothing if they are the same.
pub fn words(before: &str, after: &str) -> Vec<Part> {
    if before == after {
        return Vec::new();
    }
    let (before, after) = (prefix(before, COMPARED), prefix(after, COMPARED));
    let diff = TextDiff::configure().timeout(PATIENCE).diff_words(before, after);
    let mut parts: Vec<Part> = Vec::new();
    for change in diff.iter_all_changes() {
        let kind = match change.tag() {
            ChangeTag::Equal => PartKind::Same,
            ChangeTag::Delete => PartKind::Gone,
            ChangeTag::Insert => PartKind::New,
        };
        match parts.last_mut() {
            Some(last) if last.kind == kind => last.text.push_str(change.value()),
            _ => parts.push(Part { kind, text: change.value().to_owned() }),
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn single_words_are_told_apart() {
        let parts = words("It costs 10 euros.\nAda", "It costs 12 euros.\nAda");
        let shown: Vec<String> = parts.iter().map(|it| format!("{:?}:{}", it.kind, it.text)).collect();
        assert_eq!(shown, ["Same:It costs ", "Gone:10", "New:12", "Same: euros.\nAda"]);
        assert!(words("same", "same").is_empty());
    }

    #[test]
    fn what_is_left_without_what_is_gone_is_the_new_text() {
        let (before, after) = ("a b  c\n\nd — é\n", "b  x c\nd é\n\n");
        let parts = words(before, after);
        let without = |kind| parts.iter().filter(|it| it.kind != kind).map(|it| it.text.as_str()).collect::<String>();
        assert_eq!(without(PartKind::Gone), after);
        assert_eq!(without(PartKind::New), before);
    }
}
