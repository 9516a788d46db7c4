//! [`Line`]: the line between one server and the database, which can be cut and held.

use std::path::PathBuf;
use std::sync::Arc;

use mailflow_test::postgres::Database;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// How a line is.
#[derive(Debug, Clone, Copy, Default)]
struct State {
    /// How often it was cut.
    cuts: u64,
    /// Nothing passes, and nobody is told.
    held: bool,
}

/// The line between one server and the database.
pub struct Line {
    folder: TempDir,
    url: String,
    state: Arc<watch::Sender<State>>,
    task: JoinHandle<()>,
}

impl Line {
    /// A line to a database. What goes over it says that it is of this server.
    pub fn to(database: &Database, server: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let listener = UnixListener::bind(folder.path().join(".s.PGSQL.5432")).unwrap();
        let url = format!(
            "postgres://postgres@/{}?host={}&sslmode=disable&application_name={server}",
            database.name(),
            folder.path().display()
        );
        let state = Arc::new(watch::Sender::new(State::default()));
        let task = tokio::spawn(accept(listener, database.socket(), Arc::clone(&state)));
        Self { folder, url, state, task }
    }

    /// Where the server finds the database.
    pub fn url(&self) -> &str {
        debug_assert!(self.folder.path().exists());
        &self.url
    }

    /// Cuts all connections.
    pub fn cut(&self) {
        self.state.send_modify(|state| state.cuts += 1);
    }

    /// From now on nothing passes.
    pub fn hold(&self) {
        self.state.send_modify(|state| state.held = true);
    }

    /// What was held back passes.
    pub fn mend(&self) {
        self.state.send_modify(|state| state.held = false);
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn accept(listener: UnixListener, socket: PathBuf, state: Arc<watch::Sender<State>>) {
    while let Ok((client, _)) = listener.accept().await {
        let (socket, mut state) = (socket.clone(), state.subscribe());
        tokio::spawn(async move {
            // The database may be away.
            let Ok(server) = UnixStream::connect(socket).await else { return };
            let (from_client, to_client) = client.into_split();
            let (from_server, to_server) = server.into_split();
            let cuts = state.borrow().cuts;
            let held = state.clone();
            tokio::select! {
                () = pass(from_client, to_server, held.clone()) => {}
                () = pass(from_server, to_client, held) => {}
                _ = state.wait_for(|state| state.cuts != cuts) => {}
            }
        });
    }
}

async fn pass(
    mut from: tokio::net::unix::OwnedReadHalf,
    mut to: tokio::net::unix::OwnedWriteHalf,
    mut state: watch::Receiver<State>,
) {
    let mut bytes = vec![0; 1 << 16];
    while let Ok(length) = from.read(&mut bytes).await {
        if length == 0 || state.wait_for(|state| !state.held).await.is_err() {
            return;
        }
        if to.write_all(&bytes[..length]).await.is_err() {
            return;
        }
    }
}
