//! [`TlsClient`]: TLS by rustls with aws-lc-rs, certificates judged by the system.

use std::sync::Arc;

use mailflow_core::source::MailServer;
use mailflow_core::transport::{TransportError, TransportErrorKind};
use rustls::ClientConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls_platform_verifier::Verifier;
use tokio_rustls::TlsConnector;

use super::Io;

pub(super) struct TlsClient {
    connector: TlsConnector,
    name: ServerName<'static>,
}

impl TlsClient {
    /// TLS to this server: its name is checked against its certificate, always.
    pub(super) fn new(server: &MailServer) -> Result<Self, TransportError> {
        let host = &server.host;
        let setup = |words: String| TransportError::new(TransportErrorKind::Setup, words);
        let name = ServerName::try_from(host.clone())
            .map_err(|error| setup(format!("`{host}` is no name that a certificate can be for")).because(error))?;
        let config = client_config(server.trusted_certificate.as_deref())?;
        Ok(Self { connector: TlsConnector::from(config), name })
    }

    /// TLS around a connection, and in words which.
    pub(super) async fn handshake(&self, stream: Box<dyn Io>) -> Result<(Box<dyn Io>, String), TransportError> {
        let stream = self.connector.connect(self.name.clone(), stream).await.map_err(|error| {
            let words = format!("no protected connection to `{}`: {error}", self.name.to_str());
            let is_tls = error.get_ref().is_some_and(|inner| inner.is::<rustls::Error>());
            let kind = if is_tls { TransportErrorKind::Tls } else { TransportErrorKind::Connection };
            TransportError::new(kind, words).because(error)
        })?;
        let version =
            stream.get_ref().1.protocol_version().map_or_else(String::new, |version| format!("{version:?}"));
        Ok((Box::new(stream), version))
    }
}

/// What a TLS client believes: certificates that the system trusts, and one more, in PEM form.
///
/// # Errors
/// [`TransportErrorKind::Setup`] if that one is no certificate.
pub fn client_config(trusted: Option<&str>) -> Result<Arc<ClientConfig>, TransportError> {
    let setup = |words: String| TransportError::new(TransportErrorKind::Setup, words);
    let extra = match trusted {
        None => Vec::new(),
        Some(pem) => CertificateDer::pem_slice_iter(pem.as_bytes())
            .collect::<Result<Vec<_>, _>>()
            .map_err(|error| setup("the trusted certificate is not in PEM form".to_owned()).because(error))?,
    };
    if trusted.is_some() && extra.is_empty() {
        return Err(setup("the trusted certificate holds no certificate; it begins with `-----BEGIN`".to_owned()));
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let wrong = |error: rustls::Error| setup(format!("TLS cannot be set up: {error}")).because(error);
    let verifier = Verifier::new_with_extra_roots(extra, Arc::clone(&provider)).map_err(wrong)?;
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(wrong)?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth();
    Ok(Arc::new(config))
}
