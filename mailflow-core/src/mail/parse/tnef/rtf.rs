//! Compressed RTF (MS-OXRTFCP), and the plain text in it.

use super::super::charset;
use super::super::defects::Defects;
use super::Input;

/// What every compressed RTF may refer to before it has said anything.
const DICTIONARY: &[u8; 207] = b"{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}{\\f0\\fnil \\froman \\fswiss \\fmodern \\fscript \\fdecor MS Sans SerifSymbolArialTimes New RomanCourier{\\colortbl\\red0\\green0\\blue0\r\n\\par \\pard\\plain\\f0\\fs20\\b\\i\\u\\tab\\tx";
const RING: usize = 4096;

/// The plain text of a compressed RTF; `None` if it cannot be read.
pub fn to_text(compressed: &[u8], most: usize) -> Option<String> {
    plain(&decompress(compressed, most)?)
}

fn decompress(compressed: &[u8], most: usize) -> Option<Vec<u8>> {
    let mut input = Input(compressed);
    let (_, raw_size, kind, _) = (input.u32()?, input.u32()?, input.u32()?, input.u32()?);
    let raw_size = usize::try_from(raw_size).ok().filter(|size| *size <= most)?;
    match kind {
        0x414c_454d => input.take(raw_size.min(input.0.len())).map(<[u8]>::to_vec),
        0x7546_5a4c => Some(unzipped(input.0, raw_size)),
        _ => None,
    }
}

/// LZFu: each flag byte says for eight items whether they are a byte or a place in the ring with a length.
fn unzipped(bytes: &[u8], raw_size: usize) -> Vec<u8> {
    let mut ring = vec![0u8; RING];
    for (to, from) in ring.iter_mut().zip(DICTIONARY) {
        *to = *from;
    }
    let mut at = DICTIONARY.len();
    let mut out = Vec::with_capacity(raw_size);
    let mut input = Input(bytes);
    let mut put = |byte: u8, out: &mut Vec<u8>, ring: &mut Vec<u8>| {
        if let Some(place) = ring.get_mut(at) {
            *place = byte;
        }
        at = (at + 1) % RING;
        out.push(byte);
        at
    };
    let mut end = DICTIONARY.len();
    while let Some([flags]) = input.take(1) {
        for bit in 0..8 {
            if out.len() >= raw_size {
                return out;
            }
            if flags >> bit & 1 == 0 {
                let Some([byte]) = input.take(1) else { return out };
                end = put(*byte, &mut out, &mut ring);
                continue;
            }
            let Some([high, low]) = input.take(2) else { return out };
            let place = usize::from(u16::from_be_bytes([*high, *low]));
            let (offset, length) = (place >> 4, (place & 0xf) + 2);
            if offset == end {
                return out;
            }
            for step in 0..length {
                let byte = ring.get((offset + step) % RING).copied().unwrap_or(0);
                end = put(byte, &mut out, &mut ring);
            }
        }
    }
    out
}

/// The text of an RTF: control words dropped, paragraphs as lines, escapes decoded.
fn plain(rtf: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(rtf.strip_prefix(b"{\\rtf")?).into_owned();
    let mut reader = Reader { page: "windows-1252".to_owned(), ..Reader::default() };
    let (mut depth, mut hidden_at, mut skip) = (1u32, None::<u32>, 0u32);
    let mut chars = text.trim_start_matches(|c: char| c.is_ascii_digit()).chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '{' => depth = depth.saturating_add(1),
            '}' => {
                depth = depth.saturating_sub(1);
                hidden_at = hidden_at.filter(|hidden| depth >= *hidden);
            }
            '\\' => {
                let word = control(&mut chars);
                match word.as_str() {
                    "*" | "fonttbl" | "colortbl" | "stylesheet" | "info" | "pict" => {
                        hidden_at = hidden_at.or(Some(depth));
                    }
                    "'" => {
                        let digits: String = chars.by_ref().take(2).collect();
                        match hidden_at.is_some() || skip > 0 {
                            true => skip = skip.saturating_sub(1),
                            false => reader.bytes.push(u8::from_str_radix(&digits, 16).unwrap_or(b'?')),
                        }
                    }
                    _ if hidden_at.is_some() => {}
                    word => skip = skip.max(reader.word(word)),
                }
            }
            '\r' | '\n' => {}
            _ if hidden_at.is_some() => {}
            _ if skip > 0 => skip -= 1,
            c => reader.put(c),
        }
    }
    Some(reader.done())
}

/// The text so far, and bytes of it that still have to be decoded together.
#[derive(Default)]
struct Reader {
    out: String,
    bytes: Vec<u8>,
    page: String,
    high: Option<u32>,
}

impl Reader {
    fn put(&mut self, c: char) {
        self.flush();
        self.out.push(c);
    }

    fn flush(&mut self) {
        if !self.bytes.is_empty() {
            let bytes = std::mem::take(&mut self.bytes);
            self.out.push_str(&charset::decode(&bytes, &self.page, &mut Defects::default()));
        }
    }

    fn done(mut self) -> String {
        self.flush();
        self.out
    }

    /// What a control word stands for; the number of characters after it that only repeat it.
    fn word(&mut self, word: &str) -> u32 {
        match word {
            "par" | "line" => self.put('\n'),
            "tab" => self.put('\t'),
            "\\" | "{" | "}" => word.chars().for_each(|c| self.put(c)),
            "~" => self.put(' '),
            _ => {
                if let Some(number) = word.strip_prefix("ansicpg") {
                    self.page = format!("cp{number}");
                } else if let Some(number) = word.strip_prefix('u').and_then(|number| number.parse::<i32>().ok()) {
                    let code = u32::try_from(if number < 0 { number + 65536 } else { number }).unwrap_or(0);
                    self.unit(code);
                    return 1;
                }
            }
        }
        0
    }

    /// A UTF-16 unit; the first of a pair waits for the second.
    fn unit(&mut self, code: u32) {
        self.flush();
        match code {
            0xd800..=0xdbff => self.high = Some(code),
            0xdc00..=0xdfff => {
                let joined = self.high.take().map(|high| 0x10000 + ((high - 0xd800) << 10) + (code - 0xdc00));
                self.out.push(joined.and_then(char::from_u32).unwrap_or('\u{fffd}'));
            }
            _ => self.out.push(char::from_u32(code).unwrap_or('\u{fffd}')),
        }
    }
}

/// The control word or symbol after a backslash; the space that ends a word belongs to it.
fn control(chars: &mut std::iter::Peekable<std::str::Chars<'_>>) -> String {
    let mut word = String::new();
    while let Some(c) = chars.next_if(|c| c.is_ascii_alphabetic() && word.len() < 32) {
        word.push(c);
    }
    if word.is_empty() {
        word.extend(chars.next());
        return word;
    }
    while let Some(c) = chars.next_if(|c| (c.is_ascii_digit() || *c == '-') && word.len() < 40) {
        word.push(c);
    }
    let _ = chars.next_if_eq(&' ');
    // `\par0` and the like: the number of these says nothing here.
    let bare = word.trim_end_matches(|c: char| c.is_ascii_digit() || c == '-');
    if matches!(bare, "u" | "ansicpg") { word } else { bare.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ac_27_compressed_rtf_is_read() {
        // The example of MS-OXRTFCP section 4.1.1: `{\rtf1\ansi\ansicpg1252\pard hello world}`.
        let compressed = [
            0x2d, 0x00, 0x00, 0x00, 0x2b, 0x00, 0x00, 0x00, 0x4c, 0x5a, 0x46, 0x75, 0xf1, 0xc5, 0xc7, 0xa7, 0x03,
            0x00, 0x0a, 0x00, 0x72, 0x63, 0x70, 0x67, 0x31, 0x32, 0x35, 0x42, 0x32, 0x0a, 0xf3, 0x20, 0x68, 0x65,
            0x6c, 0x09, 0x00, 0x20, 0x62, 0x77, 0x05, 0xb0, 0x6c, 0x64, 0x7d, 0x0a, 0x80, 0x0f, 0xa0,
        ];
        assert_eq!(to_text(&compressed, 1 << 20).unwrap().trim(), "hello world");
    }

    #[test]
    fn the_text_of_an_rtf_has_its_paragraphs_and_letters() {
        let rtf = b"{\\rtf1\\ansi{\\fonttbl{\\f0 Arial;}}{\\*\\generator x;}\\f0 Gr\\'fc\\u223?e\\par \\{ok\\}}";
        assert_eq!(plain(rtf).unwrap(), "Grüße\n{ok}");
        let rtf = b"{\\rtf1\\ansi\\ansicpg932 \\'93\\'fa\\'96\\'7b \\u-10179?\\u-8694?}";
        assert_eq!(plain(rtf).unwrap(), "日本 😊");
    }
}
