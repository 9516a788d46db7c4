//! The structure of a mail: header fields and leaf parts, in one pass over its lines.

use super::super::{Defect, Limits};
use super::defects::Defects;

/// One header field as it stands in the mail: name, and raw value with its folds.
pub struct Field<'a> {
    pub name: &'a [u8],
    pub value: &'a [u8],
}

/// The fields of one header block.
#[derive(Default)]
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
    let end = bytes.iter().position(|b| *b == b'\n').map_or(bytes.len(), |at| at + 1);
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
        let Some((name, _)) = name_of(line) else {
            if line.starts_with(b"From ") || line.starts_with(b">From ") || line.first().is_some_and(is_blank) {
                rest = after;
                continue;
            }
            defects.add(Defect::BadHeader);
            // A line that some way has put between the headers; what goes on after it are headers still.
            if !found.0.is_empty() && name_of(split_line(after).0).is_some() && looks_like_headers(after) {
                rest = after;
                continue;
            }
            return if found.0.is_empty() { (found, bytes) } else { (found, rest) };
        };
        let mut end = line.len();
        let mut tail = after;
        while tail.first().is_some_and(is_blank) {
            let (next, beyond) = split_line(tail);
            if trim_end(next).trim_ascii().is_empty() {
                break;
            }
            end += next.len();
            tail = beyond;
        }
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

/// The name before the colon, with white space after it, and what follows the colon.
fn name_of(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let at = line.iter().take(200).position(|b| *b == b':')?;
    let (name, value) = line.split_at_checked(at)?;
    let bare = name.trim_ascii_end();
    (!bare.is_empty() && bare.iter().all(u8::is_ascii_graphic)).then_some((name, value))
}

/// The parts between the delimiter lines of one multipart body, and whether it was closed. A linear pass.
pub fn parts<'a>(body: &'a [u8], boundary: &[u8]) -> (Vec<&'a [u8]>, bool) {
    let mut parts = Vec::new();
    let mut start = None;
    let mut at = 0;
    let mut rest = body;
    while !rest.is_empty() {
        let (line, after) = split_line(rest);
        if let Some(closing) = delimiter(line, boundary) {
            if let Some(start) = start {
                parts.push(without_last_end(body.get(start..at).unwrap_or_default()));
            }
            if closing {
                return (parts, true);
            }
            start = Some(at + line.len());
        }
        at += line.len();
        rest = after;
    }
    if let Some(start) = start {
        parts.push(body.get(start..).unwrap_or_default());
    }
    (parts, false)
}

/// Whether the line is a delimiter of this boundary; the value says whether it closes.
fn delimiter(line: &[u8], boundary: &[u8]) -> Option<bool> {
    let after = line.strip_prefix(b"--")?.strip_prefix(boundary)?.trim_ascii_end();
    match after {
        b"" => Some(false),
        b"--" => Some(true),
        _ => None,
    }
}

fn without_last_end(part: &[u8]) -> &[u8] {
    trim_end(part)
}
