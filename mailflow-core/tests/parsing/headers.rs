//! AC-11, AC-18 (dates) and the rows about headers.

use mailflow_core::mail::{Defect, ReturnPath};

use crate::{has, read};

#[test]
fn ac_11_a_no_message_id() {
    let mail = read("From: ada@one.example\n\nx");
    assert!(mail.message_id.is_none() && has(&mail, Defect::NoMessageId));
}

#[test]
fn ac_11_b_a_blank_message_id() {
    for line in ["Message-ID:", "Message-ID:   ", "Message-ID: <>"] {
        let mail = read(format!("From: ada@one.example\n{line}\n\nx"));
        assert!(mail.message_id.is_none(), "{line}");
        assert!(has(&mail, Defect::NoMessageId) || has(&mail, Defect::BadMessageId), "{line}");
    }
}

#[test]
fn ac_11_c_a_malformed_message_id_is_still_a_name() {
    let mail = read("From: ada@one.example\nMessage-ID: abc\n\nx");
    assert_eq!(mail.message_id.as_ref().map(|id| id.as_str()), Some("abc"));
    assert!(has(&mail, Defect::BadMessageId));
}

#[test]
fn case_25_ids_are_found_whatever_stands_between() {
    let ids = |line: &str| {
        let mail = read(format!("From: ada@one.example\n{line}\n\nx"));
        mail.references.iter().map(|id| id.as_str().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(ids("References: <a@x>,<b@x>\n\t<c@x>"), ["a@x", "b@x", "c@x"]);
    assert_eq!(ids("References: a@x b@x"), ["a@x", "b@x"]);
    assert_eq!(ids("References: message of ada@one.example <a@x> (sent)"), ["a@x"]);
    assert_eq!(ids("References: <a@x <b@x>"), ["a@x", "b@x"]);
    assert_eq!(ids("References: <mail1>"), ["mail1"]);
    assert_eq!(ids("References: mail1"), ["mail1"]);
    assert_eq!(ids("References: your mail of monday"), [""; 0]);
    let reply = read("From: ada@one.example\nIn-Reply-To: Your message of \"Tue, 1 Jan\" <a@x>\n\nx");
    assert_eq!(reply.in_reply_to.len(), 1);
}

#[test]
fn ac_18_a_date_of_181_characters() {
    let date = format!("Tue, 14 Nov 2023 10:30:00 +0100 ({})", "x".repeat(147));
    assert_eq!(date.len(), 181);
    let mail = read(format!("From: ada@one.example\nDate: {date}\n\nx"));
    assert_eq!(mail.date.unwrap().to_string(), "2023-11-14T09:30:00Z");
}

#[test]
fn ac_18_a_date_that_makes_no_sense_is_none() {
    for date in ["", "Tue, 31 Feb 2023 10:00:00 +0000", "Mon, 30 Jun 3609 15:33:50 +0600", "25:61:61", "tomorrow"] {
        let mail = read(format!("From: ada@one.example\nDate: {date}\n\nx"));
        assert!(mail.date.is_none() && has(&mail, Defect::BadDate), "{date}");
    }
    assert!(read("Date: Thu, 1 Jan 2099 00:00:00 +0000\n\nx").date.is_some(), "in the future, and said so");
}

#[test]
fn case_6_text_without_any_header_is_text() {
    let mail = read("Hello there,\nthis is only text.\n");
    assert_eq!(mail.text, "Hello there,\nthis is only text.\n");
    assert!(has(&mail, Defect::NoHeaders));
}

#[test]
fn case_7_and_8_white_space_before_the_headers() {
    for before in ["\n", "\r\n\r\n", " ", " \n\t"] {
        assert_eq!(read(format!("{before}Subject: here\nFrom: ada@one.example\n\nx")).subject, "here", "{before:?}");
    }
}

#[test]
fn case_9_white_space_before_the_colon() {
    assert_eq!(read("Subject : here\nFrom\t: ada@one.example\n\nx").subject, "here");
}

#[test]
fn case_10_carriage_returns_alone_end_lines() {
    let mail = read("From: ada@one.example\rSubject: here\r\rone\rtwo\r");
    assert_eq!((mail.subject.as_str(), mail.text.as_str()), ("here", "one\ntwo\n"));
}

#[test]
fn case_1_a_header_full_of_encoded_words_is_read() {
    let mail = read(format!("Subject: {}\nFrom: ada@one.example\n\nx", "=?utf-8?Q?a?= ".repeat(10_000)));
    assert_eq!(mail.subject, "a".repeat(1000));
}

#[test]
fn case_18_encoded_words_glued_tagged_and_folded() {
    for (line, subject) in [
        ("Subject: tail=?UTF-8?Q?=C3=A4?=glued", "tailäglued"),
        ("Subject: =?utf-8*en?Q?=C3=A4?=", "ä"),
        ("Subject: =?utf-8?Q?one\n two?=", "one two"),
        ("Subject: =?utf-8?q?a_b?=   =?utf-8?q?c?= d", "a bc d"),
        ("Subject: =?utf-8?Q?open", "=?utf-8?Q?open"),
        ("Subject: =?utf-8?X?abc?=", "=?utf-8?X?abc?="),
    ] {
        assert_eq!(read(format!("{line}\nFrom: ada@one.example\n\nx")).subject, subject, "{line}");
    }
}

#[test]
fn a_folded_subject_has_one_space_where_it_was_folded() {
    let mail = read("Subject: one\r\n\t  two  three\r\nFrom: ada@one.example\r\n\r\nx");
    assert_eq!(mail.subject, "one two  three");
    assert_eq!(read("Subject: 全角\u{3000}空白\n\nx").subject, "全角\u{3000}空白");
}

#[test]
fn a_line_that_is_no_header_hides_none() {
    let mail = read("From: ada@one.example\nthis is no header\nSubject: here\nTo: b@two.example\n\nbody");
    assert_eq!((mail.subject.as_str(), mail.text.as_str()), ("here", "body"));
    assert!(has(&mail, Defect::BadHeader));
    let mail = read("From: ada@one.example\nSubject: here\nno empty line before this text\nand more");
    assert_eq!(mail.text, "no empty line before this text\nand more");
}

#[test]
fn the_line_of_an_mbox_is_no_header() {
    let mail = read("From ada@one.example Tue Nov 14 10:30:00 2023\nFrom: ada@one.example\nSubject: here\n\nx");
    assert_eq!(mail.subject, "here");
    assert!(mail.from.is_some());
}

#[test]
fn a_null_return_path_is_not_a_missing_one() {
    assert_eq!(read("Return-Path: <>\nFrom: a@one.example\n\nx").return_path, Some(ReturnPath::Null));
    assert_eq!(read("From: a@one.example\n\nx").return_path, None);
}

#[test]
fn what_spam_filters_said_is_read() {
    for (line, flag, score) in [
        ("X-Spam-Flag: YES", Some(true), None),
        ("X-Spam-Flag: no", Some(false), None),
        ("X-Spam-Status: Yes, score=6.5 required=5.0 tests=A,B", Some(true), Some(6.5)),
        ("X-Spam-Status: No, score=-1.1 required=5.0\n\ttests=A", Some(false), Some(-1.1)),
        ("X-Spam-Status: No, hits=2.5 required=5", Some(false), Some(2.5)),
        ("X-Spam-Score: 5.3 (+++++)", None, Some(5.3)),
        ("X-Spam-Score: -0.2", None, Some(-0.2)),
        ("X-Spam-Score: nan", None, None),
        ("X-Spamd-Result: default: True [15.20 / 15.00];\n\tA(1)", Some(true), Some(15.2)),
        ("X-MS-Exchange-Organization-SCL: 6", Some(true), None),
        ("X-Bogosity: Ham, tests=bogofilter, spamicity=0.0", Some(false), None),
        ("X-Spam-Checker-Version: SpamAssassin 3.2.5", None, None),
    ] {
        let spam = read(format!("From: ada@one.example\n{line}\n\nx")).spam;
        assert_eq!((spam.flag, spam.score), (flag, score), "{line}");
    }
}
