//! [`Sealed`]: a password as the desk keeps it: only whoever has the key can read it.

use serde::{Deserialize, Serialize};

/// A secret, sealed with a key that is not in the database. Core carries it and cannot read it; the crate that signs in
/// to the mail server opens it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Sealed(String);

impl Sealed {
    /// A secret that was sealed before.
    pub const fn new(sealed: String) -> Self {
        Self(sealed)
    }

    /// The sealed form.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Sealed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Sealed(…)")
    }
}
