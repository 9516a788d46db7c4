//! [`Server`]: a program that works on a desk together with others.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::id::ServerId;
use crate::outgoing::RunId;
use crate::time::Timestamp;

/// A program that works on a desk together with others (guide chapter 13). It is alive as long as it says so, again and
/// again: all times of it are the database's, so that a machine whose clock is wrong harms nobody.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Server {
    /// Its identity, made of its name: a server that is started again is the same one.
    pub id: ServerId,
    /// Its name; unique.
    pub name: String,
    /// The version of the program.
    pub version: String,
    /// Its present run. A second program with the same name takes its place, and this one stops.
    pub run: RunId,
    /// When the run began.
    pub started: Timestamp,
    /// When it last said that it is alive.
    pub seen: Timestamp,
    /// Until when it is taken to be alive.
    pub until: Timestamp,
    /// Whether it shall give away its tasks and take no others; agents are served all the same.
    #[serde(default)]
    pub draining: bool,
    /// How long the database took to answer it last, in milliseconds.
    #[serde(default)]
    pub answer_ms: u64,
    /// By how many milliseconds the database's clock was ahead of its machine's then. The database's is the one that
    /// counts for everything; this is what its administrator may want to put right.
    #[serde(default)]
    pub ahead_ms: i64,
}

impl Server {
    /// How long a server is taken to be alive after it last said so.
    pub const LASTS: Duration = Duration::from_secs(15);

    /// The id of the server with this name.
    pub fn id_of(name: &str) -> ServerId {
        let digest = Digest::of_parts([b"server".as_slice(), name.as_bytes()]);
        let mut id = [0; 16];
        for (to, from) in id.iter_mut().zip(digest.as_bytes()) {
            *to = *from;
        }
        ServerId::from_bytes(id)
    }

    /// Whether it is taken to be alive.
    pub fn is_alive(&self, now: Timestamp) -> bool {
        self.until > now
    }
}
