//! Two desks that differ only in what an agent may not see answer him byte for byte alike: every page, list, count,
//! search, feed and error. Both are copies of one, so ids, numbers, sessions, secrets and the clock are the same in both.
//! What is random in an answer are ids that it makes for what may be written next: only those that neither desk knows are
//! made alike before the comparison.

use std::collections::BTreeSet;

use axum::Router;
use axum::body::Body;
use axum::http::Method;
use axum::routing::get;
use futures_util::StreamExt;
use mailflow_core::access::{Rights, Scope, Securable};
use mailflow_core::agent::Agent;
use mailflow_core::category::Category;
use mailflow_core::decision::reply::Reply;
use mailflow_core::decision::ticket::TicketWish;
use mailflow_core::flow::Filter;
use mailflow_core::group::Group;
use mailflow_core::store::Page;
use mailflow_core::ticketbox::Ticketbox;
use tower::ServiceExt;

use super::table::{Case, cases};
use super::who::ask;
use super::world::{Role, World, browser, draft, mail};
use crate::web::testing::{Browser, Shown, Web};

/// The agents that must not tell the desks apart.
const BLIND: [Role; 3] = [Role::Nobody, Role::Owner, Role::Reader];

/// Changes what only administrators, and agents who are none of [`BLIND`], may see.
async fn change_what_is_hidden(world: &World, web: &Web) {
    let (admin, desk) = (web.flow.admin(), web.desk());
    for subject in ["other printer", "secret printer", "third printer"] {
        web.receive(&mail("sales", subject)).await;
    }
    for number in [3, 5, 6] {
        let ticket = desk.ticket(number).await.unwrap();
        desk.note(ticket.id, "A secret note about the printer.").await.unwrap();
        desk.reply(ticket.id, Reply::text("A secret answer about the printer.")).await.unwrap();
        desk.save_draft(draft(web, &desk.ticket(number).await.unwrap(), desk.agent_id())).await.unwrap();
    }
    let third = desk.ticket(3).await.unwrap().id;
    desk.change(third, TicketWish::Categorise(Some(world.hidden_category))).await.unwrap();
    desk.change(third, TicketWish::Close).await.unwrap();
    desk.change(desk.ticket(5).await.unwrap().id, TicketWish::Trash).await.unwrap();
    let hidden = web.flow.directory().agents[&world.hidden_agent].clone();
    admin.save(&Agent { name: "A secret agent".to_owned(), ..hidden }).await.unwrap();
    web.add_agent("another_secret_agent").await;
    let ticketbox = Ticketbox::new(desk.new_id(), "A secret ticketbox", Some("secret@example.com".parse().unwrap()));
    admin.save(&ticketbox).await.unwrap();
    admin.save(&Category { id: world.hidden_category, name: "A secret category".to_owned() }).await.unwrap();
    let (category, group) = (desk.new_id(), desk.new_id());
    admin.save(&Category { id: category, name: "Another secret category".to_owned() }).await.unwrap();
    admin.save(&Group::new(world.hidden_group, "A secret group")).await.unwrap();
    admin.save(&Group::new(group, "Another secret group")).await.unwrap();
    for scope in [Scope::one(Securable::Categories, category.into()), Scope::one(Securable::Groups, group.into())] {
        admin.save_access(scope, Some(&[]), None).await.unwrap();
    }
    let lists = Scope::one(Securable::Agents, world.hidden_agent.into());
    let grant = mailflow_core::access::Grant {
        to: mailflow_core::access::Grantee::Agent(world.agent(Role::Full)),
        rights: Rights::FULL,
    };
    admin.save_access(lists, Some(&[grant]), None).await.unwrap();
}

/// More to ask for than one path of each route: filters, searches, pages, what exists only in the second desk.
fn more(world: &World, second: &Web) -> Vec<String> {
    let (sales, hidden) = (second.sales.id, world.hidden_agent);
    let mut paths: Vec<String> = ["mine", "unowned", "open", "closed", "trash", "secret"]
        .iter()
        .map(|list| format!("/tickets/{list}"))
        .collect();
    for (page, api) in [("/tickets/open", "/api/v1/tickets"), ("/search", "/api/v1/search")] {
        let words = ["printer", "secret", "%231", "%235", ""].map(|it| format!("q={it}&words={it}"));
        for words in words {
            paths.push(format!("{page}?{words}"));
            for limit in 1..=3 {
                paths.push(format!("{api}?{words}&limit={limit}"));
            }
            paths.push(format!("{api}?{words}&ticketbox={sales}"));
            paths.push(format!("{api}?{words}&owner={hidden}"));
            paths.push(format!("{api}?{words}&category={}", world.hidden_category));
            paths.push(format!("{api}?{words}&contact={}&trashed=true", world.contact));
        }
    }
    paths.push(format!("/tickets/open?owner={hidden}&category={}", world.hidden_category));
    for number in 1..=8 {
        paths.push(format!("/ticket/{number}"));
        paths.push(format!("/ticket/{number}?compose=all"));
        paths.push(format!("/ticket/{number}?compose=forward"));
        paths.push(format!("/api/v1/tickets/{number}/forward"));
        paths.push(format!("/api/v1/tickets/{number}"));
        paths.push(format!("/api/v1/tickets/{number}/draft"));
    }
    let directory = second.flow.directory();
    paths.extend(
        directory.ticketboxes.keys().flat_map(|id| [format!("/box/{id}"), format!("/api/v1/ticketboxes/{id}")]),
    );
    paths.extend(directory.categories.keys().map(|id| format!("/api/v1/categories/{id}")));
    paths.extend(directory.groups.keys().flat_map(|id| [format!("/groups/{id}"), format!("/api/v1/groups/{id}")]));
    paths.extend(directory.agents.keys().map(|id| format!("/api/v1/agents/{id}")));
    paths
}

/// What an answer is, with ids that nobody knows made alike.
fn plain(shown: &Shown, known: &BTreeSet<String>) -> String {
    let headers: Vec<String> = shown.headers.iter().map(|(name, value)| format!("{name}: {value:?}")).collect();
    let text = format!("{}\n{}\n\n{}", shown.status, headers.join("\n"), shown.body);
    let mut plain = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while let Some(at) = rest.find('-') {
        let start = at.checked_sub(8).filter(|start| rest.is_char_boundary(*start));
        let id = start.and_then(|start| rest.get(start..start + 36)).filter(|it| it.parse::<uuid::Uuid>().is_ok());
        match (start, id) {
            (Some(start), Some(id)) => {
                plain.push_str(rest.split_at(start).0);
                plain.push_str(if known.contains(id) { id } else { "(an id made for what comes next)" });
                rest = rest.split_at(start + 36).1;
            }
            _ => {
                let (before, after) = rest.split_at(at + 1);
                plain.push_str(before);
                rest = after;
            }
        }
    }
    plain.push_str(rest);
    plain
}

/// The ids that a desk knows.
async fn ids(web: &Web) -> BTreeSet<String> {
    let directory = web.flow.directory();
    let mut known: BTreeSet<String> = directory.ticketboxes.keys().map(ToString::to_string).collect();
    known.extend(directory.agents.keys().map(ToString::to_string));
    known.extend(directory.categories.keys().map(ToString::to_string));
    known.extend(directory.groups.keys().map(ToString::to_string));
    known.extend(directory.responses.keys().map(ToString::to_string));
    known.extend(directory.sources.keys().map(ToString::to_string));
    for trashed in [false, true] {
        let filter = Filter { trashed, ..Filter::default() };
        for ticket in web.desk().tickets(&filter, &Page::first(100)).await.unwrap().rows {
            let conversation = web.desk().conversation(ticket.number).await.unwrap();
            known.insert(ticket.id.to_string());
            known.extend(ticket.contact.map(|id| id.to_string()));
            known.extend(conversation.messages().map(|it| it.id.to_string()));
            known.extend(conversation.outgoing.keys().map(ToString::to_string));
        }
    }
    known
}

/// Where the two desks answer an agent otherwise.
async fn differences(
    known: &BTreeSet<String>,
    (first, second): (&Browser<'_>, &Browser<'_>),
    cases: &[Case],
) -> Vec<String> {
    let mut differ = Vec::new();
    for case in cases {
        let one = plain(&ask(first, case).await, known);
        let other = plain(&ask(second, case).await, known);
        if one != other {
            let line = one.lines().zip(other.lines()).find(|(one, other)| one != other);
            differ.push(format!("{} {}: {line:?}", case.method, case.path));
        }
    }
    differ
}

fn get_case(path: &str) -> Case {
    Case {
        method: "GET",
        route: String::new(),
        path: path.to_owned(),
        form: Vec::new(),
        json: None,
        need: super::table::Need::SignedIn,
    }
}

/// Two desks, and what to ask of them.
async fn twins(world: &World) -> (Web, Web, BTreeSet<String>, Vec<Case>) {
    let (first, second) = (world.copy().await, world.copy().await);
    change_what_is_hidden(world, &second).await;
    // Both clocks stand at the same time again.
    first.later(std::time::Duration::from_millis(
        u64::try_from(second.flow.now().as_millis() - first.flow.now().as_millis()).unwrap(),
    ));
    let mut known = ids(&first).await;
    known.extend(ids(&second).await);
    let mut asked: Vec<Case> = cases(world, &second).into_iter().filter(|it| it.method == "GET").collect();
    asked.extend(more(world, &second).iter().map(|path| get_case(path)));
    (first, second, known, asked)
}

#[tokio::test]
async fn ac_24_who_may_not_see_something_cannot_tell_whether_it_is_there() {
    let world = World::make().await;
    for role in BLIND {
        let (first, second, known, mut asked) = twins(&world).await;
        // Errors too: what changes something of a ticket that is hidden, or not there at all.
        asked.extend(cases(&world, &second).into_iter().filter(|it| {
            it.method != "GET" && matches!(it.need, super::table::Need::Ticket(3, _)) && !it.path.contains("bulk")
        }));
        let browsers = (browser(&world, &first, role).await, browser(&world, &second, role).await);
        let differ = differences(&known, (&browsers.0, &browsers.1), &asked).await;
        assert!(differ.is_empty(), "{role:?} can tell:\n{}", differ.join("\n"));
        assert!(asked.len() > 150, "{}", asked.len());
    }
}

/// The control: what an administrator is told does differ, and a count that was made before the rights were asked is
/// found in the answer to somebody else.
#[tokio::test]
async fn the_comparison_finds_a_count_that_was_made_before_the_filter() {
    let world = World::make().await;
    let (first, second, known, asked) = twins(&world).await;
    let admins =
        (browser(&world, &first, Role::Administrator).await, browser(&world, &second, Role::Administrator).await);
    let differ = differences(&known, (&admins.0, &admins.1), &asked).await;
    assert!(differ.len() > 20, "{}", differ.join("\n"));
    let plant = |web: Web| {
        let flow = web.flow.clone();
        let planted = get(move || {
            let desk = flow.desk(mailflow_core::agent::BUILT_IN_ADMINISTRATOR);
            async move {
                let counts = desk.open_counts().await.unwrap();
                format!("1 of {} tickets", counts.values().map(|it| it.number()).sum::<u32>())
            }
        });
        Web { router: Router::new().route("/planted", planted).merge(web.router.clone()), ..web }
    };
    let (first, second) = (plant(first), plant(second));
    let browsers = (browser(&world, &first, Role::Reader).await, browser(&world, &second, Role::Reader).await);
    let differ = differences(&known, (&browsers.0, &browsers.1), &[get_case("/planted")]).await;
    assert_eq!(differ.len(), 1, "{differ:?}");
}

#[tokio::test]
async fn ac_24_the_feed_tells_nothing_of_tickets_that_are_not_seen() {
    let world = World::make().await;
    let web = world.copy().await;
    let reader = browser(&world, &web, Role::Reader).await;
    let request = reader.request(Method::GET, "/live").body(Body::empty()).unwrap();
    let mut stream = web.router.clone().oneshot(request).await.unwrap().into_body().into_data_stream();
    assert!(String::from_utf8_lossy(&stream.next().await.unwrap().unwrap()).contains("beat"));
    web.receive(&mail("sales", "secret printer")).await;
    web.desk().note(web.desk().ticket(3).await.unwrap().id, "A secret note.").await.unwrap();
    web.desk().note(web.desk().ticket(2).await.unwrap().id, "For all.").await.unwrap();
    // The first that comes is about the ticket that he sees.
    let mut told = String::new();
    while !told.contains("\"tickets\"") {
        told = String::from_utf8_lossy(&stream.next().await.unwrap().unwrap()).into_owned();
    }
    assert!(told.contains("\"tickets\":[2]"), "{told}");
}
