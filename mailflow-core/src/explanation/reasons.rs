//! [`Reasons`]: an explanation, spelled out for people.

use super::{Done, Explanation};
use crate::routing::Trial;
use crate::rule::RuleSet;

/// An explanation, spelled out for people.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Reasons {
    /// What chose the ticket, in words that follow "because ".
    pub because: String,
    /// What pointed to a ticket and was not followed, each with the reason.
    pub set_aside: Vec<String>,
    /// The rules that were tried, in their order, as far as they are remembered.
    pub rules: Vec<TriedRule>,
    /// What else there is to say about the rules, in sentences.
    pub notes: Vec<String>,
    /// What was done with the mail beside placing it.
    pub done: Vec<String>,
    /// Why it may not be answered automatically, if it may not.
    pub no_automatic_answer: Option<String>,
}

/// A rule that was tried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TriedRule {
    /// Its place in the list, counted from 1.
    pub number: u32,
    /// Its description, if the rules are still those that were tried.
    pub description: Option<String>,
    /// What came of it.
    pub trial: Trial,
}

impl Explanation {
    /// The explanation, spelled out. `rules` are the rules as they are: they name those that were tried, if they are the
    /// same ones.
    pub fn reasons(&self, rules: &RuleSet) -> Reasons {
        Reasons {
            because: self.chosen(),
            set_aside: self.set_aside.iter().map(|it| it.because.clone()).collect(),
            rules: self.tried_rules(rules),
            notes: self.notes(rules),
            done: self.done.iter().map(Done::words).collect(),
            no_automatic_answer: self.no_automatic_answer.clone(),
        }
    }

    fn tried_rules(&self, rules: &RuleSet) -> Vec<TriedRule> {
        let Some(tried) = &self.tried else { return Vec::new() };
        let described = |number: u32| {
            let at = usize::try_from(number).ok()?.checked_sub(1)?;
            let rule = rules.rules.get(at).filter(|_| rules.revision == tried.revision)?;
            Some(rule.description.clone())
        };
        let rule = |(number, trial)| TriedRule { number, description: described(number), trial };
        tried.trials().map(rule).collect()
    }

    fn notes(&self, rules: &RuleSet) -> Vec<String> {
        let Some(tried) = &self.tried else { return Vec::new() };
        let mut notes = Vec::new();
        let beyond = tried.beyond();
        if beyond > 0 {
            let kept = tried.failed.chars().count();
            notes.push(format!("of the {} rules that were tried only the first {kept} are remembered", tried.tried));
        }
        let matched = tried.trials().any(|(_, trial)| trial == Trial::Matched);
        if self.evidence.is_some() && (matched || beyond > 0) {
            notes.push(
                "a rule that matches a mail with a ticket does nothing, unless it makes a new ticket".to_owned(),
            );
        } else if self.evidence.is_some() {
            notes.push("no rule matched; what ties the mail to its ticket decides".to_owned());
        } else if !matched && beyond == 0 {
            notes.push("no rule matched; the default rule decides".to_owned());
        }
        if rules.revision != tried.revision {
            notes.push("the rules have been changed since; the numbers are those of then".to_owned());
        }
        notes
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Evidence, PlacedBy};
    use super::*;
    use crate::id::RuleId;
    use crate::routing::{RuleField, TriedRules};
    use crate::rule::Rule;

    fn rules(revision: u64) -> RuleSet {
        let rule = |number: u8| Rule::new(RuleId::from_bytes([number; 16]), &format!("rule {number}"));
        RuleSet { revision, rules: (1..4).map(rule).collect(), ..RuleSet::default() }
    }

    fn tried(failed: &str, tried: u32) -> Option<TriedRules> {
        Some(TriedRules { revision: 4, tried, failed: failed.to_owned() })
    }

    #[test]
    fn rules_are_named_only_if_they_are_still_those_that_were_tried() {
        let explanation = Explanation {
            tried: tried("-t!", 3),
            placed_by: Some(PlacedBy::MatchingAddress),
            ..Explanation::default()
        };
        let reasons = explanation.reasons(&rules(4));
        let named: Vec<_> = reasons.rules.iter().map(|it| (it.number, it.description.as_deref(), it.trial)).collect();
        let expected = [
            (1, Some("rule 1"), Trial::Disabled),
            (2, Some("rule 2"), Trial::Failed(RuleField::To)),
            (3, Some("rule 3"), Trial::Matched),
        ];
        assert_eq!(named, expected);
        assert_eq!(reasons.notes, [""; 0]);
        let later = explanation.reasons(&rules(5));
        assert!(later.rules.iter().all(|it| it.description.is_none()));
        assert_eq!(later.notes, ["the rules have been changed since; the numbers are those of then"]);
    }

    #[test]
    fn what_matched_and_did_nothing_is_said() {
        let follow_up =
            Explanation { tried: tried("t!", 2), evidence: Some(Evidence::TokenInReplyTo), ..Explanation::default() };
        assert!(follow_up.reasons(&rules(4)).notes[0].contains("does nothing"));
        let tied = Explanation {
            tried: tried("ttt", 3),
            evidence: Some(Evidence::TokenInReplyTo),
            ..Explanation::default()
        };
        assert_eq!(tied.reasons(&rules(4)).notes, ["no rule matched; what ties the mail to its ticket decides"]);
        let nothing = Explanation { tried: tried("ttt", 3), ..Explanation::default() };
        assert_eq!(nothing.reasons(&rules(4)).notes, ["no rule matched; the default rule decides"]);
        let many = Explanation { tried: tried("ttt", 300), ..Explanation::default() };
        assert_eq!(
            many.reasons(&rules(4)).notes,
            ["of the 300 rules that were tried only the first 3 are remembered"]
        );
        assert_eq!(Explanation::default().reasons(&rules(4)).notes, [""; 0]);
    }
}
