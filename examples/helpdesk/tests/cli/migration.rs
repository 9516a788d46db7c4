//! A desk goes from SQLite to PostgreSQL and back.

use std::fmt::Write as _;

use mailflow_core::store::RecordKind;
use mailflow_test::postgres::{Database, is_there};

use super::Office;

/// So many mails as one mbox file.
fn mbox(mails: usize) -> String {
    (1..=mails).fold(String::new(), |mut text, nth| {
        let _ = write!(
            text,
            "From a@b Mon Jan  1 00:00:00 2024\nFrom: Customer {nth} <c{nth}@one.example>\nTo: support@mf.example\n\
             Subject: Matter {nth}\nMessage-ID: <m{nth}@one.example>\nDate: Mon, 1 Jan 2024 10:00:00 +0000\n\n\
             Dear all, this is matter number {nth}: the bird is in the kitchen. \n\n"
        );
        text
    })
}

fn dump(office: &Office, database: &str, key: &str) -> String {
    let ended = office.run(&["dump", "--db", database, "--key", key]);
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    ended.stdout
}

#[test]
fn a_desk_goes_from_sqlite_to_postgresql_and_back_and_every_record_is_the_same() {
    if !is_there() {
        return;
    }
    let (office, database) = (Office::new(&[]), Database::fresh());
    let url = database.url();
    office.write("in.mbox", mbox(10_000));
    let ended = office.run(&["ingest", "--db", "one.db", "--address", "support@mf.example", "in.mbox"]);
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    let ended = office.run(&["migrate-store", "one.db", &url]);
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    assert!(ended.stdout.contains("10000 ticket"), "{}", ended.stdout);
    let ended = office.run(&["migrate-store", "one.db", &url]);
    assert_eq!(ended.code, 1);
    assert!(ended.stderr.contains("the target is not empty"), "{}", ended.stderr);
    let ended = office.run(&["migrate-store", &url, "sqlite:two.db", "--json"]);
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    assert_eq!(ended.lines().len(), RecordKind::ALL.len(), "{}", ended.stdout);
    let (one, middle) = (dump(&office, "one.db", "one.db.key"), dump(&office, &url, "mailflow.key"));
    assert!(one.lines().count() > 80_000, "{}", one.lines().count());
    assert!(one == middle, "SQLite and PostgreSQL have the same records");
    assert!(one == dump(&office, "two.db", "two.db.key"), "and they come back the same");
    // The desk works on, with its own key.
    let ended = office.run(&["ticket", "reply", "--db", "two.db", "7", "--text", "Yes.", "--json"]);
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    let keys = ["one.db.key", "mailflow.key", "two.db.key"].map(|name| std::fs::read(office.path(name)).unwrap());
    assert!(keys[0] == keys[1] && keys[1] == keys[2]);
}

#[test]
fn a_key_that_is_missing_or_another_desks_stops_a_migration_before_it_begins() {
    let mut office = Office::new(&["support@mf.example"]);
    office.take(super::mail::Mail::new("a@one.example", "support@mf.example", "x"));
    for (arguments, code, said) in [
        (&["migrate-store", "none.db", "two.db"][..], 3, "no desk in `none.db`"),
        (&["migrate-store", "desk.db", "oracle://a@b/c"], 2, "`oracle://` names no kind"),
        (&["migrate-store", "desk.db", "desk.db"], 5, "`desk.db` open"),
        (&["migrate-store", "desk.db", "two.db", "--from-key", "none.key"], 3, "--from-key"),
        (&["migrate-store", "desk.db", "two.db", "--to-key", "noise.key"], 1, "--to-key"),
        (&["migrate-store", "desk.db", "two.db"], 0, ""),
    ] {
        office.write("noise.key", "another");
        let ended = office.run(arguments);
        assert_eq!(ended.code, code, "{arguments:?}: {}", ended.stderr);
        assert!(ended.stderr.contains(said), "{arguments:?}: {}", ended.stderr);
    }
}
