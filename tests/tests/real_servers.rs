//! Stories with a real Dovecot and a real Postfix, both private to the test.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use helpdesk::setup::{self, IfMissing};
use mailflow_core::decision::reply::{AfterReply, Reply};
use mailflow_core::draft::{Opening, Purpose};
use mailflow_core::mail::Mailbox;
use mailflow_core::message::Direction;
use mailflow_core::outgoing::{OutgoingState, RecipientState};
use mailflow_core::source::{MailServer, Source, SourceAccess, Tls};
use mailflow_core::ticket::{Priority, TicketState};
use mailflow_tests::await_it::until;
use mailflow_tests::binary::mailflow;
use mailflow_tests::customer::Customer;
use mailflow_tests::office::{FILE, Office, SUPPORT};
use mailflow_tests::provider::{Account, Provider};
use tempfile::TempDir;

const ADA: Customer = Customer { name: "Ada", account: Account { user: "ada", address: "ada@one.example" } };

#[tokio::test]
async fn a_customer_writes_is_answered_and_answers_in_the_same_ticket() {
    let Some(provider) = Provider::start(&[SUPPORT, ADA.account]).await else { return };
    let mut office = Office::open(&provider, Tls::Implicit).await;
    office.works();

    office.section("a customer writes");
    ADA.writes(&provider, SUPPORT.address, "The printer burns", "1@one.example", "It burns.\nPlease help.").await;
    office.sees(1, |seen| seen.ticket.messages == 1).await;

    office.section("an agent answers");
    office.answers(1, Reply::text("Is it still burning?")).await;
    let answer = ADA.reads(&provider, 1).await;
    assert!(answer.references.iter().any(|id| id.as_str() == "1@one.example"), "{:?}", answer.references);
    assert_eq!(answer.in_reply_to[0].as_str(), "1@one.example");
    assert!(answer.text.starts_with("Is it still burning?"));
    let sent = office.sees(1, is_sent).await;
    let ours = sent.messages().find(|message| message.direction == Direction::Outbound).unwrap();
    assert_eq!(ours.message_id, answer.message_id, "the customer has the mail that the agent sees");

    office.section("the customer answers the mail that he got");
    ADA.answers(&provider, &answer, "2@one.example", "No, thank you.").await;
    let after = office.sees(1, |seen| seen.ticket.messages == 3).await;
    let last = after.messages().next_back().unwrap();
    assert!(last.references.iter().any(|id| Some(id) == answer.message_id.as_ref()));

    office.section("the agent closes with the last word");
    office.answers(1, Reply { then: AfterReply::Close, ..Reply::text("Good.") }).await;
    let last = ADA.reads(&provider, 2).await;
    let ids: Vec<&str> = last.references.iter().map(|id| id.as_str()).collect();
    assert_eq!(ids.first(), Some(&"1@one.example"));
    assert_eq!(ids.last(), Some(&"2@one.example"));
    office.sees(1, is_sent).await;
    office.closes().await;

    assert_eq!(office.tickets().await.len(), 1);
    assert!(provider.mails(SUPPORT.user).is_empty(), "what is safe was removed");
    assert_eq!(
        office.transcript(),
        "\
== a customer writes
#1 The printer burns (open)
  - created
  - received
  Ada: It burns.
== an agent answers
#1 The printer burns (open)
  - replied
  we: Is it still burning? [ada@one.example sent]
  - sent
== the customer answers the mail that he got
#1 The printer burns (open)
  - received
  Ada: No, thank you.
== the agent closes with the last word
#1 The printer burns (closed)
  - replied
  - closed
  we: Good. [ada@one.example sent]
  - sent
"
    );
}

const CARL: Customer = Customer { name: "Carl", account: Account { user: "carl", address: "carl@one.example" } };

#[tokio::test]
async fn an_agent_writes_first_and_forwards_and_what_both_answer_is_in_one_ticket() {
    let Some(provider) = Provider::start(&[SUPPORT, ADA.account, CARL.account]).await else { return };
    let mut office = Office::open(&provider, Tls::Implicit).await;
    office.works();
    let to = |who: &Customer| vec![Mailbox::new(who.name, who.account.address.parse().unwrap())];

    office.section("an agent writes first");
    let (ticketbox, priority) = (office.support.id, Priority::Normal);
    let purpose = Purpose::Opening(Opening { ticketbox, owner: None, category: None, priority });
    let subject = Some("Your printer is here".to_owned());
    let wish = Reply { purpose, subject, to: to(&ADA), ..Reply::text("Come and get it.") };
    office.desk().open_ticket(wish).await.unwrap();
    let got = ADA.reads(&provider, 1).await;
    assert!(got.in_reply_to.is_empty() && got.references.is_empty());
    office.sees(1, is_sent).await;

    office.section("the customer answers");
    ADA.answers(&provider, &got, "1@one.example", "It burns.").await;
    let seen = office.sees(1, |seen| seen.ticket.messages == 2).await;
    let waiting_since = seen.ticket.waiting_since;
    assert!(waiting_since.is_some());

    office.section("the agent forwards that");
    let message = seen.messages().next_back().unwrap();
    office.answers(1, Reply { to: to(&CARL), ..Reply::forward(message, "Can you repair it?") }).await;
    let forwarded = CARL.reads(&provider, 1).await;
    assert!(forwarded.subject.starts_with("Fwd: Re: Your printer is here"), "{}", forwarded.subject);
    assert!(forwarded.text.contains("From: Ada <ada@one.example>") && forwarded.text.contains("It burns."));
    let seen = office.sees(1, is_sent).await;
    assert_eq!(seen.ticket.waiting_since, waiting_since, "Ada has no answer yet");

    office.section("who got it answers");
    CARL.answers(&provider, &forwarded, "2@one.example", "Yes, tomorrow.").await;
    office.sees(1, |seen| seen.ticket.messages == 4).await;
    office.closes().await;

    assert_eq!(office.tickets().await.len(), 1);
    assert_eq!(
        office.transcript(),
        "\
== an agent writes first
#1 Your printer is here (open)
  - created
  - wrote
  we: Come and get it. [ada@one.example sent]
  - sent
== the customer answers
#1 Your printer is here (open)
  - received
  Ada: It burns.
== the agent forwards that
#1 Your printer is here (open)
  - forwarded
  we: Can you repair it? [carl@one.example sent]
  - sent
== who got it answers
#1 Your printer is here (open)
  - received
  Carl: Yes, tomorrow.
"
    );
}

fn is_sent(seen: &mailflow_core::flow::Conversation) -> bool {
    seen.outgoing.values().all(|outgoing| outgoing.state == OutgoingState::Sent)
}

#[tokio::test]
async fn ac_21_what_postfix_cannot_deliver_comes_back_to_the_answer_and_opens_its_ticket() {
    let Some(provider) = Provider::start(&[SUPPORT, ADA.account]).await else { return };
    let mut office = Office::open(&provider, Tls::Upgrade).await;
    office.works();
    const GONE: Customer = Customer { name: "Bob", account: Account { user: "", address: "bob@one.example" } };

    office.section("somebody writes whose mailbox is gone");
    GONE.writes(&provider, SUPPORT.address, "A question", "1@one.example", "Where are you?").await;
    office.sees(1, |seen| seen.ticket.messages == 1).await;

    office.section("an agent answers and closes");
    office.answers(1, Reply { then: AfterReply::Close, ..Reply::text("Here.") }).await;
    let failed = |recipient: &mailflow_core::outgoing::Recipient| recipient.state == RecipientState::Failed;
    let seen = office.sees(1, |seen| seen.outgoing.values().any(|it| it.recipients.iter().any(failed))).await;
    office.closes().await;

    assert_eq!(seen.ticket.state, TicketState::Open);
    assert_eq!(office.tickets().await.len(), 1, "a report is no ticket");
    let outgoing = seen.outgoing.values().next().unwrap();
    assert_eq!(outgoing.state, OutgoingState::Failed);
    assert_eq!(outgoing.recipients[0].reply.as_ref().unwrap().enhanced.as_deref(), Some("5.1.1"));
    assert_eq!(
        office.transcript(),
        "\
== somebody writes whose mailbox is gone
#1 A question (open)
  - created
  - received
  Bob: Where are you?
== an agent answers and closes
#1 A question (open)
  - replied
  - closed
  we: Here. [bob@one.example failed]
  - sent
  - reported: bob@one.example Failed 5.1.1
  - reopened
  - received
  Mail Delivery System: This is the mail system at host mail.example.com.
"
    );
}

#[tokio::test]
async fn a_source_test_signs_in_to_a_real_dovecot_and_says_what_it_finds() {
    let Some(provider) = Provider::start(&[SUPPORT, ADA.account]).await else { return };
    let office = Office::open(&provider, Tls::Upgrade).await;
    ADA.writes(&provider, SUPPORT.address, "One", "1@one.example", "words").await;
    until("the mail in the mailbox", || async { (provider.mails(SUPPORT.user).len() == 1).then_some(()) }).await;

    let source = office.source.clone();
    let folder = office.leaves().await;
    let (status, words) = source_test(&folder, &source);
    assert_eq!(status, Some(0), "{words}");
    assert!(words.contains("1 mail"), "{words}");
    assert_eq!(provider.mails(SUPPORT.user).len(), 1, "nothing is fetched or changed");

    // The provider's authority is trusted only because the source says so.
    let SourceAccess::Pop3 { server, user, password, apop } = source.access.clone() else { unreachable!() };
    let server = MailServer { trusted_certificate: None, ..server };
    let access = SourceAccess::Pop3 { server, user, password, apop };
    let opened = setup::open(&folder.path().join(FILE), IfMissing::Refuse).await.unwrap();
    opened.flow.admin().save(&Source { access, ..source.clone() }).await.unwrap();
    drop(opened);
    let (status, words) = source_test(&folder, &source);
    assert_eq!(status, Some(7), "{words}");
    assert!(words.contains("certificate"), "{words}");
}

fn source_test(folder: &TempDir, source: &Source) -> (Option<i32>, String) {
    let file = folder.path().join(FILE);
    let said = mailflow(["source", "test", "--db", file.to_str().unwrap(), &source.name]);
    let words = [said.stdout, said.stderr].concat();
    (said.status.code(), String::from_utf8_lossy(&words).into_owned())
}
