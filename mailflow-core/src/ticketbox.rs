//! [`Ticketbox`]: a folder of tickets with its own address.

use serde::{Deserialize, Serialize};

use crate::id::{DestinationId, ResponseId, TicketboxId};
use crate::mail::{Address, Mailbox};

/// A folder of tickets with its own address (guide chapter 9).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ticketbox {
    /// Its identity.
    pub id: TicketboxId,
    /// The name that agents see; unique without regard to case.
    pub name: String,
    /// What it is for.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// The address that belongs to it: mail to it is routed here by the default rule, and answers come from it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<Address>,
    /// The name that stands beside the address in what we send; empty means the ticketbox's own name.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub address_name: String,
    /// Further addresses that reach it and that answers may come from.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub more_addresses: Vec<Address>,
    /// What answers are sent through; `None` means the destination of the source that the ticket came from, else the
    /// default one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub destination: Option<DestinationId>,
    /// What happens to a closed ticket when its customer writes again.
    #[serde(default)]
    pub reopen: Reopen,
    /// Whether the reply address carries the ticket's token, `support+t.…@example.com`. It needs a mail server that
    /// delivers sub-addresses (RFC 5233) into the same mailbox. On by default.
    #[serde(default = "yes")]
    pub plus_addressing: bool,
    /// Whether what we send ends with a line that carries the ticket's token, for programs that drop every other
    /// trace. On by default.
    #[serde(default = "yes")]
    pub reference_line: bool,
    /// Whether a mail without any other evidence joins the newest open ticket of its sender with the same subject: the
    /// old product's way. Off by default, because it joins what does not belong together.
    #[serde(default)]
    pub match_by_subject_and_sender: bool,
    /// A reply with another subject opens a new, linked ticket if the ticket is closed or has been quiet for so many
    /// days; `None` means never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub new_subject_days: Option<u32>,
    /// What is answered at once, or after a while, to the first mail of a new ticket.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auto_reply: Option<AutoReply>,
    /// Whether it is *Unassigned*, which every desk has and which cannot be deleted.
    #[serde(default)]
    pub built_in: bool,
}

/// What happens to a closed ticket when its customer writes again (*auto open*).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reopen {
    /// It is open again.
    #[default]
    Always,
    /// It is open again if it was closed less than so many days ago; else a new, linked ticket is opened.
    WithinDays(u32),
    /// A new, linked ticket is opened.
    Never,
}

/// An automatic answer to the first mail of a new ticket (guide chapter 9). It is never sent to a machine or a list, nor
/// more than once a day to an address, nor after somebody has answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AutoReply {
    /// What is sent.
    pub response: ResponseId,
    /// How long the ticket has to wait for it; 0 sends it at once.
    #[serde(default)]
    pub after_minutes: u32,
    /// Whether the mail that it answers is quoted below.
    #[serde(default)]
    pub quote: bool,
    /// Whether the ticket is closed with it.
    #[serde(default)]
    pub close: bool,
}

/// The ticketbox *Unassigned*.
pub const UNASSIGNED: TicketboxId = TicketboxId::from_bytes([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2]);

const fn yes() -> bool {
    true
}

impl Ticketbox {
    /// A ticketbox with a name and every setting at its default.
    pub fn new(id: TicketboxId, name: &str, address: Option<Address>) -> Self {
        Self {
            id,
            name: name.to_owned(),
            description: String::new(),
            address,
            address_name: String::new(),
            more_addresses: Vec::new(),
            destination: None,
            reopen: Reopen::Always,
            plus_addressing: true,
            reference_line: true,
            match_by_subject_and_sender: false,
            new_subject_days: None,
            auto_reply: None,
            built_in: false,
        }
    }

    /// The ticketbox *Unassigned* as a new desk has it.
    pub fn unassigned() -> Self {
        Self {
            description: "Mail that no rule and no address sends elsewhere".to_owned(),
            built_in: true,
            ..Self::new(UNASSIGNED, "Unassigned", None)
        }
    }

    /// All addresses that reach it.
    pub fn addresses(&self) -> impl Iterator<Item = &Address> {
        self.address.iter().chain(&self.more_addresses)
    }

    /// What stands in `From` of its answers, if it has an address.
    pub fn mailbox(&self) -> Option<Mailbox> {
        let name = if self.address_name.is_empty() { &self.name } else { &self.address_name };
        self.address.clone().map(|address| Mailbox::new(name, address))
    }
}
