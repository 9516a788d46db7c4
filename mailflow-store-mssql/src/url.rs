//! [`Target`]: what a URL says: where the server is, who signs in, how the connection is protected.

use std::path::PathBuf;

use mailflow_core::store::{StoreError, StoreErrorKind};

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
    pub host: String,
    pub port: u16,
    pub database: String,
    pub user: String,
    pub password: String,
    pub encryption: Encryption,
    pub trust: Trust,
    /// The name in the certificate, if it is not the host.
    pub name: Option<String>,
}

/// What is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Encryption {
    /// Only signing in.
    OfLogin,
    Required,
    /// TLS before anything else (TDS 8.0).
    Strict,
}

/// Whose certificates are trusted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Trust {
    System,
    Anybody,
    /// Those of the system, and of this file.
    File(PathBuf),
}

impl std::fmt::Debug for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.place())
    }
}

const EXAMPLE: &str = "it is `mssql://USER:PASSWORD@HOST:PORT/DATABASE`";

impl Target {
    /// Reads a URL, or what ADO.NET calls a connection string. Nothing of it that may be secret stands in an error.
    pub fn read(url: &str) -> Result<Self, StoreError> {
        let mut target = Self {
            host: String::new(),
            port: 1433,
            database: String::new(),
            user: String::new(),
            password: String::new(),
            encryption: Encryption::Required,
            trust: Trust::System,
            name: None,
        };
        match url.strip_prefix("mssql://").or_else(|| url.strip_prefix("sqlserver://")) {
            Some(rest) => target.read_url(rest)?,
            None if url.contains('=') && !url.contains("://") => target.read_words(url)?,
            None => return Err(wrong("it begins with `mssql://`")),
        }
        for (is, hint) in [
            (&target.host, "it names no host"),
            (&target.user, "it names no user"),
            (&target.database, "it names no database"),
        ] {
            if is.is_empty() {
                return Err(wrong(&format!("{hint}: {EXAMPLE}")));
            }
        }
        if let Trust::File(path) = &target.trust
            && let Err(error) = std::fs::read(path)
        {
            let doing = format!("the certificates in `{}` cannot be read; check `ca` in the URL", path.display());
            return Err(StoreError::new(StoreErrorKind::Unusable, doing).because(error));
        }
        Ok(target)
    }

    fn read_url(&mut self, rest: &str) -> Result<(), StoreError> {
        let (place, options) = rest.split_once('?').unwrap_or((rest, ""));
        let (who, place) = place.rsplit_once('@').ok_or_else(|| wrong(&format!("it names no user: {EXAMPLE}")))?;
        let (user, password) = who.split_once(':').unwrap_or((who, ""));
        (self.user, self.password) = (decoded(user), decoded(password));
        let (place, database) = place.split_once('/').unwrap_or((place, ""));
        self.database = decoded(database);
        let (host, port) = match place.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
            Some((host, rest)) => (host, rest.strip_prefix(':')),
            None => place.rsplit_once(':').map_or((place, None), |(host, port)| (host, Some(port))),
        };
        self.host = decoded(host);
        self.read_port(port)?;
        for option in options.split('&').filter(|option| !option.is_empty()) {
            let (name, value) = option.split_once('=').unwrap_or((option, ""));
            self.option(name, decoded(value))?;
        }
        Ok(())
    }

    fn read_port(&mut self, port: Option<&str>) -> Result<(), StoreError> {
        if let Some(port) = port {
            self.port = port.trim().parse().map_err(|_| wrong("the port is a number up to 65535"))?;
        }
        Ok(())
    }

    /// `Server=tcp:HOST,PORT;Database=…`.
    fn read_words(&mut self, mut words: &str) -> Result<(), StoreError> {
        while !words.trim().is_empty() {
            let Some((name, rest)) = words.split_once('=') else {
                return Err(wrong("between its semicolons stand names and values: `Server=tcp:HOST,PORT`"));
            };
            let rest = rest.trim_start();
            let quote = rest.chars().next().filter(|first| matches!(first, '"' | '\'' | '{'));
            let value = match quote {
                Some(quote) => {
                    let end = if quote == '{' { '}' } else { quote };
                    let inside = rest.strip_prefix(quote).unwrap_or_default();
                    let (value, after) = inside.split_once(end).ok_or_else(|| wrong("a quotation has no end"))?;
                    words = after.trim_start().strip_prefix(';').unwrap_or_default();
                    value
                }
                None => {
                    let (value, after) = rest.split_once(';').unwrap_or((rest, ""));
                    words = after;
                    value.trim_end()
                }
            };
            self.option(name.trim(), value.to_owned())?;
        }
        Ok(())
    }

    fn option(&mut self, name: &str, value: String) -> Result<(), StoreError> {
        let plain: String = name.chars().filter(|c| !matches!(c, ' ' | '_')).collect::<String>().to_lowercase();
        match plain.as_str() {
            "server" | "datasource" | "address" | "addr" | "networkaddress" => {
                let place = value.strip_prefix("tcp:").unwrap_or(&value);
                let (host, port) = place.split_once(',').map_or((place, None), |(host, port)| (host, Some(port)));
                if host.contains('\\') {
                    return Err(wrong("an instance has a port: `Server=tcp:HOST,PORT`"));
                }
                self.host = host.trim().to_owned();
                self.read_port(port)?;
            }
            "database" | "initialcatalog" => self.database = value,
            "userid" | "uid" | "user" => self.user = value,
            "password" | "pwd" => self.password = value,
            "encrypt" => {
                self.encryption = match value.to_lowercase().as_str() {
                    "false" | "no" | "optional" => Encryption::OfLogin,
                    "true" | "yes" | "mandatory" => Encryption::Required,
                    "strict" => Encryption::Strict,
                    _ => {
                        return Err(wrong("`encrypt` is `false` (only signing in is protected), `true` or `strict`"));
                    }
                }
            }
            "trustservercertificate" => match (value.to_lowercase().as_str(), &self.trust) {
                ("true" | "yes", _) => self.trust = Trust::Anybody,
                ("false" | "no", _) => {}
                _ => return Err(wrong("`trust_server_certificate` is `true` or `false`")),
            },
            "ca" | "trustservercertificateca" => self.trust = Trust::File(value.into()),
            "hostnameincertificate" => self.name = Some(value),
            // What clients of others have in theirs.
            "applicationname"
            | "app"
            | "persistsecurityinfo"
            | "multipleactiveresultsets"
            | "connecttimeout"
            | "connectiontimeout" => {}
            // The value may be the rest of a password.
            _ => {
                return Err(wrong(
                    "its options are `encrypt`, `trust_server_certificate`, `ca` and `host_name_in_certificate`; in a password, write `%40` for `@`",
                ));
            }
        }
        Ok(())
    }

    /// Where the server is, in words for people.
    pub fn place(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }
}

fn wrong(hint: &str) -> StoreError {
    StoreError::new(StoreErrorKind::Unusable, format!("the URL of the SQL Server database cannot be read: {hint}"))
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

    #[test]
    fn a_url_says_where_and_how_protected() {
        let target =
            Target::read("mssql://ada:s%40cret@db.example.com:1444/desk?encrypt=strict&host_name_in_certificate=db")
                .unwrap();
        assert_eq!((target.place(), target.encryption), ("db.example.com:1444".to_owned(), Encryption::Strict));
        assert_eq!((target.user.as_str(), target.password.as_str()), ("ada", "s@cret"));
        assert_eq!((target.database.as_str(), target.name.as_deref()), ("desk", Some("db")));
        let target = Target::read("mssql://ada@[::1]/desk").unwrap();
        assert_eq!((target.host.as_str(), target.port, target.trust), ("::1", 1433, Trust::System));
        assert_eq!(target.encryption, Encryption::Required);
    }

    #[test]
    fn a_connection_string_says_the_same() {
        let target = Target::read(
            "Server=tcp:db.example.com,1444;Initial Catalog=desk;User Id=ada;Password=\"a;b=c\";TrustServerCertificate=true",
        )
        .unwrap();
        assert_eq!((target.place(), target.trust), ("db.example.com:1444".to_owned(), Trust::Anybody));
        assert_eq!((target.database.as_str(), target.password.as_str()), ("desk", "a;b=c"));
    }

    #[test]
    fn a_wrong_url_is_refused_with_what_is_wrong_and_without_its_password() {
        for (url, said) in [
            ("mysql://x", "begins with `mssql://`"),
            ("mssql://ada:secret@db/desk?encrypt=maybe", "`encrypt` is"),
            ("mssql://ada:secret@db:port/desk", "the port is a number"),
            ("mssql://ada:secret@db/desk?colour=secret", "its options are"),
            ("mssql://ada:secret@/desk", "names no host"),
            ("mssql://ada:secret@db", "names no database"),
            ("mssql://db/desk", "names no user"),
            ("mssql://ada:secret@db/desk?ca=/nowhere.pem", "`/nowhere.pem`"),
            ("Server=db\\NAME;Database=desk;User=ada;Password=secret", "an instance has a port"),
        ] {
            let refused = Target::read(url).unwrap_err().to_string();
            assert!(refused.contains(said) && !refused.contains("secret"), "{url}: {refused}");
        }
    }

    #[test]
    fn percent_signs_are_read() {
        assert_eq!(decoded("%2Fetc%2fca%20x.pem%"), "/etc/ca x.pem%");
    }
}
