//! TLS by rustls with aws-lc-rs, and how much of a certificate is checked: libpq's `sslmode`.

use std::path::PathBuf;
use std::sync::Arc;

use mailflow_core::store::{StoreError, StoreErrorKind};
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use rustls_platform_verifier::Verifier;
use tokio_postgres_rustls::MakeRustlsConnect;

/// What is checked of the server's certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Check {
    /// Nothing: the connection is encrypted, to whomever.
    Nothing,
    /// That somebody trusted has signed it.
    Signer,
    /// That, and that it is for the host that was asked for.
    SignerAndName,
}

/// TLS with this check. `roots` is a file with certificates that are trusted instead of the system's.
pub(crate) fn connector(check: Check, roots: Option<PathBuf>) -> Result<MakeRustlsConnect, StoreError> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let failed = |error: rustls::Error| StoreError::new(StoreErrorKind::Unusable, "setting TLS up").because(error);
    let strict: Option<Arc<dyn ServerCertVerifier>> = match (check, roots) {
        (Check::Nothing, _) => None,
        (_, Some(file)) => Some(trusting(&file, &provider)?),
        (_, None) => Some(Arc::new(Verifier::new(Arc::clone(&provider)).map_err(failed)?)),
    };
    let strict_name = check == Check::SignerAndName;
    let verifier: Arc<dyn ServerCertVerifier> = match strict {
        Some(strict) if strict_name => strict,
        strict => Arc::new(Lenient { strict, provider: Arc::clone(&provider) }),
    };
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(failed)?
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_no_client_auth();
    Ok(MakeRustlsConnect::new(config))
}

fn trusting(file: &std::path::Path, provider: &Arc<CryptoProvider>) -> Result<Arc<WebPkiServerVerifier>, StoreError> {
    let unusable = || {
        let doing = format!(
            "reading the certificates in `{}`, which `sslrootcert` names; it must be a file in PEM form",
            file.display()
        );
        StoreError::new(StoreErrorKind::Unusable, doing)
    };
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(file).map_err(|error| unusable().because(error))? {
        let certificate = certificate.map_err(|error| unusable().because(error))?;
        roots.add(certificate).map_err(|error| unusable().because(error))?;
    }
    WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(provider))
        .build()
        .map_err(|error| unusable().because(error))
}

/// Checks less than a strict verifier does: not the name, or nothing but that the server has the key of what it shows.
#[derive(Debug)]
struct Lenient {
    strict: Option<Arc<dyn ServerCertVerifier>>,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Lenient {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let Some(strict) = &self.strict else { return Ok(ServerCertVerified::assertion()) };
        match strict.verify_server_cert(end_entity, intermediates, name, ocsp, now) {
            // The name is looked at last.
            Err(rustls::Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) => Ok(ServerCertVerified::assertion()),
            result => result,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signed, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signed, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
