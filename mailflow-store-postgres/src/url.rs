//! [`Target`]: what a URL says: where the server is, who signs in, how the connection is protected.

use std::path::PathBuf;
use std::time::Duration;

use mailflow_core::store::{StoreError, StoreErrorKind};
use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::tls::{self, Check};

/// A server that is gone without a word is noticed after about this time.
const SILENCE: Duration = Duration::from_secs(15);
/// How long a connection may take.
const CONNECT: Duration = Duration::from_secs(10);

/// Whether a URL can be read, before anything is asked of the server that it names.
///
/// # Errors
/// [`StoreError`] that says what is wrong and what to write, without the password.
pub fn check_url(url: &str) -> Result<(), StoreError> {
    Target::read(url).map(drop)
}

/// What a URL says.
#[derive(Clone)]
pub(crate) struct Target {
    pub config: Config,
    pub tls: MakeRustlsConnect,
}

impl std::fmt::Debug for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.place())
    }
}

impl Target {
    /// Reads a URL. Nothing of it that may be secret stands in an error.
    pub fn read(url: &str) -> Result<Self, StoreError> {
        if !url.starts_with("postgres://") && !url.starts_with("postgresql://") {
            return Err(wrong("it begins with `postgres://`"));
        }
        let (place, options) = url.split_once('?').unwrap_or((url, ""));
        let mut mode = "prefer".to_owned();
        let mut roots = None;
        let mut others = Vec::new();
        for option in options.split('&').filter(|option| !option.is_empty()) {
            match option.split_once('=') {
                Some(("sslmode", value)) => value.clone_into(&mut mode),
                Some(("sslrootcert", "system")) => roots = None,
                Some(("sslrootcert", value)) => roots = Some(PathBuf::from(decoded(value))),
                _ => others.push(option),
            }
        }
        let plain = if others.is_empty() { place.to_owned() } else { format!("{place}?{}", others.join("&")) };
        let mut config: Config = plain.parse().map_err(|error: tokio_postgres::Error| {
            // The cause names options, hosts and ports, never the password.
            wrong("it is `postgres://USER:PASSWORD@HOST:PORT/DATABASE?sslmode=verify-full`").because(error)
        })?;
        // As in libpq: who names certificates to be trusted wants them to be checked.
        let unnamed = if roots.is_some() { Check::Signer } else { Check::Nothing };
        let (ssl, check) = match mode.as_str() {
            "disable" => (SslMode::Disable, Check::Nothing),
            "prefer" => (SslMode::Prefer, Check::Nothing),
            "require" => (SslMode::Require, unnamed),
            "verify-ca" => (SslMode::Require, Check::Signer),
            "verify-full" => (SslMode::Require, Check::SignerAndName),
            _ => return Err(wrong("`sslmode` is `disable`, `prefer`, `require`, `verify-ca` or `verify-full`")),
        };
        config.ssl_mode(ssl);
        if config.get_hosts().is_empty() {
            return Err(wrong(
                "it names no host; for a socket, write `postgres://USER@/DATABASE?host=/run/postgresql`",
            ));
        }
        if config.get_user().is_none() {
            return Err(wrong("it names no user: `postgres://USER@HOST/DATABASE`"));
        }
        if config.get_application_name().is_none() {
            config.application_name("mailflow");
        }
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(CONNECT);
        }
        if config.get_tcp_user_timeout().is_none() {
            config.tcp_user_timeout(SILENCE);
        }
        config.keepalives_idle(SILENCE / 3).keepalives_interval(SILENCE / 3).keepalives_retries(3);
        Ok(Self { config, tls: tls::connector(check, roots)? })
    }

    /// Where the server is, in words for people.
    pub fn place(&self) -> String {
        let ports = self.config.get_ports();
        let hosts = self.config.get_hosts().iter().enumerate().map(|(nth, host)| {
            let port = ports.get(nth).or(ports.first()).copied().unwrap_or(5432);
            match host {
                Host::Tcp(name) => format!("{name}:{port}"),
                Host::Unix(folder) => format!("{}/.s.PGSQL.{port}", folder.display()),
            }
        });
        hosts.collect::<Vec<_>>().join(" or ")
    }

    /// The database.
    pub fn database(&self) -> &str {
        self.config.get_dbname().or(self.config.get_user()).unwrap_or_default()
    }

    /// Who signs in.
    pub fn user(&self) -> &str {
        self.config.get_user().unwrap_or_default()
    }
}

fn wrong(hint: &str) -> StoreError {
    StoreError::new(StoreErrorKind::Unusable, format!("the URL of the PostgreSQL database cannot be read: {hint}"))
}

/// `%2F` as `/`.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let hex = after.get(..2).filter(|_| *first == b'%').and_then(|hex| std::str::from_utf8(hex).ok());
        match hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = after.get(2..).unwrap_or_default();
            }
            None => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(url: &str) -> String {
        let error = Target::read(url).unwrap_err();
        let mut said = error.to_string();
        let mut cause = std::error::Error::source(&error);
        while let Some(it) = cause {
            said.push_str(&format!(": {it}"));
            cause = it.source();
        }
        said
    }

    #[test]
    fn a_url_says_where_and_how_protected() {
        let target = Target::read("postgres://ada:secret@db.example.com:5433/desk?sslmode=verify-full").unwrap();
        assert_eq!(target.place(), "db.example.com:5433");
        assert_eq!((target.database(), target.user()), ("desk", "ada"));
        assert_eq!(target.config.get_ssl_mode(), SslMode::Require);
        let target = Target::read("postgresql://ada@/desk?host=/run/postgresql&sslmode=disable").unwrap();
        assert_eq!(target.place(), "/run/postgresql/.s.PGSQL.5432");
        assert_eq!(target.config.get_ssl_mode(), SslMode::Disable);
        assert_eq!(Target::read("postgres://ada@db/desk").unwrap().config.get_ssl_mode(), SslMode::Prefer);
    }

    #[test]
    fn a_wrong_url_is_refused_with_what_is_wrong_and_without_its_password() {
        for (url, said) in [
            ("mysql://x", "begins with `postgres://`"),
            ("postgres://ada:secret@db/desk?sslmode=on", "`sslmode` is"),
            ("postgres://ada:secret@db:port/desk", "postgres://USER:PASSWORD@HOST"),
            ("postgres://ada:secret@db/desk?colour=red", "colour"),
            ("postgres:///desk", "names no host"),
            ("postgres://db/desk", "names no user"),
            ("postgres://ada:secret@db/desk?sslmode=verify-ca&sslrootcert=/nowhere.pem", "`/nowhere.pem`"),
        ] {
            let refused = refusal(url);
            assert!(refused.contains(said) && !refused.contains("secret"), "{url}: {refused}");
        }
    }

    #[test]
    fn percent_signs_are_read() {
        assert_eq!(decoded("%2Fetc%2fca%20x.pem%"), "/etc/ca x.pem%");
    }
}
