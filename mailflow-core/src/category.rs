//! [`Category`]: a second way to sort tickets, beside the ticketbox.

use serde::{Deserialize, Serialize};

use crate::id::CategoryId;

/// A ticket category (guide chapter 12).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Category {
    /// Its identity.
    pub id: CategoryId,
    /// Its name; unique without regard to case.
    pub name: String,
}
