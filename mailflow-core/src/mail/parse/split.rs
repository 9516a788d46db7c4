//! The structure of a mail: header fields and leaf parts, in one pass over its lines.

use memchr::{memchr, memmem};

use super::super::{Defect, Limits};
use super::defects::Defects;

/// One header field as it stands in the mail: name, and raw value with its folds.
#[derive(Clone, Copy)]
pub struct Field<'a> {
    pub name: &'a [u8],
    pub value: &'a [u8],
}

/// The fields of one header block.
#[derive(Default, Clone)]
pub struct Fields<'a>(pub Vec<Field<'a>>);

impl<'a> Fields<'a> {
    /// The raw values of all fields of this name.
    pub fn all<'s>(&'s self, name: &'s str) -> impl Iterator<Item = &'a [u8]> + 's {
        self.0.iter().filter(move |field| field.name.eq_ignore_ascii_case(name.as_bytes())).map(|field| field.value)
    }

    /// The raw value of the first field of this name.
    pub fn first(&self, name: &str) -> Option<&'a [u8]> {
        self.all(name).next()
    }
}

/// The line at the beginning of `bytes` with its end, and what follows it.
pub fn split_line(bytes: &[u8]) -> (&[u8], &[u8]) {
    let end = memchr(b'\n', bytes).map_or(bytes.len(), |at| at + 1);
    bytes.split_at(end)
}

/// A line without its end.
pub fn trim_end(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}

/// The header fields at the beginning of `bytes`, and the body after them. Without any field all is body.
pub fn fields<'a>(bytes: &'a [u8], limits: &Limits, defects: &mut Defects) -> (Fields<'a>, &'a [u8]) {
    let mut found = Fields::default();
    let mut rest = bytes;
    let mut used = 0;
    loop {
        let (line, after) = split_line(rest);
        if trim_end(line).is_empty() {
            return if found.0.is_empty() && !after.is_empty() && line.is_empty() {
                (found, bytes)
            } else {
                (found, after)
            };
        }
        let Some(name) = name_of(line) else {
            if is_envelope(line) || line.first().is_some_and(is_blank) {
                rest = after;
                continue;
            }
            defects.add(Defect::BadHeader);
            // A line that some way has put between the headers; what goes on after it are headers still.
            if !found.0.is_empty() && after_is_header(after) {
                rest = after;
                continue;
            }
            return if found.0.is_empty() { (found, bytes) } else { (found, rest) };
        };
        let (end, tail) = folded(line, after, defects);
        let whole = rest.get(..end).unwrap_or(line);
        let value = whole.get(name.len() + 1..).unwrap_or_default();
        used += whole.len();
        if found.0.len() >= limits.headers || used > limits.headers_bytes {
            defects.add(Defect::HeadersCut);
        } else {
            if value.len() > limits.header_bytes {
                defects.add(Defect::HeadersCut);
            }
            let value = value.get(..limits.header_bytes).unwrap_or(value);
            found.0.push(Field { name: name.trim_ascii(), value });
        }
        rest = tail;
    }
}

/// Where a field that begins with `line` ends, counted from its beginning, and what follows it.
fn folded<'a>(line: &[u8], after: &'a [u8], defects: &mut Defects) -> (usize, &'a [u8]) {
    let mut end = line.len();
    let mut last = line;
    let mut tail = after;
    while let Some(first) = tail.first() {
        let (next, beyond) = split_line(tail);
        if is_blank(first) {
            if next.trim_ascii().is_empty() {
                break;
            }
        } else if last.trim_ascii_end().ends_with(b";") && is_lost_parameter(next) {
            defects.add(Defect::BadHeader);
        } else {
            break;
        }
        end += next.len();
        last = next;
        tail = beyond;
    }
    (end, tail)
}

/// `boundary="x"` at the beginning of a line, which some program forgot to fold.
fn is_lost_parameter(line: &[u8]) -> bool {
    let name = memchr(b'=', line).and_then(|at| line.get(..at)).unwrap_or_default();
    matches!(name.len(), 4..=20) && name.iter().all(|byte| byte.is_ascii_alphabetic() || matches!(byte, b'*' | b'-'))
}

/// The line that an mbox file puts before a mail.
fn is_envelope(line: &[u8]) -> bool {
    line.starts_with(b"From ") || line.starts_with(b">From ")
}

fn after_is_header(after: &[u8]) -> bool {
    name_of(split_line(after).0).is_some() && looks_like_headers(after)
}

/// Whether an empty line follows after nothing but header lines; only the next few are looked at.
fn looks_like_headers(bytes: &[u8]) -> bool {
    let mut rest = bytes;
    for _ in 0..8 {
        let (line, after) = split_line(rest);
        if trim_end(line).is_empty() {
            return true;
        }
        if name_of(line).is_none() && !line.first().is_some_and(is_blank) {
            return false;
        }
        rest = after;
    }
    true
}

fn is_blank(byte: &u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

/// The name before the colon, with white space after it.
fn name_of(line: &[u8]) -> Option<&[u8]> {
    let at = memchr(b':', line.get(..200).unwrap_or(line))?;
    let name = line.get(..at)?;
    let bare = name.trim_ascii_end();
    (!bare.is_empty() && bare.iter().all(u8::is_ascii_graphic)).then_some(name)
}

/// The parts of a multipart body.
#[derive(Default)]
pub struct Parts<'a> {
    /// Each with its headers, without the line end that belongs to the delimiter after it.
    pub parts: Vec<&'a [u8]>,
    /// What stands before the first delimiter.
    pub preamble: &'a [u8],
    /// Whether it was closed, once.
    pub sound: bool,
}

/// The parts between the delimiter lines of one multipart body. A linear pass.
pub fn parts<'a>(body: &'a [u8], boundary: &[u8]) -> Parts<'a> {
    let mut found = Parts { preamble: body, ..Parts::default() };
    if boundary.is_empty() {
        return found;
    }
    let delimiter = [b"--", boundary].concat();
    let mut start = None;
    let mut closings = 0;
    for at in memmem::find_iter(body, &delimiter) {
        if at > 0 && body.get(at - 1) != Some(&b'\n') {
            continue;
        }
        let (line, _) = split_line(body.get(at..).unwrap_or_default());
        let Some(closing) = after_boundary(line.get(delimiter.len()..).unwrap_or_default()) else { continue };
        match start.take() {
            Some(start) => found.parts.push(trim_end(body.get(start..at).unwrap_or_default())),
            None if found.parts.is_empty() => found.preamble = body.get(..at).unwrap_or_default(),
            None => {}
        }
        // Parts that follow the end: two levels that share a boundary.
        match closing {
            true => closings += 1,
            false => start = Some(at + line.len()),
        }
    }
    found.sound = closings == 1 && start.is_none();
    if let Some(start) = start {
        found.parts.push(body.get(start..).unwrap_or_default());
    }
    found
}

/// Whether what follows a boundary ends its line as a delimiter does; the value says whether it closes. Text after
/// white space is padding (RFC 2046 section 5.1.1).
fn after_boundary(rest: &[u8]) -> Option<bool> {
    match rest.strip_prefix(b"--") {
        Some(after) => after.first().is_none_or(u8::is_ascii_whitespace).then_some(true),
        None => rest.first().is_none_or(u8::is_ascii_whitespace).then_some(false),
    }
}

/// The boundary that a body really has, where the declared one never appears: what stands after `--` on a line that
/// header lines follow.
pub fn real_boundary(body: &[u8]) -> Option<&[u8]> {
    let mut rest = body;
    for _ in 0..200 {
        let (line, after) = split_line(rest);
        let boundary = trim_end(line).strip_prefix(b"--").map(<[u8]>::trim_ascii_end);
        if let Some(boundary) = boundary.filter(|boundary| matches!(boundary.len(), 1..=200))
            && split_line(after).0.get(..8).is_some_and(|name| name.eq_ignore_ascii_case(b"content-"))
        {
            return Some(boundary);
        }
        rest = after;
    }
    None
}
