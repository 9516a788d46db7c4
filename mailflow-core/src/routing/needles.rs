//! [`Needles`]: thousands of words, looked for in one text at once.
//!
//! An automaton of all words would be many times as large as the caches of a processor, and each letter of the text a
//! wait for memory. Here each word is known by a few of its letters, and a table of bits that stays in the cache says
//! of nearly every place in the text that no word has these letters there. (The idea of Wu and Manber, *A fast
//! algorithm for multi-pattern searching*, 1994, with a table of bits in the place of theirs of shifts.)

use std::collections::HashMap;
use std::num::NonZeroU8;

use super::bits::Bits;

/// How many bytes of a text are taken at once. As many zeros follow the text, so that its last ones can be.
const BLOCK: usize = 8;
/// What stands for every byte that is not ASCII.
pub const OTHER: u8 = 0x80;
/// How many letters are looked at, and at which places of the text (every second one, say), for words from so many
/// letters on. The longest word first.
const WAYS: [(usize, usize, usize); 4] = [(8, 7, 2), (5, 4, 2), (4, 3, 2), (3, 3, 1)];
/// The fewest letters of a word.
pub const SHORTEST: usize = 3;
/// Words of 64 bits in the table of bits: 128 KiB, of which a text touches what stays in a processor's first caches.
const TABLE: usize = 16384;
/// What it costs that letters are met which are some word's, compared to one word that is tried there.
const MET: usize = 8;
/// Letters of ASCII in another case that are none of ASCII themselves, and by which of ASCII they are replaced.
pub const REPLACED: [(char, u8); 2] = [('\u{212A}', b'k'), ('\u{17F}', b's')];
/// A multiplier that spreads letters well (the golden ratio's, as Knuth has it).
const SPREAD: u64 = 0x9e37_79b9_7f4a_7c15;

/// A text in which small and capital letters are the same, and all bytes beyond ASCII are; with a few zeros at the end.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Folded(Vec<u8>);

impl Folded {
    /// A text, folded.
    pub fn new(text: &str) -> Self {
        // One letter at a time is looked for by the byte, several are looked for letter by letter.
        if text.is_ascii() || !REPLACED.iter().any(|(it, _)| text.contains(*it)) {
            return Self::of(text);
        }
        let replaced = |text: String, (it, by): &(char, u8)| text.replace(*it, &char::from(*by).to_string());
        Self::of(&REPLACED.iter().fold(text.to_owned(), replaced))
    }

    fn of(text: &str) -> Self {
        let mut folded = Vec::with_capacity(text.len() + 2 * BLOCK);
        folded.extend(text.bytes().map(letter));
        folded.extend([0; 2 * BLOCK]);
        Self(folded)
    }
}

/// A byte of a text, as needles have it.
pub const fn letter(byte: u8) -> u8 {
    if byte.is_ascii() { byte.to_ascii_lowercase() } else { OTHER }
}

/// Words that are looked for all at once.
#[derive(Debug, Clone, Default)]
pub struct Needles {
    words: Vec<Vec<u8>>,
    ways: Vec<Way>,
    /// For the words of all ways: what a text touches of it is little, and in the caches soon again. `None` if there is
    /// no word.
    table: Option<Box<Table>>,
}

/// The words of about one length.
#[derive(Debug, Clone)]
struct Way {
    /// What eight letters are multiplied with for the hash of the first few.
    spread: u64,
    step: usize,
    places: Places,
}

/// Which letters may be some word's: for every entry two bits of one word, by its hash. The size is known beforehand,
/// which makes it much faster.
#[derive(Debug, Clone)]
struct Table([u64; TABLE]);

/// Whose letters they are: a hash table that lies in memory in one piece, in which the same letters may stand often.
#[derive(Debug, Clone)]
struct Places(Vec<Option<Place>>);

/// A word, and how far in it the letters stand that it is known by.
#[derive(Debug, Clone, Copy)]
struct Place {
    /// Its first eight letters, or all that it has.
    begin: u64,
    word: u32,
    length: NonZeroU8,
    before: u8,
}

impl Folded {
    /// Where a letter stands with one of some before it and one of some after it, as `fits` says; what is before the
    /// text's begin and after its end is a zero.
    pub fn places(&self, letter: u8, fits: impl Fn(u8, u8) -> bool) -> impl Iterator<Item = usize> {
        let at = |place: Option<usize>| place.and_then(|it| self.0.get(it)).copied().unwrap_or(0);
        memchr::memchr_iter(letter, &self.0).filter(move |it| fits(at(it.checked_sub(1)), at(it.checked_add(1))))
    }

    /// Whether its places are those of the text that it comes from.
    pub const fn is_as_long_as(&self, text: &str) -> bool {
        self.0.len() == text.len() + 2 * BLOCK
    }
}

impl Needles {
    /// These words, numbered from 0: folded, of [`SHORTEST`] to 255 letters; another one is never found.
    pub fn new(words: Vec<Vec<u8>>) -> Self {
        let mut longest = usize::MAX;
        let mut ways = Vec::new();
        let mut table = (!words.is_empty()).then(Table::new);
        for (shortest, letters, step) in WAYS {
            let here = |word: &[u8]| (shortest..longest).contains(&word.len());
            let here: Vec<_> = words.iter().enumerate().filter(|(_, word)| here(word)).collect();
            if let Some(table) = table.as_mut().filter(|_| !here.is_empty()) {
                ways.push(Way::new(&here, letters, step, table));
            }
            longest = shortest;
        }
        Self { words, ways, table }
    }

    /// The words that stand in the text.
    pub fn look(&self, text: &Folded) -> Bits {
        let mut seen = Bits::none(self.words.len());
        let Some(table) = &self.table else { return seen };
        for way in &self.ways {
            way.look(text, table, |it, begin| {
                let text = text.0.get(begin..).unwrap_or_default();
                let word = it.word as usize;
                let stands = || self.words.get(word).is_some_and(|word| text.starts_with(word));
                if text.first_chunk().is_some_and(|eight| it.begins(*eight)) && (!it.is_long() || stands()) {
                    seen.set(word);
                }
            });
        }
        seen
    }
}

impl Way {
    fn new(words: &[(usize, &Vec<u8>)], letters: usize, step: usize, table: &mut Table) -> Self {
        let mut shared: HashMap<u64, usize> = HashMap::new();
        let all = words.iter().flat_map(|(_, word)| word.windows(letters));
        all.for_each(|it| *shared.entry(number(it)).or_default() += 1);
        let spread = SPREAD << (64 - 8 * letters);
        let mut places = Vec::new();
        for (word, letters_of) in words.iter().copied() {
            // Of all its letters those that the fewest words share and that texts seldom have: it is met wherever it
            // stands, as one of `step` neighbouring places is looked at.
            let windows: Vec<u64> = letters_of.windows(letters).map(number).collect();
            let often = |it: &u64| (MET + shared.get(it).copied().unwrap_or(0)) << 32 >> (3 * rare_letters(*it));
            let cost = |of: &[u64]| of.iter().map(often).sum::<usize>();
            let best = windows.windows(step).enumerate().min_by_key(|(_, of)| cost(of));
            let own = best.into_iter().flat_map(|(begin, of)| (begin..).zip(of));
            let own = own.map(|(before, it)| (it.wrapping_mul(spread), before));
            places.extend(own.filter_map(|(hash, before)| Some((hash, Place::new(word, letters_of, before)?))));
        }
        table.put(&places);
        Self { spread, step, places: Places::new(&places) }
    }

    /// Names the words that may begin at a place.
    fn look(&self, text: &Folded, table: &Table, may: impl FnMut(&Place, usize)) {
        match self.step {
            1 => self.look_at::<1>(text, table, may),
            _ => self.look_at::<2>(text, table, may),
        }
    }

    /// The same; a number that is known beforehand makes this loop twice as fast.
    fn look_at<const STEP: usize>(&self, text: &Folded, table: &Table, mut may: impl FnMut(&Place, usize)) {
        // The last letters of eight are not looked at: they drop out of the product, as they are its highest ones.
        let spread = self.spread;
        for (nth, block) in text.0.windows(2 * BLOCK).step_by(BLOCK).enumerate() {
            for (at, window) in block.windows(8).step_by(STEP).enumerate().take(BLOCK / STEP) {
                let hash = number(window).wrapping_mul(spread);
                if table.may_have(hash) {
                    self.met(table, hash, nth * BLOCK + at * STEP, &mut may);
                }
            }
        }
    }

    /// Out of the way, as it is rare.
    #[inline(never)]
    fn met(&self, table: &Table, hash: u64, place: usize, mut may: impl FnMut(&Place, usize)) {
        if !table.has_second(hash) {
            return;
        }
        for it in self.places.of(hash) {
            if let Some(begin) = place.checked_sub(it.before.into()) {
                may(it, begin);
            }
        }
    }
}

impl Table {
    fn new() -> Box<Self> {
        Box::new(Self([0; TABLE]))
    }

    fn put(&mut self, places: &[(u64, Place)]) {
        for (hash, _) in places {
            let (at, first, second) = Self::bits(*hash);
            self.0.get_mut(at).into_iter().for_each(|word| *word |= 1 << first | 1 << second);
        }
    }

    /// Which word of the table is an entry's, and which bits of it.
    const fn bits(hash: u64) -> (usize, u64, u64) {
        ((hash >> (64 - TABLE.trailing_zeros())) as usize, hash >> 40 & 63, hash >> 34 & 63)
    }

    /// Whether the first bit is set, which is rare.
    fn may_have(&self, hash: u64) -> bool {
        let (at, first, _) = Self::bits(hash);
        self.0.get(at).is_some_and(|word| word >> first & 1 == 1)
    }

    /// Whether the second one is.
    fn has_second(&self, hash: u64) -> bool {
        let (at, _, second) = Self::bits(hash);
        self.0.get(at).is_some_and(|word| word >> second & 1 == 1)
    }
}

impl Place {
    fn new(word: usize, letters: &[u8], before: usize) -> Option<Self> {
        Some(Self {
            begin: number(letters.get(..8).unwrap_or(letters)),
            word: u32::try_from(word).ok()?,
            length: NonZeroU8::new(u8::try_from(letters.len()).ok()?)?,
            before: u8::try_from(before).ok()?,
        })
    }

    /// Whether the word, or its first eight letters, stand there.
    fn begins(&self, text: [u8; 8]) -> bool {
        let others = 64 - 8 * u32::from(self.length.get().min(8));
        (u64::from_le_bytes(text) ^ self.begin) << others == 0
    }

    const fn is_long(&self) -> bool {
        self.length.get() > 8
    }
}

impl Places {
    fn new(places: &[(u64, Place)]) -> Self {
        let mut table = Self(vec![None; (places.len() * 3 / 2).next_power_of_two()]);
        for (hash, place) in places {
            let at = table.from(*hash).find(|at| matches!(table.0.get(*at), Some(None)));
            at.and_then(|at| table.0.get_mut(at)).into_iter().for_each(|it| *it = Some(*place));
        }
        table
    }

    /// All entries, from the one on where a hash begins to be looked for.
    fn from(&self, hash: u64) -> impl Iterator<Item = usize> + use<> {
        let last = self.0.len() - 1;
        let begin = hash.rotate_left(24) as usize;
        (0..=last).map(move |at| begin.wrapping_add(at) & last)
    }

    /// The words whose letters have this hash, and some others.
    fn of(&self, hash: u64) -> impl Iterator<Item = &Place> {
        self.from(hash).map_while(|at| self.0.get(at)?.as_ref())
    }
}

/// How many of these are neither letters nor blanks.
fn rare_letters(letters: u64) -> usize {
    let is_rare = |it: &u8| *it != 0 && *it != b' ' && !it.is_ascii_alphabetic();
    letters.to_le_bytes().iter().filter(|it| is_rare(it)).count()
}

/// Up to eight letters as a number.
fn number(letters: &[u8]) -> u64 {
    match letters.try_into() {
        Ok(eight) => u64::from_le_bytes(eight),
        Err(_) => letters.iter().rev().fold(0, |number, letter| number << 8 | u64::from(*letter)),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn found(words: &[&str], text: &str) -> Vec<usize> {
        let words = words.iter().map(|word| word.bytes().map(letter).collect()).collect();
        Needles::new(words).look(&Folded::new(text)).iter().collect()
    }

    #[test]
    fn a_word_is_found_wherever_it_stands() {
        let words = ["ink", "ship", "kiosk", "invoice", "überweisung", "no. 12345", "a very long word indeed"];
        for (at, word) in words.iter().enumerate() {
            for before in 0..9 {
                for after in 0..9 {
                    let text = format!("{}{word}{}", "x".repeat(before), "y".repeat(after));
                    assert_eq!(found(&words, &text.to_uppercase()), [at], "{text}");
                }
            }
        }
        assert_eq!(found(&words, "tas\u{212A} in\u{212A} \u{17F}hip"), [0, 1]);
        assert_eq!(found(&words, "invoic"), Vec::<usize>::new());
        assert_eq!(found(&["ab", ""], "ab"), Vec::<usize>::new());
    }

    proptest! {
        #[test]
        fn what_is_found_is_what_stands_there(
            words in prop::collection::vec("[ab\u{e9}]{3,12}", 0..20),
            text in "[abAB\u{e9}]{0,40}",
        ) {
            let words: Vec<Vec<u8>> = words.iter().map(|word| word.bytes().map(letter).collect()).collect();
            let text = Folded::new(&text);
            let stands = |word: &Vec<u8>| text.0.windows(word.len()).any(|it| it == word);
            let expected: Vec<usize> = (0..words.len()).filter(|at| stands(&words[*at])).collect();
            prop_assert_eq!(Needles::new(words).look(&text).iter().collect::<Vec<_>>(), expected);
        }
    }
}
