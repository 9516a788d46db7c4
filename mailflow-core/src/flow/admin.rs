//! [`Admin`]: changes of the configuration.

use std::sync::Arc;

use uuid::Uuid;

use super::{Error, Mailflow, Shared};
use crate::decision::configure::{self, By, Configured};
use crate::directory::{Directory, DocumentKind};
use crate::id::{Mint, SourceId};
use crate::mail::Address;
use crate::refusal::Refusal;
use crate::source::{Source, SourceAccess};
use crate::ticketbox::Ticketbox;
use crate::transport::MailSource;

/// Changes the configuration, for an administrator or for the program itself.
#[derive(Clone)]
pub struct Admin {
    shared: Arc<Shared>,
    by: By,
}

impl std::fmt::Debug for Admin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Admin({:?})", self.by)
    }
}

impl Admin {
    pub(super) const fn new(shared: Arc<Shared>, by: By) -> Self {
        Self { shared, by }
    }

    /// The configuration as it is.
    pub fn directory(&self) -> Arc<Directory> {
        self.shared.directory()
    }

    /// A new id.
    pub fn new_id<T: From<Uuid>>(&self) -> T {
        Mint::random(self.shared.clock.now()).id()
    }

    /// Writes a document: an agent, ticketbox, category, source, destination, the rules or the settings.
    ///
    /// # Errors
    /// [`Error::Refused`] if the agent is no administrator, or the document does not fit the others.
    pub async fn save<T: Configured + Sync>(&self, document: &T) -> Result<(), Error> {
        self.shared.transact(|scene, changes, _| configure::save(scene, changes, self.by, document)).await.map(drop)
    }

    /// Removes a document.
    ///
    /// # Errors
    /// [`Error::Refused`] if the agent is no administrator, there is no such document, or others need it.
    pub async fn remove(&self, kind: DocumentKind, id: impl Into<Uuid>) -> Result<(), Error> {
        let id = id.into();
        self.shared.transact(|scene, changes, _| configure::remove(scene, changes, self.by, kind, id)).await.map(drop)
    }

    /// The ticketbox with this name, made with this address if there is none.
    ///
    /// # Errors
    /// [`Error::Refused`] if the address is none, or belongs to another ticketbox.
    pub async fn ensure_ticketbox(&self, name: &str, address: &str) -> Result<Ticketbox, Error> {
        if let Some(ticketbox) = self.directory().ticketbox_named(name) {
            return Ok(ticketbox.clone());
        }
        let address = Address::new(address).map_err(|error| Refusal::invalid("address", error.to_string()))?;
        let ticketbox = Ticketbox::new(self.new_id(), name, Some(address));
        self.save(&ticketbox).await?;
        Ok(ticketbox)
    }

    /// The source with this name for mail that the program or a command brings, made if there is none.
    ///
    /// # Errors
    /// [`Error`] if it cannot be written.
    pub async fn ensure_embedded_source(&self, name: &str) -> Result<Source, Error> {
        let known = self.directory().sources.values().find(|source| source.name == name).cloned();
        if let Some(source) = known {
            return Ok(source);
        }
        let source = Source::new(self.new_id::<SourceId>(), name, SourceAccess::Embedded);
        self.save(&source).await?;
        Ok(source)
    }
}

impl Mailflow {
    /// Collects mail from a mailbox that the program brings; what no rule and no address places goes to `ticketbox`.
    /// The source is remembered under its name, so that nothing is fetched twice after a restart.
    ///
    /// # Errors
    /// [`Error`] if the source cannot be written.
    pub async fn listen(&self, name: &str, ticketbox: &Ticketbox, mailbox: impl MailSource) -> Result<Source, Error> {
        let admin = self.admin();
        let source = admin.ensure_embedded_source(name).await?;
        self.shared.embed_source(source.id, Arc::new(mailbox));
        // Saved once more in any case: a running flow begins to look into the mailbox when the document changes.
        let source = Source { ticketbox: Some(ticketbox.id), check_interval_s: 30, ..source };
        admin.save(&source).await?;
        Ok(source)
    }
}
