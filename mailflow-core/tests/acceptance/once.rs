//! Once and only once: AC-10 to AC-14.

use mailflow_core::arrival::Arrival;
use mailflow_core::contact::Contact;
use mailflow_core::decision::route::Outcome::{Duplicate, FollowUp, New, Unreadable};
use mailflow_core::store::{Key, Query, View};
use mailflow_core::time::Timestamp;

use super::office::{Office, crlf, mail, outcome};

#[tokio::test]
async fn ac_10_one_mail_to_several_of_our_addresses_is_one_ticket() {
    let office = Office::open().await;
    let body = "From: ada@one.example\nTo: sales@example.com\nCc: support@example.com, all@lists.example\nSubject: x\nMessage-ID: <1@one.example>\nDate: Tue, 14 Nov 2023 10:00:00 +0000\n\nwords\n";
    let copies: Vec<String> = (1..=4).map(|n| format!("Received: from hop{n}.example\n{body}")).collect();
    let copies: Vec<&str> = copies.iter().map(String::as_str).collect();
    let placed = office.receive_all(&copies).await;
    assert_eq!(
        placed.iter().map(outcome).collect::<Vec<_>>(),
        [(New, 1), (Duplicate, 1), (Duplicate, 1), (Duplicate, 1)]
    );
    assert!(placed[1..].iter().all(|it| !it.routed.may_autoreply));
    assert_eq!(office.ticket(1).await.ticketbox, office.sales.id, "the first of our addresses in To owns it");
    assert_eq!(office.messages(1).await.len(), 1);
    let names: Vec<String> = contacts(&office).await;
    assert_eq!(names, ["ada@one.example"], "our own addresses never become contacts");
}

#[tokio::test]
async fn ac_10_a_mail_from_ourselves_to_ourselves_makes_no_contact() {
    let office = Office::open().await;
    let placed = office.receive(&mail("support@example.com", "support@example.com", "x", "1@example.com", "")).await;
    assert_eq!(outcome(&placed), (New, 1));
    assert!(!placed.routed.may_autoreply);
    assert!(contacts(&office).await.is_empty());
}

async fn contacts(office: &Office) -> Vec<String> {
    let contacts: Vec<Contact> = office.all(&Query::Contacts(Vec::new())).await;
    contacts.iter().map(|contact| contact.shown().to_owned()).collect()
}

#[tokio::test]
async fn ac_11_message_ids_are_no_identity() {
    let office = Office::open().await;
    let without = |id: &str, n: u8| {
        format!("From: p{n}@one.example\nTo: support@example.com\nSubject: s{n}\n{id}\nwords {n}\n")
    };
    for (n, id) in ["", "Message-ID:\n", "Message-ID: abc\n"].iter().enumerate() {
        let n = u8::try_from(n).unwrap();
        assert_eq!(office.receive(&without(id, n)).await.routed.outcome, New, "{id:?}");
    }
    let reused = |date: &str, words: &str| {
        format!(
            "From: fax@carrier.example\nTo: support@example.com\nSubject: fax\nMessage-ID: <same@carrier.example>\nDate: {date}\n\n{words}\n"
        )
    };
    let first = office.receive(&reused("Tue, 7 Nov 2023 10:00:00 +0000", "one")).await;
    let second = office.receive(&reused("Tue, 14 Nov 2023 10:00:00 +0000", "two")).await;
    assert_eq!(
        (first.routed.outcome, second.routed.outcome),
        (New, New),
        "the same id with other words is another mail"
    );
    let copy = office
        .receive(&format!("Received: from elsewhere.example\n{}", reused("Tue, 7 Nov 2023 10:00:00 +0000", "one")))
        .await;
    assert_eq!(outcome(&copy), (Duplicate, first.number), "the same words on another way are a copy");
}

#[tokio::test]
async fn ac_12_the_same_bytes_under_other_names_are_one_arrival() {
    let office = Office::open().await;
    let letter = mail("a@one.example", "support@example.com", "x", "1@one.example", "");
    office.receive(&letter).await;
    // The mailbox gives it another UIDL, as after a renumbering.
    let again = office.receive_all(&[&letter]).await;
    assert!(again.is_empty());
    assert!(office.mailbox.is_empty(), "it is safe, so the mailbox lets go of it");
    let arrivals: Vec<Arrival> = office.all(&Query::Waiting).await;
    assert!(arrivals.is_empty());
    assert_eq!(office.tickets().await.len(), 1);
}

#[tokio::test]
async fn ac_12_a_backlog_is_drained_in_its_order() {
    let office = Office::open().await;
    let mails: Vec<String> = (1..=500)
        .map(|n| {
            mail(
                &format!("p{n}@one.example"),
                "support@example.com",
                &format!("s{n}"),
                &format!("{n}@one.example"),
                "",
            )
        })
        .collect();
    let mails: Vec<&str> = mails.iter().map(String::as_str).collect();
    let placed = office.receive_all(&mails).await;
    assert_eq!(placed.len(), 500);
    let tickets = office.tickets().await;
    assert!((1..=500).zip(&tickets).all(|(n, ticket)| ticket.number == n && ticket.subject == format!("s{n}")));
}

#[tokio::test]
async fn ac_14_hostile_mail_never_holds_up_the_next_one() {
    let office = Office::open().await;
    let head = |n: usize| {
        format!(
            "From: h{n}@evil.example\nTo: support@example.com\nSubject: hostile {n}\nMessage-ID: <h{n}@evil.example>\nMIME-Version: 1.0\n"
        )
    };
    let html = "Content-Type: text/html\n\n";
    let shapes = [
        format!("{}{html}<p>{}</p>\n", head(0), " ".repeat(10 << 20)),
        format!("{}{html}{}\n", head(1), "<a href='http://x.example/'>y</a>".repeat(2000)),
        format!("{}{html}{}\n", head(2), "<div>".repeat(10_000)),
        format!(
            "{}Content-Type: multipart/mixed; boundary=b0\n\n{}",
            head(3),
            (0..1000)
                .map(|n| format!("--b{n}\nContent-Type: multipart/mixed; boundary=b{}\n\n", n + 1))
                .collect::<String>()
        ),
        format!(
            "{}Content-Type: multipart/mixed; boundary=never\n\n--never\nContent-Type: text/plain\n\nopen\n",
            head(4)
        ),
        format!("{}Content-Transfer-Encoding: base64\n\n!!!! not base64 ####\n", head(5)),
        "From: <\"\"@syma.example>\nTo: support@example.com\nSubject: hostile 6\n\nx\n".to_owned(),
    ];
    for (n, shape) in shapes.iter().enumerate() {
        let good = mail("a@one.example", "support@example.com", "good", &format!("good{n}@one.example"), "");
        let placed = office.receive_all(&[shape, &good]).await;
        assert_eq!(placed.len(), 2, "shape {n}");
        assert!(placed.iter().all(|it| it.routed.outcome == New), "shape {n}");
    }
}

#[tokio::test]
async fn ac_14_a_mail_that_cannot_be_read_becomes_a_ticket_as_it_came() {
    let office = Office::open().await;
    office.mailbox.deliver(mail("a@one.example", "support@example.com", "x", "1@one.example", ""));
    office.flow.collect(&office.source).await.unwrap();
    let arrival: Arrival = office.all(&Query::Waiting).await.remove(0);
    // Without its bytes it cannot be read, whoever tries.
    office.flow.store().erase_body(&arrival.digest).await.unwrap();
    let placed = office.flow.route_some().await.unwrap();
    assert_eq!(outcome(&placed[0]), (Unreadable, 1));
    assert_eq!(office.messages(1).await[0].raw, Some(arrival.digest));
    let good = office.receive(&mail("a@one.example", "support@example.com", "y", "2@one.example", "")).await;
    assert_eq!(outcome(&good), (New, 2));
    let reply = mail("a@one.example", "support@example.com", "y", "3@one.example", "In-Reply-To: <2@one.example>\n");
    assert_eq!(outcome(&office.receive(&reply).await), (FollowUp, 2));
}

#[tokio::test]
async fn ac_14_a_mail_that_ended_its_readers_keeps_its_sender_and_its_ticket() {
    let office = Office::open().await;
    office.receive(&mail("a@one.example", "support@example.com", "x", "1@one.example", "")).await;
    let ours = office.answer(1, "words").await.message_id.unwrap();
    let could_not = "mailflow could not read this mail.";
    for (attempts, as_what, words) in [
        (Arrival::MAX_ATTEMPTS - 1, FollowUp, "Hello,"),
        (Arrival::MAX_ATTEMPTS, FollowUp, could_not),
        (Arrival::MAX_ATTEMPTS_AT_HEADERS - 1, FollowUp, could_not),
        (Arrival::MAX_ATTEMPTS_AT_HEADERS, Unreadable, could_not),
    ] {
        let answer = format!("In-Reply-To: {ours}\n");
        let id = format!("{attempts}@one.example");
        office.mailbox.deliver(crlf(&mail("a@one.example", "support@example.com", "Re: x", &id, &answer)));
        office.flow.collect(&office.source).await.unwrap();
        // It waits since before this run, and so often whoever read it ended.
        let arrival: Arrival = office.all(&Query::Waiting).await.remove(0);
        let key = Key::Arrival(arrival.source, arrival.digest);
        let mut view = View::default();
        view.add([key.clone()], office.flow.store().load(&[key]).await.unwrap());
        let mut changes = view.changes();
        changes.put(Arrival { attempts, at: Timestamp::from_millis(1), ..arrival });
        office.flow.store().commit(changes.finish()).await.unwrap();

        let placed = office.flow.route_some().await.unwrap().remove(0);
        assert_eq!(placed.routed.outcome, as_what, "{attempts}");
        let messages = office.messages(placed.number).await;
        let message = messages.iter().find(|message| message.id == placed.routed.message).unwrap();
        assert!(message.text.starts_with(words), "{attempts}: {}", message.text);
        assert_eq!(message.from.address.is_some(), as_what == FollowUp);
    }
}
