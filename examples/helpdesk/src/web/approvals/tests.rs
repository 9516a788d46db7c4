use std::time::Duration;

use mailflow_core::agent::Agent;
use mailflow_core::approval::Approver;
use mailflow_core::group::Group;
use mailflow_core::id::{AgentId, GroupId};

use crate::web::testing::{Browser, Shown, Web};

const MAIL: &str = "From: Ada <ada@one.example>\nTo: support@example.com\nSubject: Printer\nMessage-ID: <1@one.example>\n\nIt smokes.\n";
const LEADS: GroupId = GroupId::from_bytes([9; 16]);

/// A desk where what Bob writes is approved by Kim and Lee.
struct Team {
    web: Web,
    bob: AgentId,
    kim: AgentId,
    lee: AgentId,
}

impl Team {
    async fn meet() -> Self {
        let web = Web::open().await;
        web.receive(MAIL).await;
        let (bob, kim, lee) = (web.add_agent("bob").await, web.add_agent("kim").await, web.add_agent("lee").await);
        let admin = web.flow.admin();
        admin.save(&Group { members: [kim, lee].into(), ..Group::new(LEADS, "Team Leads") }).await.unwrap();
        let known = web.flow.directory().agents[&bob].clone();
        let signature = "Bob of Support".to_owned();
        let bound = Agent { approval: Some(Approver::Group(LEADS)), signature, ..known };
        admin.save(&bound).await.unwrap();
        Self { web, bob, kim, lee }
    }

    async fn submit(&self, words: &str) {
        let bob = self.web.browser(self.bob).await;
        let revision = self.web.desk().ticket(1).await.unwrap().revision.to_string();
        let fields = [("action", "send"), ("to", "ada@one.example"), ("text", words), ("revision", &revision)];
        let done = bob.post("/ticket/1/composer", &fields).await;
        assert_eq!(done.status, 303, "{}", done.body);
    }
}

/// Presses *Release* in a page of the queue.
async fn release(browser: &Browser<'_>, page: &Shown) -> Shown {
    let path = page.body.split("action=\"").find(|it| it.contains("/release\"")).unwrap().split('"').next().unwrap();
    browser.post(path, &[("raw", &page.value_of("raw"))]).await
}

async fn give_back(browser: &Browser<'_>, page: &Shown, note: &str) -> Shown {
    let path = page.body.split("action=\"").find(|it| it.contains("/return\"")).unwrap().split('"').next().unwrap();
    browser.post(path, &[("note", note)]).await
}

#[tokio::test]
async fn the_queue_shows_the_oldest_message_exactly_as_it_would_leave() {
    let team = Team::meet().await;
    let kim = team.web.browser(team.kim).await;
    assert!(kim.get("/approvals").await.body.contains("Nobody is waiting for you"));
    assert!(!kim.get("/tickets/open").await.body.contains("Approval queue"), "nothing in the menu without reason");
    team.submit("Use <water>.").await;
    team.web.later(Duration::from_secs(12 * 60));
    team.submit("And soap.").await;
    let page = kim.get("/approvals").await;
    for words in [
        "Use &#60;water&#62;.\n\n-- \nBob of Support",
        "<dt>To</dt><dd>ada@one.example</dd>",
        "<dt>From</dt><dd>Support &#60;support@example.com&#62;</dd>",
        "to be approved by Team Leads",
        "It has waited for Team Leads for",
        ">12 min</time>",
        "<th scope=\"row\">Message-ID</th>",
        "Approval queue <span class=\"count new\">2",
    ] {
        assert!(page.body.contains(words), "{words}: {}", page.body);
    }
    // The author sees how it stands, and is not in the queue.
    let bob = team.web.browser(team.bob).await;
    assert!(bob.get("/ticket/1").await.body.contains("waiting for Team Leads, 12 min"));
    assert!(bob.get("/approvals").await.body.contains("Nobody is waiting for you"));
    let raw = page.body.split('"').find(|it| it.ends_with("/raw")).unwrap();
    assert!(kim.get(raw).await.body.contains("Use <water>."));
    let whole = page.body.split('"').find(|it| it.ends_with("/conversation")).unwrap();
    assert!(kim.fragment(whole).await.body.contains("It smokes."));
    assert_eq!(bob.get(whole).await.status, 404);
}

#[tokio::test]
async fn after_a_release_the_next_one_opens_and_it_can_be_taken_back_before_it_leaves() {
    let team = Team::meet().await;
    team.submit("first words").await;
    team.submit("second words").await;
    let kim = team.web.browser(team.kim).await;
    let first = kim.get("/approvals").await;
    let done = release(&kim, &first).await;
    assert_eq!(done.status, 303, "{}", done.body);
    let next = kim.get(done.location()).await;
    assert!(next.body.contains("second words"), "{}", next.body);
    assert!(next.body.contains("Released: it leaves in 9 s.") || next.body.contains("Released: it leaves in 10 s."));
    let undo = next.body.split('"').find(|it| it.ends_with("/take-back")).unwrap();
    let back = kim.get(kim.post(undo, &[]).await.location()).await;
    assert!(back.body.contains("It waits for an approval again.") && back.body.contains("first words"));
    team.web.deliver().await;
    assert!(team.web.outside.sent().is_empty(), "nothing left");
    let done = release(&kim, &back).await;
    team.web.deliver().await;
    assert_eq!(team.web.outside.sent().len(), 1);
    let late = kim.get(done.location()).await;
    assert!(!late.body.contains("/take-back") && late.body.contains("it is on its way"), "{}", late.body);
    assert_eq!(kim.post(undo, &[]).await.status, 409, "it is too late");
}

#[tokio::test]
async fn whoever_comes_second_is_told_by_whom_it_was_decided_and_nothing_is_done() {
    let team = Team::meet().await;
    team.submit("words").await;
    let (kim, lee) = (team.web.browser(team.kim).await, team.web.browser(team.lee).await);
    let (seen, also) = (kim.get("/approvals").await, lee.get("/approvals").await);
    release(&kim, &seen).await;
    team.web.later(Duration::from_secs(4));
    for second in [release(&lee, &also).await, give_back(&lee, &also, "no").await] {
        assert_eq!(second.status, 409);
        assert!(second.body.contains("Nothing was done: released by kim the agent 4 s ago."), "{}", second.body);
        assert!(!second.body.contains("/release\""), "no button is left");
    }
    assert!(lee.get("/approvals").await.body.contains("Nobody is waiting for you"), "it left everyone's queue");
    team.web.deliver().await;
    assert_eq!(team.web.outside.sent().len(), 1);
}

#[tokio::test]
async fn other_bytes_than_those_that_were_looked_at_are_never_released() {
    let team = Team::meet().await;
    team.submit("it costs 10").await;
    let kim = team.web.browser(team.kim).await;
    let seen = kim.get("/approvals").await;
    // Bob pulls it back and submits other words under the same title.
    let bob = team.web.browser(team.bob).await;
    let page = bob.get("/ticket/1").await.body;
    let undo = page.split("action=\"").find(|it| it.contains("/delivery/")).unwrap().split('"').next().unwrap();
    bob.post(undo, &[("action", "undo")]).await;
    team.submit("it costs 99").await;
    let refused = release(&kim, &seen).await;
    assert!(refused.status == 409 && refused.body.contains("pulled back by bob the agent"), "{}", refused.body);
    // The new one with the digest of the old one.
    let now = kim.get("/approvals").await;
    let path = now.body.split("action=\"").find(|it| it.contains("/release\"")).unwrap().split('"').next().unwrap();
    let refused = kim.post(path, &[("raw", &seen.value_of("raw"))]).await;
    assert_eq!(refused.status, 422);
    assert!(
        refused.body.contains("It is not the one that you looked at") || refused.body.contains("look at it again")
    );
    team.web.deliver().await;
    assert!(team.web.outside.sent().is_empty());
    // The control: with its own digest it leaves.
    release(&kim, &now).await;
    team.web.deliver().await;
    assert!(String::from_utf8_lossy(&team.web.outside.sent()[0].1).contains("it costs 99"));
}

#[tokio::test]
async fn what_is_returned_comes_back_with_the_note_and_is_compared_when_it_is_submitted_again() {
    let team = Team::meet().await;
    team.submit("It costs 10 euros.").await;
    let (kim, bob) = (team.web.browser(team.kim).await, team.web.browser(team.bob).await);
    let seen = kim.get("/approvals").await;
    let refused = give_back(&kim, &seen, "  ").await;
    assert_eq!(refused.status, 422);
    assert!(refused.body.contains("ay what is to be changed"), "{}", refused.body);
    give_back(&kim, &seen, "The price <b>is</b> 12.").await;
    assert!(bob.get("/drafts").await.body.contains("returned by kim the agent: The price"));
    let page = bob.get("/ticket/1").await.body;
    assert!(page.contains("Returned by kim the agent") && page.contains("The price &#60;b&#62;is&#60;/b&#62; 12."));
    assert!(page.contains("returned by kim the agent: The price"), "the message says so, too");
    let submit = [("action", "send"), ("to", "ada@one.example, bo@two.example"), ("text", "It costs 12 euros.")];
    let revision = team.web.desk().ticket(1).await.unwrap().revision.to_string();
    let fields: Vec<_> = submit.into_iter().chain([("revision", revision.as_str())]).collect();
    bob.post("/ticket/1/composer", &fields).await;
    let again = kim.get("/approvals").await.body;
    for words in [
        "submitted again; you returned it: The price",
        "It costs <del>10</del><ins>12</ins> euros.",
        "<h3>To</h3>",
        "Returned by kim the agent",
    ] {
        assert!(again.contains(words), "{words}: {again}");
    }
    // Pulled back, it is as it was: the note with it.
    let page = bob.get("/ticket/1").await.body;
    let undo = page.split("action=\"").find(|it| it.contains("/delivery/")).unwrap().split('"').next().unwrap();
    bob.post(undo, &[("action", "undo")]).await;
    assert!(bob.get("/ticket/1").await.body.contains("<h3><span class=\"label\">Returned by kim the agent"));
}

#[tokio::test]
async fn the_queue_says_that_the_customer_wrote_meanwhile_and_checks_again_at_the_release() {
    let team = Team::meet().await;
    team.submit("words").await;
    let kim = team.web.browser(team.kim).await;
    assert!(!kim.get("/approvals").await.body.contains("wrote again"));
    let first = team.web.desk().conversation(1).await.unwrap();
    let id = first.messages().next().unwrap().message_id.clone().unwrap();
    team.web.receive(&format!("In-Reply-To: {id}\n{}", MAIL.replace("<1@", "<2@").replace("smokes", "burns"))).await;
    let page = kim.get("/approvals").await;
    assert!(page.body.contains("wrote again") && page.body.contains("after this was submitted"), "{}", page.body);
    // A destination that takes less than it did.
    let destination = team.web.flow.directory().destinations.values().next().unwrap().clone();
    let small = mailflow_core::destination::Destination { max_bytes: 10, ..destination };
    team.web.flow.admin().save(&small).await.unwrap();
    let refused = release(&kim, &page).await;
    assert_eq!(refused.status, 413, "{}", refused.body);
    team.web.deliver().await;
    assert!(team.web.outside.sent().is_empty());
}

#[tokio::test]
async fn an_open_page_learns_that_somebody_else_has_decided() {
    let team = Team::meet().await;
    team.submit("words").await;
    let (kim, lee) = (team.web.browser(team.kim).await, team.web.browser(team.lee).await);
    let page = lee.get("/approvals").await;
    let from = page.body.split_once("data-from=\"").unwrap().1.split('"').next().unwrap();
    let before = lee.fragment(from).await.body;
    assert!(!before.contains("id=\"standing\""), "what is being written there is left alone: {before}");
    give_back(&kim, &kim.get("/approvals").await, "no").await;
    let after = lee.fragment(from).await.body;
    assert!(after.contains("id=\"standing\"") && after.contains("returned by kim the agent 0 s ago"), "{after}");
}
