//! What rules are compiled to, and what cannot be compiled.

use std::collections::BTreeMap;

use super::sample::set;
use crate::id::{RuleId, SourceId};
use crate::routing::{BODY_LOOKED_INTO, Matter, RuleField, Rules};
use crate::rule::{Rule, Syntax, TextField, TextPattern};
use crate::time::Timestamp;

#[test]
fn named_groups_of_the_winner_fill_custom_fields() {
    let pattern = TextPattern {
        within: vec![TextField::Body, TextField::Subject],
        pattern: r"order (?<order>\d+)(?: for (?<customer>\w+))?".to_owned(),
        syntax: Syntax::Expression,
    };
    let rule = Rule { text: vec![pattern], ..Rule::new(RuleId::from_bytes([1; 16]), "orders") };
    let rules = Rules::compile(&set(vec![rule])).unwrap();
    let mail = crate::mail::parse(b"From: a@one.example\r\nSubject: ORDER 17\r\n\r\nwords\r\n", &Default::default());
    let matter = Matter::of_mail(SourceId::from_bytes([1; 16]), Timestamp::MIN, 0, &mail);
    let fields = rules.decide(&matter).captures();
    assert_eq!(fields, BTreeMap::from([("order".to_owned(), "17".to_owned())]));
}

#[test]
fn a_rule_that_does_not_compile_says_which_and_where() {
    let with = |pattern: &str| {
        let pattern = TextPattern { within: Vec::new(), pattern: pattern.to_owned(), syntax: Syntax::Expression };
        let fine = Rule::new(RuleId::from_bytes([1; 16]), "fine");
        let bad = Rule { text: vec![pattern], ..Rule::new(RuleId::from_bytes([2; 16]), "bad") };
        Rules::compile(&set(vec![fine, bad])).unwrap_err()
    };
    let error = with("äb(c");
    assert_eq!(error.to_string(), "rule 2 `bad`: `äb(c` is not an expression: unclosed group, at character 3");
    assert_eq!((error.number, error.field, error.entry, error.place), (2, RuleField::Text, 0, Some((3, 4))));
    let error = with(r"(?:\w{1000}){1000}");
    assert!(error.problem.contains("takes more than"), "{error}");
    let error = with(&"x".repeat((64 << 10) + 1));
    assert!(error.problem.contains("65537 bytes; at most 65536"), "{error}");
    let backreference = with(r"(a)\1");
    assert!(backreference.problem.contains("backreferences are not supported"), "{backreference}");
}

#[test]
fn what_stands_beyond_the_limit_is_not_looked_at() {
    let pattern = TextPattern { within: vec![TextField::Body], pattern: "needle".to_owned(), syntax: Syntax::Words };
    let rule = Rule { text: vec![pattern], ..Rule::new(RuleId::from_bytes([1; 16]), "needles") };
    let rules = Rules::compile(&set(vec![rule])).unwrap();
    for (before, found) in [(BODY_LOOKED_INTO - 6, true), (BODY_LOOKED_INTO - 5, false)] {
        let mail = crate::mail::Mail { text: format!("{}needle", "x".repeat(before)), ..Default::default() };
        let matter = Matter::of_mail(SourceId::from_bytes([1; 16]), Timestamp::MIN, 0, &mail);
        assert_eq!(rules.first_match(&matter).is_some(), found, "after {before} bytes");
    }
}
