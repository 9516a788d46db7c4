//! What holds for the whole desk.

use axum::extract::State;
use axum::http::StatusCode;
use mailflow_core::audit::Activity;
use mailflow_core::directory::Documented;
use mailflow_core::ip_range::IpRange;
use mailflow_core::ldap::{Ldap, LdapFind};
use mailflow_core::mail::Address;
use mailflow_core::refusal::Refusal;
use mailflow_core::settings::Settings;
use mailflow_transport::Connectors;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Api;
use super::caller::Administrator;
use super::extract::Body;
use super::openapi::ForAdministrators;
use super::refused::Refused;
use super::single_sign_on::OidcShape;
use super::version::{Seen, Versioned};
use crate::auth::Place;
use crate::passwords;

/// What holds for the whole desk.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[schema(example = json!({ "name": "Our desk", "first_ticket_number": 1000, "host": "example.com", "automatic_per_hour": 500, "lock_sessions": false }))]
pub struct SettingsShape {
    /// The name of the desk, shown on its pages.
    pub name: String,
    /// The number of the first ticket. Raising it makes later numbers start there; it never makes one twice.
    pub first_ticket_number: u64,
    /// The host in `Message-ID` of what is sent from a ticketbox without an address.
    pub host: String,
    /// The most automatic mails that the whole desk sends in an hour; left out, it stays as it is.
    #[serde(default)]
    pub automatic_per_hour: Option<u32>,
    /// Where *everyone* may sign in from, such as `192.0.2.0/24`; empty for everywhere. Ranges of groups and agents add to
    /// it. Left out, it stays as it is; so do all below.
    #[serde(default)]
    #[schema(value_type = Option<Vec<String>>)]
    pub ip_ranges: Option<Vec<IpRange>>,
    /// Whether a session is worth something only from the address that it was begun from.
    #[serde(default)]
    pub lock_sessions: Option<bool>,
    /// Whether everything is given over HTTPS only. It can be switched on only over HTTPS.
    #[serde(default)]
    pub force_https: Option<bool>,
    /// The directory server that knows agents' passwords. With an empty `url` there is none.
    #[serde(default)]
    pub ldap: Option<LdapShape>,
    /// The OpenID provider that says who agents are. With an empty `issuer` there is none.
    #[serde(default)]
    pub oidc: Option<OidcShape>,
    /// The sender of mail that the desk itself writes, such as alerts; empty for none.
    #[serde(default)]
    pub system_address: Option<String>,
    /// What agents do that is not written into the audit: `answers`, `approvals`, `notes`, `tickets`, `contacts`,
    /// `delivery`, `sign_ins`, `security`.
    #[serde(default)]
    pub audit_off: Option<Vec<String>>,
}

/// A directory server that knows agents' passwords.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
pub struct LdapShape {
    /// `ldaps://host` or `ldap://host`; empty for no server.
    pub url: String,
    /// Whether an `ldap://` connection is protected by StartTLS before anything is said.
    #[serde(default)]
    pub start_tls: bool,
    /// A certificate that is trusted beside those of the system, as PEM.
    #[serde(default)]
    pub trusted_certificate: Option<String>,
    /// The name of an agent's entry, with `{user}` for the user name; null to search.
    #[serde(default)]
    pub template: Option<String>,
    /// Where and how to search; null with a template.
    #[serde(default)]
    pub search: Option<LdapSearchShape>,
}

/// How an agent's entry is searched for.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct LdapSearchShape {
    /// Below this entry.
    pub base: String,
    /// With this filter, `{user}` for the user name.
    pub filter: String,
    /// The entry that the desk signs in with to search.
    pub account: String,
    /// Only written, never given back; without it the password stays.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(write_only)]
    pub password: Option<String>,
}

impl From<Ldap> for LdapShape {
    fn from(ldap: Ldap) -> Self {
        let Ldap { url, start_tls, trusted_certificate, find } = ldap;
        let (template, search) = match find {
            LdapFind::Template(template) => (Some(template), None),
            LdapFind::Search { base, filter, account, .. } => {
                (None, Some(LdapSearchShape { base, filter, account, password: None }))
            }
        };
        Self { url, start_tls, trusted_certificate, template, search }
    }
}

impl LdapShape {
    fn wish(self, network: Option<&Connectors>, before: Option<&Ldap>) -> Result<Option<Ldap>, Refusal> {
        if self.url.trim().is_empty() {
            return Ok(None);
        }
        let find = match (self.template, self.search) {
            (Some(template), None) => LdapFind::Template(template),
            (None, Some(search)) => LdapFind::Search {
                password: passwords::of_ldap(network, search.password.as_deref(), before)?,
                base: search.base,
                filter: search.filter,
                account: search.account,
            },
            _ => return Err(Refusal::invalid("ldap", "say `template` or `search`, one of them")),
        };
        let (url, start_tls) = (self.url.trim().to_owned(), self.start_tls);
        Ok(Some(Ldap { url, start_tls, trusted_certificate: self.trusted_certificate, find }))
    }
}

fn versioned(settings: &Settings) -> Versioned<SettingsShape> {
    let known = settings.clone();
    let shape = SettingsShape {
        name: known.name,
        first_ticket_number: known.first_ticket_number,
        host: known.host,
        automatic_per_hour: Some(known.automatic_per_hour),
        ip_ranges: Some(known.ip_ranges),
        lock_sessions: Some(known.lock_sessions),
        force_https: Some(known.force_https),
        ldap: known.ldap.map(LdapShape::from),
        oidc: known.oidc.map(OidcShape::from),
        system_address: Some(known.system_address.map(|it| it.to_string()).unwrap_or_default()),
        audit_off: Some(known.audit_off.iter().map(|it| it.word().to_owned()).collect()),
    };
    Versioned(StatusCode::OK, settings.version(), shape)
}

/// The settings.
#[utoipa::path(get, path = "/settings", tag = "settings",
    responses((status = 200, description = "The settings", body = SettingsShape), ForAdministrators))]
pub async fn show(by: Administrator) -> Versioned<SettingsShape> {
    versioned(&by.admin.directory().settings)
}

/// Changes the settings.
#[utoipa::path(put, path = "/settings", tag = "settings", request_body = SettingsShape,
    params(("If-Match" = Option<String>, Header, description = "The version that was seen")),
    responses((status = 200, description = "The settings as they are now", body = SettingsShape), ForAdministrators))]
pub async fn save(
    State(api): State<Api>,
    place: Place,
    by: Administrator,
    seen: Seen,
    Body(wish): Body<SettingsShape>,
) -> Result<Versioned<SettingsShape>, Refused> {
    let mut settings = by.admin.directory().settings.clone();
    settings.name = wish.name.trim().to_owned();
    settings.first_ticket_number = wish.first_ticket_number;
    settings.host = wish.host.trim().to_owned();
    settings.automatic_per_hour = wish.automatic_per_hour.unwrap_or(settings.automatic_per_hour);
    let force_https = wish.force_https.unwrap_or(settings.force_https);
    if force_https && !settings.force_https && !place.secure {
        return Err(Refusal::invalid("force_https", "switch it on over HTTPS, so that you can come in again").into());
    }
    settings.force_https = force_https;
    settings.ip_ranges = wish.ip_ranges.unwrap_or(settings.ip_ranges);
    settings.lock_sessions = wish.lock_sessions.unwrap_or(settings.lock_sessions);
    if let Some(address) = wish.system_address {
        let invalid =
            |error: mailflow_core::mail::InvalidAddress| Refusal::invalid("system_address", error.to_string());
        settings.system_address = match address.trim() {
            "" => None,
            text => Some(Address::new(text).map_err(invalid)?),
        };
    }
    if let Some(words) = wish.audit_off {
        let activity = |word: &String| {
            let known = Activity::from_word(word).filter(|it| it.is_switchable());
            known.ok_or_else(|| Refusal::invalid("audit_off", format!("`{word}` cannot be switched off")))
        };
        settings.audit_off = words.iter().map(activity).collect::<Result<_, _>>()?;
    }
    if let Some(ldap) = wish.ldap {
        settings.ldap = ldap.wish(api.network.as_ref(), settings.ldap.as_ref())?;
    }
    if let Some(oidc) = wish.oidc {
        settings.oidc = oidc.wish(api.network.as_ref(), settings.oidc.as_ref())?;
    }
    seen.save(&by.admin, &settings).await?;
    Ok(versioned(&settings))
}
