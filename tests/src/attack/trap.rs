//! [`Trap`]: what another machine would be, and who has asked it.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// A server that notes which numbers it was asked for.
pub struct Trap {
    /// What a number is put behind.
    pub address: String,
    caught: Arc<Mutex<BTreeSet<String>>>,
}

impl Trap {
    /// Begins to listen.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}/", listener.local_addr().unwrap());
        let caught: Arc<Mutex<BTreeSet<String>>> = Arc::default();
        let notes = caught.clone();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let notes = notes.clone();
                tokio::spawn(async move {
                    let mut bytes = vec![0; 16 << 10];
                    let read = stream.read(&mut bytes).await.unwrap_or(0);
                    // A connection without a request has called home too.
                    let asked = String::from_utf8_lossy(bytes.get(..read).unwrap_or_default()).into_owned();
                    notes.lock().unwrap().insert(asked.split(' ').nth(1).unwrap_or("nothing").to_owned());
                    let _ = stream.write_all(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n").await;
                });
            }
        });
        Self { address, caught }
    }

    /// The paths that it was asked for since this was called before.
    pub fn take(&self) -> BTreeSet<String> {
        std::mem::take(&mut *self.caught.lock().unwrap())
    }
}
