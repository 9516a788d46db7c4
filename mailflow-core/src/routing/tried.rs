//! [`TriedRules`]: which rules were tried on a mail, as it is kept with every message.

use serde::{Deserialize, Serialize};

use super::field::RuleField;

/// Which rules were tried on a mail, and at which field each failed: compact, because every message has it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct TriedRules {
    /// The revision of the rule set.
    pub revision: u64,
    /// How far down the list they were tried.
    pub tried: u32,
    /// For each of the first [`TriedRules::KEPT`] rules in the order of the list the letter of the field that it failed
    /// at, `!` for the winner, `-` for one that is disabled.
    pub failed: String,
}

/// What came of trying a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Trial {
    /// All its fields matched.
    Matched,
    /// This is the first of its fields that did not match.
    Failed(RuleField),
    /// It is switched off, and was not tried.
    Disabled,
}

impl Trial {
    /// What came of it, in words.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Matched => "matches",
            Self::Failed(field) => field.words(),
            Self::Disabled => "is switched off",
        }
    }
}

impl TriedRules {
    /// Of how many rules each is remembered.
    pub const KEPT: usize = 256;
    pub(super) const MATCHED: char = '!';
    pub(super) const DISABLED: char = '-';

    /// What came of each rule that is remembered, with its place, counted from 1.
    pub fn trials(&self) -> impl Iterator<Item = (u32, Trial)> + '_ {
        (1..).zip(self.failed.chars()).filter_map(|(number, letter)| {
            let trial = match letter {
                Self::MATCHED => Trial::Matched,
                Self::DISABLED => Trial::Disabled,
                letter => Trial::Failed(RuleField::of_letter(letter)?),
            };
            Some((number, trial))
        })
    }

    /// The places of the rules that were tried, counted from 1, each with the field that it failed at.
    pub fn failures(&self) -> impl Iterator<Item = (u32, RuleField)> + '_ {
        self.trials().filter_map(|(number, trial)| match trial {
            Trial::Failed(field) => Some((number, field)),
            Trial::Matched | Trial::Disabled => None,
        })
    }

    /// How many more were tried than are remembered one by one.
    pub fn beyond(&self) -> u32 {
        self.tried.saturating_sub(u32::try_from(self.failed.chars().count()).unwrap_or(u32::MAX))
    }
}
