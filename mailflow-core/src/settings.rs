//! [`Settings`]: what holds for the whole desk.

use serde::{Deserialize, Serialize};

/// What holds for the whole desk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// The name of the desk, shown on its pages.
    pub name: String,
    /// The number of the first ticket. Raising it makes later numbers start there; it never makes one twice.
    pub first_ticket_number: u64,
    /// The host that stands in `Message-ID` of what is sent from a ticketbox without an address.
    pub host: String,
    /// The most automatic mails that the whole desk sends in an hour. Beyond it none is sent, and the trouble is told.
    pub automatic_per_hour: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            name: "mailflow".to_owned(),
            first_ticket_number: 1,
            host: "mailflow.invalid".to_owned(),
            automatic_per_hour: 500,
        }
    }
}
