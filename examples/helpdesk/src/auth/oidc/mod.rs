//! Asks an OpenID provider who somebody is (OpenID Connect Core 1.0, authorization code flow with PKCE).
//!
//! To set it up, an administrator registers the desk with the provider as a confidential web client with the redirect
//! address that `/admin/single-sign-on` shows, enters there the issuer, client id and secret that the provider gave, and
//! presses *Test*. Then agents are said to sign in through the provider, one by one, or whoever it knows becomes one.
//! Nothing is taken from the provider but who somebody is: rights, IP ranges and second factors stay the desk's own.

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
