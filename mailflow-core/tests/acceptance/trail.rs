//! Who did what, and who is told of it (features 6.5, 9.2, 9.3, 9.5).

use std::time::Duration;

use mailflow_core::agent::{Agent, BUILT_IN_ADMINISTRATOR};
use mailflow_core::alert::{AlertEvent, AlertWishes, Told};
use mailflow_core::approval::Approver;
use mailflow_core::audit::{Activity, AuditEntry, Deed, Who};
use mailflow_core::contact::Contact;
use mailflow_core::decision::reply::Reply;
use mailflow_core::decision::ticket::TicketWish;
use mailflow_core::digest::Digest;
use mailflow_core::event::What;
use mailflow_core::flow::AuditFilter;
use mailflow_core::group::Group;
use mailflow_core::id::{AgentId, GroupId};
use mailflow_core::mail::parse;
use mailflow_core::outgoing::Outgoing;
use mailflow_core::settings::Settings;
use mailflow_core::store::Page;
use mailflow_core::ticketbox::Ticketbox;

use super::approving::agent;
use super::office::{Office, mail};

const LEADS: GroupId = GroupId::from_bytes([9; 16]);

/// An office where what `author` sends is approved by `lead` or `second`.
struct Team {
    office: Office,
    author: AgentId,
    lead: AgentId,
    second: AgentId,
}

impl Team {
    async fn meet() -> Self {
        let office = Office::open().await;
        office.receive(&mail("ada@one.example", "support@example.com", "x", "1@one.example", "")).await;
        let (lead, second) = (agent(&office, "lead", None).await, agent(&office, "second", None).await);
        let leads = Group { members: [lead, second].into(), ..Group::new(LEADS, "Leads") };
        office.flow.admin().save(&leads).await.unwrap();
        let author = agent(&office, "author", Some(Approver::Group(LEADS))).await;
        Self { office, author, lead, second }
    }

    async fn submit(&self, words: &str) -> Outgoing {
        let ticket = self.office.ticket(1).await;
        let replied = self.office.flow.desk(self.author).reply(ticket.id, Reply::text(words)).await.unwrap();
        let outgoing = self.office.conversation(1).await.outgoing.into_values();
        outgoing.into_iter().find(|it| it.message == replied.message).unwrap()
    }

    /// What an agent is told of.
    async fn told(&self, agent: AgentId) -> Vec<AlertEvent> {
        let alerts = self.office.flow.desk(agent).alerts(&Page::first(100)).await.unwrap().rows;
        alerts.into_iter().map(|it| it.of).collect()
    }

    /// What the audit has of approvals, and the ticket's story too.
    async fn steps(&self) -> (Vec<(Who, &'static str)>, Vec<&'static str>) {
        let word = |what: &What| match what {
            What::Submitted { .. } => Some("submitted"),
            What::Approved { .. } => Some("approved"),
            What::ReturnedToAuthor { .. } => Some("returned"),
            What::PulledBack { .. } => Some("pulled back"),
            What::ReleaseTakenBack { .. } => Some("taken back"),
            _ => None,
        };
        let mut entries = audit(&self.office, AuditFilter::default()).await;
        entries.reverse();
        let of = |entry: &AuditEntry| match &entry.what {
            Deed::Ticket(what) => word(what).map(|word| (entry.who, word)),
            _ => None,
        };
        let events = self.office.conversation(1).await.passages.into_iter().filter_map(|it| match it {
            mailflow_core::flow::Passage::Event(event) => word(&event.what),
            _ => None,
        });
        (entries.iter().filter_map(of).collect(), events.collect())
    }
}

async fn audit(office: &Office, filter: AuditFilter) -> Vec<AuditEntry> {
    office.desk().audit(&filter, &Page::first(1000)).await.unwrap().rows
}

#[tokio::test]
async fn each_step_of_an_approval_is_told_once_to_everybody_whom_it_concerns() {
    let team = Team::meet().await;
    let needs = vec![AlertEvent::NeedsApproval];
    let outgoing = team.submit("please pay").await;
    assert_eq!((team.told(team.lead).await, team.told(team.second).await), (needs.clone(), needs.clone()));
    assert!(team.told(team.author).await.is_empty() && team.told(BUILT_IN_ADMINISTRATOR).await.is_empty());

    team.office.clock.advance(Duration::from_secs(1));
    team.office.flow.desk(team.lead).give_back(outgoing.id, "not so").await.unwrap();
    assert!(team.told(team.lead).await.is_empty() && team.told(team.second).await.is_empty());
    assert_eq!(team.told(team.author).await, [AlertEvent::Returned]);

    team.office.clock.advance(Duration::from_secs(1));
    let pulled = team.submit("please pay, please").await;
    assert_eq!(team.told(team.second).await, needs);
    team.office.clock.advance(Duration::from_secs(1));
    team.office.flow.desk(team.author).pull_back(pulled.id).await.unwrap();
    assert!(team.told(team.lead).await.is_empty() && team.told(team.second).await.is_empty());

    team.office.clock.advance(Duration::from_secs(1));
    let released = team.submit("would you pay").await;
    team.office.clock.advance(Duration::from_secs(1));
    team.office.flow.desk(team.second).release(released.id, released.raw).await.unwrap();
    assert!(team.told(team.lead).await.is_empty() && team.told(team.second).await.is_empty());
    let told = team.told(team.author).await;
    assert_eq!(told, [AlertEvent::Approved, AlertEvent::Returned]);

    let (entries, events) = team.steps().await;
    let (author, lead, second) = (Who::Agent(team.author), Who::Agent(team.lead), Who::Agent(team.second));
    let expected = [
        (author, "submitted"),
        (lead, "returned"),
        (author, "submitted"),
        (author, "pulled back"),
        (author, "submitted"),
        (second, "approved"),
    ];
    assert_eq!(entries, expected);
    assert_eq!(events, expected.map(|(_, step)| step));
}

#[tokio::test]
async fn when_two_press_at_once_the_others_alerts_vanish_all_the_same() {
    let team = Team::meet().await;
    let outgoing = team.submit("words").await;
    let (one, other) = (team.office.flow.desk(team.lead), team.office.flow.desk(team.second));
    let (a, b) = tokio::join!(one.release(outgoing.id, outgoing.raw), other.give_back(outgoing.id, "not yet"));
    assert!(a.is_ok() != b.is_ok());
    assert!(team.told(team.lead).await.is_empty() && team.told(team.second).await.is_empty());
    assert_eq!(team.told(team.author).await.len(), 1);
    let (entries, events) = team.steps().await;
    assert_eq!((entries.len(), events.len()), (2, 2), "submitted, and one decision");
}

#[tokio::test]
async fn an_alert_is_shown_only_while_its_ticket_may_be_seen() {
    let team = Team::meet().await;
    let bob = team.lead;
    let ticket = team.office.ticket(1).await;
    team.office.desk().change(ticket.id, TicketWish::Assign(Some(bob))).await.unwrap();
    assert_eq!(team.told(bob).await, [AlertEvent::Assigned]);
    // What he does himself is no news, and neither is what others are given.
    team.office.flow.desk(bob).change(ticket.id, TicketWish::Assign(Some(team.author))).await.unwrap();
    assert_eq!(team.told(bob).await, [AlertEvent::Assigned]);
    use mailflow_core::access::{Scope, Securable};
    let admin = team.office.flow.admin();
    for class in [Securable::Ticketboxes, Securable::Agents] {
        admin.save_access(Scope::default_of(class), Some(&[]), None).await.unwrap();
    }
    assert!(team.told(bob).await.is_empty(), "he does not see it any more");
    assert_eq!(team.told(team.author).await, [AlertEvent::Assigned], "control: its owner does");
    team.office.desk().change(ticket.id, TicketWish::Assign(Some(bob))).await.unwrap();
    assert_eq!(team.told(bob).await.len(), 2, "and sees both again");
    let causes: Vec<_> =
        team.office.flow.desk(bob).alerts(&Page::first(9)).await.unwrap().rows.iter().map(|it| it.cause).collect();
    team.office.flow.desk(team.author).clear_alerts(&causes).await.unwrap();
    assert_eq!(team.told(bob).await.len(), 2, "nobody clears what is another's");
    team.office.flow.desk(bob).clear_alerts(&causes).await.unwrap();
    assert!(team.told(bob).await.is_empty());
}

async fn wants_mail(office: &Office, id: AgentId) {
    let mut agent: Agent = office.flow.directory().agents[&id].clone();
    agent.address = Some("bob@agents.example".parse().unwrap());
    let both = Told { inside: true, by_mail: true };
    agent.preferences.alerts = AlertWishes(AlertEvent::OF_AGENTS.map(|event| (event, both)).into());
    office.flow.admin().save(&agent).await.unwrap();
}

#[tokio::test]
async fn a_mail_that_tells_is_marked_and_nothing_answers_it() {
    let team = Team::meet().await;
    let office = &team.office;
    wants_mail(office, team.lead).await;
    let ticket = office.ticket(1).await;
    office.desk().change(ticket.id, TicketWish::Assign(Some(team.lead))).await.unwrap();
    office.clock.advance(Duration::from_secs(60));
    office.flow.deliver().await.unwrap();
    assert!(office.outside.sent().is_empty(), "there is no system address yet: he is told inside");
    let system = Settings { system_address: Some("desk@example.com".parse().unwrap()), ..Settings::default() };
    office.flow.admin().save(&system).await.unwrap();
    let before = office.ticket(1).await;
    office
        .receive(&mail(
            "ada@one.example",
            "support@example.com",
            "Re: x",
            "2@one.example",
            "In-Reply-To: <1@one.example>\n",
        ))
        .await;
    office.clock.advance(Duration::from_secs(60));
    office.flow.deliver().await.unwrap();
    let sent = office.outside.sent();
    assert_eq!(sent.len(), 1);
    let (envelope, bytes) = &sent[0];
    assert_eq!(envelope.sender(), None);
    let text = String::from_utf8_lossy(bytes);
    assert!(text.contains("Auto-Submitted: auto-") && text.contains("desk@example.com"), "{text}");
    assert!(parse(bytes, &Default::default()).automatic.is_some_and(|it| it.machine));
    let after = office.ticket(1).await;
    assert_eq!(after.messages, before.messages + 1, "it is no message of the ticket");
    assert!(!office.events(1).await.contains(&"sent".to_owned()));
    // A machine that writes makes no mail, only an alert: else two machines could write to each other for ever.
    let machine = "In-Reply-To: <1@one.example>\nAuto-Submitted: auto-replied\n";
    office.receive(&mail("ada@one.example", "support@example.com", "Re: x", "3@one.example", machine)).await;
    office.clock.advance(Duration::from_secs(60));
    office.flow.deliver().await.unwrap();
    assert_eq!(office.outside.sent().len(), 1);
    assert_eq!(team.told(team.lead).await.len(), 3);
    // The answer to such a mail belongs to no ticket that is there.
    let id = parse(bytes, &Default::default()).message_id.unwrap();
    let answer = format!("In-Reply-To: {id}\n");
    let placed =
        office.receive(&mail("eve@one.example", "support@example.com", "Re: alert", "4@one.example", &answer)).await;
    assert!(placed.routed.made_ticket);
}

#[tokio::test]
async fn the_owner_of_ticket_and_contact_is_told_once_of_a_mail() {
    let team = Team::meet().await;
    let office = &team.office;
    let ticket = office.ticket(1).await;
    let contact = office.desk().contact(ticket.contact.unwrap()).await.unwrap();
    let owned = Contact { owner: Some(team.lead), ..contact };
    office.desk().save_contact(&owned).await.unwrap();
    let more = "In-Reply-To: <1@one.example>\n";
    office.receive(&mail("ada@one.example", "support@example.com", "Re: x", "2@one.example", more)).await;
    assert_eq!(team.told(team.lead).await, [AlertEvent::MessageFromContact]);
    office.desk().change(ticket.id, TicketWish::Assign(Some(team.lead))).await.unwrap();
    office.receive(&mail("ada@one.example", "support@example.com", "Re: x", "3@one.example", more)).await;
    let told = team.told(team.lead).await;
    assert_eq!(told.iter().filter(|it| **it == AlertEvent::MessageInTicket).count(), 1, "{told:?}");
    assert_eq!(told.len(), 3, "{told:?}");
}

#[tokio::test]
async fn every_action_is_written_down_once_and_looking_is_none() {
    let office = Office::open().await;
    office.receive(&mail("ada@one.example", "support@example.com", "x", "1@one.example", "")).await;
    let bob = agent(&office, "bob", None).await;
    let (desk, admin, ticket) = (office.flow.desk(bob), office.desk().admin().unwrap(), office.ticket(1).await);
    let count = async || audit(&office, AuditFilter::default()).await.len();
    let mut before = count().await;
    let mut check = async |what: &str, more: usize| {
        let now = count().await;
        assert_eq!(now, before + more, "{what}");
        before = now;
    };
    // The control: what changes nothing for others leaves nothing.
    desk.mark_seen(ticket.id).await.unwrap();
    desk.conversation(1).await.unwrap();
    check("looking", 0).await;
    desk.note(ticket.id, "words").await.unwrap();
    check("a note", 1).await;
    desk.change(ticket.id, TicketWish::Close).await.unwrap();
    check("closing", 1).await;
    desk.change(ticket.id, TicketWish::Close).await.unwrap();
    check("what is so already", 0).await;
    let then = mailflow_core::decision::reply::AfterReply::Close;
    desk.change(ticket.id, TicketWish::Reopen).await.unwrap();
    check("opening", 1).await;
    desk.reply(ticket.id, Reply { then, undo_s: 60, ..Reply::text("Use water.") }).await.unwrap();
    check("answering and closing at once", 1).await;
    let outgoing = office.conversation(1).await.outgoing.into_keys().next().unwrap();
    desk.pull_back(outgoing).await.unwrap();
    check("pulling back", 1).await;
    let contact = office.desk().contact(ticket.contact.unwrap()).await.unwrap();
    desk.save_contact(&Contact { name: "Ada Berg".to_owned(), ..contact.clone() }).await.unwrap();
    check("a contact", 1).await;
    let changed = Ticketbox { name: "Help".to_owned(), ..office.support.clone() };
    admin.save(&changed).await.unwrap();
    check("configuration", 1).await;
    admin.save(&changed).await.unwrap();
    check("configuration as it is", 0).await;
    office.flow.begin_session(bob, Digest::of(b"1"), "192.0.2.1", "test").await.unwrap();
    check("signing in", 1).await;
    office.flow.end_session(Digest::of(b"1")).await.unwrap();
    check("signing out", 1).await;
    office.flow.end_session(Digest::of(b"1")).await.unwrap();
    check("a session that is over", 0).await;
    assert!(office.flow.begin_session(bob, Digest::of(b"2"), "192.0.2.1", "test").await.is_ok());
    check("signing in again", 1).await;
    admin.end_session(Digest::of(b"2")).await.unwrap();
    check("ending a session", 1).await;
}

#[tokio::test]
async fn what_is_changed_stands_there_field_by_field_and_secrets_never() {
    let office = Office::open().await;
    let bob = agent(&office, "bob", None).await;
    let admin = office.desk().admin().unwrap();
    let known = office.flow.directory().agents[&bob].clone();
    let hash = "$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA";
    office.clock.advance(Duration::from_secs(1));
    admin.save(&Agent { password: Some(hash.to_owned()), get_oldest: true, ..known }).await.unwrap();
    let filter = AuditFilter { object: Some(bob.into()), ..AuditFilter::default() };
    let newest = audit(&office, filter).await.remove(0);
    assert_eq!(newest.who, Who::Agent(BUILT_IN_ADMINISTRATOR));
    assert_eq!(newest.change("get_oldest"), Some((&Some(false.into()), &Some(true.into()))));
    assert_eq!(newest.change("password"), Some((&None, &None)), "that it is another one, and nothing more");
    let all = serde_json::to_string(&audit(&office, AuditFilter::default()).await).unwrap();
    assert!(!all.contains("argon2id"), "{all}");
}

#[tokio::test]
async fn who_was_not_let_in_is_written_down_and_why() {
    let office = Office::open().await;
    let bob = agent(&office, "bob", None).await;
    let mut known = office.flow.directory().agents[&bob].clone();
    known.ip_ranges = vec!["192.0.2.0/24".parse().unwrap()];
    office.flow.admin().save(&known).await.unwrap();
    let refused = office.flow.begin_session(bob, Digest::of(b"1"), "203.0.113.9", "test").await;
    let refusal = refused.unwrap_err().refusal().cloned().unwrap();
    for _ in 0..200 {
        office.flow.not_let_in(("bob", None), "203.0.113.9", &mailflow_core::refusal::Refusal::SignIn).await.unwrap();
    }
    let filter = AuditFilter { activity: Some(Activity::Security), ..AuditFilter::default() };
    let entries = audit(&office, filter).await;
    let violations: Vec<_> = entries.iter().filter(|it| matches!(it.what, Deed::SignInRefused { .. })).collect();
    assert_eq!(violations.len(), 1, "{refusal}");
    assert_eq!(violations[0].about.object(), Some(bob.into()));
    assert!((50..=100).contains(&entries.len()), "nobody fills the audit from one place: {}", entries.len());
}

#[tokio::test]
async fn an_activity_that_is_switched_off_leaves_nothing_but_the_switch_itself() {
    let office = Office::open().await;
    office.receive(&mail("ada@one.example", "support@example.com", "x", "1@one.example", "")).await;
    let off = Settings { audit_off: [Activity::Notes].into(), ..Settings::default() };
    office.desk().admin().unwrap().save(&off).await.unwrap();
    let before = audit(&office, AuditFilter::default()).await;
    assert!(before[0].change("audit_off").is_some(), "{:?}", before[0]);
    let ticket = office.ticket(1).await;
    office.desk().note(ticket.id, "words").await.unwrap();
    assert_eq!(audit(&office, AuditFilter::default()).await.len(), before.len());
    office.desk().change(ticket.id, TicketWish::Close).await.unwrap();
    assert_eq!(audit(&office, AuditFilter::default()).await.len(), before.len() + 1, "control");
}
