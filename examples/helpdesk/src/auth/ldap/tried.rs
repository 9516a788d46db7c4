//! What an administrator sees of a directory server before anybody depends on it.

use ldap3::{Scope, SearchEntry, dn_escape, ldap_escape};
use mailflow_core::ldap::{Ldap, LdapFind};
use mailflow_core::text::one_line;
use mailflow_core::transport::{TransportError, TransportErrorKind};
use mailflow_transport::{Check, Connectors, Step};

use super::PATIENCE;
use super::asked::{NO, connect};

/// The most attributes that are shown, and values of each.
const ATTRIBUTES: usize = 60;
const VALUES: usize = 5;

pub(super) async fn test(ldap: &Ldap, network: Option<&Connectors>, (user, password): (&str, &str)) -> Check {
    let mut trial = Trial { ldap, network, user: user.trim(), password, steps: Vec::new() };
    let tried = tokio::time::timeout(PATIENCE, trial.run()).await;
    let outcome =
        tried.unwrap_or_else(|_| Err(("answer", format!("it did not answer within {} s", PATIENCE.as_secs()))));
    let mut steps = trial.steps;
    let failure = outcome.err().map(|(name, words)| {
        steps.push(Step { name, words: words.clone(), worked: false });
        TransportError::new(TransportErrorKind::Setup, words)
    });
    Check { steps, failure }
}

struct Trial<'a> {
    ldap: &'a Ldap,
    network: Option<&'a Connectors>,
    user: &'a str,
    password: &'a str,
    steps: Vec<Step>,
}

/// What was being done, and why it failed.
type Failed = (&'static str, String);

impl Trial<'_> {
    fn worked(&mut self, name: &'static str, words: impl Into<String>) {
        self.steps.push(Step { name, words: words.into(), worked: true });
    }

    async fn run(&mut self) -> Result<(), Failed> {
        let mut connection = connect(self.ldap).await.map_err(|error| ("connect", error))?;
        let way = match (self.ldap.url.starts_with("ldaps://"), self.ldap.start_tls) {
            (true, _) => "protected by TLS",
            (false, true) => "protected by StartTLS",
            (false, false) => "not protected",
        };
        self.worked("connect", format!("`{}`, {way}", self.ldap.url));
        let name = match self.ldap.find.clone() {
            LdapFind::Template(template) => {
                if self.user.is_empty() {
                    return Ok(());
                }
                let name = template.replace("{user}", &dn_escape(self.user));
                self.worked("name the entry", format!("`{name}`"));
                name
            }
            LdapFind::Search { base, filter, account, password } => {
                let without =
                    || ("sign in as the desk", "this program has no key to open the password with".to_owned());
                let network = self.network.ok_or_else(without)?;
                let password = network.key().open(&password, super::ACCOUNT);
                let password = password.map_err(|error| ("sign in as the desk", error.to_string()))?;
                let bound = connection.simple_bind(&account, &password).await.and_then(|it| it.success());
                bound.map_err(|error| ("sign in as the desk", format!("as `{account}`: {error}")))?;
                self.worked("sign in as the desk", format!("as `{account}`, password ********"));
                if self.user.is_empty() {
                    return Ok(());
                }
                let filter = filter.replace("{user}", &ldap_escape(self.user));
                let found = self.search(&mut connection, (&base, Scope::Subtree), &filter).await?;
                let told = |count: usize| match count {
                    0 => format!("nobody below `{base}` fits `{filter}`"),
                    count => format!("{count} entries below `{base}` fit `{filter}`: nobody can tell which is meant"),
                };
                let [entry] = <[_; 1]>::try_from(found).map_err(|found: Vec<_>| ("search", told(found.len())))?;
                self.worked("search", format!("`{filter}` finds `{}`", entry.dn));
                self.attributes(&entry);
                entry.dn
            }
        };
        self.as_somebody(&mut connection, &name).await?;
        let _ = connection.unbind().await;
        Ok(())
    }

    /// Signs in as who is tried, if there is a password.
    async fn as_somebody(&mut self, connection: &mut ldap3::Ldap, name: &str) -> Result<(), Failed> {
        // An empty password proves nothing (RFC 4513 section 5.1.2).
        if self.password.is_empty() {
            return Ok(());
        }
        let step = "sign in as the user";
        let answer = connection.simple_bind(name, self.password).await.map_err(|error| (step, error.to_string()))?;
        match answer.rc {
            0 => self.worked(step, format!("as `{name}`, password ********")),
            rc if NO.contains(&rc) => {
                return Err((step, format!("the server does not take this password: {answer}")));
            }
            _ => return Err((step, format!("it answered {answer}"))),
        }
        if matches!(self.ldap.find, LdapFind::Template(_)) {
            match self.search(connection, (name, Scope::Base), "(objectClass=*)").await.as_deref() {
                Ok([entry]) => self.attributes(entry),
                _ => self.worked("attributes", "the user may not read his own entry; that is no fault"),
            }
        }
        Ok(())
    }

    async fn search(
        &self,
        connection: &mut ldap3::Ldap,
        (base, scope): (&str, Scope),
        filter: &str,
    ) -> Result<Vec<SearchEntry>, Failed> {
        let found = connection.search(base, scope, filter, vec!["*"]).await.and_then(|it| it.success());
        let (found, _) = found.map_err(|error| ("search", format!("`{filter}` below `{base}`: {error}")))?;
        Ok(found.into_iter().map(SearchEntry::construct).collect())
    }

    fn attributes(&mut self, entry: &SearchEntry) {
        let text = entry.attrs.iter().map(|(name, values)| (name.as_str(), shown(name, values)));
        let bytes = entry.bin_attrs.iter().map(|(name, values)| {
            let sizes = values.iter().map(|value| format!("{} bytes", value.len())).take(VALUES);
            (name.as_str(), if is_secret(name) { MASK.to_owned() } else { sizes.collect::<Vec<_>>().join(", ") })
        });
        let mut all: Vec<(&str, String)> = text.chain(bytes).collect();
        all.sort();
        let more = all.len().saturating_sub(ATTRIBUTES);
        let mut words: Vec<String> =
            all.into_iter().take(ATTRIBUTES).map(|(name, value)| format!("{name}: {value}")).collect();
        if more > 0 {
            words.push(format!("{more} more"));
        }
        let words = if words.is_empty() { "none that may be read".to_owned() } else { words.join("; ") };
        self.worked("attributes", words);
    }
}

/// What stands for a secret.
const MASK: &str = "********";

/// Whether an attribute holds what nobody should read, in the directories that are in use.
fn is_secret(name: &str) -> bool {
    let name = name.to_lowercase();
    ["password", "passwd", "pwd", "secret", "credential", "privatekey"].iter().any(|it| name.contains(it))
}

fn shown(name: &str, values: &[String]) -> String {
    if is_secret(name) {
        return MASK.to_owned();
    }
    let more = values.len().saturating_sub(VALUES);
    let mut shown: Vec<String> = values.iter().take(VALUES).map(|value| one_line(value, 120)).collect();
    if more > 0 {
        shown.push(format!("{more} more"));
    }
    shown.join(", ")
}
