//! Words and mails, each from a number.

/// A generator of pseudo-random numbers (splitmix64): the same seed gives the same numbers on every machine.
#[derive(Debug, Clone)]
pub struct Numbers(u64);

impl Numbers {
    /// Numbers from a seed.
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next number.
    pub const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// The next number below a bound that is not zero.
    pub const fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }
}

const SYLLABLES: [&str; 16] =
    ["ba", "ce", "di", "fo", "gu", "ha", "je", "ki", "lo", "mu", "na", "pe", "ri", "so", "tu", "ve"];

/// How many different words there are.
pub const WORDS: u64 = 50_000;

/// The word with this rank: 0 is the most frequent one.
pub fn word(rank: u64) -> String {
    let syllable =
        |at: u64| SYLLABLES.get(usize::try_from(rank >> (4 * at) & 15).unwrap_or(0)).copied().unwrap_or("");
    (0..4).map(syllable).collect()
}

/// A text of so many words. Frequent words stand in most texts, rare ones in few (about as Zipf's law says).
pub fn text(numbers: &mut Numbers, words: u64) -> String {
    let mut text = String::new();
    for nth in 0..words {
        let share = numbers.below(1 << 32) as f64 / f64::from(u32::MAX);
        // Evenly spread in its logarithm.
        let rank = (WORDS as f64).powf(share) as u64 - 1;
        text.push_str(&word(rank));
        text.push(if nth % 12 == 11 { '\n' } else { ' ' });
    }
    text
}

/// A mail of about 31 KB, as people send them: a text and a picture in base64.
pub fn raw(number: u64, text: &str) -> Vec<u8> {
    let mut mail = format!(
        "Received: from mx.example.net by mx.example.com; Mon, 2 Sep 2024 10:00:00 +0000\r\nMessage-ID: <{number}@example.net>\r\nFrom: user{number}@example.net\r\nTo: support@example.com\r\nSubject: Question {number}\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{text}\r\n--b\r\nContent-Type: image/jpeg; name=photo.jpg\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    )
    .into_bytes();
    let mut numbers = Numbers::new(number);
    while mail.len() < 31_000 {
        let line: Vec<u8> = (0..7).flat_map(|_| numbers.next().to_le_bytes()).chain([b'x']).collect();
        mail.extend_from_slice(data_encoding::BASE64.encode(&line).as_bytes());
        mail.extend_from_slice(b"\r\n");
    }
    mail.extend_from_slice(b"\r\n--b--\r\n");
    mail
}
