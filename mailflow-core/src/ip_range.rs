//! [`IpRange`]: network addresses that belong together, in CIDR form.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use serde::{Deserialize, Serialize};

/// Network addresses that begin alike (RFC 4632): `192.0.2.0/24`, `2001:db8::/32`, or one address alone. An IPv4 address
/// that came as IPv6 (`::ffff:192.0.2.1`) is the IPv4 address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct IpRange {
    first: IpAddr,
    bits: u8,
}

/// A text that was meant to be a range and is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no range of IP addresses; write it like `192.0.2.0/24` or `2001:db8::/32`")]
pub struct InvalidIpRange(String);

impl IpRange {
    /// Whether an address is in it.
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.first, address.to_canonical()) {
            (IpAddr::V4(first), IpAddr::V4(address)) => masked_v4(address, self.bits) == first,
            (IpAddr::V6(first), IpAddr::V6(address)) => masked_v6(address, self.bits) == first,
            _ => false,
        }
    }
}

fn masked_v4(address: Ipv4Addr, bits: u8) -> Ipv4Addr {
    let mask = u32::MAX.checked_shl(32 - u32::from(bits.min(32))).unwrap_or(0);
    Ipv4Addr::from_bits(address.to_bits() & mask)
}

fn masked_v6(address: Ipv6Addr, bits: u8) -> Ipv6Addr {
    let mask = u128::MAX.checked_shl(128 - u32::from(bits.min(128))).unwrap_or(0);
    Ipv6Addr::from_bits(address.to_bits() & mask)
}

impl std::str::FromStr for IpRange {
    type Err = InvalidIpRange;

    /// A range whose first address has bits behind its prefix is refused: it is more often a slip than meant.
    fn from_str(text: &str) -> Result<Self, InvalidIpRange> {
        let wrong = || InvalidIpRange(crate::text::one_line(text, 60));
        let (address, bits) = match text.trim().split_once('/') {
            Some((address, bits)) => (address, Some(bits)),
            None => (text.trim(), None),
        };
        let given: IpAddr = address.parse().map_err(|_| wrong())?;
        let first = given.to_canonical();
        let most: u8 = if first.is_ipv4() { 32 } else { 128 };
        let bits: u8 = match bits {
            None => most,
            Some(bits) if bits.chars().all(|it| it.is_ascii_digit()) => bits.parse().map_err(|_| wrong())?,
            Some(_) => return Err(wrong()),
        };
        // ::ffff:192.0.2.0/120 has 96 bits more in front.
        let bits = if given.is_ipv6() && first.is_ipv4() && text.contains('/') {
            bits.checked_sub(96).ok_or_else(wrong)?
        } else {
            bits
        };
        let range = Self { first, bits };
        if bits > most || !range.contains(first) { Err(wrong()) } else { Ok(range) }
    }
}

impl TryFrom<String> for IpRange {
    type Error = InvalidIpRange;

    fn try_from(text: String) -> Result<Self, InvalidIpRange> {
        text.parse()
    }
}

impl From<IpRange> for String {
    fn from(range: IpRange) -> Self {
        range.to_string()
    }
}

impl std::fmt::Display for IpRange {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.first, self.bits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn has(range: &str, address: &str) -> bool {
        range.parse::<IpRange>().unwrap().contains(address.parse().unwrap())
    }

    #[test]
    fn a_range_ends_exactly_where_its_prefix_says() {
        assert!(has("192.0.2.0/24", "192.0.2.0") && has("192.0.2.0/24", "192.0.2.255"));
        assert!(!has("192.0.2.0/24", "192.0.3.0") && !has("192.0.2.0/24", "192.0.1.255"));
        assert!(has("192.0.2.128/25", "192.0.2.128") && !has("192.0.2.128/25", "192.0.2.127"));
        assert!(has("0.0.0.0/0", "203.0.113.7") && !has("0.0.0.0/0", "2001:db8::1"));
        assert!(has("203.0.113.7", "203.0.113.7") && !has("203.0.113.7", "203.0.113.6"));
        assert!(has("2001:db8::/32", "2001:db8:ffff::1") && !has("2001:db8::/32", "2001:db9::1"));
        assert!(has("::/0", "2001:db8::1") && !has("::/0", "192.0.2.1"));
    }

    #[test]
    fn an_ipv4_address_is_the_same_when_it_comes_as_ipv6() {
        assert!(has("192.0.2.0/24", "::ffff:192.0.2.9") && !has("192.0.2.0/24", "::ffff:192.0.3.9"));
        assert!(has("::ffff:192.0.2.0/120", "192.0.2.9") && !has("::ffff:192.0.2.0/120", "192.0.3.9"));
    }

    #[test]
    fn what_is_no_range_is_refused() {
        for bad in [
            "",
            "a",
            "192.0.2.1/24",
            "192.0.2.0/33",
            "192.0.2.0/-1",
            "192.0.2.0/+8",
            "2001:db8::1/64",
            "1.2.3/8",
            "::ffff:1.2.3.0/24",
        ] {
            assert!(bad.parse::<IpRange>().is_err(), "{bad}");
        }
    }
}
