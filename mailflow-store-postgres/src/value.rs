//! How a [`Value`] is sent: by itself, or many of them as one array.

pub(crate) use mailflow_store_rows::value::{Type, Value, signed, unsigned};
use tokio_postgres::types::ToSql;
use uuid::Uuid;

/// The type of an array of a type of columns.
pub(crate) const fn array_type(of: Type) -> &'static str {
    match of {
        Type::Id => "uuid[]",
        Type::Digest | Type::Text | Type::Bytes => "bytea[]",
        Type::Integer => "bigint[]",
    }
}

/// What is sent as one parameter.
pub(crate) type Parameter<'p> = Box<dyn ToSql + Sync + Send + 'p>;

/// A value by itself.
pub(crate) fn parameter(value: Value) -> Parameter<'static> {
    match value {
        Value::Null => Box::new(None::<i64>),
        Value::Id(id) => Box::new(Uuid::from_bytes(id)),
        Value::Bytes(bytes) => Box::new(bytes),
        Value::Integer(number) => Box::new(number),
    }
}

/// Values as an array of this type.
pub(crate) fn array<'v>(of: Type, values: impl Iterator<Item = &'v Value>) -> Parameter<'v> {
    match of {
        Type::Id => Box::new(
            values
                .map(|it| if let Value::Id(id) = it { Some(Uuid::from_bytes(*id)) } else { None })
                .collect::<Vec<_>>(),
        ),
        Type::Digest | Type::Text | Type::Bytes => Box::new(
            values
                .map(|it| if let Value::Bytes(bytes) = it { Some(bytes.as_slice()) } else { None })
                .collect::<Vec<_>>(),
        ),
        Type::Integer => Box::new(
            values.map(|it| if let Value::Integer(number) = it { Some(*number) } else { None }).collect::<Vec<_>>(),
        ),
    }
}
