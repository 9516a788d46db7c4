//! Bounded text without NUL: what comes from outside is cut to a length and cleaned before it is kept anywhere.

/// `text` without control characters (line ends and tabs become a space), white space folded, cut to `max` characters:
/// for what must stand on one line, such as a subject, a name or a file name.
pub fn one_line(text: &str, max: usize) -> String {
    let mut line = String::with_capacity(text.len().min(max.saturating_mul(4)));
    let mut count = 0;
    let mut space = false;
    for c in text.chars() {
        if c.is_whitespace() || c.is_control() {
            space = true;
            continue;
        }
        if is_invisible(c) {
            continue;
        }
        if space && !line.is_empty() {
            if count + 1 >= max {
                break;
            }
            line.push(' ');
            count += 1;
        }
        space = false;
        if count >= max {
            break;
        }
        line.push(c);
        count += 1;
    }
    line
}

/// `text` with `\n` line ends, without NUL and other control characters but tab, cut to `max` characters.
pub fn many_lines(text: &str, max: usize) -> String {
    let mut lines = String::with_capacity(text.len().min(max.saturating_mul(4)));
    let mut previous = '\0';
    for c in text.chars().take(max) {
        match c {
            '\n' if previous == '\r' => {}
            '\r' | '\n' => lines.push('\n'),
            '\t' => lines.push(c),
            c if c.is_control() => {}
            c => lines.push(c),
        }
        previous = c;
    }
    lines
}

/// At most the first `max` bytes of `text`, cut at a character.
pub fn prefix(text: &str, max: usize) -> &str {
    text.get(..text.floor_char_boundary(max)).unwrap_or(text)
}

/// Characters that only change how others are ordered or joined: they are used to disguise names (`gpj.exe` shown as
/// `exe.jpg`). The joiners U+200C and U+200D stay, scripts and emoji need them.
pub fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200B}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{2064}'
        | '\u{2066}'..='\u{2069}' | '\u{FEFF}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_folds_white_space_and_drops_controls() {
        assert_eq!(one_line("  a\r\n\tb\0c  ", 99), "a b c");
        assert_eq!(one_line("photo\u{202E}gpj.exe", 99), "photogpj.exe");
        assert_eq!(one_line("abcdef", 3), "abc");
        assert_eq!(one_line("a b", 2), "a");
    }

    #[test]
    fn many_lines_has_one_kind_of_line_end() {
        assert_eq!(many_lines("a\r\nb\rc\nd\0e\tf", 99), "a\nb\nc\nde\tf");
        assert_eq!(many_lines("äöü", 2), "äö");
    }

    #[test]
    fn prefix_never_cuts_a_character() {
        assert_eq!(prefix("aäb", 2), "a");
        assert_eq!(prefix("aäb", 99), "aäb");
    }
}
