//! [`Touched`]: what a commit has changed, in words that servers on the same database tell each other.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use mailflow_core::flow::Notice;
use mailflow_core::id::{AgentId, TicketId};
use mailflow_core::store::{Key, Record, StoreError, StoreErrorKind};
use mailflow_core::ticket::Ticket;

/// More tickets and agents than this are not named one by one: the words have less than 8,000 bytes, as PostgreSQL wants them.
const MAX_NAMED: usize = 200;

/// What a commit has changed, as far as others look at it: a [`Notice`] without rows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Touched {
    /// Tickets of which anything has changed.
    pub tickets: BTreeSet<TicketId>,
    /// The configuration.
    pub configuration: bool,
    /// Mail that has to be sent.
    pub outgoing: bool,
    /// How sources and destinations do.
    pub health: bool,
    /// A session was ended.
    pub sessions: bool,
    /// Arrivals may wait.
    pub arrivals: bool,
    /// Agents whose alerts have changed.
    pub alerts: BTreeSet<AgentId>,
}

/// What was told: `None` if something may have been missed.
pub type Telling = Option<Touched>;

/// A name by which a process is known to the others on its database.
///
/// # Errors
/// [`StoreError`] if the system has no random number for it.
pub fn name() -> Result<String, StoreError> {
    let failed = |error| StoreError::new(StoreErrorKind::Other, "making a name for this process").because(error);
    getrandom::u64().map(|name| format!("{name:016x}")).map_err(failed)
}

impl Touched {
    /// A record is written.
    pub fn add(&mut self, record: &Record) {
        match record {
            Record::Ticket(it) => _ = self.tickets.insert(it.id),
            Record::Message(it) => _ = self.tickets.insert(it.ticket),
            Record::Note(it) => _ = self.tickets.insert(it.ticket),
            Record::Outgoing(it) => {
                self.tickets.insert(it.ticket);
                self.outgoing = true;
            }
            Record::Directory(_) => self.configuration = true,
            Record::Pulse(_) => self.health = true,
            Record::Arrival(_) => self.arrivals = true,
            Record::Alert(it) => _ = self.alerts.insert(it.agent),
            _ => {}
        }
    }

    /// A record is erased.
    pub fn erase(&mut self, key: &Key) {
        match key {
            Key::Session(_) => self.sessions = true,
            Key::Alert(agent, _) => _ = self.alerts.insert(*agent),
            _ => {}
        }
    }

    /// Both together.
    pub fn merge(&mut self, other: &Self) {
        self.tickets.extend(&other.tickets);
        self.configuration |= other.configuration;
        self.outgoing |= other.outgoing;
        self.health |= other.health;
        self.sessions |= other.sessions;
        self.arrivals |= other.arrivals;
        self.alerts.extend(&other.alerts);
    }

    /// It in words, if there is anything to say. `name` says who says it.
    pub fn said(&self, name: &str) -> Option<String> {
        if *self == Self::default() {
            return None;
        }
        let many = self.tickets.len() + self.alerts.len() > MAX_NAMED;
        let flags = [
            (self.configuration, 'c'),
            (self.outgoing, 'o'),
            (self.health, 'h'),
            (self.sessions, 's'),
            (self.arrivals, 'a'),
            (many, 'm'),
        ];
        let mut words = format!("{name} -");
        words.extend(flags.into_iter().filter_map(|(is, flag)| is.then_some(flag)));
        words.push(' ');
        for ticket in self.tickets.iter().filter(|_| !many) {
            // Writing into a `String` cannot fail.
            let _ = write!(words, "{:032x}", u128::from_be_bytes(*ticket.as_bytes()));
        }
        if !self.alerts.is_empty() && !many {
            // Whoever does not know of alerts yet looks at everything.
            words.push(' ');
            for agent in &self.alerts {
                let _ = write!(words, "{:032x}", u128::from_be_bytes(*agent.as_bytes()));
            }
        }
        Some(words)
    }

    /// What such words say; nothing if who has this name said them itself.
    pub fn read(name: &str, words: &str) -> Option<Telling> {
        let mut parts = words.splitn(4, ' ');
        let (by, flags, tickets) = (parts.next()?, parts.next()?, parts.next()?);
        if by == name {
            return None;
        }
        if flags.contains('m') {
            return Some(None);
        }
        // What a later version says in another way has to be looked at as a whole.
        let (Some(tickets), Some(alerts)) = (ids(tickets), ids(parts.next().unwrap_or_default())) else {
            return Some(None);
        };
        Some(Some(Self {
            tickets: tickets.into_iter().map(TicketId::from_bytes).collect(),
            alerts: alerts.into_iter().map(AgentId::from_bytes).collect(),
            configuration: flags.contains('c'),
            outgoing: flags.contains('o'),
            health: flags.contains('h'),
            sessions: flags.contains('s'),
            arrivals: flags.contains('a'),
        }))
    }

    /// The keys of the tickets.
    pub fn keys(&self) -> Vec<Key> {
        self.tickets.iter().map(|id| Key::Ticket(*id)).collect()
    }

    /// What is told, with the tickets as they are now.
    pub fn notice(self, rows: Vec<Ticket>) -> Notice {
        let Self { tickets, configuration, outgoing, health, sessions, arrivals, alerts } = self;
        Notice { tickets, rows, configuration, outgoing, health, sessions, arrivals, alerts, missed: false }
    }
}

/// The ids that words name.
fn ids(words: &str) -> Option<Vec<[u8; 16]>> {
    let id = |hex: &[u8]| u128::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok().map(u128::to_be_bytes);
    words.as_bytes().chunks(32).map(id).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn touched(tickets: u64) -> Touched {
        let tickets = (0..tickets).map(|nth| TicketId::from_bytes(u128::from(nth).to_be_bytes())).collect();
        Touched { tickets, outgoing: true, ..Touched::default() }
    }

    #[test]
    fn what_is_said_is_heard_by_others_only() {
        let alerts = BTreeSet::from([1_u8, 7].map(|nth| AgentId::from_bytes([nth; 16])));
        let with_alerts = Touched { alerts: alerts.clone(), ..touched(3) };
        let alone = Touched { alerts, ..Touched::default() };
        for it in [touched(0), touched(3), touched(200), with_alerts, alone] {
            let said = it.said("one").unwrap();
            assert!(said.len() < 8000);
            assert_eq!(Touched::read("other", &said), Some(Some(it)));
            assert_eq!(Touched::read("one", &said), None);
        }
        assert_eq!(Touched::default().said("one"), None);
    }

    #[test]
    fn too_much_and_what_is_not_understood_has_to_be_looked_at_as_a_whole() {
        assert_eq!(Touched::read("other", &touched(201).said("one").unwrap()), Some(None));
        assert_eq!(Touched::read("other", "one - zz"), Some(None));
    }
}
