//! The only code that acts: it looks, lets a decision be made, commits, and talks to mail servers.
//!
//! ```text
//!   sources ──receiver──▶ arrivals ──router──▶ tickets ◀──Desk── agents
//!                                                │
//!   destinations ◀──sender── outgoing mail ◀─────┘
//! ```
//! Receiver, router and sender know nothing of each other: each works off rows that are there.

mod admin;
mod agreed;
mod builder;
mod cluster;
mod desk;
mod error;
mod notice;
mod reading;
mod receiver;
mod replay;
mod router;
mod run;
mod sender;
mod shared;
mod trial;
mod try_mail;

use std::net::IpAddr;
use std::sync::Arc;

use tokio::sync::broadcast;
use uuid::Uuid;

pub use admin::Admin;
pub use builder::Builder;
pub use cluster::Cluster;
pub use desk::{AuditFilter, AutomaticMail, Conversation, Desk, Filter, Health, Passage, ToApprove, Waiting};
pub use error::Error;
pub use notice::Notice;
pub use receiver::{CollectError, Collected};
pub use replay::ReplayProgress;
pub use router::Placed;
pub use sender::{Delivered, words};
pub use try_mail::WouldBe;

use self::shared::Shared;
use crate::audit::Who;
use crate::decision::configure::By;
use crate::decision::session;
use crate::digest::Digest;
use crate::directory::Directory;
use crate::id::{AgentId, SourceId};
use crate::refusal::Refusal;
use crate::session::{Caller, Proof, Session};
use crate::source::Source;
use crate::store::{Query, Store, StoreExt as _};
use crate::time::Timestamp;

/// A helpdesk: the handle that everything starts from. Clones are handles of the same one.
#[derive(Clone)]
pub struct Mailflow {
    shared: Arc<Shared>,
}

impl std::fmt::Debug for Mailflow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Mailflow").field("run", &self.shared.run).finish_non_exhaustive()
    }
}

impl Mailflow {
    /// Begins to build a helpdesk on a store.
    pub fn builder(store: impl Store) -> Builder {
        Builder::new(Arc::new(store))
    }

    /// What one agent may ask for. Every action of an agent has this as its beginning.
    pub fn desk(&self, agent: AgentId) -> Desk {
        Desk::new(Arc::clone(&self.shared), agent)
    }

    /// The configuration, changed by the program itself: for set-up and the command line. What an agent changes goes
    /// through [`Desk::admin`].
    pub fn admin(&self) -> Admin {
        Admin::new(Arc::clone(&self.shared), By::Program)
    }

    /// The configuration as it is.
    pub fn directory(&self) -> Arc<Directory> {
        self.shared.directory()
    }

    /// The time, by the flow's clock; of several servers, by the one that they agree on, the database's.
    pub fn now(&self) -> Timestamp {
        self.shared.clock.now()
    }

    /// The store underneath.
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.shared.store
    }

    /// Tells what commits change, from now on. Who is too slow misses some, and is told so.
    pub fn watch(&self) -> broadcast::Receiver<Notice> {
        self.shared.notices.subscribe()
    }

    /// Takes in what another server on the same store has changed, as if it had been changed here: the configuration is
    /// read again, whoever has something to do wakes, and [`watch`](Self::watch) tells it. The store knows where to hear
    /// of it.
    ///
    /// # Errors
    /// [`Error`] if the configuration cannot be read: then nobody is told.
    pub async fn hear(&self, notice: Notice) -> Result<(), Error> {
        self.shared.tell(notice).await
    }

    /// Takes in one mail that somebody brings, as if it had come from this source. From here on it is safe; the router
    /// makes a ticket of it. Returns the digest of its bytes and whether they are new.
    ///
    /// # Errors
    /// [`Error`] if it cannot be kept: then it is not safe.
    pub async fn take_mail(&self, source: SourceId, bytes: Vec<u8>) -> Result<(Digest, bool), Error> {
        let (digest, taken) = self.shared.take_mail(source, bytes).await?;
        Ok((digest, taken.new > 0))
    }

    /// Takes in several mails that somebody brings, in one commit. Returns the digest of each, and whether it is new.
    ///
    /// # Errors
    /// [`Error`] if they cannot be kept: then none of them is safe.
    pub async fn take_mails(&self, source: SourceId, mails: Vec<Vec<u8>>) -> Result<Vec<(Digest, bool)>, Error> {
        let mut kept = Vec::with_capacity(mails.len());
        for bytes in mails {
            let size = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
            let digest = self.shared.store.keep_body(bytes).await?;
            kept.push(crate::decision::arrival::Received { uid: None, digest, size, whole_size: None });
        }
        let digests: Vec<Digest> = kept.iter().map(|it| it.digest).collect();
        let taken = self.shared.receive(source, kept).await?;
        Ok(digests.into_iter().zip(taken.is_new).collect())
    }

    /// Looks into a source's mailbox once, now: what [`run`](Self::run) does at its interval.
    ///
    /// # Errors
    /// [`CollectError`] if it ended early; what was taken in before is safe.
    pub async fn collect(&self, source: &Source) -> Result<Collected, CollectError> {
        self.shared.collect(source).await
    }

    /// Routes the next arrivals that wait; none if none waits. What [`run`](Self::run) does all the time.
    ///
    /// # Errors
    /// [`Error`] if the store fails; the arrivals wait on.
    pub async fn route_some(&self) -> Result<Vec<Placed>, Error> {
        self.shared.route_some().await
    }

    /// Sends what is due now through every enabled destination, once: what [`run`](Self::run) does when there is
    /// something to send.
    ///
    /// # Errors
    /// [`Error`] if the store fails.
    pub async fn deliver(&self) -> Result<Delivered, Error> {
        let mut all = Delivered::default();
        for destination in self.directory().destinations.values().filter(|it| it.enabled) {
            let delivered = self.shared.deliver(destination, || false).await?;
            all.tried += delivered.tried;
            all.sent += delivered.sent;
            if !delivered.trouble.is_empty() {
                all.trouble = delivered.trouble;
            }
        }
        Ok(all)
    }

    /// Makes a running flow look at a source or destination at once (*check mail now*, *send mail now*).
    pub fn wake(&self, source_or_destination: impl Into<Uuid>) {
        self.shared.wake(source_or_destination.into());
    }

    /// What servers there are and who does what; nobody if the desk has always had one server only.
    ///
    /// # Errors
    /// [`Error`] if the store fails.
    pub async fn cluster(&self) -> Result<Cluster, Error> {
        self.shared.cluster().await
    }

    /// Begins a session of an agent whose password was checked. `token` is the digest of a secret that only the
    /// agent's program has.
    ///
    /// # Errors
    /// [`Error::Refused`] if the agent may not sign in.
    pub async fn begin_session(
        &self,
        agent: AgentId,
        token: Digest,
        peer: &str,
        user_agent: &str,
    ) -> Result<(), Error> {
        self.begin_session_with((agent, Proof::Password), token, (peer, user_agent)).await
    }

    /// Begins a session of an agent who has shown something beside the password.
    ///
    /// # Errors
    /// As for [`Mailflow::begin_session`], and [`Refusal::Code`] for what was used before.
    pub async fn begin_session_with(
        &self,
        who: (AgentId, Proof),
        token: Digest,
        from: (&str, &str),
    ) -> Result<(), Error> {
        let begun =
            self.shared.transact(|scene, changes, mint| session::begin(scene, changes, mint, who, token, from));
        match begun.await {
            Err(Error::Refused(refusal)) => {
                if refusal != Refusal::CodeNeeded {
                    let name = self.directory().agents.get(&who.0).map(|it| it.user_name.clone()).unwrap_or_default();
                    self.not_let_in((&name, Some(who.0)), from.0, &refusal).await?;
                }
                Err(Error::Refused(refusal))
            }
            begun => begun.map(drop),
        }
    }

    /// Writes into the audit that somebody was not let in, and why: for whoever looks at passwords. What
    /// [`begin_session`](Self::begin_session) refuses is written down already.
    ///
    /// # Errors
    /// [`Error`] if the store fails.
    pub async fn not_let_in(&self, who: (&str, Option<AgentId>), from: &str, refusal: &Refusal) -> Result<(), Error> {
        let noted = self
            .shared
            .transact(|scene, changes, mint| session::not_let_in(scene, changes, mint, who, from, refusal));
        noted.await.map(drop)
    }

    /// Whose session it is; `None` if it is over, or worth nothing from this network address.
    ///
    /// # Errors
    /// [`Error`] if the store fails.
    pub async fn session(&self, token: Digest, place: Option<IpAddr>) -> Result<Option<AgentId>, Error> {
        Ok(match self.caller(token, place).await? {
            Some(Caller::Session(agent)) => Some(agent),
            // What a program was given is no way into pages.
            Some(Caller::Token(_)) | None => None,
        })
    }

    /// Whose session or API token it is; `None` if it is over, or worth nothing from this network address.
    ///
    /// # Errors
    /// [`Error`] if the store fails.
    pub async fn caller(&self, token: Digest, place: Option<IpAddr>) -> Result<Option<Caller>, Error> {
        self.shared.answer(|scene, changes, _| session::whose(scene, changes, token, place)).await
    }

    /// The sessions of an agent, or of all, that are not over, the one seen last first.
    ///
    /// # Errors
    /// [`Error`] if the store fails.
    pub(crate) async fn sessions_of(shared: &Shared, agent: Option<AgentId>) -> Result<Vec<Session>, Error> {
        let mut all: Vec<Session> = shared.store.list_all(&Query::Sessions(agent)).await?;
        let now = shared.clock.now();
        all.retain(|session| session.expires > now && session.api_token.is_none());
        Ok(all)
    }

    /// The API tokens of an agent, the one used last first; those that are over, too, so that one sees why a program does
    /// not work any more.
    ///
    /// # Errors
    /// [`Error`] if the store fails.
    pub(crate) async fn tokens_of(shared: &Shared, agent: AgentId) -> Result<Vec<Session>, Error> {
        let mut all: Vec<Session> = shared.store.list_all(&Query::Sessions(Some(agent))).await?;
        all.retain(|session| session.api_token.is_some());
        Ok(all)
    }

    /// Ends all that lets an agent in without his password, but one.
    pub(crate) async fn sign_out(
        shared: &Shared,
        agent: AgentId,
        but: Option<Digest>,
        who: Who,
    ) -> Result<(), Error> {
        let mut all = Self::sessions_of(shared, Some(agent)).await?;
        all.extend(Self::tokens_of(shared, agent).await?);
        let ended = session::Ended::By(who);
        for token in all.into_iter().map(|it| it.token).filter(|token| Some(*token) != but) {
            shared.transact(|scene, changes, mint| session::end(scene, changes, mint, token, ended)).await?;
        }
        Ok(())
    }

    /// Ends a session: its agent signs out.
    ///
    /// # Errors
    /// [`Error`] if the store fails.
    pub async fn end_session(&self, token: Digest) -> Result<(), Error> {
        let ended = session::Ended::SignedOut;
        self.shared.transact(|scene, changes, mint| session::end(scene, changes, mint, token, ended)).await.map(drop)
    }
}
