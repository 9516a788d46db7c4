//! What would become of a mail is what becomes of it (AC-23): the trial and the decision are one.

use mailflow_core::explanation::Done;
use mailflow_core::flow::WouldBe;
use mailflow_core::id::RuleId;
use mailflow_core::message::Message;
use mailflow_core::response::StandardResponse;
use mailflow_core::rule::{Rule, RuleEffect, RuleSet, Shred, Syntax, TextField, TextPattern};
use mailflow_core::store::{Kept, Query};

use super::office::{Office, crlf, mail};

fn rule(number: u8, subject: &str, then: RuleEffect) -> Rule {
    let pattern =
        TextPattern { within: vec![TextField::Subject], pattern: subject.to_owned(), syntax: Syntax::Expression };
    Rule { text: vec![pattern], then, ..Rule::new(RuleId::from_bytes([number; 16]), &format!("about {subject}")) }
}

impl Office {
    async fn try_mail(&self, mail: &str) -> WouldBe {
        let bytes = crlf(mail).into_bytes();
        self.flow.admin().try_mail(None, Some(self.source.id), &bytes).await.unwrap()
    }
}

async fn with_rules() -> Office {
    let office = Office::open().await;
    let response = StandardResponse {
        id: office.flow.admin().new_id(),
        name: "We have it".to_owned(),
        subject: String::new(),
        text: "We have it.".to_owned(),
    };
    office.flow.admin().save(&response).await.unwrap();
    let to_sales =
        RuleEffect { ticketbox: Some(office.sales.id), respond: Some(response.id), ..RuleEffect::default() };
    let shred = |shred| RuleEffect { shred: Some(shred), ..RuleEffect::default() };
    let rules = vec![
        rule(1, "junk", shred(Shred::Trash)),
        rule(2, r"offer (?<offer>\d+)", to_sales),
        rule(3, "apart", RuleEffect { new_ticket: true, ..RuleEffect::default() }),
        rule(4, "poison", shred(Shred::ForGood)),
    ];
    let before = office.flow.directory().rule_set.clone();
    office.flow.admin().save_rules(&RuleSet { rules, ..before }).await.unwrap();
    office
}

#[tokio::test]
async fn ac_23_what_would_become_of_a_mail_becomes_of_it() {
    let office = with_rules().await;
    office.receive(&mail("a@one.example", "support@example.com", "x", "1@one.example", "")).await;
    let answer = office.answer(1, "words").await;
    let ours = format!("In-Reply-To: {}\n", answer.message_id.as_ref().unwrap());
    let mails = [
        mail("b@one.example", "support@example.com", "plain", "2@one.example", ""),
        mail("b@one.example", "support@example.com", "Offer 17", "3@one.example", ""),
        mail("b@one.example", "support@example.com", "Offer 18", "4@one.example", "Precedence: bulk\n"),
        mail("a@one.example", "support@example.com", "Re: x", "5@one.example", &ours),
        mail("a@one.example", "support@example.com", "offer 19", "6@one.example", &ours),
        mail("a@one.example", "support@example.com", "apart", "7@one.example", &ours),
        mail("a@one.example", "sales@example.com", "x", "8@one.example", &ours),
        mail("c@one.example", "support@example.com", "x [#1]", "9@one.example", ""),
        mail("b@one.example", "support@example.com", "junk", "10@one.example", ""),
        mail("b@one.example", "support@example.com", "poison", "11@one.example", ""),
        mail("b@one.example", "support@example.com", "plain", "2@one.example", "Received: from elsewhere\n"),
    ];
    for mail in &mails {
        let would_be = office.try_mail(mail).await;
        let placed = office.receive(mail).await;
        let (would, is) = (&would_be.routed, &placed.routed);
        assert_eq!(
            (would.outcome, &would.because, would.made_ticket, would.may_autoreply),
            (is.outcome, &is.because, is.made_ticket, is.may_autoreply),
            "{mail}"
        );
        let Some(message) = would_be.message else {
            assert_eq!(placed.number, 0, "only what is shredded for good is no message: {mail}");
            continue;
        };
        let conversation = office.conversation(placed.number).await;
        let stored = conversation.messages().find(|it| it.id == is.message).unwrap();
        assert_eq!(message.explanation, stored.explanation, "{mail}");
        let ticket = would_be.ticket.unwrap();
        let known = &conversation.ticket;
        assert_eq!(
            (ticket.ticketbox, ticket.owner, ticket.priority, &ticket.fields, ticket.trashed.is_some()),
            (known.ticketbox, known.owner, known.priority, &known.fields, known.trashed.is_some()),
            "{mail}"
        );
        // The compact trace says of each rule what the whole one says.
        if let Some(tried) = stored.explanation.as_ref().and_then(|it| it.tried.as_ref()) {
            let failed = |it: &mailflow_core::decision::route::RuleTried| it.failed.map(|field| (it.number, field));
            let whole: Vec<_> = would_be.tried.iter().filter_map(failed).collect();
            assert_eq!(tried.failures().collect::<Vec<_>>(), whole, "{mail}");
        }
        let answered = |done: &Done| matches!(done, Done::Answered { .. });
        let answers = stored.explanation.iter().flat_map(|it| &it.done).filter(|it| answered(it)).count();
        assert_eq!(would_be.sent.len(), answers, "{mail}");
    }
}

#[tokio::test]
async fn trying_a_mail_changes_nothing() {
    async fn all<T: Kept + Send>(office: &Office, query: Query) -> Vec<T> {
        office.all(&query).await
    }
    let office = with_rules().await;
    let first = mailflow_core::id::MessageId::from_bytes([0; 16]);
    let offer = mail("b@one.example", "support@example.com", "Offer 17", "3@one.example", "");
    let would_be = office.try_mail(&offer).await;
    assert_eq!((would_be.sent.len(), would_be.caught["offer"].as_str()), (1, "17"));
    assert!(office.tickets().await.is_empty());
    assert!(all::<Message>(&office, Query::MessagesFrom(first)).await.is_empty());
    assert!(all::<mailflow_core::arrival::Arrival>(&office, Query::Waiting).await.is_empty());
    office.flow.deliver().await.unwrap();
    assert!(office.outside.sent().is_empty());
    // The answer of the trial did not count either.
    office.receive(&offer).await;
    office.flow.deliver().await.unwrap();
    assert_eq!(office.outside.sent().len(), 1);
}

#[tokio::test]
async fn other_rules_can_be_tried_than_those_that_are_saved() {
    let office = with_rules().await;
    let offer = crlf(&mail("b@one.example", "support@example.com", "Offer 17", "3@one.example", "")).into_bytes();
    let low = RuleEffect { priority: Some(mailflow_core::ticket::Priority::Low), ..RuleEffect::default() };
    let set = RuleSet { rules: vec![rule(9, "offer", low)], ..office.flow.directory().rule_set.clone() };
    let would_be = office.flow.admin().try_mail(Some(&set), Some(office.source.id), &offer).await.unwrap();
    let ticket = would_be.ticket.unwrap();
    assert_eq!((ticket.ticketbox, ticket.priority), (office.support.id, mailflow_core::ticket::Priority::Low));
    assert_eq!(office.flow.directory().rule_set.rules.len(), 4, "the saved ones stay");
}
