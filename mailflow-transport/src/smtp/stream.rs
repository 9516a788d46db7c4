//! [`SmtpStream`]: a connection as lettre's SMTP client gets it.

use std::io::{self, ErrorKind};
use std::net::{Ipv4Addr, SocketAddr};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use lettre::transport::smtp::client::AsyncTokioStream;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::replies::Replies;
use crate::wire::Io;

/// A connection whose server speaks plainly (see [`Replies`]), says at most so much, and whose end is an error. It is
/// lent: when lettre's client is dropped, the connection is there again for TLS to be put around it.
#[derive(Debug)]
pub(super) struct SmtpStream {
    inner: Option<Box<dyn Io>>,
    home: Lender,
    replies: Replies,
    clean: Vec<u8>,
    budget: usize,
}

/// Where a lent connection comes back to.
pub(super) type Lender = Arc<Mutex<Option<Box<dyn Io>>>>;

impl SmtpStream {
    /// The most bytes that a server may say in one session.
    const BUDGET: usize = 8 << 20;

    /// Lends a connection; the server's first words are `first`, before what it says itself.
    pub(super) fn lend(inner: Box<dyn Io>, first: &[u8]) -> (Self, Lender) {
        let home = Lender::default();
        let stream = Self {
            inner: Some(inner),
            home: Arc::clone(&home),
            replies: Replies::default(),
            clean: first.to_vec(),
            budget: Self::BUDGET,
        };
        (stream, home)
    }

    fn inner(&mut self) -> io::Result<Pin<&mut Box<dyn Io>>> {
        self.inner.as_mut().map(Pin::new).ok_or_else(|| ErrorKind::NotConnected.into())
    }
}

impl Drop for SmtpStream {
    fn drop(&mut self) {
        *self.home.lock().unwrap_or_else(PoisonError::into_inner) = self.inner.take();
    }
}

impl AsyncTokioStream for SmtpStream {
    /// Nothing asks for it.
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        Ok((Ipv4Addr::UNSPECIFIED, 0).into())
    }
}

impl AsyncRead for SmtpStream {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        while self.clean.is_empty() {
            let mut raw = [0; 1024];
            let mut raw = ReadBuf::new(&mut raw);
            ready!(self.inner()?.poll_read(cx, &mut raw))?;
            let raw = raw.filled();
            if raw.is_empty() {
                return Poll::Ready(Err(ErrorKind::UnexpectedEof.into()));
            }
            let Self { replies, clean, .. } = &mut *self;
            replies.clean(raw, clean);
            self.budget = self.budget.saturating_sub(raw.len());
            if self.budget == 0 {
                return Poll::Ready(Err(io::Error::new(ErrorKind::InvalidData, "the server speaks without end")));
            }
        }
        let length = self.clean.len().min(buf.remaining());
        let rest = self.clean.split_off(length);
        buf.put_slice(&self.clean);
        self.clean = rest;
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for SmtpStream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.inner()?.poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.inner()?.poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.inner()?.poll_shutdown(cx)
    }
}
