//! The driver: the one file that knows it, so that it can be changed once more. Everybody else sees [`Connection`],
//! [`Row`] and [`Trouble`].

use std::sync::Arc;
use std::time::Duration;

use mailflow_core::store::{StoreError, StoreErrorKind};
use tiberius::{AuthMethod, Client, ColumnData, Config, EncryptionLevel, ToSql};
use tokio::net::TcpStream;
use tokio_util::compat::{Compat, TokioAsyncWriteCompatExt as _};

use crate::batch::{Batch, executed};
use crate::url::{Encryption, Target, Trust};
use crate::value::Parameter;

/// How long a connection may take.
const CONNECT: Duration = Duration::from_secs(10);
/// How long the server may say nothing to a statement. More than what is waited for a lock.
const SILENCE: Duration = Duration::from_secs(60);
/// How often a server may send on to another one.
const MAX_ROUTES: usize = 3;

/// What the driver says went wrong.
#[derive(Debug, Clone)]
pub(crate) struct Trouble(Arc<tiberius::error::Error>);

impl Trouble {
    /// The number of the error, if the server said it.
    pub fn number(&self) -> Option<u32> {
        self.0.code()
    }

    /// Whether the server was not reached, or the connection to it was lost.
    pub fn is_of_connection(&self) -> bool {
        use tiberius::error::Error;
        matches!(*self.0, Error::Io { .. } | Error::Protocol(_) | Error::Tls(_) | Error::Routing { .. })
    }

    /// Whether no protected connection came about.
    pub fn is_of_tls(&self) -> bool {
        matches!(&*self.0, tiberius::error::Error::Tls(_))
            || matches!(&*self.0, tiberius::error::Error::Io { message, .. } if message.contains("certificate"))
    }
}

impl std::fmt::Display for Trouble {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for Trouble {}

impl From<tiberius::error::Error> for Trouble {
    fn from(error: tiberius::error::Error) -> Self {
        Self(Arc::new(error))
    }
}

impl From<std::io::Error> for Trouble {
    fn from(error: std::io::Error) -> Self {
        tiberius::error::Error::from(error).into()
    }
}

/// What the server answers: for each `SELECT` its rows.
pub(crate) type Answers = Vec<Vec<Row>>;

/// A connection. The driver's values and futures are large: they are kept off the stack.
pub(crate) struct Connection {
    client: Box<Client<Compat<TcpStream>>>,
    /// Whether all that was asked was answered to the end. If not, it is not used again.
    sound: bool,
}

impl std::fmt::Debug for Connection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Connection").field("sound", &self.sound).finish_non_exhaustive()
    }
}

impl Connection {
    /// Connects and signs in.
    pub async fn open(target: &Target) -> Result<Self, Trouble> {
        Box::pin(Self::connect(config(target))).await
    }

    async fn connect(mut config: Config) -> Result<Self, Trouble> {
        for _ in 0..MAX_ROUTES {
            let connecting = tokio::time::timeout(CONNECT, TcpStream::connect(config.get_addr())).await;
            let stream = connecting.map_err(|_| std::io::Error::from(std::io::ErrorKind::TimedOut))??;
            stream.set_nodelay(true)?;
            match Client::connect(config.clone(), stream.compat_write()).await {
                Ok(client) => return Ok(Self { client: Box::new(client), sound: true }),
                Err(tiberius::error::Error::Routing { host, port }) => {
                    config.host(&host);
                    config.port(port);
                }
                Err(error) => return Err(error.into()),
            }
        }
        Err(std::io::Error::other("the server sends on and on to other servers").into())
    }

    /// Whether it can be used again.
    pub fn is_sound(&self) -> bool {
        self.sound
    }

    /// Sends a text without parameters.
    pub async fn run(&mut self, text: &str) -> Result<Answers, Trouble> {
        // If this future is dropped, the answer is still on its way.
        self.sound = false;
        let client = &mut self.client;
        let answers = Box::pin(async { client.simple_query(text).await?.into_results().await }).await?;
        self.sound = true;
        Ok(rows(answers))
    }

    /// Sends a batch.
    pub async fn ask(&mut self, batch: &Batch<'_>) -> Result<Answers, Trouble> {
        self.sound = false;
        let parameters: Vec<&dyn ToSql> = batch.parameters.0.iter().map(|it| it as &dyn ToSql).collect();
        let client = &mut self.client;
        let asking = async { client.query(batch.text.as_str(), &parameters).await?.into_results().await };
        let answers = Box::pin(asking).await?;
        self.sound = true;
        Ok(rows(answers))
    }

    /// Sends a batch of small parameters after a text that may begin a transaction.
    pub async fn ask_after(&mut self, before: &str, batch: &Batch<'_>) -> Result<Answers, Trouble> {
        self.run(&format!("{before} {}", executed(batch))).await
    }
}

fn rows(answers: Vec<Vec<tiberius::Row>>) -> Answers {
    answers.into_iter().map(|rows| rows.into_iter().map(Row).collect()).collect()
}

fn config(target: &Target) -> Config {
    let mut config = Config::new();
    config.host(&target.host);
    config.port(target.port);
    config.database(&target.database);
    config.application_name("mailflow");
    config.authentication(AuthMethod::sql_server(&target.user, &target.password));
    config.encryption(match target.encryption {
        Encryption::OfLogin => EncryptionLevel::Off,
        Encryption::Required => EncryptionLevel::Required,
        Encryption::Strict => EncryptionLevel::Strict,
    });
    match &target.trust {
        Trust::System => {}
        Trust::Anybody => config.trust_cert(),
        Trust::File(path) => config.trust_cert_ca(path.display()),
    }
    if let Some(name) = &target.name {
        config.hostname_in_certificate(name);
    }
    config.handshake_timeout(Some(CONNECT));
    config.command_timeout(Some(SILENCE));
    config.lossy_utf16_decoding(true);
    config
}

impl ToSql for Parameter<'_> {
    fn to_sql(&self) -> ColumnData<'_> {
        match self {
            Self::Integer(number) => ColumnData::I64(*number),
            Self::Bytes(bytes) => ColumnData::Binary(bytes.as_deref().map(Into::into)),
            Self::Text(text) => ColumnData::String(Some((&**text).into())),
        }
    }
}

/// A row of an answer.
#[derive(Debug)]
pub(crate) struct Row(tiberius::Row);

impl Row {
    /// A number, or NULL.
    pub fn integer_or_null(&self, column: usize) -> Result<Option<i64>, StoreError> {
        match self.0.get_column_data(column) {
            Ok(ColumnData::I64(number)) => Ok(*number),
            Ok(ColumnData::I32(number)) => Ok(number.map(i64::from)),
            Ok(ColumnData::U8(number)) => Ok(number.map(i64::from)),
            Ok(ColumnData::I16(number)) => Ok(number.map(i64::from)),
            Ok(ColumnData::Bit(bit)) => Ok(bit.map(i64::from)),
            _ => Err(wrong(column)),
        }
    }

    /// A number.
    pub fn integer(&self, column: usize) -> Result<i64, StoreError> {
        self.integer_or_null(column)?.ok_or_else(|| wrong(column))
    }

    /// Bytes, or NULL.
    pub fn bytes_or_null(&self, column: usize) -> Result<Option<&[u8]>, StoreError> {
        match self.0.get_column_data(column) {
            Ok(ColumnData::Binary(bytes)) => Ok(bytes.as_deref()),
            _ => Err(wrong(column)),
        }
    }

    /// Bytes.
    pub fn bytes(&self, column: usize) -> Result<&[u8], StoreError> {
        self.bytes_or_null(column)?.ok_or_else(|| wrong(column))
    }

    /// 16 bytes, or NULL.
    pub fn id_or_null(&self, column: usize) -> Result<Option<[u8; 16]>, StoreError> {
        self.bytes_or_null(column)?.map(|bytes| bytes.try_into().map_err(|_| wrong(column))).transpose()
    }

    /// 16 bytes.
    pub fn id(&self, column: usize) -> Result<[u8; 16], StoreError> {
        self.id_or_null(column)?.ok_or_else(|| wrong(column))
    }

    /// A text.
    pub fn text(&self, column: usize) -> Result<&str, StoreError> {
        match self.0.get_column_data(column) {
            Ok(ColumnData::String(Some(text))) => Ok(text),
            _ => Err(wrong(column)),
        }
    }
}

fn wrong(column: usize) -> StoreError {
    let doing = format!("column {column} of an answer is not what was asked for; are the tables those of mailflow?");
    StoreError::new(StoreErrorKind::Unusable, doing)
}
