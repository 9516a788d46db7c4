//! [`Admin`]: changes of the configuration.

use std::sync::Arc;

use uuid::Uuid;

use super::{Cluster, Error, Mailflow, Shared};
use crate::access::{AccessList, Grant, Scope, Visibility};
use crate::decision::cluster;
use crate::decision::configure::{self, By, Configured};
use crate::decision::session::{self, TOKENS};
use crate::digest::Digest;
use crate::directory::{Directory, DocumentKind};
use crate::id::{AgentId, Mint, ServerId, SourceId};
use crate::mail::Address;
use crate::refusal::Refusal;
use crate::rule::RuleSet;
use crate::session::{NewToken, Session};
use crate::source::{Source, SourceAccess};
use crate::store::{Count, Page, Query, TicketQuery};
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

    pub(super) const fn by(&self) -> By {
        self.by
    }

    pub(super) fn shared(&self) -> &Shared {
        &self.shared
    }

    pub(super) fn now(&self) -> crate::time::Timestamp {
        self.shared.clock.now()
    }

    /// Whether an administrator asks.
    pub(super) fn may(&self, what: &str) -> Result<(), Refusal> {
        match self.by {
            By::Program => Ok(()),
            By::Agent(agent) | By::AgentAt(agent, _) => {
                crate::access::administer(&self.shared.directory(), agent, what).map(drop)
            }
        }
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
        self.shared
            .transact(|scene, changes, mint| configure::save(scene, changes, mint, self.by, document))
            .await
            .map(drop)
    }

    /// Writes a document over the one that was looked at; `seen` is its [`version`](crate::directory::Documented::version).
    ///
    /// # Errors
    /// [`Refusal::Outdated`] if somebody else has changed it since; else as for [`Admin::save`].
    pub async fn save_over<T: Configured + Sync>(&self, document: &T, seen: Digest) -> Result<(), Error> {
        let (by, shared) = (self.by, &self.shared);
        shared
            .transact(|scene, changes, mint| configure::save_over(scene, changes, mint, by, (document, seen)))
            .await
            .map(drop)
    }

    /// Writes the rules, if they still have the revision that `rules` says; they get the next one.
    ///
    /// # Errors
    /// [`Error::Refused`] if the agent is no administrator, they do not fit, or another edit was faster.
    pub async fn save_rules(&self, rules: &RuleSet) -> Result<(), Error> {
        self.shared
            .transact(|scene, changes, mint| configure::save_rules(scene, changes, mint, self.by, rules))
            .await
            .map(drop)
    }

    /// Writes the access list of a class or of one object, or takes it away with `None`: then the default list holds for
    /// the object again, and a class without a default list is open to everyone. `seen` is
    /// [`AccessList::version_of`] what was looked at.
    ///
    /// # Errors
    /// [`Error::Refused`] if the agent is no administrator, the list does not fit, or somebody else has changed it
    /// since.
    pub async fn save_access(
        &self,
        scope: Scope,
        grants: Option<&[Grant]>,
        seen: Option<Digest>,
    ) -> Result<(), Error> {
        let (by, shared) = (self.by, &self.shared);
        let wish = grants.map(|grants| AccessList::tidy(scope, grants));
        shared
            .transact(|scene, changes, mint| {
                configure::save_access(scene, changes, mint, by, (scope, seen), wish.as_ref())
            })
            .await
            .map(drop)
    }

    /// Removes a document. A category of a ticket stays, and so does a destination that has mail to send.
    ///
    /// # Errors
    /// [`Error::Refused`] if the agent is no administrator, there is no such document, or others need it.
    pub async fn remove(&self, kind: DocumentKind, id: impl Into<Uuid>) -> Result<(), Error> {
        let id = id.into();
        self.needed_by_rows(kind, id).await?;
        self.shared
            .transact(|scene, changes, mint| configure::remove(scene, changes, mint, self.by, (kind, id)))
            .await
            .map(drop)
    }

    /// What servers there are and who does what; nobody if the desk has always had one server only.
    ///
    /// # Errors
    /// [`Error`] if the agent is no administrator, or the store fails.
    pub async fn cluster(&self) -> Result<Cluster, Error> {
        self.may("look at servers")?;
        self.shared.cluster().await
    }

    /// Tells a server to give away its tasks, or to take some again; agents are served all the same.
    ///
    /// # Errors
    /// [`Error::Refused`] if the agent is no administrator, or there is no such server.
    pub async fn drain(&self, server: ServerId, draining: bool) -> Result<(), Error> {
        self.may("change servers")?;
        let (who, wish) = (self.by.into(), (server, draining));
        self.shared.transact(|scene, changes, mint| cluster::drain(scene, changes, mint, who, wish)).await.map(drop)
    }

    /// Forgets a server that is dead.
    ///
    /// # Errors
    /// [`Error::Refused`] if the agent is no administrator, there is no such server, or it is alive.
    pub async fn forget_server(&self, server: ServerId) -> Result<(), Error> {
        self.may("change servers")?;
        let now = self.shared.store.now().await?;
        let (who, gone) = (self.by.into(), (server, now));
        self.shared.transact(|scene, changes, mint| cluster::forget(scene, changes, mint, who, gone)).await.map(drop)
    }

    /// Whether tickets or mails need a document: what a decision, which sees no lists, cannot know.
    async fn needed_by_rows(&self, kind: DocumentKind, id: Uuid) -> Result<(), Error> {
        let (directory, store) = (self.directory(), &self.shared.store);
        let used = |what: &'static str, name: &str, by: String| Refusal::InUse { what, name: name.to_owned(), by };
        match kind {
            DocumentKind::Category => {
                let Some(category) = directory.categories.get(&id.into()) else { return Ok(()) };
                let everything = TicketQuery::all(Visibility::Everything);
                let query = TicketQuery { category: Some(category.id), ..everything };
                let most = Page::first(Count::MAX + 1);
                let found = store.find(&Query::Tickets(query), &most).await?.rows.len();
                match Count::new(u32::try_from(found).unwrap_or(u32::MAX)) {
                    none if none.number() == 0 => Ok(()),
                    some => Err(used(
                        "category",
                        &category.name,
                        match some.number() {
                            1 => "1 ticket".to_owned(),
                            _ => format!("{some} tickets"),
                        },
                    )
                    .into()),
                }
            }
            DocumentKind::Destination => {
                let Some(destination) = directory.destinations.get(&id.into()) else { return Ok(()) };
                let (queued, failed) = (Query::Queued(destination.id), Query::Failed(destination.id));
                if self.shared.is_any(&queued).await? || self.shared.is_any(&failed).await? {
                    let by = "mail that has not been sent yet".to_owned();
                    return Err(used("destination", &destination.name, by).into());
                }
                Ok(())
            }
            _ => Ok(()),
        }
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

impl Admin {
    /// All sessions, the one seen last first.
    ///
    /// # Errors
    /// [`Error`] if the agent is no administrator, or the store fails.
    pub async fn sessions(&self) -> Result<Vec<Session>, Error> {
        self.may("look at sessions")?;
        Mailflow::sessions_of(&self.shared, None).await
    }

    /// The API tokens of an agent, the one used last first.
    ///
    /// # Errors
    /// [`Error`] if the agent who asks is no administrator, or the store fails.
    pub async fn tokens_of(&self, agent: AgentId) -> Result<Vec<Session>, Error> {
        self.may("look at API tokens")?;
        Mailflow::tokens_of(&self.shared, agent).await
    }

    /// Makes an API token with the rights of an agent.
    ///
    /// # Errors
    /// [`Error::Refused`] if the agent who asks is no administrator, the other one may not use the desk, or the wish does
    /// not do.
    pub async fn make_token(&self, agent: AgentId, wish: &NewToken) -> Result<(), Error> {
        self.may("make API tokens")?;
        if Mailflow::tokens_of(&self.shared, agent).await?.len() >= TOKENS {
            return Err(Refusal::invalid("name", format!("there are {TOKENS} tokens already; end one first")).into());
        }
        let made = self
            .shared
            .transact(|scene, changes, mint| {
                session::make_token(scene, changes, mint, (agent, self.by.into()), (wish, None))
            })
            .await;
        made.map(drop)
    }

    /// Ends a token of an agent's: it is worth nothing from this moment.
    ///
    /// # Errors
    /// [`Refusal::NoSuch`] if it is none of his; [`Error`] if the agent who asks is no administrator.
    pub async fn end_token(&self, agent: AgentId, token: Digest) -> Result<(), Error> {
        if !self.tokens_of(agent).await?.iter().any(|it| it.token == token) {
            return Err(Refusal::no_such("API token", token).into());
        }
        let ended = session::Ended::By(self.by.into());
        self.shared.transact(|scene, changes, mint| session::end(scene, changes, mint, token, ended)).await.map(drop)
    }

    /// Ends anybody's session. One that is over already is no error.
    ///
    /// # Errors
    /// [`Error`] if the agent is no administrator, or the store fails.
    pub async fn end_session(&self, token: Digest) -> Result<(), Error> {
        self.may("end sessions")?;
        let ended = session::Ended::By(self.by.into());
        self.shared.transact(|scene, changes, mint| session::end(scene, changes, mint, token, ended)).await.map(drop)
    }

    /// Ends all that lets an agent in without his password, sessions and API tokens, but the one that is named: what
    /// goes with a new password.
    ///
    /// # Errors
    /// [`Error`] if the agent who asks is no administrator, or the store fails.
    pub async fn sign_out(&self, agent: AgentId, but: Option<Digest>) -> Result<(), Error> {
        self.may("end sessions")?;
        Mailflow::sign_out(&self.shared, agent, but, self.by.into()).await
    }

    /// Ends all sessions of an agent.
    ///
    /// # Errors
    /// [`Error`] if the agent is no administrator, or the store fails.
    pub async fn end_sessions_of(&self, agent: AgentId) -> Result<(), Error> {
        self.may("end sessions")?;
        for session in Mailflow::sessions_of(&self.shared, Some(agent)).await? {
            self.end_session(session.token).await?;
        }
        Ok(())
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
