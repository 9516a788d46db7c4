//! [`Lines`]: a connection of lines, as both servers have it.

use std::io::{self, ErrorKind};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// Anything that a server can serve.
pub(super) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

pub(super) struct Lines {
    stream: Box<dyn Stream>,
    unread: Vec<u8>,
}

impl Lines {
    /// The most bytes without an end of line or of mail.
    const MAX: usize = 64 << 20;

    pub(super) fn new(stream: Box<dyn Stream>) -> Self {
        Self { stream, unread: Vec::new() }
    }

    /// The next line, without CRLF or LF.
    pub(super) async fn line(&mut self) -> io::Result<String> {
        let mut line = self.until(b"\n").await?;
        line.pop_if(|byte| *byte == b'\n');
        line.pop_if(|byte| *byte == b'\r');
        Ok(String::from_utf8_lossy(&line).into_owned())
    }

    /// Everything up to CRLF, dot, CRLF, with the doubling of dots undone (RFC 5321 section 4.5.2).
    pub(super) async fn mail(&mut self) -> io::Result<Vec<u8>> {
        let mut mail = Vec::new();
        loop {
            let line = self.until(b"\r\n").await?;
            match line.strip_prefix(b".") {
                Some(b"\r\n") => return Ok(mail),
                Some(rest) => mail.extend_from_slice(rest),
                None => mail.extend_from_slice(&line),
            }
        }
    }

    pub(super) async fn say(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes).await?;
        self.stream.flush().await
    }

    #[cfg(feature = "servers-tls")]
    /// The connection, for TLS to be put around it. What was read ahead is forgotten.
    pub(super) fn into_stream(self) -> Box<dyn Stream> {
        self.stream
    }

    async fn until(&mut self, end: &[u8]) -> io::Result<Vec<u8>> {
        let mut searched = 0;
        loop {
            let found =
                self.unread.get(searched..).and_then(|new| new.windows(end.len()).position(|part| part == end));
            if let Some(at) = found {
                let rest = self.unread.split_off(searched + at + end.len());
                return Ok(std::mem::replace(&mut self.unread, rest));
            }
            if self.unread.len() > Self::MAX {
                return Err(ErrorKind::InvalidData.into());
            }
            searched = self.unread.len().saturating_sub(end.len() - 1);
            if self.stream.read_buf(&mut self.unread).await? == 0 {
                return Err(ErrorKind::UnexpectedEof.into());
            }
        }
    }
}

/// User and password in the response of SASL PLAIN (RFC 4616), in base64.
pub(super) fn plain_response(response: &str) -> Option<(String, String)> {
    let bytes = data_encoding::BASE64.decode(response.trim().as_bytes()).ok()?;
    let text = String::from_utf8(bytes).ok()?;
    let mut parts = text.split('\0').skip(1).map(str::to_owned);
    Some((parts.next()?, parts.next()?))
}

/// The text behind a line of base64.
pub(super) fn base64_text(line: &str) -> Option<String> {
    String::from_utf8(data_encoding::BASE64.decode(line.trim().as_bytes()).ok()?).ok()
}
