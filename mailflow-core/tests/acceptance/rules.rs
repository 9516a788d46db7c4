//! What rules and ticketboxes do with mail: AC-20 and AC-23 from end to end.

use std::time::Duration;

use mailflow_core::allowance::{Allowance, Counted};
use mailflow_core::decision::route::Outcome::{FollowUp, New, Shredded};
use mailflow_core::explanation::{Done, PlacedBy};
use mailflow_core::id::{MessageId, ResponseId, RuleId};
use mailflow_core::mail::{Limits, Mail, parse};
use mailflow_core::refusal::Refusal;
use mailflow_core::response::StandardResponse;
use mailflow_core::routing::Fate;
use mailflow_core::rule::{Forward, Rule, RuleEffect, RuleSet, Shred, Syntax, TextField, TextPattern};
use mailflow_core::settings::Settings;
use mailflow_core::store::{Changeset, Entry, Key, Query, StoreExt};
use mailflow_core::ticket::{LinkKind, Priority, TicketState};
use mailflow_core::ticketbox::{AutoReply, Ticketbox};
use mailflow_core::time::Timestamp;
use mailflow_core::transport::Envelope;

use super::office::{Office, mail, outcome};

fn words(pattern: &str) -> Vec<TextPattern> {
    vec![TextPattern { within: vec![TextField::Subject], pattern: pattern.to_owned(), syntax: Syntax::Expression }]
}

fn rule(number: u8, subject: &str, then: RuleEffect) -> Rule {
    let id = RuleId::from_bytes([number; 16]);
    Rule { text: words(subject), then, ..Rule::new(id, &format!("about {subject}")) }
}

impl Office {
    async fn rules(&self, rules: Vec<Rule>) {
        let before = self.flow.directory().rule_set.clone();
        self.flow.admin().save_rules(&RuleSet { rules, ..before }).await.unwrap();
    }

    async fn response(&self) -> ResponseId {
        let response = StandardResponse {
            id: ResponseId::from_bytes([1; 16]),
            name: "We have it".to_owned(),
            subject: String::new(),
            text: "Dear {name},\nwe have your mail `{subject}`.".to_owned(),
        };
        self.flow.admin().save(&response).await.unwrap();
        response.id
    }

    async fn auto_reply(&self, of: &Ticketbox, after_minutes: u32, close: bool) {
        let response = self.response().await;
        let auto_reply = Some(AutoReply { response, after_minutes, quote: true, close });
        self.flow.admin().save(&Ticketbox { auto_reply, ..of.clone() }).await.unwrap();
    }

    /// What is sent now.
    async fn outbox(&self) -> Vec<(Envelope, Mail)> {
        let before = self.outside.sent().len();
        self.flow.deliver().await.unwrap();
        let sent = self.outside.sent().into_iter().skip(before);
        sent.map(|(envelope, bytes)| (envelope, parse(&bytes, &Limits::default()))).collect()
    }
}

#[tokio::test]
async fn ac_23_the_first_rule_that_matches_places_the_ticket_and_the_trace_says_so() {
    let office = Office::open().await;
    let urgent =
        RuleEffect { priority: Some(Priority::Urgent), ticketbox: Some(office.sales.id), ..Default::default() };
    let low = RuleEffect { priority: Some(Priority::Low), ..Default::default() };
    let off = Rule { enabled: false, ..rule(1, "order", low.clone()) };
    let mut caught = rule(3, r"order (?<order>\d+)", urgent);
    caught.from = vec!["one.example".to_owned()];
    office.rules(vec![off, rule(2, "offer", low.clone()), caught, rule(4, "order", low)]).await;
    let placed = office.receive(&mail("a@one.example", "support@example.com", "Order 17", "1@one.example", "")).await;
    assert_eq!(outcome(&placed), (New, 1));
    assert_eq!(placed.routed.because, r"nothing ties it to a ticket; rule 3 `about order (?<order>\d+)` matched");
    let ticket = office.ticket(1).await;
    assert_eq!((ticket.priority, ticket.ticketbox), (Priority::Urgent, office.sales.id));
    assert_eq!(ticket.fields.get("order").map(String::as_str), Some("17"));
    let explanation = office.messages(1).await.remove(0).explanation.unwrap();
    let tried = explanation.tried.unwrap();
    assert_eq!((tried.revision, tried.tried, tried.failed.as_str()), (1, 3, "-x!"));
    assert!(matches!(explanation.placed_by, Some(PlacedBy::Rule { number: 3, .. })));
    assert_eq!(explanation.done, [Done::Filled { fields: vec!["order".to_owned()] }]);
}

#[tokio::test]
async fn a_rule_can_make_a_new_ticket_of_an_answer_and_only_then_says_anything_about_answers() {
    let office = Office::open().await;
    office.receive(&mail("a@one.example", "support@example.com", "x", "1@one.example", "")).await;
    let low = RuleEffect { priority: Some(Priority::Low), shred: Some(Shred::ForGood), ..Default::default() };
    let apart = RuleEffect { new_ticket: true, ticketbox: Some(office.sales.id), ..Default::default() };
    office.rules(vec![rule(1, "plain", low), rule(2, "billing", apart)]).await;
    let answer = |subject: &str, id: &str| {
        mail("a@one.example", "support@example.com", subject, id, "In-Reply-To: <1@one.example>\n")
    };
    assert_eq!(outcome(&office.receive(&answer("plain", "2@one.example")).await), (FollowUp, 1));
    assert_eq!(office.ticket(1).await.priority, Priority::Normal);
    let placed = office.receive(&answer("billing", "3@one.example")).await;
    assert_eq!(outcome(&placed), (New, 2));
    assert!(placed.routed.because.contains("makes a new ticket of it"), "{}", placed.routed.because);
    let ticket = office.ticket(2).await;
    assert_eq!((ticket.links[0].number, ticket.links[0].kind), (1, LinkKind::Continues));
}

#[tokio::test]
async fn shredded_mail_is_in_the_trash_or_nowhere_and_is_never_answered() {
    let office = Office::open().await;
    office.auto_reply(&office.support, 0, false).await;
    let shred = |shred| RuleEffect { shred: Some(shred), ..Default::default() };
    office.rules(vec![rule(1, "junk", shred(Shred::Trash)), rule(2, "poison", shred(Shred::ForGood))]).await;
    let junk = office.receive(&mail("a@one.example", "support@example.com", "junk", "1@one.example", "")).await;
    assert_eq!(outcome(&junk), (New, 1));
    assert!(office.ticket(1).await.trashed.is_some());
    let poison = office.receive(&mail("a@one.example", "support@example.com", "poison", "2@one.example", "")).await;
    assert_eq!((poison.routed.outcome, poison.number), (Shredded, 0));
    assert!(poison.routed.because.contains("rule 2 `about poison`"), "{}", poison.routed.because);
    assert_eq!(office.flow.store().body(&poison.arrival.digest).await.unwrap(), None, "its bytes are gone");
    assert!(office.flow.store().body(&junk.arrival.digest).await.unwrap().is_some());
    assert_eq!(office.outbox().await.len(), 0);
    assert_eq!(
        office
            .receive_all(&[&mail("a@one.example", "support@example.com", "poison", "2@one.example", "")])
            .await
            .len(),
        0,
        "and it does not come again"
    );
    let body = office.flow.store().body(&poison.arrival.digest).await.unwrap();
    assert_eq!(body, None, "nor do its bytes, which were offered once more");
}

#[tokio::test]
async fn ac_20_an_automatic_answer_is_marked_and_sent_once_a_day_to_an_address() {
    let office = Office::open().await;
    office.auto_reply(&office.support, 0, false).await;
    let write = |n: u32| {
        mail("Ada <ada@one.example>", "support@example.com", "Help", &format!("{n}@one.example"), "")
            .replace("Date: Tue, 14 Nov 2023 10:00:00 +0000\n", "")
    };
    office.receive(&write(1)).await;
    let sent = office.outbox().await;
    let [(envelope, answer)] = sent.as_slice() else { panic!("one answer: {sent:?}") };
    assert!(envelope.sender().is_none(), "the null sender");
    let header = |name: &str| answer.headers.iter().find(|it| it.name == name).map(|it| it.value.as_str());
    assert_eq!(header("Auto-Submitted"), Some("auto-replied"));
    assert_eq!(answer.to[0].address.as_str(), "ada@one.example");
    assert!(answer.text.starts_with("Dear Ada,\nwe have your mail `Help`."), "{}", answer.text);
    assert!(answer.text.contains("> words of 1@one.example"), "quoted: {}", answer.text);
    assert!(answer.automatic.is_some() && answer.reply_to[0].address.as_str().starts_with("support+t."));
    assert!(office.events(1).await.contains(&"answered".to_owned()));
    assert!(office.ticket(1).await.waiting_since.is_some(), "nobody has answered yet");

    office.receive(&write(2)).await;
    assert_eq!(office.outbox().await.len(), 0, "once a day");
    let because = office.messages(2).await.remove(0).explanation.unwrap().done;
    assert!(matches!(&because[..], [Done::NotSent { because, .. }] if because.contains("today")), "{because:?}");
    office.clock.advance(Duration::from_secs(24 * 60 * 60));
    office.receive(&write(3)).await;
    assert_eq!(office.outbox().await.len(), 1, "the next day");
    let machine = mail("bob@one.example", "support@example.com", "x", "9@one.example", "Precedence: bulk\n");
    office.receive(&machine).await;
    let other = mail("eve@one.example", "support@example.com", "x", "8@one.example", "Reply-To: ada@one.example\n");
    office.receive(&other).await;
    assert_eq!(office.outbox().await.len(), 0, "not to a machine, nor to Ada through another's mail");
    // What the customer answers to it joins the ticket.
    let id = answer.message_id.clone().unwrap();
    let reply =
        mail("ada@one.example", "support@example.com", "Re: Help", "4@one.example", &format!("In-Reply-To: {id}\n"));
    assert_eq!(outcome(&office.receive(&reply).await), (FollowUp, 1));
}

#[tokio::test]
async fn ac_20_the_breaker_stops_automatic_mail_of_the_whole_desk() {
    let office = Office::open().await;
    office.auto_reply(&office.support, 0, false).await;
    office.flow.admin().save(&Settings { automatic_per_hour: 5, ..Settings::default() }).await.unwrap();
    let mails: Vec<String> = (0..8)
        .map(|n| mail(&format!("p{n}@one.example"), "support@example.com", "x", &format!("{n}@one.example"), ""))
        .collect();
    office.receive_all(&mails.iter().map(String::as_str).collect::<Vec<_>>()).await;
    assert_eq!(office.outbox().await.len(), 5);
    assert!(office.events(8).await.contains(&"not_answered".to_owned()));
    let automatic = office.desk().health().await.unwrap().automatic;
    assert_eq!((automatic.within_an_hour, automatic.most), (5, 5));
    let wait = automatic.stopped_until.unwrap().since(office.flow.now());
    assert_eq!(wait, Duration::from_secs(60 * 60), "until the hour of the first is over");
    office.clock.advance(Duration::from_secs(60 * 60));
    office.receive(&mail("p9@one.example", "support@example.com", "x", "9@one.example", "")).await;
    assert_eq!(office.outbox().await.len(), 1, "an hour later it closes again");
    assert_eq!(office.desk().health().await.unwrap().automatic.stopped_until, None);
}

#[tokio::test]
async fn an_answer_that_waits_is_not_sent_when_somebody_was_faster() {
    for agent_is_faster in [true, false] {
        let office = Office::open().await;
        office.auto_reply(&office.support, 30, true).await;
        office.receive(&mail("ada@one.example", "support@example.com", "x", "1@one.example", "")).await;
        assert_eq!(office.outbox().await.len(), 0, "it waits");
        if agent_is_faster {
            office.answer(1, "We are on it.").await;
        }
        office.clock.advance(Duration::from_secs(31 * 60));
        assert_eq!(office.outbox().await.len(), usize::from(!agent_is_faster));
        let closed = office.ticket(1).await.state == TicketState::Closed;
        assert_eq!(closed, !agent_is_faster, "it closes the ticket when it is sent");
    }
}

#[tokio::test]
async fn a_rule_answers_and_passes_on_as_the_person_via_the_ticketbox() {
    let office = Office::open().await;
    let respond = Some(office.response().await);
    let address = |it: &str| mailflow_core::mail::Address::new(it).unwrap();
    let forward = Some(Forward {
        to: vec![address("boss@two.example")],
        cc: vec![address("aide@two.example")],
        ..Forward::default()
    });
    office.rules(vec![rule(1, "complaint", RuleEffect { respond, forward, ..Default::default() })]).await;
    let complaint =
        |id: &str, more: &str| mail("Ada <ada@one.example>", "support@example.com", "A complaint", id, more);
    office.receive(&complaint("1@one.example", "")).await;
    let sent = office.outbox().await;
    assert_eq!(sent.len(), 2);
    let (envelope, passed) = &sent[1];
    assert!(envelope.sender().is_none());
    assert_eq!(envelope.recipients().len(), 2);
    let from = passed.from.clone().unwrap();
    assert_eq!((from.name.as_str(), from.address.unwrap().as_str()), ("Ada via Support", "support@example.com"));
    assert_eq!(passed.reply_to[0].address.as_str(), "ada@one.example");
    assert!(passed.text.contains("words of 1@one.example"));
    office.receive(&complaint("2@one.example", "Auto-Submitted: auto-generated\n")).await;
    assert_eq!(office.outbox().await.len(), 0, "what a machine wrote is not passed on");
    let to_us = Forward { to: vec![address("sales@example.com")], ..Forward::default() };
    let before = office.flow.directory().rule_set.clone();
    let wish =
        RuleSet { rules: vec![rule(1, "x", RuleEffect { forward: Some(to_us), ..Default::default() })], ..before };
    let error = office.flow.admin().save_rules(&wish).await.unwrap_err();
    assert!(error.to_string().contains("is an address of ours"), "{error}");
}

#[tokio::test]
async fn two_administrators_at_once_lose_nothing() {
    let office = Office::open().await;
    let before = office.flow.directory().rule_set.clone();
    let one = RuleSet { rules: vec![rule(1, "a", RuleEffect::default())], ..before.clone() };
    let other = RuleSet { rules: vec![rule(2, "b", RuleEffect::default())], ..before };
    office.flow.admin().save_rules(&one).await.unwrap();
    let error = office.flow.admin().save_rules(&other).await.unwrap_err();
    assert_eq!(error.refusal(), Some(&Refusal::RulesChanged { revision: 1 }));
    assert_eq!(office.flow.directory().rule_set.rules, one.rules);
}

/// Two desks that answer each other for a hundred days: how many automatic mails the busiest day had in one direction.
async fn face_each_other(days: u32, before_each_round: impl AsyncFn(&Office)) -> usize {
    let (ours, theirs) = (Office::open().await, Office::open().await);
    ours.auto_reply(&ours.support, 0, false).await;
    let partner = Ticketbox {
        address: Some(mailflow_core::mail::Address::new("desk@other.example").unwrap()),
        plus_addressing: false,
        ..theirs.support.clone()
    };
    theirs.flow.admin().save(&partner).await.unwrap();
    theirs.auto_reply(&partner, 0, false).await;
    let mut busiest = 0;
    for day in 0..days {
        let first = mail("desk@other.example", "support@example.com", "Hello", &format!("{day}@other.example"), "")
            .replace("Date: Tue, 14 Nov 2023 10:00:00 +0000\n", "");
        let mut arriving = vec![first];
        let mut sent_today = 0;
        // A machine between them takes off every sign of an automatic mail, and gives it a new id and subject.
        for round in 0..20 {
            let (desk, other) = if round % 2 == 0 { (&ours, &theirs) } else { (&theirs, &ours) };
            before_each_round(desk).await;
            let mails: Vec<&str> = arriving.iter().map(String::as_str).collect();
            desk.receive_all(&mails).await;
            other.clock.advance(Duration::from_secs(1));
            let sent = desk.outbox().await;
            sent_today += sent.len();
            arriving = sent
                .iter()
                .enumerate()
                .map(|(n, (_, mail))| stripped(mail, &format!("{day}.{round}.{n}@strip.example")))
                .collect();
            if arriving.is_empty() {
                break;
            }
        }
        busiest = busiest.max(sent_today);
        ours.clock.days(1);
        theirs.clock.days(1);
    }
    busiest
}

/// The same words without any header that says that a machine wrote them, and without a thread.
fn stripped(sent: &Mail, id: &str) -> String {
    let from = sent.from.as_ref().and_then(|from| from.address.clone()).unwrap();
    let words: String = sent.text.lines().filter(|line| !line.contains("Reference:")).collect::<Vec<_>>().join("\n");
    format!("From: {from}\nTo: {}\nSubject: News {id}\nMessage-ID: <{id}>\n\n{words}\n", sent.to[0].address)
}

#[tokio::test]
async fn ac_20_two_desks_that_answer_each_other_exchange_one_answer_a_day() {
    let busiest = face_each_other(100, async |_| ()).await;
    assert_eq!(busiest, 2, "one answer from each desk a day");
}

#[tokio::test]
async fn ac_20_control_without_the_counter_they_do_not_stop() {
    let busiest = face_each_other(3, async |office| {
        let partner = |it: &str| mailflow_core::mail::Address::new(it).unwrap();
        let (one, other) = (partner("support@example.com"), partner("desk@other.example"));
        let counted =
            [Counted::Answers(office.support.id, &one), Counted::Answers(office.support.id, &other), Counted::Desk];
        for key in counted.map(|it| Key::Allowance(it.key())) {
            let known = office.flow.store().get::<Allowance>(key.clone()).await.unwrap();
            if let Some(known) = known {
                let entries = vec![Entry::Erase(key, known.version)];
                office.flow.store().commit(Changeset { entries, first_ticket_number: 1 }).await.unwrap();
            }
        }
    })
    .await;
    assert_eq!(busiest, 20, "one each round, for as many rounds as are played");
}

#[tokio::test]
async fn ac_23_a_replay_says_what_other_rules_would_have_done_and_changes_nothing() {
    let office = Office::open().await;
    let to_sales = RuleEffect { ticketbox: Some(office.sales.id), ..Default::default() };
    let mut of_headers = rule(2, "never", RuleEffect::default());
    of_headers.text = vec![TextPattern {
        within: vec![TextField::Headers],
        pattern: "^X-Class: vip".to_owned(),
        syntax: Syntax::Expression,
    }];
    let apart = RuleEffect { new_ticket: true, ..Default::default() };
    let live = vec![rule(1, "offer", to_sales.clone()), of_headers, rule(3, "apart", apart)];
    office.rules(live.clone()).await;
    let write = |subject: &str, id: u32, more: &str| {
        mail(&format!("p{id}@one.example"), "support@example.com", subject, &format!("{id}@one.example"), more)
    };
    for (n, subject) in ["offer", "order", "order", "offer"].into_iter().enumerate() {
        let class = if n == 1 { "X-Class: vip\n" } else { "" };
        office.receive(&write(subject, u32::try_from(n).unwrap(), class)).await;
    }
    office.receive(&write("order again", 9, "In-Reply-To: <1@one.example>\n")).await;
    office.receive(&write("apart", 10, "In-Reply-To: <1@one.example>\n")).await;
    let before =
        office.all::<mailflow_core::message::Message>(&Query::MessagesFrom(MessageId::from_bytes([0; 16]))).await;

    let admin = office.flow.admin();
    let set = office.flow.directory().rule_set.clone();
    let same = admin.replay(&set, Timestamp::MIN, |_| ()).await.unwrap();
    assert_eq!((same.mails, same.moved, same.moves.len()), (6, 0, 0), "the rules as they are move nothing");
    assert_eq!(same.rules.iter().map(|it| it.won).collect::<Vec<_>>(), [2, 1, 1]);

    let urgent = RuleEffect { priority: Some(Priority::Urgent), ..to_sales };
    let catch_all = Rule::new(RuleId::from_bytes([7; 16]), "everything else");
    let hidden = rule(8, "order", RuleEffect::default());
    let draft = RuleSet {
        rules: vec![rule(4, "order", urgent), catch_all, hidden, rule(9, "nowhere", RuleEffect::default())],
        ..set.clone()
    };
    let mut reported = 0;
    let other = admin.replay(&draft, Timestamp::MIN, |progress| reported = progress.messages).await.unwrap();
    assert_eq!(reported, 6);
    assert_eq!((other.mails, other.moved), (6, 4), "two orders to Sales, two offers not; answers stay");
    assert_eq!(other.examples.len(), 4);
    assert_eq!(other.examples[1].rule, Some(1));
    let Fate::New { ticketbox, priority, .. } = other.examples[1].to else { panic!("a new ticket") };
    assert_eq!((ticketbox, priority), (office.sales.id, Priority::Urgent));
    assert_eq!(other.never_matched().collect::<Vec<_>>(), [4]);
    assert_eq!(other.hidden().collect::<Vec<_>>(), [(3, 1)]);

    let after =
        office.all::<mailflow_core::message::Message>(&Query::MessagesFrom(MessageId::from_bytes([0; 16]))).await;
    assert_eq!(before, after);
    assert_eq!(office.flow.directory().rule_set, set);
    let later = office.flow.now().plus(Duration::from_secs(1));
    assert_eq!(admin.replay(&draft, later, |_| ()).await.unwrap().mails, 0, "only since then");
}
