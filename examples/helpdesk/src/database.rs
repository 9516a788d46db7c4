//! [`Database`]: where a desk's records are, as `--db` says it. [`Place`]: that, and where its key is.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use mailflow_core::flow::Mailflow;
use mailflow_core::store::{Store, StoreError, StoreErrorKind};
use mailflow_store_mssql::MssqlStore;
use mailflow_store_postgres::PostgresStore;
use mailflow_store_sqlite::SqliteStore;

/// Where the key of a desk is whose database has no folder of its own.
const KEY_FILE: &str = "mailflow.key";

/// Which database: what `--db` names. What is printed of it has no password.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Database {
    /// An SQLite file: `sqlite:PATH`, or the path alone.
    Sqlite(PathBuf),
    /// A PostgreSQL database: `postgres://USER:PASSWORD@HOST:PORT/DATABASE`.
    Postgres(String),
    /// A SQL Server database: `mssql://USER:PASSWORD@HOST:PORT/DATABASE`.
    Mssql(String),
}

/// A database that cannot be named like that.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum UrlError {
    /// There is no such kind of database.
    #[error(
        "`{0}` names no kind of database that is known; write a path, `sqlite:PATH`, \
         `postgres://USER:PASSWORD@HOST:PORT/DATABASE` or `mssql://USER:PASSWORD@HOST:PORT/DATABASE`"
    )]
    Scheme(String),
    /// There is nothing after `sqlite:`.
    #[error("`sqlite:` names no file; write `sqlite:PATH`")]
    NoPath,
    /// The URL is of a kind that is known, and wrong.
    #[error(transparent)]
    Wrong(StoreError),
}

impl Database {
    /// Reads what `--db` says.
    ///
    /// # Errors
    /// [`UrlError`] if it names no database. It has no password in it.
    pub fn read(text: &OsStr) -> Result<Self, UrlError> {
        let Some(words) = text.to_str() else { return Ok(Self::Sqlite(text.into())) };
        if let Some(path) = words.strip_prefix("sqlite:") {
            let path = path.strip_prefix("//").unwrap_or(path);
            return if path.is_empty() { Err(UrlError::NoPath) } else { Ok(Self::Sqlite(path.into())) };
        }
        let Some((scheme, _)) = words.split_once("://") else { return Ok(Self::Sqlite(text.into())) };
        match scheme {
            "postgres" | "postgresql" => {
                mailflow_store_postgres::check_url(words).map_err(UrlError::Wrong)?;
                Ok(Self::Postgres(words.to_owned()))
            }
            "mssql" | "sqlserver" => {
                mailflow_store_mssql::check_url(words).map_err(UrlError::Wrong)?;
                Ok(Self::Mssql(words.to_owned()))
            }
            _ => Err(UrlError::Scheme(mailflow_core::text::one_line(&format!("{scheme}://"), 32))),
        }
    }

    /// Opens it, and brings it to the newest shape. A database that is empty becomes a desk's.
    ///
    /// # Errors
    /// [`StoreError`] if it cannot be opened; its words say what to do.
    pub async fn open(&self) -> Result<Arc<dyn Store>, StoreError> {
        Ok(match self {
            Self::Sqlite(file) => Arc::new(SqliteStore::open(file, mailflow_store_sqlite::Options::default())?),
            Self::Postgres(url) => {
                Arc::new(PostgresStore::open(url, mailflow_store_postgres::Options::default()).await?)
            }
            Self::Mssql(url) => Arc::new(MssqlStore::open(url, mailflow_store_mssql::Options::default()).await?),
        })
    }

    /// Opens it for one of several servers, with what the others change.
    ///
    /// # Errors
    /// [`StoreError`] as for [`Database::open`], and if only one server at a time can work on such a database.
    pub async fn open_for_many(&self) -> Result<(Arc<dyn Store>, Changes), StoreError> {
        match self {
            Self::Sqlite(file) => {
                let doing = format!(
                    "`{}` is a file, which one server works on; several need `postgres://…` or `mssql://…`, and \
                     `mailflow migrate-store` moves a desk there",
                    file.display()
                );
                Err(StoreError::new(StoreErrorKind::Unusable, doing))
            }
            Self::Postgres(url) => {
                let store = PostgresStore::open(url, mailflow_store_postgres::Options::default()).await?;
                let changes = Changes::Postgres(store.changes());
                Ok((Arc::new(store), changes))
            }
            Self::Mssql(url) => {
                let store = MssqlStore::open(url, mailflow_store_mssql::Options::default()).await?;
                let changes = Changes::Mssql(store.changes());
                Ok((Arc::new(store), changes))
            }
        }
    }

    /// Whether several servers may work on it.
    pub const fn is_for_many(&self) -> bool {
        matches!(self, Self::Postgres(_) | Self::Mssql(_))
    }

    /// Whether it is certain, without opening it, that there is nothing.
    pub fn is_absent(&self) -> bool {
        match self {
            Self::Sqlite(file) => !file.exists(),
            Self::Postgres(_) | Self::Mssql(_) => false,
        }
    }

    /// Where its key is if nothing else is said: beside a file, else in the working folder.
    pub fn usual_key(&self) -> PathBuf {
        match self {
            Self::Sqlite(file) => {
                let mut key = file.as_os_str().to_owned();
                key.push(".key");
                key.into()
            }
            Self::Postgres(_) | Self::Mssql(_) => KEY_FILE.into(),
        }
    }
}

/// What other servers on the same database change.
#[derive(Debug)]
pub enum Changes {
    /// As PostgreSQL tells it.
    Postgres(mailflow_store_postgres::Changes),
    /// As SQL Server says when it is asked.
    Mssql(mailflow_store_mssql::Changes),
}

impl Changes {
    /// Tells a flow of all changes, for as long as this is polled.
    pub async fn tell(self, flow: Mailflow) {
        match self {
            Self::Postgres(changes) => changes.tell(flow).await,
            Self::Mssql(changes) => changes.tell(flow).await,
        }
    }
}

/// As people may read it: without a password.
impl std::fmt::Display for Database {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Sqlite(file) => file.display().fmt(f),
            Self::Postgres(url) | Self::Mssql(url) => f.write_str(&without_password(url)),
        }
    }
}

impl std::fmt::Debug for Database {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Database({self})")
    }
}

/// `scheme://user@host/database`: no password, no options.
fn without_password(url: &str) -> String {
    let (place, _) = url.split_once('?').unwrap_or((url, ""));
    let (scheme, rest) = place.split_once("://").unwrap_or(("", place));
    match rest.rsplit_once('@') {
        Some((who, place)) => {
            let user = who.split_once(':').map_or(who, |(user, _)| user);
            format!("{scheme}://{user}@{place}")
        }
        None => format!("{scheme}://{rest}"),
    }
}

/// Where a desk is: its database, and the file with the key that its passwords are sealed with.
#[derive(Debug, Clone)]
pub struct Place {
    /// The database.
    pub database: Database,
    /// The key file.
    pub key: PathBuf,
}

impl Place {
    /// A database with its key; without one it is the usual one.
    pub fn new(database: Database, key: Option<PathBuf>) -> Self {
        let key = key.unwrap_or_else(|| database.usual_key());
        Self { database, key }
    }

    /// A failure if there is a desk already and the key is not there: what was sealed with it could not be read.
    pub(crate) fn check_key(&self, desk: Desk) -> Result<(), StoreError> {
        // A file has always got its key beside it, made anew if it was gone.
        if desk == Desk::New || matches!(self.database, Database::Sqlite(_)) || self.key.exists() {
            return Ok(());
        }
        let doing = format!(
            "there is a desk in `{}`, and its key is not in `{}`; copy the key file from the server that made the \
             desk, or name it with `--key FILE`",
            self.database,
            self.key.display()
        );
        Err(StoreError::new(StoreErrorKind::Unusable, doing))
    }
}

/// Whether a database has a desk in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Desk {
    /// Not yet.
    New,
    /// It has.
    Old,
}

impl<P: AsRef<Path> + ?Sized> From<&P> for Place {
    fn from(file: &P) -> Self {
        Self::new(Database::Sqlite(file.as_ref().to_owned()), None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Database, UrlError> {
        Database::read(OsStr::new(text))
    }

    #[test]
    fn a_path_is_a_file_and_a_url_says_its_kind() {
        for (text, file) in [
            ("desk.db", "desk.db"),
            ("sqlite:desk.db", "desk.db"),
            ("sqlite:/var/desk.db", "/var/desk.db"),
            ("sqlite:///var/desk.db", "/var/desk.db"),
            ("odd: name.db", "odd: name.db"),
        ] {
            assert_eq!(read(text).unwrap(), Database::Sqlite(file.into()), "{text}");
        }
        assert!(matches!(read("postgres://ada@db/desk").unwrap(), Database::Postgres(_)));
        assert!(matches!(read("postgresql://ada@db/desk").unwrap(), Database::Postgres(_)));
        assert!(matches!(read("mssql://ada@db/desk").unwrap(), Database::Mssql(_)));
    }

    #[test]
    fn what_names_no_database_is_refused_with_what_to_write_and_without_its_password() {
        for (text, said) in [
            ("mysql://ada:secret@db/desk", "`mysql://` names no kind"),
            ("mssql://ada:secret@db:port/desk", "the port is a number"),
            ("sqlserver://ada:secret@db/desk?colour=red", "its options are"),
            ("sqlite:", "names no file"),
            ("postgres://ada:secret@db:port/desk", "postgres://USER:PASSWORD@HOST"),
            ("postgres://ada:secret@db/desk?sslmode=loud", "`sslmode` is"),
        ] {
            let words = mailflow_core::flow::words(&read(text).unwrap_err());
            assert!(words.contains(said) && !words.contains("secret"), "{text}: {words}");
        }
    }

    #[test]
    fn what_is_printed_has_no_password() {
        let database = read("postgres://ada:se@cret@db:5433/desk?sslmode=require&password=secret").unwrap();
        assert_eq!(database.to_string(), "postgres://ada@db:5433/desk");
        assert!(!format!("{database:?}").contains("cret"));
        assert_eq!(database.usual_key(), Path::new("mailflow.key"));
        assert_eq!(read("sqlite:desk.db").unwrap().usual_key(), Path::new("desk.db.key"));
    }
}
