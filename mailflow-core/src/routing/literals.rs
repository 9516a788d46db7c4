//! What must stand in a text for an expression to be found there.

use regex_syntax::hir::{Class, Hir, HirKind};

use super::needles::{Folded, OTHER, REPLACED, SHORTEST, letter};

/// The most alternatives of one set of words.
const ALTERNATIVES: usize = 32;
/// The most letters of a word that are looked for.
const LENGTH: usize = 24;

/// What an expression requires. Words are folded, as [`needles`](super::needles) have them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Required {
    /// Sets of words: wherever the expression is found, at least one word *of each set* stands in the text. There may be
    /// no set at all.
    pub sets: Vec<Vec<Vec<u8>>>,
    /// If there is no set: a letter that stands there. There may be none either.
    pub near: Option<Near>,
}

/// A letter, and what stands before and after it: not much to go by, as `\d-\d` is met often, yet in most mails not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Near {
    letter: u8,
    before: Letters,
    after: Letters,
}

/// What this expression requires.
pub fn required(hir: &Hir) -> Required {
    let mut runs = Runs::default();
    runs.walk(hir);
    runs.end();
    let near = runs.near.filter(|_| runs.sets.is_empty());
    Required { sets: runs.sets, near }
}

/// What may stand at one place: letters of ASCII by their bits, and whether others may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Letters(u128, bool);

/// Letters in a row that are being put together, and what came out of those that have ended.
#[derive(Debug, Default)]
struct Runs {
    run: Vec<Letters>,
    sets: Vec<Vec<Vec<u8>>>,
    /// The letter that is met least.
    near: Option<Near>,
}

impl Runs {
    /// Goes on with the letters that are being put together, and ends them where something else begins.
    fn walk(&mut self, hir: &Hir) {
        match hir.kind() {
            HirKind::Literal(literal) => match std::str::from_utf8(&literal.0) {
                Ok(text) => self.run.extend(text.chars().map(|letter| Letters::of([letter..=letter]))),
                Err(_) => self.end(),
            },
            HirKind::Class(class) => self.run.push(Letters::of_class(class)),
            // What has no width parts nothing.
            HirKind::Empty | HirKind::Look(_) => {}
            HirKind::Capture(capture) => self.walk(&capture.sub),
            HirKind::Concat(parts) => parts.iter().for_each(|part| self.walk(part)),
            HirKind::Repetition(it) if matches!(it.sub.kind(), HirKind::Class(_)) => {
                // `\d{2,}`: two in a row follow what was before, and two are followed by what comes.
                let least = it.min.min(3);
                (0..least).for_each(|_| self.walk(&it.sub));
                if it.max != Some(least) {
                    self.end();
                    (0..least).for_each(|_| self.walk(&it.sub));
                }
            }
            HirKind::Repetition(it) => {
                self.end();
                if it.min > 0 {
                    self.walk(&it.sub);
                    self.end();
                }
            }
            HirKind::Alternation(branches) => {
                self.end();
                self.sets.extend(of_branches(branches));
            }
        }
    }

    /// Takes words, and the best letter, out of the letters that have ended.
    fn end(&mut self) {
        let run = std::mem::take(&mut self.run);
        let around = |at: Option<usize>| at.and_then(|it| run.get(it)).copied().unwrap_or(Letters::ANY);
        for (at, letter) in run.iter().enumerate().filter_map(|(at, letters)| Some((at, letters.one()?))) {
            let near = Near { letter, before: around(at.checked_sub(1)), after: around(at.checked_add(1)) };
            if self.near.is_none_or(|best| near.cost() < best.cost()) {
                self.near = Some(near);
            }
        }
        for word in run.split(|letters| letters.one().is_none()) {
            let word: Vec<u8> = word.iter().filter_map(|letters| letters.one()).take(LENGTH).collect();
            if word.len() >= SHORTEST {
                self.sets.push(vec![word]);
            }
        }
    }
}

/// One set for all branches: the best one of each.
fn of_branches(branches: &[Hir]) -> Option<Vec<Vec<u8>>> {
    let mut all = Vec::new();
    for branch in branches {
        let shortest = |set: &Vec<Vec<u8>>| set.iter().map(Vec::len).min().unwrap_or(0);
        all.extend(required(branch).sets.into_iter().max_by_key(shortest)?);
    }
    all.sort_unstable();
    all.dedup();
    (all.len() <= ALTERNATIVES).then_some(all)
}

impl Near {
    /// Where in a text it stands.
    pub fn places(self, text: &Folded) -> impl Iterator<Item = usize> {
        text.places(self.letter, move |before, after| self.before.has(before) && self.after.has(after))
    }

    /// How often it may be met.
    const fn cost(&self) -> u32 {
        let letter = if self.letter.is_ascii_alphabetic() || self.letter == b' ' { 20 } else { 1 };
        letter * self.before.0.count_ones() * self.after.0.count_ones()
    }
}

impl Letters {
    const ANY: Self = Self(u128::MAX, true);

    /// These characters, small and capital ones alike.
    fn of<T: Into<u32> + Copy>(ranges: impl IntoIterator<Item = std::ops::RangeInclusive<T>>) -> Self {
        let mut letters = Self::default();
        for range in ranges {
            let (start, end) = ((*range.start()).into(), (*range.end()).into());
            for byte in (start..=end.min(127)).filter_map(|it| u8::try_from(it).ok()) {
                letters.0 |= 1 << letter(byte);
            }
            letters.1 |= end > 127 && !(start == end && REPLACED.iter().any(|(it, _)| u32::from(*it) == start));
            for (_, by) in REPLACED.iter().filter(|(it, _)| (start..=end).contains(&u32::from(*it))) {
                letters.0 |= 1 << letter(*by);
            }
        }
        letters
    }

    fn of_class(class: &Class) -> Self {
        match class {
            Class::Unicode(class) => Self::of(class.ranges().iter().map(|it| it.start()..=it.end())),
            Class::Bytes(class) => Self::of(class.ranges().iter().map(|it| it.start()..=it.end())),
        }
    }

    /// The letter of ASCII that stands there, if it can be no other.
    fn one(self) -> Option<u8> {
        (self.0.count_ones() == 1 && !self.1).then(|| u8::try_from(self.0.trailing_zeros()).unwrap_or(OTHER))
    }

    const fn has(self, letter: u8) -> bool {
        if letter.is_ascii() { self.0 >> letter & 1 == 1 } else { self.1 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(pattern: &str) -> Required {
        required(&regex_syntax::ParserBuilder::new().multi_line(true).build().parse(pattern).unwrap())
    }

    #[test]
    fn what_must_stand_there_is_found_in_the_expression() {
        let set = |words: &[&str]| words.iter().map(|it| it.as_bytes().to_vec()).collect::<Vec<_>>();
        let sets = |pattern| of(pattern).sets;
        assert_eq!(sets(r"\b(order|case)[ #:-]*00042[a-z]?\b"), [set(&["case", "order"]), set(&["00042"])]);
        assert_eq!(sets(r"(?i)Invoice\s+no"), [set(&["invoice"])]);
        assert_eq!(sets(r"(?i)task"), [set(&["task"])]);
        assert_eq!(sets("tas\u{212A}"), [set(&["task"])]);
        assert_eq!(sets(r"(?:abc)+x*def?"), [set(&["abc"])]);
        assert_eq!(sets(r"straße\d"), [set(&["stra"])]);
        for nothing in [r"\d{5}", "(abc|)", "(abc|x)", "a?b?", "(abc)?", ".*", "ab", "aé", "[^a]bc"] {
            assert_eq!(sets(nothing), Vec::<Vec<Vec<u8>>>::new(), "{nothing}");
        }
    }

    #[test]
    fn a_letter_with_its_neighbours_is_found_where_there_is_no_word() {
        let stands = |pattern: &str, text: &str| {
            let of = of(pattern);
            assert_eq!(of.sets, Vec::<Vec<Vec<u8>>>::new(), "{pattern}");
            of.near.unwrap().places(&Folded::new(text)).next().is_some()
        };
        let cases = [
            (r"\b[a-z]{2}-\d{4}-\d{3}\b", "AB-1234-567", "well-known, 12 -3"),
            ("[xy]+#[xy]*", "#y#", "z#x"),
            ("[xy]*#[xy]{2,}", "##y", "y#z"),
            ("a[bé]?-[é\u{212A}]", "-k", "-a"),
            ("[é]-", "bé-", "b-"),
            ("-[^\\n]", "--", "-\n"),
            ("#", "#", "no"),
        ];
        for (pattern, stands_in, not_in) in cases {
            assert!(stands(pattern, stands_in), "{pattern} {stands_in}");
            assert!(!stands(pattern, not_in), "{pattern} {not_in}");
        }
        assert_eq!(of("a-b-c|x").near, None);
    }
}
