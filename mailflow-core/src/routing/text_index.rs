//! [`TextIndex`]: many expressions, all looked for in one text at once.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use regex::{RegexSet, RegexSetBuilder};

use super::bits::Bits;
use super::literals::Near;
use super::needles::{Folded, Needles};
use super::relaxed::Relaxed;

/// How many expressions without a word are looked for together.
const CHUNK: usize = 64;
/// The most bytes that such a chunk may take; beyond it each of its expressions is looked for alone.
const CHUNK_BYTES: usize = 16 << 20;

/// In more places than so many an expression is not looked for one by one, but in the whole text.
const PLACES: usize = 16;

/// Expressions that are looked for in one kind of text. What it names may be there; what it does not name is not.
#[derive(Debug, Clone, Default)]
pub struct TextIndex {
    /// Everything that the expressions require.
    needles: Needles,
    /// The expressions that require some of it, by the words of the first set.
    of_word: Vec<Vec<usize>>,
    requiring: Vec<Requiring>,
    /// Expressions that are found without any word.
    chunks: Vec<Chunk>,
    /// The lowest rule that has an expression here.
    least: Option<usize>,
    /// The lowest rule that has a word here.
    least_word: Option<usize>,
}

#[derive(Debug, Clone)]
struct Chunk {
    /// `None` if they are too large together.
    set: Option<RegexSet>,
    patterns: Vec<usize>,
    /// One of these stands in the text wherever one of them is found; if there is none, that says nothing.
    near: Vec<Near>,
    /// How far from there, in bytes.
    reach: Option<usize>,
    least: usize,
}

/// An expression with the words that it requires beside those of its first set.
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
    /// Sets of words, the best one first: wherever it is found, one of each set stands in the text. There may be none.
    pub sets: Vec<&'a [Vec<u8>]>,
    /// If there is none: what stands there then. There may be none either.
    pub near: Option<Near>,
    /// The expression.
    pub expression: &'a str,
}

impl TextIndex {
    /// The index of these expressions.
    pub fn new(mut entries: Vec<Entry<'_>>) -> Self {
        entries.sort_by_key(|entry| entry.rule);
        let least = entries.first().map(|entry| entry.rule);
        let least_word = entries.iter().find(|it| !it.sets.is_empty()).map(|it| it.rule);
        let all: BTreeSet<&Vec<u8>> = entries.iter().flat_map(|it| &it.sets).copied().flatten().collect();
        let number: BTreeMap<&Vec<u8>, usize> = all.iter().copied().zip(0..).collect();
        let numbers =
            |set: &[Vec<u8>]| -> Vec<usize> { set.iter().filter_map(|it| number.get(it).copied()).collect() };
        let mut index = Self {
            needles: Needles::new(all.into_iter().cloned().collect()),
            of_word: vec![Vec::new(); number.len()],
            least,
            least_word,
            ..Self::default()
        };
        let (bare, worded): (Vec<&Entry<'_>>, Vec<_>) = entries.iter().partition(|it| it.sets.is_empty());
        for entry in worded {
            let mut sets = entry.sets.iter().copied();
            for word in sets.next().map(numbers).unwrap_or_default() {
                index.of_word.get_mut(word).into_iter().for_each(|of| of.push(index.requiring.len()));
            }
            index.requiring.push(Requiring { pattern: entry.pattern, also: sets.map(numbers).collect() });
        }
        let (always, sometimes): (Vec<_>, Vec<_>) = bare.into_iter().partition(|it| it.near.is_none());
        index.chunks = always.chunks(CHUNK).chain(sometimes.chunks(CHUNK)).map(Chunk::new).collect();
        index
    }

    /// Whether it has an expression of a rule below `limit`.
    pub fn concerns(&self, limit: usize) -> bool {
        self.least.is_some_and(|least| least < limit)
    }

    #[cfg(test)]
    pub fn forget_words(&mut self) {
        self.of_word.clear();
    }

    #[cfg(test)]
    pub fn forget_what_has_no_word(&mut self) {
        self.chunks.retain(|it| it.near.is_empty());
    }

    /// Names the expressions that may be in a text, some perhaps twice; those of rules from `limit` on may be left out.
    pub fn look(&self, text: &str, limit: usize, mut hit: impl FnMut(usize)) {
        let folded = OnceCell::new();
        let folded = || folded.get_or_init(|| Folded::new(text));
        let seen = match self.least_word.is_some_and(|it| it < limit) {
            true => self.needles.look(folded()),
            false => Bits::default(),
        };
        let requiring = seen.iter().filter_map(|word| self.of_word.get(word)).flatten();
        for it in requiring.filter_map(|at| self.requiring.get(*at)) {
            if it.also.iter().all(|set| set.iter().any(|word| seen.has(*word))) {
                hit(it.pattern);
            }
        }
        for chunk in self.chunks.iter().filter(|chunk| chunk.least < limit) {
            for place in chunk.places(text, folded) {
                match chunk.set.as_ref().zip(text.get(place)) {
                    Some((set, text)) => {
                        let found = set.matches(text);
                        found.iter().filter_map(|at| chunk.patterns.get(at)).for_each(|pattern| hit(*pattern));
                    }
                    None => chunk.patterns.iter().for_each(|pattern| hit(*pattern)),
                }
            }
        }
    }
}

impl Chunk {
    fn new(entries: &[&Entry<'_>]) -> Self {
        let relaxed: Option<Vec<Relaxed>> = entries.iter().map(|entry| Relaxed::new(entry.expression)).collect();
        let relaxed = relaxed.unwrap_or_default();
        let reach = relaxed.iter().map(|it| it.longest).try_fold(0, |most, it| Some(most.max(it?)));
        let set = RegexSetBuilder::new(relaxed.iter().map(|it| &it.expression))
            .size_limit(CHUNK_BYTES)
            .dfa_size_limit(CHUNK_BYTES)
            .build();
        let mut near: Vec<Near> = Vec::new();
        for it in entries.iter().filter_map(|entry| entry.near) {
            if !near.contains(&it) {
                near.push(it);
            }
        }
        Self {
            set: set.ok().filter(|set| set.len() == entries.len()),
            patterns: entries.iter().map(|entry| entry.pattern).collect(),
            near,
            reach,
            least: entries.iter().map(|entry| entry.rule).min().unwrap_or(0),
        }
    }

    /// Where in the text they may be.
    fn places<'a>(&self, text: &str, folded: impl Fn() -> &'a Folded) -> Vec<Range<usize>> {
        let whole = 0..text.len();
        if self.near.is_empty() {
            return vec![whole];
        }
        let near = self.near.iter().flat_map(|it| it.places(folded()));
        let mut near: Vec<usize> = near.take(PLACES + 1).collect();
        let Some(reach) = self.reach.filter(|_| near.len() <= PLACES && folded().is_as_long_as(text)) else {
            return if near.is_empty() { Vec::new() } else { vec![whole] };
        };
        near.sort_unstable();
        let mut places: Vec<Range<usize>> = Vec::new();
        for at in near {
            let start = text.floor_char_boundary(at.saturating_sub(reach));
            let end = text.ceil_char_boundary(at.saturating_add(reach));
            match places.last_mut() {
                Some(last) if start <= last.end => last.end = end,
                _ => places.push(start..end),
            }
        }
        places
    }
}
