//! What says who agents are beside the desk itself: the OpenID provider, and trials of it and of the directory server.

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use mailflow_core::decision::trial::Trial;
use mailflow_core::oidc::Oidc;
use mailflow_core::refusal::Refusal;
use mailflow_core::transport::{TransportError, TransportErrorKind};
use mailflow_transport::{Check, Connectors, Step};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Api;
use super::caller::Administrator;
use super::extract::Body;
use super::openapi::ForAdministrators;
use super::refused::Refused;
use super::shapes::CheckShape;
use crate::auth::{Place, ldap};
use crate::passwords;
use crate::web::Base;

/// An OpenID provider that says who agents are.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct OidcShape {
    /// Where it is, exactly as it calls itself; empty for no provider.
    pub issuer: String,
    /// How the desk is called there.
    #[serde(default)]
    pub client_id: String,
    /// Only written, never given back; without it the secret stays, and an empty one takes it away.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(write_only)]
    pub client_secret: Option<String>,
    /// What is asked for beside `openid`; left out, `profile email`.
    #[serde(default)]
    pub scopes: Option<String>,
    /// Which claim is the user name here; left out, `preferred_username`.
    #[serde(default)]
    pub claim: Option<String>,
    /// What stands on the button of the sign-in page.
    #[serde(default)]
    pub label: Option<String>,
    /// Whether somebody whom the provider knows and the desk does not becomes an agent.
    #[serde(default)]
    pub make_agents: bool,
    /// A certificate that is trusted beside those of the system, as PEM.
    #[serde(default)]
    pub trusted_certificate: Option<String>,
}

impl From<Oidc> for OidcShape {
    fn from(oidc: Oidc) -> Self {
        Self {
            issuer: oidc.issuer,
            client_id: oidc.client_id,
            client_secret: None,
            scopes: Some(oidc.scopes),
            claim: Some(oidc.claim),
            label: Some(oidc.label),
            make_agents: oidc.make_agents,
            trusted_certificate: oidc.trusted_certificate,
        }
    }
}

impl OidcShape {
    /// The provider that is wished for. A secret that is not named stays.
    pub(super) fn wish(self, network: Option<&Connectors>, before: Option<&Oidc>) -> Result<Option<Oidc>, Refusal> {
        let issuer = self.issuer.trim();
        if issuer.is_empty() {
            return Ok(None);
        }
        let usual = Oidc::new(issuer, self.client_id.trim());
        let client_secret = match self.client_secret.as_deref() {
            Some("") => None,
            entered => passwords::of_oidc(network, entered, before)?,
        };
        Ok(Some(Oidc {
            client_secret,
            scopes: self.scopes.unwrap_or(usual.scopes),
            claim: self.claim.unwrap_or(usual.claim),
            label: self.label.unwrap_or(usual.label),
            make_agents: self.make_agents,
            trusted_certificate: self.trusted_certificate,
            ..usual
        }))
    }
}

/// Looks whether the provider of the settings does: what it says of itself, its keys, and the redirect address that it
/// has to know. Nobody is signed in.
#[utoipa::path(post, path = "/settings/oidc/test", tag = "settings",
    responses((status = 200, description = "What was found", body = CheckShape), ForAdministrators))]
pub async fn test_oidc(
    State(api): State<Api>,
    by: Administrator,
    base: Base,
    place: Place,
    headers: HeaderMap,
) -> Result<Json<CheckShape>, Refused> {
    let oidc = by.admin.directory().settings.oidc.clone();
    let Some(oidc) = oidc else { return Ok(Json(nothing("no provider is set up").into())) };
    let redirect = api.sign_in.redirect_address(&base.path(""), place, &headers);
    let check = api.sign_in.sso().test(&oidc, &redirect).await;
    by.tried_out(Trial::SingleSignOn, &check).await?;
    Ok(Json(check.into()))
}

fn nothing(words: &str) -> Check {
    let failure = TransportError::new(TransportErrorKind::Setup, words);
    Check {
        steps: vec![Step { name: "read the settings", words: words.to_owned(), worked: false }],
        failure: Some(failure),
    }
}

/// Somebody to try the directory server out with.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[schema(example = json!({ "user_name": "ada", "password": "first programmer" }))]
pub struct Somebody {
    /// His user name; empty to look at the connection only.
    #[serde(default)]
    pub user_name: String,
    /// His password; empty to see only what the server knows of him.
    #[serde(default)]
    #[schema(write_only)]
    pub password: String,
}

/// Looks whether the directory server of the settings does: connects, finds somebody, and signs in as him. Nothing is
/// kept or changed there.
#[utoipa::path(post, path = "/settings/ldap/test", tag = "settings", request_body = Somebody,
    responses((status = 200, description = "What was found", body = CheckShape), ForAdministrators))]
pub async fn test_ldap(
    State(api): State<Api>,
    by: Administrator,
    Body(somebody): Body<Somebody>,
) -> Result<Json<CheckShape>, Refused> {
    let server = by.admin.directory().settings.ldap.clone();
    let Some(server) = server else { return Ok(Json(nothing("no directory server is set up").into())) };
    let trial = (somebody.user_name.as_str(), somebody.password.as_str());
    let check = ldap::test(&server, api.network.as_ref(), trial).await;
    by.tried_out(Trial::DirectoryServer, &check).await?;
    Ok(Json(check.into()))
}
