//! [`Batch`]: statements that are sent together with their parameters, and answered together: one round trip.

use std::borrow::Cow;
use std::fmt::Write as _;

use mailflow_store_rows::value::{Type, Value};
use mailflow_store_rows::visible::Comparing;

use crate::value::{Parameter, parameter};

/// SQL Server takes 2,100 parameters, a few of which the driver needs.
pub(crate) const MAX_PARAMETERS: usize = 2000;
/// Lists of more ids than this stand in the text of the statement.
const MAX_LIST: usize = 100;

/// Parameters of a statement in the making.
#[derive(Debug, Default)]
pub(crate) struct Parameters<'p>(pub Vec<Parameter<'p>>);

impl<'p> Parameters<'p> {
    /// Adds one; returns its place.
    pub fn add(&mut self, value: Parameter<'p>) -> String {
        self.0.push(value);
        format!("@P{}", self.0.len())
    }

    /// Adds a number.
    pub fn integer(&mut self, number: i64) -> String {
        self.add(Parameter::Integer(Some(number)))
    }

    /// Adds bytes.
    pub fn bytes(&mut self, bytes: impl Into<Cow<'p, [u8]>>) -> String {
        self.add(Parameter::Bytes(Some(bytes.into())))
    }

    /// Adds a value to be compared with a column of this type: as what the column has, so that its index is used.
    pub fn compared(&mut self, of: Type, value: Parameter<'p>) -> String {
        let place = self.add(value);
        match of {
            Type::Id => format!("CAST({place} AS BINARY(16))"),
            Type::Digest | Type::Text => format!("CAST({place} AS BINARY(32))"),
            Type::Bytes | Type::Integer => place,
        }
    }

    /// Adds one id.
    pub fn id(&mut self, id: [u8; 16]) -> String {
        self.compared(Type::Id, Parameter::Bytes(Some(Cow::Owned(id.to_vec()))))
    }

    /// Adds ids; returns each one's place.
    pub fn ids(&mut self, ids: impl ExactSizeIterator<Item = [u8; 16]>) -> Vec<String> {
        if ids.len() > MAX_LIST {
            ids.map(|id| format!("CAST({} AS BINARY(16))", hex(&id))).collect()
        } else {
            ids.map(|id| self.id(id)).collect()
        }
    }

    /// The condition that a column is one of these ids.
    pub fn is_one_of(&mut self, column: &str, ids: impl ExactSizeIterator<Item = [u8; 16]>) -> String {
        let ids = self.ids(ids);
        if ids.is_empty() { "1 = 0".to_owned() } else { format!("{column} IN ({})", ids.join(", ")) }
    }
}

impl Comparing for Parameters<'_> {
    fn is(&mut self, column: &str, id: [u8; 16]) -> String {
        format!("{column} = {}", self.id(id))
    }

    fn is_among(&mut self, column: &str, ids: Vec<[u8; 16]>) -> String {
        self.is_one_of(column, ids.into_iter())
    }
}

/// Statements that are sent together.
#[derive(Debug, Default)]
pub(crate) struct Batch<'p> {
    pub text: String,
    pub parameters: Parameters<'p>,
}

impl<'p> Batch<'p> {
    /// One statement with its parameters.
    pub fn of(text: impl Into<String>, parameters: Parameters<'p>) -> Self {
        Self { text: text.into(), parameters }
    }
}

/// Batches that are sent one after the other: one, if there are not too many parameters.
#[derive(Debug, Default)]
pub(crate) struct Batches<'p>(pub Vec<Batch<'p>>);

impl<'p> Batches<'p> {
    /// The batch that a statement with so many parameters is added to.
    pub fn with_room(&mut self, parameters: usize) -> &mut Batch<'p> {
        let is_full = |batch: &Batch<'_>| batch.parameters.0.len() + parameters > MAX_PARAMETERS;
        if self.0.last().is_none_or(is_full) {
            self.0.push(Batch::default());
        }
        let last = self.0.len() - 1;
        #[expect(clippy::indexing_slicing, reason = "there is a last one")]
        &mut self.0[last]
    }
}

/// Rows of values in parentheses, for `VALUES`: `nth` and the key of each.
pub(crate) fn numbered_keys<'v>(
    parameters: &mut Parameters<'v>,
    types: &[Type],
    rows: impl Iterator<Item = (usize, &'v [Value])>,
) -> String {
    let mut text = String::new();
    for (nth, key) in rows {
        let separator = if text.is_empty() { "" } else { ", " };
        // Writing into a `String` cannot fail.
        let _ = write!(text, "{separator}({nth}");
        for (nth, of) in types.iter().enumerate() {
            let value = key.get(nth).unwrap_or(&Value::Null);
            let _ = write!(text, ", {}", parameters.compared(*of, parameter(value, *of)));
        }
        text.push(')');
    }
    text
}

/// Bytes as a literal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(2 + 2 * bytes.len());
    text.push_str("0x");
    for byte in bytes {
        let _ = write!(text, "{byte:02X}");
    }
    text
}

/// The statements of a batch within a text that may begin or end a transaction: `sp_executesql` itself may not. What is
/// large had better not be sent in this way.
pub(crate) fn executed(batch: &Batch<'_>) -> String {
    let mut types = String::new();
    let mut values = String::new();
    for (nth, parameter) in (1..).zip(&batch.parameters.0) {
        let (of, value) = match parameter {
            Parameter::Integer(number) => ("BIGINT", number.map_or_else(|| "NULL".to_owned(), |it| it.to_string())),
            Parameter::Bytes(bytes) => {
                let of = if bytes.as_ref().is_some_and(|it| it.len() > 8000) {
                    "VARBINARY(MAX)"
                } else {
                    "VARBINARY(8000)"
                };
                (of, bytes.as_ref().map_or_else(|| "NULL".to_owned(), |it| hex(it)))
            }
            Parameter::Text(text) => ("NVARCHAR(MAX)", quoted(text)),
        };
        let separator = if nth == 1 { "" } else { ", " };
        let _ = write!(types, "{separator}@P{nth} {of}");
        let _ = write!(values, ", {value}");
    }
    let types = if types.is_empty() { String::new() } else { format!(", N'{types}'") };
    format!("EXEC sp_executesql {}{types}{values};", quoted(&batch.text))
}

/// A text as a literal.
pub(crate) fn quoted(text: &str) -> String {
    format!("N'{}'", text.replace('\'', "''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_executed_within_a_text_has_its_parameters_as_literals() {
        let mut parameters = Parameters::default();
        let id = parameters.id([0xab; 16]);
        let number = parameters.integer(-5);
        let text = parameters.add(Parameter::Text("it's".into()));
        let batch = Batch::of(format!("SELECT '', {id}, {number}, {text}"), parameters);
        let expected = format!(
            "EXEC sp_executesql N'SELECT '''', CAST(@P1 AS BINARY(16)), @P2, @P3', \
             N'@P1 VARBINARY(8000), @P2 BIGINT, @P3 NVARCHAR(MAX)', 0x{}, -5, N'it''s';",
            "AB".repeat(16)
        );
        assert_eq!(executed(&batch), expected);
    }

    #[test]
    fn no_batch_has_more_parameters_than_sql_server_takes() {
        let mut batches = Batches::default();
        for _ in 0..7 {
            let batch = batches.with_room(600);
            (0..600).for_each(|nth| _ = batch.parameters.integer(nth));
        }
        assert_eq!(batches.0.iter().map(|it| it.parameters.0.len()).collect::<Vec<_>>(), [1800, 1800, 600]);
    }

    #[test]
    fn long_lists_stand_in_the_text() {
        let mut parameters = Parameters::default();
        assert_eq!(
            parameters.is_one_of("a", std::iter::empty::<[u8; 16]>().collect::<Vec<_>>().into_iter()),
            "1 = 0"
        );
        let ids: Vec<[u8; 16]> = vec![[1; 16]; MAX_LIST + 1];
        assert!(parameters.is_one_of("a", ids.into_iter()).contains("0x0101"));
        assert!(parameters.0.is_empty());
    }
}
