//! Sessions of the SMTP client with a server that does as it is told.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

mod common;

use std::collections::BTreeMap;

use common::{envelope, smtp};
use mailflow_core::mail::Address;
use mailflow_core::transport::{Envelope, MailTransport, TransportErrorKind, Verdict};
use mailflow_test::servers::{Mailboxes, Said, SmtpFaults, SmtpServer};

const MAIL: &[u8] = b"Subject: hello\r\n\r\n.dot\r\n..two\r\n.\r\nend\r\n";
const TWO: [&str; 2] = ["alice@example.com", "bob@example.com"];

#[tokio::test]
async fn a_mail_arrives_byte_for_byte() {
    for mail in [MAIL, b"Subject: x\r\n\r\n", b"Subject: x\r\n\r\n\r\n\r\n", b".\r\n"] {
        let server = SmtpServer::new();
        let answers = smtp(&server).send(&envelope(&TWO), mail).await.unwrap();
        assert!(answers.iter().all(|answer| answer.verdict == Verdict::Accepted));
        assert_eq!(answers[0].reply.enhanced.as_deref(), Some("2.0.0"));
        let accepted = server.accepted();
        assert_eq!(accepted.len(), 1);
        assert_eq!(accepted[0].bytes, mail);
        assert_eq!(accepted[0].sender.as_deref(), Some("support@example.com"));
        assert_eq!(accepted[0].recipients, TWO);
    }
}

#[tokio::test]
async fn a_mail_without_sender_has_the_null_sender() {
    let server = SmtpServer::new();
    let envelope = Envelope::new(None, vec![Address::new("alice@example.com").unwrap()]).unwrap();
    smtp(&server).send(&envelope, MAIL).await.unwrap();
    assert_eq!(server.accepted()[0].sender, None);
}

#[tokio::test]
async fn each_recipient_has_an_answer_of_its_own() {
    let server = SmtpServer::new();
    let at_recipient = BTreeMap::from([
        ("bob@example.com".to_owned(), Said::new(550, "5.1.1 nobody here")),
        ("carol@example.com".to_owned(), Said::new(451, "4.7.1 later")),
    ]);
    server.misbehave(SmtpFaults { at_recipient, ..SmtpFaults::default() });
    let envelope = envelope(&["alice@example.com", "bob@example.com", "carol@example.com"]);
    let answers = smtp(&server).send(&envelope, MAIL).await.unwrap();
    let verdicts: Vec<_> = answers.iter().map(|answer| answer.verdict).collect();
    assert_eq!(verdicts, [Verdict::Accepted, Verdict::Refused, Verdict::Deferred]);
    assert_eq!(answers[1].reply.to_string(), "550 5.1.1 nobody here");
    assert_eq!(answers[2].reply.to_string(), "451 4.7.1 later");
    assert_eq!(server.accepted()[0].recipients, ["alice@example.com"]);
}

#[tokio::test]
async fn a_refusal_of_the_whole_mail_is_an_answer_for_all() {
    let no = || Some(Said::new(552, "5.3.4 too big"));
    let later = || Some(Said::new(452, "4.3.1 full"));
    for (faults, verdict) in [
        (SmtpFaults { at_mail: no(), ..SmtpFaults::default() }, Verdict::Refused),
        (SmtpFaults { at_data: no(), ..SmtpFaults::default() }, Verdict::Refused),
        (SmtpFaults { at_end: no(), ..SmtpFaults::default() }, Verdict::Refused),
        (SmtpFaults { at_mail: later(), ..SmtpFaults::default() }, Verdict::Deferred),
        (SmtpFaults { at_data: later(), ..SmtpFaults::default() }, Verdict::Deferred),
        (SmtpFaults { at_end: later(), ..SmtpFaults::default() }, Verdict::Deferred),
        (SmtpFaults { max_bytes: Some(10), ..SmtpFaults::default() }, Verdict::Refused),
    ] {
        let server = SmtpServer::new();
        server.misbehave(faults.clone());
        let answers = smtp(&server).send(&envelope(&TWO), MAIL).await.unwrap();
        assert_eq!(answers.len(), 2);
        assert!(answers.iter().all(|answer| answer.verdict == verdict), "{faults:?}: {answers:?}");
        assert!(server.accepted().is_empty());
    }
}

#[tokio::test]
async fn an_odd_yes_is_a_yes() {
    for text in ["".as_bytes(), b"f\xfcr Sie", &[b'x'; 5000]] {
        let server = SmtpServer::new();
        server.misbehave(SmtpFaults { at_end: Some(Said::new(250, text)), ..SmtpFaults::default() });
        let answers = smtp(&server).send(&envelope(&TWO), MAIL).await.unwrap();
        assert!(answers.iter().all(|answer| answer.verdict == Verdict::Accepted && answer.reply.code == 250));
    }
}

#[tokio::test]
async fn an_answer_that_was_lost_after_the_mail_leaves_it_open() {
    let server = SmtpServer::new();
    server.misbehave(SmtpFaults { lose_answer: true, ..SmtpFaults::default() });
    let failure = smtp(&server).send(&envelope(&TWO), MAIL).await.unwrap_err();
    assert!(failure.may_have_sent() && failure.is_transient());
    assert_eq!(server.accepted().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_silent_server_is_left_after_the_time_that_it_has() {
    for word in ["EHLO", "MAIL", "RCPT", "DATA", "."] {
        let server = SmtpServer::new();
        server.misbehave(SmtpFaults { silent_from: Some(word.to_owned()), ..SmtpFaults::default() });
        let failure = smtp(&server).send(&envelope(&TWO), MAIL).await.unwrap_err();
        assert_eq!(failure.kind(), TransportErrorKind::Connection, "{word}: {failure}");
        assert_eq!(failure.may_have_sent(), word == ".", "{word}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_does_not_wait_for_the_end_of_the_session() {
    let server = SmtpServer::new();
    server.misbehave(SmtpFaults { silent_from: Some("QUIT".to_owned()), ..SmtpFaults::default() });
    let begin = tokio::time::Instant::now();
    let answers = smtp(&server).send(&envelope(&TWO), MAIL).await.unwrap();
    assert_eq!(answers[0].verdict, Verdict::Accepted);
    // The clock of a paused runtime moves only when everything waits: nothing has.
    assert_eq!(begin.elapsed(), std::time::Duration::ZERO);
}

#[tokio::test]
async fn signing_in_needs_the_right_password() {
    let server = SmtpServer::new().with_login("support", "secret");
    let sent = smtp(&server).with_login("support", "secret").send(&envelope(&TWO), MAIL).await.unwrap();
    assert_eq!(sent[0].verdict, Verdict::Accepted);
    server.misbehave(SmtpFaults { only_auth_login: true, ..SmtpFaults::default() });
    let sent = smtp(&server).with_login("support", "secret").send(&envelope(&TWO), MAIL).await.unwrap();
    assert_eq!(sent[0].verdict, Verdict::Accepted);
    let failure = smtp(&server).with_login("support", "wrong").send(&envelope(&TWO), MAIL).await.unwrap_err();
    assert_eq!(failure.kind(), TransportErrorKind::Login);
    assert!(!failure.may_have_sent());
}

#[tokio::test]
async fn addresses_beyond_ascii_need_a_server_that_takes_them() {
    let server = SmtpServer::new();
    let both = envelope(&["zoë@example.com", "alice@example.com"]);
    let answers = smtp(&server).send(&both, MAIL).await.unwrap();
    assert!(answers.iter().all(|answer| answer.verdict == Verdict::Accepted));
    assert_eq!(server.accepted()[0].recipients[0], "zoë@example.com");

    server.misbehave(SmtpFaults { plain_abilities: true, ..SmtpFaults::default() });
    let answers = smtp(&server).send(&both, MAIL).await.unwrap();
    let verdicts: Vec<_> = answers.iter().map(|answer| answer.verdict).collect();
    assert_eq!(verdicts, [Verdict::Refused, Verdict::Accepted]);
}

#[tokio::test]
async fn line_ends_that_could_hide_a_second_mail_are_not_sent() {
    for mail in [&b"Subject: x\n\r\nx\r\n"[..], b"Subject: x\r\n\r\n\n.\r\nMAIL", b"a\rb\r\n", b"a\r"] {
        let server = SmtpServer::new();
        let answers = smtp(&server).send(&envelope(&TWO), mail).await.unwrap();
        assert!(answers.iter().all(|answer| answer.verdict == Verdict::Refused && answer.reply.code == 0));
        assert!(server.accepted().is_empty());
    }
}

#[tokio::test]
async fn what_is_sent_to_a_mailbox_is_in_it() {
    let mailboxes = Mailboxes::new();
    mailboxes.create("alice", "secret", "alice@example.com");
    let server = SmtpServer::delivering_to(mailboxes.clone());
    smtp(&server).send(&envelope(&["Alice+tag@example.com", "bob@example.com"]), MAIL).await.unwrap();
    assert_eq!(&*mailboxes.mails("alice")[0].bytes, MAIL);
}

#[tokio::test]
async fn a_check_sends_nothing() {
    let server = SmtpServer::new().with_login("support", "secret");
    let check = smtp(&server).with_login("support", "secret").check().await;
    assert!(check.worked(), "{check}");
    assert!(!smtp(&server).with_login("support", "wrong").check().await.worked());
    assert!(server.accepted().is_empty());
}
