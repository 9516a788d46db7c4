//! What an agent is told of.

use uuid::Uuid;

use super::{Desk, Error};
use crate::access;
use crate::alert::{Alert, AlertQuery};
use crate::decision::alert;
use crate::store::{Listing, Page, Query, StoreExt};

impl Desk {
    /// The agent's alerts, newest first: those whose ticket he sees now, and those of messages that wait for his
    /// approval now.
    ///
    /// # Errors
    /// [`Error`] if the store fails.
    pub async fn alerts(&self, page: &Page) -> Result<Listing<Alert>, Error> {
        access::take_part(&self.directory(), self.agent)?;
        let approvals = self.to_approve().await?.into_iter().map(|outgoing| outgoing.id.into()).collect();
        let query = AlertQuery { agent: self.agent, visibility: self.visibility(), approvals };
        Ok(self.shared.store.list(&Query::Alerts(query), page).await?)
    }

    /// Clears alerts of the agent, by what caused them, on all his devices. What is cleared already is no error.
    ///
    /// # Errors
    /// [`Error`] if the store fails.
    pub async fn clear_alerts(&self, causes: &[Uuid]) -> Result<(), Error> {
        access::take_part(&self.directory(), self.agent)?;
        let agent = self.agent;
        self.shared.transact(|_, changes, _| alert::clear(changes, agent, causes)).await.map(drop)
    }
}
