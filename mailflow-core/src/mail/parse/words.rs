//! Encoded words in headers (RFC 2047), read tolerantly and in one pass.

use std::borrow::Cow;

use super::super::Defect;
use super::defects::Defects;
use super::{charset, transfer};

/// The value of a header on one line, its encoded words decoded. Neighbouring words of one charset are joined before
/// they are decoded, since some writers split a character between them.
pub fn decode(raw: &[u8], defects: &mut Defects) -> String {
    let text = charset::decode(raw, "", defects);
    let one = text.trim_end_matches(['\r', '\n']);
    let folded = memchr::memchr3(b'\r', b'\n', 0, one.as_bytes()).is_some();
    let text = if folded { Cow::Owned(unfolded(one, defects)) } else { Cow::Borrowed(one) };
    if memchr::memmem::find(text.as_bytes(), b"=?").is_none() {
        return text.trim().to_owned();
    }
    let mut out = String::with_capacity(text.len());
    let mut pending: Option<(String, Vec<u8>)> = None;
    let mut rest = &*text;
    while let Some((before, tail)) = rest.split_once("=?") {
        let Some((label, bytes, after)) = word(tail, defects) else {
            flush(&mut pending, &mut out, defects);
            out.push_str(before);
            out.push_str("=?");
            rest = tail;
            continue;
        };
        if pending.is_none() || !before.trim().is_empty() {
            flush(&mut pending, &mut out, defects);
            out.push_str(before);
        }
        match &mut pending {
            Some((same, joined)) if same.eq_ignore_ascii_case(label) => joined.extend(bytes),
            _ => {
                flush(&mut pending, &mut out, defects);
                pending = Some((label.to_owned(), bytes));
            }
        }
        rest = after;
    }
    flush(&mut pending, &mut out, defects);
    out.push_str(rest);
    out.trim().to_owned()
}

/// A fold is one space, whatever white space it is made of.
fn unfolded(text: &str, defects: &mut Defects) -> String {
    let nul = text.contains('\0');
    if nul {
        defects.add(Defect::Nul);
    }
    let mut out = String::with_capacity(text.len());
    for line in text.split(['\r', '\n']) {
        let begins_blank = line.starts_with([' ', '\t']);
        if begins_blank && !out.is_empty() {
            out.truncate(out.trim_end_matches([' ', '\t']).len());
            out.push(' ');
        }
        let rest = if begins_blank { line.trim_start_matches([' ', '\t']) } else { line };
        match nul {
            true => out.extend(rest.chars().filter(|c| *c != '\0')),
            false => out.push_str(rest),
        }
    }
    out
}

/// Text for one line: control characters are spaces, what only disguises is gone; at most `max` characters. Other
/// white space stays as it was written.
pub fn one_line(text: &str, max: usize) -> String {
    let text = text.trim();
    let sound = |c: char| if c.is_control() { ' ' } else { c };
    let line: String = text.chars().filter(|c| !crate::text::is_invisible(*c)).map(sound).take(max).collect();
    line.trim().to_owned()
}

fn flush(pending: &mut Option<(String, Vec<u8>)>, out: &mut String, defects: &mut Defects) {
    if let Some((label, bytes)) = pending.take() {
        out.push_str(&charset::decode(&bytes, &label, defects));
    }
}

/// The most characters of a charset label, and of one encoded word.
const LABEL: usize = 64;
const WORD: usize = 4096;

/// Charset, bytes and what follows of the encoded word whose `=?` was just read.
fn word<'a>(text: &'a str, defects: &mut Defects) -> Option<(&'a str, Vec<u8>, &'a str)> {
    let (label, _) = crate::text::prefix(text, LABEL).split_once('?')?;
    let mut tail = text.get(label.len() + 1..)?.chars();
    let kind = tail.next()?;
    let payload = tail.as_str().strip_prefix('?')?;
    let (word, _) = crate::text::prefix(payload, WORD).split_once("?=")?;
    let after = payload.get(word.len() + 2..)?;
    let bytes = match kind.to_ascii_lowercase() {
        'q' => transfer::quoted_printable(word.as_bytes(), true),
        // Raw letters inside a B-word: nothing was encoded.
        'b' if !word.is_ascii() => {
            defects.add(Defect::BadEncodedWord);
            word.as_bytes().to_vec()
        }
        'b' => base64(word, defects),
        _ => return None,
    };
    Some((label.split('*').next().unwrap_or(label), bytes, after))
}

fn base64(word: &str, defects: &mut Defects) -> Vec<u8> {
    let mut found = Defects::default();
    let bytes = transfer::base64(word.as_bytes(), &mut found);
    if !found.0.is_empty() {
        defects.add(Defect::BadEncodedWord);
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(raw: &[u8]) -> String {
        decode(raw, &mut Defects::default())
    }

    #[test]
    fn ac_16_encoded_words_are_read_as_they_come() {
        for (raw, text) in [
            ("=?UTF-8?B?S8OpdmluCg==?= x", "Kévin\n x"),
            ("=?UTF-8?B?Kévin?=", "Kévin"),
            ("=?UTF-8?B?4pw=?= =?UTF-8?B?hQ==?=", "✅"),
            ("=?UTF-8?Q?a?= =?UTF-8?Q?b?= c", "ab c"),
            ("tail=?UTF-8?Q?=C3=A4?=glued", "tailäglued"),
            ("=?utf-8*en?Q?=C3=A4?=", "ä"),
            ("=?koi8-r?B?8NLJ18XU?=", "Привет"),
            ("=?windows-1251?Q?=CF=F0=E8=E2=E5=F2?=", "Привет"),
            ("=?ISO-2022-JP?B?GyRCRnxLXBsoQg==?= =?ISO-2022-JP?B?GyRCOGwbKEI=?=", "日本語"),
            ("no =? word ?= here", "no =? word ?= here"),
            ("=?UTF-8?Q?folded?=\r\n =?UTF-8?Q?_twice?=", "folded twice"),
            ("=?x-nobody?Q?=E4?=", "ä"),
        ] {
            assert_eq!(read(raw.as_bytes()), text, "{raw}");
        }
        assert_eq!(read(b"caf\xe9"), "café");
    }

    #[test]
    fn a_line_full_of_encoded_words_costs_its_length_once() {
        let line = "=?UTF-8?Q?a?= ".repeat(100_000);
        assert_eq!(read(line.as_bytes()).len(), 100_000);
        let broken = "=?UTF-8?Q?x".repeat(20_000);
        assert_eq!(read(broken.as_bytes()).len(), broken.len());
    }
}
