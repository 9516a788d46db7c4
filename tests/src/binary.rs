//! The `mailflow` binary, as people start it.

use std::ffi::OsStr;
use std::path::PathBuf;
use std::process::{Command, Output};

/// Where the binary is: where `MAILFLOW_BIN` says, else beside the tests, built if it is not there.
pub fn path() -> PathBuf {
    if let Some(path) = std::env::var_os("MAILFLOW_BIN") {
        return path.into();
    }
    let own = std::env::current_exe().unwrap();
    let folder = own.parent().unwrap();
    let folder = if folder.ends_with("deps") { folder.parent().unwrap() } else { folder };
    let path = folder.join("mailflow");
    // Cargo builds it only for tests of its own package. It may be older than its source: so it is asked for each time.
    let mut build = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    build.args(["build", "--quiet", "--package", "mailflow-helpdesk", "--bin", "mailflow"]);
    if folder.ends_with("release") {
        build.arg("--release");
    }
    assert!(build.status().unwrap().success(), "the mailflow binary could not be built");
    path
}

/// Runs it to its end.
pub fn mailflow<A: AsRef<OsStr>>(arguments: impl IntoIterator<Item = A>) -> Output {
    Command::new(path()).args(arguments).output().unwrap()
}
