//! [`DeskServer`]: `mailflow serve`, started as its owner starts it, and plain HTTP to talk with it.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};

use crate::await_it::PATIENCE;
use crate::binary;

/// A desk in a file of its own, served.
pub struct DeskServer {
    server: Child,
    /// Where it listens.
    pub address: String,
    /// The password of `admin`.
    pub password: String,
    /// The desk's file.
    pub file: PathBuf,
    _folder: TempDir,
}

/// An answer.
#[derive(Debug)]
pub struct Reply {
    /// Its status.
    pub status: u16,
    /// Its head, as it came.
    pub head: String,
    /// What follows.
    pub body: String,
}

impl Reply {
    /// The value of a header; empty if it is not there.
    pub fn header(&self, name: &str) -> &str {
        let mut lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.find(|(known, _)| known.eq_ignore_ascii_case(name)).map_or("", |(_, value)| value)
    }

    /// The session's cookie that it sets.
    pub fn cookie(&self) -> String {
        self.header("set-cookie").split(';').next().unwrap_or_default().to_owned()
    }
}

/// Serves a desk on a free port. Returns the program, and where it listens.
async fn serve(file: &Path, more: &[&str]) -> (Child, String) {
    let mut server = Command::new(binary::path())
        .args(["serve", "--listen", "127.0.0.1:0", "--db"])
        .arg(file)
        .args(more)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut said = BufReader::new(server.stderr.take().unwrap()).lines();
    let address = loop {
        let line = tokio::time::timeout(PATIENCE, said.next_line()).await.unwrap().unwrap();
        if let Some((_, rest)) = line.expect("it serves").split_once("http://") {
            break rest.split('/').next().unwrap().to_owned();
        }
    };
    // Nobody reads it, and it must not fill up.
    tokio::spawn(async move { while let Ok(Some(_)) = said.next_line().await {} });
    (server, address)
}

impl DeskServer {
    /// Makes a desk and serves it on a free port, with these arguments more.
    pub async fn start(more: &[&str]) -> Self {
        Self::start_in(tempfile::tempdir().unwrap(), more).await
    }

    /// Serves the desk in `desk.db` in a folder for the first time, with these arguments more.
    pub async fn start_in(folder: TempDir, more: &[&str]) -> Self {
        let file = folder.path().join("desk.db");
        let (mut server, address) = serve(&file, more).await;
        let mut printed = BufReader::new(server.stdout.take().unwrap()).lines();
        let password = tokio::time::timeout(PATIENCE, printed.next_line()).await.unwrap().unwrap().unwrap();
        Self { server, address, password, file, _folder: folder }
    }

    /// Serves a desk that is in a database already, which a URL names, with these arguments more. Whoever made the desk
    /// knows its password.
    pub async fn start_on(database: &str, more: &[&str]) -> Self {
        let file = PathBuf::from(database);
        let (server, address) = serve(&file, more).await;
        Self { server, address, password: String::new(), file, _folder: tempfile::tempdir().unwrap() }
    }

    /// Kills it.
    pub async fn kill(&mut self) {
        self.server.kill().await.unwrap();
    }

    /// Ends it as Ctrl-C does, so that a command can have the file.
    pub async fn stop(&mut self) {
        let id = self.server.id().unwrap().to_string();
        assert!(Command::new("kill").args(["-INT", &id]).status().await.unwrap().success());
        let ended = tokio::time::timeout(PATIENCE, self.server.wait()).await.unwrap().unwrap();
        assert!(ended.success());
    }

    /// Serves the same desk again, with these arguments more.
    pub async fn start_again(&mut self, more: &[&str]) {
        (self.server, self.address) = serve(&self.file, more).await;
    }

    /// Sends a request and reads the answer to its end.
    pub async fn ask(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Reply {
        ask_at(&self.address, method, path, headers, body).await
    }

    /// Sends a request; what comes back can be read as it comes.
    pub async fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> TcpStream {
        send_to(&self.address, method, path, headers, body).await
    }

    /// A page, as a browser with this cookie loads it.
    pub async fn get(&self, path: &str, cookie: &str) -> Reply {
        self.ask("GET", path, &[("Cookie", cookie)], "").await
    }

    /// A form, as a browser with this cookie sends it from our own page.
    pub async fn post(&self, path: &str, cookie: &str, form: &str) -> Reply {
        let form_type = ("Content-Type", "application/x-www-form-urlencoded");
        self.ask("POST", path, &[("Cookie", cookie), form_type, ("Sec-Fetch-Site", "same-origin")], form).await
    }

    /// Signs `admin` in, and returns the cookie.
    pub async fn sign_in(&self) -> String {
        let entered = self.post("/sign-in", "", &format!("user=admin&password={}", self.password)).await;
        assert_eq!(entered.status, 303, "{entered:?}");
        entered.cookie()
    }

    /// Whether it still runs.
    pub fn runs(&mut self) -> bool {
        self.server.try_wait().is_ok_and(|ended| ended.is_none())
    }
}

/// Sends a request to a server at an address such as `127.0.0.1:80`, and reads the answer to its end.
pub async fn ask_at(address: &str, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Reply {
    let mut stream = send_to(address, method, path, headers, body).await;
    let mut bytes = Vec::new();
    tokio::time::timeout(PATIENCE, stream.read_to_end(&mut bytes)).await.unwrap().unwrap();
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no answer to {method} {path}: {text}"));
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    Reply { status, head: head.to_owned(), body: body.to_owned() }
}

async fn send_to(address: &str, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> TcpStream {
    let mut request = format!(
        "{method} {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nContent-Length: {}\r\n",
        body.len()
    );
    for (name, value) in headers {
        request.push_str(&format!("{name}: {value}\r\n"));
    }
    request.push_str("\r\n");
    request.push_str(body);
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    stream
}

/// Reads a stream until these words have come, and returns all that came.
pub async fn read_until(stream: &mut TcpStream, words: &str) -> String {
    let mut text = String::new();
    let mut buffer = [0; 4096];
    while !text.contains(words) {
        let read = tokio::time::timeout(PATIENCE, stream.read(&mut buffer)).await.unwrap().unwrap();
        assert!(read > 0, "it ended before `{words}` came: {text}");
        text.push_str(&String::from_utf8_lossy(&buffer[..read]));
    }
    text
}

/// Reads a stream to its end.
pub async fn read_to_end(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    tokio::time::timeout(PATIENCE, stream.read_to_end(&mut bytes)).await.expect("it ends").unwrap();
    String::from_utf8_lossy(&bytes).into_owned()
}
