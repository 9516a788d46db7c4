//! [`Ldap`]: a directory server that knows the passwords of agents.

use serde::{Deserialize, Serialize};

use crate::secret::Sealed;

/// A directory server (RFC 4511) that knows the passwords of agents: whoever can bind there is signed in here. Which
/// agents it is asked for is said by each agent's [`SignInWay`](crate::agent::SignInWay).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ldap {
    /// Where it is: `ldaps://host:636` or `ldap://host:389`.
    pub url: String,
    /// Whether an `ldap://` connection is protected by StartTLS before anything is said. Without it, and without
    /// `ldaps://`, passwords can be read on the way.
    #[serde(default)]
    pub start_tls: bool,
    /// A certificate that is trusted beside those of the system, as PEM.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trusted_certificate: Option<String>,
    /// How an agent's entry is found.
    pub find: LdapFind,
}

/// How an agent's entry is found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LdapFind {
    /// Its name is made of the user name, which stands for `{user}`: `uid={user},ou=people,dc=example,dc=com`.
    Template(String),
    /// It is searched for by an account of the desk's own.
    Search {
        /// Below this entry.
        base: String,
        /// With this filter, in which `{user}` stands for the user name: `(uid={user})`.
        filter: String,
        /// The name of the desk's own account.
        account: String,
        /// Its password.
        password: Sealed,
    },
}
