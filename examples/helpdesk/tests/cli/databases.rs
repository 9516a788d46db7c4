//! `--db` with a URL: what works, and what is said where it does not.

use mailflow_test::postgres::{Database, is_there};

use super::mail::Mail;
use super::{Ended, Office};

fn calls(office: &Office, database: &str, words: &[&str]) -> Ended {
    let mut arguments: Vec<&str> = words.iter().copied().take(2).collect();
    arguments.extend(["--db", database]);
    arguments.extend(words.iter().copied().skip(2));
    office.run(&arguments)
}

/// A desk with one ticket in a database of PostgreSQL.
fn desk(office: &Office, database: &Database) {
    office.write("1.eml", Mail::new("a@one.example", "support@mf.example", "x").bytes());
    let url = database.url();
    let ended = office.run(&["ingest", "--db", &url, "--address", "support@mf.example", "1.eml"]);
    assert_eq!(ended.code, 0, "{}", ended.stderr);
}

#[test]
fn every_command_takes_a_desk_in_postgresql() {
    if !is_there() {
        return;
    }
    let (office, database) = (Office::new(&[]), Database::fresh());
    desk(&office, &database);
    let url = database.url();
    for (words, shown) in [
        (&["ticket", "list"][..], "x"),
        (&["ticket", "show", "1"], "a@one.example"),
        (&["ticket", "reply", "1", "--text", "Yes.", "--eml"], "Yes."),
        (&["agent", "list"], "admin"),
        (&["source", "list"], "import"),
        (&["settings", "allow-http"], ""),
    ] {
        let ended = calls(&office, &url, words);
        assert_eq!(ended.code, 0, "{words:?}: {}", ended.stderr);
        assert!(ended.stdout.contains(shown), "{words:?}: {}", ended.stdout);
    }
    let ended = office.run(&["route", "--db", &url, "1.eml"]);
    assert_eq!(ended.code, 0, "{}", ended.stderr);
}

#[test]
fn the_key_of_a_desk_in_postgresql_is_made_once_and_missed_when_it_is_gone() {
    if !is_there() {
        return;
    }
    let (office, database) = (Office::new(&[]), Database::fresh());
    let url = database.url();
    let ended = calls(&office, &url, &["ticket", "list"]);
    assert_eq!(ended.code, 3, "{}", ended.stderr);
    assert!(!office.path("mailflow.key").exists(), "who only looks makes no key");
    desk(&office, &database);
    let key = office.path("mailflow.key");
    #[cfg(unix)]
    {
        let mode = std::os::unix::fs::PermissionsExt::mode(&key.metadata().unwrap().permissions());
        assert_eq!(mode & 0o777, 0o600);
    }
    std::fs::rename(&key, office.path("elsewhere.key")).unwrap();
    let ended = calls(&office, &url, &["ticket", "list"]);
    assert_eq!(ended.code, 1);
    assert!(ended.stderr.contains("its key is not in `mailflow.key`; copy the key file"), "{}", ended.stderr);
    assert!(!key.exists(), "no other key is made in its place");
    let ended = calls(&office, &url, &["ticket", "list", "--key", "elsewhere.key"]);
    assert_eq!(ended.code, 0, "{}", ended.stderr);
}

#[test]
fn a_database_that_cannot_be_used_is_said_with_what_to_do() {
    if !is_there() {
        return;
    }
    let (office, database) = (Office::new(&[]), Database::fresh());
    let url = database.url();
    let fails = |url: &str, said: &str| {
        let ended = calls(&office, url, &["ticket", "list"]);
        assert_eq!(ended.code, 1, "{}", ended.stderr);
        assert!(ended.stderr.contains(said), "{}", ended.stderr);
    };
    fails(&url.replace(database.name(), "nowhere"), "has no database `nowhere`; make it");
    fails(&url.replace("postgres@", "nobody@"), "does not let `nobody` in; check the user and the password");
    let role = format!("r{}", database.name());
    database.sql(&format!("CREATE ROLE {role} LOGIN; REVOKE CREATE ON SCHEMA public FROM PUBLIC"));
    fails(&url.replace("postgres@", &format!("{role}@")), "may not make tables");
    desk(&office, &database);
    fails(&url.replace("postgres@", &format!("{role}@")), "GRANT SELECT, INSERT, UPDATE, DELETE");
    database.sql(&format!("DROP ROLE {role}"));
    database.sql("INSERT INTO mailflow_migrations SELECT 99, digest FROM mailflow_migrations LIMIT 1");
    fails(&url, "use the later version of mailflow");
}

#[cfg(unix)]
#[test]
fn a_server_that_is_told_to_stop_while_it_begins_stops_in_order() {
    let office = Office::new(&[]);
    // A database that takes a connection and never says a word.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("postgres://ada@127.0.0.1:{}/desk?sslmode=disable", silent.local_addr().unwrap().port());
    for signal in ["-INT", "-TERM"] {
        let server = std::process::Command::new(env!("CARGO_BIN_EXE_mailflow"))
            .args(["serve", "--listen", "127.0.0.1:0", "--db", &url])
            .current_dir(office.path(""))
            .stdout(std::process::Stdio::piped())
            .stderr(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        let (_waits, _) = silent.accept().unwrap();
        let told = std::process::Command::new("kill").args([signal, &server.id().to_string()]).status().unwrap();
        assert!(told.success());
        let ended = Ended::of(server.wait_with_output().unwrap());
        assert_eq!(ended.code, 0, "{}", ended.stderr);
        assert!(ended.stderr.contains("stopping"), "{}", ended.stderr);
    }
}
