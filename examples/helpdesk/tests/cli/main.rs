//! The real `mailflow` binary as scripts use it: exit codes, shapes, and whole conversations without a mail server.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test fails by panicking"
)]

mod conversation;
mod databases;
mod habits;
mod machines;
mod mail;
mod migration;
mod once;
mod places;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use mail::Mail;

/// How a command ended.
struct Ended {
    code: i32,
    stdout: String,
    stderr: String,
}

impl Ended {
    fn of(output: Output) -> Self {
        Self {
            code: output.status.code().expect("it ended by itself"),
            stdout: String::from_utf8(output.stdout).expect("stdout is text"),
            stderr: String::from_utf8(output.stderr).expect("stderr is text"),
        }
    }

    /// Each line of stdout as JSON.
    fn lines(&self) -> Vec<Value> {
        let parsed = |line: &str| serde_json::from_str(line).unwrap_or_else(|_| panic!("no JSON: {line}"));
        self.stdout.lines().map(parsed).collect()
    }

    /// The one JSON value on stdout of a command that did everything.
    fn value(&self) -> Value {
        assert_eq!(self.code, 0, "{}", self.stderr);
        let mut lines = self.lines();
        assert_eq!(lines.len(), 1, "{}", self.stdout);
        lines.remove(0)
    }
}

/// A folder with a desk's file and mails in it.
struct Office {
    folder: TempDir,
    addresses: Vec<&'static str>,
    files: usize,
}

impl Office {
    /// A desk with these addresses, made by the first ingestion.
    fn new(addresses: &[&'static str]) -> Self {
        Self { folder: tempfile::tempdir().unwrap(), addresses: addresses.to_vec(), files: 0 }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, bytes).unwrap();
        path
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_mailflow"));
        command.args(arguments).current_dir(self.folder.path()).env("NO_COLOR", "1");
        command
    }

    /// Runs a command in the folder.
    fn run(&self, arguments: &[&str]) -> Ended {
        Ended::of(self.command(arguments).output().unwrap())
    }

    /// Runs a command that reads this.
    fn run_with(&self, arguments: &[&str], stdin: &[u8]) -> Ended {
        let mut command = self.command(arguments);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        // A command that ends for another reason does not read to the end.
        match child.stdin.take().unwrap().write_all(stdin) {
            Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => panic!("{error}"),
            _ => {}
        }
        Ended::of(child.wait_with_output().unwrap())
    }

    /// Takes mails in and returns the line of each, and the summary.
    fn take_all(&mut self, mails: &[Mail]) -> (Vec<Value>, Value) {
        let mut arguments: Vec<String> = ["ingest", "--db", "desk.db", "--each"].map(str::to_owned).to_vec();
        for address in &self.addresses {
            arguments.extend(["--address".to_owned(), (*address).to_owned()]);
        }
        for mail in mails {
            self.files += 1;
            let name = format!("{:04}.eml", self.files);
            self.write(&name, mail.bytes());
            arguments.push(name);
        }
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let ended = self.run(&arguments);
        assert_eq!(ended.code, 0, "{}", ended.stderr);
        let mut lines = ended.lines();
        let summary = lines.pop().unwrap();
        assert_eq!(lines.len(), mails.len());
        (lines, summary)
    }

    /// Takes one mail in and returns its line.
    fn take(&mut self, mail: Mail) -> Value {
        self.take_all(&[mail]).0.remove(0)
    }

    /// Answers a ticket, and returns what is said of the answer, with the exact mail.
    fn reply(&self, ticket: u64) -> Value {
        let number = ticket.to_string();
        let words = "We look into it.";
        self.run(&["ticket", "reply", "--db", "desk.db", &number, "--text", words, "--eml", "--json"]).value()
    }

    fn show(&self, ticket: u64) -> Value {
        self.run(&["ticket", "show", "--db", "desk.db", "--json", &ticket.to_string()]).value()
    }
}

/// The corpus of real mails.
fn corpus(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/corpus").join(name)
}
