//! A SQL Server for tests: the one that `MAILFLOW_TEST_MSSQL_URL` names (what ADO.NET calls a connection string, or
//! `mssql://USER:PASSWORD@HOST:PORT/DATABASE?trust_server_certificate=true`), with a login that may create databases.
//! [`Database`] is an empty database there.
#![expect(clippy::expect_used, reason = "what is not as it must be ends a test")]

use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::thread;
use std::time::Duration;

use tiberius::{AuthMethod, Client, ColumnData, Config, EncryptionLevel};
use tokio::net::TcpStream;
use tokio::runtime::{Handle, RuntimeFlavor};
use tokio_util::compat::TokioAsyncWriteCompatExt as _;

/// So often it is tried to remove a database that somebody has just left, and so long it is waited in between.
const ATTEMPTS: usize = 100;
const ASK_EVERY: Duration = Duration::from_millis(50);

/// Where the server is.
fn url() -> Option<String> {
    std::env::var("MAILFLOW_TEST_MSSQL_URL").ok().filter(|url| !url.is_empty())
}

/// Whether there is a SQL Server; if not, it is said loudly.
pub fn is_there() -> bool {
    let there = url().is_some();
    if !there {
        eprintln!("LEFT OUT, because MAILFLOW_TEST_MSSQL_URL is not set: SQL Server");
    }
    there
}

/// An empty database. It goes with the value.
#[derive(Debug)]
pub struct Database {
    name: String,
    server: String,
}

impl Database {
    /// A new one.
    pub fn fresh() -> Self {
        let name = format!("mailflow_{:016x}", RandomState::new().build_hasher().finish());
        let it = Self { name, server: url().expect("a SQL Server") };
        // Several that are made at once may be in each other's way.
        let mut made = ask(&it.server, &format!("CREATE DATABASE {}", it.name));
        for _ in 0..ATTEMPTS {
            if made.is_ok() {
                break;
            }
            thread::sleep(ASK_EVERY);
            made = ask(&it.server, &format!("CREATE DATABASE {}", it.name));
        }
        made.expect("a database can be made");
        it
    }

    /// Where it is.
    pub fn url(&self) -> String {
        within(&self.server, &self.name)
    }

    /// The same database behind another port of this machine, where a test stands in between.
    pub fn url_at(&self, port: u16) -> String {
        let (url, address) = (self.url(), self.address());
        let (host, old) = address.rsplit_once(':').expect("a host and a port");
        let at = url.replace(&format!("{host}:{old}"), &format!("{host}:{port}"));
        let at = at.replace(&format!("{host},{old}"), &format!("{host},{port}"));
        assert!(at != url, "the URL names `{address}`");
        at
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The address of the server: host and port.
    pub fn address(&self) -> String {
        config(&self.server).get_addr()
    }

    /// Runs SQL in it, as an administrator. Returns what it answers: a row a line, blanks between the columns, bytes as
    /// hexadecimal digits.
    pub fn sql(&self, text: &str) -> String {
        ask(&self.url(), text).expect("SQL can be run")
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        if thread::panicking() {
            return;
        }
        // What was dropped with it still closes its connections, and may be the next task of this thread.
        match Handle::try_current().map(|it| it.runtime_flavor()) {
            Ok(RuntimeFlavor::MultiThread) => tokio::task::block_in_place(|| self.remove()),
            _ => self.remove(),
        }
    }
}

impl Database {
    fn remove(&self) {
        // Those who have left are noticed a moment later.
        for _ in 0..ATTEMPTS {
            if ask(&self.server, &format!("DROP DATABASE {}", self.name)).is_ok() {
                return;
            }
            thread::sleep(ASK_EVERY);
        }
        eprintln!("the database `{}` stays, somebody is still in it", self.name);
    }
}

/// The same server, another database.
fn within(server: &str, database: &str) -> String {
    match server.split_once("://") {
        Some((scheme, rest)) => {
            let (place, options) =
                rest.split_once('?').map_or((rest, String::new()), |it| (it.0, format!("?{}", it.1)));
            let place = place.split_once('/').map_or(place, |it| it.0);
            format!("{scheme}://{place}/{database}{options}")
        }
        None => {
            let is_other = |word: &&str| {
                let name = word.split('=').next().unwrap_or_default().trim().to_lowercase();
                name != "database" && name != "initial catalog"
            };
            let words: Vec<&str> = server.split(';').filter(is_other).collect();
            format!("{};Database={database}", words.join(";").trim_end_matches(';'))
        }
    }
}

fn config(url: &str) -> Config {
    let Some((_, rest)) = url.split_once("://") else {
        return Config::from_ado_string(url).expect("MAILFLOW_TEST_MSSQL_URL can be read");
    };
    let mut config = Config::new();
    let (place, options) = rest.split_once('?').unwrap_or((rest, ""));
    let (who, place) = place.rsplit_once('@').expect("a user and a place");
    let (user, password) = who.split_once(':').unwrap_or((who, ""));
    let (address, database) = place.split_once('/').unwrap_or((place, "master"));
    let (host, port) = address.rsplit_once(':').unwrap_or((address, "1433"));
    config.host(host);
    config.port(port.parse().expect("a port"));
    config.database(database);
    config.authentication(AuthMethod::sql_server(decoded(user), decoded(password)));
    for option in options.split('&') {
        match option {
            "trust_server_certificate=true" => config.trust_cert(),
            "encrypt=false" => config.encryption(EncryptionLevel::Off),
            _ => {}
        }
    }
    config
}

/// `%40` as `@`.
fn decoded(text: &str) -> String {
    let mut pieces = text.split('%');
    let mut plain = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let code = piece.get(..2).and_then(|hex| u8::from_str_radix(hex, 16).ok()).expect("two hexadecimal digits");
        plain.push(char::from(code));
        plain.push_str(piece.get(2..).unwrap_or_default());
    }
    plain
}

/// Runs SQL over a connection of its own, in a thread of its own: also where a runtime runs.
fn ask(url: &str, text: &str) -> Result<String, tiberius::error::Error> {
    let (config, text) = (config(url), text.to_owned());
    let asking = async move {
        let stream = TcpStream::connect(config.get_addr()).await?;
        let mut client = Client::connect(config, stream.compat_write()).await?;
        let answers = client.simple_query(text).await?.into_results().await?;
        client.close().await?;
        let rows = answers.iter().flatten();
        Ok(rows.map(|row| row.cells().map(|(_, it)| shown(it)).collect::<Vec<_>>().join(" ") + "\n").collect())
    };
    let thread = thread::spawn(|| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.expect("a runtime can be made").block_on(asking)
    });
    thread.join().expect("asking does not panic")
}

fn shown(value: &ColumnData<'_>) -> String {
    match value {
        ColumnData::U8(Some(it)) => it.to_string(),
        ColumnData::I16(Some(it)) => it.to_string(),
        ColumnData::I32(Some(it)) => it.to_string(),
        ColumnData::I64(Some(it)) => it.to_string(),
        ColumnData::Bit(Some(it)) => u8::from(*it).to_string(),
        ColumnData::String(Some(it)) => it.to_string(),
        ColumnData::Binary(Some(it)) => it.iter().map(|byte| format!("{byte:02x}")).collect(),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_database_of_the_same_server_has_the_same_url_but_its_name() {
        let words = "Server=tcp:db,1444;Database=master;User Id=ada;Password=x;";
        assert_eq!(within(words, "desk"), "Server=tcp:db,1444;User Id=ada;Password=x;Database=desk");
        let url = "mssql://ada:x@db:1444/master?encrypt=false";
        assert_eq!(within(url, "desk"), "mssql://ada:x@db:1444/desk?encrypt=false");
    }
}
