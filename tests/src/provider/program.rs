//! What both servers need: ports, and to be there before anybody asks.

use std::io;
use std::net::{Ipv4Addr, TcpListener};

use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::net::TcpStream;

use crate::await_it::until;

/// Ports that nobody listens on.
pub fn free_ports<const N: usize>() -> io::Result<[u16; N]> {
    // All are held until the last is found, so that they differ.
    let listeners: io::Result<Vec<TcpListener>> =
        (0..N).map(|_| TcpListener::bind((Ipv4Addr::LOCALHOST, 0))).collect();
    let ports: io::Result<Vec<u16>> = listeners?.iter().map(|it| Ok(it.local_addr()?.port())).collect();
    ports?.try_into().map_err(|_| io::Error::other("not so many ports"))
}

/// Waits until a server greets who connects.
pub async fn greets(port: u16, greeting: &str) {
    until(&format!("a greeting `{greeting}` on port {port}"), || async {
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await.ok()?;
        let mut line = String::new();
        BufReader::new(stream).read_line(&mut line).await.ok()?;
        line.starts_with(greeting).then_some(())
    })
    .await;
}
