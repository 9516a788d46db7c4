//! Words of the core on pages.

/// Words of the core, where names stand in backticks, as people read them.
pub fn readable(words: &str) -> String {
    let mut open = false;
    let quote = |c: char| {
        if c == '`' {
            open = !open;
            return if open { '“' } else { '”' };
        }
        c
    };
    words.chars().map(quote).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stand_in_quotation_marks() {
        assert_eq!(readable("rule `Bills`; source `Post`"), "rule “Bills”; source “Post”");
    }
}
