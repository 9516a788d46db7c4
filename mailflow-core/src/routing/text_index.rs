//! [`TextIndex`]: many expressions, all looked for in one text at once.

use std::borrow::Cow;
use std::collections::BTreeMap;

use aho_corasick::{AhoCorasick, AhoCorasickKind};
use regex::{RegexSet, RegexSetBuilder};

use super::bits::Bits;

/// How many expressions without a literal are looked for together.
const CHUNK: usize = 64;
/// The most bytes that such a chunk may take; beyond it each of its expressions is looked for alone.
const CHUNK_BYTES: usize = 16 << 20;

/// Expressions that are looked for in one kind of text. What it names may be there; what it does not name is not.
#[derive(Debug, Clone, Default)]
pub struct TextIndex {
    /// Literals, one of which stands wherever the expression is found.
    literals: Option<AhoCorasick>,
    /// The expressions of each literal.
    of_literal: Vec<Vec<usize>>,
    /// Expressions that are found without any literal.
    chunks: Vec<Chunk>,
    /// The lowest rule that has an expression here.
    least: Option<usize>,
    /// The lowest rule that has a literal here.
    least_literal: Option<usize>,
}

#[derive(Debug, Clone)]
struct Chunk {
    /// `None` if they are too large together.
    set: Option<RegexSet>,
    patterns: Vec<usize>,
    least: usize,
}

/// An expression on its way into the index.
pub struct Entry<'a> {
    /// Its number.
    pub pattern: usize,
    /// The lowest rule that has it.
    pub rule: usize,
    /// The literals, one of which stands wherever it is found; none if that cannot be said.
    pub literals: &'a [String],
    /// The expression.
    pub expression: &'a str,
}

impl TextIndex {
    /// The index of these expressions.
    pub fn new(mut entries: Vec<Entry<'_>>) -> Self {
        entries.sort_by_key(|entry| entry.rule);
        let mut by_literal: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for entry in &entries {
            for literal in entry.literals {
                by_literal.entry(literal).or_default().push(entry.pattern);
            }
        }
        let least = |with: bool| entries.iter().filter(|it| it.literals.is_empty() != with).map(|it| it.rule).min();
        let bare: Vec<&Entry<'_>> = entries.iter().filter(|entry| entry.literals.is_empty()).collect();
        let mut index = Self {
            literals: automaton(by_literal.keys().copied()),
            least_literal: least(true),
            least: entries.first().map(|entry| entry.rule),
            chunks: bare.chunks(CHUNK).map(Chunk::new).collect(),
            of_literal: by_literal.into_values().collect(),
        };
        if index.literals.is_none() && !index.of_literal.is_empty() {
            // Too many to be looked for at once, which no rule set of a sane size reaches: each is looked for alone.
            let patterns = std::mem::take(&mut index.of_literal).concat();
            index.chunks.push(Chunk { set: None, patterns, least: index.least_literal.unwrap_or(0) });
        }
        index
    }

    /// Whether it has an expression of a rule below `limit`.
    pub fn concerns(&self, limit: usize) -> bool {
        self.least.is_some_and(|least| least < limit)
    }

    /// Names the expressions that may be in a text, some perhaps twice; those of rules from `limit` on may be left out.
    pub fn look(&self, text: &str, limit: usize, mut hit: impl FnMut(usize)) {
        if let Some(literals) = self.literals.as_ref().filter(|_| self.least_literal.is_some_and(|it| it < limit)) {
            let mut seen = Bits::none(self.of_literal.len());
            for found in literals.find_overlapping_iter(folded(text).as_ref()) {
                let literal = found.pattern().as_usize();
                if !seen.has(literal) {
                    seen.set(literal);
                    self.of_literal.get(literal).into_iter().flatten().for_each(|pattern| hit(*pattern));
                }
            }
        }
        for chunk in self.chunks.iter().filter(|chunk| chunk.least < limit) {
            match &chunk.set {
                Some(set) => {
                    let found = set.matches(text);
                    found.iter().filter_map(|at| chunk.patterns.get(at)).for_each(|pattern| hit(*pattern));
                }
                None => chunk.patterns.iter().for_each(|pattern| hit(*pattern)),
            }
        }
    }
}

impl Chunk {
    fn new(entries: &[&Entry<'_>]) -> Self {
        let set = RegexSetBuilder::new(entries.iter().map(|entry| entry.expression))
            .case_insensitive(true)
            .multi_line(true)
            .size_limit(CHUNK_BYTES)
            .dfa_size_limit(CHUNK_BYTES)
            .build();
        Self {
            set: set.ok(),
            patterns: entries.iter().map(|entry| entry.pattern).collect(),
            least: entries.iter().map(|entry| entry.rule).min().unwrap_or(0),
        }
    }
}

fn automaton<'a>(literals: impl Iterator<Item = &'a str>) -> Option<AhoCorasick> {
    let literals: Vec<&str> = literals.collect();
    if literals.is_empty() {
        return None;
    }
    AhoCorasick::builder().ascii_case_insensitive(true).kind(Some(AhoCorasickKind::DFA)).build(literals).ok()
}

/// The text with those two letters replaced that are letters of ASCII in another case and none of ASCII themselves.
fn folded(text: &str) -> Cow<'_, str> {
    if text.is_ascii() || !text.contains(['\u{212A}', '\u{17F}']) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.replace('\u{212A}', "k").replace('\u{17F}', "s"))
}
