//! [`Settings`]: what holds for the whole desk.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::audit::Activity;
use crate::ip_range::IpRange;
use crate::ldap::Ldap;
use crate::mail::Address;
use crate::oidc::Oidc;

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
    /// Where *everyone* may sign in from; empty for everywhere. It adds to what groups and agents have of their own.
    pub ip_ranges: Vec<IpRange>,
    /// Whether a session is worth something only from the address that it was begun from.
    pub lock_sessions: bool,
    /// Whether the pages are given over HTTPS only.
    pub force_https: bool,
    /// The directory server that knows the passwords of agents.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ldap: Option<Ldap>,
    /// The provider that says who an agent is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub oidc: Option<Oidc>,
    /// The sender of mail that the desk itself writes, such as alerts. Without it none is written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub system_address: Option<Address>,
    /// What agents do that is not written into the audit.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub audit_off: BTreeSet<Activity>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            name: "mailflow".to_owned(),
            first_ticket_number: 1,
            host: "mailflow.invalid".to_owned(),
            automatic_per_hour: 500,
            ip_ranges: Vec::new(),
            lock_sessions: false,
            force_https: false,
            ldap: None,
            oidc: None,
            system_address: None,
            audit_off: BTreeSet::new(),
        }
    }
}
