//! [`Parameter`]: how a [`Value`] is sent.

use std::borrow::Cow;

use mailflow_core::digest::Digest;
use mailflow_store_rows::value::{Type, Value};

/// What is sent as one parameter. Nothing has a type too: SQL Server does not turn every NULL into every other.
#[derive(Debug, Clone)]
pub(crate) enum Parameter<'p> {
    Integer(Option<i64>),
    Bytes(Option<Cow<'p, [u8]>>),
    Text(Cow<'p, str>),
}

/// A value as a parameter of a column of this type. A key that is a text stands in its table as its digest: it compares
/// as bytes, and an index takes it, whatever its length is and however it ends.
pub(crate) fn parameter(value: &Value, of: Type) -> Parameter<'_> {
    match value {
        Value::Integer(number) => Parameter::Integer(Some(*number)),
        Value::Id(id) => bytes(id),
        Value::Bytes(text) if of == Type::Text => {
            Parameter::Bytes(Some(Cow::Owned(Digest::of(text).as_bytes().to_vec())))
        }
        Value::Bytes(it) => bytes(it),
        Value::Null if of == Type::Integer => Parameter::Integer(None),
        Value::Null => Parameter::Bytes(None),
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
