//! Sessions: a secret in a cookie, or as a bearer token of the REST API; the desk keeps only its digest.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::http::HeaderMap;
use axum::http::header::{AUTHORIZATION, COOKIE as COOKIE_HEADER, HOST};
use mailflow_core::agent::{Agent, SecondFactor};
use mailflow_core::decision::own::OwnWish;
use mailflow_core::digest::Digest;
use mailflow_core::flow::{Error, Mailflow};
use mailflow_core::id::AgentId;
use mailflow_core::refusal::Refusal;
use mailflow_core::secret::Sealed;
use mailflow_core::session::Proof;
use mailflow_core::time::Timestamp;
use mailflow_transport::Connectors;

use super::login::{Credentials, DeskLogin, Login, Verdict};
use super::oidc::SingleSignOn;
use super::{Place, totp};

/// The name of the cookie.
pub const COOKIE: &str = "mailflow_session";
/// After so many wrong passwords in a row a user name has to wait.
const FREE_TRIES: u32 = 5;
/// How long a user name has to wait at most.
const LONGEST_WAIT: Duration = Duration::from_secs(15 * 60);
/// How long somebody whose password was right may look for his device.
const HALF_LASTS: Duration = Duration::from_secs(5 * 60);
/// What the proof that a password was right is sealed for.
const HALF: &str = "half signed in";

/// Signs agents in. Counts wrong passwords for each user name, in memory.
#[derive(Clone)]
pub struct SignIn {
    flow: Mailflow,
    network: Option<Connectors>,
    desk: DeskLogin,
    login: Arc<dyn Login>,
    sso: SingleSignOn,
    address: (Option<String>, bool),
    wrong: Arc<Mutex<HashMap<String, (u32, Timestamp)>>>,
}

/// What came of a wish to be let in that was not refused.
#[derive(Debug)]
pub enum Entered {
    /// A session was begun: whose, and its secret, which is known nowhere else from now on.
    Begun(AgentId, String),
    /// The password is right, and a code is needed beside it: this stands in for user name and password in the next
    /// wish, for five minutes.
    Half(String),
}

/// A secret for an agent's device.
#[derive(Debug, Clone)]
pub struct Offer {
    /// Sealed, to be sent back with a code.
    pub sealed: String,
    /// As people type it.
    pub secret: String,
    /// As devices read it.
    pub link: String,
}

impl std::fmt::Debug for SignIn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SignIn({:?})", self.login)
    }
}

impl SignIn {
    /// Signs agents of this helpdesk in, with the desk's own passwords or its directory server. Without `network` there
    /// is no key for second factors: who has one cannot sign in.
    #[must_use]
    pub fn new(flow: Mailflow, network: Option<Connectors>) -> Self {
        let desk = DeskLogin::new(network.clone());
        let sso = SingleSignOn::new(flow.clone(), network.clone());
        let login = Arc::new(desk.clone());
        Self { flow, network, login, desk, sso, address: (None, false), wrong: Arc::default() }
    }

    /// The same with another way to say who somebody is.
    #[must_use]
    pub fn with_login(self, login: Arc<dyn Login>) -> Self {
        Self { login, ..self }
    }

    /// The same for pages that browsers see under this origin, such as `https://desk.example.com`; else under the host
    /// that they ask for, over HTTPS if `secure`.
    #[must_use]
    pub fn with_address(self, origin: Option<String>, secure: bool) -> Self {
        Self { address: (origin, secure), ..self }
    }

    /// Signs in through the provider of the settings.
    #[must_use]
    pub const fn sso(&self) -> &SingleSignOn {
        &self.sso
    }

    /// Where the provider sends browsers back to: it has to know this address before. `base` is what all paths begin
    /// with.
    #[must_use]
    pub fn redirect_address(&self, base: &str, place: Place, headers: &HeaderMap) -> String {
        let host = headers.get(HOST).and_then(|it| it.to_str().ok()).unwrap_or("localhost");
        let secure = self.address.1 || place.secure || self.flow.directory().settings.force_https;
        let here = || format!("{}://{host}", if secure { "https" } else { "http" });
        let origin = self.address.0.clone().unwrap_or_else(here);
        format!("{origin}{base}/sign-in/back")
    }

    /// How many passwords the desk has hashed to check them.
    #[must_use]
    pub fn hashes(&self) -> u64 {
        self.desk.hashes()
    }

    /// Checks what is shown, and begins a session.
    ///
    /// # Errors
    /// [`Refusal::SignIn`] if user name and password do not belong together; [`Refusal::SignInPaused`] after too many
    /// wrong ones; [`Refusal::Code`]; [`Refusal::NotFromHere`]; [`Refusal::SignInUnavailable`].
    pub async fn enter(&self, shown: &Credentials, from: (Place, &str)) -> Result<Entered, Error> {
        let name = shown.user_name.trim().to_lowercase();
        self.try_once(&name)?;
        let agent = match self.login.check(&self.flow, shown).await {
            Verdict::Agent(id) => self.flow.directory().agents.get(&id).cloned().filter(|agent| agent.active),
            Verdict::Wrong => None,
            Verdict::Unavailable(because) => {
                tracing::error!(because, "it cannot be said whether a password is right");
                return Err(Refusal::SignInUnavailable.into());
            }
        };
        let Some(agent) = agent else {
            tracing::warn!(user = name, from = from.0.text(), "somebody could not sign in");
            self.flow.not_let_in((&shown.user_name, None), &from.0.text(), &Refusal::SignIn).await?;
            return Err(Refusal::SignIn.into());
        };
        if agent.second_factor.is_some() && shown.code.trim().is_empty() {
            let may = mailflow_core::access::from_place(&self.flow.directory(), agent.id, from.0.address);
            if let Err(refusal) = may {
                let who = (shown.user_name.as_str(), Some(agent.id));
                self.flow.not_let_in(who, &from.0.text(), &refusal).await?;
                return Err(refusal.into());
            }
            return Ok(Entered::Half(self.half(&agent)?));
        }
        let entered = self.begin(&agent, &shown.code, from).await?;
        self.lock().remove(&name);
        Ok(entered)
    }

    /// Begins a session of somebody whose password was right, with the code that was asked for.
    ///
    /// # Errors
    /// [`Refusal::SignIn`] if that was too long ago; else as for [`SignIn::enter`].
    pub async fn enter_with_code(
        &self,
        half: &str,
        code: &str,
        from: (Place, &str),
    ) -> Result<(AgentId, String), Error> {
        let opened = self.network.as_ref().and_then(|it| it.key().open(&Sealed::new(half.to_owned()), HALF).ok());
        let told = opened.as_deref().and_then(|text| {
            let (id, until) = text.split_once(' ')?;
            Some((id.parse::<AgentId>().ok()?, Timestamp::from_millis(until.parse().ok()?)))
        });
        let known = told.filter(|(_, until)| *until > self.flow.now()).map(|(id, _)| id);
        let agent = known.and_then(|id| self.flow.directory().agents.get(&id).cloned());
        let agent = agent.filter(|agent| agent.active).ok_or(Refusal::SignIn)?;
        self.try_once(&agent.user_name.to_lowercase())?;
        match self.begin(&agent, code, from).await? {
            Entered::Begun(id, secret) => Ok((id, secret)),
            Entered::Half(_) => Err(Refusal::CodeNeeded.into()),
        }
    }

    /// Begins a session of an agent whom a provider has spoken for; his code is asked for, if he has a second factor.
    ///
    /// # Errors
    /// [`Refusal::SignIn`] if there is no such active agent; [`Refusal::NotFromHere`].
    pub async fn enter_known(&self, agent: AgentId, from: (Place, &str)) -> Result<Entered, Error> {
        let directory = self.flow.directory();
        let agent = directory.agents.get(&agent).filter(|agent| agent.active).ok_or(Refusal::SignIn)?;
        mailflow_core::access::from_place(&directory, agent.id, from.0.address)?;
        match agent.second_factor {
            Some(_) => Ok(Entered::Half(self.half(agent)?)),
            None => self.begin(agent, "", from).await,
        }
    }

    async fn begin(&self, agent: &Agent, code: &str, (place, program): (Place, &str)) -> Result<Entered, Error> {
        let proof = match &agent.second_factor {
            None => Proof::Password,
            Some(factor) => match self.proof(agent.id, factor, code) {
                Ok(proof) => proof,
                Err(refusal) => {
                    let who = (agent.user_name.as_str(), Some(agent.id));
                    self.flow.not_let_in(who, &place.text(), &refusal).await?;
                    return Err(refusal.into());
                }
            },
        };
        let secret = new_secret()?;
        let from = place.text();
        self.flow.begin_session_with((agent.id, proof), token_of(&secret), (&from, program)).await?;
        self.lock().remove(&agent.user_name.trim().to_lowercase());
        Ok(Entered::Begun(agent.id, secret))
    }

    fn proof(&self, agent: AgentId, factor: &SecondFactor, code: &str) -> Result<Proof, Refusal> {
        let opened = self.network.as_ref().map(|it| it.key().open(&factor.secret, &totp::context(agent)));
        let secret = match opened {
            Some(Ok(secret)) => totp::secret_of(&secret),
            Some(Err(error)) => {
                tracing::error!(error = error.to_string(), "the secret of a second factor cannot be opened");
                None
            }
            None => None,
        };
        if let Some(step) = secret.and_then(|secret| totp::step_of(&secret, code, self.flow.now())) {
            return Ok(Proof::Code(step));
        }
        let digest = totp::recovery_digest(agent, code);
        if factor.recovery.contains(&digest) { Ok(Proof::Recovery(digest)) } else { Err(Refusal::Code) }
    }

    fn half(&self, agent: &Agent) -> Result<String, Refusal> {
        let network = self.network.as_ref().ok_or_else(|| {
            tracing::error!("an agent needs a code, and this program has no key to check it with");
            Refusal::SignInUnavailable
        })?;
        let until = self.flow.now().plus(HALF_LASTS).as_millis();
        let sealed = network.key().seal(&format!("{} {until}", agent.id), HALF);
        sealed.map(|it| it.as_str().to_owned()).map_err(|error| Refusal::invalid("code", error.to_string()))
    }

    /// Whether somebody who is signed in knows the password of the agent: asked for once more before what matters.
    ///
    /// # Errors
    /// [`Refusal::SignInPaused`] after too many wrong ones.
    pub async fn confirm(&self, agent: &Agent, given: &str) -> Result<bool, Refusal> {
        let name = agent.user_name.trim().to_lowercase();
        self.try_once(&name)?;
        let shown =
            Credentials { user_name: agent.user_name.clone(), password: given.to_owned(), code: String::new() };
        let right = self.login.check(&self.flow, &shown).await == Verdict::Agent(agent.id);
        if right {
            self.lock().remove(&name);
        }
        Ok(right)
    }

    /// A new secret for an agent's device, sealed: it becomes his second factor once a code of it is shown.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] if this program has no key to seal it with.
    pub fn offer(&self, agent: &Agent) -> Result<Offer, Refusal> {
        let network = self.network.as_ref().ok_or_else(|| {
            Refusal::invalid("code", "this program has no key to seal secrets with; start it with one")
        })?;
        let secret = totp::new_secret()?;
        let text = totp::text_of(&secret);
        let sealed = network
            .key()
            .seal(&text, &totp::context(agent.id))
            .map_err(|error| Refusal::invalid("code", error.to_string()))?;
        let link = totp::link(&secret, &self.flow.directory().settings.name, &agent.user_name);
        Ok(Offer { sealed: sealed.as_str().to_owned(), secret: text, link })
    }

    /// The secret and link of an offer that was made before.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] if it was made for somebody else, or with another key.
    pub fn offered(&self, agent: &Agent, sealed: &str) -> Result<Offer, Refusal> {
        let gone = || Refusal::invalid("code", "this secret is not valid here; begin again");
        let key = self.network.as_ref().ok_or_else(gone)?.key();
        let text = key.open(&Sealed::new(sealed.to_owned()), &totp::context(agent.id)).map_err(|_| gone())?;
        let secret = totp::secret_of(&text).ok_or_else(gone)?;
        let link = totp::link(&secret, &self.flow.directory().settings.name, &agent.user_name);
        Ok(Offer { sealed: sealed.to_owned(), secret: text, link })
    }

    /// Makes an offer the agent's second factor, if this code is one of it. Returns the recovery codes, which are known
    /// nowhere else from now on.
    ///
    /// # Errors
    /// [`Refusal::Code`] if the code is none of it.
    pub async fn accept(&self, agent: &Agent, sealed: &str, code: &str) -> Result<Vec<String>, Error> {
        let offer = self.offered(agent, sealed)?;
        let secret = totp::secret_of(&offer.secret).unwrap_or_default();
        totp::step_of(&secret, code, self.flow.now()).ok_or(Refusal::Code)?;
        let codes = totp::recovery_codes()?;
        let recovery = codes.iter().map(|code| totp::recovery_digest(agent.id, code)).collect();
        let factor = SecondFactor { secret: Sealed::new(sealed.to_owned()), recovery };
        self.flow.desk(agent.id).change_own(&OwnWish::SecondFactor(Some(factor))).await?;
        Ok(codes)
    }

    /// Counts a try, before it is known what comes of it: many at once are as many as one after the other.
    fn try_once(&self, name: &str) -> Result<(), Refusal> {
        let now = self.flow.now();
        let mut wrong = self.lock();
        // Nobody can fill the memory with names.
        if wrong.len() > 10_000 {
            wrong.retain(|_, (_, until)| *until > now);
        }
        let (tries, until) = wrong.entry(name.to_owned()).or_insert((0, now));
        if *tries >= FREE_TRIES && *until > now {
            return Err(Refusal::SignInPaused { until: *until });
        }
        *tries = tries.saturating_add(1);
        let wait = Duration::from_secs(1 << tries.saturating_sub(FREE_TRIES).min(10)).min(LONGEST_WAIT);
        *until = now.plus(wait);
        Ok(())
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

/// The secret of a new API token: 256 random bits, with a beginning that tells people and programs what it is.
///
/// # Errors
/// [`Refusal::Invalid`] if there is no randomness.
pub fn new_api_token() -> Result<String, Refusal> {
    Ok(format!("mailflow_{}", new_secret()?))
}

/// What the desk keeps of a session's secret.
#[must_use]
pub fn token_of(secret: &str) -> Digest {
    Digest::of(secret.as_bytes())
}

/// The session's secret that a request carries: in the cookie, or as `Authorization: Bearer …`.
#[must_use]
pub fn secret_of(headers: &HeaderMap) -> Option<String> {
    bearer_of(headers).or_else(|| cookie_of(headers))
}

/// The secret that a request carries as `Authorization: Bearer …`.
#[must_use]
pub fn bearer_of(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok())?;
    Some(value.strip_prefix("Bearer ")?.trim().to_owned())
}

/// Whether a request carries a session in its cookie, which a browser sends without being asked.
#[must_use]
pub fn has_cookie(headers: &HeaderMap) -> bool {
    cookie_of(headers).is_some()
}

fn cookie_of(headers: &HeaderMap) -> Option<String> {
    cookie_named(headers, COOKIE)
}

/// The value of a cookie.
#[must_use]
pub fn cookie_named(headers: &HeaderMap, wanted: &str) -> Option<String> {
    let cookies = headers.get_all(COOKIE_HEADER).into_iter().filter_map(|value| value.to_str().ok());
    let mut pairs = cookies.flat_map(|cookies| cookies.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(name, _)| *name == wanted).map(|(_, secret)| secret.to_owned())
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
    flow.admin().end_sessions_of(agent).await
}
