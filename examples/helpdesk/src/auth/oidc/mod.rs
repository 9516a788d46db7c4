//! Asks an OpenID provider who somebody is (OpenID Connect Core 1.0, authorization code flow with PKCE).
//!
//! To set it up with a provider such as Keycloak, Authentik, Entra ID or Okta:
//!
//! 1. Serve the desk under the address that browsers see: `mailflow serve --origin https://desk.example.com --proxy …`.
//! 2. At the provider, make a confidential web client with the authorization code flow and the redirect address that
//!    `/admin/single-sign-on` shows: `https://desk.example.com/sign-in/back`.
//! 3. On that page enter the issuer exactly as the provider writes it, the client id and its secret, and press *Test*: it
//!    shows what the provider says of itself, its keys, and what is wrong.
//! 4. Choose the claim that is the user name here (`preferred_username`; `upn` or `email` elsewhere; never one that people
//!    can choose for themselves), and say of each agent that he uses single sign-on, or let whoever is not known become
//!    one.
//!
//! Programs do the same with `PUT /api/v1/settings` (`oidc`) and `POST /api/v1/settings/oidc/test`.
//!
//! Nothing is taken from the provider but who somebody is: rights, IP ranges and second factors stay the desk's own, and
//! signing out ends the session here, not the one at the provider. The provider is reached directly, over HTTPS; plain
//! HTTP is for one on the same machine. The built-in administrator always signs in with his password.

mod sso;
mod trouble;

#[cfg(feature = "oidc")]
mod claims;
#[cfg(feature = "oidc")]
mod flow;
#[cfg(feature = "oidc")]
mod http;
#[cfg(feature = "oidc")]
mod keys;
#[cfg(feature = "oidc")]
mod metadata;
#[cfg(feature = "oidc")]
mod token;

pub use sso::{Begun, Returned, SingleSignOn};
pub use trouble::{Fault, Trouble};

/// Whether this program was built with it.
pub const BUILT_IN: bool = cfg!(feature = "oidc");

/// What the desk's secret at the provider is sealed for.
pub const SECRET: &str = "openid client secret";
