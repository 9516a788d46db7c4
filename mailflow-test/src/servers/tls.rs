//! [`Authority`]: a certificate authority for the occasion.

use std::io;
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, KeyUsagePurpose};
use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio_rustls::TlsAcceptor;

use super::lines::Stream;

/// A certificate authority that nobody trusts who is not told to, and a server certificate of it.
#[derive(Clone)]
pub struct Authority {
    made: Made,
    acceptor: TlsAcceptor,
}

impl Authority {
    /// An authority, and a certificate for the names of a server, such as `localhost` or `127.0.0.1`.
    ///
    /// # Errors
    /// [`io::Error`] if the certificate cannot be made, such as for a name that is none.
    pub fn for_names(names: &[&str]) -> io::Result<Self> {
        let (made, chain, key) = make(names).map_err(io::Error::other)?;
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, key))
            .map_err(io::Error::other)?;
        Ok(Self { made, acceptor: TlsAcceptor::from(Arc::new(config)) })
    }

    /// The authority's certificate, in PEM form: what a client has to trust.
    pub fn pem(&self) -> &str {
        &self.made.authority
    }

    /// The server's certificate, in PEM form, for a server outside this process.
    pub fn server_certificate_pem(&self) -> &str {
        &self.made.certificate
    }

    /// The server's private key, in PEM form, for a server outside this process.
    pub fn server_key_pem(&self) -> &str {
        &self.made.key
    }

    pub(super) async fn protect(&self, stream: Box<dyn Stream>) -> io::Result<Box<dyn Stream>> {
        Ok(Box::new(self.acceptor.accept(stream).await?))
    }
}

impl std::fmt::Debug for Authority {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Authority")
    }
}

/// Everything that was made, in PEM form.
#[derive(Clone)]
struct Made {
    authority: String,
    certificate: String,
    key: String,
}

type ForRustls = (Made, Vec<rustls::pki_types::CertificateDer<'static>>, PrivateKeyDer<'static>);

fn make(names: &[&str]) -> Result<ForRustls, rcgen::Error> {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    params.distinguished_name.push(DnType::CommonName, "mailflow test authority");
    let authority = CertifiedIssuer::self_signed(params, KeyPair::generate()?)?;
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let key = KeyPair::generate()?;
    let certificate = CertificateParams::new(names)?.signed_by(&key, &authority)?;
    let der = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let made = Made { authority: authority.pem(), certificate: certificate.pem(), key: key.serialize_pem() };
    Ok((made, vec![certificate.der().clone()], der))
}
