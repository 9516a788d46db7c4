//! One mail is one message, however often and on whichever way it comes.

use super::Office;
use super::mail::Mail;

#[test]
fn ac_10_one_mail_to_several_of_our_addresses_is_one_ticket() {
    let mut office = Office::new(&["sales@mf.example", "support@mf.example"]);
    let mail = Mail::new("a@one.example", "sales@mf.example", "x").with("Cc", "support@mf.example");
    let copies = [
        mail.clone(),
        mail.clone(),
        mail.clone().with("Received", "from list.example by a"),
        mail.with("Received", "from list.example by b"),
    ];
    let (lines, summary) = office.take_all(&copies);
    let outcomes: Vec<&str> = lines.iter().map(|line| line["outcome"].as_str().unwrap()).collect();
    assert_eq!(outcomes, ["new", "duplicate", "duplicate", "duplicate"]);
    assert!(lines.iter().all(|line| line["ticket"] == 1));
    let may_autoreply: Vec<bool> = lines.iter().map(|line| line["may_autoreply"].as_bool().unwrap()).collect();
    assert_eq!(may_autoreply, [true, false, false, false]);
    assert_eq!(
        (&summary["messages"], &summary["tickets"], &summary["duplicates"]),
        (&4.into(), &1.into(), &3.into())
    );
    assert_eq!(office.show(1)["ticketbox"], "sales");
    assert_eq!(office.show(1)["messages"].as_array().unwrap().len(), 1);
}

#[test]
fn ac_10_a_mail_from_our_own_address_gets_no_automatic_answer_and_makes_no_contact() {
    let mut office = Office::new(&["support@mf.example"]);
    let line = office.take(Mail::new("support@mf.example", "support@mf.example", "x"));
    assert_eq!(line["may_autoreply"], false);
    assert!(office.show(1)["contact"].is_null());
}

#[test]
fn ac_11_a_message_id_that_is_missing_empty_odd_or_reused_loses_nothing() {
    let mut office = Office::new(&["support@mf.example"]);
    let mail = || Mail::new("k@one.example", "support@mf.example", "x");
    let same = mail().with("Message-ID", "<same@carrier.example>").body("one\n");
    let other = same.clone().with("Date", "Mon, 09 Jun 2025 10:00:00 +0000").body("two\n");
    let (lines, summary) = office.take_all(&[
        mail().without("Message-ID"),
        mail().with("Message-ID", ""),
        mail().with("Message-ID", "abc"),
        same,
        other,
    ]);
    assert!(lines.iter().all(|line| line["outcome"] == "new"), "{lines:?}");
    assert_eq!(summary["tickets"], 5);
}

#[test]
fn the_same_files_again_are_duplicates_and_the_desk_goes_on_counting() {
    let mut office = Office::new(&["support@mf.example"]);
    let mails: Vec<Mail> =
        (0..3).map(|it| Mail::new(&format!("p{it}@one.example"), "support@mf.example", "x")).collect();
    let (_, first) = office.take_all(&mails);
    let (lines, again) = office.take_all(&mails);
    assert_eq!((&first["tickets"], &first["duplicates"]), (&3.into(), &0.into()));
    assert_eq!((&again["tickets"], &again["duplicates"]), (&0.into(), &3.into()));
    let tickets: Vec<u64> = lines.iter().map(|line| line["ticket"].as_u64().unwrap()).collect();
    assert_eq!(tickets, [1, 2, 3]);
    assert_eq!(office.take(Mail::new("q@one.example", "support@mf.example", "x"))["ticket"], 4);
}
