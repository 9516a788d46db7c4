//! Which ticket a mail belongs to: AC-01 to AC-08.

use mailflow_core::decision::route::Outcome::{FollowUp, New};
use mailflow_core::explanation::Evidence;
use mailflow_core::id::TicketId;
use mailflow_core::mail::Keyring;
use mailflow_core::ticket::{LinkKind, TicketState};
use mailflow_core::ticketbox::{Reopen, Ticketbox};

use super::office::{KEY, Office, mail, outcome};

#[tokio::test]
async fn the_main_job_mail_ticket_reply_answer() {
    let office = Office::open().await;
    let first =
        office.receive(&mail("Ada <ada@one.example>", "support@example.com", "Help", "1@one.example", "")).await;
    assert_eq!(outcome(&first), (New, 1));
    assert!(first.routed.may_autoreply);
    let ticket = office.ticket(1).await;
    assert_eq!(ticket.ticketbox, office.support.id);
    assert!(ticket.waiting_since.is_some());

    let sent = office.answer(1, "We are on it.").await;
    assert_eq!(sent.subject, "Re: Help [#1]");
    assert_eq!(sent.in_reply_to[0].as_str(), "1@one.example");
    assert_eq!(sent.to[0].address.as_str(), "ada@one.example");
    assert_eq!(sent.from.as_ref().unwrap().address.as_ref().unwrap().as_str(), "support@example.com");
    assert!(sent.reply_to[0].address.as_str().starts_with("support+t."));
    assert!(office.ticket(1).await.waiting_since.is_none());
    assert_eq!(office.events(1).await, ["created", "received", "replied", "sent"]);

    let id = sent.message_id.unwrap();
    let reply = mail(
        "ada@one.example",
        "support@example.com",
        "Re: Help [#1]",
        "2@one.example",
        &format!("In-Reply-To: {id}\n"),
    );
    assert_eq!(outcome(&office.receive(&reply).await), (FollowUp, 1));
    assert_eq!(office.messages(1).await.len(), 3);
    assert_eq!(office.tickets().await.len(), 1);
}

#[tokio::test]
async fn ac_01_a_ticket_number_in_the_subject_is_not_a_key() {
    let office = Office::open().await;
    office.receive(&mail("a@one.example", "support@example.com", "invoice", "1@one.example", "")).await;
    let stranger = mail("c@three.example", "support@example.com", "Re: invoice [#1]", "1@three.example", "");
    let placed = office.receive(&stranger).await;
    assert_eq!(outcome(&placed), (New, 2));
    assert!(placed.routed.because.contains("takes no part"), "{}", placed.routed.because);
    let link = office.ticket(2).await.links[0].clone();
    assert_eq!((link.number, link.kind), (1, LinkKind::ClaimsToBelongTo));
    assert_eq!(office.messages(1).await.len(), 1);
    let owner = mail("a@one.example", "support@example.com", "Re: invoice [#1]", "2@one.example", "");
    assert_eq!(outcome(&office.receive(&owner).await), (FollowUp, 1));
}

#[tokio::test]
async fn ac_02_the_same_subject_from_different_people_is_different_tickets() {
    for subject in ["help", "[PAGOS-MESI] help"] {
        let office = Office::open().await;
        let mails: Vec<String> = (1..=5)
            .map(|n| {
                mail(&format!("p{n}@one.example"), "support@example.com", subject, &format!("{n}@one.example"), "")
            })
            .collect();
        let mails: Vec<&str> = mails.iter().map(String::as_str).collect();
        let placed = office.receive_all(&mails).await;
        assert_eq!(
            placed.iter().map(outcome).collect::<Vec<_>>(),
            [(New, 1), (New, 2), (New, 3), (New, 4), (New, 5)]
        );
    }
}

#[tokio::test]
async fn ac_03_two_answers_to_a_mail_that_we_never_had_join() {
    let office = Office::open().await;
    let b = mail(
        "b@one.example",
        "a@one.example",
        "plan",
        "b@one.example",
        "Cc: support@example.com, c@one.example\nIn-Reply-To: <a@x.example>\n",
    );
    let c = mail(
        "c@one.example",
        "a@one.example",
        "Re: plan",
        "c@one.example",
        "Cc: support@example.com, b@one.example\nReferences: <a@x.example>\n",
    );
    assert_eq!(outcome(&office.receive(&b).await), (New, 1));
    let joined = office.receive(&c).await;
    assert_eq!(outcome(&joined), (FollowUp, 1));
    assert!(joined.routed.because.contains("share a participant"), "{}", joined.routed.because);
}

#[tokio::test]
async fn ac_03_the_ancestor_itself_joins_when_it_comes_late() {
    let office = Office::open().await;
    let answer = mail(
        "b@one.example",
        "a@one.example",
        "Re: plan",
        "b@one.example",
        "Cc: support@example.com\nIn-Reply-To: <a@one.example>\n",
    );
    office.receive(&answer).await;
    let ancestor = mail("a@one.example", "support@example.com", "plan", "a@one.example", "Cc: b@one.example\n");
    assert_eq!(outcome(&office.receive(&ancestor).await), (FollowUp, 1));
}

#[tokio::test]
async fn ac_03_an_id_that_many_tickets_name_says_nothing() {
    let office = Office::open().await;
    for n in 1..=6 {
        let from = format!("p{n}@one.example");
        let placed = office
            .receive(&mail(
                &from,
                "support@example.com",
                "news",
                &format!("{n}@one.example"),
                "References: <root@news.example>\n",
            ))
            .await;
        assert_eq!(outcome(&placed), (New, n), "no shared participant");
    }
    // The first sender takes part in ticket 1, but the id is no evidence any more.
    let again =
        mail("p1@one.example", "support@example.com", "other", "7@one.example", "References: <root@news.example>\n");
    assert_eq!(outcome(&office.receive(&again).await), (New, 7));
}

#[tokio::test]
async fn ac_04_the_evidence_that_hit_is_named() {
    let office = Office::open().await;
    office.receive(&mail("a@one.example", "support@example.com", "x", "1@one.example", "")).await;
    let ours = office.answer(1, "words").await;
    let (id, tagged) = (ours.message_id.clone().unwrap(), ours.reply_to[0].address.clone());
    let reference = ours.text.lines().find(|line| line.starts_with("Reference: ")).unwrap().to_owned();
    let to = "support@example.com";
    let cases = [
        (
            mail(
                "a@one.example",
                to,
                "a",
                "a@one.example",
                &format!("In-Reply-To: <1.tinycrm@erp.example>\nReferences: {id}\n"),
            ),
            Evidence::TokenInReferences,
        ),
        (
            mail(
                "a@one.example",
                to,
                "b",
                "b@one.example",
                &format!("References: <f@erp.example>\nIn-Reply-To: {id}\n"),
            ),
            Evidence::TokenInReplyTo,
        ),
        (
            mail("a@one.example", tagged.as_str(), "c", "c@one.example", ""),
            Evidence::TokenInAddress { header: "To".to_owned() },
        ),
        (
            mail("a@one.example", to, "d", "d@one.example", "") + &format!("> words\n> {reference}\n"),
            Evidence::TokenInBody,
        ),
    ];
    for (mail, evidence) in cases {
        let placed = office.receive(&mail).await;
        assert_eq!(outcome(&placed), (FollowUp, 1), "{evidence:?}");
        assert_eq!(placed.routed.because, evidence.words());
    }
}

#[tokio::test]
async fn ac_05_a_token_that_is_not_ours_never_matches() {
    let office = Office::open().await;
    let first = office.receive(&mail("a@one.example", "support@example.com", "x", "1@one.example", "")).await;
    let id = first.routed.ticket;
    let valid = Keyring::new(1, KEY).token(id).to_string();
    let forged = [
        Keyring::new(1, [8; 32]).token(id).to_string(),
        Keyring::new(9, KEY).token(id).to_string(),
        valid.chars().take(valid.len() - 2).collect::<String>(),
        format!("{valid}aa"),
    ];
    for (n, token) in forged.iter().enumerate() {
        for (place, mail) in everywhere(token, n) {
            let placed = office.receive(&mail).await;
            assert_eq!(placed.routed.outcome, New, "forged token {n} in {place}");
        }
    }
    for (place, mail) in everywhere(&valid, 99) {
        assert_eq!(outcome(&office.receive(&mail).await), (FollowUp, 1), "the valid token in {place}");
    }
}

fn everywhere(token: &str, n: usize) -> [(&'static str, String); 3] {
    let from = format!("p{n}@two.example");
    let id = |place: &str| format!("{place}{n}@two.example");
    [
        (
            "In-Reply-To",
            mail(&from, "support@example.com", "y", &id("a"), &format!("In-Reply-To: <{token}.r@example.com>\n")),
        ),
        ("the address", mail(&from, &format!("support+{token}@example.com"), "y", &id("b"), "")),
        ("the body", mail(&from, "support@example.com", "y", &id("c"), "") + &format!("> Reference: {token}\n")),
    ]
}

#[tokio::test]
async fn ac_06_a_forward_to_another_ticketbox_is_a_linked_ticket_there() {
    for subject in ["Fwd: x", "WG: x", "x"] {
        let office = Office::open().await;
        office.receive(&mail("a@one.example", "support@example.com", "x", "1@one.example", "")).await;
        let id = office.answer(1, "words").await.message_id.unwrap();
        let forward =
            mail("a@one.example", "sales@example.com", subject, "2@one.example", &format!("References: {id}\n"));
        assert_eq!(outcome(&office.receive(&forward).await), (New, 2), "{subject}");
        let ticket = office.ticket(2).await;
        assert_eq!(ticket.ticketbox, office.sales.id);
        assert_eq!((ticket.links[0].number, ticket.links[0].kind), (1, LinkKind::AddressedElsewhere));
        assert_eq!(office.ticket(1).await.links[0].ticket, ticket.id);
    }
}

#[tokio::test]
async fn ac_07_a_new_subject_is_kept_and_answered() {
    let office = Office::open().await;
    office.receive(&mail("a@one.example", "support@example.com", "First", "1@one.example", "")).await;
    let id = office.answer(1, "words").await.message_id.unwrap();
    let other = mail(
        "a@one.example",
        "support@example.com",
        "Something else entirely",
        "2@one.example",
        &format!("In-Reply-To: {id}\n"),
    );
    assert_eq!(outcome(&office.receive(&other).await), (FollowUp, 1));
    assert_eq!(office.ticket(1).await.subject, "First");
    assert_eq!(office.answer(1, "more").await.subject, "Re: Something else entirely [#1]");
}

#[tokio::test]
async fn ac_07_after_90_days_a_new_subject_is_a_new_ticket_where_that_is_wanted() {
    let office = Office::open().await;
    office.flow.admin().save(&Ticketbox { new_subject_days: Some(60), ..office.support.clone() }).await.unwrap();
    office.receive(&mail("a@one.example", "support@example.com", "First", "1@one.example", "")).await;
    let id = office.answer(1, "words").await.message_id.unwrap();
    office.clock.days(90);
    let other = mail(
        "a@one.example",
        "support@example.com",
        "Something else entirely",
        "2@one.example",
        &format!("In-Reply-To: {id}\n"),
    );
    let placed = office.receive(&other).await;
    assert_eq!(outcome(&placed), (New, 2));
    assert!(placed.routed.because.contains("the subject is another"), "{}", placed.routed.because);
    let same = mail(
        "a@one.example",
        "support@example.com",
        "Re: First [#1]",
        "3@one.example",
        &format!("In-Reply-To: {id}\n"),
    );
    assert_eq!(outcome(&office.receive(&same).await), (FollowUp, 1));
}

#[tokio::test]
async fn ac_08_the_reply_address_counts_in_every_header() {
    let office = Office::open().await;
    let first = office.receive(&mail("a@one.example", "support@example.com", "x", "1@one.example", "")).await;
    let tagged = format!("support+{}@example.com", Keyring::new(1, KEY).token(first.routed.ticket));
    for header in ["To", "Cc", "Delivered-To", "X-Original-To", "Envelope-To", "Resent-To"] {
        let to = if header == "To" { tagged.as_str() } else { "friend@one.example" };
        let more = if header == "To" { String::new() } else { format!("{header}: {tagged}\n") };
        let placed = office.receive(&mail("b@two.example", to, "y", &format!("{header}@two.example"), &more)).await;
        assert_eq!(outcome(&placed), (FollowUp, 1), "{header}");
    }
    let nothing = mail("b@two.example", "friend@one.example", "y", "none@two.example", "");
    assert_eq!(outcome(&office.receive(&nothing).await), (New, 2), "a mail that matches nothing is still a ticket");
}

#[tokio::test]
async fn a_closed_ticket_opens_again_as_its_ticketbox_says() {
    for (reopen, days, opens) in [
        (Reopen::Always, 400, true),
        (Reopen::WithinDays(30), 29, true),
        (Reopen::WithinDays(30), 31, false),
        (Reopen::Never, 0, false),
    ] {
        let office = Office::open().await;
        office.flow.admin().save(&Ticketbox { reopen, ..office.support.clone() }).await.unwrap();
        let first = office.receive(&mail("a@one.example", "support@example.com", "x", "1@one.example", "")).await;
        let id = office.answer(1, "words").await.message_id.unwrap();
        office.desk().change(first.routed.ticket, mailflow_core::decision::ticket::TicketWish::Close).await.unwrap();
        office.clock.days(days);
        let reply =
            mail("a@one.example", "support@example.com", "Re: x", "2@one.example", &format!("In-Reply-To: {id}\n"));
        let placed = office.receive(&reply).await;
        if opens {
            assert_eq!(outcome(&placed), (FollowUp, 1), "{reopen:?}");
            assert_eq!(office.ticket(1).await.state, TicketState::Open);
        } else {
            assert_eq!(outcome(&placed), (New, 2), "{reopen:?}");
            assert_eq!(office.ticket(1).await.state, TicketState::Closed);
            assert_eq!(office.ticket(2).await.links[0].kind, LinkKind::Continues);
        }
    }
}

#[tokio::test]
async fn matching_by_subject_and_sender_is_off_until_it_is_switched_on() {
    let office = Office::open().await;
    let write = |n: u8| mail("a@one.example", "support@example.com", "Re: printer", &format!("{n}@one.example"), "");
    office.receive(&write(1)).await;
    assert_eq!(outcome(&office.receive(&write(2)).await), (New, 2));
    office
        .flow
        .admin()
        .save(&Ticketbox { match_by_subject_and_sender: true, ..office.support.clone() })
        .await
        .unwrap();
    let placed = office.receive_all(&[&write(3), &write(4)]).await;
    assert_eq!(placed.iter().map(outcome).collect::<Vec<_>>(), [(FollowUp, 2), (FollowUp, 2)]);
    let _: TicketId = placed[0].routed.ticket;
}
