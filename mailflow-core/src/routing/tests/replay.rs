//! Replay: the rules as they are move nothing, and other rules move exactly what they place elsewhere (AC-23).

use std::sync::Arc;

use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use super::sample::{Sample, naive, rule, sample, set};
use crate::directory::Directory;
use crate::explanation::{Explanation, PlacedBy};
use crate::id::{MessageId, TicketId};
use crate::mail::{Mailbox, Sender};
use crate::message::{Author, Direction, Message};
use crate::routing::{Replay, Replayed};
use crate::rule::{Rule, RuleEffect, RuleSet};
use crate::ticket::Priority;

/// The message that a sample becomes: it made a ticket.
fn message(sample: &Sample) -> Message {
    Message {
        id: MessageId::from_bytes([2; 16]),
        ticket: TicketId::from_bytes([1; 16]),
        at: sample.at,
        direction: Direction::Inbound,
        author: sample.contact.as_ref().map_or(Author::Unknown, |contact| Author::Contact(contact.id)),
        from: Sender { name: String::new(), address: sample.from.clone() },
        reply_to: Vec::new(),
        to: sample.recipients.iter().cloned().map(Mailbox::from).collect(),
        cc: Vec::new(),
        bcc: Vec::new(),
        delivered_to: Vec::new(),
        source: Some(sample.source),
        received_by: None,
        subject: sample.subject.clone(),
        message_id: None,
        references: Vec::new(),
        date: None,
        raw: None,
        size: sample.size,
        essence: None,
        text: sample.text.clone(),
        has_html: false,
        attachments: sample.attachments.clone(),
        automatic: None,
        bounce: None,
        spam: sample.spam,
        authentication: sample.authentication,
        defects: Vec::new(),
        explanation: Some(Explanation { placed_by: Some(PlacedBy::DefaultTicketbox), ..Explanation::default() }),
        forwards: None,
        outgoing: None,
    }
}

/// Every rule with a priority of its own, as far as there are so many.
fn told_apart(rules: &[Rule], from: usize) -> RuleSet {
    let priorities = [Priority::Low, Priority::High, Priority::Urgent];
    let with = |(at, rule): (usize, &Rule)| {
        let priority = Some(priorities[(at + from) % priorities.len()]);
        Rule { then: RuleEffect { priority, ..RuleEffect::default() }, ..rule.clone() }
    };
    set(rules.iter().enumerate().map(with).collect())
}

fn replay(live: &RuleSet, draft: &RuleSet, sample: &Sample) -> Replayed {
    let mut directory = Directory::default();
    directory.rule_set = live.clone();
    let replay = Replay::new(Arc::new(directory), draft).unwrap();
    let mut replayed = replay.begin();
    replay.look(&message(sample), &sample.headers, sample.contact.as_ref(), &mut replayed);
    replayed
}

fn check(
    live: &[Rule],
    draft: &[Rule],
    sample: &Sample,
    first: fn(&[Rule], &Sample) -> Option<usize>,
) -> TestCaseResult {
    let (live_rules, draft_rules) = (told_apart(live, 0), told_apart(draft, 1));
    let same = replay(&live_rules, &live_rules, sample);
    prop_assert_eq!((same.mails, same.moved), (1, 0), "the rules as they are move nothing");
    let priority =
        |set: &RuleSet, winner: Option<usize>| winner.and_then(|at| set.rules[at].then.priority).unwrap_or_default();
    let (before, after) = (first(live, sample), first(draft, sample));
    let moved = priority(&live_rules, before) != priority(&draft_rules, after);
    let other = replay(&live_rules, &draft_rules, sample);
    prop_assert_eq!(other.moved, u64::from(moved), "what is placed otherwise is moved, and nothing else");
    let won: Vec<usize> = (0..draft.len()).filter(|at| other.rules[*at].won > 0).collect();
    prop_assert_eq!(won, Vec::from_iter(after), "the winner is counted, and nobody else");
    Ok(())
}

type TestCaseResult = Result<(), TestCaseError>;

/// The first rule by the reference.
fn first(rules: &[Rule], sample: &Sample) -> Option<usize> {
    rules.iter().position(|rule| rule.enabled && naive(rule, sample).is_ok())
}

/// The reference with a fault: the last one.
fn last(rules: &[Rule], sample: &Sample) -> Option<usize> {
    rules.iter().rposition(|rule| rule.enabled && naive(rule, sample).is_ok())
}

fn two_sets() -> impl Strategy<Value = (Vec<Rule>, Vec<Rule>)> {
    (prop::collection::vec(rule(), 0..6), prop::collection::vec(rule(), 0..6))
}

proptest! {
    #![proptest_config(Config { cases: 200, ..Config::default() })]

    #[test]
    fn ac_23_a_replay_moves_what_other_rules_place_elsewhere_and_nothing_else(sets in two_sets(), sample in sample()) {
        check(&sets.0, &sets.1, &sample, first)?;
    }
}

#[test]
fn ac_23_control_a_replay_that_takes_the_last_rule_is_found() {
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let config = Config { cases: 400, failure_persistence: None, max_shrink_iters: 0, ..Config::default() };
    let found = TestRunner::new_with_rng(config, rng)
        .run(&(two_sets(), sample()), |(sets, sample)| check(&sets.0, &sets.1, &sample, last));
    assert!(found.is_err(), "not found");
}
