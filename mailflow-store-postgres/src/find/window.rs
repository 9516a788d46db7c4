//! [`Window`]: how far back a search looks, one part after the other.
//!
//! The index holds texts in no order. Asked for a frequent word it would give millions of them, of which the newest few
//! are wanted. So it also knows in which blocks the number of a text lies, and is asked for the newest block first; if
//! that fills no page, for a larger one before it, as large as it takes by what was found so far.

/// The expression that the index `search_by_words` is on (migration 6).
pub(super) const INDEXED: &str = "(s.words || array_to_tsvector(ARRAY[
    'N9x' || (s.seq >> 9)::text, 'N12x' || (s.seq >> 12)::text, 'N15x' || (s.seq >> 15)::text,
    'N18x' || (s.seq >> 18)::text, 'N21x' || (s.seq >> 21)::text]))";

/// Blocks of so many bits have a word in the index.
const LEVELS: [u32; 5] = [9, 12, 15, 18, 21];

/// Texts from a number up to where the window before it begins.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Window {
    /// Those in this block and the one before it; so many bits of their numbers do not matter.
    Blocks(u32, i64),
    /// All that are left.
    Rest,
}

impl Window {
    /// The newest texts before this one: 512 at least, as far as there are so many.
    pub fn newest(before: i64) -> Self {
        Self::before(before, 9)
    }

    fn before(before: i64, level: u32) -> Self {
        let block = before.saturating_sub(1).max(0) >> level;
        if block <= 1 { Self::Rest } else { Self::Blocks(level, block) }
    }

    /// The first text of it.
    pub const fn first(&self) -> i64 {
        match self {
            Self::Blocks(level, block) => (*block - 1) << *level,
            Self::Rest => 0,
        }
    }

    /// As the index is asked for it.
    pub fn condition(&self) -> Option<String> {
        match self {
            Self::Blocks(level, block) => Some(format!("'N{level}x{block}' | 'N{level}x{}'", block - 1)),
            Self::Rest => None,
        }
    }

    /// The window before this one, so large that it may have what is still missing: from `top` on, so many were found
    /// of so many that are wanted. `None` if there is none.
    pub fn next(&self, top: i64, found: usize, wanted: usize) -> Option<Self> {
        if *self == Self::Rest {
            return None;
        }
        let number = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
        let looked_at = top.saturating_sub(self.first());
        let needed = looked_at.saturating_mul(number(wanted).saturating_mul(2)) / number(found).max(1);
        let level = LEVELS.into_iter().find(|level| 1 << level >= needed);
        Some(level.map_or(Self::Rest, |level| Self::before(self.first(), level)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_follow_each_other_down_to_the_first_text() {
        for (top, found) in [(5_000_000, 0), (5_000_000, 7), (40_000_000, 0), (40_000_000, 25), (70_000, 3), (1, 0)] {
            let mut window = Window::newest(top);
            let mut before = top;
            for _ in 0..200 {
                assert!(window.first() < before.max(1), "{window:?} before {before}");
                before = window.first();
                let Some(next) = window.next(top, found, 26) else { break };
                window = next;
            }
            assert_eq!((window, before), (Window::Rest, 0), "{top}");
        }
    }

    #[test]
    fn a_window_is_as_large_as_what_was_found_says() {
        let window = Window::newest(1_000_000);
        assert_eq!(window, Window::Blocks(9, 1953));
        assert_eq!(window.condition().unwrap(), "'N9x1953' | 'N9x1952'");
        assert_eq!(window.first(), 999_424);
        // 576 texts had 20 of 26: 1,500 more would do. They had none: 30,000.
        assert_eq!(window.next(1_000_000, 20, 26), Some(Window::Blocks(12, 243)));
        assert_eq!(window.next(1_000_000, 0, 26), Some(Window::Blocks(15, 30)));
        assert_eq!(Window::newest(1024), Window::Rest);
        assert_eq!(Window::newest(1025), Window::Blocks(9, 2));
    }
}
