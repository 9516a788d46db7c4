//! [`Value`]: what stands in a column, and [`Parameter`], how it is sent.

use std::borrow::Cow;

/// The type of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Type {
    /// `BINARY(16)`.
    Id,
    /// `BINARY(32)`.
    Digest,
    /// `VARBINARY`.
    Bytes,
    /// `BIGINT`.
    Integer,
}

/// What stands in a column.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Value {
    Null,
    Id([u8; 16]),
    Bytes(Vec<u8>),
    Integer(i64),
}

/// What is sent as one parameter. Nothing has a type too: SQL Server does not turn every NULL into every other.
#[derive(Debug, Clone)]
pub(crate) enum Parameter<'p> {
    Integer(Option<i64>),
    Bytes(Option<Cow<'p, [u8]>>),
    Text(Cow<'p, str>),
}

impl Value {
    /// The value as a parameter of a column of this type.
    pub fn parameter(&self, of: Type) -> Parameter<'_> {
        match self {
            Self::Integer(number) => Parameter::Integer(Some(*number)),
            Self::Id(id) => bytes(id),
            Self::Bytes(it) => bytes(it),
            Self::Null if of == Type::Integer => Parameter::Integer(None),
            Self::Null => Parameter::Bytes(None),
        }
    }
}

impl Parameter<'_> {
    /// The same, borrowing nothing.
    pub fn into_owned(self) -> Parameter<'static> {
        match self {
            Self::Integer(number) => Parameter::Integer(number),
            Self::Bytes(bytes) => Parameter::Bytes(bytes.map(|it| Cow::Owned(it.into_owned()))),
            Self::Text(text) => Parameter::Text(Cow::Owned(text.into_owned())),
        }
    }
}

/// Bytes as a parameter.
pub(crate) fn bytes(bytes: &[u8]) -> Parameter<'_> {
    Parameter::Bytes(Some(Cow::Borrowed(bytes)))
}

/// 16 bytes.
pub(crate) fn id(id: &[u8; 16]) -> Value {
    Value::Id(*id)
}

/// A number as SQL Server keeps it; none of ours comes near the limit.
pub(crate) fn integer(number: u64) -> Value {
    Value::Integer(signed(number))
}

/// The same as a plain number.
pub(crate) fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A number out of a column; what we write is never negative.
pub(crate) fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}
