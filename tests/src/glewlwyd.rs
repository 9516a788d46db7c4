//! [`Glewlwyd`]: a real OpenID provider, private to the test: its configuration and data are in a temporary folder, its
//! port is a free one, it speaks TLS only, and it ends with the test.

use std::fs::{self, File};
use std::io;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use mailflow_test::servers::Authority;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::await_it::until;
use crate::desk_server::Reply;
use crate::provider::free_ports;
use crate::web_client::{ask, cookies};

const PROGRAM: &str = "/usr/bin/glewlwyd";
const TABLES: &str = "/usr/share/dbconfig-common/data/glewlwyd/install/sqlite3";
/// The desk's secret there.
pub const SECRET: &str = "between-us-alone";

const CONFIGURATION: &str = r#"
port=PORT
bind_address="127.0.0.1"
external_url="https://localhost:PORT"
login_url="login.html"
api_prefix="api"
log_mode="console"
log_level="WARNING"
cookie_domain="localhost"
cookie_secure=1
session_expiration=3600
session_key="GLEWLWYD2_SESSION_ID"
admin_session_authentication="cookie"
profile_session_authentication="cookie"
login_api_enabled=true
admin_scope="g_admin"
profile_scope="g_profile"
user_module_path="/usr/lib/glewlwyd/user"
client_module_path="/usr/lib/glewlwyd/client"
user_auth_scheme_module_path="/usr/lib/glewlwyd/scheme"
plugin_module_path="/usr/lib/glewlwyd/plugin"
use_secure_connection=true
secure_connection_key_file="FOLDER/key.pem"
secure_connection_pem_file="FOLDER/certificate.pem"
hash_algorithm="SHA512"
database = { type = "sqlite3"; path = "FOLDER/data.db"; };
"#;

/// A running provider.
pub struct Glewlwyd {
    /// How it calls itself.
    pub issuer: String,
    base: String,
    authority: Authority,
    child: Child,
    _folder: TempDir,
}

impl Drop for Glewlwyd {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Glewlwyd {
    /// Starts it; it sends browsers back to `redirect` alone, and knows these people: user name and password. `None`,
    /// said loudly, if this machine does not have it; with `CI=true` it must.
    pub async fn start(redirect: &str, people: &[(&str, &str)]) -> Option<Self> {
        if !Path::new(PROGRAM).exists() || !Path::new("/usr/bin/sqlite3").exists() {
            assert!(std::env::var("CI").as_deref() != Ok("true"), "missing: glewlwyd");
            eprintln!("LEFT OUT, because this machine lacks: glewlwyd");
            return None;
        }
        let server = Self::try_start().await.expect("a private glewlwyd");
        server.set_up(redirect, people).await;
        Some(server)
    }

    async fn try_start() -> io::Result<Self> {
        let folder = tempfile::Builder::new().prefix("mailflow-glewlwyd-").tempdir()?;
        let path = |name: &str| folder.path().join(name);
        let authority = Authority::for_names(&["localhost"])?;
        fs::write(path("certificate.pem"), authority.server_certificate_pem())?;
        fs::write(path("key.pem"), authority.server_key_pem())?;
        let made = Command::new("/usr/bin/sqlite3").arg(path("data.db")).stdin(File::open(TABLES)?).output()?;
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let [port] = free_ports()?;
        let configuration = CONFIGURATION.replace("PORT", &port.to_string());
        fs::write(path("conf"), configuration.replace("FOLDER", &folder.path().to_string_lossy()))?;
        let child =
            Command::new(PROGRAM).arg("-c").arg(path("conf")).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
        let base = format!("https://localhost:{port}");
        let server = Self { issuer: format!("{base}/api/desk"), base, authority, child, _folder: folder };
        until("glewlwyd to answer", || server.ask("GET", "/config", "", "")).await;
        Ok(server)
    }

    /// The certificate of its authority.
    pub fn certificate(&self) -> String {
        self.authority.pem().to_owned()
    }

    async fn ask(&self, method: &str, path: &str, cookie: &str, body: &str) -> Option<Reply> {
        let headers = [("Content-Type", "application/json"), ("Cookie", cookie)];
        ask((method, &format!("{}{path}", self.base)), Some(self.authority.pem()), &headers, body).await
    }

    async fn done(&self, method: &str, path: &str, cookie: &str, body: Value) -> Reply {
        let reply = self.ask(method, path, cookie, &body.to_string()).await.expect("an answer");
        assert_eq!(reply.status, 200, "{method} {path}: {reply:?}");
        reply
    }

    async fn set_up(&self, redirect: &str, people: &[(&str, &str)]) {
        // What it comes with, as its documentation says.
        let first = json!({ "username": "admin", "password": "password" });
        let admin = cookies(&self.done("POST", "/api/auth/", "", first).await);
        let pem = |text: &str| text.to_owned();
        let (key, certificate) = (pem(self.authority.server_key_pem()), public_key(self.authority.server_key_pem()));
        let parameters = json!({
            "iss": self.issuer, "jwt-type": "ecdsa", "jwt-key-size": "256", "key": key, "cert": certificate,
            "access-token-duration": 3600, "refresh-token-duration": 3600, "code-duration": 600,
            "auth-type-code-enabled": true, "auth-type-token-enabled": false, "auth-type-id-token-enabled": true,
            "auth-type-none-enabled": false, "auth-type-password-enabled": false, "auth-type-client-enabled": false,
            "auth-type-refresh-enabled": false, "auth-type-device-enabled": false, "scope": [],
            "pkce-allowed": true, "pkce-method-plain-allowed": false, "subject-type": "public",
            "claims": [{ "name": "preferred_username", "user-property": "username", "type": "string",
                         "mandatory": true, "on-demand": false, "scope": [] }],
        });
        let plugin = json!({ "module": "oidc", "name": "desk", "display_name": "Desk", "order_rank": 0,
                             "readonly": false, "parameters": parameters });
        self.done("POST", "/api/mod/plugin/", &admin, plugin).await;
        let client = json!({ "client_id": "desk", "name": "Desk", "confidential": true, "password": SECRET,
                             "enabled": true, "redirect_uri": [redirect], "authorization_type": ["code"], "scope": [],
                             "token_endpoint_auth_method": ["client_secret_basic"] });
        self.done("POST", "/api/client/", &admin, client).await;
        for (user, password) in people {
            let person = json!({ "username": user, "name": user, "password": password, "enabled": true,
                                 "scope": ["g_profile", "openid"] });
            self.done("POST", "/api/user/", &admin, person).await;
            let cookie = self.sign_in(user, password).await;
            self.done("PUT", "/api/auth/grant/desk", &cookie, json!({ "scope": "openid" })).await;
        }
    }

    /// Signs somebody in, and returns his cookie.
    pub async fn sign_in(&self, user: &str, password: &str) -> String {
        cookies(&self.done("POST", "/api/auth/", "", json!({ "username": user, "password": password })).await)
    }

    /// Where it sends the browser of this person, who has agreed to what the desk asks.
    pub async fn agreed(&self, to: &str, cookie: &str) -> String {
        let url = format!("{to}&g_continue");
        let reply = ask(("GET", &url), Some(self.authority.pem()), &[("Cookie", cookie)], "").await.unwrap();
        assert_eq!(reply.status, 302, "{reply:?}");
        reply.header("location").to_owned()
    }
}

/// The public key of a private key on P-256, both in PEM.
fn public_key(pem: &str) -> String {
    use aws_lc_rs::encoding::{AsDer as _, PublicKeyX509Der};
    use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
    let body: String = pem.lines().filter(|line| !line.starts_with("-----")).collect();
    let der = data_encoding::BASE64.decode(body.as_bytes()).unwrap();
    let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &der).unwrap();
    let public: PublicKeyX509Der<'_> = pair.public_key().as_der().unwrap();
    let text = data_encoding::BASE64.encode(public.as_ref());
    let lines: Vec<&str> = (0..text.len()).step_by(64).map(|at| &text[at..text.len().min(at + 64)]).collect();
    format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", lines.join("\n"))
}
