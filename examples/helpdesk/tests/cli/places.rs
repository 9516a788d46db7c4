//! Where `ingest` finds mails, and what `inspect` reads in them.

use serde_json::{Value, json};

use super::mail::Mail;
use super::{Office, corpus};

fn mail(number: u32) -> Mail {
    Mail::new(&format!("p{number}@one.example"), "support@mf.example", &format!("mail {number}"))
}

/// What `ingest --each` says of these paths.
fn take(office: &Office, paths: &[&str], stdin: &[u8]) -> Vec<Value> {
    let mut arguments = vec!["ingest", "--db", "desk.db", "--address", "support@mf.example", "--each"];
    arguments.extend(paths);
    let ended = office.run_with(&arguments, stdin);
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    ended.lines()
}

fn files(lines: &[Value]) -> Vec<&str> {
    lines.iter().filter_map(|line| line["file"].as_str()).collect()
}

#[test]
fn mails_are_found_in_files_folders_mboxes_maildirs_and_on_stdin() {
    let office = Office::new(&[]);
    office.write("folder/b.eml", mail(2).bytes());
    office.write("folder/a.eml", mail(1).bytes());
    office.write("folder/notes.txt", "no mail");
    office.write("folder/deep/c.eml", mail(3).bytes());
    office.write("maildir/new/1.host", mail(4).bytes());
    office.write("maildir/cur/2.host:2,S", mail(5).bytes());
    office.write("maildir/tmp/3.host", mail(6).bytes());
    let in_mbox = |mail: Mail| [b"From x@one.example Mon Jun  2 10:00:00 2025\n", &*mail.bytes(), b"\n"].concat();
    office.write("inbox.mbox", [in_mbox(mail(7)), in_mbox(mail(8))].concat());

    let folder = take(&office, &["folder"], b"");
    assert_eq!(files(&folder), ["folder/a.eml", "folder/b.eml", "folder/deep/c.eml"]);
    assert_eq!(files(&take(&office, &["maildir"], b"")), ["maildir/new/1.host", "maildir/cur/2.host:2,S"]);
    assert_eq!(files(&take(&office, &["inbox.mbox"], b"")), ["inbox.mbox#1", "inbox.mbox#2"]);
    let from_stdin = take(&office, &["-"], &mail(9).bytes());
    assert_eq!(files(&from_stdin), ["-"]);
    let mbox_from_stdin = take(&office, &["-"], &[in_mbox(mail(10)), in_mbox(mail(11))].concat());
    assert_eq!(files(&mbox_from_stdin), ["-#1", "-#2"]);
    assert_eq!(mbox_from_stdin[1]["ticket"], 10);
}

#[test]
fn each_mail_has_a_line_and_the_last_one_is_the_summary() {
    let office = Office::new(&[]);
    office.write("a.eml", mail(1).bytes());
    let lines = take(&office, &["a.eml"], b"");
    let keys = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(keys(&lines[0]), ["because", "bounce", "file", "may_autoreply", "outcome", "ticket"]);
    let summary = ["duplicates", "failed", "messages", "messages_per_second", "seconds", "tickets"];
    assert_eq!(keys(&lines[1]), summary);
    assert!(lines[0]["bounce"].is_null());
    assert!(lines[1]["messages_per_second"].as_f64().unwrap() > 0.0);
}

#[test]
fn the_whole_corpus_is_taken_in_and_every_mail_of_it_is_a_ticket_or_a_part_of_one() {
    let office = Office::new(&[]);
    let corpus = corpus("");
    let ended = office.run(&[
        "ingest",
        "--db",
        "desk.db",
        "--address",
        "support@mf.example",
        "--each",
        corpus.to_str().unwrap(),
    ]);
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    let lines = ended.lines();
    let (summary, mails) = lines.split_last().unwrap();
    assert!(mails.len() > 150, "{summary}");
    assert_eq!(summary["failed"], 0);
    for line in mails {
        assert!(line["ticket"].is_u64(), "{line}");
        assert_ne!(line["because"], "", "{line}");
    }
}

#[test]
fn inspect_says_everything_that_it_promises() {
    let office = Office::new(&[]);
    office.write(
        "a.eml",
        "From: =?utf-8?Q?Zo=C3=AB?= <zoe@one.example>\r\nReply-To: r@one.example\r\nTo: Support <support@mf.example>\r\n\
         Cc: c@two.example\r\nSubject: =?iso-8859-1?Q?Gr=FC=DFe?=\r\nDate: Mon, 02 Jun 2025 12:00:00 +0200\r\n\
         Message-ID: <2@one.example>\r\nIn-Reply-To: <1@mf.example>\r\nReferences: <0@mf.example> <1@mf.example>\r\n\
         X-Spam-Flag: YES\r\nX-Spam-Score: 7.5\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n\
         --b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nYes, please.\r\n\r\n\
         On Sun, 1 Jun 2025, Support wrote:\r\n> Shall we?\r\n\r\n-- \r\nZoe\r\n\
         --b\r\nContent-Type: image/png; name=a.png\r\nContent-ID: <i@one.example>\r\n\
         Content-Disposition: attachment; filename=a.png\r\nContent-Transfer-Encoding: base64\r\n\r\nAAEC\r\n--b--\r\n",
    );
    let read = office.run(&["inspect", "a.eml"]).value();
    let expected = [
        ("message_id", json!("<2@one.example>")),
        ("in_reply_to", json!(["<1@mf.example>"])),
        ("references", json!(["<0@mf.example>", "<1@mf.example>"])),
        ("from", json!({ "name": "Zoë", "address": "zoe@one.example" })),
        ("subject", json!("Grüße")),
        ("date", json!("2025-06-02T10:00:00Z")),
        ("html", json!(null)),
        ("auto_submitted", json!(false)),
        ("bounce", json!(null)),
        ("defects", json!([])),
    ];
    for (name, value) in expected {
        assert_eq!(read[name], value, "{name}");
    }
    assert_eq!(read["reply_to"][0]["address"], "r@one.example");
    assert_eq!(read["to"], json!([{ "name": "Support", "address": "support@mf.example" }]));
    assert_eq!(read["cc"][0]["address"], "c@two.example");
    assert!(read["text"].as_str().unwrap().contains("> Shall we?"));
    assert_eq!(read["reply_text"], "Yes, please.");
    assert_eq!(read["spam"], json!({ "flag": true, "score": 7.5 }));
    let attachment = json!({
        "filename": "a.png", "content_type": "image/png", "size": 3, "inline": false, "content_id": "i@one.example",
        "sha256": "ae4b3280e56e2faf83f414a6e3dabe9d5fbe18976544c05fed121accb85b53fc",
    });
    assert_eq!(read["attachments"], json!([attachment]));
}

#[test]
fn inspect_never_fails_on_a_mail_however_broken() {
    let office = Office::new(&[]);
    let everything: Vec<u8> = (0..20_000u32).map(|it| u8::try_from(it * 7919 % 251).unwrap()).collect();
    let cases: [(&str, &[u8]); 4] = [
        ("nothing", b""),
        ("noise", &everything),
        (
            "no end",
            b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\n--b\r\nContent-Type: message/rfc822",
        ),
        ("nul", b"Subject: a\0b\r\n\r\n\0\0"),
    ];
    for (name, bytes) in cases {
        office.write("x.eml", bytes);
        let read = office.run(&["inspect", "x.eml"]).value();
        assert!(!read["defects"].as_array().unwrap().is_empty(), "{name}");
        let stdin = office.run_with(&["inspect", "-"], bytes).value();
        assert_eq!(read, stdin, "{name}");
    }
}
