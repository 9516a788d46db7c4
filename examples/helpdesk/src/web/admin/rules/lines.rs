//! Differences of two short texts, line by line.

/// A line of a difference.
#[derive(Debug, PartialEq, Eq)]
pub enum Change<'a> {
    /// In both.
    Same(&'a str),
    /// Only before.
    Gone(&'a str),
    /// Only after.
    New(&'a str),
}

/// The most lines that are compared one with each; beyond it all are gone and new.
const MOST: usize = 2000;

/// How one text becomes another: as many lines as possible stay.
pub fn changes<'a>(before: &'a str, after: &'a str) -> Vec<Change<'a>> {
    let (before, after): (Vec<&str>, Vec<&str>) = (before.lines().collect(), after.lines().collect());
    let whole = before.len() > MOST || after.len() > MOST;
    let shared = if whole { Vec::new() } else { shared(&before, &after) };
    let mut changes = Vec::new();
    let (mut old, mut new) = (before.iter().enumerate().peekable(), after.iter().enumerate().peekable());
    for (a, b) in shared.into_iter().chain([(before.len(), after.len())]) {
        while let Some((_, line)) = old.next_if(|(at, _)| *at < a) {
            changes.push(Change::Gone(line));
        }
        while let Some((_, line)) = new.next_if(|(at, _)| *at < b) {
            changes.push(Change::New(line));
        }
        if let (Some((_, line)), Some(_)) = (old.next(), new.next()) {
            changes.push(Change::Same(line));
        }
    }
    changes
}

/// The places of the lines that stay, in both: a longest common subsequence.
fn shared(before: &[&str], after: &[&str]) -> Vec<(usize, usize)> {
    // lengths[i][j]: how many lines can stay from i and j on.
    let mut lengths = vec![vec![0_u32; after.len() + 1]; before.len() + 1];
    let at =
        |lengths: &[Vec<u32>], i: usize, j: usize| lengths.get(i).and_then(|row| row.get(j)).copied().unwrap_or(0);
    for (i, old) in before.iter().enumerate().rev() {
        for (j, new) in after.iter().enumerate().rev() {
            let most = if old == new {
                at(&lengths, i + 1, j + 1) + 1
            } else {
                at(&lengths, i + 1, j).max(at(&lengths, i, j + 1))
            };
            if let Some(cell) = lengths.get_mut(i).and_then(|row| row.get_mut(j)) {
                *cell = most;
            }
        }
    }
    let (mut i, mut j, mut shared) = (0, 0, Vec::new());
    while let (Some(old), Some(new)) = (before.get(i), after.get(j)) {
        if old == new {
            shared.push((i, j));
            (i, j) = (i + 1, j + 1);
        } else if at(&lengths, i + 1, j) >= at(&lengths, i, j + 1) {
            i += 1;
        } else {
            j += 1;
        }
    }
    shared
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stays_what_goes_and_what_comes() {
        use Change::{Gone, New, Same};
        assert_eq!(changes("a\nb\nc", "a\nx\nc"), [Same("a"), Gone("b"), New("x"), Same("c")]);
        assert_eq!(changes("", "a"), [New("a")]);
        assert_eq!(changes("a\nb", ""), [Gone("a"), Gone("b")]);
        assert_eq!(changes("b\na", "a\nb"), [Gone("b"), Same("a"), New("b")]);
        assert_eq!(changes("a", "a"), [Same("a")]);
    }
}
