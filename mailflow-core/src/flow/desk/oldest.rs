//! *Get Oldest* and *escalate*: tickets go to whom they should, without a list to choose from.

use std::collections::BTreeSet;

use super::{Desk, Error, Filter};
use crate::access;
use crate::agent::Escalation;
use crate::decision::ticket;
use crate::id::{AgentId, TicketId, TicketboxId};
use crate::refusal::Refusal;
use crate::store::{Count, OwnerFilter, Page, Query, Row, StoreExt, UnownedQuery};
use crate::ticket::{Ticket, TicketState};
use crate::time::Timestamp;

/// How many tickets are looked at in one go: more than one, as others may take them first.
const PART: u32 = 4;

/// What waits for somebody to take care of it, of what an agent may work on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Waiting {
    /// How many tickets.
    pub tickets: Count,
    /// Since when the one waits whose turn it is.
    pub oldest: Option<Timestamp>,
}

impl Desk {
    /// Gives the agent the ticket that has waited longest since its customer's first unanswered message, of those that
    /// nobody takes care of and that he may work on (features 5.5); of several, the one with the lower number. What no
    /// customer waits for comes last, by its age. Whoever asks at the same time gets another one. `None` if there is
    /// none.
    ///
    /// # Errors
    /// [`Error`] if the store fails.
    pub async fn get_oldest(&self, within: Option<TicketboxId>) -> Result<Option<Ticket>, Error> {
        let agent = self.agent;
        let query = Query::Unowned(self.unowned(within)?);
        let mut page = Page::first(PART);
        loop {
            let part = self.shared.store.list::<Ticket>(&query, &page).await?;
            for Ticket { id, .. } in part.rows {
                let taken = self
                    .shared
                    .transact(|scene, changes, mint| ticket::take_oldest(scene, changes, mint, agent, id))
                    .await?;
                if taken.value.is_some() {
                    return Ok(taken.value);
                }
            }
            match part.next {
                Some(next) => page = Page::after(PART, next),
                None => return Ok(None),
            }
        }
    }

    /// What [`get_oldest`](Self::get_oldest) would choose from.
    ///
    /// # Errors
    /// [`Error`] if the store fails.
    pub async fn waiting(&self, within: Option<TicketboxId>) -> Result<Waiting, Error> {
        let query = self.unowned(within)?;
        let (first, count) = (Query::Unowned(query.clone()), Query::UnownedCount(query));
        let (one, page) = (Page::first(1), Page::first(1));
        let (first, count) =
            tokio::try_join!(self.shared.store.list::<Ticket>(&first, &one), self.shared.store.find(&count, &page))?;
        let oldest = first.rows.first().map(|it| it.waiting_since.unwrap_or(it.created));
        // The two do not look at the same moment: somebody may have taken the last one in between.
        let tickets = match (oldest, count.rows.first()) {
            (None, _) => Count::new(0),
            (Some(_), Some(Row::Total(count))) if count.number() > 0 => *count,
            (Some(_), _) => Count::new(1),
        };
        Ok(Waiting { tickets, oldest })
    }

    /// The tickets that nobody takes care of and the agent may work on.
    fn unowned(&self, within: Option<TicketboxId>) -> Result<UnownedQuery, Error> {
        let directory = self.directory();
        access::take_part(&directory, self.agent)?;
        let visibility = access::to_take(&directory, self.agent);
        Ok(UnownedQuery { visibility, ticketboxes: within.map(|id| BTreeSet::from([id])) })
    }

    /// Passes a ticket on to whom the agent escalates to; of a group, to the active member with the fewest open tickets.
    ///
    /// # Errors
    /// [`Error::Refused`] if the agent may not, or has nobody to escalate to.
    pub async fn escalate(&self, id: TicketId) -> Result<Ticket, Error> {
        let agent = self.agent;
        let candidates = self.candidates().await?;
        let done = self
            .shared
            .transact(|scene, changes, mint| ticket::escalate(scene, changes, mint, (agent, id), &candidates))
            .await?;
        Ok(done.value)
    }

    /// The members of the group that the agent escalates to, the one with the fewest open tickets first.
    async fn candidates(&self) -> Result<Vec<AgentId>, Error> {
        let directory = self.directory();
        let agent = directory.agents.get(&self.agent).ok_or(Refusal::SignIn)?;
        let Some(Escalation::Group(group)) = agent.escalate_to else { return Ok(Vec::new()) };
        let members = directory.agents.values().filter(|it| it.active && directory.is_member(it.id, group));
        let mut counted = Vec::new();
        for member in members {
            let filter = Filter {
                owner: Some(OwnerFilter::Agent(member.id)),
                state: Some(TicketState::Open),
                ..Filter::default()
            };
            let of = Query::Tickets(crate::store::TicketQuery {
                visibility: access::Visibility::Everything,
                ..self.query(&filter)
            });
            let open = self.shared.store.find(&of, &Page::first(Count::MAX)).await?.rows.len();
            counted.push((open, member.name.to_lowercase(), member.id));
        }
        counted.sort();
        Ok(counted.into_iter().map(|(_, _, id)| id).collect())
    }
}
