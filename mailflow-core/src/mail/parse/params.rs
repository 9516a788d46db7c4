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
}

/// A segment of a parameter: its bytes, and whether they are percent-encoded.
type Segment = (Vec<u8>, bool);

impl Value {
    /// A value without parameters.
    pub fn plain(main: &str) -> Self {
        Self { main: main.to_owned(), params: BTreeMap::new() }
    }

    /// Reads a raw header value.
    pub fn read(raw: &[u8], limits: &Limits, defects: &mut Defects) -> Self {
        let mut pieces = pieces(raw).into_iter();
        let main = pieces.next().map(|main| String::from_utf8_lossy(&main).trim().to_ascii_lowercase());
        let mut plain: BTreeMap<String, Vec<u8>> = BTreeMap::new();
        let mut extended: BTreeMap<String, BTreeMap<u32, Segment>> = BTreeMap::new();
        for (at, piece) in pieces.enumerate() {
            if at >= limits.parameters {
                defects.add(Defect::BadParameter);
                break;
            }
            let Some(equals) = piece.iter().position(|byte| *byte == b'=') else { continue };
            let (name, value) = piece.split_at_checked(equals).unwrap_or_default();
            let name = String::from_utf8_lossy(name).trim().to_ascii_lowercase();
            let value = unquoted(value.get(1..).unwrap_or_default());
            match name.split_once('*') {
                None => {
                    plain.entry(name).or_insert(value);
                }
                Some((name, rest)) => {
                    let number = rest.trim_end_matches('*').parse().unwrap_or(0);
                    let encoded = rest.is_empty() || rest.ends_with('*');
                    extended.entry(name.to_owned()).or_default().entry(number).or_insert((value, encoded));
                }
            }
        }
        let plain = plain.into_iter().map(|(name, value)| (name, words::decode(&value, defects)));
        let mut params: BTreeMap<String, String> = plain.collect();
        // The extended form says more, so it wins where both are there.
        for (name, segments) in extended {
            params.insert(name, joined(segments, defects));
        }
        Self { main: main.unwrap_or_default(), params }
    }

    /// A parameter's value, by its lower-case name.
    pub fn param(&self, name: &str) -> Option<&str> {
        self.params.get(name).map(String::as_str)
    }
}

/// The value between the semicolons, comments left out; quotes are still there.
fn pieces(raw: &[u8]) -> Vec<Vec<u8>> {
    let (mut pieces, mut piece) = (Vec::new(), Vec::new());
    let (mut quoted, mut escaped, mut comment) = (false, false, 0u32);
    for byte in raw.iter().filter(|byte| !matches!(byte, b'\r' | b'\n')) {
        match byte {
            _ if escaped => {
                escaped = false;
                // Only a quote is ever meant to be escaped: in `C:\temp` the backslash is a part of the name.
                if *byte != b'"' && *byte != b'\\' {
                    piece.push(b'\\');
                }
                piece.push(*byte);
                if *byte == b'"' {
                    piece.pop();
                    piece.push(QUOTE);
                }
                continue;
            }
            b'\\' if quoted => {
                escaped = true;
                continue;
            }
            b'"' if comment == 0 => quoted = !quoted,
            b'(' if !quoted => comment += 1,
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
    pieces
}

/// Stands for an escaped quote until the quotes around the value are gone.
const QUOTE: u8 = 0x1;

fn unquoted(value: &[u8]) -> Vec<u8> {
    let value = value.trim_ascii();
    let inner = value.strip_prefix(b"\"").map(|rest| rest.strip_suffix(b"\"").unwrap_or(rest)).unwrap_or(value);
    inner.iter().map(|byte| if *byte == QUOTE { b'"' } else { *byte }).collect()
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
