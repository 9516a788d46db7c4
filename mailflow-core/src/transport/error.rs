//! [`TransportError`]: why mail could not be fetched or sent.

/// A mail server that could not be used: a failure, with questions.
#[derive(Debug, thiserror::Error)]
#[error("{doing}")]
pub struct TransportError {
    kind: TransportErrorKind,
    doing: String,
    may_have_sent: bool,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

/// What kind of failure it was: for whoever implements a transport.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum TransportErrorKind {
    /// The name of the server cannot be resolved.
    Name,
    /// No connection, or it was lost, or the server took too long.
    Connection,
    /// No protected connection: no TLS where it is wanted, or a certificate that is not trusted.
    Tls,
    /// The server does not accept the user name or password.
    Login,
    /// The server did not do what it was asked, for now.
    Temporary,
    /// The server will not do what it was asked.
    Permanent,
    /// The server does not speak the protocol.
    Protocol,
    /// Something in our own set-up does not fit.
    Setup,
}

impl TransportError {
    /// A failure; `doing` says in words what failed and what the server said, lower case, without a full stop.
    pub fn new(kind: TransportErrorKind, doing: impl Into<String>) -> Self {
        Self { kind, doing: doing.into(), may_have_sent: false, source: None }
    }

    /// The failure with its cause.
    #[must_use]
    pub fn because(mut self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// The failure of a mail whose last byte was written: nobody knows whether the server accepted it.
    #[must_use]
    pub const fn perhaps_sent(mut self) -> Self {
        self.may_have_sent = true;
        self
    }

    /// Whether the mail may have been sent all the same: its last byte was written, and no answer was read.
    pub const fn may_have_sent(&self) -> bool {
        self.may_have_sent
    }

    /// What kind of failure it was.
    pub const fn kind(&self) -> TransportErrorKind {
        self.kind
    }

    /// Whether it may work when it is tried again without anybody changing the set-up.
    pub const fn is_transient(&self) -> bool {
        matches!(self.kind, TransportErrorKind::Name | TransportErrorKind::Connection | TransportErrorKind::Temporary)
    }
}
