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
    let end = if max < text.len() { text.char_indices().nth(max) } else { None };
    let mut rest = end.and_then(|(end, _)| text.get(..end)).unwrap_or(text);
    let mut lines = String::with_capacity(rest.len());
    while !rest.is_empty() {
        let end = memchr::memchr(b'\n', rest.as_bytes());
        let (line, after) = rest.split_at_checked(end.map_or(rest.len(), |end| end + 1)).unwrap_or((rest, ""));
        match line.strip_suffix("\r\n").or_else(|| line.strip_suffix('\n')) {
            Some(plain) if is_plain(plain) => {
                lines.push_str(plain);
                lines.push('\n');
            }
            _ => clean_line(line, &mut lines),
        }
        rest = after;
    }
    lines
}

fn clean_line(line: &str, to: &mut String) {
    let mut previous = '\0';
    for c in line.chars() {
        match c {
            '\n' if previous == '\r' => {}
            '\r' | '\n' => to.push('\n'),
            '\t' => to.push(c),
            c if c.is_control() => {}
            c => to.push(c),
        }
        previous = c;
    }
}

/// Whether a line has no control characters, as nearly all have none; those beyond ASCII begin with 0xC2.
fn is_plain(line: &str) -> bool {
    let is_suspect = |byte: u8| (byte < 0x20 && byte != b'\t') || byte == 0x7f || byte == 0xc2;
    // Without an early end, so that many bytes are looked at together.
    !line.bytes().fold(false, |found, byte| found | is_suspect(byte))
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
        assert_eq!(many_lines("a\r\n\r\nb\r\0\nc\r\r\nd\u{85}\u{a0}e\x7f\r", 99), "a\n\nb\n\nc\n\nd\u{a0}e\n");
        assert_eq!(many_lines("a\r\nb", 2), "a\n");
    }

    #[test]
    fn prefix_never_cuts_a_character() {
        assert_eq!(prefix("aäb", 2), "a");
        assert_eq!(prefix("aäb", 99), "aäb");
    }
}
