//! AC-18 and row 23: broken addresses are not a reason to lose mail.

use mailflow_core::mail::{Defect, Mail};

use crate::{has, read};

fn from(line: &str) -> (String, Option<String>, Mail) {
    let mail = read(format!("{line}\nTo: support@example.com\nSubject: s\n\nbody\n"));
    assert_eq!(mail.text, "body\n", "{line}");
    let from = mail.from.clone().unwrap_or_default();
    (from.name, from.address.map(|address| address.to_string()), mail)
}

#[test]
fn ac_18_a_from_that_never_closes() {
    let (name, address, _) = from("From: Fabian <x@y.example");
    assert_eq!((name.as_str(), address.as_deref()), ("Fabian", Some("x@y.example")));
}

#[test]
fn ac_18_no_from_at_all() {
    let (_, address, mail) = from("X-Other: 1");
    assert!(address.is_none() && mail.from.is_none() && has(&mail, Defect::BadFrom));
}

#[test]
fn ac_18_only_a_sender() {
    let (name, address, _) = from("Sender: Ada <ada@one.example>");
    assert_eq!((name.as_str(), address.as_deref()), ("Ada", Some("ada@one.example")));
}

#[test]
fn ac_18_an_empty_from() {
    let (_, address, mail) = from("From:");
    assert!(address.is_none() && has(&mail, Defect::BadFrom));
    let (_, address, _) = from("From:\nSender: ada@one.example");
    assert_eq!(address.as_deref(), Some("ada@one.example"), "the sender stands in");
}

#[test]
fn ac_18_a_reply_to_without_an_address() {
    for line in ["Reply-To: \"Jane Doe\"", "Reply-To: <>", "Reply-To: \"ada@one.example\""] {
        let (_, _, mail) = from(&format!("From: bob@two.example\n{line}"));
        assert!(mail.reply_to.is_empty(), "{line}: never a reply to a guess");
    }
}

#[test]
fn ac_18_a_whole_mailbox_inside_an_encoded_word() {
    for line in
        ["From: =?utf-8?Q?=22Ada=22=C2=A0<ada=40one.example>?=", "From: =?utf-8?B?IkFkYSLCoDxhZGFAb25lLmV4YW1wbGU+?="]
    {
        let (name, address, _) = from(line);
        assert_eq!((name.as_str(), address.as_deref()), ("Ada", Some("ada@one.example")), "{line}");
    }
}

#[test]
fn ac_18_undisclosed_recipients_are_nobody() {
    let mail = read(
        "From: ada@one.example\nTo: undisclosed-recipients:;\nCc: Friends: bob@two.example, eve@three.example;\n\nx",
    );
    assert!(mail.to.is_empty());
    assert_eq!(mail.cc.len(), 2);
}

#[test]
fn ac_14_a_from_with_an_empty_quoted_local_part() {
    let (_, _, mail) = from("From: <\"\"@syma.example>");
    assert_eq!(mail.subject, "s");
}

#[test]
fn case_23_one_bad_entry_costs_only_itself() {
    let mail = read(
        "From: ada@one.example\nTo: Doe, John <j@x.example>, <>, MAILER-DAEMON, \"a b\"@c.example, <a@b.example> Foo, bob@two.example\n\nx",
    );
    let to: Vec<&str> = mail.to.iter().map(|one| one.address.as_str()).collect();
    assert_eq!(to, ["j@x.example", "\"a b\"@c.example", "a@b.example", "bob@two.example"]);
    assert_eq!(mail.to[0].name, "Doe, John");
    assert!(has(&mail, Defect::BadAddress));
}

#[test]
fn case_23_what_is_no_address_is_never_taken_for_one() {
    for line in ["To: ,c@d,", "To: a@b@c", "To: a@b>", "To: a b c"] {
        let mail = read(format!("From: ada@one.example\n{line}\n\nx"));
        for one in &mail.to {
            let address = one.address.as_str();
            assert!(!address.contains([',', '>', ' ']) && address.matches('@').count() == 1, "{line}: {address}");
        }
    }
}

#[test]
fn names_are_read_with_comments_quotes_and_encoded_words() {
    for (line, name) in [
        ("From: ada@one.example (Ada Lovelace)", "Ada Lovelace"),
        ("From: The =?utf-8?q?=C3=89ric=2C?= Himself <ada@one.example>", "The Éric, Himself"),
        ("From: \"=?utf-8?Q?J=C3=B6rg?=\" <ada@one.example>", "Jörg"),
        ("From: \"A \\\"nick\\\" B\" <ada@one.example>", "A \"nick\" B"),
        ("From: (comment) Ada <ada@one.example> (more)", "Ada"),
        ("From: 'Ada' <ada@one.example>", "Ada"),
    ] {
        let (found, address, _) = from(line);
        assert_eq!((found.as_str(), address.as_deref()), (name, Some("ada@one.example")), "{line}");
    }
}

#[test]
fn delivered_to_and_its_kin_are_read() {
    let headers =
        ["Delivered-To", "X-Original-To", "Envelope-To", "Resent-To", "Resent-Cc", "X-Envelope-To", "X-Delivered-To"];
    for header in headers {
        let mail = read(format!("From: ada@one.example\n{header}: <support+x@example.com>\n\nx"));
        assert_eq!(mail.delivered_to.len(), 1, "{header}");
    }
}
