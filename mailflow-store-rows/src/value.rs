//! [`Value`]: what stands in a column, whatever the database calls it.

/// The type of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Type {
    /// An id: 16 bytes.
    Id,
    /// A digest: 32 bytes.
    Digest,
    /// A text that is a key, or a part of one: bytes, of any length.
    Text,
    /// Bytes.
    Bytes,
    /// A number.
    Integer,
}

/// What stands in a column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// Nothing.
    Null,
    /// An id.
    Id([u8; 16]),
    /// A digest, a text or bytes.
    Bytes(Vec<u8>),
    /// A number.
    Integer(i64),
}

impl Value {
    /// An id, if there is one.
    pub fn id_or_null(id: Option<&[u8; 16]>) -> Self {
        id.map_or(Self::Null, |id| Self::Id(*id))
    }

    /// A number, if there is one.
    pub fn integer_or_null(number: Option<i64>) -> Self {
        number.map_or(Self::Null, Self::Integer)
    }
}

/// A number as a database keeps it; none of ours comes near the limit.
pub fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A number out of a column; what we write is never negative.
pub fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}
