//! Charsets that browsers no longer read and mail still has: UTF-7 (RFC 2152), HZ (RFC 1843), ISO-2022-KR (RFC 1557),
//! and the code pages of DOS.

use data_encoding::BASE64_NOPAD;
use encoding_rs::{EUC_KR, GBK};

/// The text, if the label (in lower case) is one of these.
pub fn decode(bytes: &[u8], label: &str) -> Option<String> {
    match label {
        "utf-7" | "unicode-1-1-utf-7" | "csunicode11utf7" | "utf7" => Some(utf_7(bytes)),
        "hz-gb-2312" | "hz" => Some(hz(bytes)),
        "iso-2022-kr" | "csiso2022kr" => Some(iso_2022_kr(bytes)),
        "cp437" | "ibm437" | "437" | "dos-437" => Some(page(bytes, CP437)),
        "cp850" | "ibm850" | "850" | "dos-850" => Some(page(bytes, CP850)),
        _ => None,
    }
}

/// `+` begins UTF-16 in base64, whatever is not base64 ends it, and `-` after it belongs to it.
fn utf_7(bytes: &[u8]) -> String {
    let mut lenient = BASE64_NOPAD.specification();
    lenient.check_trailing_bits = false;
    let Ok(lenient) = lenient.encoding() else { return String::from_utf8_lossy(bytes).into_owned() };
    let mut out = String::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some(at) = memchr::memchr(b'+', rest) {
        let (before, after) = rest.split_at_checked(at).unwrap_or_default();
        out.push_str(&String::from_utf8_lossy(before));
        let after = after.get(1..).unwrap_or_default();
        let is_base64 = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/');
        let length = after.iter().position(|byte| !is_base64(byte)).unwrap_or(after.len());
        let (encoded, tail) = after.split_at_checked(length).unwrap_or_default();
        rest = tail.strip_prefix(b"-").unwrap_or(tail);
        if encoded.is_empty() {
            out.push('+');
            continue;
        }
        let whole = encoded.get(..encoded.len() - usize::from(encoded.len() % 4 == 1)).unwrap_or_default();
        let units = lenient.decode(whole).unwrap_or_default();
        let units = units.get(..units.len() - units.len() % 2).unwrap_or_default();
        out.push_str(&encoding_rs::UTF_16BE.decode_without_bom_handling(units).0);
    }
    out.push_str(&String::from_utf8_lossy(rest));
    out
}

/// `~{` begins GB 2312 without its high bits, `~}` ends it, `~~` is a tilde, `~` and a line end are nothing.
fn hz(bytes: &[u8]) -> String {
    let mut plain = Vec::with_capacity(bytes.len());
    let mut wide = false;
    let mut rest = bytes;
    while let Some((byte, after)) = rest.split_first() {
        rest = after;
        match (byte, after) {
            (b'~', [b'{', tail @ ..]) => (wide, rest) = (true, tail),
            (b'~', [b'}', tail @ ..]) => (wide, rest) = (false, tail),
            (b'~', [b'~', tail @ ..]) if !wide => {
                plain.push(b'~');
                rest = tail;
            }
            (b'~', [b'\n', tail @ ..] | [b'\r', b'\n', tail @ ..]) if !wide => rest = tail,
            (b'\n', _) => {
                wide = false;
                plain.push(b'\n');
            }
            (0x21..=0x7e, _) if wide => plain.push(byte | 0x80),
            _ => plain.push(*byte),
        }
    }
    GBK.decode_without_bom_handling(&plain).0.into_owned()
}

/// Shift out begins Korean without its high bits, shift in ends it; one escape at the beginning announces it.
fn iso_2022_kr(bytes: &[u8]) -> String {
    let mut plain = Vec::with_capacity(bytes.len());
    let mut wide = false;
    let mut rest = bytes;
    while let Some((byte, after)) = rest.split_first() {
        rest = match byte {
            0x1b => after.strip_prefix(b"$)C").unwrap_or(after),
            _ => after,
        };
        match byte {
            0x0e => wide = true,
            0x0f => wide = false,
            0x1b => {}
            0x21..=0x7e if wide => plain.push(byte | 0x80),
            _ => plain.push(*byte),
        }
    }
    EUC_KR.decode_without_bom_handling(&plain).0.into_owned()
}

/// A code page whose upper half is `upper`.
fn page(bytes: &[u8], upper: &str) -> String {
    let upper: Vec<char> = upper.chars().collect();
    let letter = |byte: &u8| match byte.checked_sub(0x80) {
        None => char::from(*byte),
        Some(at) => upper.get(usize::from(at)).copied().unwrap_or('\u{FFFD}'),
    };
    bytes.iter().map(letter).collect()
}

const CP437: &str = "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u{a0}";
const CP850: &str = "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜø£Ø×ƒáíóúñÑªº¿®¬½¼¡«»░▒▓│┤ÁÂÀ©╣║╗╝¢¥┐└┴┬├─┼ãÃ╚╔╩╦╠═╬¤ðÐÊËÈıÍÎÏ┘┌█▄¦Ì▀ÓßÔÒõÕµþÞÚÛÙýÝ¯´\u{ad}±‗¾¶§÷¸°¨·¹³²■\u{a0}";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_15_charsets_that_browsers_forgot_are_read() {
        assert_eq!(utf_7(b"Hi Mom -+Jjo--!"), "Hi Mom -\u{263a}-!");
        assert_eq!(utf_7(b"1 +- 1 = 2, +AOQA9gD8-"), "1 + 1 = 2, äöü");
        assert_eq!(hz(b"This: ~{<:Ky2;S{#,NpJ)l6HK!#~}Bye."), "This: 己所不欲，勿施於人。Bye.");
        assert_eq!(iso_2022_kr(b"\x1b$)C\x0e>H3g\x0f!"), "안녕!");
        assert_eq!(decode(b"\x84 \xe1 \x9b", "cp850").unwrap(), "ä ß ø");
        assert_eq!(decode(b"\x84 \xe1 \x9b", "ibm437").unwrap(), "ä ß ¢");
        assert_eq!((CP437.chars().count(), CP850.chars().count()), (128, 128));
    }
}
