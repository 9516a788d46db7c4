//! What a browser does with addresses that lead from one server to another: one request, its answer, no redirect followed.

use std::sync::Arc;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::ServerName;

use crate::await_it::PATIENCE;
use crate::desk_server::Reply;

trait Io: AsyncRead + AsyncWrite + Unpin {}

impl<T: AsyncRead + AsyncWrite + Unpin> Io for T {}

/// A request to an address with `http://` or `https://`, whose authority is trusted.
pub async fn ask(
    (method, url): (&str, &str),
    trusted: Option<&str>,
    headers: &[(&str, &str)],
    body: &str,
) -> Option<Reply> {
    let (scheme, rest) = url.split_once("://").expect("an address");
    let (authority, path) = rest.find('/').map_or((rest, "/"), |at| rest.split_at(at));
    let stream = TcpStream::connect(authority).await.ok()?;
    let mut stream: Box<dyn Io> = match scheme {
        "https" => {
            let config = mailflow_transport::client_config(trusted).unwrap();
            let host = authority.split(':').next().unwrap().to_owned();
            let name = ServerName::try_from(host).unwrap();
            Box::new(TlsConnector::from(Arc::clone(&config)).connect(name, stream).await.ok()?)
        }
        _ => Box::new(stream),
    };
    let mut request = format!(
        "{method} {path} HTTP/1.1\r\nHost: {authority}\r\nConnection: close\r\nContent-Length: {}\r\n",
        body.len()
    );
    for (name, value) in headers {
        request.push_str(&format!("{name}: {value}\r\n"));
    }
    request.push_str("\r\n");
    request.push_str(body);
    stream.write_all(request.as_bytes()).await.ok()?;
    let mut bytes = Vec::new();
    // Some servers end TLS without saying so.
    let _ = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut bytes)).await.unwrap();
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let (head, body) = text.split_once("\r\n\r\n")?;
    let status = head.split(' ').nth(1)?.parse().ok()?;
    Some(Reply { status, head: head.to_owned(), body: body.to_owned() })
}

/// The cookies that an answer sets, as a browser sends them back.
pub fn cookies(reply: &Reply) -> String {
    let set = reply.head.lines().filter_map(|line| line.split_once(": "));
    let set = set.filter(|(name, _)| name.eq_ignore_ascii_case("set-cookie"));
    set.filter_map(|(_, value)| value.split(';').next()).collect::<Vec<_>>().join("; ")
}

/// A text as a part of a query or form.
pub fn encode(text: &str) -> String {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(byte);
    text.bytes().map(|it| if plain(&it) { char::from(it).to_string() } else { format!("%{it:02X}") }).collect()
}
