//! [`Presumed`]: what most rules fail at.

use super::compile::Key;
use super::field::RuleField;
use super::rules::Compiled;
use super::tried::TriedRules;

/// Where each rule fails if nothing was found that it is filed under, as is so with nearly all.
#[derive(Debug, Clone, Default)]
pub struct Presumed {
    /// A letter for each of the first rules, as [`TriedRules::failed`] has them.
    letters: Vec<u8>,
    /// Those of which that cannot be said: they are filed under nothing, or are asked for something else first.
    open: Vec<usize>,
}

impl Presumed {
    /// For the first rules of a list, as many as are remembered.
    pub fn new(rules: &[Compiled]) -> Self {
        let mut presumed = Self::default();
        for (at, compiled) in rules.iter().take(TriedRules::KEPT).enumerate() {
            let filed_under = match compiled.key {
                Key::To => Some(RuleField::To),
                Key::From => Some(RuleField::From),
                Key::Text => Some(RuleField::Text),
                Key::Nothing => None,
            };
            if compiled.rule.enabled && (filed_under.is_none() || compiled.asked.fields().next() != filed_under) {
                presumed.open.push(at);
            }
            let letter = filed_under.map_or(TriedRules::DISABLED, RuleField::letter);
            presumed.letters.push(ascii(letter));
        }
        presumed
    }

    #[cfg(test)]
    pub fn forget_open(&mut self) {
        self.open.clear();
    }

    /// The letters of the first `tried` rules, as many as are remembered, with those that were `found` and all open
    /// ones put right.
    pub fn put_right(
        &self,
        tried: usize,
        found: impl Iterator<Item = usize>,
        letter: impl Fn(usize) -> char,
    ) -> String {
        let mut letters = self.letters.get(..tried).unwrap_or(&self.letters).to_vec();
        let tried = letters.len();
        for at in found.chain(self.open.iter().copied()).filter(|at| *at < tried) {
            letters.get_mut(at).into_iter().for_each(|it| *it = ascii(letter(at)));
        }
        String::from_utf8(letters).unwrap_or_default()
    }
}

fn ascii(letter: char) -> u8 {
    u8::try_from(letter).unwrap_or_default()
}
