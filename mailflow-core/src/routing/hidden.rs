//! Which rules can never win, because an earlier one takes all their mail: found by comparing rules, without any mail.

use std::collections::{BTreeMap, HashMap};

use super::address_index::normal;
use crate::rule::{
    AttachmentPattern, ContactTest, Rule, RuleSet, SizeRange, SpamTest, Syntax, TextField, TextPattern, TimeSpan,
};

/// The places of rules that can never win, each with the place of the first rule that takes all their mail; both are
/// counted from 1. What is named is so for every mail; a rule that is not named may still never win.
///
/// An earlier rule takes all mail of a later one if each of its fields says nothing, or accepts whatever the same field of
/// the later one accepts. Switched off rules neither take nor are named.
pub fn hidden(set: &RuleSet) -> BTreeMap<u32, u32> {
    hidden_as(set, takes_all_of)
}

/// The same with another idea of what takes all of another's mail: tests plant faults here.
pub(super) fn hidden_as(set: &RuleSet, takes: impl Fn(&Rule, &Rule) -> bool) -> BTreeMap<u32, u32> {
    let place = |at: usize| u32::try_from(at + 1).unwrap_or(u32::MAX);
    let mut earlier = Earlier::default();
    let mut hidden = BTreeMap::new();
    for (at, rule) in set.rules.iter().enumerate().filter(|(_, rule)| rule.enabled) {
        let mut best: Option<usize> = None;
        earlier.each_that_may_take(rule, |candidate| {
            let is_earlier = best.is_none_or(|best| candidate < best);
            if is_earlier && set.rules.get(candidate).is_some_and(|it| takes(it, rule)) {
                best = Some(candidate);
            }
        });
        match best {
            // Whatever it takes is taken before it: it need not be compared to later ones.
            Some(by) => drop(hidden.insert(place(at), place(by))),
            None => earlier.file(at, rule),
        }
    }
    hidden
}

/// Whether every mail that `later` matches is one that `earlier` matches.
pub(super) fn takes_all_of(earlier: &Rule, later: &Rule) -> bool {
    field(&earlier.sources, &later.sources, |a, b| a == b)
        && field(&earlier.to, &later.to, |a, b| address(a, b))
        && field(&earlier.from, &later.from, |a, b| address(a, b))
        && field(&earlier.text, &later.text, text)
        && field(&earlier.attachments, &later.attachments, attachment)
        && field(&earlier.size, &later.size, size)
        && field(&earlier.contact, &later.contact, contact)
        && field(&earlier.authentication, &later.authentication, |a, b| a == b)
        && field(&earlier.spam, &later.spam, spam)
        && field(&earlier.time, &later.time, time)
}

/// Whether a field accepts whatever another accepts: it says nothing, or has for each entry there one that includes it.
fn field<T>(wide: &[T], narrow: &[T], includes: impl Fn(&T, &T) -> bool) -> bool {
    wide.is_empty() || !narrow.is_empty() && narrow.iter().all(|entry| wide.iter().any(|it| includes(it, entry)))
}

fn address(wide: &str, narrow: &str) -> bool {
    let (wide, narrow) = (normal(wide), normal(narrow));
    wide == narrow || pattern(&wide, &narrow)
}

/// Whether every text of the form `narrow` is one of the form `wide`, as far as that can be seen by laying one over the
/// other: what stands for any characters lies under the same.
fn pattern(wide: &str, narrow: &str) -> bool {
    let (mut wide, mut narrow) = (wide.chars(), narrow.chars());
    let mut again: Option<(std::str::Chars<'_>, std::str::Chars<'_>)> = None;
    loop {
        let mut ahead = wide.clone();
        match (ahead.next(), narrow.clone().next()) {
            (Some('*'), _) => {
                wide = ahead;
                again = Some((wide.clone(), narrow.clone()));
            }
            (Some(wanted), Some(c)) if c != '*' && (wanted == '?' || wanted == c) => {
                wide = ahead;
                narrow.next();
            }
            (None, None) => return true,
            _ => {
                let Some((after, from)) = &mut again else { return false };
                if from.next().is_none() {
                    return false;
                }
                (wide, narrow) = (after.clone(), from.clone());
            }
        }
    }
}

fn text(wide: &TextPattern, narrow: &TextPattern) -> bool {
    let fields = |it: &TextPattern| if it.within.is_empty() { TextField::ALL.to_vec() } else { it.within.clone() };
    let everywhere = fields(wide);
    wide.pattern == narrow.pattern
        && wide.syntax == narrow.syntax
        && fields(narrow).iter().all(|field| everywhere.contains(field))
}

fn attachment(wide: &AttachmentPattern, narrow: &AttachmentPattern) -> bool {
    let part = |wide: &Option<String>, narrow: &Option<String>| match (wide, narrow) {
        (None, _) => true,
        (Some(_), None) => false,
        (Some(wide), Some(narrow)) => pattern(&wide.trim().to_lowercase(), &narrow.trim().to_lowercase()),
    };
    part(&wide.name, &narrow.name) && part(&wide.content_type, &narrow.content_type)
}

fn size(wide: &SizeRange, narrow: &SizeRange) -> bool {
    wide.at_least.unwrap_or(0) <= narrow.at_least.unwrap_or(0)
        && wide.at_most.unwrap_or(u64::MAX) >= narrow.at_most.unwrap_or(u64::MAX)
}

fn contact(wide: &ContactTest, narrow: &ContactTest) -> bool {
    match (wide, narrow) {
        (ContactTest::Owned, ContactTest::OwnedBy(_)) => true,
        (ContactTest::Property { name, value }, ContactTest::Property { name: other, value: narrow }) => {
            name == other && pattern(&value.to_lowercase(), &narrow.to_lowercase())
        }
        _ => wide == narrow,
    }
}

fn spam(wide: &SpamTest, narrow: &SpamTest) -> bool {
    match (wide, narrow) {
        (SpamTest::ScoreAtLeast(wide), SpamTest::ScoreAtLeast(narrow)) => wide <= narrow,
        _ => wide == narrow,
    }
}

fn time(wide: &TimeSpan, narrow: &TimeSpan) -> bool {
    wide == narrow || wide.days.is_empty() && wide.from == wide.until
}

/// Rules that may take others' mail, each under one field, so that not every rule is compared to every other.
#[derive(Debug, Default)]
struct Earlier {
    to: Addresses,
    from: Addresses,
    text: HashMap<(String, bool), Vec<usize>>,
    rest: Vec<usize>,
}

/// Rules by an address pattern.
#[derive(Debug, Default)]
struct Addresses {
    /// Under an address, `*@domain` or `*@*.domain`.
    plain: HashMap<String, Vec<usize>>,
    /// Under any other form.
    wild: Vec<usize>,
}

impl Earlier {
    fn file(&mut self, at: usize, rule: &Rule) {
        if !rule.to.is_empty() {
            rule.to.iter().for_each(|it| self.to.file(at, it));
        } else if !rule.from.is_empty() {
            rule.from.iter().for_each(|it| self.from.file(at, it));
        } else if !rule.text.is_empty() {
            rule.text.iter().for_each(|it| self.text.entry(text_key(it)).or_default().push(at));
        } else {
            self.rest.push(at);
        }
    }

    /// Names each rule that may take all mail of a later one: those that include its first entry of their field, and those
    /// without such a field.
    fn each_that_may_take(&self, rule: &Rule, mut candidate: impl FnMut(usize)) {
        if let Some(first) = rule.to.first() {
            self.to.each(first, &mut candidate);
        }
        if let Some(first) = rule.from.first() {
            self.from.each(first, &mut candidate);
        }
        let by_text = rule.text.first().and_then(|first| self.text.get(&text_key(first)));
        by_text.into_iter().flatten().chain(&self.rest).for_each(|at| candidate(*at));
    }
}

fn text_key(pattern: &TextPattern) -> (String, bool) {
    (pattern.pattern.clone(), pattern.syntax == Syntax::Words)
}

impl Addresses {
    fn file(&mut self, at: usize, pattern: &str) {
        let pattern = normal(pattern);
        let rest =
            pattern.strip_prefix("*@").map_or(pattern.as_str(), |rest| rest.strip_prefix("*.").unwrap_or(rest));
        if rest.contains(['*', '?']) {
            self.wild.push(at);
        } else {
            self.plain.entry(pattern).or_default().push(at);
        }
    }

    fn each(&self, pattern: &str, candidate: &mut impl FnMut(usize)) {
        let pattern = normal(pattern);
        let mut named = |key: &str| self.plain.get(key).into_iter().flatten().for_each(|at| candidate(*at));
        named(&pattern);
        if let Some((_, domain)) = pattern.rsplit_once('@') {
            named(&format!("*@{domain}"));
            let mut rest = domain;
            while let Some((_, parent)) = rest.split_once('.') {
                named(&format!("*@*.{parent}"));
                rest = parent;
            }
        }
        self.wild.iter().for_each(|at| candidate(*at));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_includes_another_if_all_its_texts_are_of_it() {
        for (wide, narrow) in
            [("*", "a?b*"), ("a*", "ab*"), ("a?", "ab"), ("a?", "a?"), ("*.b", "a.*.b"), ("*b", "**b")]
        {
            assert!(pattern(wide, narrow), "{wide} {narrow}");
        }
        for (wide, narrow) in [("a?", "a*"), ("a", "*"), ("ab*", "a*"), ("*b", "*"), ("?", ""), ("", "*")] {
            assert!(!pattern(wide, narrow), "{wide} {narrow}");
        }
        assert!(address("example.com", "Ada@example.com") && address("*.one.example", "@sub.one.example"));
        assert!(!address("*.one.example", "@one.example") && !address("ada@one.example", "@one.example"));
    }
}
