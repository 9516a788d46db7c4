//! [`Cut`]: a connection that ends after so many bytes.

use std::io::{self, ErrorKind};
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// A connection that breaks after a number of bytes in a direction: the bytes before still arrive, the ones after never.
/// For the one who holds it, reading ends and writing fails; or, if it is [`stalling`](Self::stalling), nothing happens
/// any more.
#[derive(Debug)]
pub struct Cut<S> {
    inner: S,
    read_left: u64,
    write_left: u64,
    broken: bool,
    stalls: bool,
}

impl<S> Cut<S> {
    /// A connection that does not break.
    pub const fn never(inner: S) -> Self {
        Self { inner, read_left: u64::MAX, write_left: u64::MAX, broken: false, stalls: false }
    }

    /// Breaks after so many bytes were read from it.
    #[must_use]
    pub const fn after_reading(mut self, bytes: u64) -> Self {
        self.read_left = bytes;
        self
    }

    /// Where it would break, nothing happens any more.
    #[must_use]
    pub const fn stalling(mut self) -> Self {
        self.stalls = true;
        self
    }

    fn end<T>(&mut self, end: io::Result<T>) -> Poll<io::Result<T>> {
        self.broken = true;
        if self.stalls { Poll::Pending } else { Poll::Ready(end) }
    }

    /// Breaks after so many bytes were written to it.
    #[must_use]
    pub const fn after_writing(mut self, bytes: u64) -> Self {
        self.write_left = bytes;
        self
    }
}

fn allowed(left: u64, wanted: usize) -> usize {
    usize::try_from(left).unwrap_or(usize::MAX).min(wanted)
}

fn used(left: u64, bytes: usize) -> u64 {
    left.saturating_sub(u64::try_from(bytes).unwrap_or(u64::MAX))
}

impl<S: AsyncRead + Unpin> AsyncRead for Cut<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if self.broken || self.read_left == 0 {
            return self.end(Ok(()));
        }
        let allowed = allowed(self.read_left, buf.remaining());
        let mut part = vec![0; allowed];
        let mut part = ReadBuf::new(&mut part);
        std::task::ready!(Pin::new(&mut self.inner).poll_read(cx, &mut part))?;
        self.read_left = used(self.read_left, part.filled().len());
        buf.put_slice(part.filled());
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Cut<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let allowed = allowed(self.write_left, buf.len());
        let Some(part) = buf.get(..allowed).filter(|part| !part.is_empty() && !self.broken) else {
            return self.end(Err(ErrorKind::ConnectionReset.into()));
        };
        let written = std::task::ready!(Pin::new(&mut self.inner).poll_write(cx, part))?;
        self.write_left = used(self.write_left, written);
        Poll::Ready(Ok(written))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}
