//! [`Metadata`]: what a provider says of itself (OpenID Connect Discovery 1.0).

use axum::http::StatusCode;
use serde_json::Value;

use super::Trouble;
use super::http::{Client, Sent};
use super::keys::Keys;

/// What a provider says of itself.
#[derive(Debug, Clone)]
pub struct Metadata {
    /// Where people sign in.
    pub authorization: String,
    /// Where codes are exchanged.
    pub token: String,
    /// Where its keys are.
    pub keys: String,
    /// Where more is said of who signed in.
    pub user_info: Option<String>,
    /// Whether the client secret goes into the form instead of the header.
    pub secret_in_form: bool,
    /// Whether it says who it is when it answers (RFC 9207).
    pub says_issuer: bool,
}

impl Metadata {
    /// Asks the provider.
    ///
    /// # Errors
    /// [`Trouble::Unavailable`], [`Trouble::Metadata`]
    pub async fn discover(client: &Client, issuer: &str) -> Result<Self, Trouble> {
        let url = format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'));
        let (status, said) = client.ask(&url, Sent::default()).await?;
        if status != StatusCode::OK {
            return Err(Trouble::Unavailable(format!("`{url}`: it answers {status}")));
        }
        Self::read(&said, issuer).map_err(Trouble::Metadata)
    }

    fn read(said: &Value, issuer: &str) -> Result<Self, String> {
        let text = |name: &str| said.get(name).and_then(Value::as_str).map(str::to_owned);
        let needed = |name: &str| text(name).ok_or_else(|| format!("`{name}` is missing"));
        let calls_itself = needed("issuer")?;
        if calls_itself != issuer {
            return Err(format!("it calls itself `{calls_itself}`; enter exactly that as the issuer"));
        }
        let lists = |name: &str| said.get(name).and_then(Value::as_array);
        let has = |list: &[Value], word: &str| list.iter().any(|it| it.as_str() == Some(word));
        if lists("response_types_supported").is_some_and(|list| !has(list, "code")) {
            return Err("it does not know the authorization code flow".to_owned());
        }
        let pkce = lists("code_challenge_methods_supported");
        if pkce.is_some_and(|list| !has(list, "S256")) {
            return Err("it knows PKCE, but not with S256".to_owned());
        }
        // Where nothing is said it is the header (OpenID Connect Discovery 1.0 section 3).
        let ways = lists("token_endpoint_auth_methods_supported");
        let secret_in_form =
            ways.is_some_and(|list| !has(list, "client_secret_basic") && has(list, "client_secret_post"));
        let says_issuer = said.get("authorization_response_iss_parameter_supported").and_then(Value::as_bool);
        Ok(Self {
            authorization: needed("authorization_endpoint")?,
            token: needed("token_endpoint")?,
            keys: needed("jwks_uri")?,
            user_info: text("userinfo_endpoint"),
            secret_in_form,
            says_issuer: says_issuer.unwrap_or(false),
        })
    }

    /// The keys that the provider has now.
    ///
    /// # Errors
    /// [`Trouble::Unavailable`], [`Trouble::Metadata`]
    pub async fn fetch_keys(&self, client: &Client) -> Result<Keys, Trouble> {
        let (status, said) = client.ask(&self.keys, Sent::default()).await?;
        if status != StatusCode::OK {
            return Err(Trouble::Unavailable(format!("`{}`: it answers {status}", self.keys)));
        }
        Keys::read(&said).ok_or_else(|| Trouble::Metadata("its list of keys is none".to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn said() -> Value {
        json!({
            "issuer": "https://login.example.com", "authorization_endpoint": "https://login.example.com/a",
            "token_endpoint": "https://login.example.com/t", "jwks_uri": "https://login.example.com/k",
        })
    }

    fn read_with(name: &str, value: Value) -> Result<Metadata, String> {
        let mut said = said();
        said[name] = value;
        Metadata::read(&said, "https://login.example.com")
    }

    #[test]
    fn a_provider_has_to_be_who_it_was_asked_as() {
        assert!(Metadata::read(&said(), "https://login.example.com").is_ok());
        for other in ["https://login.example.com/", "https://LOGIN.example.com", "https://evil.example"] {
            let trouble = read_with("issuer", json!(other)).unwrap_err();
            assert!(trouble.contains(&format!("it calls itself `{other}`")), "{trouble}");
        }
    }

    #[test]
    fn a_provider_that_cannot_do_what_we_need_is_told_so() {
        assert!(read_with("response_types_supported", json!(["id_token"])).is_err());
        assert!(read_with("code_challenge_methods_supported", json!(["plain"])).is_err());
        assert!(read_with("jwks_uri", json!(null)).is_err());
        assert!(
            !read_with("token_endpoint_auth_methods_supported", json!(["client_secret_basic"]))
                .unwrap()
                .secret_in_form
        );
        assert!(
            read_with("token_endpoint_auth_methods_supported", json!(["client_secret_post"])).unwrap().secret_in_form
        );
    }
}
