//! Outbound approval (features 6): by stories, and by every sequence of actions of three agents.

use std::collections::{BTreeSet, VecDeque};
use std::time::Duration;

use mailflow_core::agent::{Agent, BUILT_IN_ADMINISTRATOR};
use mailflow_core::approval::Approver;
use mailflow_core::decision::delivery::Remedy;
use mailflow_core::decision::reply::Reply;
use mailflow_core::digest::Digest;
use mailflow_core::flow::Error;
use mailflow_core::group::Group;
use mailflow_core::id::{AgentId, GroupId, OutgoingId};
use mailflow_core::mail::Address;
use mailflow_core::outgoing::{Outgoing, OutgoingState};
use mailflow_core::refusal::Refusal;
use mailflow_core::store::{Changeset, Key, Query, View};

use super::super::DEEPEST;
use super::office::{Office, mail};

const LEADS: GroupId = GroupId::from_bytes([9; 16]);

pub async fn agent(office: &Office, name: &str, approval: Option<Approver>) -> AgentId {
    let id = office.flow.admin().new_id();
    let agent = Agent {
        id,
        user_name: name.to_owned(),
        name: name.to_owned(),
        administrator: false,
        built_in: false,
        approval,
        undo_send_s: 0,
        ..Agent::built_in_administrator()
    };
    office.flow.admin().save(&agent).await.unwrap();
    id
}

/// An office where what `author` sends is approved by the group of `lead`; the built-in administrator is the third.
struct Team {
    office: Office,
    author: AgentId,
    lead: AgentId,
}

impl Team {
    async fn meet() -> Self {
        let office = Office::open().await;
        office.receive(&mail("ada@one.example", "support@example.com", "x", "1@one.example", "")).await;
        let author = agent(&office, "author", None).await;
        let lead = agent(&office, "lead", None).await;
        // The author is a member too, and may not approve himself all the same.
        let leads = Group { members: [lead, author].into(), ..Group::new(LEADS, "Leads") };
        office.flow.admin().save(&leads).await.unwrap();
        let team = Self { office, author, lead };
        team.change(team.author, |agent| agent.approval = Some(Approver::Group(LEADS))).await;
        team
    }

    async fn change(&self, id: AgentId, how: impl FnOnce(&mut Agent)) {
        let mut agent = self.office.flow.directory().agents[&id].clone();
        how(&mut agent);
        self.office.flow.admin().save(&agent).await.unwrap();
    }

    async fn submit(&self, words: &str) -> Outgoing {
        let ticket = self.office.ticket(1).await;
        let replied = self.office.flow.desk(self.author).reply(ticket.id, Reply::text(words)).await.unwrap();
        let outgoing = self.office.conversation(1).await.outgoing.into_values();
        outgoing.into_iter().find(|it| it.message == replied.message).unwrap()
    }

    async fn deliver(&self) -> usize {
        self.office.clock.advance(Duration::from_secs(30));
        self.office.flow.deliver().await.unwrap();
        self.office.outside.sent().len()
    }
}

fn code(error: Error) -> &'static str {
    error.refusal().unwrap().code()
}

#[tokio::test]
async fn what_needs_an_approval_is_sent_after_it_and_not_before() {
    let team = Team::meet().await;
    let waiting_since = team.office.ticket(1).await.waiting_since;
    let outgoing = team.submit("please pay").await;
    assert_eq!(team.deliver().await, 0);
    assert_eq!(team.office.ticket(1).await.waiting_since, waiting_since, "the customer still waits");
    let lead = team.office.flow.desk(team.lead);
    assert_eq!(lead.to_approve().await.unwrap().len(), 1);
    let seen = lead.approval(outgoing.id).await.unwrap();
    let raw = seen.raw;
    assert!(seen.message.text.contains("please pay"));
    lead.release(outgoing.id, Digest::of(&raw)).await.unwrap();
    assert!(lead.to_approve().await.unwrap().is_empty());
    assert_eq!(team.deliver().await, 1);
    assert_eq!(team.office.outside.sent()[0].1, raw, "the very bytes that were looked at");
    assert_eq!(team.office.ticket(1).await.waiting_since, None);
}

#[tokio::test]
async fn an_author_never_approves_himself_and_others_do_not_see_the_queue() {
    let team = Team::meet().await;
    let outgoing = team.submit("words").await;
    let stranger = agent(&team.office, "stranger", None).await;
    for who in [team.author, stranger, BUILT_IN_ADMINISTRATOR] {
        let desk = team.office.flow.desk(who);
        assert!(desk.to_approve().await.unwrap().is_empty());
        assert_eq!(code(desk.release(outgoing.id, outgoing.raw).await.unwrap_err()), "no_such");
        assert_eq!(code(desk.give_back(outgoing.id, "no").await.unwrap_err()), "no_such");
    }
    assert_eq!(team.deliver().await, 0);
}

#[tokio::test]
async fn without_an_active_approver_administrators_approve() {
    let team = Team::meet().await;
    let outgoing = team.submit("words").await;
    team.change(team.lead, |lead| lead.active = false).await;
    let administrator = team.office.desk();
    assert_eq!(administrator.to_approve().await.unwrap().len(), 1);
    administrator.release(outgoing.id, outgoing.raw).await.unwrap();
    assert_eq!(team.deliver().await, 1);
}

#[tokio::test]
async fn the_second_approver_is_told_by_whom_it_was_decided() {
    let team = Team::meet().await;
    let second = agent(&team.office, "second", None).await;
    let leads = Group { members: [team.lead, second].into(), ..Group::new(LEADS, "Leads") };
    team.office.flow.admin().save(&leads).await.unwrap();
    let outgoing = team.submit("words").await;
    let (one, other) = (team.office.flow.desk(team.lead), team.office.flow.desk(second));
    let (a, b) = tokio::join!(one.release(outgoing.id, outgoing.raw), other.give_back(outgoing.id, "not yet"));
    let lost = match (a, b) {
        (Ok(()), Err(lost)) | (Err(lost), Ok(())) => lost,
        both => panic!("exactly one decides, not {both:?}"),
    };
    assert!(matches!(lost.refusal(), Some(Refusal::Decided { by, .. }) if by == "lead" || by == "second"));
}

#[tokio::test]
async fn what_is_returned_is_the_authors_draft_again_with_the_note() {
    let team = Team::meet().await;
    let outgoing = team.submit("it costs 10").await;
    let lead = team.office.flow.desk(team.lead);
    assert_eq!(code(lead.give_back(outgoing.id, "  ").await.unwrap_err()), "invalid");
    lead.give_back(outgoing.id, "please change the price").await.unwrap();
    assert_eq!(team.deliver().await, 0);
    let draft = team.office.flow.desk(team.author).conversation(1).await.unwrap().draft.unwrap();
    assert_eq!(draft.text, "it costs 10");
    assert_eq!(draft.returned.unwrap().note, "please change the price");
    let events = team.office.events(1).await;
    assert!(events.contains(&"submitted".to_owned()) && events.contains(&"returned_to_author".to_owned()));
}

#[tokio::test]
async fn changing_the_setting_does_not_touch_what_is_submitted() {
    let team = Team::meet().await;
    let outgoing = team.submit("words").await;
    team.change(team.author, |author| author.approval = None).await;
    assert_eq!(team.deliver().await, 0);
    let author = team.office.flow.desk(team.author);
    assert_eq!(code(author.send_now(outgoing.id).await.unwrap_err()), "invalid");
    assert_eq!(code(author.remedy(outgoing.id, Remedy::Retry).await.unwrap_err()), "invalid");
    assert_eq!(team.deliver().await, 0);
    team.office.flow.desk(team.lead).release(outgoing.id, outgoing.raw).await.unwrap();
    assert_eq!(team.deliver().await, 1);
}

#[tokio::test]
async fn other_bytes_than_those_that_were_looked_at_are_not_released() {
    let team = Team::meet().await;
    let outgoing = team.submit("words").await;
    let lead = team.office.flow.desk(team.lead);
    assert_eq!(code(lead.release(outgoing.id, Digest::of(b"others")).await.unwrap_err()), "invalid");
    assert_eq!(team.deliver().await, 0);
}

/// What can be done. `who` is 0 the author, 1 the lead, 2 the administrator.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Action {
    Write {
        who: usize,
    },
    Release {
        who: usize,
    },
    ReleaseOthers {
        who: usize,
    },
    /// He looks at the message: from now on he releases the bytes that he saw.
    Look {
        who: usize,
    },
    TakeBack {
        who: usize,
    },
    /// The bytes become others, as if somebody could edit what is submitted.
    EditInPlace,
    GiveBack {
        who: usize,
    },
    PullBack {
        who: usize,
    },
    SendNow {
        who: usize,
    },
    Retry {
        who: usize,
    },
    Correct {
        who: usize,
    },
    LeadLeaves,
    SettingGone,
    Deliver,
    /// A planted fault: what he releases are the bytes as they are, whatever he has looked at.
    ReleaseWithoutLooking {
        who: usize,
    },
    /// A planted fault: somebody queues what waits without being asked who he is.
    QueueWithoutAsking,
}

/// Whether bytes can become others after somebody has looked at them.
#[derive(Clone, Copy, PartialEq)]
enum Bytes {
    Stay,
    Change,
}

fn actions(bytes: Bytes) -> Vec<Action> {
    use Action::{
        Correct, Deliver, EditInPlace, GiveBack, LeadLeaves, Look, PullBack, Release, ReleaseOthers, Retry, SendNow,
        SettingGone, TakeBack, Write,
    };
    let mut all = vec![LeadLeaves, SettingGone, Deliver, Write { who: 0 }];
    for who in 0..3 {
        all.extend([Release { who }, ReleaseOthers { who }, GiveBack { who }, PullBack { who }]);
        all.extend([SendNow { who }, Retry { who }, Correct { who }, TakeBack { who }]);
    }
    if bytes == Bytes::Change {
        // The author has seen what he wrote; the others look.
        all.extend([EditInPlace, Look { who: 1 }, Look { who: 2 }]);
    }
    all
}

/// Plays a sequence. Returns what the end looks like, and whether something left that nobody entitled had released.
async fn play(sequence: &[Action]) -> (String, bool) {
    let team = Team::meet().await;
    let people = [team.author, team.lead, BUILT_IN_ADMINISTRATOR];
    let mut released: BTreeSet<Digest> = BTreeSet::new();
    let (mut lead_is_member, mut needs_approval, mut written) = (true, true, 0);
    let mut looked: [Option<(OutgoingId, Digest)>; 3] = [None; 3];
    for action in sequence {
        let waiting = newest(&team).await;
        let desk = |who: usize| team.office.flow.desk(people[who]);
        match (action, waiting) {
            (Action::Write { who }, _) => {
                written += 1;
                let ticket = team.office.ticket(1).await;
                let replied = desk(*who).reply(ticket.id, Reply::text(format!("words {written}"))).await.unwrap();
                if *who != 0 || !needs_approval {
                    released.insert(replied.raw);
                }
            }
            (Action::Look { who }, Some(it)) => looked[*who] = Some((it.id, it.raw)),
            (Action::EditInPlace, Some(it)) => edit_in_place(&team, it).await,
            (Action::TakeBack { who }, Some(it)) => drop(desk(*who).take_back(it.id).await),
            (Action::ReleaseWithoutLooking { who }, Some(it)) => {
                desk(*who).release(it.id, it.raw).await.unwrap();
                released.extend(looked[*who].map(|(_, raw)| raw));
            }
            (Action::Release { who }, Some(it)) => {
                // He releases what he has looked at; who has not looked at anything yet looks now.
                let (id, raw) = looked[*who].unwrap_or((it.id, it.raw));
                if desk(*who).release(id, raw).await.is_err() {
                    continue;
                }
                // Said again in the guide's words: a member of the group who is not the author; if there is none, an
                // administrator.
                let entitled = if lead_is_member { *who == 1 } else { *who == 2 };
                if entitled {
                    released.insert(raw);
                }
            }
            (Action::ReleaseOthers { who }, Some(it)) => drop(desk(*who).release(it.id, Digest::of(b"other")).await),
            (Action::GiveBack { who }, Some(it)) => drop(desk(*who).give_back(it.id, "change it").await),
            (Action::PullBack { who }, Some(it)) => drop(desk(*who).pull_back(it.id).await),
            (Action::SendNow { who }, Some(it)) => drop(desk(*who).send_now(it.id).await),
            (Action::Retry { who }, Some(it)) => drop(desk(*who).remedy(it.id, Remedy::Retry).await),
            (Action::Correct { who }, Some(it)) => {
                let (from, to) = (it.recipients[0].address.clone(), Address::new("eve@three.example").unwrap());
                drop(desk(*who).remedy(it.id, Remedy::Correct { from, to }).await);
            }
            (Action::LeadLeaves, _) => {
                lead_is_member = false;
                let alone = Group { members: [team.author].into(), ..Group::new(LEADS, "Leads") };
                team.office.flow.admin().save(&alone).await.unwrap();
            }
            (Action::SettingGone, _) => {
                needs_approval = false;
                team.change(team.author, |author| author.approval = None).await;
            }
            (Action::Deliver, _) => drop(team.deliver().await),
            (Action::QueueWithoutAsking, Some(it)) => queue_without_asking(&team, it).await,
            _ => {}
        }
    }
    team.deliver().await;
    let leaked = team.office.outside.sent().iter().any(|(_, bytes)| !released.contains(&Digest::of(bytes)));
    let now = newest(&team).await;
    let saw = looked.map(|it| it.map(|(id, raw)| now.as_ref().is_some_and(|now| (now.id, now.raw) == (id, raw))));
    (picture(&team, (lead_is_member, needs_approval), &released, saw).await, leaked)
}

/// The mail that was written last.
async fn newest(team: &Team) -> Option<Outgoing> {
    let all = team.office.conversation(1).await.outgoing.into_values();
    all.max_by_key(|it| (it.created, it.id))
}

/// All of the state that actions can tell apart.
async fn picture(
    team: &Team,
    (lead_is_member, needs_approval): (bool, bool),
    released: &BTreeSet<Digest>,
    saw: [Option<bool>; 3],
) -> String {
    let seen = team.office.conversation(1).await;
    let mut mails: Vec<(&Outgoing, String)> = seen.outgoing.values().map(|it| (it, String::new())).collect();
    mails.sort_by_key(|(it, _)| (it.created, it.id));
    let mails: Vec<String> = mails
        .iter()
        .map(|(it, _)| {
            let decided =
                it.approval.as_ref().map(|approval| approval.decision.as_ref().map(|it| it.by == team.lead));
            let released = released.contains(&it.raw);
            let to: Vec<&str> = it.recipients.iter().map(|recipient| recipient.address.as_str()).collect();
            format!("{:?} {decided:?} {} {released} {to:?}", it.state, it.hold.is_some())
        })
        .collect();
    let drafts = team.office.all::<mailflow_core::draft::Draft>(&Query::Drafts(team.author)).await.len();
    format!("{saw:?} {lead_is_member} {needs_approval} {drafts} {} {mails:?}", team.office.outside.sent().len())
}

/// What would be if the bytes of a submitted message could become others.
async fn edit_in_place(team: &Team, it: Outgoing) {
    if it.state != OutgoingState::AwaitingApproval {
        return;
    }
    let raw =
        team.office.flow.store().keep_body(format!("other words than {}\r\n", it.raw).into_bytes()).await.unwrap();
    overwrite(team, Outgoing { raw, ..it }).await;
}

async fn queue_without_asking(team: &Team, it: Outgoing) {
    overwrite(team, Outgoing { state: OutgoingState::Queued, due: it.created, hold: None, ..it }).await;
}

/// Writes a record past all decisions.
async fn overwrite(team: &Team, it: Outgoing) {
    let key = Key::Outgoing(it.id);
    let loaded = team.office.flow.store().load(std::slice::from_ref(&key)).await.unwrap();
    let mut view = View::default();
    view.add([key], loaded);
    let mut changes = view.changes();
    changes.put(it);
    let changeset: Changeset = changes.finish();
    team.office.flow.store().commit(changeset).await.unwrap();
}

/// Every sequence of up to so many actions. Sequences that end in the same state are gone on from once.
async fn explore(depth: usize, bytes: Bytes) -> (usize, Vec<Vec<Action>>) {
    let depth = depth.min(DEEPEST);
    let mut seen = BTreeSet::new();
    let mut leaks = Vec::new();
    let mut next = VecDeque::from([Vec::new()]);
    while let Some(sequence) = next.pop_front() {
        for action in actions(bytes) {
            let mut longer: Vec<Action> = sequence.clone();
            longer.push(action);
            let (picture, leaked) = play(&longer).await;
            if leaked {
                leaks.push(longer.clone());
            }
            if seen.insert(picture) && longer.len() < depth {
                next.push_back(longer);
            }
        }
    }
    (seen.len(), leaks)
}

/// How many states an exploration reaches: this many, where it goes as deep as it should.
const fn reached(states: usize) -> usize {
    if DEEPEST < 5 { 2 } else { states }
}

#[tokio::test]
async fn no_sequence_of_six_actions_sends_bytes_that_nobody_entitled_released() {
    let (states, leaks) = explore(6, Bytes::Stay).await;
    assert!(leaks.is_empty(), "{leaks:?}");
    assert!(states > reached(100), "only {states} states were reached");
}

#[tokio::test]
async fn no_sequence_of_five_actions_sends_bytes_that_became_others_after_somebody_looked() {
    let (states, leaks) = explore(5, Bytes::Change).await;
    assert!(leaks.is_empty(), "{leaks:?}");
    assert!(states > reached(200), "only {states} states were reached");
}

#[tokio::test]
async fn an_approver_takes_his_release_back_before_it_leaves_and_nobody_else_does() {
    let team = Team::meet().await;
    team.change(team.lead, |lead| lead.undo_send_s = 10).await;
    let before = team.office.ticket(1).await;
    let outgoing = team.submit("words").await;
    let lead = team.office.flow.desk(team.lead);
    assert_eq!(code(lead.take_back(outgoing.id).await.unwrap_err()), "no_such", "there is nothing to take back");
    lead.release(outgoing.id, outgoing.raw).await.unwrap();
    for who in [team.author, BUILT_IN_ADMINISTRATOR] {
        assert_eq!(code(team.office.flow.desk(who).take_back(outgoing.id).await.unwrap_err()), "no_such");
    }
    lead.take_back(outgoing.id).await.unwrap();
    assert_eq!(team.office.ticket(1).await.waiting_since, before.waiting_since, "the customer waits again");
    assert_eq!(team.deliver().await, 0);
    assert_eq!(lead.to_approve().await.unwrap().len(), 1);
    lead.release(outgoing.id, outgoing.raw).await.unwrap();
    assert_eq!(team.deliver().await, 1);
    assert_eq!(code(lead.take_back(outgoing.id).await.unwrap_err()), "too_late");
}

#[tokio::test]
async fn what_is_submitted_again_names_what_was_returned() {
    let team = Team::meet().await;
    let outgoing = team.submit("it costs 10").await;
    let lead = team.office.flow.desk(team.lead);
    lead.give_back(outgoing.id, "12").await.unwrap();
    let again = team.submit("it costs 12").await;
    let seen = lead.approval(again.id).await.unwrap();
    let (returned, then) = seen.before.unwrap();
    assert_eq!((returned.note.as_str(), returned.by, then.id), ("12", team.lead, outgoing.message));
    assert!(then.text.contains("it costs 10") && seen.message.text.contains("it costs 12"));
    // Pulled back, the draft still knows that it was returned; thrown away, what comes next is new.
    let author = team.office.flow.desk(team.author);
    assert_eq!(author.pull_back(again.id).await.unwrap().returned.unwrap().note, "12");
    author.discard_draft(seen.ticket.id).await.unwrap();
    let new = team.submit("something else").await;
    assert!(lead.approval(new.id).await.unwrap().before.is_none());
}

/// Controls of the exploration.
#[tokio::test]
async fn bytes_that_nobody_looked_at_are_found() {
    let actions = [Action::Write { who: 0 }, Action::Look { who: 1 }, Action::EditInPlace];
    let (_, leaked) = play(&[actions.as_slice(), &[Action::Release { who: 1 }]].concat()).await;
    assert!(!leaked, "the release names other bytes than there are");
    let (_, leaked) = play(&[actions.as_slice(), &[Action::ReleaseWithoutLooking { who: 1 }]].concat()).await;
    assert!(leaked);
}

/// Controls of the exploration.
#[tokio::test]
async fn a_mail_that_is_queued_without_asking_is_found() {
    let (_, leaked) = play(&[Action::Write { who: 0 }, Action::QueueWithoutAsking]).await;
    assert!(leaked);
}
