//! Sessions of the POP3 client with a server that does as it is told.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

mod common;

use std::collections::BTreeSet;

use common::{ENOUGH, collect, fetch, mailbox, pop3, whole};
use mailflow_core::transport::{Content, MailSource, Settle, TransportErrorKind};
use mailflow_test::servers::{Pop3Faults, Uidl};

const FIRST: &[u8] = b"Subject: one\r\n\r\n.dot\r\n..two dots\r\n.\r\nend\r\n";
const SECOND: &[u8] = b"Subject: two\r\n\r\nbytes \xff\xfe and \0\r\n";
const THIRD: &[u8] = b"Subject: three\r\nX-Long: x\r\n\r\nbody\r\n";

#[tokio::test]
async fn what_is_fetched_is_what_the_server_has_and_goes_when_the_session_is_closed() {
    let (mailboxes, server) = mailbox(&[FIRST, SECOND, THIRD]);
    let mut kept = Vec::new();
    collect(&pop3(&server), ENOUGH, &mut kept).await.unwrap();
    assert_eq!(whole(&kept), [FIRST, SECOND, THIRD]);
    assert!(mailboxes.mails("support").is_empty());
}

#[tokio::test]
async fn what_is_settled_is_still_there_if_the_session_is_not_closed() {
    let (mailboxes, server) = mailbox(&[FIRST, SECOND]);
    let mut session = pop3(&server).open().await.unwrap();
    let waiting = session.list().await.unwrap();
    session.settle(&waiting, Settle::Remove).await.unwrap();
    drop(session);
    assert_eq!(mailboxes.mails("support").len(), 2);
    assert_eq!(server.commands().iter().filter(|word| *word == "DELE").count(), 2);
}

#[tokio::test]
async fn what_is_kept_stays_and_has_the_same_name_next_time() {
    let (mailboxes, server) = mailbox(&[FIRST, SECOND]);
    let source = pop3(&server);
    let mut names = Vec::new();
    for _ in 0..2 {
        let mut session = source.open().await.unwrap();
        let waiting = session.list().await.unwrap();
        session.settle(&waiting, Settle::Keep).await.unwrap();
        session.close().await.unwrap();
        names.push(waiting);
    }
    assert_eq!(names[0], names[1]);
    assert!(names[0].iter().all(|waiting| waiting.uid.is_some()));
    assert_eq!(mailboxes.mails("support").len(), 2);
}

#[tokio::test]
async fn a_server_with_few_abilities_gives_the_same_mails() {
    for faults in [
        Pop3Faults { no_capa: true, plain_abilities: true, ..Pop3Faults::default() },
        Pop3Faults { plain_abilities: true, no_apop: true, ..Pop3Faults::default() },
    ] {
        let (mailboxes, server) = mailbox(&[FIRST, SECOND, THIRD]);
        server.misbehave(faults);
        let mut kept = Vec::new();
        collect(&pop3(&server), ENOUGH, &mut kept).await.unwrap();
        assert_eq!(whole(&kept), [FIRST, SECOND, THIRD]);
        assert!(mailboxes.mails("support").is_empty());
        assert!(server.commands().contains(&"PASS".to_owned()));
    }
}

#[tokio::test]
async fn a_server_that_ends_lines_with_lf_alone_is_understood() {
    let (_, server) = mailbox(&[b"Subject: x\n\n.dot\nend\n"]);
    server.misbehave(Pop3Faults { lf_alone: true, ..Pop3Faults::default() });
    let mut kept = Vec::new();
    collect(&pop3(&server), ENOUGH, &mut kept).await.unwrap();
    assert_eq!(whole(&kept), [b"Subject: x\n\n.dot\nend\n"]);
}

#[tokio::test]
async fn names_that_are_missing_doubled_or_unfit_are_no_names() {
    for uidl in [Uidl::Missing, Uidl::AllTheSame, Uidl::Invalid] {
        let (_, server) = mailbox(&[FIRST, SECOND, THIRD]);
        server.misbehave(Pop3Faults { uidl, ..Pop3Faults::default() });
        let mut session = pop3(&server).open().await.unwrap();
        let waiting = session.list().await.unwrap();
        assert_eq!(waiting.iter().map(|one| one.number).collect::<Vec<_>>(), [1, 2, 3], "{uidl:?}");
        assert!(waiting.iter().all(|one| one.uid.is_none()), "{uidl:?}");
        let (fetched, outcome) = fetch(&mut session, &waiting, ENOUGH).await;
        outcome.unwrap();
        assert_eq!(whole(&fetched), [FIRST, SECOND, THIRD], "{uidl:?}");
    }
}

#[tokio::test]
async fn a_server_that_numbers_anew_gives_other_names_and_the_same_bytes() {
    let (_, server) = mailbox(&[FIRST, SECOND]);
    let mut seen = Vec::new();
    for generation in 0..2 {
        server.misbehave(Pop3Faults { uidl: Uidl::Renumbered(generation), ..Pop3Faults::default() });
        let mut session = pop3(&server).open().await.unwrap();
        let waiting = session.list().await.unwrap();
        let (fetched, outcome) = fetch(&mut session, &waiting, ENOUGH).await;
        outcome.unwrap();
        seen.push((waiting, whole(&fetched)));
    }
    assert_ne!(seen[0].0, seen[1].0);
    assert_eq!(seen[0].1, seen[1].1);
}

#[tokio::test]
async fn of_a_mail_over_the_limit_the_headers_are_fetched() {
    let limit = u64::try_from(THIRD.len()).unwrap() - 1;
    // By the length that the server says, and by the length that it has when it says a wrong one.
    for said_size in [None, Some(1)] {
        let (mailboxes, server) = mailbox(&[b"Subject: s\r\n\r\nx\r\n", THIRD]);
        server.misbehave(Pop3Faults { said_size, ..Pop3Faults::default() });
        let mut kept = Vec::new();
        collect(&pop3(&server), limit, &mut kept).await.unwrap();
        assert_eq!(kept[0].content, Content::Whole(b"Subject: s\r\n\r\nx\r\n".to_vec()));
        assert_eq!(kept[1].content, Content::HeadersOnly(b"Subject: three\r\nX-Long: x\r\n\r\n".to_vec()));
        assert_eq!(mailboxes.mails("support").len(), 1);
    }
}

#[tokio::test]
async fn a_mail_that_the_server_does_not_give_does_not_keep_the_others() {
    let (_, server) = mailbox(&[FIRST, SECOND, THIRD]);
    server.misbehave(Pop3Faults { refuse_retr: BTreeSet::from([2]), ..Pop3Faults::default() });
    let mut kept = Vec::new();
    collect(&pop3(&server), ENOUGH, &mut kept).await.unwrap();
    assert_eq!(whole(&kept), [FIRST, THIRD]);
    assert!(matches!(kept[1].content, Content::Unavailable(_)));
}

#[tokio::test]
async fn a_mail_that_cannot_be_removed_shows_and_the_others_are_gone() {
    let (mailboxes, server) = mailbox(&[FIRST, SECOND, THIRD]);
    server.misbehave(Pop3Faults { refuse_dele: BTreeSet::from([2]), ..Pop3Faults::default() });
    let failure = collect(&pop3(&server), ENOUGH, &mut Vec::new()).await.unwrap_err();
    assert!(failure.is_transient() && failure.to_string().contains("did not remove 1 mail;"), "{failure}");
    assert_eq!(mailboxes.mails("support").len(), 1);
}

#[tokio::test]
async fn a_lost_answer_to_quit_is_not_called_success() {
    let (mailboxes, server) = mailbox(&[FIRST]);
    server.misbehave(Pop3Faults { lose_quit_answer: true, ..Pop3Faults::default() });
    let failure = collect(&pop3(&server), ENOUGH, &mut Vec::new()).await.unwrap_err();
    assert_eq!(failure.kind(), TransportErrorKind::Connection);
    assert!(mailboxes.mails("support").is_empty());
}

#[tokio::test]
async fn a_wrong_password_is_a_matter_of_login() {
    let (mailboxes, server) = mailbox(&[]);
    mailboxes.create("support", "another", "support@example.com");
    for plain_abilities in [false, true] {
        server.misbehave(Pop3Faults { plain_abilities, ..Pop3Faults::default() });
        let failure = pop3(&server).open().await.err().unwrap();
        assert_eq!(failure.kind(), TransportErrorKind::Login);
        assert!(!failure.to_string().contains("secret"));
    }
}

#[tokio::test]
async fn apop_is_used_where_it_is_wanted_and_offered() {
    let (_, server) = mailbox(&[FIRST]);
    pop3(&server).with_apop(true).open().await.unwrap();
    let words = server.commands();
    assert!(words.contains(&"APOP".to_owned()) && !words.iter().any(|word| word == "PASS" || word == "AUTH"));
    server.misbehave(Pop3Faults { no_apop: true, ..Pop3Faults::default() });
    pop3(&server).with_apop(true).open().await.unwrap();
    assert!(server.commands().contains(&"AUTH".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn a_silent_server_is_left_after_the_time_that_it_has() {
    for word in ["CAPA", "AUTH", "LIST", "UIDL", "RETR", "DELE", "QUIT"] {
        let (mailboxes, server) = mailbox(&[FIRST, SECOND]);
        server.misbehave(Pop3Faults { silent_from: Some(word.to_owned()), ..Pop3Faults::default() });
        let failure = collect(&pop3(&server), ENOUGH, &mut Vec::new()).await.unwrap_err();
        assert_eq!(failure.kind(), TransportErrorKind::Connection, "{word}");
        assert!(failure.to_string().contains("took too long"), "{word}: {failure}");
        assert_eq!(mailboxes.mails("support").len(), 2, "{word}");
    }
}

#[tokio::test]
async fn a_check_counts_the_mails_and_touches_none() {
    let (mailboxes, server) = mailbox(&[FIRST, SECOND]);
    let check = pop3(&server).check().await;
    assert!(check.worked(), "{check}");
    assert!(check.to_string().contains("2 mails"), "{check}");
    assert_eq!(mailboxes.mails("support").len(), 2);
    assert!(!server.commands().iter().any(|word| word == "RETR" || word == "DELE"));

    mailboxes.create("support", "another", "support@example.com");
    let check = pop3(&server).check().await;
    assert!(!check.worked());
    assert!(check.steps.last().is_some_and(|step| !step.worked && step.words.contains("password")), "{check}");
}

#[tokio::test]
async fn a_fetch_that_nobody_waits_for_stops_and_the_session_can_be_closed() {
    for plain_abilities in [true, false] {
        let mails = vec![FIRST; 40];
        let (mailboxes, server) = mailbox(&mails);
        server.misbehave(Pop3Faults { plain_abilities, ..Pop3Faults::default() });
        let mut session = pop3(&server).open().await.unwrap();
        let waiting = session.list().await.unwrap();
        let (to, from) = tokio::sync::mpsc::channel(1);
        drop(from);
        session.fetch(&waiting, ENOUGH, &to).await.unwrap();
        session.close().await.unwrap();
        assert_eq!(mailboxes.mails("support").len(), 40);
        assert!(!server.commands().contains(&"RETR".to_owned()));
    }
}

/// Claim F2 at the level of the source: 10,000 mails that stay, all named anew.
#[tokio::test]
async fn ten_thousand_mails_are_listed_under_their_new_names() {
    let mails: Vec<Vec<u8>> = (0..10_000).map(|n| format!("Subject: {n}\r\n\r\n{n}\r\n").into_bytes()).collect();
    let mails: Vec<&[u8]> = mails.iter().map(Vec::as_slice).collect();
    let (_, server) = mailbox(&mails);
    let mut names = BTreeSet::new();
    for generation in 0..2 {
        server.misbehave(Pop3Faults { uidl: Uidl::Renumbered(generation), ..Pop3Faults::default() });
        let mut session = pop3(&server).open().await.unwrap();
        let waiting = session.list().await.unwrap();
        names.extend(waiting.iter().filter_map(|one| one.uid.clone()));
        let (fetched, outcome) = fetch(&mut session, &waiting, ENOUGH).await;
        outcome.unwrap();
        assert_eq!(whole(&fetched), mails);
    }
    assert_eq!(names.len(), 20_000);
}
