//! AC-20: who is answered by nobody's machine.

use crate::read;

fn machine(headers: &str) -> Option<bool> {
    read(format!("From: ada@one.example\nSubject: words\n{headers}\n\nx")).automatic.map(|it| it.machine)
}

#[test]
fn ac_20_each_header_of_a_machine_alone_tells() {
    for header in [
        "Auto-Submitted: auto-replied",
        "AUTO-SUBMITTED: Auto-Generated",
        "Auto-Submitted: auto-generated (by cron)",
        "Auto-Submitted: (vacation) auto-replied; x=y",
        "Auto-Submitted: x-something-else",
        "Precedence: bulk",
        "Precedence: Junk",
        "Precedence: auto_reply",
        "X-Auto-Response-Suppress: All",
        "X-Auto-Response-Suppress: DR, OOF, AutoReply",
        "X-Autoreply: yes",
        "X-Autorespond: vacation",
        "X-Auto-Reply: 1",
        "X-Apple-Action: OOF",
        "Return-Path: <>",
        "Content-Type: multipart/report; report-type=disposition-notification; boundary=b",
    ] {
        assert_eq!(machine(header), Some(true), "{header}");
    }
}

#[test]
fn ac_20_each_header_of_a_list_alone_tells() {
    for header in [
        "Precedence: list",
        "List-Id: <a.lists.example>",
        "List-Unsubscribe: <mailto:x@lists.example>",
        "List-Post: NO",
        "X-Mailman-Version: 2.1",
    ] {
        assert_eq!(machine(header), Some(false), "{header}");
    }
}

#[test]
fn ac_20_what_says_no_or_nothing_is_a_person() {
    for header in [
        "Auto-Submitted: no",
        "Auto-Submitted: NO",
        "Auto-Submitted: no (a person wrote this)",
        "Auto-Submitted: (comment) no",
        "Auto-Submitted:",
        "Precedence: normal",
        "Precedence: first-class",
        "X-Auto-Response-Suppress: None",
        "X-Priority: 1",
    ] {
        assert_eq!(machine(header), None, "{header}");
    }
}

#[test]
fn ac_20_a_subject_alone_tells_where_no_header_does() {
    for subject in [
        "Automated Response: Re: Automated Response:",
        "Automatic reply: hello",
        "Out of Office: back on Monday",
        "Automatische Antwort: Anfrage",
        "Réponse automatique : bonjour",
    ] {
        let mail = read(format!("From: ada@one.example\nSubject: {subject}\n\nx"));
        assert!(mail.automatic.is_some_and(|it| it.machine), "{subject}");
    }
    for subject in ["Re: your automatic gate", "Out of paper", "About automatic replies"] {
        let mail = read(format!("From: ada@one.example\nSubject: {subject}\n\nx"));
        assert!(mail.automatic.is_none(), "{subject}");
    }
}
