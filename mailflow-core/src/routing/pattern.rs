//! [`Pattern`]: an expression of a rule.

use std::sync::OnceLock;

use regex::{Regex, RegexBuilder};

use crate::rule::TextField;

/// The most bytes of memory that one expression may take when it is compiled.
pub const COMPILED_BYTES: usize = 1 << 20;

/// An expression and where it is looked for.
#[derive(Debug, Clone)]
pub struct Pattern {
    /// Where it is looked for.
    pub within: Vec<TextField>,
    expression: String,
    /// Built when it is first tried: most never are, and ten thousand of them would take half a gigabyte.
    regex: OnceLock<Option<Regex>>,
}

impl Pattern {
    /// An expression that can be [built](build).
    pub const fn new(within: Vec<TextField>, expression: String) -> Self {
        Self { within, expression, regex: OnceLock::new() }
    }

    /// The same expression, looked for elsewhere; if it has been built, that is not done again.
    pub fn looked_for(&self, within: Vec<TextField>) -> Self {
        Self { within, ..self.clone() }
    }

    /// The expression as it is written.
    pub fn expression(&self) -> &str {
        &self.expression
    }

    /// The expression; `None` if it cannot be built, which was asked before.
    pub fn regex(&self) -> Option<&Regex> {
        self.regex.get_or_init(|| build(&self.expression).ok()).as_ref()
    }

    /// Whether it is found in a text.
    pub fn is_match(&self, text: &str) -> bool {
        self.regex().is_some_and(|regex| regex.is_match(text))
    }
}

/// Builds an expression as rules have it: small and capital letters are the same, `^` and `$` are those of a line.
pub fn build(expression: &str) -> Result<Regex, regex::Error> {
    RegexBuilder::new(expression).case_insensitive(true).multi_line(true).size_limit(COMPILED_BYTES).build()
}
