//! Composing: whatever a person types, the mail has the headers and recipients that were meant, and nothing else.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "tests")]

use mailflow_core::mail::{Address, Composition, Enclosure, Limits, Mail, Mailbox, ThreadId, compose, parse};
use mailflow_core::text;
use mailflow_core::time::Timestamp;
use mailparse::MailHeaderMap;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;

fn mailbox(name: &str, address: &str) -> Mailbox {
    Mailbox::new(name, Address::new(address).unwrap())
}

fn composition() -> Composition {
    Composition {
        message_id: ThreadId::new("1@example.com").unwrap(),
        date: Timestamp::from_millis(1_700_000_000_000),
        from: mailbox("Support", "support@example.com"),
        reply_to: None,
        to: vec![mailbox("Ada", "ada@example.com")],
        cc: Vec::new(),
        subject: "Re: Help [#1]".to_owned(),
        in_reply_to: None,
        references: Vec::new(),
        text: "We are on it.\n\n-- \nBob".to_owned(),
        html: None,
        attachments: Vec::new(),
        automatic: false,
    }
}

fn read(mail: &[u8]) -> Mail {
    parse(mail, &Limits::default())
}

/// ASCII lines of a bearable length that end with CRLF.
fn check_lines(mail: &[u8]) -> Result<(), String> {
    let whole = String::from_utf8(mail.to_vec()).map_err(|error| error.to_string())?;
    if !whole.ends_with("\r\n") {
        return Err("the last line has no end".to_owned());
    }
    for line in whole.split("\r\n") {
        if line.contains(['\r', '\n', '\0']) || !line.is_ascii() {
            return Err(format!("a line that is not clean: {line:?}"));
        }
        if line.len() > 998 {
            return Err(format!("a line of {} bytes", line.len()));
        }
    }
    Ok(())
}

/// What was meant by a composition, against what two parsers read.
fn check(meant: &Composition, mail: &[u8]) -> Result<(), String> {
    check_lines(mail)?;
    let ours = read(mail);
    let theirs = mailparse::parse_mail(mail).map_err(|error| error.to_string())?;
    let same = |what: &str, meant: &dyn std::fmt::Debug, read: &dyn std::fmt::Debug| {
        let (meant, read) = (format!("{meant:?}"), format!("{read:?}"));
        if meant == read { Ok(()) } else { Err(format!("{what}: {meant} was meant, {read} is read")) }
    };
    let names: Vec<String> = theirs.headers.iter().map(|header| header.get_key()).collect();
    let mut known = vec!["Date", "From", "To", "Subject", "Message-ID", "MIME-Version", "Content-Type"];
    let single = meant.html.is_none() && meant.attachments.is_empty();
    known.extend(single.then_some("Content-Transfer-Encoding"));
    known.extend((!meant.cc.is_empty()).then_some("Cc"));
    known.extend(meant.reply_to.is_some().then_some("Reply-To"));
    known.extend(meant.in_reply_to.is_some().then_some("In-Reply-To"));
    known.extend((!meant.references.is_empty()).then_some("References"));
    known.extend(
        meant.automatic.then_some(["Auto-Submitted", "X-Auto-Response-Suppress", "Precedence"]).into_iter().flatten(),
    );
    let (mut sorted, mut expected) = (names.clone(), known);
    sorted.sort();
    expected.retain(|name| *name != "Subject" || !text::one_line(&meant.subject, 900).is_empty());
    expected.sort_unstable();
    same("headers", &expected, &sorted)?;

    let line = |text: &str, max: usize| text::one_line(text, max);
    same("subject", &line(&meant.subject, 900), &ours.subject)?;
    same("subject", &line(&meant.subject, 900), &theirs.headers.get_first_value("Subject").unwrap_or_default())?;
    let people = |boxes: &[Mailbox]| -> Vec<(String, String)> {
        // The reader takes quotes in names for what careless programs put there; the letters are what counts.
        let letters = |name: &str| line(name, 200).replace(['"', '\\', '\'', '<', ','], " ");
        let words = |name: &str| letters(name).split_whitespace().collect::<Vec<_>>().join(" ");
        boxes.iter().map(|it| (words(&it.name), it.address.to_string())).collect()
    };
    same("to", &people(&meant.to), &people(&ours.to))?;
    same("cc", &people(&meant.cc), &people(&ours.cc))?;
    let to = mailparse::addrparse_header(theirs.headers.get_first_header("To").unwrap())
        .map_err(|error| error.to_string())?;
    same("recipients", &meant.to.len(), &to.count_addrs())?;
    for (meant, read) in meant.to.iter().zip(to.iter()) {
        let mailparse::MailAddr::Single(read) = read else { return Err("a group was read".to_owned()) };
        same("recipient", &meant.address.as_str(), &read.addr.as_str())?;
    }
    same(
        "from",
        &Some(meant.from.address.as_str()),
        &ours.from.as_ref().and_then(|it| it.address.as_ref()).map(|it| it.as_str()),
    )?;
    same("message id", &Some(&meant.message_id), &ours.message_id.as_ref())?;
    same("references", &meant.references, &ours.references)?;
    let names = |files: &[Enclosure]| {
        files.iter().map(|file| Some(line(&file.filename, 200)).filter(|name| !name.is_empty())).collect::<Vec<_>>()
    };
    same(
        "files",
        &names(&meant.attachments),
        &ours.attachments.iter().map(|file| file.filename.clone()).collect::<Vec<_>>(),
    )?;
    for (meant, read) in meant.attachments.iter().zip(&ours.attachments) {
        same("content", &meant.content, &read.content)?;
    }
    let words = |text: &str| text::many_lines(text, usize::MAX).trim_end_matches('\n').to_owned();
    same("text", &words(&meant.text), &ours.text.trim_end_matches('\n'))?;
    Ok(())
}

/// Text with what ends headers, words and quotes more often than people write it.
fn wild() -> impl Strategy<Value = String> {
    let known = proptest::sample::select(vec![
        "\r\n",
        "\n",
        "\r",
        "\0",
        "\u{85}",
        "\u{2028}",
        "\u{b}",
        "Bcc: eve@example.net\r\n",
        "\r\n\r\n",
        "=?utf-8?B?QQ==?=",
        "=?",
        "?=",
        "\"",
        "\\",
        ",",
        ";",
        "<eve@example.net>",
        "(",
        ")",
        ":",
        "@",
        "é",
        "日本語",
        "👩‍👩‍👧‍👦",
        "\u{202e}",
        "a",
        "word",
        " ",
        "\t",
        "%0d%0a",
        "'",
        "''",
        "*0*=",
        "=\r\n ",
        ".",
        "\r\n.\r\n",
        "From ",
        "--",
        "=_",
    ]);
    let piece = prop_oneof![3 => known.prop_map(str::to_owned), 1 => any::<String>(), 1 => "[ -~]{0,90}"];
    proptest::collection::vec(piece, 0..8).prop_map(|pieces| pieces.concat())
}

/// Names of files: folders in them are not for us to keep, and what looks like an encoded word is read as one.
fn filename() -> impl Strategy<Value = String> {
    wild()
        .prop_map(|name| name.replace(['/', '\\'], "-").replace("=?", "=-"))
        .prop_filter("a name", |name| !matches!(text::one_line(name, 200).as_str(), "." | ".."))
}

fn wild_composition() -> impl Strategy<Value = Composition> {
    let people = proptest::collection::vec(wild(), 0..4);
    let files = proptest::collection::vec((filename(), proptest::collection::vec(any::<u8>(), 0..200)), 0..3);
    let flags = (any::<bool>(), any::<bool>());
    (wild(), people, wild(), wild(), files, flags).prop_map(
        |(subject, people, from, text, files, (automatic, html))| {
            let people: Vec<Mailbox> =
                people.iter().enumerate().map(|(n, name)| mailbox(name, &format!("p{n}@example.com"))).collect();
            let (to, cc) = people.split_at(people.len().div_ceil(2));
            let enclosure = |(filename, content)| Enclosure {
                filename,
                content_type: "application/x-test".to_owned(),
                content,
                content_id: None,
            };
            let (to, cc) = (to.to_vec(), cc.to_vec());
            Composition {
                from: mailbox(&from, "support@example.com"),
                to: if to.is_empty() { composition().to } else { to },
                cc,
                subject,
                html: html.then(|| "<p>Hello</p>".to_owned()),
                text: format!("x{text}"),
                attachments: files.into_iter().map(enclosure).collect(),
                automatic,
                ..composition()
            }
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_is_typed_the_mail_says_what_was_meant(meant in wild_composition()) {
        if let Err(why) = check(&meant, &compose(&meant)) {
            prop_assert!(false, "{why}");
        }
    }
}

#[test]
fn a_composer_that_copies_what_is_typed_is_caught() {
    let careless = |meant: &Composition| {
        let to: Vec<String> = meant.to.iter().map(|it| format!("\"{}\" <{}>", it.name, it.address)).collect();
        format!(
            "Date: {}\r\nFrom: support@example.com\r\nTo: {}\r\nSubject: {}\r\nMessage-ID: {}\r\nMIME-Version: \
             1.0\r\nContent-Type: text/plain\r\nContent-Transfer-Encoding: 7bit\r\n\r\n{}\r\n",
            meant.date.to_utc().to_rfc2822(),
            to.join(", "),
            meant.subject,
            meant.message_id,
            meant.text
        )
        .into_bytes()
    };
    // It is right as long as nobody types anything strange.
    let plain = Composition { text: "Hello".to_owned(), ..composition() };
    assert_eq!(check(&plain, &careless(&plain)), Ok(()));
    let strategy = wild().prop_map(|subject| Composition { subject, text: "Hello".to_owned(), ..composition() });
    let found = TestRunner::deterministic()
        .run(&strategy, |meant| check(&meant, &careless(&meant)).map_err(TestCaseError::fail));
    assert!(found.is_err(), "the property finds nothing");
    let injected = Composition { subject: "Hi\r\nBcc: eve@example.net".to_owned(), ..plain };
    assert!(check(&injected, &careless(&injected)).is_err());
    assert_eq!(check(&injected, &compose(&injected)), Ok(()));
}

#[test]
fn the_same_composition_gives_the_same_bytes() {
    let mut mail = composition();
    mail.html = Some("<p>x</p>".to_owned());
    mail.attachments = vec![Enclosure { filename: "a".to_owned(), content: vec![1], ..Enclosure::default() }];
    assert_eq!(compose(&mail), compose(&mail));
}

#[test]
fn an_answer_in_two_forms_with_a_picture_and_a_file() {
    let mut meant = composition();
    meant.html = Some("<p>Look: <img src=\"cid:logo@1\"></p>".to_owned());
    meant.attachments = vec![
        Enclosure {
            filename: "logo.png".to_owned(),
            content_type: "image/png".to_owned(),
            content: vec![137, 80, 78, 71],
            content_id: Some("logo@1".to_owned()),
        },
        Enclosure {
            filename: "Übersicht 1.pdf".to_owned(),
            content_type: "application/pdf".to_owned(),
            content: vec![0; 300],
            content_id: None,
        },
    ];
    let mail = compose(&meant);
    check_lines(&mail).unwrap();
    let read = read(&mail);
    assert_eq!(read.text.trim_end(), "We are on it.\n\n-- \nBob");
    assert_eq!(read.html.as_deref().map(str::trim_end), meant.html.as_deref());
    let files: Vec<_> =
        read.attachments.iter().map(|it| (it.filename.as_deref().unwrap(), it.inline, it.content.len())).collect();
    assert_eq!(files, [("logo.png", true, 4), ("Übersicht 1.pdf", false, 300)]);
    let kinds: Vec<String> =
        mailparse::parse_mail(&mail).unwrap().parts().map(|part| part.ctype.mimetype.clone()).collect();
    assert_eq!(
        kinds,
        [
            "multipart/mixed",
            "multipart/alternative",
            "text/plain",
            "multipart/related",
            "text/html",
            "image/png",
            "application/pdf"
        ]
    );
}

#[test]
fn ac_20_automatic_mail_says_that_it_is() {
    let mut meant = composition();
    meant.automatic = true;
    let mail = String::from_utf8(compose(&meant)).unwrap();
    assert!(mail.contains("\r\nAuto-Submitted: auto-generated\r\n"), "{mail}");
    assert!(
        mail.contains("\r\nX-Auto-Response-Suppress: All\r\n") && mail.contains("\r\nPrecedence: bulk\r\n"),
        "{mail}"
    );
    meant.in_reply_to = ThreadId::new("2@example.com");
    assert!(read(&compose(&meant)).automatic.unwrap().machine);
    let by_hand = String::from_utf8(compose(&composition())).unwrap();
    assert!(!by_hand.contains("Auto-Submitted") && read(by_hand.as_bytes()).automatic.is_none());
}

#[test]
fn ac_27_a_nested_mail_is_sent_as_it_came() {
    let nested = |content: &[u8]| {
        let mut meant = composition();
        let file = Enclosure {
            filename: "a.eml".to_owned(),
            content_type: "message/rfc822".to_owned(),
            content: content.to_vec(),
            content_id: None,
        };
        meant.attachments = vec![file];
        let mail = compose(&meant);
        check_lines(&mail).unwrap();
        let read = read(&mail);
        assert_eq!(read.attachments.len(), 1);
        assert_eq!(read.attachments[0].content, content);
        read.attachments[0].content_type.clone()
    };
    assert_eq!(nested(b"From: a@example.com\r\nSubject: x\r\n\r\nbody\r\n"), "message/rfc822");
    assert_eq!(nested("Subject: ü\n\nbare".as_bytes()), "application/octet-stream");
}

#[test]
fn a_long_thread_is_folded_and_kept() {
    let mut meant = composition();
    meant.references =
        (0..90).map(|n| ThreadId::new(&format!("{n}.{}@example.com", "x".repeat(50))).unwrap()).collect();
    let mail = compose(&meant);
    assert_eq!(check(&meant, &mail), Ok(()));
    assert!(String::from_utf8(mail).unwrap().lines().all(|line| line.len() <= 78));
}

#[test]
fn a_quoted_address_stays_one_address() {
    for address in ["\"a b\"@example.com", "\"a\", eve@example.net, \"d\"@example.com", "\"a\\\"b\"@example.com"] {
        let Ok(address) = Address::new(address) else { continue };
        let meant = Composition { to: vec![Mailbox::new("Ada", address.clone())], ..composition() };
        let mail = compose(&meant);
        let parsed = mailparse::parse_mail(&mail).unwrap();
        let to = mailparse::addrparse_header(parsed.headers.get_first_header("To").unwrap()).unwrap();
        assert_eq!(to.count_addrs(), 1, "{address}");
        assert_eq!(read(&mail).to.len(), 1, "{address}");
    }
}

#[test]
fn a_mail_to_nobody_in_the_open_names_nobody() {
    let meant = Composition { to: Vec::new(), ..composition() };
    let mail = String::from_utf8(compose(&meant)).unwrap();
    assert!(mail.contains("\r\nTo: undisclosed-recipients:;\r\n"), "{mail}");
    assert!(!mail.to_lowercase().contains("bcc"));
}
