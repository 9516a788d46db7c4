//! The shapes that the API gives and takes: they stay, whatever the core's types become. Each field stands beside what
//! it is made of.

mod config;
mod mail;
mod ticket;

pub use config::*;
pub use mail::*;
pub use ticket::*;

use mailflow_core::store::Listing;
use serde::Serialize;
use utoipa::ToSchema;

/// A shape and how it is made of a core type.
macro_rules! shape {
    ($(#[$doc:meta])* $name:ident of $it:ident: $core:ty {
        $($(#[$field_doc:meta])* $field:ident: $type:ty = $value:expr,)*
    }) => {
        $(#[$doc])*
        #[derive(Debug, serde::Serialize, utoipa::ToSchema)]
        pub struct $name {
            $($(#[$field_doc])* pub $field: $type,)*
        }

        impl From<$core> for $name {
            fn from($it: $core) -> Self {
                Self { $($field: $value,)* }
            }
        }
    };
}
pub(in crate::api) use shape;

/// A part of a list.
#[derive(Debug, Serialize, ToSchema)]
pub struct List<T> {
    /// The rows.
    pub rows: Vec<T>,
    /// Where the next part begins, for `after`; null if there is none.
    pub next: Option<String>,
}

impl<C, T: From<C>> From<Listing<C>> for List<T> {
    fn from(listing: Listing<C>) -> Self {
        Self {
            rows: listing.rows.into_iter().map(T::from).collect(),
            next: listing.next.map(|next| next.to_string()),
        }
    }
}

/// A word of ours as it stands in documents.
pub(in crate::api) fn word(value: &impl Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => word,
        Ok(serde_json::Value::Object(fields)) => fields.keys().next().cloned().unwrap_or_default(),
        _ => String::new(),
    }
}
