//! Signs in to a directory server, to see whether that works.

use ldap3::{LdapConnAsync, LdapConnSettings, Scope, SearchEntry, dn_escape, ldap_escape};
use mailflow_core::ldap::{Ldap, LdapFind};
use mailflow_transport::Connectors;

/// Result codes (RFC 4511 appendix A) that say no to this name and password, and nothing about the server.
pub(super) const NO: [u32; 6] = [19, 32, 34, 48, 49, 53];

pub(super) async fn bind(
    ldap: &Ldap,
    network: Option<&Connectors>,
    user: &str,
    password: &str,
) -> Result<bool, String> {
    let mut connection = connect(ldap).await?;
    let name = match &ldap.find {
        LdapFind::Template(template) => Some(template.replace("{user}", &dn_escape(user))),
        LdapFind::Search { base, filter, account, password } => {
            let network = network.ok_or("this program has no key to open the account's password with")?;
            let password = network.key().open(password, super::ACCOUNT).map_err(|error| error.to_string())?;
            let signed_in = connection.simple_bind(account, &password).await.and_then(|it| it.success());
            signed_in.map_err(|error| format!("the desk's own account cannot sign in to it: {error}"))?;
            let filter = filter.replace("{user}", &ldap_escape(user));
            let found = connection.search(base, Scope::Subtree, &filter, vec!["1.1"]).await;
            let (found, _) = found
                .and_then(|it| it.success())
                .map_err(|error| format!("it cannot be searched for `{filter}`: {error}"))?;
            // Of two entries with the same name nobody knows which one is meant.
            match <[_; 1]>::try_from(found) {
                Ok([entry]) => Some(SearchEntry::construct(entry).dn),
                Err(_) => None,
            }
        }
    };
    let right = match name.filter(|name| !name.is_empty()) {
        None => false,
        Some(name) => {
            let answer = connection.simple_bind(&name, password).await.map_err(|error| error.to_string())?;
            match answer.rc {
                0 => true,
                rc if NO.contains(&rc) => false,
                _ => return Err(format!("it answered {answer}")),
            }
        }
    };
    let _ = connection.unbind().await;
    Ok(right)
}

pub(super) async fn connect(ldap: &Ldap) -> Result<ldap3::Ldap, String> {
    let config =
        mailflow_transport::client_config(ldap.trusted_certificate.as_deref()).map_err(|error| error.to_string())?;
    let settings = LdapConnSettings::new().set_config(config).set_starttls(ldap.start_tls);
    let (connection, client) = LdapConnAsync::with_settings(settings, &ldap.url)
        .await
        .map_err(|error| format!("`{}` cannot be reached: {error}", ldap.url))?;
    tokio::spawn(async move {
        // When it breaks, whoever waits for an answer is told.
        let _ = connection.drive().await;
    });
    Ok(client)
}
