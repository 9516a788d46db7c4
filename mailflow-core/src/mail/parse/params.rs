//! Header values with parameters (RFC 2045 section 5.1, RFC 2183), and what RFC 2231 does to them: charsets,
//! percent signs, segments. Read tolerantly.

use std::collections::BTreeMap;

use super::super::{Defect, Limits};
use super::defects::Defects;
use super::{charset, transfer, words};

/// A header value such as `text/plain; charset=utf-8`.
#[derive(Debug, Default, Clone)]
pub struct Value {
    /// What stands before the parameters, lower case, without comments.
    pub main: String,
    params: BTreeMap<String, String>,
    /// The `boundary`, byte for byte; empty if there is none.
    pub boundary: Vec<u8>,
}

/// A segment of a parameter: its bytes, and whether they are percent-encoded.
type Segment = (Vec<u8>, bool);

impl Value {
    /// A value without parameters.
    pub fn plain(main: &str) -> Self {
        Self { main: main.to_owned(), ..Self::default() }
    }

    /// Reads a raw header value.
    pub fn read(raw: &[u8], limits: &Limits, defects: &mut Defects) -> Self {
        let mut pieces = pieces(raw);
        let mut main = if pieces.is_empty() { Vec::new() } else { pieces.remove(0) };
        // Some programs forget the semicolon after the type.
        if let Some(at) = main.trim_ascii_start().iter().position(u8::is_ascii_whitespace) {
            let rest = main.trim_ascii_start().get(at..).unwrap_or_default().to_vec();
            if rest.contains(&b'=') {
                pieces.insert(0, rest);
                main = main.trim_ascii_start().get(..at).unwrap_or_default().to_vec();
            }
        }
        let main = String::from_utf8_lossy(&unquoted(&main).0).trim().to_ascii_lowercase();
        let mut plain: BTreeMap<String, Vec<u8>> = BTreeMap::new();
        let mut extended: BTreeMap<String, BTreeMap<u32, Segment>> = BTreeMap::new();
        let mut count = 0;
        for piece in pieces {
            let mut rest = piece;
            while let Some(equals) = memchr::memchr(b'=', &rest) {
                count += 1;
                if count > limits.parameters {
                    defects.add(Defect::BadParameter);
                    break;
                }
                let (name, value) = rest.split_at_checked(equals).unwrap_or_default();
                let name = String::from_utf8_lossy(name).trim().to_ascii_lowercase();
                let (value, after) = unquoted(value.get(1..).unwrap_or_default());
                match name.split_once('*') {
                    None => {
                        plain.entry(name).or_insert(value);
                    }
                    Some((name, part)) => {
                        let number = part.trim_end_matches('*').parse().unwrap_or(0);
                        let encoded = part.is_empty() || part.ends_with('*');
                        extended.entry(name.to_owned()).or_default().entry(number).or_insert((value, encoded));
                    }
                }
                rest = after;
            }
        }
        let boundary = plain.get("boundary").cloned();
        let plain = plain.into_iter().map(|(name, value)| (name, words::decode(&value, defects)));
        let mut params: BTreeMap<String, String> = plain.collect();
        // The extended form says more, so it wins where both are there.
        for (name, segments) in extended {
            params.insert(name, joined(segments, defects));
        }
        let boundary = match params.get("boundary") {
            Some(joined) => boundary.unwrap_or_else(|| joined.clone().into_bytes()),
            None => Vec::new(),
        };
        Self { main, params, boundary: boundary.trim_ascii_end().to_vec() }
    }

    /// A parameter's value, by its lower-case name.
    pub fn param(&self, name: &str) -> Option<&str> {
        self.params.get(name).map(String::as_str)
    }
}

/// The value between the semicolons, comments left out; quotes are still there.
fn pieces(raw: &[u8]) -> Vec<Vec<u8>> {
    let (pieces, closed) = cut(raw, Comments::LeftOut);
    // A comment that never ends would hide all after it.
    if closed { pieces } else { cut(raw, Comments::Kept).0 }
}

#[derive(Clone, Copy, PartialEq)]
enum Comments {
    LeftOut,
    Kept,
}

fn cut(raw: &[u8], comments: Comments) -> (Vec<Vec<u8>>, bool) {
    let (mut pieces, mut piece) = (Vec::new(), Vec::new());
    let (mut quoted, mut escaped, mut comment) = (false, false, 0u32);
    for byte in raw.iter().filter(|byte| !matches!(**byte, b'\r' | b'\n' | QUOTE)) {
        match byte {
            _ if escaped => {
                escaped = false;
                // Only a quote is ever meant to be escaped: in `C:\temp` the backslash is a part of the name.
                match byte {
                    b'"' => piece.push(QUOTE),
                    b'\\' => piece.push(b'\\'),
                    other => piece.extend([b'\\', *other]),
                }
                continue;
            }
            b'\\' if quoted => {
                escaped = true;
                continue;
            }
            b'"' if comment == 0 => quoted = !quoted,
            b'(' if !quoted && comments == Comments::LeftOut && !is_file_name(&piece) => comment += 1,
            b')' if !quoted && comment > 0 => {
                comment -= 1;
                continue;
            }
            b';' if !quoted && comment == 0 => {
                pieces.push(std::mem::take(&mut piece));
                continue;
            }
            _ => {}
        }
        if comment == 0 {
            piece.push(*byte);
        }
    }
    pieces.push(piece);
    (pieces, comment == 0)
}

/// Whether a piece is the name of a file, in which parentheses are letters: `name=Invoice (1).pdf`.
fn is_file_name(piece: &[u8]) -> bool {
    let start = piece.trim_ascii_start();
    let start = start.get(..8).map(<[u8]>::to_ascii_lowercase).unwrap_or_else(|| start.to_ascii_lowercase());
    (start.starts_with(b"name") || start.starts_with(b"filename")) && memchr::memchr(b'=', piece).is_some()
}

/// Stands for an escaped quote until the quotes around the value are gone.
const QUOTE: u8 = 0x1;

/// A value without its quotes, and what follows the closing one.
fn unquoted(value: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let value = value.trim_ascii();
    let (inner, after) = match value.strip_prefix(b"\"") {
        Some(rest) => rest.split_at_checked(memchr::memchr(b'"', rest).unwrap_or(rest.len())).unwrap_or_default(),
        None => (value, &[][..]),
    };
    let inner = inner.iter().map(|byte| if *byte == QUOTE { b'"' } else { *byte }).collect();
    (inner, after.strip_prefix(b"\"").unwrap_or(after).to_vec())
}

/// The segments as one text: the first says the charset, `utf-8'en'...`.
fn joined(segments: BTreeMap<u32, Segment>, defects: &mut Defects) -> String {
    let mut label = String::new();
    let mut bytes = Vec::new();
    for (number, (value, encoded)) in segments {
        let mut value = value.as_slice();
        if number == 0 && encoded {
            let mut parts = value.splitn(3, |byte| *byte == b'\'');
            if let (Some(charset), Some(_language), Some(rest)) = (parts.next(), parts.next(), parts.next()) {
                label = String::from_utf8_lossy(charset).into_owned();
                value = rest;
            }
        }
        if encoded { percent(value, &mut bytes) } else { bytes.extend_from_slice(value) }
    }
    charset::decode(&bytes, &label, defects)
}

fn percent(value: &[u8], to: &mut Vec<u8>) {
    let mut rest = value;
    while let Some((byte, after)) = rest.split_first() {
        rest = after;
        match (byte, after) {
            (b'%', [high, low, tail @ ..]) => match (transfer::hex(*high), transfer::hex(*low)) {
                (Some(high), Some(low)) => {
                    to.push(high << 4 | low);
                    rest = tail;
                }
                _ => to.push(b'%'),
            },
            _ => to.push(*byte),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn param(raw: &str, name: &str) -> Option<String> {
        let value = Value::read(raw.as_bytes(), &Limits::default(), &mut Defects::default());
        value.param(name).map(str::to_owned)
    }

    #[test]
    fn parameters_are_read_with_quotes_comments_and_escapes() {
        let raw = "Text/Plain (really); charset=\"utf-8\" (foo); name=\"a;b \\\"c\\\".txt\"; x";
        let value = Value::read(raw.as_bytes(), &Limits::default(), &mut Defects::default());
        assert_eq!(value.main, "text/plain");
        assert_eq!(value.param("charset"), Some("utf-8"));
        assert_eq!(value.param("name"), Some("a;b \"c\".txt"));
        assert_eq!(param("multipart/mixed\n\tboundary=\"x y\"", "boundary").unwrap(), "x y");
        assert_eq!(param("a; filename=\"b.pdf\" size=3", "size").unwrap(), "3");
        assert_eq!(param("a; filename=b (1).pdf; size=3", "filename").unwrap(), "b (1).pdf");
        assert_eq!(param("a (never closed; name=b", "name").unwrap(), "b");
        assert_eq!(param("a; filename=\"C:\\temp\\new.pdf\"", "filename").unwrap(), "C:\\temp\\new.pdf");
    }

    #[test]
    fn rfc_2231_charsets_and_segments_are_joined_before_they_are_decoded() {
        assert_eq!(param("a; filename*=\"us-ascii''W%F6lbung.jpg\"", "filename").unwrap(), "Wölbung.jpg");
        assert_eq!(
            param("a; name*0*=utf-8'en'%E2%82; name*1*=%AC%20; name*2=\"rest.txt\"", "name").unwrap(),
            "€ rest.txt"
        );
        assert_eq!(param("a; filename=\"x.txt\"; filename*=UTF-8''%C3%A4.txt", "filename").unwrap(), "ä.txt");
        assert_eq!(param("a; filename*=x-unknown''%C3%A4.txt", "filename").unwrap(), "ä.txt");
    }

    #[test]
    fn encoded_words_in_parameters_are_decoded() {
        assert_eq!(param("a; filename=\"=?UTF-8?B?w6Q=?= =?UTF-8?Q?=C3=B6?=.pdf\"", "filename").unwrap(), "äö.pdf");
    }
}
