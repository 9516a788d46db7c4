//! The compiled rules against a reference that is obviously right (AC-23).

mod compiling;
mod hidden;
mod replay;
mod sample;

use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use self::sample::{Sample, naive, rule, sample, set};
use super::bits::Bits;
use super::text_index::TextIndex;
use super::{RuleField, Rules};
use crate::rule::Rule;

/// The place of the winner, counted from 0.
fn winner(rules: &Rules, sample: &Sample) -> Option<usize> {
    rules.first_match(&sample.matter()).map(|(number, _)| number as usize - 1)
}

/// Everything that AC-23 says of one rule set and one mail; `plant` puts a fault into the compiled rules.
fn check(rules: &[Rule], sample: &Sample, plant: fn(&mut Rules)) -> Result<(), TestCaseError> {
    let mut own = Rules::compile(&set(rules.to_vec())).unwrap();
    plant(&mut own);
    // Others are compiled after them, and take over what they share.
    let compiled = |rules: Vec<Rule>| {
        let mut compiled = own.compile_again(&set(rules)).unwrap();
        plant(&mut compiled);
        compiled
    };
    let expected = rules.iter().position(|rule| rule.enabled && naive(rule, sample).is_ok());
    prop_assert_eq!(winner(&own, sample), expected, "the lowest enabled rule all of whose fields match wins");

    // Explanation and decision are one.
    let matter = sample.matter();
    let decided = own.decide(&matter);
    prop_assert_eq!(decided.winner().map(|(number, _)| number as usize - 1), expected);
    let last = expected.map_or(rules.len(), |it| it + 1);
    let tried: Vec<(usize, Option<RuleField>)> =
        decided.tried().map(|(number, _, failed)| (number as usize - 1, failed)).collect();
    let naively: Vec<(usize, Option<RuleField>)> = rules
        .iter()
        .enumerate()
        .take(last)
        .filter(|(_, rule)| rule.enabled)
        .map(|(at, rule)| (at, naive(rule, sample).err()))
        .collect();
    prop_assert_eq!(&tried, &naively, "each rule tried failed at its first field that does not match");
    let compact = decided.compact();
    let failures: Vec<(usize, Option<RuleField>)> =
        compact.failures().map(|(number, field)| (number as usize - 1, Some(field))).collect();
    prop_assert_eq!(failures, tried.into_iter().filter(|(_, failed)| failed.is_some()).collect::<Vec<_>>());

    let all: Vec<usize> = own.all_matches(&matter).iter().map(|place| place - 1).collect();
    let naively: Vec<usize> =
        (0..rules.len()).filter(|at| rules[*at].enabled && naive(&rules[*at], sample).is_ok()).collect();
    prop_assert_eq!(all, naively, "all that match are named");

    // Losers do not matter: neither that they are there, nor in which order they stand before or after the winner.
    for loser in (0..rules.len()).filter(|at| Some(*at) != expected) {
        let mut others = rules.to_vec();
        others[loser].enabled = false;
        prop_assert_eq!(winner(&compiled(others), sample), expected, "without loser {}", loser);
    }
    if let Some(at) = expected {
        let mut turned = rules.to_vec();
        turned[..at].reverse();
        turned[at + 1..].reverse();
        prop_assert_eq!(winner(&compiled(turned), sample), expected, "with losers turned round");
    }
    Ok(())
}

proptest! {
    #![proptest_config(Config { cases: 400, ..Config::default() })]

    #[test]
    fn ac_23_the_compiled_rules_do_what_the_list_says(rules in prop::collection::vec(rule(), 0..12), sample in sample()) {
        check(&rules, &sample, |_| ())?;
    }
}

#[test]
fn ac_23_control_each_planted_fault_is_found() {
    type Fault = (&'static str, fn(&mut Rules));
    let faults: [Fault; 9] = [
        ("rules without a key are forgotten", |rules| rules.always = Bits::none(rules.rules.len())),
        ("the subject is not looked into", |rules| rules.texts[0] = Default::default()),
        ("rules of a To pattern are forgotten", |rules| rules.by_to.iter_mut().for_each(Vec::clear)),
        ("rules of an expression are forgotten", |rules| rules.by_text.iter_mut().for_each(Vec::clear)),
        ("words are forgotten", |rules| rules.texts.iter_mut().for_each(TextIndex::forget_words)),
        ("what has no word is forgotten", |rules| {
            rules.texts.iter_mut().for_each(TextIndex::forget_what_has_no_word)
        }),
        ("a field is skipped", |rules| {
            rules.rules.iter_mut().for_each(|it| it.asked = it.asked.without(RuleField::From))
        }),
        ("disabled rules are tried", |rules| rules.rules.iter_mut().for_each(|it| it.rule.enabled = true)),
        ("rules are presumed to fail that nothing is known of", |rules| rules.presumed.forget_open()),
    ];
    for (name, fault) in faults {
        let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
        let config = Config { cases: 400, failure_persistence: None, max_shrink_iters: 0, ..Config::default() };
        let found = TestRunner::new_with_rng(config, rng)
            .run(&(prop::collection::vec(rule(), 0..12), sample()), |(rules, sample)| check(&rules, &sample, fault));
        assert!(found.is_err(), "{name}: not found");
    }
}
