//! The house keeps its order: what may know what, in mailflow-core (ARCHITECTURE.md).
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A source file of mailflow-core: its path below `src`, and its lines without comments and tests.
struct File {
    path: String,
    code: String,
}

fn core_files() -> Vec<File> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join("mailflow-core/src");
    let mut files = Vec::new();
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path: PathBuf = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|it| it == "rs") {
                let name = path.strip_prefix(&root).unwrap().to_string_lossy().into_owned();
                files.push(File { path: name, code: code_of(&fs::read_to_string(&path).unwrap()) });
            }
        }
    }
    assert!(files.len() > 50, "only {} files were looked at", files.len());
    files
}

fn code_of(text: &str) -> String {
    let before_tests = text.split("#[cfg(test)]\nmod ").next().unwrap();
    let code = before_tests.lines().filter(|line| !line.trim_start().starts_with("//"));
    code.map(|line| format!("{line}\n")).collect()
}

fn is_in(path: &str, places: &[&str]) -> bool {
    places.iter().any(|place| path.starts_with(place))
}

/// Files outside `but` that have one of these words.
fn with_words<'a>(files: &'a [File], words: &[&str], but: &[&str]) -> Vec<&'a str> {
    let has = |file: &&File| !is_in(&file.path, but) && words.iter().any(|word| file.code.contains(word));
    files.iter().filter(has).map(|file| file.path.as_str()).collect()
}

const NOBODY: [&str; 0] = [];

#[test]
fn only_what_acts_is_async() {
    let files = core_files();
    let words = ["async fn", "async move", "async {", ".await", "async_trait"];
    assert_eq!(with_words(&files, &words, &["flow/", "store/", "transport/", "time.rs"]), NOBODY);
    assert!(!with_words(&files, &words, &[]).is_empty(), "the words are those that async code has");
}

#[test]
fn only_the_clock_knows_what_time_it_is() {
    let files = core_files();
    let words = ["SystemTime::now", "Instant::now", "Utc::now", "Local::now"];
    assert_eq!(with_words(&files, &words, &["time.rs"]), NOBODY);
    assert_eq!(with_words(&files, &words, &[]), ["time.rs"]);
}

#[test]
fn the_words_know_neither_store_nor_decisions_nor_flow() {
    let files = core_files();
    let above = ["store/", "decision/", "flow/", "routing/", "access/", "transport/", "lib.rs"];
    assert_eq!(with_words(&files, &["crate::store", "crate::decision", "crate::flow"], &above), NOBODY);
}

#[test]
fn arrows_fall() {
    let files = core_files();
    for (floor, above) in [
        ("mail/", &["crate::decision", "crate::flow", "crate::store", "crate::routing", "crate::directory"][..]),
        ("routing/", &["crate::decision", "crate::flow"]),
        ("access/", &["crate::decision", "crate::flow"]),
        ("store/", &["crate::decision", "crate::flow", "crate::routing"]),
        ("transport/", &["crate::decision", "crate::flow", "crate::store"]),
        ("decision/", &["crate::flow"]),
    ] {
        let climbing: Vec<&str> =
            with_words(&files, above, &[]).into_iter().filter(|path| path.starts_with(floor)).collect();
        assert_eq!(climbing, NOBODY, "{floor} knows what is above it");
    }
}

#[test]
fn a_line_that_breaks_a_rule_is_seen() {
    let code = "//! .await in words\nuse crate::flow::Error;\nfn f() { Instant::now(); }\n";
    let file = File { path: "ticket.rs".to_owned(), code: code_of(code) };
    assert_eq!(with_words(std::slice::from_ref(&file), &["crate::flow"], &["flow/"]), ["ticket.rs"]);
    assert_eq!(with_words(std::slice::from_ref(&file), &[".await"], &[]), NOBODY, "a comment is no code");
    assert_eq!(with_words(&[file], &["Instant::now"], &["time.rs"]), ["ticket.rs"]);
}

#[test]
fn core_stays_lean() {
    let crates = tree("mailflow-core");
    assert!(crates.len() <= 60, "{} crates: {crates:?}", crates.len());
    for heavy in ["rusqlite", "sqlx", "tiberius", "rustls", "openssl", "axum", "hyper", "lettre"] {
        assert!(!crates.contains(heavy), "{heavy}");
    }
    assert!(crates.contains("serde"), "the tree was read");
    assert!(tree("mailflow-store-sqlite").contains("rusqlite"), "and so is that of others");
}

#[test]
fn one_crypto_provider_is_linked_and_no_openssl() {
    let crates = tree("mailflow-helpdesk");
    for unwanted in ["ring", "openssl", "openssl-sys", "native-tls"] {
        assert!(!crates.contains(unwanted), "{unwanted}");
    }
    assert!(crates.contains("rustls") && crates.contains("aws-lc-rs"));
}

/// The crates that a package is built of, itself without.
fn tree(package: &str) -> BTreeSet<String> {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(["tree", "--offline", "--edges", "normal", "--prefix", "none", "--package", package]);
    let said = command.current_dir(env!("CARGO_MANIFEST_DIR")).output().unwrap();
    assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
    let text = String::from_utf8(said.stdout).unwrap();
    let names = text.lines().filter_map(|line| line.split(' ').next()).filter(|name| !name.is_empty());
    names.filter(|name| *name != package).map(str::to_owned).collect()
}
