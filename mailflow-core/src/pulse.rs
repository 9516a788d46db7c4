//! [`Pulse`]: how a source or a destination has been doing.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::time::Timestamp;

/// How a source or a destination has been doing, for the health strip and the alerts. Its key is the id of either.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pulse {
    /// The source's or destination's id.
    pub of: Uuid,
    /// When it last did what it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_success: Option<Timestamp>,
    /// When it was last tried.
    pub last_try: Timestamp,
    /// Failures in a row, since the last success.
    pub failures: u32,
    /// What went wrong last, if it went wrong.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub trouble: String,
    /// Mails taken in or sent since the beginning.
    pub mails: u64,
    /// Mails that were offered again and suppressed.
    #[serde(default)]
    pub duplicates: u64,
}
