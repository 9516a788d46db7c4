//! AC-21: delivery reports, of machines (RFC 3464) and in the words of the servers that write none.

use mailflow_core::mail::BounceAction::{self, Delayed, Delivered, Failed};
use mailflow_core::mail::{Defect, Mail};

use crate::{has, read};

/// Recipient, status and action of the first report; nothing if the mail is none.
fn report(mail: &Mail) -> Option<(String, String, Option<BounceAction>)> {
    let report = mail.bounce.as_ref()?.reports.first()?.clone();
    let recipient = report.recipient.map(|address| address.to_string()).unwrap_or_default();
    Some((recipient, report.status.unwrap_or_default(), report.action))
}

fn dsn(fields: &str) -> String {
    format!(
        "From: MAILER-DAEMON@mx.example\nTo: support@example.com\nSubject: Report\nContent-Type: multipart/report; report-type=delivery-status; boundary=B\n\n--B\nContent-Type: text/plain\n\nfor people\n--B\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example\nArrival-Date: Tue, 14 Nov 2023 10:30:00 +0100\n\n{fields}\n--B\nContent-Type: message/rfc822\n\nMessage-ID: <ours@example.com>\nTo: ada@one.example\nSubject: x\n\nx\n--B--\n"
    )
}

fn ada(status: &str, action: BounceAction) -> Option<(String, String, Option<BounceAction>)> {
    Some(("ada@one.example".to_owned(), status.to_owned(), Some(action)))
}

#[test]
fn ac_21_postfix() {
    let mail = read(dsn(
        "Final-Recipient: rfc822; ada@one.example\nOriginal-Recipient: rfc822;ada@one.example\nAction: failed\nStatus: 5.1.1\nRemote-MTA: dns; mx.one.example\nDiagnostic-Code: smtp; 550 5.1.1 <ada@one.example>: Recipient address rejected\n",
    ));
    assert_eq!(report(&mail), ada("5.1.1", Failed));
    let bounce = mail.bounce.unwrap();
    assert_eq!(bounce.about.unwrap().as_str(), "ours@example.com");
    assert!(bounce.reports[0].diagnostic.starts_with("smtp; 550 5.1.1"));
    assert!(mail.automatic.unwrap().machine);
}

#[test]
fn ac_21_exchange() {
    for status in ["5.7.129", "5.7.133", "5.1.10"] {
        let mail = read(dsn(&format!(
            "Final-Recipient: rfc822;ada@one.example\nAction: failed\nStatus: {status}\nDiagnostic-Code: smtp;550 {status} RESOLVER.RST.NotAuthorized; not authorized\nX-Display-Name: Ada\n"
        )));
        assert_eq!(report(&mail), ada(status, Failed));
    }
}

#[test]
fn ac_21_a_delay_is_not_a_failure() {
    let mail = read(dsn(
        "Final-Recipient: rfc822; ada@one.example\nAction: delayed\nStatus: 4.4.1\nDiagnostic-Code: smtp; The recipient server did not accept our requests to connect.\nWill-Retry-Until: Thu, 16 Nov 2023 10:30:00 +0100\n",
    ));
    assert_eq!(report(&mail), ada("4.4.1", Delayed));
}

#[test]
fn ac_21_the_original_recipient_comes_before_the_final_one() {
    let mail = read(dsn(
        "Original-Recipient: rfc822;ada@one.example\nFinal-Recipient: rfc822;forwarded@two.example\nAction: failed\nStatus: 5.2.2 (mailbox full)\n",
    ));
    assert_eq!(report(&mail), ada("5.2.2", Failed));
    let mail = read(dsn(
        "Original-Recipient: rfc822;unknown\nFinal-Recipient: rfc822;<ada@one.example>\nAction: failed\nStatus: 5.0.0\n",
    ));
    assert_eq!(report(&mail), ada("5.0.0", Failed));
}

#[test]
fn ac_21_each_recipient_has_a_report_of_its_own() {
    let mail = read(dsn(
        "Final-Recipient: rfc822;bob@two.example\nAction: delivered\nStatus: 2.0.0\n\nFinal-Recipient: rfc822;ada@one.example\nAction: failed\nStatus: 5.1.1\n",
    ));
    let reports = mail.bounce.unwrap().reports;
    assert_eq!(reports.len(), 2);
    assert_eq!((reports[0].action, reports[1].action), (Some(Delivered), Some(Failed)));
}

#[test]
fn ac_21_what_a_machine_left_out_is_implied() {
    let mail = read(dsn(
        "Original-Recipient: <ada@one.example>\nAction: failed\nDiagnostic-Code: smtp; 550 5.1.1 <ada@one.example>... User unknown\n",
    ));
    assert_eq!(report(&mail), ada("5.1.1", Failed));
    let mail = read(dsn("Final-Recipient: rfc822;ada@one.example\nStatus: 4.2.2\n"));
    assert_eq!(report(&mail), ada("4.2.2", Delayed));
    let mail = read(dsn(
        "Final-Recipient: rfc822;ada@one.example\nAction: FAILED (quota)\nDiagnostic-Code: smtp; 452 mailbox full\n",
    ));
    assert_eq!(report(&mail), ada("4.2.2", Failed));
}

#[test]
fn ac_21_a_report_without_its_machine_readable_part() {
    let mail = read(dsn("nothing that could be read\n"));
    assert!(has(&mail, Defect::BadReport));
    assert!(mail.bounce.is_some_and(|bounce| bounce.reports.len() == 1));
    // Some server has put it among the words.
    let mail = read(
        "From: MAILER-DAEMON@mx.example\nTo: support@example.com\nSubject: Delivery Status Notification (Failure)\n\nAn error occurred while trying to deliver the mail to the following recipients:\nada@one.example\n\nReporting-MTA: dsn; mx.example\nAction: failed\nFinal-Recipient: rfc822; ada@one.example\nStatus: 5.2.2\n",
    );
    assert_eq!(report(&mail), ada("5.2.2", Failed));
}

#[test]
fn ac_21_servers_that_write_for_people_only() {
    for (server, text, status) in [
        (
            "qmail",
            "Hi. This is the qmail-send program at mx.example.\nI'm afraid I wasn't able to deliver your message to the following addresses.\nThis is a permanent error; I've given up. Sorry it didn't work out.\n\n<ada@one.example>:\n192.0.2.4 does not like recipient.\nRemote host said: 550 5.1.1 <ada@one.example>... User unknown\nGiving up on 192.0.2.4.\n\n--- Below this line is a copy of the message.\n\nReturn-Path: <support@example.com>\nTo: someone@else.example\n",
            "5.1.1",
        ),
        (
            "qmail without a code",
            "Hi. This is the qmail-send program at mx.example.\nI'm afraid I wasn't able to deliver your message to the following addresses.\n\n<ada@one.example>:\nSorry, I couldn't find any host named one.example. (#5.1.2)\n",
            "5.1.2",
        ),
        (
            "exim",
            "This message was created automatically by mail delivery software.\n\nA message that you sent could not be delivered to one or more of its\nrecipients. This is a permanent error. The following address(es) failed:\n\n  ada@one.example\n    host mx.one.example [192.0.2.4]\n    SMTP error from remote mail server after RCPT TO:<ada@one.example>:\n    550 5.1.1 unknown user\n\n------ This is a copy of the message, including all the headers. ------\n\nReturn-path: <support@example.com>\n",
            "5.1.1",
        ),
        (
            "old sendmail",
            "The original message was received at Tue, 14 Nov 2023 10:30:00 +0100\nfrom localhost\n\n   ----- The following addresses had permanent fatal errors -----\n<ada@one.example>\n\n   ----- Transcript of session follows -----\n... while talking to mx.one.example.:\n>>> RCPT To:<ada@one.example>\n<<< 550 5.1.1 <ada@one.example>... User unknown\n",
            "5.1.1",
        ),
        (
            "old postfix",
            "This is the Postfix program at host mx.example.\n\nI'm sorry to have to inform you that the message returned\nbelow could not be delivered to one or more destinations.\n\nFor further assistance, please contact <postmaster@mx.example>\n\n<ada@one.example>: host mx.one.example[192.0.2.4] said: 552 5.2.2 mailbox full\n",
            "5.2.2",
        ),
        (
            "opensmtpd",
            "    Hi!\n\n    An error has occurred while attempting to deliver a message for\n    the following list of recipients:\n\nada@one.example: 530 5.7.0 Must issue a STARTTLS command first\n\n    Below is a copy of the original message:\n\nReceived: from x\n",
            "5.7.0",
        ),
        (
            "notes",
            "------- Failure Reasons  --------\n\nUser not listed in public Name & Address Book\nada@one.example\n\n------- Returned Message --------\n\nReceived: from x\n",
            "5.1.1",
        ),
        (
            "exchange 2003",
            "Your message\n\n  To:      ada@one.example\n  Subject: x\n  Sent:    Tue, 14 Nov 2023 10:30:00 +0100\n\ndid not reach the following recipient(s):\n\nada@one.example on Tue, 14 Nov 2023 10:31:00 +0100\n    The recipient name is not recognized\n",
            "5.1.1",
        ),
        (
            "exchange 2007",
            "Delivery has failed to these recipients or groups:\n\nada@one.example<mailto:ada@one.example>\nThe recipient's mailbox is full and can't accept messages now.\n\nDiagnostic information for administrators:\n\nGenerating server: mx.one.example\n\nada@one.example\n#550 5.2.2 STOREDRV.Deliver; mailbox full ##\n",
            "5.2.2",
        ),
        (
            "yahoo",
            "Sorry, we were unable to deliver your message to the following address.\n\n<ada@one.example>:\nRemote host said: 550 5.1.1 <ada@one.example>... User Unknown [RCPT_TO]\n\n--- Below this line is a copy of the message.\n",
            "5.1.1",
        ),
        (
            "no code at all",
            "Message from mx.example.\nUnable to deliver message to the following address(es).\n\n<ada@one.example>:\nThis user doesn't have a mx.example account (ada@one.example) [0]\n\n--- Original message follows.\n",
            "5.1.1",
        ),
        (
            "a response in brackets",
            "We had trouble delivering your message. Full details follow:\n\n1 error(s):\n\nSMTP Server <mx.one.example> rejected recipient <ada@one.example>\n  (Error following RCPT command). It responded as follows: [550 5.1.1 User unknown]\n",
            "5.1.1",
        ),
        (
            "a gateway",
            "Your message:\n   From:    support@example.com\n   Subject: x\nCould not be delivered because of\n\n550 5.1.1 User unknown\n\nThe following recipients were affected:\n    ada@one.example\n\nAdditional Information\n======================\nOriginal Sender:    <support@example.com>\n",
            "5.1.1",
        ),
        (
            "labels",
            "Your message cannot be delivered to the following recipients:\n\n  Recipient address: ada@one.example\n  Reason: Remote SMTP server has rejected address\n  Diagnostic code: smtp;550 5.1.1 unknown or illegal alias\n",
            "5.1.1",
        ),
        (
            "given up after days",
            "This message was created automatically by mail delivery software.\nA message that you sent could not be delivered. This is a permanent error.\nThe following address failed:\n\n<ada@one.example>\n\nReason:\ndelivery retry timeout exceeded\n",
            "5.4.7",
        ),
    ] {
        let mail = read(format!(
            "Return-Path: <>\nFrom: MAILER-DAEMON@mx.example\nTo: support@example.com\nSubject: Undelivered mail\n\n{text}"
        ));
        assert_eq!(report(&mail), ada(status, Failed), "{server}");
        assert!(mail.automatic.unwrap().machine, "{server}");
    }
}

#[test]
fn ac_21_delays_in_words() {
    for (server, subject, text, status) in [
        (
            "exim",
            "Warning: message 1 delayed 24 hours",
            "This message was created automatically by mail delivery software.\nA message that you sent has not yet been delivered to one or more of its\nrecipients after more than 24 hours on the queue.\n\nThe address to which the message has not yet been delivered is:\n\n  ada@one.example\n    Delay reason: SMTP error from remote mail server: 450 4.2.0 try again later\n\nNo action is required on your part.\n",
            "4.2.0",
        ),
        (
            "gmail",
            "Delivery Status Notification (Delay)",
            "THIS IS A WARNING MESSAGE ONLY.\n\nYOU DO NOT NEED TO RESEND YOUR MESSAGE.\n\nDelivery to the following recipient has been delayed:\n\n     ada@one.example\n\nMessage will be retried for 2 more day(s)\n\nTechnical details of temporary failure:\nThe recipient server did not accept our requests to connect.\n",
            "4.4.1",
        ),
    ] {
        let mail = read(format!(
            "From: Mail Delivery System <mailer-daemon@mx.example>\nTo: support@example.com\nSubject: {subject}\n\n{text}"
        ));
        assert_eq!(report(&mail), ada(status, Delayed), "{server}");
    }
}

#[test]
fn ac_21_the_header_that_names_the_recipients() {
    let mail = read(
        "X-Failed-Recipients: ada@one.example, bob@two.example\nFrom: mailer-daemon@mx.example\nSubject: Delivery Status Notification (Failure)\n\nThe response was:\n\n550 5.1.1 The account that you tried to reach does not exist.\n\n----- Original message -----\n\nReceived: from x\nMessage-ID: <ours@example.com>\n",
    );
    assert_eq!(report(&mail), ada("5.1.1", Failed));
    let bounce = mail.bounce.unwrap();
    assert_eq!((bounce.reports.len(), bounce.about.unwrap().as_str()), (2, "ours@example.com"));
}

#[test]
fn ac_21_a_person_who_writes_about_a_report_is_a_person() {
    for mail in [
        "From: bob@two.example\nTo: support@example.com\nSubject: Undelivered Mail Returned to Sender\n\nI got this, what is it?\n<ada@one.example>: host said: 550 5.1.1 User unknown\n",
        "From: bob@two.example\nTo: support@example.com\nSubject: Fwd: failure notice\n\nSee below.\n\n--- Below this line is a copy of the message.\n\nReturn-Path: <x@y.example>\nTo: ada@one.example\n",
        "From: Postmaster <postmaster@two.example>\nTo: support@example.com\nSubject: A question\n\nWho is ada@one.example?\n",
        "Return-Path: <>\nFrom: bob@two.example\nTo: support@example.com\nSubject: Out of office\n\nI am away until Monday. Write to ada@one.example.\n",
        "From: no-reply@two.example\nTo: support@example.com\nSubject: Your delivery status\n\nYour parcel could not be delivered.\n",
    ] {
        assert!(read(mail).bounce.is_none(), "{mail}");
    }
}

#[test]
fn ac_21_reports_of_abuse_and_of_reading_are_no_bounces() {
    for kind in ["feedback-report", "disposition-notification"] {
        let mail = read(format!(
            "From: abuse@mx.example\nSubject: Report\nContent-Type: multipart/report; report-type={kind}; boundary=B\n\n--B\n\nfor people\n--B\nContent-Type: message/{kind}\n\nFinal-Recipient: rfc822;ada@one.example\nOriginal-Rcpt-To: ada@one.example\n\n--B--\n"
        ));
        assert!(mail.bounce.is_none(), "{kind}");
        assert!(mail.automatic.is_some_and(|it| it.machine), "{kind}");
    }
}

#[test]
fn ac_21_a_forwarded_report_is_the_forwarders_mail() {
    let inner = dsn("Final-Recipient: rfc822;ada@one.example\nAction: failed\nStatus: 5.1.1\n");
    let mail = read(format!(
        "From: bob@two.example\nSubject: Fwd: Report\nContent-Type: multipart/mixed; boundary=OUTER\n\n--OUTER\n\nlook\n--OUTER\nContent-Type: message/rfc822\n\n{inner}\n--OUTER--\n"
    ));
    assert!(mail.bounce.is_none() && mail.automatic.is_none(), "{:?}", mail.bounce);
}
