//! [`Rules`]: a rule set, compiled.
//!
//! # How a decision is made
//! Each rule is filed under one of its fields, the one that says most: an address or domain that the mail is for or
//! from, or literals that must stand in its text. A mail is looked up in these files; only the rules that come out are
//! looked at, in their order. So the cost grows with the mail and with the rules that nearly match, not with the number
//! of rules. Texts are looked into only while a rule below the best one so far is filed under them.

use std::cell::OnceCell;
use std::collections::BTreeMap;

use super::address_index::AddressIndex;
use super::bits::Bits;
use super::compile::{self, Key};
use super::conditions;
use super::field::{Asked, RuleField};
use super::matter::Matter;
use super::pattern::Pattern;
use super::presumed::Presumed;
use super::text_index::TextIndex;
use super::tried::TriedRules;
use crate::mail::Header;
use crate::rule::{DefaultRule, Rule, RuleSet, TextField};
use crate::text;

/// A rule set, compiled. The first rule that matches wins; where the others would send the mail does not matter.
#[derive(Debug, Clone, Default)]
pub struct Rules {
    pub(super) revision: u64,
    pub(super) default: DefaultRule,
    pub(super) rules: Vec<Compiled>,
    pub(super) presumed: Presumed,
    pub(super) to: AddressIndex,
    pub(super) from: AddressIndex,
    pub(super) patterns: Vec<Pattern>,
    pub(super) texts: [TextIndex; 3],
    /// The rules that are filed under a `To` pattern, a `From` pattern, an expression.
    pub(super) by_to: Vec<Vec<usize>>,
    pub(super) by_from: Vec<Vec<usize>>,
    pub(super) by_text: Vec<Vec<usize>>,
    /// The rules that are filed under nothing: they are always looked at.
    pub(super) always: Bits,
}

/// A rule with what it needs to be tried.
#[derive(Debug, Clone)]
pub(super) struct Compiled {
    pub asked: Asked,
    pub rule: Rule,
    pub key: Key,
    pub to: Vec<usize>,
    pub from: Vec<usize>,
    pub text: Vec<usize>,
}

/// A rule set that cannot be compiled.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("rule {number} `{description}`: {problem}")]
pub struct InvalidRules {
    /// The rule's place in the list, counted from 1.
    pub number: u32,
    /// Its description.
    pub description: String,
    /// The field that is wrong.
    pub field: RuleField,
    /// Which entry of the field, counted from 0.
    pub entry: usize,
    /// Which bytes of the entry, if that can be said.
    pub place: Option<(usize, usize)>,
    /// What is wrong, and where.
    pub problem: String,
}

/// The most bytes of a subject, a body or the headers that a rule looks into.
pub const BODY_LOOKED_INTO: usize = 256 << 10;

impl Rules {
    /// Compiles a rule set.
    ///
    /// # Errors
    /// [`InvalidRules`] names the first rule that cannot be compiled, and why.
    pub fn compile(rules: &RuleSet) -> Result<Self, InvalidRules> {
        compile::compile(rules, &Self::default())
    }

    /// The same, faster: expressions that these rules have too are not built again.
    ///
    /// # Errors
    /// [`InvalidRules`] names the first rule that cannot be compiled, and why.
    pub fn compile_again(&self, rules: &RuleSet) -> Result<Self, InvalidRules> {
        compile::compile(rules, self)
    }

    /// Tries the rules on a mail.
    #[must_use]
    pub fn decide<'a>(&'a self, matter: &'a Matter<'a>) -> Decided<'a> {
        let mut decided = Decided::look_up(self, matter);
        let best = decided.first(&decided.filed, self.rules.len());
        decided.look_into_texts(best.unwrap_or(self.rules.len()));
        let by_text = decided.first(&decided.filed_by_text, best.unwrap_or(self.rules.len()));
        decided.winner = by_text.or(best);
        decided
    }

    /// The first enabled rule that matches, and its place in the list, counted from 1.
    pub fn first_match(&self, matter: &Matter<'_>) -> Option<(u32, &Rule)> {
        let winner = self.decide(matter).winner;
        self.numbered(winner?)
    }

    /// The places of all enabled rules that match, counted from 1: the first is the winner, the others are hidden by it.
    pub fn all_matches(&self, matter: &Matter<'_>) -> Vec<usize> {
        let mut decided = Decided::look_up(self, matter);
        decided.look_into_texts(self.rules.len());
        let mut all: Vec<usize> = decided.filed.iter().chain(decided.filed_by_text.iter()).collect();
        all.sort_unstable();
        all.dedup();
        all.retain(|at| decided.fails(*at).is_none());
        all.iter_mut().for_each(|at| *at += 1);
        all
    }

    /// Whether a rule looks into headers: stored messages have them in their raw bytes only.
    pub fn look_into_headers(&self) -> bool {
        self.rules
            .iter()
            .filter(|it| it.rule.enabled)
            .flat_map(|it| &it.text)
            .any(|pattern| self.patterns.get(*pattern).is_some_and(|it| it.within.contains(&TextField::Headers)))
    }

    /// Whether a rule looks at the contact.
    pub fn look_at_contacts(&self) -> bool {
        self.rules.iter().any(|it| it.rule.enabled && !it.rule.contact.is_empty())
    }

    /// Whether a rule passes mail on, which needs its bytes.
    pub fn forward(&self) -> bool {
        self.rules.iter().any(|it| it.rule.enabled && it.rule.then.forward.is_some())
    }

    /// What happens to mail that no rule matches.
    pub const fn default_rule(&self) -> &DefaultRule {
        &self.default
    }

    /// How many rules there are.
    pub fn len(&self) -> usize {
        self.rules.len()
    }

    /// Whether there is no rule.
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// The rule at a place, counted from 1.
    pub(super) fn at_place(&self, place: usize) -> Option<(u32, &Rule)> {
        self.numbered(place.checked_sub(1)?)
    }

    fn numbered(&self, at: usize) -> Option<(u32, &Rule)> {
        Some((u32::try_from(at + 1).unwrap_or(u32::MAX), &self.rules.get(at)?.rule))
    }
}

/// Rules that were tried on a mail, with everything that was found out on the way.
#[derive(Debug)]
pub struct Decided<'a> {
    rules: &'a Rules,
    matter: &'a Matter<'a>,
    to: Bits,
    from: Bits,
    /// Rules that are filed under what the mail has, or under nothing.
    filed: Bits,
    /// Rules that are filed under words that the mail may have.
    filed_by_text: Bits,
    /// Below which rule the texts were looked into.
    texts_below: usize,
    headers: OnceCell<String>,
    winner: Option<usize>,
}

impl<'a> Decided<'a> {
    /// Looks up the addresses.
    fn look_up(rules: &'a Rules, matter: &'a Matter<'a>) -> Self {
        let mut decided = Self {
            rules,
            matter,
            to: Bits::none(rules.to.len()),
            from: Bits::none(rules.from.len()),
            filed: rules.always.clone(),
            filed_by_text: Bits::none(rules.rules.len()),
            texts_below: 0,
            headers: OnceCell::new(),
            winner: None,
        };
        let Self { to, from, filed, .. } = &mut decided;
        let mut note = |found: &mut Bits, of: &[Vec<usize>], pattern: usize| {
            if !found.has(pattern) {
                found.set(pattern);
                of.get(pattern).into_iter().flatten().for_each(|rule| filed.set(*rule));
            }
        };
        for address in &matter.recipients {
            rules.to.look(address, |pattern| note(to, &rules.by_to, pattern));
        }
        if let Some(address) = matter.from {
            rules.from.look(address, |pattern| note(from, &rules.by_from, pattern));
        }
        decided
    }

    /// Looks into the texts, as far as rules below `limit` are filed under them.
    fn look_into_texts(&mut self, limit: usize) {
        let rules = self.rules;
        let mut filed = std::mem::take(&mut self.filed_by_text);
        for (field, index) in TextField::ALL.into_iter().zip(&rules.texts) {
            if index.concerns(limit) {
                index.look(self.text(field), limit, |pattern| {
                    rules.by_text.get(pattern).into_iter().flatten().for_each(|rule| filed.set(*rule));
                });
            }
        }
        self.filed_by_text = filed;
        self.texts_below = limit;
    }

    /// The lowest of these rules below `limit` that matches.
    fn first(&self, of: &Bits, limit: usize) -> Option<usize> {
        of.iter().take_while(|at| *at < limit).find(|at| self.fails(*at).is_none())
    }

    /// The first field of a rule that does not match; `None` if all do.
    fn fails(&self, at: usize) -> Option<RuleField> {
        let compiled = self.rules.rules.get(at)?;
        let (rule, matter) = (&compiled.rule, self.matter);
        let fits = |field: RuleField| match field {
            RuleField::Source => matter.source.is_some_and(|source| rule.sources.contains(&source)),
            RuleField::Time => rule.time.iter().any(|it| conditions::time(it, matter.at)),
            RuleField::Size => rule.size.iter().any(|it| conditions::size(it, matter.size)),
            RuleField::To => compiled.to.iter().any(|it| self.to.has(*it)),
            RuleField::From => compiled.from.iter().any(|it| self.from.has(*it)),
            RuleField::Spam => rule.spam.iter().any(|it| conditions::spam(*it, matter)),
            RuleField::Authentication => {
                let verdict = |method| matter.authentication.verdict(method);
                rule.authentication.iter().any(|it| verdict(it.method) == it.verdict)
            }
            RuleField::Contact => rule.contact.iter().any(|it| conditions::contact(it, matter)),
            RuleField::Attachments => rule.attachments.iter().any(|it| conditions::attachments(it, matter)),
            RuleField::Text => self.has_words(at, compiled),
        };
        compiled.asked.fields().find(|field| !fits(*field))
    }

    fn has_words(&self, at: usize, compiled: &Compiled) -> bool {
        if compiled.key == Key::Text && self.is_ruled_out(at) {
            return false;
        }
        let patterns = compiled.text.iter().filter_map(|pattern| self.rules.patterns.get(*pattern));
        patterns.into_iter().any(|it| it.within.iter().any(|field| it.is_match(self.text(*field))))
    }

    /// The file of words was looked into already: a rule that did not come out of it is not looked for again.
    fn is_ruled_out(&self, at: usize) -> bool {
        at < self.texts_below && !self.filed_by_text.has(at)
    }

    fn text(&self, field: TextField) -> &str {
        let text = match field {
            TextField::Subject => self.matter.subject,
            TextField::Body => self.matter.text,
            TextField::Headers => self.headers.get_or_init(|| headers_as_text(self.matter.headers)),
        };
        text::prefix(text, BODY_LOOKED_INTO)
    }

    /// The rule that won, with its place in the list, counted from 1.
    pub fn winner(&self) -> Option<(u32, &'a Rule)> {
        self.rules.numbered(self.winner?)
    }

    /// The rules that were tried, with their places and the first field that did not match, as far as the winner, who
    /// has none.
    pub fn tried(&self) -> impl Iterator<Item = (u32, &'a Rule, Option<RuleField>)> + '_ {
        let last = self.winner.unwrap_or(self.rules.len());
        let tried =
            self.rules.rules.iter().enumerate().take(last.saturating_add(1)).filter(|(_, it)| it.rule.enabled);
        tried.filter_map(|(at, _)| self.rules.numbered(at).map(|(number, rule)| (number, rule, self.fails(at))))
    }

    /// The same in compact form, to be kept with the message.
    pub fn compact(&self) -> TriedRules {
        let tried = self.winner.map_or(self.rules.len(), |winner| winner + 1);
        let letter = |at| match Some(at) == self.winner {
            true => TriedRules::MATCHED,
            false => self.fails(at).map_or(TriedRules::MATCHED, RuleField::letter),
        };
        TriedRules {
            revision: self.rules.revision,
            tried: u32::try_from(tried).unwrap_or(u32::MAX),
            failed: self.rules.presumed.put_right(tried, self.filed.iter().chain(self.filed_by_text.iter()), letter),
        }
    }

    /// What the named groups of the winner's expressions catch, by name.
    pub fn captures(&self) -> BTreeMap<String, String> {
        let mut caught = BTreeMap::new();
        let Some(winner) = self.winner.and_then(|at| self.rules.rules.get(at)) else { return caught };
        for pattern in winner.text.iter().filter_map(|pattern| self.rules.patterns.get(*pattern)) {
            let Some(regex) = pattern.regex() else { continue };
            let names: Vec<&str> = regex.capture_names().flatten().collect();
            if names.is_empty() {
                continue;
            }
            let Some(found) = pattern.within.iter().find_map(|field| regex.captures(self.text(*field))) else {
                continue;
            };
            for name in names {
                if let Some(value) = found.name(name).filter(|_| caught.len() < MOST_FIELDS) {
                    caught.entry(name.to_owned()).or_insert_with(|| text::one_line(value.as_str(), FIELD_LENGTH));
                }
            }
        }
        caught
    }
}

/// The most custom fields that a rule fills.
const MOST_FIELDS: usize = 50;
/// The most characters of a custom field.
const FIELD_LENGTH: usize = 500;

/// Headers as rules look into them.
pub(super) fn headers_as_text(headers: &[Header]) -> String {
    let mut text = String::new();
    for header in headers {
        if text.len() > BODY_LOOKED_INTO {
            break;
        }
        text.push_str(&header.name);
        text.push_str(": ");
        text.push_str(&header.value);
        text.push('\n');
    }
    text
}
