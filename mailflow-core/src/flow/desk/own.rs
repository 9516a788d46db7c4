//! What an agent does about himself.

use super::{Desk, Error};
use crate::decision::own::{self, OwnWish};
use crate::decision::session;
use crate::digest::Digest;
use crate::flow::Mailflow;
use crate::refusal::Refusal;
use crate::session::Session;

impl Desk {
    /// Changes what an agent may change about himself.
    ///
    /// # Errors
    /// [`Error::Refused`] if it does not do.
    pub async fn change_own(&self, wish: &OwnWish) -> Result<(), Error> {
        let agent = self.agent;
        self.shared.transact(|scene, changes, _| own::change(scene, changes, agent, wish)).await.map(drop)
    }

    /// The agent's sessions, the one seen last first.
    ///
    /// # Errors
    /// [`Error`] if the store fails.
    pub async fn sessions(&self) -> Result<Vec<Session>, Error> {
        self.agent()?;
        Mailflow::sessions_of(&self.shared, Some(self.agent)).await
    }

    /// Ends one of the agent's own sessions.
    ///
    /// # Errors
    /// [`Refusal::NoSuch`] if it is none of his.
    pub async fn end_session(&self, token: Digest) -> Result<(), Error> {
        if !self.sessions().await?.iter().any(|session| session.token == token) {
            return Err(Refusal::no_such("session", token).into());
        }
        self.shared.transact(|_, changes, _| session::end(changes, token)).await.map(drop)
    }

    /// Ends all the agent's sessions but one. Returns how many those were.
    ///
    /// # Errors
    /// [`Error`] if the store fails.
    pub async fn end_other_sessions(&self, but: Digest) -> Result<usize, Error> {
        let others: Vec<Digest> =
            self.sessions().await?.into_iter().map(|session| session.token).filter(|token| *token != but).collect();
        for token in &others {
            self.shared.transact(|_, changes, _| session::end(changes, *token)).await?;
        }
        Ok(others.len())
    }
}
