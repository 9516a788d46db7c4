//! [`TextIndex`]: many expressions, all looked for in one text at once.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use aho_corasick::{AhoCorasick, AhoCorasickKind};
use regex::{RegexSet, RegexSetBuilder};

use super::bits::Bits;
use super::relaxed::relaxed;

/// How many expressions without a literal are looked for together.
const CHUNK: usize = 64;
/// The most bytes that such a chunk may take; beyond it each of its expressions is looked for alone.
const CHUNK_BYTES: usize = 16 << 20;

/// Expressions that are looked for in one kind of text. What it names may be there; what it does not name is not.
#[derive(Debug, Clone, Default)]
pub struct TextIndex {
    /// Everything that the expressions require.
    literals: Option<AhoCorasick>,
    /// The expressions that require some of it, by the literals of the first set.
    of_literal: Vec<Vec<usize>>,
    requiring: Vec<Requiring>,
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

/// An expression with the literals that it requires beside those of its first set.
#[derive(Debug, Clone)]
struct Requiring {
    pattern: usize,
    also: Vec<Vec<usize>>,
}

/// An expression on its way into the index.
pub struct Entry<'a> {
    /// Its number.
    pub pattern: usize,
    /// The lowest rule that has it.
    pub rule: usize,
    /// Sets of literals, the best one first: wherever it is found, one of each set stands in the text. There may be none.
    pub sets: Vec<&'a [String]>,
    /// The expression.
    pub expression: &'a str,
}

impl TextIndex {
    /// The index of these expressions.
    pub fn new(mut entries: Vec<Entry<'_>>) -> Self {
        entries.sort_by_key(|entry| entry.rule);
        let least = |with: bool| entries.iter().filter(|it| it.sets.is_empty() != with).map(|it| it.rule).min();
        let (least, least_literal) = (entries.first().map(|entry| entry.rule), least(true));
        let (bare, entries): (Vec<Entry<'_>>, Vec<Entry<'_>>) =
            entries.into_iter().partition(|it| it.sets.is_empty());
        let all: BTreeSet<&str> =
            entries.iter().flat_map(|it| &it.sets).flat_map(|set| set.iter()).map(String::as_str).collect();
        let number: BTreeMap<&str, usize> = all.into_iter().zip(0..).collect();
        let numbers = |set: &[String]| set.iter().filter_map(|it| number.get(it.as_str()).copied()).collect();
        let mut index = Self {
            literals: automaton(number.keys().copied()),
            of_literal: vec![Vec::new(); number.len()],
            requiring: Vec::with_capacity(entries.len()),
            chunks: bare.chunks(CHUNK).map(Chunk::new).collect(),
            least,
            least_literal,
        };
        if index.literals.is_none() && !entries.is_empty() {
            // Too many to be looked for at once, which no rule set of a sane size reaches: each is looked for alone.
            let patterns = entries.iter().map(|it| it.pattern).collect();
            index.chunks.push(Chunk { set: None, patterns, least: least_literal.unwrap_or(0) });
            return index;
        }
        for entry in entries {
            let mut sets = entry.sets.into_iter();
            let first: Vec<usize> = sets.next().map(numbers).unwrap_or_default();
            for literal in first {
                index.of_literal.get_mut(literal).into_iter().for_each(|of| of.push(index.requiring.len()));
            }
            index.requiring.push(Requiring { pattern: entry.pattern, also: sets.map(numbers).collect() });
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
                seen.set(found.pattern().as_usize());
            }
            let requiring = seen.iter().filter_map(|literal| self.of_literal.get(literal)).flatten();
            for it in requiring.filter_map(|at| self.requiring.get(*at)) {
                if it.also.iter().all(|set| set.iter().any(|literal| seen.has(*literal))) {
                    hit(it.pattern);
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
    fn new(entries: &[Entry<'_>]) -> Self {
        let relaxed: Option<Vec<String>> = entries.iter().map(|entry| relaxed(entry.expression)).collect();
        let build = |expressions: Vec<String>| {
            RegexSetBuilder::new(expressions).size_limit(CHUNK_BYTES).dfa_size_limit(CHUNK_BYTES).build().ok()
        };
        Self {
            set: relaxed.and_then(build),
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
    // One letter at a time is looked for by the byte, several are looked for letter by letter.
    if text.is_ascii() || !(text.contains('\u{212A}') || text.contains('\u{17F}')) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.replace('\u{212A}', "k").replace('\u{17F}', "s"))
}
