//! Transfer encodings (RFC 2045 section 6), read tolerantly.

use std::borrow::Cow;

use data_encoding::BASE64_NOPAD;

use super::super::Defect;
use super::defects::Defects;
use super::{split, uuencode};

/// The name in a raw `Content-Transfer-Encoding`: lower case, without comments, parameters, quotes and blanks.
pub fn name(raw: &[u8]) -> String {
    let text = String::from_utf8_lossy(raw);
    let name = text.split([';', '(', ',']).next().unwrap_or_default();
    name.chars().filter(|c| !c.is_whitespace() && *c != '"').flat_map(char::to_lowercase).collect()
}

/// The bytes of a part whose `Content-Transfer-Encoding` is `encoding`.
pub fn decode<'b>(body: &'b [u8], encoding: &str, defects: &mut Defects) -> Cow<'b, [u8]> {
    match encoding {
        "base64" | "base-64" | "x-base64" | "b" => base64(body, defects).into(),
        "quoted-printable" | "quotedprintable" | "quoted" | "qp" => quoted_printable(body, false).into(),
        "" | "6bit" | "7bit" | "8bit" | "16bit" | "binary" | "none" | "6bits" | "7bits" | "8bits" | "7-bit"
        | "8-bit" | "7-bits" | "8-bits" => body.into(),
        "x-uuencode" | "uuencode" | "x-uue" | "uue" => match uuencode::whole(body) {
            Some(content) => content.into(),
            None => {
                defects.add(Defect::BadTransferEncoding);
                body.into()
            }
        },
        _ => {
            defects.add(Defect::UnknownTransferEncoding);
            body.into()
        }
    }
}

/// Base64 without its foreign bytes, up to padding that no more base64 follows; what could be decoded is there.
pub fn base64(body: &[u8], defects: &mut Defects) -> Vec<u8> {
    sound_base64(body).unwrap_or_else(|| tolerant_base64(body, defects))
}

/// Base64 in lines that has nothing wrong with it, as nearly all has.
fn sound_base64(body: &[u8]) -> Option<Vec<u8>> {
    let mut clean = Vec::with_capacity(body.len());
    let mut rest = body;
    while !rest.is_empty() {
        let (line, after) = split::split_line(rest);
        clean.extend_from_slice(split::trim_end(line));
        rest = after;
    }
    let padding = clean.iter().rev().take_while(|byte| **byte == b'=').count();
    clean.truncate(clean.len() - padding);
    BASE64_NOPAD.decode(&clean).ok()
}

fn tolerant_base64(body: &[u8], defects: &mut Defects) -> Vec<u8> {
    let mut clean = Vec::with_capacity(body.len());
    let mut padded = false;
    let mut rest = body;
    while !rest.is_empty() {
        let run = rest.iter().position(|byte| !is_base64(*byte)).unwrap_or(rest.len());
        let (letters, after) = rest.split_at_checked(run).unwrap_or_default();
        if padded && !letters.is_empty() {
            defects.add(Defect::BadTransferEncoding);
            break;
        }
        clean.extend_from_slice(letters);
        match after.first() {
            Some(b'=') => padded = true,
            Some(b'\r' | b'\n' | b' ' | b'\t') | None => {}
            Some(_) => defects.add(Defect::BadTransferEncoding),
        }
        rest = after.get(1..).unwrap_or_default();
    }
    if clean.len() % 4 == 1 {
        clean.pop();
        defects.add(Defect::BadTransferEncoding);
    }
    // Bits behind the last whole byte are dropped.
    let tail = clean.len() % 4;
    if let Some(last) = clean.last_mut() {
        let keep = match tail {
            2 => 0x30,
            3 => 0x3c,
            _ => 0x3f,
        };
        *last = alphabet(value(*last) & keep);
    }
    BASE64_NOPAD.decode(&clean).unwrap_or_default()
}

const fn is_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'+' || byte == b'/'
}

fn value(byte: u8) -> u8 {
    match byte {
        b'A'..=b'Z' => byte - b'A',
        b'a'..=b'z' => byte - b'a' + 26,
        b'0'..=b'9' => byte - b'0' + 52,
        b'+' => 62,
        _ => 63,
    }
}

fn alphabet(value: u8) -> u8 {
    match value {
        0..=25 => b'A' + value,
        26..=51 => b'a' + value - 26,
        52..=61 => b'0' + value - 52,
        62 => b'+',
        _ => b'/',
    }
}

/// Quoted-printable; what is no escape stays as it is. In an encoded word `_` is a space.
pub fn quoted_printable(body: &[u8], word: bool) -> Vec<u8> {
    let mut out = Vec::with_capacity(body.len());
    let mut rest = body;
    while let Some(at) = memchr::memchr(b'=', rest) {
        let (plain, escape) = rest.split_at_checked(at).unwrap_or_default();
        as_is(plain, word, &mut out);
        rest = match escape {
            [_, b'\r', b'\n', tail @ ..] | [_, b'\n', tail @ ..] => tail,
            [_, tail @ ..] => match (tail, word) {
                ([b' ' | b'\t', ..], false) if soft_break(tail).is_some() => soft_break(tail).unwrap_or_default(),
                ([high, low, after @ ..], _) if hex(*high).is_some() && hex(*low).is_some() => {
                    out.push(hex(*high).unwrap_or(0) << 4 | hex(*low).unwrap_or(0));
                    after
                }
                _ => {
                    out.push(b'=');
                    tail
                }
            },
            [] => &[],
        };
    }
    as_is(rest, word, &mut out);
    out
}

/// What is not encoded; in an encoded word `_` is a space.
fn as_is(plain: &[u8], word: bool, out: &mut Vec<u8>) {
    match word {
        true => out.extend(plain.iter().map(|byte| if *byte == b'_' { b' ' } else { *byte })),
        false => out.extend_from_slice(plain),
    }
}

/// What follows a soft line break with white space in it, which some way has put there.
fn soft_break(after: &[u8]) -> Option<&[u8]> {
    let blanks = after.iter().take(80).take_while(|byte| matches!(byte, b' ' | b'\t')).count();
    let rest = after.get(blanks..)?;
    rest.strip_prefix(b"\r\n").or_else(|| rest.strip_prefix(b"\n"))
}

/// The value of a hexadecimal digit.
pub fn hex(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sound_base64_is_read_as_the_tolerant_way_reads_it() {
        for raw in ["", "QUJD", "QUI=", "QQ==", "QQ", "QQ=\r\n=\r\n", "QUJD\r\nQUJD\nQUI", "QUJD\r\n\r\n", "===="] {
            let mut defects = Defects::default();
            assert_eq!(sound_base64(raw.as_bytes()), Some(tolerant_base64(raw.as_bytes(), &mut defects)), "{raw:?}");
            assert_eq!(defects.0, [], "{raw:?}");
        }
        for raw in ["Q", "QQ==QQ==", "QR==", "QU JD", "QUJD\rQUJD", "QU!JD", "QUJ=\r\nQUJD"] {
            assert_eq!(sound_base64(raw.as_bytes()), None, "{raw:?}");
        }
    }
}
