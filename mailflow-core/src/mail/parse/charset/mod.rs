//! From bytes and a charset label to text.

mod old;

use encoding_rs::{Encoding, ISO_2022_JP, UTF_8, WINDOWS_1252, WINDOWS_1258};
use unicode_normalization::UnicodeNormalization;

use super::super::Defect;
use super::defects::Defects;

/// Text of `bytes`. Valid UTF-8 with other than ASCII wins over a label that says ASCII or nothing; an unknown label
/// is guessed.
pub fn decode(bytes: &[u8], label: &str, defects: &mut Defects) -> String {
    let label = label.trim().trim_matches(['"', '\'']).to_ascii_lowercase();
    // Some write what RFC 2231 allows in headers only: `utf-8*en`.
    let label = label.split(['*', ' ', ';', '(']).next().unwrap_or_default();
    let unlabelled = is_ascii(label);
    if (unlabelled || label == "utf-8")
        && memchr::memchr(ESCAPE, bytes).is_none()
        && let Ok(text) = std::str::from_utf8(bytes)
    {
        return text.trim_start_matches('\u{FEFF}').to_owned();
    }
    if let Some(text) = old::decode(bytes, label) {
        return text;
    }
    let encoding = if unlabelled { None } else { named(label) };
    if encoding.is_none() && !unlabelled {
        defects.add(Defect::UnknownCharset);
    }
    let encoding = match encoding {
        Some(encoding) if encoding == UTF_8 && is_iso_2022_jp(bytes) => ISO_2022_JP,
        Some(encoding) => encoding,
        None => guess(bytes),
    };
    let joined;
    let bytes = if encoding == ISO_2022_JP {
        joined = without_idle_escapes(bytes);
        joined.as_slice()
    } else {
        bytes
    };
    let utf_16 = encoding == encoding_rs::UTF_16LE || encoding == encoding_rs::UTF_16BE;
    let (text, bad) = match utf_16 {
        true => (encoding.decode(bytes).0, false),
        false => encoding.decode_without_bom_handling(bytes),
    };
    if encoding == WINDOWS_1258 {
        // It writes letters and their marks apart.
        return text.nfc().collect();
    }
    if bad {
        defects.add(Defect::BadCharset);
        return better(bytes, &text).unwrap_or_else(|| text.into_owned());
    }
    text.trim_start_matches('\u{FEFF}').to_owned()
}

fn is_ascii(label: &str) -> bool {
    matches!(
        label,
        "" | "us-ascii"
            | "ascii"
            | "default"
            | "us"
            | "usascii"
            | "us_ascii"
            | "ansi_x3.4-1968"
            | "ansi-x3.4-1968"
            | "iso-646-us"
            | "iso646-us"
            | "646"
            | "7bit"
            | "8bit"
    )
}

/// What bytes say in another charset, where they are not of the one that they were said to be. A few damaged letters
/// among many sound ones are better shown as that.
fn better(bytes: &[u8], text: &str) -> Option<String> {
    match std::str::from_utf8(bytes) {
        Ok(text) if !text.is_ascii() => return Some(text.to_owned()),
        _ => {}
    }
    // Measured in bytes: four that make one letter are no accident.
    let (mut damaged, mut sound) = (0, 0);
    for c in text.chars().filter(|c| !c.is_ascii()) {
        match c {
            '\u{FFFD}' => damaged += 1,
            c => sound += c.len_utf8(),
        }
    }
    if sound > damaged {
        return None;
    }
    match guess(bytes).decode_without_bom_handling(bytes) {
        (text, false) => Some(text.into_owned()),
        _ => None,
    }
}

const ESCAPE: u8 = 0x1b;

/// The encoding of a label, with the names that mail uses and the web does not.
fn named(label: &str) -> Option<&'static Encoding> {
    let alias = match label {
        "latin-1" | "iso-latin-1" | "8859-1" | "iso8859_1" | "iso-8859-1-windows-3.1-latin-1" => "iso-8859-1",
        "iso-2022-jp-ms" | "iso-2022-jp-1" | "iso-2022-jp-2" => "iso-2022-jp",
        "x-gbk" | "cp54936" | "gb_2312-80" => "gb18030",
        "cp932" | "ms932" => "shift_jis",
        "cp936" | "ms936" => "gbk",
        "cp949" => "euc-kr",
        "cp950" => "big5",
        "utf8" | "unicode-1-1-utf-8" | "utf-8mb4" | "utf8mb4" | "utf_8" | "utf" | "cp65001" | "utf-8n" => "utf-8",
        "x-mac-roman" | "mac-roman" | "macroman" | "apple-roman" => "macintosh",
        "ansi" | "latin" | "western" | "iso-8859" => "windows-1252",
        "koi8" | "cskoi8r" | "koi-8-r" => "koi8-r",
        "ks_c_5601" | "cp51949" | "euckr" => "euc-kr",
        "sjis" | "shiftjis" | "x-shift-jis" | "windows-932" => "shift_jis",
        "eucjp" | "cp51932" => "euc-jp",
        "x-big5" | "big-5" | "windows-950" => "big5",
        "windows-936" => "gbk",
        "unicode" | "x-user-defined" | "replacement" => return None,
        _ => label,
    };
    Encoding::for_label_no_replacement(alias.as_bytes()).or_else(|| {
        let digits = alias.trim_start_matches(|c: char| !c.is_ascii_digit());
        let name = if alias.starts_with("iso") || alias.starts_with("8859") {
            format!("iso-8859-{}", digits.strip_prefix("8859")?.trim_start_matches(['-', '_']))
        } else {
            format!("windows-{digits}")
        };
        Encoding::for_label_no_replacement(name.as_bytes())
    })
}

/// Without the escapes that another follows at once, which stand where encoded words were joined.
fn without_idle_escapes(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some((byte, after)) = rest.split_first() {
        rest = match rest {
            [ESCAPE, b'(' | b'$', _, tail @ ..] if tail.first() == Some(&ESCAPE) => tail,
            _ => {
                out.push(*byte);
                after
            }
        };
    }
    out
}

fn is_iso_2022_jp(bytes: &[u8]) -> bool {
    memchr::memchr(ESCAPE, bytes).is_some()
        && bytes.windows(3).any(|w| matches!(w, b"\x1b$B" | b"\x1b$@" | b"\x1b(J"))
}

fn guess(bytes: &[u8]) -> &'static Encoding {
    if is_iso_2022_jp(bytes) {
        return ISO_2022_JP;
    }
    if std::str::from_utf8(bytes).is_ok() {
        return UTF_8;
    }
    let mut detector = chardetng::EncodingDetector::new(chardetng::Iso2022JpDetection::Deny);
    detector.feed(bytes.get(..64 << 10).unwrap_or(bytes), true);
    let guessed = detector.guess(None, chardetng::Utf8Detection::Deny);
    if guessed == UTF_8 { WINDOWS_1252 } else { guessed }
}
