//! What is said of rules without any mail: that they never win.

use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use super::sample::{Sample, naive, rule, sample, set};
use crate::directory::Directory;
use crate::id::RuleId;
use crate::routing::hidden::{hidden_as, takes_all_of};
use crate::routing::warnings;
use crate::rule::Rule;

/// What is said of rules without any mail is so for these mails; `takes` says which rule takes all mail of another.
fn foretold(rules: &[Rule], samples: &[Sample], takes: fn(&Rule, &Rule) -> bool) -> Result<(), TestCaseError> {
    let hidden = hidden_as(&set(rules.to_vec()), takes);
    for (place, by) in &hidden {
        prop_assert!(by < place && rules[*place as usize - 1].enabled && rules[*by as usize - 1].enabled);
    }
    for sample in samples {
        let won = rules.iter().position(|rule| rule.enabled && naive(rule, sample).is_ok());
        if let Some(by) = won.and_then(|won| hidden.get(&(won as u32 + 1))) {
            prop_assert!(false, "rule {:?} is called hidden behind {} and wins {:?}", won, by, sample);
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(Config { cases: 400, ..Config::default() })]

    #[test]
    fn a_rule_that_is_called_hidden_or_without_a_match_never_wins(
        rules in prop::collection::vec(rule(), 0..16),
        samples in prop::collection::vec(sample(), 1..8),
    ) {
        foretold(&rules, &samples, takes_all_of)?;
        // A directory without sources: what asks for one never matches, which says nothing about these mails.
        let bare: Vec<Rule> = rules.into_iter().map(|it| Rule { sources: Vec::new(), ..it }).collect();
        for (place, told) in warnings(&set(bare.clone()), &Directory::default()) {
            let never = told.iter().any(|it| it.code() == "never_matches");
            for sample in samples.iter().filter(|_| never) {
                prop_assert!(naive(&bare[place as usize - 1], sample).is_err(), "rule {} matches {:?}", place, sample);
            }
        }
    }
}

#[test]
fn control_rules_that_are_wrongly_called_hidden_are_found() {
    type Fault = (&'static str, fn(&Rule, &Rule) -> bool);
    let faults: [Fault; 3] = [
        ("From is not compared", |a, b| takes_all_of(&Rule { from: Vec::new(), ..a.clone() }, b)),
        ("To is not compared", |a, b| takes_all_of(&Rule { to: Vec::new(), ..a.clone() }, b)),
        ("text is not compared", |a, b| takes_all_of(&Rule { text: Vec::new(), ..a.clone() }, b)),
    ];
    for (name, fault) in faults {
        let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
        let config = Config { cases: 1000, failure_persistence: None, max_shrink_iters: 0, ..Config::default() };
        let cases = (prop::collection::vec(rule(), 2..8), prop::collection::vec(sample(), 1..8));
        let found =
            TestRunner::new_with_rng(config, rng).run(&cases, |(rules, samples)| foretold(&rules, &samples, fault));
        assert!(found.is_err(), "{name}: not found");
    }
}

#[test]
fn a_rule_behind_one_that_takes_all_its_mail_is_called_hidden() {
    let from = |from: &str| Rule { from: vec![from.to_owned()], ..Rule::new(RuleId::from_bytes([1; 16]), from) };
    let hidden = |rules: Vec<Rule>| crate::routing::hidden(&set(rules)).into_iter().collect::<Vec<_>>();
    assert_eq!(hidden(vec![from("*.one.example"), from("a@two.example"), from("x@sub.one.example")]), [(3, 1)]);
    assert_eq!(hidden(vec![from("@one.example"), from("A@One.example"), from("b@one.example")]), [(2, 1), (3, 1)]);
    assert_eq!(hidden(vec![from("a@one.example"), from("@one.example")]), []);
    assert_eq!(hidden(vec![Rule { enabled: false, ..from("*") }, from("a@one.example")]), []);
    let both = Rule { to: vec!["b@two.example".to_owned()], ..from("a@one.example") };
    assert_eq!(hidden(vec![from("a*@one.example"), both.clone()]), [(2, 1)]);
    assert_eq!(hidden(vec![both, from("a@one.example")]), []);
}
