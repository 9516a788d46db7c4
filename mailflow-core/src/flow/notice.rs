//! [`Notice`]: what a commit has changed, told to whoever watches.

use std::collections::BTreeSet;

use crate::id::{AgentId, TicketId};
use crate::store::{Changeset, Entry, Key, Record};
use crate::ticket::Ticket;

/// What a commit has changed. It says what to look at again, not what is there now.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Notice {
    /// Tickets that have changed: they themselves, their messages, notes or sending.
    pub tickets: BTreeSet<TicketId>,
    /// The tickets among them whose row in a list has changed, as they are now; a new one may have no number yet.
    pub rows: Vec<Ticket>,
    /// Whether the configuration has changed.
    pub configuration: bool,
    /// Whether mail has to be sent.
    pub outgoing: bool,
    /// Whether a source or destination does better or worse.
    pub health: bool,
    /// Whether a session was ended.
    pub sessions: bool,
    /// Whose list of alerts has changed.
    pub alerts: BTreeSet<AgentId>,
    /// Whether arrivals may wait to be routed.
    pub arrivals: bool,
    /// Whether there were changes that nobody could tell of: everything has to be looked at again.
    pub missed: bool,
}

impl Notice {
    /// What a changeset changes.
    pub fn of(changes: &Changeset) -> Self {
        let ends = |entry: &Entry| matches!(entry, Entry::Erase(Key::Session(_), _));
        let arrives = |entry: &Entry| matches!(entry, Entry::Insert(Record::Arrival(_)));
        let any = |is: &dyn Fn(&Entry) -> bool| changes.entries.iter().any(is);
        let alert = |entry: &Entry| match entry {
            Entry::Erase(Key::Alert(agent, _), _) => Some(*agent),
            Entry::Insert(Record::Alert(alert)) | Entry::Replace(_, Record::Alert(alert)) => Some(alert.agent),
            _ => None,
        };
        let alerts = changes.entries.iter().filter_map(alert).collect();
        let mut notice = Self { sessions: any(&ends), arrivals: any(&arrives), alerts, ..Self::default() };
        for record in changes.records() {
            match record {
                Record::Ticket(ticket) => {
                    notice.tickets.insert(ticket.id);
                    notice.rows.push((**ticket).clone());
                }
                Record::Message(message) => {
                    notice.tickets.insert(message.ticket);
                }
                Record::Note(note) => {
                    notice.tickets.insert(note.ticket);
                }
                Record::Outgoing(outgoing) => {
                    notice.tickets.insert(outgoing.ticket);
                    notice.outgoing = true;
                }
                Record::Directory(_) => notice.configuration = true,
                Record::Pulse(_) => notice.health = true,
                _ => {}
            }
        }
        notice
    }

    /// What is told where changes were missed.
    pub fn of_missed() -> Self {
        Self { missed: true, ..Self::default() }
    }

    /// Whether there is nothing to look at.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}
