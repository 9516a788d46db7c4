//! HTML mail: text made of it, and HTML that is safe to show.
//!
//! What takes HTML apart costs time that grows with the square of its depth, so two things stand in front: [`to_text`]
//! builds no tree at all, and `sanitize` (feature of the same name) only looks at what [`guard`] let pass.

mod guard;
#[cfg(feature = "sanitize")]
mod sanitize;
mod tags;
mod text;

pub use guard::{TooComplex, guard};
#[cfg(feature = "sanitize")]
pub use sanitize::{Images, RemoteImages, SafeHtml, sanitize};
pub use text::to_text;

use html5gum::{DefaultEmitter, Token, Tokenizer};

/// The tags, texts and comments of `html` in their order. Script and style are each one text.
fn tokens(html: &str) -> impl Iterator<Item = Token> {
    let mut emitter = DefaultEmitter::default();
    emitter.naively_switch_states(true);
    let tokens = Tokenizer::new_with_emitter(html, emitter);
    tokens.filter_map(Result::ok).filter(|token| !matches!(token, Token::Error(_)))
}

/// An attribute's value.
fn attribute<'t>(tag: &'t html5gum::StartTag<()>, name: &str) -> Option<std::borrow::Cow<'t, str>> {
    tag.attributes.get(name.as_bytes()).map(|value| String::from_utf8_lossy(&value.value))
}
