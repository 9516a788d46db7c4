//! [`Login`]: who it is that has a user name and a password; the desk's own way, and a place for another one.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use mailflow_core::agent::{Agent, SignInWay};
use mailflow_core::flow::Mailflow;
use mailflow_core::id::AgentId;
use mailflow_transport::Connectors;
use tokio::sync::Semaphore;

use super::password;

/// How many passwords are hashed at the same time: each takes 19 MiB and a processor.
const AT_ONCE: usize = 2;

/// What somebody shows who wants to be let in.
#[derive(Clone, Default)]
pub struct Credentials {
    /// The user name, as it was typed.
    pub user_name: String,
    /// The password.
    pub password: String,
    /// The code of a device, or a recovery code; empty for none.
    pub code: String,
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Credentials(`{}`)", self.user_name)
    }
}

/// Who somebody is.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Verdict {
    /// This agent of the desk. Whether he is active, may come in from where he is, and needs a code beside, is looked at
    /// afterwards, whatever the way.
    Agent(AgentId),
    /// Nobody: user name and password do not belong together.
    Wrong,
    /// That cannot be said now, for this reason, which is for the log.
    Unavailable(String),
}

/// A way to say who it is that has a user name and a password. Put one of your own into
/// [`WebConfig::login`](crate::web::WebConfig::login); it is asked instead of the desk's own passwords and directory
/// server. It should take as long for names that nobody has as for others.
#[async_trait]
pub trait Login: std::fmt::Debug + Send + Sync {
    /// Says who it is.
    async fn check(&self, flow: &Mailflow, shown: &Credentials) -> Verdict;
}

/// The desk's own way: its passwords (argon2id), and the directory server of the settings for agents who are said to be
/// known there. Each check makes the same hash, whether there is such an agent or not, and wherever his password is.
#[derive(Debug, Clone)]
pub struct DeskLogin {
    network: Option<Connectors>,
    hashes: Arc<AtomicU64>,
    at_once: Arc<Semaphore>,
}

impl DeskLogin {
    /// The desk's own way; the password of its account at the directory server is opened with the key of `network`.
    #[must_use]
    pub fn new(network: Option<Connectors>) -> Self {
        Self { network, hashes: Arc::default(), at_once: Arc::new(Semaphore::new(AT_ONCE)) }
    }

    /// How many hashes were made so far.
    #[must_use]
    pub fn hashes(&self) -> u64 {
        self.hashes.load(Ordering::Relaxed)
    }

    /// Whether a password is the one that this hash was made of. Without a hash the same work is done.
    pub async fn verify(&self, given: &str, hash: Option<String>) -> bool {
        // The semaphore is never closed.
        let _one_of_few = self.at_once.acquire().await;
        let (given, hashes) = (given.to_owned(), Arc::clone(&self.hashes));
        let right = tokio::task::spawn_blocking(move || password::verify(&given, hash.as_deref(), &hashes));
        right.await.unwrap_or(false)
    }

    async fn ask_directory(&self, flow: &Mailflow, name: &str, shown: &Credentials) -> Verdict {
        let Some(ldap) = flow.directory().settings.ldap.clone() else {
            return Verdict::Unavailable("there is no directory server in the settings".to_owned());
        };
        match super::ldap::bind(&ldap, self.network.as_ref(), name, &shown.password).await {
            Ok(true) => flow.directory().agent_named(name).map_or(Verdict::Wrong, |agent| Verdict::Agent(agent.id)),
            Ok(false) => Verdict::Wrong,
            Err(trouble) => Verdict::Unavailable(trouble),
        }
    }
}

#[async_trait]
impl Login for DeskLogin {
    async fn check(&self, flow: &Mailflow, shown: &Credentials) -> Verdict {
        let directory = flow.directory();
        let agent = directory.agent_named(&shown.user_name);
        let way = agent.map(|agent| agent.sign_in);
        let own = |agent: &Agent| agent.password.clone().filter(|_| agent.sign_in == SignInWay::Password);
        let right = self.verify(&shown.password, agent.and_then(own)).await;
        match (way, agent) {
            (Some(SignInWay::Ldap), _) => self.ask_directory(flow, &shown.user_name, shown).await,
            (Some(SignInWay::Password), Some(agent)) if right => Verdict::Agent(agent.id),
            // A name that nobody has is asked for too, so that it takes as long as one that the server knows; so is that
            // of somebody who has no password at all.
            (None | Some(SignInWay::Oidc), _) if directory.settings.ldap.is_some() => {
                match self.ask_directory(flow, &shown.user_name, shown).await {
                    Verdict::Agent(_) => Verdict::Wrong,
                    verdict => verdict,
                }
            }
            _ => Verdict::Wrong,
        }
    }
}
