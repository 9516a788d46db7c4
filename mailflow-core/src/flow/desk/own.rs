//! What an agent does about himself.

use super::{Desk, Error};
use crate::audit::Who;
use crate::decision::own::{self, OwnWish};
use crate::decision::session::{self, Ended, TOKENS};
use crate::digest::Digest;
use crate::flow::Mailflow;
use crate::outgoing::Outgoing;
use crate::refusal::Refusal;
use crate::session::{NewToken, Session};
use crate::store::{Query, StoreExt};

impl Desk {
    /// Changes what an agent may change about himself.
    ///
    /// # Errors
    /// [`Error::Refused`] if it does not do.
    pub async fn change_own(&self, wish: &OwnWish) -> Result<(), Error> {
        let agent = self.agent;
        self.shared.transact(|scene, changes, mint| own::change(scene, changes, mint, agent, wish)).await.map(drop)
    }

    /// The agent's sessions, the one seen last first.
    ///
    /// # Errors
    /// [`Error`] if the store fails.
    pub async fn sessions(&self) -> Result<Vec<Session>, Error> {
        self.agent()?;
        Mailflow::sessions_of(&self.shared, Some(self.agent)).await
    }

    /// The agent's API tokens, the one used last first.
    ///
    /// # Errors
    /// [`Error`] if the store fails.
    pub async fn tokens(&self) -> Result<Vec<Session>, Error> {
        self.agent()?;
        Mailflow::tokens_of(&self.shared, self.agent).await
    }

    /// Makes an API token: a program that shows its secret has the agent's rights.
    ///
    /// # Errors
    /// [`Error::Refused`] if the agent has too many, or the wish does not do.
    pub async fn make_token(&self, wish: &NewToken) -> Result<(), Error> {
        if self.tokens().await?.len() >= TOKENS {
            return Err(Refusal::invalid("name", format!("you have {TOKENS} tokens already; end one first")).into());
        }
        let (agent, place) = (self.agent, self.place);
        let made = self
            .shared
            .transact(|scene, changes, mint| {
                session::make_token(scene, changes, mint, (agent, Who::Agent(agent)), (wish, place))
            })
            .await;
        made.map(drop)
    }

    /// Ends one of the agent's API tokens: it is worth nothing from this moment.
    ///
    /// # Errors
    /// [`Refusal::NoSuch`] if it is none of his.
    pub async fn end_token(&self, token: Digest) -> Result<(), Error> {
        if !self.tokens().await?.iter().any(|it| it.token == token) {
            return Err(Refusal::no_such("API token", token).into());
        }
        self.end(token).await
    }

    /// The agent's mails that have not begun to go out and can be pulled back, the first due first.
    ///
    /// # Errors
    /// [`Error`] if the store fails.
    pub async fn held(&self) -> Result<Vec<Outgoing>, Error> {
        self.agent()?;
        Ok(self.shared.store.list_all(&Query::HeldBy(self.agent)).await?)
    }

    /// Ends one of the agent's own sessions.
    ///
    /// # Errors
    /// [`Refusal::NoSuch`] if it is none of his.
    pub async fn end_session(&self, token: Digest) -> Result<(), Error> {
        if !self.sessions().await?.iter().any(|session| session.token == token) {
            return Err(Refusal::no_such("session", token).into());
        }
        self.end(token).await
    }

    /// Ends all the agent's sessions but one. Returns how many those were.
    ///
    /// # Errors
    /// [`Error`] if the store fails.
    pub async fn end_other_sessions(&self, but: Digest) -> Result<usize, Error> {
        let others: Vec<Digest> =
            self.sessions().await?.into_iter().map(|session| session.token).filter(|token| *token != but).collect();
        for token in &others {
            self.end(*token).await?;
        }
        Ok(others.len())
    }

    /// Ends all that lets the agent in without his password, sessions and API tokens, but the one that he asks with: what
    /// goes with a new password.
    ///
    /// # Errors
    /// [`Error`] if the store fails.
    pub async fn sign_out_elsewhere(&self, here: Digest) -> Result<(), Error> {
        self.agent()?;
        Mailflow::sign_out(&self.shared, self.agent, Some(here), Who::Agent(self.agent)).await
    }

    async fn end(&self, token: Digest) -> Result<(), Error> {
        let ended = Ended::By(Who::Agent(self.agent));
        self.shared.transact(|scene, changes, mint| session::end(scene, changes, mint, token, ended)).await.map(drop)
    }
}
