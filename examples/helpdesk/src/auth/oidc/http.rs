//! JSON over HTTPS to the provider: one request on one connection, with limits, and no redirects.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::http::{Method, Request, StatusCode, Uri, header};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::ClientConfig;
use tokio_rustls::rustls::pki_types::ServerName;

use super::Trouble;

/// How long the provider may take for one answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// The most bytes of an answer.
const LONGEST: usize = 512 << 10;

/// Asks a provider. Clones are cheap.
#[derive(Clone)]
pub struct Client {
    tls: Arc<ClientConfig>,
    /// Whether the provider is on this machine, and may be asked without TLS.
    plain: bool,
}

/// What is sent beside the address.
#[derive(Default)]
pub struct Sent<'a> {
    /// `Authorization`.
    pub authorization: Option<&'a str>,
    /// A form.
    pub form: Option<&'a str>,
}

impl Client {
    /// A client for the provider with this issuer, which may have an authority of its own.
    ///
    /// # Errors
    /// [`Trouble::Setup`] if the certificate is none.
    pub fn new(issuer: &str, trusted: Option<&str>) -> Result<Self, Trouble> {
        let tls = mailflow_transport::client_config(trusted).map_err(|error| Trouble::Setup(error.to_string()))?;
        Ok(Self { tls, plain: issuer.starts_with("http://") })
    }

    /// The status and the JSON that an address answers with.
    ///
    /// # Errors
    /// [`Trouble::Unavailable`] if it does not answer, or not with JSON.
    pub async fn ask(&self, url: &str, sent: Sent<'_>) -> Result<(StatusCode, Value), Trouble> {
        let asked = tokio::time::timeout(PATIENCE, self.exchange(url, sent)).await;
        let why = match asked {
            Ok(Ok(answer)) => return Ok(answer),
            Ok(Err(why)) => why,
            Err(_) => format!("no answer within {} s", PATIENCE.as_secs()),
        };
        Err(Trouble::Unavailable(format!("`{url}`: {why}")))
    }

    async fn exchange(&self, url: &str, sent: Sent<'_>) -> Result<(StatusCode, Value), String> {
        let uri: Uri = url.parse().map_err(|_| "it is no address".to_owned())?;
        let host = uri.host().ok_or("it names no host")?.to_owned();
        let bare = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        let here = matches!(bare.as_str(), "localhost" | "127.0.0.1" | "::1");
        let protected = match uri.scheme_str() {
            Some("https") => true,
            Some("http") if self.plain && here => false,
            _ => return Err("it is not protected; https:// is needed".to_owned()),
        };
        let port = uri.port_u16().unwrap_or(if protected { 443 } else { 80 });
        let request = request(&uri, &sent)?;
        let stream = TcpStream::connect((bare.as_str(), port)).await.map_err(|error| error.to_string())?;
        let (status, bytes) = if protected {
            let name = ServerName::try_from(bare).map_err(|error| error.to_string())?;
            let stream = TlsConnector::from(Arc::clone(&self.tls)).connect(name, stream).await;
            talk(TokioIo::new(stream.map_err(|error| format!("no TLS: {error}"))?), request).await?
        } else {
            talk(TokioIo::new(stream), request).await?
        };
        if status.is_redirection() {
            return Err(format!("it leads elsewhere ({status}); enter the issuer as the provider writes it"));
        }
        // Answers of other servers, such as a proxy, are no JSON.
        serde_json::from_slice(&bytes)
            .map(|value| (status, value))
            .map_err(|_| format!("it answers {status}, and not with JSON"))
    }
}

fn request(uri: &Uri, sent: &Sent<'_>) -> Result<Request<Full<Bytes>>, String> {
    let path = uri.path_and_query().map_or("/", |it| it.as_str());
    let authority = uri.authority().map_or("", |it| it.as_str());
    let method = if sent.form.is_some() { Method::POST } else { Method::GET };
    let mut request = Request::builder()
        .method(method)
        .uri(path)
        .header(header::HOST, authority)
        .header(header::ACCEPT, "application/json")
        .header(header::USER_AGENT, "mailflow")
        .header(header::CONNECTION, "close");
    if let Some(authorization) = sent.authorization {
        request = request.header(header::AUTHORIZATION, authorization);
    }
    if sent.form.is_some() {
        request = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    }
    let body = Full::new(Bytes::copy_from_slice(sent.form.unwrap_or_default().as_bytes()));
    request.body(body).map_err(|error| error.to_string())
}

async fn talk<S>(stream: S, request: Request<Full<Bytes>>) -> Result<(StatusCode, Bytes), String>
where
    S: hyper::rt::Read + hyper::rt::Write + Unpin + Send + 'static,
{
    let words = |error: hyper::Error| error.to_string();
    let (mut sender, connection) = hyper::client::conn::http1::handshake(stream).await.map_err(words)?;
    // It ends with the answer, or with this future: whoever waits for it is told when it breaks.
    let driven = tokio::spawn(connection);
    let _end = Ends(driven.abort_handle());
    let answer = sender.send_request(request).await.map_err(words)?;
    let status = answer.status();
    let body = Limited::new(answer.into_body(), LONGEST).collect().await.map_err(|error| error.to_string())?;
    Ok((status, body.to_bytes()))
}

/// Ends a connection when nobody waits for it any more.
struct Ends(tokio::task::AbortHandle);

impl Drop for Ends {
    fn drop(&mut self) {
        self.0.abort();
    }
}
