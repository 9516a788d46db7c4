//! Passwords of mail servers: sealed when they are entered, kept when they are not, never shown.

use mailflow_core::destination::{Destination, DestinationAccess};
use mailflow_core::id::{DestinationId, SourceId};
use mailflow_core::ldap::{Ldap, LdapFind};
use mailflow_core::oidc::Oidc;
use mailflow_core::refusal::Refusal;
use mailflow_core::secret::Sealed;
use mailflow_core::source::{Source, SourceAccess};
use mailflow_transport::Connectors;
use mailflow_transport::seal::{destination_context, source_context};

use crate::auth::ldap::ACCOUNT;
use crate::auth::oidc::SECRET;

/// The password of a source: what was entered, sealed; else the one that it has.
///
/// # Errors
/// [`Refusal::Invalid`] if there is none, or it cannot be sealed.
pub fn of_source(
    network: Option<&Connectors>,
    id: SourceId,
    entered: Option<&str>,
    before: Option<&Source>,
) -> Result<Sealed, Refusal> {
    let kept = before.and_then(|source| match &source.access {
        SourceAccess::Pop3 { password, .. } => Some(password),
        _ => None,
    });
    seal(network, &source_context(id), entered, kept)
}

/// The password of a destination: what was entered, sealed; else the one that it has.
///
/// # Errors
/// [`Refusal::Invalid`] if there is none, or it cannot be sealed.
pub fn of_destination(
    network: Option<&Connectors>,
    id: DestinationId,
    entered: Option<&str>,
    before: Option<&Destination>,
) -> Result<Sealed, Refusal> {
    let kept = before.and_then(|destination| match &destination.access {
        DestinationAccess::Smtp { login: Some(login), .. } => Some(&login.password),
        _ => None,
    });
    seal(network, &destination_context(id), entered, kept)
}

/// The password of the desk's own account at the directory server: what was entered, sealed; else the one that it has.
///
/// # Errors
/// [`Refusal::Invalid`] if there is none, or it cannot be sealed.
pub fn of_ldap(
    network: Option<&Connectors>,
    entered: Option<&str>,
    before: Option<&Ldap>,
) -> Result<Sealed, Refusal> {
    let kept = before.and_then(|ldap| match &ldap.find {
        LdapFind::Search { password, .. } => Some(password),
        LdapFind::Template(_) => None,
    });
    seal(network, ACCOUNT, entered, kept)
}

/// The desk's secret at the OpenID provider: what was entered, sealed; else the one that it has, if it has one.
///
/// # Errors
/// [`Refusal::Invalid`] if it cannot be sealed.
pub fn of_oidc(
    network: Option<&Connectors>,
    entered: Option<&str>,
    before: Option<&Oidc>,
) -> Result<Option<Sealed>, Refusal> {
    let kept = before.and_then(|oidc| oidc.client_secret.as_ref());
    if entered.is_none_or(str::is_empty) && kept.is_none() {
        return Ok(None);
    }
    seal(network, SECRET, entered, kept).map(Some)
}

fn seal(
    network: Option<&Connectors>,
    context: &str,
    entered: Option<&str>,
    kept: Option<&Sealed>,
) -> Result<Sealed, Refusal> {
    match (entered.filter(|entered| !entered.is_empty()), kept) {
        (Some(entered), _) => {
            let network = network.ok_or_else(|| {
                Refusal::invalid("password", "this program has no key to seal passwords with; start it with one")
            })?;
            network.key().seal(entered, context).map_err(|error| Refusal::invalid("password", error.to_string()))
        }
        (None, Some(kept)) => Ok(kept.clone()),
        (None, None) => Err(Refusal::invalid("password", "enter the password")),
    }
}
