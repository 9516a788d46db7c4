//! Files inside a text between `begin 644 name` and `end` (POSIX uuencode).

/// A file that was found in a text.
pub struct Uuencoded {
    pub name: String,
    pub content: Vec<u8>,
}

/// Takes the files out of a text, at most `most` bytes of them and `count` files. What is no whole file stays where it is.
pub fn take_out(text: &str, most: usize, count: usize) -> Option<(String, Vec<Uuencoded>)> {
    memchr::memmem::find(text.as_bytes(), b"begin ")?;
    let mut rest = String::with_capacity(text.len());
    let (mut files, mut bytes) = (Vec::new(), 0);
    let mut lines = text.split_inclusive('\n');
    while let Some(line) = lines.next() {
        let Some(name) = begin(line).filter(|_| files.len() < count) else {
            rest.push_str(line);
            continue;
        };
        let mut ahead = lines.clone();
        match decode(&mut ahead, most.saturating_sub(bytes)) {
            Some(content) => {
                bytes += content.len();
                files.push(Uuencoded { name: name.to_owned(), content });
                lines = ahead;
            }
            None => {
                rest.push_str(line);
                // One unfinished file: every further look would run to the end again.
                rest.extend(lines);
                break;
            }
        }
    }
    (!files.is_empty()).then_some((rest, files))
}

/// The first file in a body that is uuencoded as a whole; without its end, what is there of it.
pub fn whole(body: &[u8]) -> Option<Vec<u8>> {
    let text = String::from_utf8_lossy(body);
    let mut lines = text.lines().skip_while(|line| begin(line).is_none());
    lines.next()?;
    let mut content = Vec::new();
    for line in lines.take_while(|line| *line != "end") {
        decode_line(line.as_bytes(), &mut content);
    }
    Some(content)
}

fn begin(line: &str) -> Option<&str> {
    let (mode, name) = line.strip_prefix("begin ")?.trim_end().split_once(' ')?;
    let sound = (3..=4).contains(&mode.len()) && mode.bytes().all(|byte| byte.is_ascii_digit());
    (sound && !name.trim().is_empty()).then(|| name.trim())
}

fn decode<'t>(lines: &mut impl Iterator<Item = &'t str>, most: usize) -> Option<Vec<u8>> {
    let mut content = Vec::new();
    for line in lines {
        let line = line.trim_end_matches(['\r', '\n']);
        if line == "end" {
            return Some(content);
        }
        decode_line(line.as_bytes(), &mut content);
        if content.len() > most || !line.bytes().all(|byte| (0x20..=0x60).contains(&byte)) {
            return None;
        }
    }
    None
}

/// Length, then groups of four letters for three bytes.
fn decode_line(line: &[u8], content: &mut Vec<u8>) {
    let (length, encoded) = line.split_first().map_or((0, &[][..]), |(length, rest)| (value(*length), rest));
    let start = content.len();
    for group in encoded.chunks(4) {
        let mut sextets = group.iter().map(|byte| value(*byte)).chain(std::iter::repeat(0));
        let mut next = || sextets.next().unwrap_or(0);
        let (a, b, c, d) = (next(), next(), next(), next());
        content.extend([a << 2 | b >> 4, b << 4 | c >> 2, c << 6 | d]);
    }
    content.truncate(start + usize::from(length));
}

const fn value(byte: u8) -> u8 {
    byte.wrapping_sub(0x20) & 0x3f
}

#[cfg(test)]
mod tests {
    use super::take_out;

    #[test]
    fn a_file_is_taken_out_and_what_is_none_stays() {
        let text = "Hello\nbegin 644 cat.txt\n#0V%T\n`\nend\nbye\n";
        let (rest, files) = take_out(text, 1000, 9).unwrap();
        assert_eq!(
            (rest.as_str(), files[0].name.as_str(), files[0].content.as_slice()),
            ("Hello\nbye\n", "cat.txt", &b"Cat"[..])
        );
        assert!(take_out("begin 644 cat.txt\n#0V%T\n", 1000, 9).is_none());
        assert!(take_out("we begin 644 things\n", 1000, 9).is_none());
    }
}
