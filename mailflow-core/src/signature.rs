//! [`Signature`]: what is put below an answer.

use serde::{Deserialize, Serialize};

use crate::id::GroupId;

/// What is put below an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Signature {
    /// What its author's preferences say.
    #[default]
    Usual,
    /// The author's own.
    Own,
    /// That of a group that the author belongs to.
    Group(GroupId),
    /// Nothing.
    Nothing,
}

impl Signature {
    /// Whether it is what the author's preferences say.
    pub fn is_usual(&self) -> bool {
        *self == Self::Usual
    }
}
