//! [`OpenId`]: a small OpenID provider that does what a provider does, and wrong what it is told to do wrong. A real one is
//! [`Glewlwyd`](crate::glewlwyd::Glewlwyd); that one is always right.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use axum::extract::{Form, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use data_encoding::{BASE64, BASE64URL_NOPAD};
use mailflow_core::digest::Digest;
use mailflow_core::time::{Clock as _, SystemClock};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// How the desk is called here.
pub const CLIENT: &str = "desk";
/// The desk's secret here, with letters that have to be encoded.
pub const SECRET: &str = "between us: 1+1=2";

/// What it does wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wrong {
    /// Nothing.
    Nothing,
    /// A letter of what is signed is another one.
    Signature,
    /// It signs with a key that is not in its list.
    Key,
    /// It answers another question.
    Nonce,
    /// It answers no question.
    NoNonce,
    /// The token is for another program.
    Audience,
    /// The token is of another provider.
    Issuer,
    /// The token is over.
    Expired,
    /// The token is of tomorrow.
    Tomorrow,
    /// The token is not signed.
    Unsigned,
    /// The token is signed with the client secret.
    Secret,
    /// There is no token.
    NoToken,
    /// Its answer says that somebody else gave it (RFC 9207).
    Answerer,
    /// Its code is not taken.
    Code,
}

struct Given {
    nonce: String,
    challenge: String,
    redirect: String,
}

struct Inner {
    issuer: String,
    redirect: String,
    user: Value,
    wrong: Wrong,
    key: EcdsaKeyPair,
    key_id: String,
    codes: BTreeMap<String, Given>,
    exchanged: usize,
    in_user_info: bool,
}

/// A provider. Ends when it is dropped.
pub struct OpenId {
    /// How it calls itself.
    pub issuer: String,
    inner: Arc<Mutex<Inner>>,
    task: JoinHandle<()>,
}

impl Drop for OpenId {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn new_key() -> EcdsaKeyPair {
    EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap()
}

type Shared = State<Arc<Mutex<Inner>>>;

impl OpenId {
    /// Starts it; it sends browsers back to `redirect` alone, and `ada` is signed in there.
    pub async fn start(redirect: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let issuer = format!("http://{}", listener.local_addr().unwrap());
        let inner = Arc::new(Mutex::new(Inner {
            issuer: issuer.clone(),
            redirect: redirect.to_owned(),
            user: json!({ "sub": "1815", "preferred_username": "ada", "name": "Ada Lovelace" }),
            wrong: Wrong::Nothing,
            key: new_key(),
            key_id: "first".to_owned(),
            codes: BTreeMap::new(),
            exchanged: 0,
            in_user_info: false,
        }));
        let router = Router::new()
            .route("/.well-known/openid-configuration", get(discovery))
            .route("/authorize", get(authorize))
            .route("/token", post(token))
            .route("/keys", get(keys))
            .route("/me", get(user_info))
            .with_state(Arc::clone(&inner));
        let task = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { issuer, inner, task }
    }

    fn with<T>(&self, change: impl FnOnce(&mut Inner) -> T) -> T {
        change(&mut self.inner.lock().unwrap())
    }

    /// Does this wrong from now on.
    pub fn plant(&self, wrong: Wrong) {
        self.with(|inner| inner.wrong = wrong);
    }

    /// Has this person signed in from now on: what it claims of him.
    pub fn person(&self, claims: Value) {
        self.with(|inner| inner.user = claims);
    }

    /// Says who somebody is only to who asks for it, from now on.
    pub fn only_in_user_info(&self) {
        self.with(|inner| inner.in_user_info = true);
    }

    /// Signs with a new key from now on; the old one is gone.
    pub fn new_key(&self, id: &str) {
        self.with(|inner| (inner.key, inner.key_id) = (new_key(), id.to_owned()));
    }

    /// How many codes were exchanged.
    pub fn exchanged(&self) -> usize {
        self.with(|inner| inner.exchanged)
    }

    /// Answers no more.
    pub async fn stop(&mut self) {
        self.task.abort();
        let _ = (&mut self.task).await;
    }
}

async fn discovery(State(inner): Shared) -> Json<Value> {
    let issuer = inner.lock().unwrap().issuer.clone();
    Json(json!({
        "issuer": issuer,
        "authorization_endpoint": format!("{issuer}/authorize"),
        "token_endpoint": format!("{issuer}/token"),
        "jwks_uri": format!("{issuer}/keys"),
        "userinfo_endpoint": format!("{issuer}/me"),
        "response_types_supported": ["code"],
        "code_challenge_methods_supported": ["S256"],
        "authorization_response_iss_parameter_supported": true,
    }))
}

async fn keys(State(inner): Shared) -> Json<Value> {
    let inner = inner.lock().unwrap();
    let point = inner.key.public_key().as_ref().to_vec();
    let number = |part: &[u8]| BASE64URL_NOPAD.encode(part);
    Json(json!({ "keys": [
        { "kty": "oct", "k": "c2VjcmV0", "kid": "secret", "alg": "HS256" },
        { "kty": "EC", "crv": "P-256", "use": "sig", "kid": inner.key_id, "alg": "ES256",
          "x": number(&point[1..33]), "y": number(&point[33..65]) },
    ] }))
}

async fn authorize(State(inner): Shared, Query(asked): Query<BTreeMap<String, String>>) -> Response {
    let mut inner = inner.lock().unwrap();
    let get = |name: &str| asked.get(name).cloned().unwrap_or_default();
    let scopes = get("scope");
    let good = get("response_type") == "code"
        && get("client_id") == CLIENT
        && get("redirect_uri") == inner.redirect
        && get("code_challenge_method") == "S256"
        && scopes.split(' ').any(|it| it == "openid")
        && [get("state"), get("nonce"), get("code_challenge")].iter().all(|it| it.len() >= 43);
    if !good {
        return (StatusCode::BAD_REQUEST, format!("{asked:?}")).into_response();
    }
    let code = format!("code-{}", inner.codes.len());
    let given = Given { nonce: get("nonce"), challenge: get("code_challenge"), redirect: get("redirect_uri") };
    inner.codes.insert(code.clone(), given);
    let issuer = if inner.wrong == Wrong::Answerer { "http://evil.example" } else { &inner.issuer };
    let query = format!("code={code}&state={}&iss={}", get("state"), crate::web_client::encode(issuer));
    (StatusCode::FOUND, [(header::LOCATION, format!("{}?{query}", inner.redirect))]).into_response()
}

async fn token(State(inner): Shared, headers: HeaderMap, Form(asked): Form<BTreeMap<String, String>>) -> Response {
    let mut inner = inner.lock().unwrap();
    inner.exchanged += 1;
    let no = |status, error: &str| (status, Json(json!({ "error": error }))).into_response();
    let pair = format!("{CLIENT}:{}", crate::web_client::encode(SECRET));
    let expected = format!("Basic {}", BASE64.encode(pair.as_bytes()));
    if headers.get(header::AUTHORIZATION).and_then(|it| it.to_str().ok()) != Some(&expected) {
        return no(StatusCode::UNAUTHORIZED, "invalid_client");
    }
    let get = |name: &str| asked.get(name).map_or("", String::as_str);
    let given =
        inner.codes.get_mut(get("code")).map(|it| (it.nonce.clone(), it.challenge.clone(), it.redirect.clone()));
    let Some((nonce, challenge, redirect)) = given else { return no(StatusCode::BAD_REQUEST, "invalid_grant") };
    let verifier = BASE64URL_NOPAD.encode(Digest::of(get("code_verifier").as_bytes()).as_bytes());
    let proven =
        verifier == challenge && get("redirect_uri") == redirect && get("grant_type") == "authorization_code";
    // Each code is taken once.
    if let Some(it) = inner.codes.get_mut(get("code")) {
        it.challenge.clear();
    }
    if !proven || inner.wrong == Wrong::Code {
        return no(StatusCode::BAD_REQUEST, "invalid_grant");
    }
    let mut said = json!({ "access_token": "for-me", "token_type": "Bearer", "expires_in": 60 });
    if inner.wrong != Wrong::NoToken {
        said["id_token"] = inner.id_token(&nonce).into();
    }
    Json(said).into_response()
}

async fn user_info(State(inner): Shared, headers: HeaderMap) -> Response {
    let inner = inner.lock().unwrap();
    if headers.get(header::AUTHORIZATION).is_none_or(|it| it != "Bearer for-me") {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    Json(inner.user.clone()).into_response()
}

impl Inner {
    fn id_token(&self, nonce: &str) -> String {
        let now = SystemClock.now().as_millis() / 1000;
        let mut claims = if self.in_user_info { json!({ "sub": self.user["sub"] }) } else { self.user.clone() };
        for (name, value) in [
            ("iss", json!(self.issuer)),
            ("aud", json!(CLIENT)),
            ("iat", json!(now)),
            ("exp", json!(now + 300)),
            ("nonce", json!(nonce)),
        ] {
            claims[name] = value;
        }
        match self.wrong {
            Wrong::Nonce => claims["nonce"] = json!("another question"),
            Wrong::NoNonce => claims["nonce"] = Value::Null,
            Wrong::Audience => claims["aud"] = json!("another-program"),
            Wrong::Issuer => claims["iss"] = json!("http://evil.example"),
            Wrong::Expired => claims["exp"] = json!(now - 3600),
            Wrong::Tomorrow => claims["iat"] = json!(now + 24 * 60 * 60),
            _ => {}
        }
        let (alg, id) = match self.wrong {
            Wrong::Unsigned => ("none", &self.key_id),
            Wrong::Secret => ("HS256", &self.key_id),
            _ => ("ES256", &self.key_id),
        };
        let part = |value: Value| BASE64URL_NOPAD.encode(value.to_string().as_bytes());
        let head = part(json!({ "alg": alg, "kid": id, "typ": "JWT" }));
        let signed = format!("{head}.{}", part(claims.clone()));
        let sign = |key: &EcdsaKeyPair| key.sign(&SystemRandom::new(), signed.as_bytes()).unwrap().as_ref().to_vec();
        let signature = match self.wrong {
            Wrong::Unsigned => Vec::new(),
            Wrong::Secret => {
                let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, SECRET.as_bytes());
                aws_lc_rs::hmac::sign(&key, signed.as_bytes()).as_ref().to_vec()
            }
            Wrong::Key => sign(&new_key()),
            _ => sign(&self.key),
        };
        let signed = match self.wrong {
            // Somebody on the way would rather be the administrator.
            Wrong::Signature => {
                claims["preferred_username"] = json!("grace");
                format!("{head}.{}", part(claims))
            }
            _ => signed,
        };
        format!("{signed}.{}", BASE64URL_NOPAD.encode(&signature))
    }
}
