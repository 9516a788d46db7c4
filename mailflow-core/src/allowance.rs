//! [`Allowance`]: how often something was done lately, so that it is not done too often.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::id::{AgentId, TicketboxId};
use crate::mail::Address;
use crate::time::Timestamp;

/// How often something was done lately: the third and fourth wall against answering for ever (AC-20). Its key is the
/// digest of what is counted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Allowance {
    /// The digest of what is counted.
    pub of: Digest,
    /// When it was done, the latest last; only as many as are needed to say no.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub done: Vec<Timestamp>,
}

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Counted<'a> {
    /// Automatic answers from a ticketbox to an address.
    Answers(TicketboxId, &'a Address),
    /// Mails of a sender that rules pass on out of a ticketbox.
    Forwards(TicketboxId, &'a Address),
    /// Automatic mails of the whole desk.
    Desk,
    /// Mails that tell an agent of something.
    Alerts(AgentId),
    /// Sign-ins from a network address that came to nothing and were written down.
    FailedSignIns(&'a str),
}

/// How often something may be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    /// So often.
    pub times: u32,
    /// In any span of this length.
    pub within: Duration,
}

impl Counted<'_> {
    /// The key of its allowance.
    pub fn key(&self) -> Digest {
        match self {
            Self::Answers(ticketbox, address) => {
                Digest::of_parts([b"answers".as_slice(), ticketbox.as_bytes(), address.key().as_bytes()])
            }
            Self::Forwards(ticketbox, address) => {
                Digest::of_parts([b"forwards".as_slice(), ticketbox.as_bytes(), address.key().as_bytes()])
            }
            Self::Desk => Digest::of_parts([b"desk".as_slice()]),
            Self::Alerts(agent) => Digest::of_parts([b"alerts".as_slice(), agent.as_bytes()]),
            Self::FailedSignIns(from) => Digest::of_parts([b"failed sign-ins".as_slice(), from.as_bytes()]),
        }
    }
}

/// The key under which is kept which code of an agent's second factor was accepted last: none is accepted twice.
pub fn codes_of(agent: AgentId) -> Digest {
    Digest::of_parts([b"codes".as_slice(), agent.as_bytes()])
}

impl Allowance {
    /// What was never done.
    pub const fn new(of: Digest) -> Self {
        Self { of, done: Vec::new() }
    }

    /// Whether it may be done once more now.
    pub fn allows(&self, limit: Limit, now: Timestamp) -> bool {
        self.lately(limit, now) < limit.times
    }

    /// How often it was done in the span that ends now.
    pub fn lately(&self, limit: Limit, now: Timestamp) -> u32 {
        let lately = self.done.iter().filter(|at| now.since(**at) < limit.within).count();
        u32::try_from(lately).unwrap_or(u32::MAX)
    }

    /// When it may be done again, if it may not be done now; [`Timestamp::MAX`] if it may never be.
    pub fn stopped_until(&self, limit: Limit, now: Timestamp) -> Option<Timestamp> {
        let lately: Vec<Timestamp> = self.done.iter().copied().filter(|at| now.since(*at) < limit.within).collect();
        let times = usize::try_from(limit.times).unwrap_or(usize::MAX);
        if times == 0 {
            return Some(Timestamp::MAX);
        }
        // So many of them, counted from the latest, are in the way.
        let oldest_in_the_way = lately.len().checked_sub(times).and_then(|at| lately.get(at))?;
        Some(oldest_in_the_way.plus(limit.within))
    }

    /// Notes that it is done once more now.
    pub fn spend(&mut self, limit: Limit, now: Timestamp) {
        self.done.retain(|at| now.since(*at) < limit.within);
        self.done.push(now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn so_often_in_any_span_and_no_more() {
        let limit = Limit { times: 2, within: Duration::from_secs(60) };
        let at = |second: i64| Timestamp::from_millis(second * 1000);
        let mut allowance = Allowance::new(Counted::Desk.key());
        for (second, allowed) in [(0, true), (30, true), (59, false), (60, true), (61, false), (90, true)] {
            assert_eq!(allowance.allows(limit, at(second)), allowed, "at {second} s");
            assert_eq!(allowance.stopped_until(limit, at(second)).is_none(), allowed, "at {second} s");
            if allowed {
                allowance.spend(limit, at(second));
            }
        }
        assert_eq!(allowance.done.len(), 2, "what is over is forgotten");
        assert_eq!(allowance.stopped_until(limit, at(91)), Some(at(120)), "when the mail of 60 s is over");
        let none = Limit { times: 0, ..limit };
        assert_eq!(allowance.stopped_until(none, at(91)), Some(Timestamp::MAX));
    }
}
