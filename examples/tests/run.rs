//! Each example runs as it stands, says what it should, and ends.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::process::Command;

fn run(program: &str) -> String {
    let output = Command::new(program).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{said}\n{}", String::from_utf8_lossy(&output.stderr));
    said
}

#[test]
fn embed_answers_a_ticket() {
    let said = run(env!("CARGO_BIN_EXE_embed"));
    assert!(said.contains("#1") && said.contains("Help"), "{said}");
    assert!(said.contains("sent: 1"), "{said}");
}

#[test]
fn embed_is_as_short_as_it_says() {
    assert!(include_str!("../src/bin/embed.rs").lines().count() <= 26);
}

#[test]
fn folder_writes_its_answer() {
    let said = run(env!("CARGO_BIN_EXE_folder"));
    assert!(said.contains("Help: It is broken.\n"), "{said}");
    assert!(said.contains("1 of 1 answers"), "{said}");
}

#[test]
fn own_transport_prints_the_answer() {
    let said = run(env!("CARGO_BIN_EXE_own_transport"));
    assert!(said.contains("Subject: Re: Help [#1]") && said.contains("We are on it."), "{said}");
}

#[test]
fn own_store_keeps_the_rules() {
    let said = run(env!("CARGO_BIN_EXE_own_store"));
    assert!(said.contains("kept: a stale version refuses the whole changeset"), "{said}");
}

#[test]
fn own_login_lets_in_whom_it_knows() {
    let said = run(env!("CARGO_BIN_EXE_own_login"));
    assert_eq!(said, "no: user name or password is wrong\nGrace Hopper is in\n");
}
