//! Trying something out and having it done at once, as the audit tells it.

use uuid::Uuid;

use super::{Admin, Error};
use crate::decision::trial::{self, Trial};

impl Admin {
    /// Writes down that something was tried out: `trouble` says why it does not work, if it does not. Whoever tries it
    /// out calls this once, when he knows what came of it.
    ///
    /// # Errors
    /// [`Error`] if the agent is no administrator, or the store fails.
    pub async fn tried_out(&self, what: Trial<'_>, trouble: Option<&str>) -> Result<(), Error> {
        self.may("try out what mail is collected and sent with")?;
        let who = self.by().into();
        self.shared()
            .transact(|scene, changes, mint| trial::tried_out(scene, changes, mint, who, (what, trouble)))
            .await
            .map(drop)
    }

    /// Makes the running flow look at a source or destination at once (*check mail now*, *send mail now*).
    ///
    /// # Errors
    /// [`Error`] if the agent is no administrator, there is none with this id, or the store fails.
    pub async fn wake(&self, source_or_destination: impl Into<Uuid>) -> Result<(), Error> {
        self.may("make mail be collected or sent now")?;
        let (who, id) = (self.by().into(), source_or_destination.into());
        self.shared().transact(|scene, changes, mint| trial::hurry(scene, changes, mint, who, id)).await?;
        self.shared().wake(id);
        Ok(())
    }
}
