//! How mails name one another: [`ThreadId`], the id in `Message-ID`, `In-Reply-To` and `References`, and [`Token`], a
//! proof of ours that a mail belongs to a ticket.

use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use sha2::Sha256;

use crate::digest::Digest;
use crate::id::{Mint, TicketId};
use crate::text;

/// The identifier in a `Message-ID`, `In-Reply-To` or `References` header (RFC 5322 section 3.6.4), without the angle
/// brackets. At most [`ThreadId::MAX`] bytes: a longer one is replaced by its digest, so that it is still itself.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ThreadId(String);

impl ThreadId {
    /// The most bytes that an id is kept with.
    pub const MAX: usize = 250;

    /// The id in `text`, with or without angle brackets; `None` if nothing is left of it.
    pub fn new(text: &str) -> Option<Self> {
        let clean: String = text.chars().filter(|c| !c.is_whitespace() && !c.is_control()).collect();
        let id = clean.trim_start_matches('<').trim_end_matches('>');
        match id.len() {
            0 => None,
            1..=Self::MAX => Some(Self(id.to_owned())),
            _ => Some(Self(format!("sha256.{}", Digest::of(id.as_bytes())))),
        }
    }

    /// A new id for a mail of ours that belongs to a ticket: it carries the ticket's token.
    pub fn mint(token: &Token, domain: &str, mint: &mut Mint) -> Self {
        Self(format!("{token}.{}@{domain}", data_encoding::BASE32_NOPAD.encode(&mint.bits()).to_lowercase()))
    }

    /// The id without angle brackets.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// With angle brackets, as it stands in a header.
impl std::fmt::Display for ThreadId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "<{}>", self.0)
    }
}

/// A keyed proof that whoever sends it back answers to a mail of one ticket: `t.` and 44 characters of base32, which
/// hold the number of a key, the ticket's id and 80 bits of HMAC-SHA-256 (RFC 2104) over both.
///
/// It stands in the `Message-ID` of what we send, in the reply address (`support+t.…@example.com`) and in the text, so
/// that an answer finds its ticket whichever of the three its sender's program keeps.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Token(String);

/// Bytes inside a token: key number, ticket id, MAC.
const TOKEN_BYTES: usize = 1 + 16 + 10;
/// Characters of base32 that hold them.
const TOKEN_CHARS: usize = 44;

impl std::fmt::Display for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// The secrets that tokens are made and checked with. The newest key makes tokens; older ones are still believed until
/// they are taken out.
#[derive(Clone)]
pub struct Keyring {
    newest: Key,
    older: Vec<Key>,
}

/// One secret with its number, which stands in each token made with it.
#[derive(Clone)]
struct Key {
    number: u8,
    secret: [u8; 32],
}

impl std::fmt::Debug for Keyring {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Keyring(newest: {}, older: {})", self.newest.number, self.older.len())
    }
}

impl Keyring {
    /// A ring with one key. `secret` must be random and kept: with another secret, replies to mail sent before are
    /// recognised by their other evidence only.
    pub const fn new(number: u8, secret: [u8; 32]) -> Self {
        Self { newest: Key { number, secret }, older: Vec::new() }
    }

    /// A ring with a secret from the operating system's randomness, for tests and for desks that live in memory.
    pub fn random() -> Self {
        Self::new(1, crate::id::random())
    }

    /// The ring with a new key that makes tokens from now on; the ones that it has stay valid.
    #[must_use]
    pub fn rotate(mut self, number: u8, secret: [u8; 32]) -> Self {
        self.older.retain(|key| key.number != number);
        self.older.insert(0, self.newest);
        Self { newest: Key { number, secret }, older: self.older }
    }

    /// The ring without the older key of this number: tokens made with it are nothing from now on.
    #[must_use]
    pub fn retire(mut self, number: u8) -> Self {
        self.older.retain(|key| key.number != number);
        self
    }

    /// The token of a ticket.
    pub fn token(&self, ticket: TicketId) -> Token {
        let mut bytes = Vec::with_capacity(TOKEN_BYTES);
        bytes.push(self.newest.number);
        bytes.extend_from_slice(ticket.as_bytes());
        let proof: Vec<u8> = self.newest.mac(&bytes).finalize().into_bytes().iter().take(10).copied().collect();
        bytes.extend_from_slice(&proof);
        Token(format!("t.{}", data_encoding::BASE32_NOPAD.encode(&bytes).to_lowercase()))
    }

    /// The tickets that `text` has a valid token of, in the order in which they stand there. What is not exactly a
    /// token, or was not made with a key of this ring, is nothing.
    pub fn find(&self, text: &str) -> Vec<TicketId> {
        let mut found = Vec::new();
        for (at, _) in text.match_indices('.') {
            let Some((before, here)) = at.checked_sub(1).and_then(|at| text.split_at_checked(at)) else { continue };
            if !here.starts_with(['t', 'T']) || before.ends_with(|c: char| c.is_ascii_alphanumeric()) {
                continue;
            }
            if let Some(ticket) = self.read(here)
                && !found.contains(&ticket)
            {
                found.push(ticket);
            }
        }
        found
    }

    /// The ticket whose token stands at the beginning of `text`.
    fn read(&self, text: &str) -> Option<TicketId> {
        let encoded = text.get(1..)?.strip_prefix('.')?;
        let (encoded, after) = encoded.split_at_checked(TOKEN_CHARS)?;
        if after.starts_with(|c: char| c.is_ascii_alphanumeric()) {
            return None;
        }
        let bytes = data_encoding::BASE32_NOPAD.decode(encoded.to_ascii_uppercase().as_bytes()).ok()?;
        let (signed, proof) = bytes.split_at_checked(17)?;
        let (number, ticket) = signed.split_first()?;
        let key = std::iter::once(&self.newest).chain(&self.older).find(|key| key.number == *number)?;
        key.mac(signed).verify_truncated_left(proof).ok()?;
        Some(TicketId::from_bytes(ticket.try_into().ok()?))
    }
}

impl Key {
    #[expect(clippy::expect_used, reason = "HMAC takes a key of any length")]
    fn mac(&self, signed: &[u8]) -> Hmac<Sha256> {
        let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(&self.secret).expect("any length is a key");
        mac.update(b"mailflow thread token 1");
        mac.update(signed);
        mac
    }
}

/// The ticket numbers that a subject claims with the tag that we write, `[#1234]`, or with a bare `#1234`. A number
/// proves nothing: it is looked at only if the sender takes part in that ticket.
pub fn numbers_in_subject(subject: &str) -> Vec<u64> {
    let mut numbers = Vec::new();
    for (at, _) in subject.match_indices('#').take(8) {
        let after = text::prefix(subject.get(at + 1..).unwrap_or_default(), 20);
        let digits: String = after.chars().take_while(char::is_ascii_digit).collect();
        if let Ok(number) = digits.parse()
            && !numbers.contains(&number)
        {
            numbers.push(number);
        }
    }
    numbers
}

/// The tag that stands in the subject of what we send, for people to read: `[#1234]`.
pub fn subject_tag(number: u64) -> String {
    format!("[#{number}]")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Timestamp;

    fn ticket(byte: u8) -> TicketId {
        TicketId::from_bytes([byte; 16])
    }

    #[test]
    fn an_id_is_the_same_when_it_is_read_again_whatever_stands_before_its_bracket() {
        for text in ["\0\0\0<3", "<\u{1}<a@b>\0>", " < a@b > ", "a>\0"] {
            let id = ThreadId::new(text).unwrap();
            assert_eq!(ThreadId::new(&id.to_string()), Some(id), "{text:?}");
        }
    }

    #[test]
    fn a_thread_id_is_the_same_with_and_without_brackets() {
        assert_eq!(ThreadId::new(" <a@b> "), ThreadId::new("a@b"));
        assert_eq!(ThreadId::new("<>"), None);
        assert_eq!(ThreadId::new("<a@b>").unwrap().to_string(), "<a@b>");
        let long = format!("{}@b", "x".repeat(2000));
        assert_eq!(ThreadId::new(&long), ThreadId::new(&format!("<{long}>")));
        assert!(ThreadId::new(&long).unwrap().as_str().len() <= ThreadId::MAX);
    }

    #[test]
    fn a_token_is_found_wherever_it_stands() {
        let ring = Keyring::new(1, [1; 32]);
        let token = ring.token(ticket(7));
        let id = ThreadId::mint(&token, "example.com", &mut Mint::new(Timestamp::MIN, [0; 16]));
        assert!(id.as_str().split('@').next().unwrap().len() <= 64, "a local part has at most 64 bytes");
        for text in [
            id.to_string(),
            format!("support+{token}@example.com"),
            format!("SUPPORT+{}@EXAMPLE.COM", token.to_string().to_uppercase()),
            format!("> Reference: {token}\n> that's it"),
            token.to_string(),
        ] {
            assert_eq!(ring.find(&text), [ticket(7)], "{text}");
        }
    }

    #[test]
    fn ac_05_a_token_that_is_not_exactly_ours_is_nothing() {
        let ring = Keyring::new(1, [1; 32]);
        let token = ring.token(ticket(7)).to_string();
        let mut flipped = token.clone();
        flipped.replace_range(20..21, if token.as_bytes()[20] == b'a' { "b" } else { "a" });
        for (text, why) in [
            (flipped, "wrong MAC"),
            (token.chars().take(45).collect(), "too short"),
            (format!("{token}a"), "too long"),
            (Keyring::new(2, [1; 32]).token(ticket(7)).to_string(), "unknown key number"),
            (Keyring::new(1, [2; 32]).token(ticket(7)).to_string(), "another secret"),
            (format!("x{token}"), "inside another word"),
        ] {
            assert_eq!(ring.find(&text), [], "{why}");
        }
    }

    #[test]
    fn ac_05_an_older_key_is_believed_until_it_is_retired() {
        let old = Keyring::new(1, [1; 32]);
        let token = old.token(ticket(7)).to_string();
        let rotated = old.rotate(2, [2; 32]);
        assert_ne!(rotated.token(ticket(7)).to_string(), token);
        assert_eq!(rotated.find(&token), [ticket(7)]);
        assert_eq!(rotated.retire(1).find(&token), []);
    }

    #[test]
    fn numbers_are_read_from_the_subject() {
        assert_eq!(numbers_in_subject("Re: invoice [#1234]"), [1234]);
        assert_eq!(numbers_in_subject("#7 and #7 and #8, # and #99999999999999999999999"), [7, 8]);
        assert_eq!(numbers_in_subject("nothing"), [0u64; 0]);
    }
}
