//! [`Lease`]: who of several servers does a task.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::id::{DestinationId, ServerId, SourceId};
use crate::outgoing::RunId;
use crate::time::Timestamp;

/// Something that only one server does at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Task {
    /// Making tickets of arrivals.
    Router,
    /// Collecting mail from a source.
    Source(SourceId),
    /// Sending mail through a destination.
    Destination(DestinationId),
}

/// Who does a task.
///
/// It is written when the task changes hands, and only then: each commit of the task relies on it, so that nothing is
/// written by a server that has lost the task without knowing it. That its holder is alive is said by the
/// [`Server`](crate::server::Server), once for all its tasks.
///
/// ```text
///             acquire: nobody has it, or its holder is dead
///    free ────────────────────────────────────────────────▶ held, epoch + 1 ──┐
///     ▲                                                        │     ▲        │ acquire: the holder is dead
///     └──────────── release: its holder gives it away ─────────┘     └────────┘
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lease {
    /// The task.
    pub task: Task,
    /// Who has it; nobody after it was given away.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub holder: Option<Holder>,
    /// How often it has changed hands.
    pub epoch: u64,
    /// Since when it is as it is, by the database's clock.
    pub since: Timestamp,
    /// Who had it before, the last one first; at most [`Lease::REMEMBERED`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub past: Vec<Past>,
}

/// Who had a task once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Past {
    /// The server.
    pub server: ServerId,
    /// How often the task had changed hands then.
    pub epoch: u64,
    /// From when, by the database's clock.
    pub since: Timestamp,
    /// Until when.
    pub until: Timestamp,
    /// Whether it was taken over, because the server was gone; otherwise the server gave it away.
    pub was_gone: bool,
}

impl Lease {
    /// How many of those who had a task are remembered.
    pub const REMEMBERED: usize = 20;

    /// The lease once the task has passed to somebody, or to nobody.
    #[must_use]
    pub fn passes(mut self, holder: Option<Holder>, now: Timestamp) -> Self {
        if let Some(before) = self.holder {
            let was_gone = holder.is_some();
            let past = Past { server: before.server, epoch: self.epoch, since: self.since, until: now, was_gone };
            self.past.insert(0, past);
            self.past.truncate(Self::REMEMBERED);
        }
        let epoch = self.epoch.saturating_add(u64::from(holder.is_some()));
        Self { holder, epoch, since: now, ..self }
    }
}

/// Who has a task: a server in one of its runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// The server.
    pub server: ServerId,
    /// Its run.
    pub run: RunId,
}

impl Task {
    /// The id under which its lease is kept: the source's, the destination's, or one of its own.
    pub fn id(self) -> Uuid {
        match self {
            Self::Router => Uuid::from_u128(6),
            Self::Source(source) => source.into(),
            Self::Destination(destination) => destination.into(),
        }
    }
}
