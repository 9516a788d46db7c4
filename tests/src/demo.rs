//! [`Demo`]: `mailflow demo`, started as a newcomer starts it.

use std::process::Stdio;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::process::{Child, Command};

use crate::await_it::PATIENCE;
use crate::binary;

/// The demo, running.
pub struct Demo {
    demo: Child,
    /// Where its pages are, with a slash at the end.
    pub address: String,
    /// Who signs in.
    pub user: String,
    /// With what.
    pub password: String,
}

impl Demo {
    /// Starts it with all its mail there, on a free port.
    pub async fn start() -> Self {
        let mut demo = Command::new(binary::path())
            .args(["demo", "--fast", "--json", "--listen", "127.0.0.1:0"])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(demo.stdout.take().unwrap()).lines();
        let line = tokio::time::timeout(PATIENCE, lines.next_line()).await.unwrap().unwrap().unwrap();
        let said: Value = serde_json::from_str(&line).unwrap();
        let word = |name: &str| said[name].as_str().unwrap().to_owned();
        Self { demo, address: word("address"), user: word("user"), password: word("password") }
    }

    /// Ends it as Ctrl-C does, and returns what it said.
    pub async fn end(mut self) -> String {
        let id = self.demo.id().unwrap().to_string();
        assert!(Command::new("kill").args(["-INT", &id]).status().await.unwrap().success());
        let ended = tokio::time::timeout(PATIENCE, self.demo.wait()).await.unwrap().unwrap();
        let mut said = String::new();
        self.demo.stderr.take().unwrap().read_to_string(&mut said).await.unwrap();
        assert!(ended.success(), "{said}");
        said
    }
}
