//! The way to a server: name, connection, TLS, and a limit on every wait.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use mailflow_core::source::{MailServer, Tls};
use mailflow_core::transport::{TransportError, TransportErrorKind};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

use crate::steps::Steps;

mod patient;
mod tls;

use patient::Patient;
use tls::TlsClient;
pub use tls::client_config;

/// A connection: anything that bytes go through in both directions.
pub trait Io: AsyncRead + AsyncWrite + Send + Sync + Unpin + std::fmt::Debug {}

impl<T: AsyncRead + AsyncWrite + Send + Sync + Unpin + std::fmt::Debug> Io for T {}

/// Makes connections: TCP, or whatever a test or a proxy puts in its place.
#[async_trait]
pub trait Dial: Send + Sync + 'static {
    /// A new connection, before any TLS.
    ///
    /// # Errors
    /// [`TransportError`] of the kind [`Name`](TransportErrorKind::Name) or
    /// [`Connection`](TransportErrorKind::Connection).
    async fn dial(&self) -> Result<Box<dyn Io>, TransportError>;
}

/// A server that can be connected to.
pub(crate) struct Peer {
    dial: Arc<dyn Dial>,
    host: String,
    port: u16,
    tls: Tls,
    client: Option<TlsClient>,
    timeout: Duration,
}

impl Peer {
    /// At most so many answers are waited for until somebody is signed in.
    const SIGN_IN_ANSWERS: u32 = 8;

    /// The server as the document says it; `dial` is `None` for TCP.
    pub(crate) fn new(
        server: &MailServer,
        timeout_s: u32,
        dial: Option<Arc<dyn Dial>>,
    ) -> Result<Self, TransportError> {
        let client = match server.tls {
            Tls::None => None,
            Tls::Implicit | Tls::Upgrade => Some(TlsClient::new(server)?),
        };
        let dial =
            dial.unwrap_or_else(|| Arc::new(Tcp { host: server.host.clone(), port: server.port }) as Arc<dyn Dial>);
        let timeout = Duration::from_secs(u64::from(timeout_s.max(1)));
        Ok(Self { dial, host: server.host.clone(), port: server.port, tls: server.tls, client, timeout })
    }

    pub(crate) const fn tls(&self) -> Tls {
        self.tls
    }

    pub(crate) const fn timeout(&self) -> Duration {
        self.timeout
    }

    /// Ends a sign-in that takes longer than all of its answers may: a server that says one byte at a time must not hold
    /// us for ever.
    pub(crate) async fn limit<T>(
        &self,
        sign_in: impl Future<Output = Result<T, TransportError>>,
    ) -> Result<T, TransportError> {
        let patience = self.timeout.saturating_mul(Self::SIGN_IN_ANSWERS);
        tokio::time::timeout(patience, sign_in).await.unwrap_or_else(|_| {
            let words = format!("no sign-in within {} s", patience.as_secs());
            Err(TransportError::new(TransportErrorKind::Connection, words))
        })
    }

    /// A connection; with TLS, if that is wanted from the first byte.
    pub(crate) async fn connect(&self, steps: &mut Steps) -> Result<Box<dyn Io>, TransportError> {
        let place = format!("`{}` port {}", self.host, self.port);
        let stream = tokio::time::timeout(self.timeout, self.dial.dial()).await.map_err(|_| {
            TransportError::new(
                TransportErrorKind::Connection,
                format!("no connection to {place} within {} s", self.timeout.as_secs()),
            )
        })??;
        steps.worked("connect", place);
        let stream: Box<dyn Io> = Box::new(Patient::new(stream, self.timeout));
        match self.tls {
            Tls::Implicit => self.protect(stream, steps).await,
            Tls::Upgrade | Tls::None => Ok(stream),
        }
    }

    /// The connection with TLS around it.
    pub(crate) async fn protect(
        &self,
        stream: Box<dyn Io>,
        steps: &mut Steps,
    ) -> Result<Box<dyn Io>, TransportError> {
        let Some(client) = &self.client else {
            return Err(TransportError::new(TransportErrorKind::Setup, "no TLS is set up for this server"));
        };
        let (stream, words) = client.handshake(stream).await?;
        steps.worked("tls", words);
        Ok(stream)
    }
}

struct Tcp {
    host: String,
    port: u16,
}

#[async_trait]
impl Dial for Tcp {
    async fn dial(&self) -> Result<Box<dyn Io>, TransportError> {
        let Self { host, port } = self;
        let name_failed = || {
            TransportError::new(TransportErrorKind::Name, format!("no address for `{host}`; check the server's name"))
        };
        let addresses: Vec<_> = tokio::net::lookup_host((host.as_str(), *port))
            .await
            .map_err(|error| name_failed().because(error))?
            .collect();
        if addresses.is_empty() {
            return Err(name_failed());
        }
        let stream = TcpStream::connect(addresses.as_slice()).await.map_err(|error| {
            let words = format!("no connection to `{host}` port {port}: {error}");
            TransportError::new(TransportErrorKind::Connection, words).because(error)
        })?;
        // Commands are short and each waits for its answer.
        let _ = stream.set_nodelay(true);
        Ok(Box::new(stream))
    }
}

/// The failure of a connection that broke while `doing`.
pub(crate) fn broken(doing: &str, error: std::io::Error) -> TransportError {
    let words = match error.kind() {
        std::io::ErrorKind::TimedOut => format!("the server took too long {doing}"),
        std::io::ErrorKind::UnexpectedEof => format!("the server closed the connection {doing}"),
        _ => format!("the connection broke {doing}: {error}"),
    };
    TransportError::new(TransportErrorKind::Connection, words).because(error)
}
