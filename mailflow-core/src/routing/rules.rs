//! [`Rules`]: a rule set, compiled.

use crate::rule::RuleSet;

/// A rule set, compiled.
#[derive(Debug, Clone, Default)]
pub struct Rules {}

/// A rule set that cannot be compiled.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("rule {number} `{description}`: {problem}")]
pub struct InvalidRules {
    /// The rule's place in the list, counted from 1.
    pub number: u32,
    /// Its description.
    pub description: String,
    /// What is wrong, and where.
    pub problem: String,
}

impl Rules {
    /// Compiles a rule set.
    ///
    /// # Errors
    /// [`InvalidRules`] names the first rule that cannot be compiled, and why.
    pub fn compile(_rules: &RuleSet) -> Result<Self, InvalidRules> {
        Ok(Self {})
    }
}
