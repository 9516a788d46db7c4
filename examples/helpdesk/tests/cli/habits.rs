//! The habits of all commands: how they end, what goes where.

use super::Office;
use super::mail::Mail;

/// An office with one ticket, a file that is no desk, and a password that is too short.
fn office() -> Office {
    let mut office = Office::new(&["support@mf.example"]);
    office.take(Mail::new("a@one.example", "support@mf.example", "x"));
    office.write("noise.db", [7; 5000]);
    office
}

/// What is called, how it must end, and what it must say to people.
type Case<'a> = (&'a str, i32, &'a str);

const CASES: &[Case<'_>] = &[
    ("--version", 0, ""),
    ("help", 0, ""),
    ("help ingest", 0, ""),
    ("ticket --help", 0, ""),
    ("", 2, "Examples:"),
    ("ingets", 2, "'ingest'"),
    ("ticket lst", 2, "'list'"),
    ("ingest --db x.db --jsn a", 2, "'--json'"),
    ("inspect", 2, "<FILE>"),
    ("inspect missing.eml", 3, "`missing.eml`"),
    ("inspect .", 3, "`.`"),
    ("ingest --db new.db", 2, "<PATH>"),
    ("ingest --db new.db --address nobody 0001.eml", 2, "support@example.com"),
    ("ingest --db new.db missing.eml", 3, "`missing.eml`"),
    ("ingest --db new.db missing.eml 0001.eml", 6, "the rest is done"),
    ("ingest --db noise.db 0001.eml", 1, "`noise.db`"),
    ("ticket list --db desk.db", 0, ""),
    ("ticket list --db none.db", 3, "`mailflow ingest`"),
    ("ticket list --db noise.db", 1, "`noise.db`"),
    ("ticket list --db desk.db --as nobody", 3, "`nobody`"),
    ("ticket show --db desk.db 1", 0, ""),
    ("ticket show --db desk.db 99", 3, "`99`"),
    ("ticket show --db desk.db one", 2, "one"),
    ("ticket reply --db desk.db 1", 2, "--text"),
    ("ticket reply --db desk.db 1 --text=", 2, "nothing to send"),
    ("ticket reply --db desk.db 99 --text x", 3, "`99`"),
    ("agent list --db desk.db", 0, ""),
    ("agent passwd --db desk.db nobody", 3, "`nobody`"),
    ("agent passwd --db none.db", 3, "none.db"),
    ("agent passwd --db desk.db --stdin", 2, "too short"),
    ("agent add --db desk.db admin", 1, "admin"),
    ("source list --db desk.db", 0, ""),
    ("source test --db desk.db nothing", 3, "`nothing`"),
    ("source test --db none.db nothing", 3, "none.db"),
    ("ticket list --db sqlite:desk.db", 0, ""),
    ("ticket list --db sqlite:none.db", 3, "`none.db`"),
    ("ticket list --db mysql://ada:secret@db/desk", 2, "`mysql://` names no kind of database"),
    ("ticket list --db mssql://ada:secret@db:port/desk", 2, "the port is a number"),
    ("ticket list --db postgres://ada@db:port/desk", 2, "postgres://USER:PASSWORD@HOST:PORT/DATABASE"),
    ("ticket list --db postgres://ada@/desk?host=/nowhere", 75, "cannot be reached; start it"),
    ("route 0001.eml", 2, "--rules"),
    ("route --db desk.db 0001.eml", 0, ""),
    ("serve --db noise.db --listen 127.0.0.1:0", 1, "`noise.db`"),
    ("serve --db missing/desk.db --listen 127.0.0.1:0", 1, "missing/desk.db"),
    ("serve --db desk.db --listen nowhere", 2, "nowhere"),
    ("demo --listen nowhere", 2, "nowhere"),
    ("serve --db desk.db --log=loud=very", 2, "--log"),
];

#[test]
fn every_command_ends_with_the_code_that_is_promised_and_says_why_on_stderr() {
    let office = office();
    for (called, code, words) in CASES {
        let ended = office.run_with(&called.split_whitespace().collect::<Vec<_>>(), b"short\n");
        assert_eq!(ended.code, *code, "mailflow {called}\n{}", ended.stderr);
        assert!(ended.stderr.contains(words), "mailflow {called}\n{}", ended.stderr);
        for (name, text) in [("stdout", &ended.stdout), ("stderr", &ended.stderr)] {
            assert!(!text.contains('\u{1b}'), "mailflow {called}: colours on {name} that is no terminal");
            assert!(!text.contains("panicked"), "mailflow {called}: {text}");
        }
        let failed_early = *code != 0 && !called.starts_with("ingest");
        assert!(!failed_early || ended.stdout.is_empty(), "mailflow {called}: {}", ended.stdout);
        // Wrong usage is told by the parser of arguments, all else in one way.
        assert!(*code == 0 || ended.stderr.contains("mailflow: ") || *code == 2, "mailflow {called}");
    }
}

#[test]
fn a_command_that_only_looks_makes_no_files() {
    let office = Office::new(&[]);
    for called in ["ticket list --db none.db", "agent list --db none.db", "source list --db none.db"] {
        office.run(&called.split_whitespace().collect::<Vec<_>>());
    }
    let left: Vec<_> = std::fs::read_dir(office.path("")).unwrap().collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn a_port_that_is_in_use_is_said_and_the_code_is_busy() {
    let office = office();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let listen = taken.local_addr().unwrap().to_string();
    for called in [vec!["demo", "--listen", &listen], vec!["serve", "--db", "desk.db", "--listen", &listen]] {
        let ended = office.run(&called);
        assert_eq!(ended.code, 5, "{}", ended.stderr);
        assert!(ended.stderr.contains("--listen"), "{}", ended.stderr);
    }
}

#[test]
fn data_goes_to_stdout_and_talk_to_stderr() {
    let office = office();
    let summary = office.run(&["ingest", "--db", "desk.db", "--json", "0001.eml"]);
    assert_eq!(summary.value()["duplicates"], 1);
    let password = office.run(&["agent", "passwd", "--db", "desk.db"]);
    assert_eq!(password.stdout.trim().len(), 20);
    assert!(password.stderr.contains("`admin`"));
    let exact = office.run(&["ticket", "reply", "--db", "desk.db", "1", "--text", "Yes.", "--eml"]);
    assert!(exact.stdout.starts_with("Date: ") && exact.stdout.contains("\r\nMessage-ID: <t."), "{}", exact.stdout);
    assert!(exact.stderr.contains("#1"));
    let from_stdin =
        office.run_with(&["ticket", "reply", "--db", "desk.db", "1", "--text", "-", "--eml"], b"Out of a pipe.\n");
    assert!(from_stdin.stdout.contains("\r\n\r\nOut of a pipe.\r\n"), "{}", from_stdin.stdout);
}

#[test]
fn what_is_printed_as_json_carries_its_version_and_one_ticket_is_one_line() {
    let mut office = office();
    office.take(Mail::new("b@two.example", "support@mf.example", "y"));
    let list = office.run(&["ticket", "list", "--db", "desk.db", "--json"]).lines();
    let numbers: Vec<u64> = list.iter().map(|ticket| ticket["number"].as_u64().unwrap()).collect();
    assert_eq!(numbers, [2, 1]);
    for ticket in &list {
        assert_eq!(ticket["v"], 1);
        for name in ["subject", "state", "ticketbox", "priority", "participants", "messages", "created", "updated"] {
            assert!(!ticket[name].is_null(), "{name} in {ticket}");
        }
    }
    let shown = office.show(1);
    assert_eq!(shown["v"], 1);
    let message = &shown["messages"][0];
    for name in ["direction", "from", "subject", "text", "because", "at", "message_id"] {
        assert!(!message[name].is_null(), "{name} in {message}");
    }
    for agent in office.run(&["agent", "list", "--db", "desk.db", "--json"]).lines() {
        assert_eq!((&agent["v"], &agent["user_name"]), (&1.into(), &"admin".into()));
        assert!(agent.get("password").is_none());
    }
    for source in office.run(&["source", "list", "--db", "desk.db", "--json"]).lines() {
        assert_eq!((&source["v"], &source["name"]), (&1.into(), &"import".into()));
    }
}

#[test]
fn who_does_not_read_to_the_end_ends_the_command_quietly() {
    let office = office();
    let line = format!("{} ticket list --db desk.db --json | true", env!("CARGO_BIN_EXE_mailflow"));
    let piped = std::process::Command::new("sh").args(["-c", &line]).current_dir(office.path("")).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&piped.stderr), "");
}
