//! Who did what.

use std::collections::{BTreeMap, BTreeSet};

use uuid::Uuid;

use super::{Desk, Error};
use crate::access;
use crate::audit::{Activity, AuditEntry, AuditQuery};
use crate::id::{AgentId, TicketId};
use crate::store::{Kept as _, Key, Listing, Page, Query, StoreExt};
use crate::ticket::Ticket;
use crate::time::Timestamp;

/// Which entries of the audit somebody wants to see, of those that he may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct AuditFilter {
    /// Only what this agent did.
    pub agent: Option<AgentId>,
    /// Only what was done to this: [`About::object`](crate::audit::About::object).
    pub object: Option<Uuid>,
    /// Only deeds of this kind.
    pub activity: Option<Activity>,
    /// Only from this time on.
    pub from: Option<Timestamp>,
    /// Only before this time.
    pub until: Option<Timestamp>,
}

impl Desk {
    /// What was done, newest first, as far as the agent may read it.
    ///
    /// # Errors
    /// [`Refusal::NotAllowed`](crate::refusal::Refusal::NotAllowed) if he may read none of it.
    pub async fn audit(&self, filter: &AuditFilter, page: &Page) -> Result<Listing<AuditEntry>, Error> {
        let reader = access::read_audit(&self.directory(), self.agent)?;
        let AuditFilter { agent, object, activity, from, until } = *filter;
        let query = AuditQuery { agent, object, activity, from, until, ..AuditQuery::all(reader) };
        Ok(self.shared.store.list(&Query::Audit(query), page).await?)
    }

    /// Those of these tickets that the agent sees.
    ///
    /// # Errors
    /// [`Error`] if the store fails.
    pub async fn tickets_among(&self, ids: &BTreeSet<TicketId>) -> Result<BTreeMap<TicketId, Ticket>, Error> {
        let keys: Vec<Key> = ids.iter().copied().map(Key::Ticket).collect();
        let (directory, loaded) = (self.directory(), self.shared.store.load(&keys).await?);
        let tickets = loaded.into_iter().filter_map(|loaded| loaded.record.and_then(Ticket::take));
        let seen = tickets.filter(|ticket| access::see(&directory, self.agent, ticket).is_ok());
        Ok(seen.map(|ticket| (ticket.id, ticket)).collect())
    }

    /// Whether the agent may read anything of the audit.
    pub fn reads_audit(&self) -> bool {
        access::read_audit(&self.directory(), self.agent).is_ok()
    }
}
