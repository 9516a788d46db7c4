//! Talking to machines: AC-20 and AC-21 as far as they are decided here.

use mailflow_core::decision::route::Outcome::{Automatic, Bounce, FollowUp, New};
use mailflow_core::decision::ticket::TicketWish;
use mailflow_core::mail::Mail;
use mailflow_core::outgoing::{OutgoingState, RecipientState};
use mailflow_core::ticket::TicketState;

use super::office::{Office, mail, outcome};

#[tokio::test]
async fn ac_20_each_sign_of_a_machine_alone_forbids_an_automatic_answer() {
    let office = Office::open().await;
    let signs = [
        "Auto-Submitted: auto-replied",
        "auto-submitted: AUTO-GENERATED (by cron)",
        "Precedence: bulk",
        "Precedence: junk",
        "Precedence: list",
        "Precedence: auto_reply",
        "List-Id: <all.lists.example>",
        "List-Unsubscribe: <mailto:leave@lists.example>",
        "X-Auto-Response-Suppress: All",
        "Return-Path: <>",
        "X-Mailman-Version: 2.1",
    ];
    for (n, sign) in signs.iter().enumerate() {
        let placed = office
            .receive(&mail(
                "bot@one.example",
                "support@example.com",
                &format!("s{n}"),
                &format!("{n}@one.example"),
                &format!("{sign}\n"),
            ))
            .await;
        assert!(!placed.routed.may_autoreply, "{sign}");
        assert!(matches!(placed.routed.outcome, Automatic | New), "{sign}");
    }
    let daemon = mail("MAILER-DAEMON@one.example", "support@example.com", "x", "d@one.example", "");
    assert!(!office.receive(&daemon).await.routed.may_autoreply);
    let prefixed = mail(
        "ada@one.example",
        "support@example.com",
        "Automated Response: Re: Automated Response: x",
        "e@one.example",
        "",
    );
    assert!(!office.receive(&prefixed).await.routed.may_autoreply);
    for no in ["Auto-Submitted: no", "Auto-Submitted: No (really)"] {
        let person = mail(
            "ada@one.example",
            "support@example.com",
            "words",
            &format!("{}@one.example", no.len()),
            &format!("{no}\n"),
        );
        let placed = office.receive(&person).await;
        assert!(placed.routed.may_autoreply, "{no}: {:?}", placed.routed);
        assert_eq!(placed.routed.outcome, New, "{no}");
    }
}

#[tokio::test]
async fn ac_21_an_out_of_office_answer_is_noted_and_changes_nothing() {
    let office = Office::open().await;
    let first = office.receive(&mail("ada@one.example", "support@example.com", "x", "1@one.example", "")).await;
    let id = office.answer(1, "words").await.message_id.unwrap();
    office.desk().change(first.routed.ticket, TicketWish::Close).await.unwrap();
    let before = office.ticket(1).await;
    let away = mail(
        "ada@one.example",
        "support@example.com",
        "Automatic reply: x",
        "2@one.example",
        &format!("In-Reply-To: {id}\nAuto-Submitted: auto-replied\nReply-To: x.autoreply@one.example\n"),
    );
    assert_eq!(outcome(&office.receive(&away).await), (Automatic, 1));
    let after = office.ticket(1).await;
    assert_eq!((after.state, after.contact, after.waiting_since), (TicketState::Closed, before.contact, None));
    assert_eq!(after.last.unwrap().message, before.last.unwrap().message);
}

/// A delivery report as Postfix writes it.
fn report(to: &str, about: &Mail, recipient: &str, (action, status): (&str, &str)) -> String {
    let id = about.message_id.as_ref().unwrap();
    format!(
        "Return-Path: <>\nFrom: MAILER-DAEMON@mx.example\nTo: {to}\nSubject: Undelivered Mail Returned to Sender\n\
         Message-ID: <dsn-{status}-{action}@mx.example>\nAuto-Submitted: auto-replied\nMIME-Version: 1.0\n\
         Content-Type: multipart/report; report-type=delivery-status; boundary=b\n\n--b\nContent-Type: text/plain\n\n\
         I'm sorry to have to inform you\n\n--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example\n\n\
         Final-Recipient: rfc822; {recipient}\nOriginal-Recipient: rfc822;{recipient}\nAction: {action}\nStatus: {status}\n\
         Diagnostic-Code: smtp; 550 5.1.1 no such user\n\n--b\nContent-Type: message/rfc822\n\nFrom: support@example.com\n\
         To: {recipient}\nSubject: x\nMessage-ID: {id}\n\nwords\n\n--b--\n"
    )
}

#[tokio::test]
async fn ac_21_a_report_about_our_mail_fails_its_recipient_and_opens_the_ticket_once() {
    let office = Office::open().await;
    let first = office.receive(&mail("ada@one.example", "support@example.com", "x", "1@one.example", "")).await;
    let sent = office.answer(1, "words").await;
    office.desk().change(first.routed.ticket, TicketWish::Close).await.unwrap();
    let envelope = sent.reply_to[0].address.to_string();

    let delayed = office.receive(&report(&envelope, &sent, "ada@one.example", ("delayed", "4.4.1"))).await;
    assert_eq!(outcome(&delayed), (Bounce, 1));
    assert_eq!(office.ticket(1).await.state, TicketState::Closed, "a delay opens nothing");

    let failed = office.receive(&report(&envelope, &sent, "ada@one.example", ("failed", "5.1.1"))).await;
    assert_eq!(outcome(&failed), (Bounce, 1));
    let bounce = failed.bounce.unwrap();
    assert_eq!(bounce.reports[0].status.as_deref(), Some("5.1.1"));
    assert_eq!(office.ticket(1).await.state, TicketState::Open);
    let conversation = office.conversation(1).await;
    let outgoing = conversation.outgoing.values().next().unwrap();
    assert_eq!(outgoing.state, OutgoingState::Failed);
    assert_eq!(outgoing.recipients[0].state, RecipientState::Failed);
    assert_eq!(office.events(1).await.iter().filter(|it| *it == "reopened").count(), 1);
    assert_eq!(office.tickets().await.len(), 1, "bounces are no tickets");
}

#[tokio::test]
async fn ac_21_a_report_without_our_token_changes_nothing() {
    let office = Office::open().await;
    let first = office.receive(&mail("ada@one.example", "support@example.com", "x", "1@one.example", "")).await;
    let mut forged = office.answer(1, "words").await;
    office.desk().change(first.routed.ticket, TicketWish::Close).await.unwrap();
    forged.message_id = mailflow_core::mail::ThreadId::new("<somebody-elses@mx.example>");
    let placed =
        office.receive(&report("support@example.com", &forged, "ada@one.example", ("failed", "5.1.1"))).await;
    assert_eq!(placed.number, 2, "it is a mail like others");
    assert!(!placed.routed.may_autoreply);
    assert_eq!(office.ticket(1).await.state, TicketState::Closed);
    assert_eq!(office.conversation(1).await.outgoing.values().next().unwrap().state, OutgoingState::Sent);
}

#[tokio::test]
async fn a_list_spreads_what_people_write() {
    let office = Office::open().await;
    let listed =
        mail("ada@one.example", "support@example.com", "x", "1@one.example", "List-Id: <all.lists.example>\n");
    assert_eq!(outcome(&office.receive(&listed).await), (New, 1));
    let reply = mail(
        "bob@one.example",
        "support@example.com",
        "Re: x",
        "2@one.example",
        "In-Reply-To: <1@one.example>\nList-Id: <all.lists.example>\n",
    );
    assert_eq!(outcome(&office.receive(&reply).await), (FollowUp, 1));
}
