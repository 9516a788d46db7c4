//! [`Oidc`]: a provider that says who an agent is.

use serde::{Deserialize, Serialize};

use crate::secret::Sealed;

/// An OpenID provider (OpenID Connect Core 1.0) that says who an agent is: whoever it signs in is signed in here. Which
/// agents it may speak for is said by each agent's [`SignInWay`](crate::agent::SignInWay).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Oidc {
    /// Where it is, and how it calls itself in what it signs: `https://login.example.com/realms/desk`.
    pub issuer: String,
    /// How the desk is called there.
    pub client_id: String,
    /// What the desk proves there that it is the desk with; `None` for a provider that asks for no such proof.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_secret: Option<Sealed>,
    /// What is asked for, separated by spaces; `openid` is always asked for.
    #[serde(default = "scopes")]
    pub scopes: String,
    /// Which of the provider's claims is the agent's user name here.
    #[serde(default = "claim")]
    pub claim: String,
    /// What stands on the button of the sign-in page.
    #[serde(default = "label")]
    pub label: String,
    /// Whether somebody whom the provider knows and the desk does not becomes an agent.
    #[serde(default)]
    pub make_agents: bool,
    /// A certificate that is trusted beside those of the system, as PEM.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trusted_certificate: Option<String>,
}

impl Oidc {
    /// A provider, with what is usual for the rest.
    pub fn new(issuer: impl Into<String>, client_id: impl Into<String>) -> Self {
        Self {
            issuer: issuer.into(),
            client_id: client_id.into(),
            client_secret: None,
            scopes: scopes(),
            claim: claim(),
            label: label(),
            make_agents: false,
            trusted_certificate: None,
        }
    }
}

fn scopes() -> String {
    "profile email".to_owned()
}

fn claim() -> String {
    "preferred_username".to_owned()
}

fn label() -> String {
    "Sign in with single sign-on".to_owned()
}
