//! [`Parameters`]: what a statement is given, and how it compares columns with ids.

pub(crate) use mailflow_store_rows::visible::{Comparing, sees_all_categories, visibility, wanted};
use tokio_postgres::types::Type;
use uuid::Uuid;

use crate::value::Parameter;

/// Parameters of a statement in the making.
#[derive(Default)]
pub(crate) struct Parameters<'p>(pub Vec<Parameter<'p>>, pub Vec<Type>);

impl<'p> Parameters<'p> {
    /// Adds one of this type; returns its place.
    pub fn add(&mut self, value: Parameter<'p>, of: Type) -> String {
        self.0.push(value);
        let name = of.name();
        let name = name.strip_prefix('_').map_or_else(|| name.to_owned(), |of| format!("{of}[]"));
        self.1.push(of);
        format!("${}::{name}", self.0.len())
    }

    /// Adds ids.
    pub fn ids(&mut self, ids: impl IntoIterator<Item = Uuid>) -> String {
        self.add(Box::new(ids.into_iter().collect::<Vec<_>>()), Type::UUID_ARRAY)
    }

    /// Adds one id.
    pub fn id(&mut self, id: Uuid) -> String {
        self.add(Box::new(id), Type::UUID)
    }
}

impl Comparing for Parameters<'_> {
    fn is(&mut self, column: &str, id: [u8; 16]) -> String {
        format!("{column} = {}", self.id(Uuid::from_bytes(id)))
    }

    fn is_among(&mut self, column: &str, ids: Vec<[u8; 16]>) -> String {
        format!("{column} = ANY({})", self.ids(ids.into_iter().map(Uuid::from_bytes)))
    }
}
