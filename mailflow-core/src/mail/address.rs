//! [`Address`] and [`Mailbox`]: whom a mail is from and to.

use std::cmp::Ordering;
use std::hash::{Hash, Hasher};

use serde::{Deserialize, Serialize};

use crate::text;

/// A mail address that can be answered to: `local@domain` (RFC 5321 section 4.1.2), without display name, comments,
/// white space or control characters, at most 320 bytes.
///
/// It keeps the letters as they were written and compares without regard to case: in the domain case has no meaning,
/// and no mail server that people use tells local parts apart by it.
#[derive(Clone, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Address(String);

impl Address {
    /// The most bytes that an address may have: 64 for the local part, `@`, 255 for the domain (RFC 5321 section
    /// 4.5.3.1).
    pub const MAX: usize = 320;

    /// Reads an address that stands alone.
    ///
    /// # Errors
    /// [`InvalidAddress`] if this is not one `local@domain`.
    pub fn new(address: &str) -> Result<Self, InvalidAddress> {
        let address = address.trim();
        let invalid = || InvalidAddress(text::one_line(address, 80));
        let (local, domain) = address.rsplit_once('@').ok_or_else(invalid)?;
        let quoted = local.len() > 2 && local.starts_with('"') && local.ends_with('"');
        let sound = !local.is_empty()
            && !domain.is_empty()
            && address.len() <= Self::MAX
            && (quoted || !local.contains(is_special))
            && !address.contains(|c: char| c.is_control() || c == '<' || c == '>')
            && !domain.contains(|c: char| is_special(c) && !matches!(c, '[' | ']' | ':'))
            && !domain.starts_with('.')
            && !domain.contains("..");
        if sound { Ok(Self(address.to_owned())) } else { Err(invalid()) }
    }

    /// The address as it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The form that equal addresses share: lower case.
    pub fn key(&self) -> String {
        self.folded().collect()
    }

    /// What stands before the `@`.
    pub fn local(&self) -> &str {
        self.0.rsplit_once('@').map_or("", |(local, _)| local)
    }

    /// What stands after the `@`.
    pub fn domain(&self) -> &str {
        self.0.rsplit_once('@').map_or("", |(_, domain)| domain)
    }

    /// The address without what follows a `+` in the local part (RFC 5233, sub-addressing), or the same address.
    #[must_use]
    pub fn without_tag(&self) -> Self {
        match self.local().split_once('+') {
            Some((user, _)) if !user.is_empty() && !user.starts_with('"') => {
                Self(format!("{user}@{}", self.domain()))
            }
            _ => self.clone(),
        }
    }

    /// The address with `+tag` at the end of the local part (RFC 5233), or `None` if that would be too long.
    pub fn with_tag(&self, tag: &str) -> Option<Self> {
        Self::new(&format!("{}+{tag}@{}", self.local(), self.domain()))
            .ok()
            .filter(|tagged| tagged.local().len() <= 64)
    }

    fn folded(&self) -> impl Iterator<Item = char> + '_ {
        self.0.chars().flat_map(char::to_lowercase)
    }
}

/// What RFC 5322 section 3.2.3 does not allow outside quotes, and white space.
fn is_special(c: char) -> bool {
    c.is_whitespace() || matches!(c, '(' | ')' | '<' | '>' | '[' | ']' | ':' | ';' | '@' | '\\' | ',' | '"')
}

impl PartialEq for Address {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0 || self.folded().eq(other.folded())
    }
}

impl Eq for Address {}

impl PartialOrd for Address {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Address {
    fn cmp(&self, other: &Self) -> Ordering {
        self.folded().cmp(other.folded())
    }
}

impl Hash for Address {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.folded().for_each(|c| c.hash(state));
    }
}

impl std::fmt::Display for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::fmt::Debug for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Address({})", self.0)
    }
}

impl std::str::FromStr for Address {
    type Err = InvalidAddress;

    fn from_str(text: &str) -> Result<Self, InvalidAddress> {
        Self::new(text)
    }
}

impl TryFrom<String> for Address {
    type Error = InvalidAddress;

    fn try_from(text: String) -> Result<Self, InvalidAddress> {
        Self::new(&text)
    }
}

impl From<Address> for String {
    fn from(address: Address) -> Self {
        address.0
    }
}

/// A text that was meant to be an address and is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a mail address; an address looks like support@example.com")]
pub struct InvalidAddress(String);

/// An address with the name that stands beside it: `"Ada Lovelace" <ada@example.com>`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Mailbox {
    /// The display name; empty if there is none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// The address.
    pub address: Address,
}

impl Mailbox {
    /// A mailbox with a name, cleaned so that it can stand in a header.
    pub fn new(name: &str, address: Address) -> Self {
        Self { name: text::one_line(name, 200), address }
    }

    /// The name if there is one, else the address.
    pub fn shown(&self) -> &str {
        if self.name.is_empty() { self.address.as_str() } else { &self.name }
    }
}

impl From<Address> for Mailbox {
    fn from(address: Address) -> Self {
        Self { name: String::new(), address }
    }
}

impl std::fmt::Display for Mailbox {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.name.is_empty() { self.address.fmt(f) } else { write!(f, "{} <{}>", self.name, self.address) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> Address {
        Address::new(text).unwrap()
    }

    #[test]
    fn addresses_compare_without_regard_to_case_and_keep_their_spelling() {
        assert_eq!(address("Ada@Example.COM"), address("ada@example.com"));
        assert_eq!(address("Ada@Example.COM").as_str(), "Ada@Example.COM");
        assert_eq!(address("Ada@Example.COM").key(), "ada@example.com");
    }

    #[test]
    fn what_cannot_be_answered_to_is_no_address() {
        for wrong in
            ["", "ada", "@example.com", "ada@", "a b@example.com", "<>", "a@b@c", "a@b\r\nRcpt: x", "a@.b", "a@b..c"]
        {
            assert!(Address::new(wrong).is_err(), "{wrong:?}");
        }
        for right in ["ada@example.com", "\"a b\"@example.com", "a+b@[192.0.2.1]", "josé@exämple.com"] {
            assert!(Address::new(right).is_ok(), "{right:?}");
        }
    }

    #[test]
    fn a_tag_is_put_on_and_taken_off() {
        let tagged = address("support@example.com").with_tag("t.abc").unwrap();
        assert_eq!(tagged.as_str(), "support+t.abc@example.com");
        assert_eq!(tagged.without_tag(), address("support@example.com"));
        assert_eq!(address("support@example.com").with_tag(&"x".repeat(60)), None);
    }
}
