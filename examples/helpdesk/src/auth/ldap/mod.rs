//! Asks a directory server whether a password is right: by signing in to it (RFC 4513 section 5.1).

#[cfg(feature = "ldap")]
use std::time::Duration;

use mailflow_core::ldap::Ldap;
#[cfg(not(feature = "ldap"))]
use mailflow_core::transport::{TransportError, TransportErrorKind};
use mailflow_transport::{Check, Connectors};

#[cfg(feature = "ldap")]
mod asked;
#[cfg(feature = "ldap")]
mod tried;

/// How long a directory server may take, all together.
#[cfg(feature = "ldap")]
const PATIENCE: Duration = Duration::from_secs(10);

/// What the password of the desk's own account is sealed for.
pub const ACCOUNT: &str = "ldap account password";

/// Whether a user name and a password belong together at a directory server.
///
/// # Errors
/// Why it cannot be asked, in words for the log.
#[cfg(not(feature = "ldap"))]
pub async fn bind(_: &Ldap, _: Option<&Connectors>, _: &str, _: &str) -> Result<bool, String> {
    Err("this program was built without LDAP".to_owned())
}

/// Whether a user name and a password belong together at a directory server.
///
/// # Errors
/// Why it cannot be asked, in words for the log.
#[cfg(feature = "ldap")]
pub async fn bind(ldap: &Ldap, network: Option<&Connectors>, user: &str, password: &str) -> Result<bool, String> {
    let user = user.trim();
    // A name with an empty password is no attempt to prove anything, and servers may say yes to it (RFC 4513 section
    // 5.1.2).
    if user.is_empty() || password.is_empty() || user.contains('\0') || password.contains('\0') {
        return Ok(false);
    }
    tokio::time::timeout(PATIENCE, asked::bind(ldap, network, user, password))
        .await
        .unwrap_or_else(|_| Err(format!("`{}` did not answer within {} s", ldap.url, PATIENCE.as_secs())))
}

/// Looks whether a directory server does, saved or not: connects, and finds somebody there, with his password if one is
/// given. Passwords are in no step.
#[cfg(feature = "ldap")]
pub async fn test(ldap: &Ldap, network: Option<&Connectors>, somebody: (&str, &str)) -> Check {
    tried::test(ldap, network, somebody).await
}

/// Says that there is nothing to test it with.
#[cfg(not(feature = "ldap"))]
pub async fn test(_: &Ldap, _: Option<&Connectors>, _: (&str, &str)) -> Check {
    let failure = TransportError::new(TransportErrorKind::Setup, "this program was built without LDAP");
    Check { steps: Vec::new(), failure: Some(failure) }
}
