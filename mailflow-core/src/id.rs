//! Identities: one newtype for each kind of thing, and [`Mint`], which makes new ones without reading the clock.

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use crate::time::Timestamp;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident,)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Uuid);

        impl $name {
            /// The id with these 16 bytes, as a store keeps it.
            pub const fn from_bytes(bytes: [u8; 16]) -> Self {
                Self(Uuid::from_bytes(bytes))
            }

            /// The 16 bytes that a store keeps and compares.
            pub const fn as_bytes(&self) -> &[u8; 16] {
                self.0.as_bytes()
            }
        }

        impl From<Uuid> for $name {
            fn from(uuid: Uuid) -> Self {
                Self(uuid)
            }
        }

        impl From<$name> for Uuid {
            fn from(id: $name) -> Self {
                id.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0)
            }
        }

        impl std::str::FromStr for $name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, InvalidId> {
                Uuid::parse_str(text).map(Self).map_err(|_| InvalidId(text.chars().take(64).collect()))
            }
        }
    )*};
}

ids! {
    /// A ticket. Its number, which people say, is given by the store when it is committed.
    TicketId,
    /// A message of a ticket: our own identity for it, not the `Message-ID` header (that is a
    /// [`ThreadId`](crate::mail::ThreadId)).
    MessageId,
    /// A note in a ticket: internal, never sent.
    NoteId,
    /// Something that happened to a ticket.
    EventId,
    /// A person who writes to us.
    ContactId,
    /// A person who answers.
    AgentId,
    /// Agents that are named together.
    GroupId,
    /// A folder of tickets with its own address.
    TicketboxId,
    /// A second way to sort tickets, beside the ticketbox.
    CategoryId,
    /// A mailbox that mail is collected from.
    SourceId,
    /// A server that mail is sent through.
    DestinationId,
    /// A custom routing rule.
    RuleId,
    /// A standard response.
    ResponseId,
    /// A custom field of tickets.
    FieldId,
    /// A mail that has to be sent.
    OutgoingId,
    /// An answer that an agent has begun to write.
    DraftId,
    /// A server of several that work on one desk.
    ServerId,
    /// Something that somebody did.
    AuditId,
}

/// A text that was meant to be an id and is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not an id; an id looks like 0191f3a2-7c44-7d10-9a51-3c6f0a2b9e77")]
pub struct InvalidId(String);

/// Makes new ids for one wish.
///
/// The ids are UUIDs of version 7 (RFC 9562 section 5.7): the time first, so that they sort roughly by age, then a
/// counter, then bits drawn from the seed. A mint is a plain value: a decision that is repeated with a fresh copy of
/// the same mint makes the same ids again, so that a commit whose answer was lost can be done once more without harm.
#[derive(Debug, Clone)]
pub struct Mint {
    at: Timestamp,
    seed: [u8; 16],
    next: u32,
}

impl Mint {
    /// A mint for a wish that was made at `at`. `seed` must be random: it is what keeps ids of different wishes apart.
    pub const fn new(at: Timestamp, seed: [u8; 16]) -> Self {
        Self { at, seed, next: 0 }
    }

    /// A mint with a seed from the operating system's randomness.
    pub fn random(at: Timestamp) -> Self {
        Self::new(at, random())
    }

    /// The next id, of whichever kind is asked for.
    pub fn id<T: From<Uuid>>(&mut self) -> T {
        let random = self.bits();
        let millis = u64::try_from(self.at.as_millis()).unwrap_or(0);
        T::from(uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid())
    }

    /// Ten bytes that nobody can guess who does not know the seed: the random part of an id, of a `Message-ID`, of a
    /// boundary.
    pub fn bits(&mut self) -> [u8; 10] {
        let hash = Sha256::new().chain_update(self.seed).chain_update(self.next.to_be_bytes()).finalize();
        let mut bits = [0; 10];
        for (to, from) in bits.iter_mut().zip(hash.iter()) {
            *to = *from;
        }
        // The first twelve bits count up, so that the ids of one wish sort in the order in which they were made.
        let [first, second, ..] = &mut bits;
        let [_, _, high, low] = self.next.to_be_bytes();
        (*first, *second) = (high, low);
        self.next = self.next.wrapping_add(1);
        bits
    }
}

/// Bytes from the operating system's randomness.
#[expect(clippy::expect_used, reason = "an operating system without randomness can keep nothing secret: stop")]
pub(crate) fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the operating system gives random bytes");
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mint_makes_ordered_ids_and_a_copy_makes_the_same_ones() {
        let mut mint = Mint::new(Timestamp::from_millis(1_700_000_000_000), [7; 16]);
        let mut copy = mint.clone();
        let ids: Vec<TicketId> = (0..1000).map(|_| mint.id()).collect();
        assert!(ids.is_sorted());
        assert!(ids.windows(2).all(|pair| pair[0] != pair[1]));
        assert_eq!(ids[0], copy.id());
        assert_ne!(ids[0], Mint::new(Timestamp::from_millis(1_700_000_000_000), [8; 16]).id());
    }

    #[test]
    fn an_id_says_what_an_id_looks_like_when_it_is_wrong() {
        let error = "abc".parse::<TicketId>().unwrap_err();
        assert!(error.to_string().starts_with("`abc` is not an id"));
    }
}
