//! From bytes and a charset label to text.

use encoding_rs::{Encoding, UTF_8, WINDOWS_1252, WINDOWS_1258};
use unicode_normalization::UnicodeNormalization;

use super::super::Defect;
use super::defects::Defects;

/// Text of `bytes`. Valid UTF-8 with other than ASCII wins over a label that says ASCII or nothing; an unknown label
/// is guessed.
pub fn decode(bytes: &[u8], label: &str, defects: &mut Defects) -> String {
    let label = label.trim().trim_matches(['"', '\'']).to_ascii_lowercase();
    let unlabelled = matches!(label.as_str(), "" | "us-ascii" | "ascii" | "default");
    let encoding = if unlabelled { None } else { named(&label) };
    if encoding.is_none() && !unlabelled {
        defects.add(Defect::UnknownCharset);
    }
    let encoding = encoding.unwrap_or_else(|| guess(bytes));
    let (text, bad) = encoding.decode_without_bom_handling(bytes);
    if encoding == WINDOWS_1258 {
        // It writes letters and their marks apart.
        return text.nfc().collect();
    }
    if !bad {
        return text.trim_start_matches('\u{FEFF}').to_owned();
    }
    defects.add(Defect::BadCharset);
    let other = guess(bytes);
    match other.decode_without_bom_handling(bytes) {
        (better, false) => better.into_owned(),
        _ => text.into_owned(),
    }
}

/// The encoding of a label, with the names that mail uses and the web does not.
fn named(label: &str) -> Option<&'static Encoding> {
    // Some write what RFC 2231 allows in headers only: `utf-8*en`.
    let label = label.split(['*', ' ', ';', '(']).next().unwrap_or_default();
    let alias = match label {
        "latin-1" | "iso-latin-1" | "8859-1" | "iso8859_1" | "iso-8859-1-windows-3.1-latin-1" => "iso-8859-1",
        "iso-2022-jp-ms" | "iso-2022-jp-1" | "iso-2022-jp-2" => "iso-2022-jp",
        "x-gbk" | "cp54936" | "gb_2312-80" => "gb18030",
        "cp932" | "ms932" => "shift_jis",
        "cp936" | "ms936" => "gbk",
        "cp949" => "euc-kr",
        "cp950" => "big5",
        "utf8" | "unicode-1-1-utf-8" | "utf-8mb4" => "utf-8",
        _ => label,
    };
    Encoding::for_label_no_replacement(alias.as_bytes()).or_else(|| {
        let digits = alias.trim_start_matches("cp").trim_start_matches("windows").trim_start_matches(['-', '_']);
        Encoding::for_label_no_replacement(format!("windows-{digits}").as_bytes())
    })
}

fn guess(bytes: &[u8]) -> &'static Encoding {
    if bytes.contains(&0x1b) && bytes.windows(3).any(|w| matches!(w, b"\x1b$B" | b"\x1b$@" | b"\x1b(J")) {
        return encoding_rs::ISO_2022_JP;
    }
    if std::str::from_utf8(bytes).is_ok() {
        return UTF_8;
    }
    let mut detector = chardetng::EncodingDetector::new(chardetng::Iso2022JpDetection::Deny);
    detector.feed(bytes.get(..64 << 10).unwrap_or(bytes), true);
    let guessed = detector.guess(None, chardetng::Utf8Detection::Deny);
    if guessed == UTF_8 { WINDOWS_1252 } else { guessed }
}
