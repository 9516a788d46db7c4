//! Mail that machines write.

use serde_json::{Value, json};

use super::Office;
use super::mail::{Mail, report};

const SUPPORT: &str = "support@mf.example";

#[test]
fn ac_20_whoever_is_a_machine_gets_no_automatic_answer_and_who_only_looks_like_one_does() {
    let machines: &[(&str, &str)] = &[
        ("Auto-Submitted", "auto-replied"),
        ("Auto-Submitted", "Auto-Generated (by a rule)"),
        ("Precedence", "bulk"),
        ("Precedence", "junk"),
        ("Precedence", "list"),
        ("Precedence", "auto_reply"),
        ("List-Id", "<list.one.example>"),
        ("List-Unsubscribe", "<mailto:leave@one.example>"),
        ("X-Auto-Response-Suppress", "All"),
        ("Return-Path", "<>"),
        ("From", "MAILER-DAEMON@one.example"),
        ("Subject", "Automated Response: Re: Automated Response: x"),
    ];
    let people: &[(&str, &str)] =
        &[("Auto-Submitted", "no"), ("Auto-Submitted", "NO (a person)"), ("Return-Path", "<p@one.example>")];
    let mails =
        machines.iter().chain(people).zip(0..).map(|((name, value), number)| {
            Mail::new(&format!("m{number}@one.example"), SUPPORT, "x").with(name, value)
        });
    let mut office = Office::new(&[SUPPORT]);
    let (lines, _) = office.take_all(&mails.collect::<Vec<_>>());
    for (line, header) in lines.iter().zip(machines.iter().chain(people)) {
        assert!(line["ticket"].is_u64(), "a mail is always a ticket: {header:?}");
        assert_eq!(line["may_autoreply"], people.contains(header), "{header:?} {line}");
    }
    let automatic = lines.iter().filter(|line| line["outcome"] == "automatic").count();
    assert!(automatic >= 8, "{lines:?}");
}

/// An office where ticket 1 was answered and closed, and the id and the address of that answer.
fn closed() -> (Office, String, String) {
    let mut office = Office::new(&[SUPPORT]);
    office.take(Mail::new("ann@one.example", SUPPORT, "x"));
    let closing = ["ticket", "reply", "--db", "desk.db", "1", "--text", "Done.", "--close", "--json"];
    let answer = office.run(&closing).value();
    let address = answer["reply_to"][0]["address"].as_str().unwrap().to_owned();
    (office, answer["message_id"].as_str().unwrap().to_owned(), address)
}

#[test]
fn ac_21_a_report_that_our_mail_failed_is_an_event_of_its_ticket_and_reopens_it() {
    let (mut office, id, address) = closed();
    let line = office.take(report(&address, &id, "failed", "5.1.1"));
    assert_eq!((&line["outcome"], &line["ticket"]), (&json!("bounce"), &json!(1)), "{line}");
    let bounce = json!({ "recipient": "ann@one.example", "status": "5.1.1", "action": "failed" });
    assert_eq!(line["bounce"], bounce);
    assert_eq!(line["may_autoreply"], false);
    assert_eq!(office.show(1)["state"], "open");
}

#[test]
fn ac_21_a_delay_is_noted_and_changes_nothing() {
    let (mut office, id, address) = closed();
    let line = office.take(report(&address, &id, "delayed", "4.4.1"));
    assert_eq!((&line["outcome"], &line["ticket"]), (&json!("bounce"), &json!(1)), "{line}");
    assert_eq!(line["bounce"]["action"], "delayed");
    assert_eq!(office.show(1)["state"], "closed");
}

#[test]
fn ac_21_a_report_about_a_mail_that_is_not_ours_changes_no_ticket_of_ours() {
    let (mut office, _, _) = closed();
    let line = office.take(report(SUPPORT, "<somebody-elses@else.example>", "failed", "5.1.1"));
    assert_ne!(line["ticket"], 1);
    assert_eq!(line["bounce"]["recipient"], "ann@one.example");
    assert_eq!(line["may_autoreply"], false);
    assert_eq!(office.show(1)["state"], "closed");
}

#[test]
fn ac_21_an_out_of_office_answer_is_noted_in_its_ticket_which_stays_closed() {
    let (mut office, id, address) = closed();
    let away = Mail::new("ann@one.example", &address, "Automatic reply: x");
    let line: Value = office.take(away.with("In-Reply-To", &id).with("Auto-Submitted", "auto-replied"));
    assert_eq!((&line["outcome"], &line["ticket"]), (&json!("automatic"), &json!(1)), "{line}");
    assert_eq!(line["may_autoreply"], false);
    assert_eq!(office.show(1)["state"], "closed");
}
