//! Decisions: what a wish means for the records that it touches. Plain functions: no clock, no store, no network.
//!
//! A decision gets the [`Scene`] (directory, keys, time), the [`Changes`](crate::store::Changes) that it reads from and
//! writes into, and a [`Mint`] for new ids. It ends in one of three ways: it has said what shall be
//! true; it needs to look at more records first ([`Stop::Look`]); or it says no ([`Stop::Refuse`]).
//!
//! ```text
//!            ┌───────────── look at these too ─────────────┐
//!            ▼                                             │
//!   look ──────▶ decide ──changes──▶ commit ──▶ done       │
//!            ▲      │  └─────────────────────────────────── ┘
//!            │      └──refusal──▶ no                │
//!            └──────────── something has changed ───┘
//! ```

pub mod alert;
pub mod approval;
pub mod arrival;
mod automatic;
pub mod cluster;
pub mod configure;
pub mod delivery;
pub mod draft;
pub mod hold;
pub mod own;
pub mod reply;
pub mod route;
pub mod session;
pub mod ticket;
mod trail;
pub mod trial;

pub use automatic::automatic_mail_of;

use crate::directory::Directory;
use crate::id::Mint;
use crate::mail::Keyring;
use crate::refusal::Refusal;
use crate::store::{Key, NotLoaded};
use crate::time::Timestamp;

/// What every decision may know beside the records that it looks at.
#[derive(Debug, Clone, Copy)]
pub struct Scene<'a> {
    /// The configuration.
    pub directory: &'a Directory,
    /// What tokens are made and checked with.
    pub keyring: &'a Keyring,
    /// The time.
    pub now: Timestamp,
}

/// Why a decision has not come to an end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stop {
    /// It has to look at these as well.
    Look(Vec<Key>),
    /// It says no.
    Refuse(Refusal),
}

impl From<NotLoaded> for Stop {
    fn from(NotLoaded(keys): NotLoaded) -> Self {
        Self::Look(keys)
    }
}

impl From<Refusal> for Stop {
    fn from(refusal: Refusal) -> Self {
        Self::Refuse(refusal)
    }
}

/// Adds an event to a ticket's story.
fn tell(
    changes: &mut crate::store::Changes<'_>,
    mint: &mut Mint,
    ticket: crate::id::TicketId,
    at: Timestamp,
    actor: crate::event::Actor,
    what: crate::event::What,
) {
    changes.put(crate::event::Event { id: mint.id(), ticket, at, actor, what, after: 0 });
}
