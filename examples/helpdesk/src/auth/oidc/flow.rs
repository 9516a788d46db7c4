//! The authorization code flow with PKCE (OpenID Connect Core 1.0 section 3.1, RFC 7636).

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::http::StatusCode;
use data_encoding::{BASE64, BASE64URL_NOPAD};
use mailflow_core::digest::Digest;
use mailflow_core::flow::Mailflow;
use mailflow_core::id::AgentId;
use mailflow_core::oidc::Oidc;
use mailflow_core::secret::Sealed;
use mailflow_core::time::Timestamp;
use mailflow_core::transport::{TransportError, TransportErrorKind};
use mailflow_transport::{Check, Connectors, Step};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use tokio::sync::Semaphore;

use super::http::{Client, Sent};
use super::keys::Keys;
use super::metadata::Metadata;
use super::token::{self, Expected};
use super::{Begun, Fault, Returned, SECRET, Trouble, claims};
use crate::web::encode;

/// How long somebody may take at the provider.
const LASTS: Duration = Duration::from_secs(10 * 60);
/// How long what the provider said of itself is believed.
const FRESH: Duration = Duration::from_secs(60 * 60);
/// What the question is sealed for.
const QUESTION: &str = "openid question";
/// The most answers that are remembered as used.
const REMEMBERED: usize = 10_000;
/// How many answers are exchanged at the same time.
const AT_ONCE: usize = 8;

/// The flow. Clones are handles of the same one.
#[derive(Clone)]
pub struct Flow {
    flow: Mailflow,
    network: Option<Connectors>,
    known: Arc<Mutex<Option<Known>>>,
    used: Arc<Mutex<VecDeque<(Digest, Timestamp)>>>,
    at_once: Arc<Semaphore>,
}

/// What is known of a provider.
#[derive(Clone)]
struct Known {
    /// With these settings.
    oidc: Oidc,
    client: Client,
    metadata: Metadata,
    keys: Keys,
    until: Timestamp,
}

/// What was asked, as the browser keeps it, sealed.
#[derive(Debug, Serialize, Deserialize)]
struct Question {
    state: String,
    nonce: String,
    /// Of which the provider was only told the digest.
    verifier: String,
    redirect: String,
    next: String,
    /// In milliseconds.
    until: i64,
}

impl std::fmt::Debug for Flow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Flow")
    }
}

impl Flow {
    pub fn new(flow: Mailflow, network: Option<Connectors>) -> Self {
        let at_once = Arc::new(Semaphore::new(AT_ONCE));
        Self { flow, network, known: Arc::default(), used: Arc::default(), at_once }
    }

    pub async fn begin(&self, redirect: &str, next: &str) -> Result<Begun, Trouble> {
        let oidc = self.settings()?;
        let known = self.provider(&oidc).await?;
        let question = Question {
            state: random()?,
            nonce: random()?,
            verifier: random()?,
            redirect: redirect.to_owned(),
            next: next.to_owned(),
            until: self.flow.now().plus(LASTS).as_millis(),
        };
        let challenge = BASE64URL_NOPAD.encode(Digest::of(question.verifier.as_bytes()).as_bytes());
        let scope = scope(&oidc);
        let asked = form(&[
            ("response_type", "code"),
            ("client_id", &oidc.client_id),
            ("redirect_uri", redirect),
            ("scope", &scope),
            ("state", &question.state),
            ("nonce", &question.nonce),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
        ]);
        let text = serde_json::to_string(&question).map_err(|error| Trouble::Setup(error.to_string()))?;
        let sealed =
            self.network()?.key().seal(&text, QUESTION).map_err(|error| Trouble::Setup(error.to_string()))?;
        let to = &known.metadata.authorization;
        let to = format!("{to}{}{asked}", if to.contains('?') { '&' } else { '?' });
        Ok(Begun { to, sealed: sealed.as_str().to_owned() })
    }

    pub async fn finish(&self, returned: &Returned) -> Result<(AgentId, String), Trouble> {
        let oidc = self.settings()?;
        let question = self.asked(returned)?;
        if let Some(error) = &returned.error {
            return Err(Trouble::Denied(mailflow_core::text::one_line(error, 300)));
        }
        self.use_once(&question)?;
        // The semaphore is never closed.
        let _one_of_few = self.at_once.acquire().await;
        let known = self.provider(&oidc).await?;
        match &returned.issuer {
            Some(issuer) if *issuer != oidc.issuer => return Err(Fault::Issuer(issuer.clone()).into()),
            None if known.metadata.says_issuer => return Err(Fault::Missing("iss").into()),
            _ => {}
        }
        let tokens = self.exchange(&known, &question, &returned.code).await?;
        let text = |name: &str| tokens.get(name).and_then(Value::as_str);
        let id_token = text("id_token").ok_or(Fault::Missing("id_token"))?;
        let mut claims = self.believed(known.clone(), id_token, &question).await?;
        let mut name = claims::user_name(&oidc, &claims)?;
        if name.is_none() {
            claims = more(&known, text("access_token"), claims).await?;
            name = claims::user_name(&oidc, &claims)?;
        }
        let name = name.ok_or_else(|| Trouble::NoName(oidc.claim.clone()))?;
        let agent = claims::agent(&self.flow, &oidc, &name, &claims).await?;
        Ok((agent, question.next))
    }

    pub async fn test(&self, oidc: &Oidc, redirect: &str) -> Check {
        let mut steps = Vec::new();
        let tried = self.try_out(oidc, redirect, &mut steps).await;
        let failure = tried.err().map(|trouble| {
            let name = match &trouble {
                Trouble::Metadata(_) => "discover",
                Trouble::Setup(_) => "read the settings",
                _ => "ask the provider",
            };
            steps.push(Step { name, words: trouble.to_string(), worked: false });
            TransportError::new(TransportErrorKind::Setup, trouble.to_string())
        });
        Check { steps, failure }
    }

    async fn try_out(&self, oidc: &Oidc, redirect: &str, steps: &mut Vec<Step>) -> Result<(), Trouble> {
        let mut worked = |name, words: String| steps.push(Step { name, words, worked: true });
        let client = Client::new(&oidc.issuer, oidc.trusted_certificate.as_deref())?;
        let metadata = Metadata::discover(&client, &oidc.issuer).await?;
        worked("discover", format!("it is `{}`; people sign in at `{}`", oidc.issuer, metadata.authorization));
        let keys = metadata.fetch_keys(&client).await?;
        if keys.len() == 0 {
            return Err(Trouble::Metadata("it has no key that the desk can check its signatures with".to_owned()));
        }
        worked("read its keys", format!("{} from `{}`", keys.names(), metadata.keys));
        let secret = match (&oidc.client_secret, metadata.secret_in_form) {
            (None, _) => "none: the desk proves itself with PKCE alone".to_owned(),
            (Some(_), true) => "******** goes into the form".to_owned(),
            (Some(_), false) => "******** goes into the header".to_owned(),
        };
        if oidc.client_secret.is_some() {
            self.secret(oidc)?;
        }
        worked("client secret", format!("client id `{}`, secret {secret}", oidc.client_id));
        worked("redirect address", format!("register `{redirect}` with the provider, exactly as it stands here"));
        Ok(())
    }

    fn settings(&self) -> Result<Oidc, Trouble> {
        self.flow.directory().settings.oidc.clone().ok_or(Trouble::NotSetUp)
    }

    fn network(&self) -> Result<&Connectors, Trouble> {
        let without =
            || Trouble::Setup("this program has no key to seal questions with; start it with one".to_owned());
        self.network.as_ref().ok_or_else(without)
    }

    fn secret(&self, oidc: &Oidc) -> Result<Option<String>, Trouble> {
        let Some(sealed) = &oidc.client_secret else { return Ok(None) };
        let opened = self.network()?.key().open(sealed, SECRET);
        opened.map(Some).map_err(|error| Trouble::Setup(error.to_string()))
    }

    /// The provider, asked again when what it said is old or the settings are others.
    async fn provider(&self, oidc: &Oidc) -> Result<Known, Trouble> {
        let now = self.flow.now();
        let known = lock(&self.known).clone().filter(|known| known.oidc == *oidc && known.until > now);
        if let Some(known) = known {
            return Ok(known);
        }
        let client = Client::new(&oidc.issuer, oidc.trusted_certificate.as_deref())?;
        let metadata = Metadata::discover(&client, &oidc.issuer).await?;
        let keys = metadata.fetch_keys(&client).await?;
        let known = Known { oidc: oidc.clone(), client, metadata, keys, until: now.plus(FRESH) };
        *lock(&self.known) = Some(known.clone());
        Ok(known)
    }

    /// The question that is answered.
    fn asked(&self, returned: &Returned) -> Result<Question, Trouble> {
        let opened = self.network()?.key().open(&Sealed::new(returned.sealed.clone()), QUESTION);
        let question: Question =
            opened.ok().and_then(|text| serde_json::from_str(&text).ok()).ok_or(Trouble::NotBegun)?;
        let ours = question.state == returned.state && Timestamp::from_millis(question.until) > self.flow.now();
        if ours { Ok(question) } else { Err(Trouble::NotBegun) }
    }

    fn use_once(&self, question: &Question) -> Result<(), Trouble> {
        let (state, now) = (Digest::of(question.state.as_bytes()), self.flow.now());
        let mut used = lock(&self.used);
        used.retain(|(_, until)| *until > now);
        if used.iter().any(|(known, _)| *known == state) {
            return Err(Trouble::Replayed);
        }
        // Nobody can fill the memory with answers; the provider takes each code once too.
        if used.len() >= REMEMBERED {
            used.pop_front();
        }
        used.push_back((state, Timestamp::from_millis(question.until)));
        Ok(())
    }

    /// Exchanges the code.
    async fn exchange(&self, known: &Known, question: &Question, code: &str) -> Result<Value, Trouble> {
        let secret = self.secret(&known.oidc)?;
        let id = known.oidc.client_id.as_str();
        let mut fields = vec![
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", &question.redirect),
            ("code_verifier", &question.verifier),
        ];
        let authorization = match &secret {
            Some(secret) if known.metadata.secret_in_form => {
                fields.extend([("client_id", id), ("client_secret", secret)]);
                None
            }
            // Each part is encoded as in a form (RFC 6749 section 2.3.1).
            Some(secret) => {
                let pair = format!("{}:{}", encode(id), encode(secret));
                Some(format!("Basic {}", BASE64.encode(pair.as_bytes())))
            }
            None => {
                fields.push(("client_id", id));
                None
            }
        };
        let form = form(&fields);
        let sent = Sent { authorization: authorization.as_deref(), form: Some(&form) };
        let (status, said) = known.client.ask(&known.metadata.token, sent).await?;
        if status == StatusCode::OK {
            return Ok(said);
        }
        let error = said.get("error").and_then(Value::as_str).unwrap_or_default();
        let more = said.get("error_description").and_then(Value::as_str).unwrap_or_default();
        let words = mailflow_core::text::one_line(&format!("{status} {error} {more}"), 300);
        Err(match error {
            "invalid_grant" | "invalid_code" => Trouble::Code(words),
            "invalid_client" | "unauthorized_client" | "invalid_request" | "unsupported_grant_type" => {
                Trouble::Setup(format!("the provider does not take the desk's own sign-in: {words}"))
            }
            _ if status.is_server_error() => Trouble::Unavailable(words),
            _ => Trouble::Denied(words),
        })
    }

    /// What the ID token claims. If its key is not known, or its signature is wrong, the provider may have new keys.
    async fn believed(
        &self,
        mut known: Known,
        token: &str,
        question: &Question,
    ) -> Result<Map<String, Value>, Trouble> {
        let (now, nonce) = (self.flow.now(), question.nonce.as_str());
        let oidc = known.oidc.clone();
        let expected = Expected { issuer: &oidc.issuer, client_id: &oidc.client_id, nonce, now };
        match token::check(token, &known.keys, &expected) {
            Err(Fault::Key | Fault::Signature) => {}
            other => return Ok(other?),
        }
        known.keys = known.metadata.fetch_keys(&known.client).await?;
        let claims = token::check(token, &known.keys, &expected)?;
        *lock(&self.known) = Some(known);
        Ok(claims)
    }
}

/// What the provider tells to who asks for it (OpenID Connect Core 1.0 section 5.3), beside what the ID token claims.
async fn more(
    known: &Known,
    access: Option<&str>,
    claims: Map<String, Value>,
) -> Result<Map<String, Value>, Trouble> {
    let (Some(url), Some(access)) = (&known.metadata.user_info, access) else { return Ok(claims) };
    let authorization = format!("Bearer {access}");
    let sent = Sent { authorization: Some(&authorization), form: None };
    let (status, said) = known.client.ask(url, sent).await?;
    match said {
        // Of somebody else nothing is believed (section 5.3.2).
        Value::Object(said) if status == StatusCode::OK && said.get("sub") == claims.get("sub") => {
            Ok(said.into_iter().chain(claims).collect())
        }
        _ => Ok(claims),
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn scope(oidc: &Oidc) -> String {
    let more = oidc.scopes.split_whitespace().filter(|it| *it != "openid");
    std::iter::once("openid").chain(more).collect::<Vec<_>>().join(" ")
}

fn form(fields: &[(&str, &str)]) -> String {
    fields.iter().map(|(name, value)| format!("{name}={}", encode(value))).collect::<Vec<_>>().join("&")
}

/// 256 random bits as 43 letters.
fn random() -> Result<String, Trouble> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(|error| Trouble::Setup(format!("no randomness: {error}")))?;
    Ok(BASE64URL_NOPAD.encode(&bytes))
}
