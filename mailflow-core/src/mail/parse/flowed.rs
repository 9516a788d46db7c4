//! `format=flowed` (RFC 3676): lines that end with a space go on in the next one.

/// The text with its flowed lines joined. `delete_space` is `DelSp=yes`: the space at the end is not a part of it.
pub fn unfold(text: &str, delete_space: bool) -> String {
    let mut out = String::with_capacity(text.len());
    let mut open: Option<usize> = None;
    for line in text.lines() {
        let depth = line.bytes().take_while(|byte| *byte == b'>').count();
        let rest = line.get(depth..).unwrap_or_default();
        let content = rest.strip_prefix(' ').unwrap_or(rest);
        // A signature begins a line of its own, whatever stood before.
        let signature = content == "-- ";
        if open.is_some_and(|before| before != depth || signature) {
            out.push('\n');
            open = None;
        }
        if open.is_none() && depth > 0 {
            out.extend(std::iter::repeat_n('>', depth));
            out.push(' ');
        }
        let flows = content.ends_with(' ') && !signature;
        match content.strip_suffix(' ') {
            Some(shorter) if flows && delete_space => out.push_str(shorter),
            _ => out.push_str(content),
        }
        if flows {
            open = Some(depth);
        } else {
            out.push('\n');
            open = None;
        }
    }
    if open.is_some() {
        out.push('\n');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::unfold;

    #[test]
    fn flowed_lines_are_joined_and_quotes_stay_apart() {
        let text = "one \ntwo\n> quoted \n> text\nmine \n>> deep\n stuffed\n-- \nAda\n";
        assert_eq!(unfold(text, false), "one two\n> quoted text\nmine \n>> deep\nstuffed\n-- \nAda\n");
        assert_eq!(unfold("日本 \n語\n", true), "日本語\n");
    }
}
