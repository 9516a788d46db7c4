//! Agents (features 8) and where they sign in from (features 7.7): who is given which ticket, and whose session is worth
//! what.

use std::net::IpAddr;
use std::time::Duration;

use mailflow_core::agent::{Agent, BUILT_IN_ADMINISTRATOR, Escalation, SecondFactor};
use mailflow_core::decision::own::{OwnWish, Profile};
use mailflow_core::decision::reply::Reply;
use mailflow_core::decision::ticket::TicketWish;
use mailflow_core::digest::Digest;
use mailflow_core::directory::DocumentKind;
use mailflow_core::flow::{Error, Filter};
use mailflow_core::group::Group;
use mailflow_core::id::{AgentId, GroupId};
use mailflow_core::ip_range::IpRange;
use mailflow_core::refusal::Refusal;
use mailflow_core::secret::Sealed;
use mailflow_core::session::Proof;
use mailflow_core::settings::Settings;
use mailflow_core::store::Page;

use super::approving::agent;
use super::office::{Office, mail};

const TEAM: GroupId = GroupId::from_bytes([8; 16]);

async fn change(office: &Office, id: AgentId, how: impl FnOnce(&mut Agent)) {
    let mut agent = office.flow.directory().agents[&id].clone();
    how(&mut agent);
    office.flow.admin().save(&agent).await.unwrap();
}

fn refusal<T: std::fmt::Debug>(result: Result<T, Error>) -> Refusal {
    result.unwrap_err().refusal().unwrap().clone()
}

fn ip(text: &str) -> Option<IpAddr> {
    Some(text.parse().unwrap())
}

fn ranges(texts: &[&str]) -> Vec<IpRange> {
    texts.iter().map(|text| text.parse().unwrap()).collect()
}

/// Three tickets; the customer of the first has been answered.
async fn three_tickets(office: &Office) {
    for number in 1..=3 {
        let from = format!("c{number}@one.example");
        office.receive(&mail(&from, "support@example.com", "x", &format!("{number}@one.example"), "")).await;
    }
    office.answer(1, "We look into it.").await;
}

#[tokio::test]
async fn get_oldest_gives_what_has_waited_longest_and_each_ticket_once() {
    let office = Office::open().await;
    let bob = agent(&office, "bob", None).await;
    let eve = agent(&office, "eve", None).await;
    three_tickets(&office).await;
    let (bobs, eves) = (office.flow.desk(bob), office.flow.desk(eve));
    assert_eq!(bobs.waiting(None).await.unwrap().tickets.number(), 3);
    let (bob_got, eve_got) = tokio::join!(bobs.get_oldest(None), eves.get_oldest(None));
    let mut numbers = [bob_got.unwrap().unwrap().number, eve_got.unwrap().unwrap().number];
    numbers.sort_unstable();
    assert_eq!(numbers, [2, 3], "nobody waits for an answer in ticket 1");
    assert_eq!(bobs.get_oldest(None).await.unwrap().unwrap().number, 1);
    assert_eq!(bobs.get_oldest(None).await.unwrap(), None);
    assert_eq!(office.ticket(1).await.owner, Some(bob));
}

#[tokio::test]
async fn however_many_ask_at_once_each_is_given_another_of_the_oldest() {
    let office = Office::open().await;
    for number in 1..=12 {
        let from = format!("c{number}@one.example");
        office.receive(&mail(&from, "support@example.com", "x", &format!("{number}@one.example"), "")).await;
    }
    let mut asking = Vec::new();
    for name in ["a", "b", "c", "d", "e", "f", "g", "h", "i"] {
        let desk = office.flow.desk(agent(&office, name, None).await);
        asking.push(tokio::spawn(async move { desk.get_oldest(None).await.unwrap().unwrap().number }));
    }
    let mut given = Vec::new();
    for it in asking {
        given.push(it.await.unwrap());
    }
    given.sort_unstable();
    assert_eq!(given, (1..=9).collect::<Vec<u64>>());
}

#[tokio::test]
async fn whoever_is_given_the_oldest_ticket_has_nothing_else_to_choose_from() {
    let office = Office::open().await;
    let bob = agent(&office, "bob", None).await;
    three_tickets(&office).await;
    let desk = office.flow.desk(bob);
    let listed = || async { desk.tickets(&Filter::default(), &Page::first(10)).await.unwrap().rows.len() };
    assert_eq!(listed().await, 3);
    change(&office, bob, |bob| bob.get_oldest = true).await;
    assert_eq!(listed().await, 0);
    let third = office.ticket(3).await.id;
    let refused = refusal(desk.change(third, TicketWish::Assign(Some(bob))).await);
    assert!(matches!(refused, Refusal::Invalid { field: "owner", .. }), "{refused}");
    assert_eq!(desk.get_oldest(None).await.unwrap().unwrap().number, 2);
    assert_eq!(listed().await, 1);
}

#[tokio::test]
async fn an_escalated_ticket_goes_to_the_active_member_with_the_fewest_tickets() {
    let office = Office::open().await;
    let [bob, lena, leo, gone] = [
        agent(&office, "bob", None).await,
        agent(&office, "lena", None).await,
        agent(&office, "leo", None).await,
        agent(&office, "gone", None).await,
    ];
    let team = Group { members: [bob, lena, leo, gone].into(), escalation: true, ..Group::new(TEAM, "Second line") };
    office.flow.admin().save(&team).await.unwrap();
    three_tickets(&office).await;
    let desk = office.flow.desk(bob);
    let first = office.ticket(1).await.id;
    let nobody = refusal(desk.escalate(first).await);
    assert!(matches!(nobody, Refusal::Invalid { field: "escalate_to", .. }), "{nobody}");
    change(&office, bob, |bob| bob.escalate_to = Some(Escalation::Group(TEAM))).await;
    change(&office, gone, |gone| gone.active = false).await;
    let second = office.ticket(2).await.id;
    office.desk().change(second, TicketWish::Assign(Some(lena))).await.unwrap();
    assert_eq!(desk.escalate(first).await.unwrap().owner, Some(leo));
    let told = office.events(1).await;
    assert!(told.iter().any(|event| event == "escalated"), "the answer may be sent only after it: {told:?}");
    change(&office, bob, |bob| bob.escalate_to = Some(Escalation::Agent(lena))).await;
    assert_eq!(desk.escalate(first).await.unwrap().owner, Some(lena));
    // What is escalated to stays, and nobody escalates to himself.
    let needed = refusal(office.flow.admin().remove(DocumentKind::Agent, lena).await);
    assert!(matches!(needed, Refusal::InUse { .. }), "{needed}");
    let lena_now = office.flow.directory().agents[&lena].clone();
    let own = Agent { escalate_to: Some(Escalation::Agent(lena)), ..lena_now };
    assert!(matches!(refusal(office.flow.admin().save(&own).await), Refusal::Invalid { .. }));
}

#[tokio::test]
async fn the_signature_of_a_group_is_for_its_members() {
    let office = Office::open().await;
    let bob = agent(&office, "bob", None).await;
    let team = Group { members: [bob].into(), signature: "The team".to_owned(), ..Group::new(TEAM, "Team") };
    office.flow.admin().save(&team).await.unwrap();
    three_tickets(&office).await;
    let desk = office.flow.desk(bob);
    let profile = Profile {
        signature: "Bob".to_owned(),
        signature_of: Some(TEAM),
        undo_send_s: 0,
        preferences: Default::default(),
    };
    desk.change_own(&OwnWish::Profile(profile.clone())).await.unwrap();
    let second = office.ticket(2).await.id;
    desk.reply(second, Reply::text("Here.")).await.unwrap();
    assert!(office.messages(2).await.last().unwrap().text.ends_with("-- \nThe team"));
    office.flow.admin().save(&Group { members: [].into(), ..team }).await.unwrap();
    office.clock.advance(Duration::from_secs(1));
    desk.reply(second, Reply::text("There.")).await.unwrap();
    assert!(office.messages(2).await.last().unwrap().text.ends_with("-- \nBob"));
    assert!(matches!(refusal(desk.change_own(&OwnWish::Profile(profile)).await), Refusal::Invalid { .. }));
}

#[tokio::test]
async fn no_code_is_accepted_twice_and_none_older_than_one_that_was() {
    let office = Office::open().await;
    let bob = agent(&office, "bob", None).await;
    let code = Digest::of(b"a recovery code");
    let second_factor = SecondFactor { secret: Sealed::new("sealed".to_owned()), recovery: vec![code] };
    office.flow.desk(bob).change_own(&OwnWish::SecondFactor(Some(second_factor))).await.unwrap();
    let begin = |secret: &'static [u8], proof| {
        let flow = &office.flow;
        async move { flow.begin_session_with((bob, proof), Digest::of(secret), ("192.0.2.1", "test")).await }
    };
    assert_eq!(refusal(begin(b"1", Proof::Password).await), Refusal::CodeNeeded);
    let (one, other) = tokio::join!(begin(b"2", Proof::Code(100)), begin(b"3", Proof::Code(100)));
    assert_eq!([&one, &other].iter().filter(|it| it.is_ok()).count(), 1, "{one:?} {other:?}");
    assert_eq!(refusal(begin(b"4", Proof::Code(99)).await), Refusal::Code);
    begin(b"5", Proof::Code(101)).await.unwrap();
    let (one, other) = tokio::join!(begin(b"6", Proof::Recovery(code)), begin(b"7", Proof::Recovery(code)));
    assert_eq!([&one, &other].iter().filter(|it| it.is_ok()).count(), 1, "{one:?} {other:?}");
    assert!(office.flow.directory().agents[&bob].second_factor.as_ref().unwrap().recovery.is_empty());
}

#[tokio::test]
async fn a_session_ends_with_its_agent_and_for_nobody_else() {
    let office = Office::open().await;
    let bob = agent(&office, "bob", None).await;
    let eve = agent(&office, "eve", None).await;
    for (agent, secret) in [(bob, b"b1"), (bob, b"b2"), (eve, b"e1")] {
        office.flow.begin_session(agent, Digest::of(secret), "192.0.2.1", "test").await.unwrap();
    }
    let desk = office.flow.desk(bob);
    assert_eq!(desk.sessions().await.unwrap().len(), 2);
    assert!(matches!(refusal(desk.end_session(Digest::of(b"e1")).await), Refusal::NoSuch { .. }));
    let mut notices = office.flow.watch();
    assert_eq!(desk.end_other_sessions(Digest::of(b"b1")).await.unwrap(), 1);
    assert!(notices.recv().await.unwrap().sessions, "whoever listens is told");
    let whose = |secret: &'static [u8]| {
        let flow = &office.flow;
        async move { flow.session(Digest::of(secret), ip("192.0.2.1")).await.unwrap() }
    };
    assert_eq!((whose(b"b1").await, whose(b"b2").await, whose(b"e1").await), (Some(bob), None, Some(eve)));
    change(&office, bob, |bob| bob.active = false).await;
    assert_eq!(whose(b"b1").await, None);
    let third = office.receive(&mail("a@one.example", "support@example.com", "x", "9@one.example", "")).await;
    let refused = refusal(office.desk().change(third.routed.ticket, TicketWish::Assign(Some(bob))).await);
    assert!(matches!(refused, Refusal::Invalid { field: "owner", .. }), "{refused}");
}

#[tokio::test]
async fn a_locked_session_is_worth_nothing_from_another_address() {
    let office = Office::open().await;
    let token = Digest::of(b"1");
    office.flow.begin_session(BUILT_IN_ADMINISTRATOR, token, "192.0.2.1", "test").await.unwrap();
    let from = |place| office.flow.session(token, place);
    assert!(from(ip("192.0.2.2")).await.unwrap().is_some());
    office.flow.admin().save(&Settings { lock_sessions: true, ..Settings::default() }).await.unwrap();
    assert!(from(ip("192.0.2.1")).await.unwrap().is_some());
    assert!(from(ip("::ffff:192.0.2.1")).await.unwrap().is_some(), "the same address in its long form");
    assert!(from(ip("192.0.2.2")).await.unwrap().is_none());
    assert!(from(None).await.unwrap().is_none());
}

#[tokio::test]
async fn ranges_of_agent_groups_and_everyone_add_up() {
    let office = Office::open().await;
    let bob = agent(&office, "bob", None).await;
    let begin = |place: &'static str| {
        let (flow, secret) = (&office.flow, Digest::of(place.as_bytes()));
        async move { flow.begin_session(bob, secret, place, "test").await }
    };
    begin("203.0.113.9").await.unwrap();
    change(&office, bob, |bob| bob.ip_ranges = ranges(&["192.0.2.0/24"])).await;
    assert!(matches!(refusal(begin("203.0.113.9").await), Refusal::NotFromHere { .. }));
    assert!(office.flow.session(Digest::of(b"203.0.113.9"), ip("203.0.113.9")).await.unwrap().is_none());
    begin("192.0.2.7").await.unwrap();
    assert!(matches!(refusal(begin("nowhere").await), Refusal::NotFromHere { .. }));
    let team = Group { members: [bob].into(), ip_ranges: ranges(&["2001:db8::/32"]), ..Group::new(TEAM, "Team") };
    office.flow.admin().save(&team).await.unwrap();
    begin("2001:db8::5").await.unwrap();
    begin("192.0.2.8").await.unwrap();
    office.flow.admin().save(&Settings { ip_ranges: ranges(&["0.0.0.0/0"]), ..Settings::default() }).await.unwrap();
    begin("203.0.113.10").await.unwrap();
}

#[tokio::test]
async fn nobody_can_save_what_would_lock_himself_out() {
    let office = Office::open().await;
    let admin = office.desk().at(ip("192.0.2.1")).admin().unwrap();
    let away = Settings { ip_ranges: ranges(&["10.0.0.0/8"]), ..Settings::default() };
    let refused = refusal(admin.save(&away).await);
    assert!(matches!(refused, Refusal::Invalid { field: "ip_ranges", .. }), "{refused}");
    let here = Settings { ip_ranges: ranges(&["10.0.0.0/8", "192.0.2.0/24"]), ..Settings::default() };
    admin.save(&here).await.unwrap();
    // Only a group lets him in: neither the group nor its ranges can go.
    let team = Group {
        members: [BUILT_IN_ADMINISTRATOR].into(),
        ip_ranges: ranges(&["192.0.2.1"]),
        ..Group::new(TEAM, "Team")
    };
    admin.save(&team).await.unwrap();
    admin.save(&away).await.unwrap();
    let gone = Group { members: [].into(), ..team.clone() };
    assert!(matches!(refusal(admin.save(&gone).await), Refusal::Invalid { .. }));
    assert!(matches!(refusal(admin.remove(DocumentKind::Group, TEAM).await), Refusal::Invalid { .. }));
    // Control: the program itself may, and that undoes it too.
    office.flow.admin().save(&gone).await.unwrap();
    assert!(office.flow.begin_session(BUILT_IN_ADMINISTRATOR, Digest::of(b"1"), "192.0.2.1", "").await.is_err());
    office.clock.advance(Duration::from_secs(1));
    office.flow.admin().save(&Settings::default()).await.unwrap();
    office.flow.begin_session(BUILT_IN_ADMINISTRATOR, Digest::of(b"1"), "192.0.2.1", "").await.unwrap();
}
