//! Opening a ticket by writing first.

use std::collections::BTreeSet;
use std::time::Duration;

use mailflow_core::access::{Grant, Grantee, Rights, Scope, Securable};
use mailflow_core::agent::Agent;
use mailflow_core::approval::Approver;
use mailflow_core::category::Category;
use mailflow_core::contact::Contact;
use mailflow_core::decision::reply::{Replied, Reply};
use mailflow_core::decision::route::Outcome::FollowUp;
use mailflow_core::draft::{Draft, Opening, Purpose};
use mailflow_core::flow::Error;
use mailflow_core::id::AgentId;
use mailflow_core::mail::{Mail, Mailbox, parse};
use mailflow_core::message::Author;
use mailflow_core::store::{Key, Query};
use mailflow_core::ticket::{Priority, TicketState};

use super::approving::agent;
use super::office::{Office, mail, outcome};

fn opening(office: &Office) -> Opening {
    Opening { ticketbox: office.support.id, owner: None, category: None, priority: Priority::High }
}

fn wish(opening: Opening) -> Reply {
    Reply {
        purpose: Purpose::Opening(opening),
        to: vec![Mailbox::new("Ada", "ada@one.example".parse().unwrap())],
        cc: vec![Mailbox::new("", "bob@two.example".parse().unwrap())],
        subject: Some("Your printer is here".to_owned()),
        text: "Come and get it.".to_owned(),
        ..Reply::default()
    }
}

async fn delivered(office: &Office) -> Vec<Mail> {
    office.clock.advance(Duration::from_secs(60));
    office.flow.deliver().await.unwrap();
    office.outside.sent().iter().map(|(_, bytes)| parse(bytes, &Default::default())).collect()
}

async fn code(office: &Office, agent: AgentId, wish: Reply) -> Result<Replied, &'static str> {
    let done = office.flow.desk(agent).open_ticket(wish).await;
    done.map_err(|error: Error| error.refusal().unwrap().code())
}

#[tokio::test]
async fn a_ticket_its_contact_its_message_and_what_has_to_be_sent_are_one_commit() {
    let office = Office::open().await;
    let replied = office.desk().open_ticket(wish(opening(&office))).await.unwrap();
    let conversation = office.conversation(1).await;
    let ticket = &conversation.ticket;
    assert_eq!((ticket.id, ticket.ticketbox, ticket.state), (replied.ticket, office.support.id, TicketState::Open));
    assert_eq!((ticket.priority, ticket.owner), (Priority::High, None));
    assert_eq!((&*ticket.subject, ticket.waiting_since, ticket.messages), ("Your printer is here", None, 1));
    assert_eq!(ticket.last.as_ref().unwrap().text, "Come and get it.");
    assert_eq!(office.events(1).await, ["created", "wrote"]);
    let contacts: Vec<Contact> = office.all(&Query::Contacts(Vec::new())).await;
    let [contact] = &*contacts else { panic!("one contact: {contacts:?}") };
    assert_eq!((contact.name.as_str(), Some(contact.id)), ("Ada", ticket.contact));
    let outgoing = conversation.outgoing.keys().copied().next().unwrap();
    let keys = [
        Key::Ticket(ticket.id),
        Key::Message(replied.message),
        Key::Outgoing(outgoing),
        Key::Contact(contact.id),
        Key::Address("ada@one.example".parse().unwrap()),
    ];
    let loaded = office.flow.store().load(&keys).await.unwrap();
    let commits: BTreeSet<u64> = loaded.iter().map(|it| it.version.number()).collect();
    assert_eq!(commits.len(), 1, "{loaded:?}");
    let sent = delivered(&office).await.pop().unwrap();
    assert_eq!((sent.subject.as_str(), sent.to.len(), sent.cc.len()), ("Your printer is here", 1, 1));
    assert!(sent.in_reply_to.is_empty() && sent.references.is_empty());
    assert_eq!(sent.from.unwrap().address, office.support.address);
}

#[tokio::test]
async fn what_the_customer_answers_comes_into_the_ticket_that_was_opened() {
    let office = Office::open().await;
    office.desk().open_ticket(wish(opening(&office))).await.unwrap();
    let sent = delivered(&office).await.pop().unwrap();
    let answers = format!("In-Reply-To: {}\n", sent.message_id.unwrap());
    let by_id = mail("ada@one.example", "support@example.com", "Re: Your printer is here", "1@one.example", &answers);
    assert_eq!(outcome(&office.receive(&by_id).await), (FollowUp, 1));
    let to = sent.reply_to[0].address.to_string();
    let by_address = mail("ada@one.example", &to, "thanks", "2@one.example", "");
    assert_eq!(outcome(&office.receive(&by_address).await), (FollowUp, 1));
    let ticket = office.ticket(1).await;
    assert!(ticket.waiting_since.is_some(), "now somebody waits");
    let Author::Contact(author) = office.messages(1).await.pop().unwrap().author else { panic!("a contact wrote") };
    assert_eq!(Some(author), ticket.contact, "the same contact, not another one");
}

#[tokio::test]
async fn a_contact_that_is_known_is_found_and_an_address_of_ours_is_none() {
    let office = Office::open().await;
    office.receive(&mail("ada@one.example", "support@example.com", "x", "1@one.example", "")).await;
    let known = office.ticket(1).await.contact;
    office.desk().open_ticket(wish(opening(&office))).await.unwrap();
    assert_eq!(office.ticket(2).await.contact, known);
    let to = vec![Mailbox::new("", "sales@example.com".parse().unwrap())];
    office.desk().open_ticket(Reply { to, ..wish(opening(&office)) }).await.unwrap();
    assert_eq!(office.ticket(3).await.contact, None);
    assert_eq!(office.all::<Contact>(&Query::Contacts(Vec::new())).await.len(), 1);
}

#[tokio::test]
async fn asked_twice_one_ticket_is_opened() {
    let office = Office::open().await;
    let (desk, message) = (office.desk(), office.desk().new_id());
    let first = desk.reply_once(desk.new_id(), message, wish(opening(&office))).await.unwrap();
    let second = desk.reply_once(desk.new_id(), message, wish(opening(&office))).await.unwrap();
    assert_eq!(first, second);
    assert_eq!(office.tickets().await.len(), 1);
    assert_eq!(delivered(&office).await.len(), 1);
}

#[tokio::test]
async fn tickets_are_opened_only_where_the_agent_may_write() {
    let office = Office::open().await;
    let writer = agent(&office, "writer", None).await;
    let inactive = agent(&office, "inactive", None).await;
    let gone = office.flow.directory().agents[&inactive].clone();
    office.flow.admin().save(&Agent { active: false, ..gone }).await.unwrap();
    let category = Category { id: office.desk().new_id(), name: "Hidden".to_owned() };
    office.flow.admin().save(&category).await.unwrap();
    let hidden = Scope::one(Securable::Categories, category.id.into());
    office.flow.admin().save_access(hidden, Some(&[]), None).await.unwrap();
    let support = Scope::one(Securable::Ticketboxes, office.support.id.into());
    let opening = opening(&office);
    for (rights, expected) in [
        (Rights::NONE, Some("no_such")),
        (Rights::LIST, Some("not_allowed")),
        (Rights::READ, Some("not_allowed")),
        (Rights::EDIT, None),
    ] {
        let grants = [Grant { to: Grantee::Agent(writer), rights }];
        office.flow.admin().save_access(support, Some(&grants), None).await.unwrap();
        assert_eq!(code(&office, writer, wish(opening)).await.err(), expected, "{rights:?}");
        let offered: Vec<_> = office.flow.desk(writer).ticketboxes_to_open_in();
        assert_eq!(offered.iter().any(|it| it.id == opening.ticketbox), expected.is_none(), "{rights:?}");
        let draft = draft(&office, writer, opening);
        assert_eq!(office.flow.desk(writer).save_draft(draft).await.is_ok(), expected.is_none(), "{rights:?}");
    }
    let in_category = Opening { category: Some(category.id), ..opening };
    assert_eq!(code(&office, writer, wish(in_category)).await.err(), Some("no_such"));
    let owned = Opening { owner: Some(inactive), ..opening };
    assert_eq!(code(&office, writer, wish(owned)).await.err(), Some("invalid"));
    let from = Some("sales@example.com".parse().unwrap());
    assert_eq!(code(&office, writer, Reply { from, ..wish(opening) }).await.err(), Some("invalid"));
    assert_eq!(code(&office, writer, Reply { subject: None, ..wish(opening) }).await.err(), Some("invalid"));
    let nobody = Reply { to: Vec::new(), cc: Vec::new(), ..wish(opening) };
    assert_eq!(code(&office, writer, nobody).await.err(), Some("no_recipient"));
    assert_eq!(office.tickets().await.len(), 1, "what is refused leaves nothing");
}

fn draft(office: &Office, agent: AgentId, opening: Opening) -> Draft {
    let desk = office.flow.desk(agent);
    Draft {
        agent,
        ticket: desk.new_id(),
        purpose: Purpose::Opening(opening),
        message: desk.new_id(),
        answers: None,
        from: None,
        to: Vec::new(),
        cc: Vec::new(),
        bcc: Vec::new(),
        subject: String::new(),
        text: "Come".to_owned(),
        attachments: Vec::new(),
        carried: Vec::new(),
        signature: Default::default(),
        send_at: None,
        returned: None,
        seen_revision: 0,
        saved: desk.now(),
    }
}

#[tokio::test]
async fn the_draft_of_a_new_ticket_is_kept_until_it_is_sent() {
    let office = Office::open().await;
    let desk = office.desk();
    let saved = desk.save_draft(draft(&office, desk.agent_id(), opening(&office))).await.unwrap();
    assert_eq!(desk.draft(saved.ticket).await.unwrap(), saved);
    let other = office.flow.desk(agent(&office, "other", None).await);
    assert!(other.draft(saved.ticket).await.is_err(), "drafts are their author's");
    assert!(office.tickets().await.is_empty());
    let sent = desk.reply_once(saved.ticket, saved.message, wish(opening(&office))).await.unwrap();
    assert_eq!((sent.ticket, sent.message), (saved.ticket, saved.message));
    assert!(desk.draft(saved.ticket).await.is_err());
    // What was on its way to be kept while it was sent comes too late.
    desk.save_draft(saved.clone()).await.unwrap();
    assert!(desk.draft(saved.ticket).await.is_err());
}

#[tokio::test]
async fn the_first_message_of_a_ticket_needs_the_approval_that_an_answer_needs() {
    let office = Office::open().await;
    let lead = agent(&office, "lead", None).await;
    let author = agent(&office, "author", Some(Approver::Agent(lead))).await;
    let (lead, author) = (office.flow.desk(lead), office.flow.desk(author));
    let opened = author.open_ticket(wish(opening(&office))).await.unwrap();
    assert!(delivered(&office).await.is_empty());
    let [waiting] = &*lead.to_approve().await.unwrap() else { panic!("one waits") };
    lead.give_back(waiting.id, "say when").await.unwrap();
    let draft = author.conversation(1).await.unwrap().draft.unwrap();
    assert_eq!(draft.purpose, Purpose::Opening(opening(&office)));
    assert_eq!(draft.returned.unwrap().note, "say when");
    let again = Reply { text: "Come and get it today.".to_owned(), ..wish(opening(&office)) };
    let again = author.reply_once(opened.ticket, draft.message, again).await.unwrap();
    assert_eq!(again.ticket, opened.ticket, "it is still the same ticket");
    let [waiting] = &*lead.to_approve().await.unwrap() else { panic!("one waits") };
    lead.release(waiting.id, waiting.raw).await.unwrap();
    let sent = delivered(&office).await;
    assert_eq!(sent.len(), 1);
    assert_eq!(sent[0].subject, "Your printer is here [#1]", "it answers nothing");
    assert!(sent[0].text.contains("today"));
    assert_eq!(office.tickets().await.len(), 1);
}

#[tokio::test]
async fn the_first_message_of_a_ticket_is_pulled_back_as_an_answer_is() {
    let office = Office::open().await;
    office.desk().open_ticket(Reply { undo_s: 10, ..wish(opening(&office)) }).await.unwrap();
    let outgoing = office.conversation(1).await.outgoing.into_keys().next().unwrap();
    let draft = office.desk().pull_back(outgoing).await.unwrap();
    assert_eq!((draft.subject.as_str(), draft.to.len()), ("Your printer is here", 1));
    assert!(delivered(&office).await.is_empty());
    let conversation = office.conversation(1).await;
    assert_eq!(conversation.draft, Some(draft));
    assert_eq!(conversation.ticket.last, None);
}
