//! [`Contact`]: a person who writes to us.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::id::{AgentId, ContactId};
use crate::mail::Address;
use crate::time::Timestamp;

/// A person who writes to us, with all addresses that he writes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contact {
    /// Its identity.
    pub id: ContactId,
    /// The name, as it stood in his first mail or as an agent corrected it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// His addresses; the first is the one that is written to. Each address belongs to one contact only, see
    /// [`AddressEntry`].
    pub addresses: Vec<Address>,
    /// Telephone numbers as they were entered.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub phones: Vec<String>,
    /// The agent who looks after him.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<AgentId>,
    /// What agents should know of him.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub notes: String,
    /// Custom properties, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub properties: BTreeMap<String, String>,
    /// When he first wrote.
    pub created: Timestamp,
}

impl Contact {
    /// The contact as his mail shows him: without what agents wrote down about him.
    #[must_use]
    pub fn as_written(&self) -> Self {
        Self {
            id: self.id,
            name: self.name.clone(),
            addresses: self.addresses.clone(),
            phones: Vec::new(),
            owner: None,
            notes: String::new(),
            properties: BTreeMap::new(),
            created: self.created,
        }
    }

    /// The name if there is one, else the first address, else a word for nobody.
    pub fn shown(&self) -> &str {
        match self.addresses.first() {
            _ if !self.name.is_empty() => &self.name,
            Some(address) => address.as_str(),
            None => "unknown sender",
        }
    }
}

/// Says whose an address is. Its key is the address, so that two mails that arrive at once cannot make two contacts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AddressEntry {
    /// The address.
    pub address: Address,
    /// The contact that it belongs to.
    pub contact: ContactId,
}
