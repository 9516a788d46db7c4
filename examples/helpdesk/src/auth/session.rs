//! Sessions: a secret in a cookie, or as a bearer token of the REST API; the desk keeps only its digest.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::http::HeaderMap;
use axum::http::header::{AUTHORIZATION, COOKIE as COOKIE_HEADER};
use mailflow_core::digest::Digest;
use mailflow_core::flow::{Error, Mailflow};
use mailflow_core::id::AgentId;
use mailflow_core::refusal::Refusal;
use mailflow_core::session::Session;
use mailflow_core::store::{Query, StoreExt};
use mailflow_core::time::Timestamp;

use super::password;

/// The name of the cookie.
pub const COOKIE: &str = "mailflow_session";
/// After so many wrong passwords in a row a user name has to wait.
const FREE_TRIES: u32 = 5;
/// How long a user name has to wait at most.
const LONGEST_WAIT: Duration = Duration::from_secs(15 * 60);

/// Signs agents in. Counts wrong passwords for each user name, in memory.
#[derive(Clone)]
pub struct SignIn {
    flow: Mailflow,
    wrong: Arc<Mutex<HashMap<String, (u32, Timestamp)>>>,
}

impl std::fmt::Debug for SignIn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SignIn")
    }
}

impl SignIn {
    /// Signs agents of this helpdesk in.
    #[must_use]
    pub fn new(flow: Mailflow) -> Self {
        Self { flow, wrong: Arc::default() }
    }

    /// Checks user name and password, and begins a session. Returns the agent and the session's secret, which is known
    /// nowhere else from now on.
    ///
    /// # Errors
    /// [`Refusal::SignIn`] if they do not belong together; [`Refusal::SignInPaused`] after too many wrong ones.
    pub async fn sign_in(
        &self,
        user_name: &str,
        given: &str,
        (peer, user_agent): (&str, &str),
    ) -> Result<(AgentId, String), Error> {
        let name = user_name.trim().to_lowercase();
        self.may_try(&name)?;
        let agent = self.flow.directory().agent_named(&name).cloned();
        let (hash, given) = (agent.as_ref().and_then(|agent| agent.password.clone()), given.to_owned());
        let right =
            tokio::task::spawn_blocking(move || password::verify(&given, hash.as_deref())).await.unwrap_or(false);
        let Some(agent) = agent.filter(|agent| right && agent.active) else {
            self.count_wrong(name);
            return Err(Refusal::SignIn.into());
        };
        self.lock().remove(&name);
        let secret = new_secret()?;
        self.flow.begin_session(agent.id, token_of(&secret), peer, user_agent).await?;
        Ok((agent.id, secret))
    }

    fn may_try(&self, name: &str) -> Result<(), Refusal> {
        match self.lock().get(name) {
            Some((tries, until)) if *tries >= FREE_TRIES && *until > self.flow.now() => {
                Err(Refusal::SignInPaused { until: *until })
            }
            _ => Ok(()),
        }
    }

    fn count_wrong(&self, name: String) {
        let now = self.flow.now();
        let mut wrong = self.lock();
        // Nobody can fill the memory with names.
        if wrong.len() > 10_000 {
            wrong.retain(|_, (_, until)| *until > now);
        }
        let (tries, until) = wrong.entry(name).or_insert((0, now));
        *tries = tries.saturating_add(1);
        let wait = Duration::from_secs(1 << tries.saturating_sub(FREE_TRIES).min(10)).min(LONGEST_WAIT);
        *until = now.plus(wait);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<String, (u32, Timestamp)>> {
        self.wrong.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A new session's secret: 256 random bits.
fn new_secret() -> Result<String, Refusal> {
    let mut bytes = [0u8; 32];
    getrandom::fill(&mut bytes).map_err(|error| Refusal::invalid("session", format!("no randomness: {error}")))?;
    Ok(data_encoding::BASE64URL_NOPAD.encode(&bytes))
}

/// What the desk keeps of a session's secret.
#[must_use]
pub fn token_of(secret: &str) -> Digest {
    Digest::of(secret.as_bytes())
}

/// The session's secret that a request carries: in the cookie, or as `Authorization: Bearer …`.
#[must_use]
pub fn secret_of(headers: &HeaderMap) -> Option<String> {
    let bearer = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    if let Some(secret) = bearer.and_then(|value| value.strip_prefix("Bearer ")) {
        return Some(secret.trim().to_owned());
    }
    cookie_of(headers)
}

/// Whether a request carries a session in its cookie, which a browser sends without being asked.
#[must_use]
pub fn has_cookie(headers: &HeaderMap) -> bool {
    cookie_of(headers).is_some()
}

fn cookie_of(headers: &HeaderMap) -> Option<String> {
    let cookies = headers.get_all(COOKIE_HEADER).into_iter().filter_map(|value| value.to_str().ok());
    let mut pairs = cookies.flat_map(|cookies| cookies.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(name, _)| *name == COOKIE).map(|(_, secret)| secret.to_owned())
}

/// The `Set-Cookie` of a new session: not for scripts, not sent by other sites, `Secure` when the page came over TLS.
#[must_use]
pub fn cookie(secret: &str, path: &str, secure: bool) -> String {
    let secure = if secure { "; Secure" } else { "" };
    format!("{COOKIE}={secret}; Path={path}; HttpOnly; SameSite=Lax; Max-Age=604800{secure}")
}

/// The `Set-Cookie` that ends a session.
#[must_use]
pub fn ended_cookie(path: &str) -> String {
    format!("{COOKIE}=; Path={path}; HttpOnly; SameSite=Lax; Max-Age=0")
}

/// Ends all sessions of an agent: after a new password, and when he may not sign in any more.
///
/// # Errors
/// [`Error`] if the store fails.
pub async fn end_sessions(flow: &Mailflow, agent: AgentId) -> Result<(), Error> {
    let sessions: Vec<Session> = flow.store().list_all(&Query::Sessions(Some(agent))).await?;
    for session in sessions {
        flow.end_session(session.token).await?;
    }
    Ok(())
}
