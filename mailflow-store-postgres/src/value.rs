//! [`Value`]: what stands in a column, and many of them as one array, which is how they are sent.

use tokio_postgres::types::ToSql;
use uuid::Uuid;

/// The type of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Type {
    Uuid,
    Bytes,
    Integer,
}

impl Type {
    /// The type of an array of it.
    pub const fn array(self) -> &'static str {
        match self {
            Self::Uuid => "uuid[]",
            Self::Bytes => "bytea[]",
            Self::Integer => "bigint[]",
        }
    }
}

/// What stands in a column.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Value {
    Null,
    Uuid(Uuid),
    Bytes(Vec<u8>),
    Integer(i64),
}

/// What is sent as one parameter.
pub(crate) type Parameter<'p> = Box<dyn ToSql + Sync + Send + 'p>;

/// The `nth` value of each row as an array of this type.
pub(crate) fn array<'v>(of: Type, values: impl Iterator<Item = &'v Value>) -> Parameter<'v> {
    match of {
        Type::Uuid => {
            Box::new(values.map(|it| if let Value::Uuid(uuid) = it { Some(*uuid) } else { None }).collect::<Vec<_>>())
        }
        Type::Bytes => Box::new(
            values
                .map(|it| if let Value::Bytes(bytes) = it { Some(bytes.as_slice()) } else { None })
                .collect::<Vec<_>>(),
        ),
        Type::Integer => Box::new(
            values.map(|it| if let Value::Integer(number) = it { Some(*number) } else { None }).collect::<Vec<_>>(),
        ),
    }
}

/// 16 bytes.
pub(crate) fn uuid(id: &[u8; 16]) -> Value {
    Value::Uuid(Uuid::from_bytes(*id))
}

/// A number as PostgreSQL keeps it; none of ours comes near the limit.
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
