//! The compiled rules against a reference that is obviously right (AC-23).

mod replay;

use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use regex::RegexBuilder;

use super::address_index::{glob, matches, normal};
use super::bits::Bits;
use super::hidden::{hidden_as, takes_all_of};
use super::{Matter, RuleField, Rules, conditions, warnings};
use crate::contact::Contact;
use crate::directory::Directory;
use crate::id::{AgentId, ContactId, RuleId, SourceId};
use crate::mail::{Address, Header, Spam};
use crate::message::AttachmentInfo;
use crate::routing::Authentication;
use crate::rule::{
    AttachmentPattern, AuthenticationMethod, AuthenticationTest, ContactTest, Rule, RuleSet, Score, SizeRange,
    SpamTest, Syntax, TextField, TextPattern, TimeSpan, Verdict, Weekday,
};
use crate::time::Timestamp;

/// A mail, as rules see it.
#[derive(Debug, Clone)]
struct Sample {
    source: SourceId,
    at: Timestamp,
    size: u64,
    from: Option<Address>,
    recipients: Vec<Address>,
    subject: String,
    text: String,
    headers: Vec<Header>,
    attachments: Vec<AttachmentInfo>,
    authentication: Authentication,
    spam: Spam,
    contact: Option<Contact>,
}

impl Sample {
    fn matter(&self) -> Matter<'_> {
        Matter {
            source: Some(self.source),
            at: self.at,
            size: self.size,
            from: self.from.as_ref(),
            recipients: self.recipients.iter().collect(),
            subject: &self.subject,
            text: &self.text,
            headers: &self.headers,
            attachments: &self.attachments,
            authentication: self.authentication,
            spam: self.spam,
            contact: self.contact.as_ref(),
        }
    }
}

const WORDS: [&str; 12] = [
    "invoice",
    "Order 0042",
    "ORDER 17",
    "tas\u{212A}",
    "Stra\u{17F}e",
    "crash",
    "pay now",
    "Überweisung",
    "\u{17F}hip",
    "kiosk",
    "a.b",
    "12345",
];
const EXPRESSIONS: [&str; 20] = [
    r"\binvoice\b",
    r"\b(order|case)[ #:-]*0*42",
    r"order (?<number>\d+)",
    "task",
    "(?-i)Order",
    "stra(s|ß)e",
    r"\d{5}",
    "(pay|play) now",
    "überweisung",
    "ship",
    "KIOSK",
    "x*",
    "never-there",
    "(crash|)",
    "^crash",
    r"a\.b",
    "[kK]iosk",
    "(?:cra)+sh",
    r"order\s*\d.*invoice",
    "(?i-u:invoice)",
];
const ADDRESSES: [&str; 7] = [
    "ada@one.example",
    "Support@example.com",
    "support+tag@example.com",
    "sales-eu@example.com",
    "bob@sub.one.example",
    "bob@deep.sub.one.example",
    "x@example.org",
];
const ADDRESS_PATTERNS: [&str; 12] = [
    "ada@one.example",
    "support@example.com",
    "example.com",
    "@one.example",
    "*.one.example",
    "*@sub.one.example",
    "sales-*@example.com",
    "?ob@*.example",
    "*",
    "nobody@example.com",
    "support+tag@example.com",
    "*@*.org",
];

fn words() -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(&WORDS[..]), 0..5).prop_map(|words| words.join(" "))
}

fn address() -> impl Strategy<Value = Address> {
    prop::sample::select(&ADDRESSES[..]).prop_map(|it| Address::new(it).unwrap())
}

fn contact() -> impl Strategy<Value = Contact> {
    (any::<bool>(), 0..3_u8, prop::sample::select(vec!["gold", "Silver"])).prop_map(|(known, owner, level)| Contact {
        id: ContactId::from_bytes([1; 16]),
        name: String::new(),
        addresses: Vec::new(),
        phones: Vec::new(),
        owner: (owner > 0).then(|| AgentId::from_bytes([owner; 16])),
        notes: String::new(),
        properties: BTreeMap::from([("level".to_owned(), level.to_owned())]),
        created: if known { Timestamp::MIN } else { Timestamp::MAX },
    })
}

fn verdict() -> impl Strategy<Value = Verdict> {
    prop::sample::select(vec![Verdict::None, Verdict::Pass, Verdict::Fail, Verdict::Unclear])
}

fn sample() -> impl Strategy<Value = Sample> {
    let texts = (words(), words(), prop::collection::vec(words(), 0..2));
    let people = (prop::option::of(address()), prop::collection::vec(address(), 0..4), prop::option::of(contact()));
    let spam = (prop::option::of(any::<bool>()), prop::option::of(0..10_i16));
    let rest =
        (0..3_u8, 0..7 * 24 * 60_i64, 0..4000_u64, verdict(), prop::sample::select(vec!["", "a.PDF", "b.png"]));
    (texts, people, spam, rest).prop_map(
        |((subject, text, headers), people, spam, (source, minute, size, verdict, file))| {
            let (from, recipients, contact) = people;
            let attachment = AttachmentInfo {
                filename: Some(file.to_owned()),
                content_type: if file.ends_with("png") { "image/png" } else { "application/pdf" }.to_owned(),
                size: 1,
                inline: false,
                content_id: None,
            };
            Sample {
                source: SourceId::from_bytes([source; 16]),
                at: Timestamp::from_millis(1_700_000_000_000 + minute * 60_000),
                size,
                from,
                recipients,
                subject,
                text,
                headers: headers.into_iter().map(|value| Header { name: "X-Words".to_owned(), value }).collect(),
                attachments: if file.is_empty() { Vec::new() } else { vec![attachment] },
                authentication: Authentication { dmarc: verdict, ..Authentication::default() },
                spam: Spam { flag: spam.0, score: spam.1.map(f32::from) },
                contact,
            }
        },
    )
}

fn text_pattern() -> impl Strategy<Value = TextPattern> {
    let within = prop::collection::vec(prop::sample::select(&TextField::ALL[..]), 0..3);
    let expression = prop::sample::select(&EXPRESSIONS[..]).prop_map(|it| (it.to_owned(), Syntax::Expression));
    let plain = prop::sample::select(&WORDS[..]).prop_map(|it| (it.to_uppercase(), Syntax::Words));
    (within, prop_oneof![3 => expression, 1 => plain]).prop_map(|(within, (pattern, syntax))| TextPattern {
        within,
        pattern,
        syntax,
    })
}

fn contact_test() -> impl Strategy<Value = ContactTest> {
    prop_oneof![
        Just(ContactTest::Known),
        Just(ContactTest::Unknown),
        Just(ContactTest::Owned),
        Just(ContactTest::OwnedBy(AgentId::from_bytes([1; 16]))),
        Just(ContactTest::Property { name: "level".to_owned(), value: "G*d".to_owned() }),
    ]
}

/// A field that mostly says nothing.
fn seldom<T: std::fmt::Debug + Clone + 'static>(
    of: impl Strategy<Value = T> + 'static,
) -> impl Strategy<Value = Vec<T>> {
    prop_oneof![5 => Just(Vec::new()), 1 => prop::collection::vec(of, 1..3)]
}

fn rule() -> impl Strategy<Value = Rule> {
    let some = |of: &'static [&'static str]| {
        let entries = prop::collection::vec(prop::sample::select(of).prop_map(str::to_owned), 1..3);
        prop_oneof![1 => Just(Vec::new()), 1 => entries]
    };
    let texts = prop_oneof![1 => Just(Vec::new()), 1 => prop::collection::vec(text_pattern(), 1..3)];
    let size = (prop::option::of(0..4000_u64), prop::option::of(0..4000_u64))
        .prop_map(|(at_least, at_most)| SizeRange { at_least, at_most });
    let spam =
        prop::sample::select(vec![SpamTest::Flagged, SpamTest::NotFlagged, SpamTest::ScoreAtLeast(Score::from(4.5))]);
    let time = (0..24_u16, 0..24_u16, -2..3_i32).prop_map(|(from, until, offset)| TimeSpan {
        days: vec![Weekday::Monday, Weekday::Wednesday, Weekday::Sunday],
        from: format!("{from}:30").parse().unwrap(),
        until: format!("{until}:00").parse().unwrap(),
        utc_offset_minutes: offset * 60,
    });
    let file = prop::sample::select(vec![
        AttachmentPattern { name: Some("*.Pdf".to_owned()), content_type: None },
        AttachmentPattern { name: None, content_type: Some("image/*".to_owned()) },
    ]);
    let authentication =
        verdict().prop_map(|verdict| AuthenticationTest { method: AuthenticationMethod::Dmarc, verdict });
    (
        prop::bool::weighted(0.8),
        (some(&ADDRESS_PATTERNS), some(&ADDRESS_PATTERNS), texts),
        (seldom(size), seldom(spam), seldom(time), seldom(file), seldom(authentication), seldom(contact_test())),
        seldom((0..3_u8).prop_map(|it| SourceId::from_bytes([it; 16]))),
    )
        .prop_map(|(enabled, (to, from, text), rest, sources)| {
            let (size, spam, time, attachments, authentication, contact) = rest;
            Rule {
                enabled,
                sources,
                to,
                from,
                text,
                attachments,
                size,
                contact,
                authentication,
                spam,
                time,
                ..Rule::new(RuleId::from_bytes([1; 16]), "a rule")
            }
        })
}

fn set(rules: Vec<Rule>) -> RuleSet {
    RuleSet { rules, ..RuleSet::default() }
}

/// Whether a rule matches, field by field, entry by entry.
fn naive(rule: &Rule, sample: &Sample) -> Result<(), RuleField> {
    let matter = sample.matter();
    let headers: String = sample.headers.iter().map(|it| format!("{}: {}\n", it.name, it.value)).collect();
    let found = |it: &TextPattern| {
        let source = if it.syntax == Syntax::Words { regex::escape(&it.pattern) } else { it.pattern.clone() };
        let regex = RegexBuilder::new(&source).case_insensitive(true).multi_line(true).build().unwrap();
        let within = if it.within.is_empty() { TextField::ALL.to_vec() } else { it.within.clone() };
        within.iter().any(|field| match field {
            TextField::Subject => regex.is_match(&sample.subject),
            TextField::Body => regex.is_match(&sample.text),
            TextField::Headers => regex.is_match(&headers),
        })
    };
    let file = |it: &AttachmentPattern| {
        let fits = |pattern: &Option<String>, text: &str| {
            pattern.as_ref().is_none_or(|pattern| glob(&pattern.to_lowercase(), &text.to_lowercase()))
        };
        sample.attachments.iter().any(|known| {
            fits(&it.name, known.filename.as_deref().unwrap()) && fits(&it.content_type, &known.content_type)
        })
    };
    let fields = [
        (RuleField::Source, rule.sources.is_empty() || rule.sources.contains(&sample.source)),
        (RuleField::Time, rule.time.is_empty() || rule.time.iter().any(|it| conditions::time(it, sample.at))),
        (RuleField::Size, rule.size.is_empty() || rule.size.iter().any(|it| conditions::size(it, sample.size))),
        (
            RuleField::To,
            rule.to.is_empty()
                || rule.to.iter().any(|it| sample.recipients.iter().any(|to| matches(&normal(it), to))),
        ),
        (
            RuleField::From,
            rule.from.is_empty()
                || sample.from.as_ref().is_some_and(|from| rule.from.iter().any(|it| matches(&normal(it), from))),
        ),
        (RuleField::Spam, rule.spam.is_empty() || rule.spam.iter().any(|it| conditions::spam(*it, &matter))),
        (
            RuleField::Authentication,
            rule.authentication.is_empty()
                || rule.authentication.iter().any(|it| sample.authentication.verdict(it.method) == it.verdict),
        ),
        (
            RuleField::Contact,
            rule.contact.is_empty() || rule.contact.iter().any(|it| conditions::contact(it, &matter)),
        ),
        (RuleField::Attachments, rule.attachments.is_empty() || rule.attachments.iter().any(file)),
        (RuleField::Text, rule.text.is_empty() || rule.text.iter().any(found)),
    ];
    fields.into_iter().find(|(_, fits)| !fits).map_or(Ok(()), |(field, _)| Err(field))
}

/// The place of the winner, counted from 0.
fn winner(rules: &Rules, sample: &Sample) -> Option<usize> {
    rules.first_match(&sample.matter()).map(|(number, _)| number as usize - 1)
}

/// Everything that AC-23 says of one rule set and one mail; `plant` puts a fault into the compiled rules.
fn check(rules: &[Rule], sample: &Sample, plant: fn(&mut Rules)) -> Result<(), TestCaseError> {
    let compiled = |rules: Vec<Rule>| {
        let mut compiled = Rules::compile(&set(rules)).unwrap();
        plant(&mut compiled);
        compiled
    };
    let own = compiled(rules.to_vec());
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

    let all: Vec<usize> = own.all_matches(&matter).iter().map(|number| *number as usize - 1).collect();
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
    let faults: [Fault; 6] = [
        ("rules without a key are forgotten", |rules| rules.always = Bits::none(rules.rules.len())),
        ("the subject is not looked into", |rules| rules.texts[0] = Default::default()),
        ("rules of a To pattern are forgotten", |rules| rules.by_to.iter_mut().for_each(Vec::clear)),
        ("rules of an expression are forgotten", |rules| rules.by_text.iter_mut().for_each(Vec::clear)),
        ("a field is skipped", |rules| rules.rules.iter_mut().for_each(|it| it.from.clear())),
        ("disabled rules are tried", |rules| rules.rules.iter_mut().for_each(|it| it.rule.enabled = true)),
    ];
    for (name, fault) in faults {
        let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
        let config = Config { cases: 400, failure_persistence: None, max_shrink_iters: 0, ..Config::default() };
        let found = TestRunner::new_with_rng(config, rng)
            .run(&(prop::collection::vec(rule(), 0..12), sample()), |(rules, sample)| check(&rules, &sample, fault));
        assert!(found.is_err(), "{name}: not found");
    }
}

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
    for (before, found) in [(super::BODY_LOOKED_INTO - 6, true), (super::BODY_LOOKED_INTO - 5, false)] {
        let mail = crate::mail::Mail { text: format!("{}needle", "x".repeat(before)), ..Default::default() };
        let matter = Matter::of_mail(SourceId::from_bytes([1; 16]), Timestamp::MIN, 0, &mail);
        assert_eq!(rules.first_match(&matter).is_some(), found, "after {before} bytes");
    }
}

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
    let hidden = |rules: Vec<Rule>| super::hidden(&set(rules)).into_iter().collect::<Vec<_>>();
    assert_eq!(hidden(vec![from("*.one.example"), from("a@two.example"), from("x@sub.one.example")]), [(3, 1)]);
    assert_eq!(hidden(vec![from("@one.example"), from("A@One.example"), from("b@one.example")]), [(2, 1), (3, 1)]);
    assert_eq!(hidden(vec![from("a@one.example"), from("@one.example")]), []);
    assert_eq!(hidden(vec![Rule { enabled: false, ..from("*") }, from("a@one.example")]), []);
    let both = Rule { to: vec!["b@two.example".to_owned()], ..from("a@one.example") };
    assert_eq!(hidden(vec![from("a*@one.example"), both.clone()]), [(2, 1)]);
    assert_eq!(hidden(vec![both, from("a@one.example")]), []);
}
