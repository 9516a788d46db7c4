//! From a rule set to [`Rules`]: expressions are compiled, every rule is filed under the field that says most.

use std::collections::HashMap;

use regex::Regex;

use super::address_index::AddressIndex;
use super::bits::Bits;
use super::field::{Asked, RuleField};
use super::literals::{self, Required};
use super::pattern::{COMPILED_BYTES, Pattern, build};
use super::presumed::Presumed;
use super::rules::{Compiled, InvalidRules, Rules};
use super::text_index::{Entry, TextIndex};
use crate::rule::{AttachmentPattern, Rule, RuleSet, Syntax, TextField, TextPattern};

/// The most bytes of an expression.
const PATTERN_BYTES: usize = 64 << 10;
/// How many of its sets of words are looked for before an expression is.
const SETS: usize = 2;
/// Only words of so many letters are looked for beside others: shorter ones cost more than they say.
const LONG: usize = 5;
/// A word of so many letters says enough: no other is looked for beside it.
const ENOUGH: usize = 10;
/// What filing under an expression without a word costs, compared to one more rule to be looked at.
const NO_WORD: usize = 1000;

/// What a rule is filed under.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Key {
    /// Its expressions.
    Text,
    /// Its `To` patterns.
    To,
    /// Its `From` patterns.
    From,
    /// Nothing: it is always looked at.
    Nothing,
}

/// An expression on its way, with the words that it could be filed under.
pub(super) struct Draft {
    expression: String,
    required: Required,
    rule: usize,
}

/// All expressions on their way; the same one in several rules is one.
struct Drafts<'a> {
    all: Vec<Draft>,
    numbers: HashMap<&'a TextPattern, usize>,
    /// Those that were compiled before.
    known: HashMap<&'a str, &'a Pattern>,
}

pub fn compile<'a>(set: &'a RuleSet, before: &'a Rules) -> Result<Rules, InvalidRules> {
    let mut rules = Rules {
        revision: set.revision,
        default: set.default.clone(),
        always: Bits::none(set.rules.len()),
        ..Rules::default()
    };
    let known = before.patterns.iter().map(|it| (it.expression(), it)).collect();
    let mut drafts = Drafts { all: Vec::new(), numbers: HashMap::new(), known };
    for (at, rule) in set.rules.iter().enumerate() {
        let compiled = Compiled {
            asked: Asked::by(rule),
            key: Key::Nothing,
            to: addresses(&mut rules.to, &rule.to),
            from: addresses(&mut rules.from, &rule.from),
            text: expressions(&mut rules.patterns, &mut drafts, at, rule)?,
            rule: lowered(rule),
        };
        rules.rules.push(compiled);
    }
    file(&mut rules, &drafts.all);
    rules.presumed = Presumed::new(&rules.rules);
    Ok(rules)
}

fn addresses(index: &mut AddressIndex, patterns: &[String]) -> Vec<usize> {
    patterns.iter().map(|pattern| index.put(pattern)).collect()
}

/// The rule with what is compared in lower case.
fn lowered(rule: &Rule) -> Rule {
    let lower = |text: &Option<String>| text.as_ref().map(|text| text.trim().to_lowercase());
    let attachments = rule.attachments.iter();
    let attachments = attachments
        .map(|it| AttachmentPattern { name: lower(&it.name), content_type: lower(&it.content_type) })
        .collect();
    Rule { attachments, ..rule.clone() }
}

fn expressions<'a>(
    patterns: &mut Vec<Pattern>,
    drafts: &mut Drafts<'a>,
    at: usize,
    rule: &'a Rule,
) -> Result<Vec<usize>, InvalidRules> {
    let mut numbers = Vec::with_capacity(rule.text.len());
    for (entry, it) in rule.text.iter().enumerate() {
        if let Some(number) = drafts.numbers.get(it) {
            numbers.push(*number);
            continue;
        }
        let invalid = |(place, problem): Problem| InvalidRules {
            number: u32::try_from(at + 1).unwrap_or(u32::MAX),
            description: rule.description.clone(),
            field: RuleField::Text,
            entry,
            place,
            problem,
        };
        let draft = draft(it, at).map_err(invalid)?;
        let within = if it.within.is_empty() { TextField::ALL.to_vec() } else { it.within.clone() };
        let pattern = match drafts.known.get(draft.expression.as_str()) {
            Some(known) => known.looked_for(within),
            None => {
                // It is dropped again: what it takes is had when it is first tried.
                drop(built(&it.pattern, &draft.expression).map_err(invalid)?);
                Pattern::new(within, draft.expression.clone())
            }
        };
        numbers.push(patterns.len());
        drafts.numbers.insert(it, patterns.len());
        patterns.push(pattern);
        drafts.all.push(draft);
    }
    Ok(numbers)
}

pub(super) type Problem = (Option<(usize, usize)>, String);

/// Builds one expression, and says what it requires.
pub(super) fn expression(pattern: &TextPattern, rule: usize) -> Result<(Regex, Draft), Problem> {
    let draft = draft(pattern, rule)?;
    Ok((built(&pattern.pattern, &draft.expression)?, draft))
}

/// What one expression requires.
fn draft(pattern: &TextPattern, rule: usize) -> Result<Draft, Problem> {
    let source = &pattern.pattern;
    if source.len() > PATTERN_BYTES {
        let problem = format!("an expression has {} bytes; at most {PATTERN_BYTES}", source.len());
        return Err((None, problem));
    }
    let expression = match pattern.syntax {
        Syntax::Expression => source.clone(),
        Syntax::Words => regex::escape(source),
    };
    let hir = regex_syntax::ParserBuilder::new().multi_line(true).build().parse(&expression);
    let hir = hir.map_err(|error| wrong(source, &error))?;
    Ok(Draft { expression, required: literals::required(&hir), rule })
}

/// Builds one expression; it is called what the rule has.
fn built(source: &str, expression: &str) -> Result<Regex, Problem> {
    build(expression).map_err(|error| {
        let shown = crate::text::one_line(source, 80);
        match error {
            regex::Error::CompiledTooBig(_) => (
                None,
                format!("`{shown}` takes more than {COMPILED_BYTES} bytes when it is compiled; make it simpler"),
            ),
            error => (None, format!("`{shown}` is not an expression: {error}")),
        }
    })
}

fn wrong(source: &str, error: &regex_syntax::Error) -> Problem {
    let (span, what) = match error {
        regex_syntax::Error::Parse(error) => (Some(error.span()), error.kind().to_string()),
        regex_syntax::Error::Translate(error) => (Some(error.span()), error.kind().to_string()),
        _ => (None, error.to_string()),
    };
    let shown = crate::text::one_line(source, 80);
    let place = span.map(|span| (span.start.offset, span.end.offset));
    match place {
        Some((start, _)) => {
            let character = source.get(..start).map_or(0, |before| before.chars().count()) + 1;
            (place, format!("`{shown}` is not an expression: {what}, at character {character}"))
        }
        None => (None, format!("`{shown}` is not an expression: {what}")),
    }
}

/// Files every enabled rule under the field that the fewest others share.
fn file<'a>(rules: &mut Rules, drafts: &'a [Draft]) {
    let enabled = |rules: &Rules| -> Vec<usize> {
        (0..rules.rules.len()).filter(|at| rules.rules.get(*at).is_some_and(|it| it.rule.enabled)).collect()
    };
    let mut used_to = vec![0_usize; rules.to.len()];
    let mut used_from = vec![0_usize; rules.from.len()];
    let mut used_word: HashMap<&[u8], usize> = HashMap::new();
    for compiled in rules.rules.iter().filter(|it| it.rule.enabled) {
        compiled.to.iter().for_each(|it| count(&mut used_to, *it));
        compiled.from.iter().for_each(|it| count(&mut used_from, *it));
        let own = compiled.text.iter().filter_map(|it| drafts.get(*it));
        own.flat_map(|draft| &draft.required.sets).flatten().for_each(|it| *used_word.entry(it).or_default() += 1);
    }
    // Of the sets of an expression those whose words the fewest rules have; of these the longest.
    let best = |draft: &'a Draft| -> Vec<(usize, &'a [Vec<u8>])> {
        let cost = |set: &[Vec<u8>]| -> usize {
            set.iter().map(|it| used_word.get(it.as_slice()).copied().unwrap_or(0)).sum()
        };
        let mut sets: Vec<(usize, &[Vec<u8>])> =
            draft.required.sets.iter().map(|set| (cost(set), set.as_slice())).collect();
        let shortest = |set: &[Vec<u8>]| set.iter().map(Vec::len).min().unwrap_or(0);
        sets.sort_by_key(|(cost, set)| (*cost, usize::MAX - shortest(set)));
        let (first, others) = sets.split_at(1.min(sets.len()));
        let enough = first.iter().any(|(_, set)| shortest(set) >= ENOUGH);
        let others = others.iter().filter(|(_, set)| !enough && shortest(set) >= LONG);
        first.iter().chain(others).take(SETS).copied().collect()
    };
    rules.by_to = vec![Vec::new(); rules.to.len()];
    rules.by_from = vec![Vec::new(); rules.from.len()];
    rules.by_text = vec![Vec::new(); rules.patterns.len()];
    let mut filed: Vec<usize> = Vec::new();
    for at in enabled(rules) {
        let Some(compiled) = rules.rules.get_mut(at) else { continue };
        let used = |of: &[usize], used: &[usize]| of.iter().filter_map(|it| used.get(*it)).sum::<usize>();
        let cost_of_text = || {
            let own = compiled.text.iter().filter_map(|it| drafts.get(*it));
            own.map(|draft| best(draft).first().map_or(NO_WORD, |(cost, _)| *cost)).sum::<usize>()
        };
        let mut costs = Vec::new();
        if !compiled.from.is_empty() {
            costs.push((used(&compiled.from, &used_from), Key::From));
        }
        if !compiled.to.is_empty() {
            costs.push((used(&compiled.to, &used_to), Key::To));
        }
        if !compiled.text.is_empty() {
            costs.push((cost_of_text(), Key::Text));
        }
        compiled.key = costs.into_iter().min_by_key(|(cost, _)| *cost).map_or(Key::Nothing, |(_, key)| key);
        let (of, own) = match compiled.key {
            Key::From => (&mut rules.by_from, &compiled.from),
            Key::To => (&mut rules.by_to, &compiled.to),
            Key::Text => (&mut rules.by_text, &compiled.text),
            Key::Nothing => {
                rules.always.set(at);
                continue;
            }
        };
        own.iter().for_each(|it| {
            if let Some(rules) = of.get_mut(*it) {
                rules.push(at)
            }
        });
        if compiled.key == Key::Text {
            filed.extend(own);
        }
    }
    filed.sort_unstable();
    filed.dedup();
    let entries = |field: TextField| -> Vec<Entry<'_>> {
        let here = filed.iter().filter(|it| rules.patterns.get(**it).is_some_and(|it| it.within.contains(&field)));
        here.filter_map(|pattern| {
            let draft = drafts.get(*pattern)?;
            Some(Entry {
                pattern: *pattern,
                rule: draft.rule,
                sets: best(draft).into_iter().map(|(_, set)| set).collect(),
                near: draft.required.near,
                expression: &draft.expression,
            })
        })
        .collect()
    };
    rules.texts = TextField::ALL.map(|field| TextIndex::new(entries(field)));
}

fn count(used: &mut [usize], at: usize) {
    if let Some(used) = used.get_mut(at) {
        *used += 1;
    }
}
