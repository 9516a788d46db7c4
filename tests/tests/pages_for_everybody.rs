//! Every page of the desk is looked at with axe-core, by day and by night, at a desk and on a telephone. The pages are
//! those of the one table of routes; what to put into their places is found by following the pages' own links.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use helpdesk::web::{Verb, routes};
use mailflow_core::flow::Mailflow;
use mailflow_core::store::MemoryStore;
use mailflow_tests::browser::{Axe, Browser, Look, Page};
use mailflow_tests::demo::Demo;
use serde_json::json;

/// What is no page of ours: files, mail in its frame, what never ends, and what only leads elsewhere.
const NO_PAGES: [&str; 17] = [
    "/admin/rules/file/rules.toml",
    "/admin/rules/replay/{job}/events",
    "/approvals/{id}/file/{at}/{name}",
    "/approvals/{id}/raw",
    "/assets/{name}",
    "/audit/audit.csv",
    "/live",
    "/menu",
    "/sign-in/back",
    "/sign-in/provider",
    "/message/{id}/frame",
    "/message/{id}/raw",
    "/message/{id}/file/{at}/{name}",
    "/message/{id}/inline/{at}",
    "/ticket/{number}/upload/{body}",
    "/ticket/{number}/composer/{kind}",
    "/tickets/new",
];

/// A desk's wide screen by day.
const WIDE: Look = Look { width: 1440, height: 900, dark: false };

fn fits(route: &str, path: &str) -> bool {
    let (route, path): (Vec<_>, Vec<_>) = (route.split('/').collect(), path.split('/').collect());
    route.len() == path.len() && route.iter().zip(&path).all(|(route, path)| route.starts_with('{') || route == path)
}

/// The route that a path is of: the one with the fewest places.
fn route_of<'a>(routes: &[&'a str], path: &str) -> Option<&'a str> {
    let path = path.split(['?', '#']).next().unwrap_or_default();
    routes.iter().copied().filter(|it| fits(it, path)).min_by_key(|it| it.matches('{').count())
}

async fn sign_in(page: &Page, demo: &Demo) {
    page.fill("input[name=user]", &demo.user).await;
    page.fill("input[name=password]", &demo.password).await;
    page.and_load(page.click("form button.primary")).await;
}

/// Makes one of each thing that the demo has none of, so that each page has something to show. Returns where that led.
async fn make_things(page: &Page, address: &str) -> Vec<String> {
    let mut paths = Vec::new();
    for (path, name, form) in [
        ("admin/groups/new", "Second line", json!({ "name": "Second line" })),
        ("responses/new", "Got it", json!({ "name": "Got it", "text": "We got it." })),
        ("admin/rules/replay", "", json!({ "days": "0" })),
    ] {
        page.open(&format!("{address}{path}")).await;
        let fill = format!(
            "(() => {{ let field; for (const [name, value] of Object.entries({form})) {{
                field = document.querySelector(`main [name=${{name}}]`); field.value = value; }}
                field.form.requestSubmit(); }})()"
        );
        page.and_load(page.value(&fill)).await;
        assert!(page.text("main").await.contains(name), "{path}");
        paths.extend(page.value("location.pathname").await.as_str().map(str::to_owned));
    }
    // A message that waits for this agent's approval; asked for from a page that stays.
    page.open(&format!("{address}tickets/closed")).await;
    let submitted = page
        .value(
            "(async () => {
                const ask = async (method, path, body, token) => {
                    const headers = { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) };
                    const answer = await fetch(`/api/v1${path}`, { method, headers, body: body && JSON.stringify(body) });
                    return answer.ok ? answer.json() : Promise.reject(await answer.text());
                };
                const me = await ask('GET', '/session');
                const bob = { user_name: 'bob', name: 'Bob', password: 'correct horse battery', approval: { agent: me.id } };
                await ask('POST', '/agents', bob);
                const { token } = await ask('POST', '/session', bob);
                return (await ask('POST', '/tickets/1/replies', { text: 'It will be ready.' }, token)).message;
            })()",
        )
        .await;
    assert!(submitted.is_string(), "{submitted}");
    // A new ticket has a page of its own each time.
    page.open(&format!("{address}tickets/new")).await;
    paths.extend(page.value("location.pathname").await.as_str().map(str::to_owned));
    // A ticketbox with an access list of its own, and a mail with HTML.
    page.open(&format!("{address}admin/access/ticketboxes")).await;
    page.and_load(page.click("main a[href*='/admin/access/ticketboxes/']")).await;
    page.and_load(page.click("button[value=save]")).await;
    paths.push(format!("{}/default", page.value("location.pathname").await.as_str().unwrap()));
    for number in 1..=25 {
        page.open(&format!("{address}ticket/{number}")).await;
        let html = page.value("document.querySelector('.tabs a[href$=\"/html\"]')?.getAttribute('href')").await;
        if let Some(html) = html.as_str() {
            paths.push(html.to_owned());
            break;
        }
    }
    paths
}

/// The page on which a message with attachments is forwarded.
async fn forward_of_files(page: &Page, address: &str) -> String {
    for number in 1..=25 {
        page.open(&format!("{address}ticket/{number}?compose=forward")).await;
        if page.count("#composer fieldset.carried").await > 0 {
            return format!("/ticket/{number}?compose=forward");
        }
    }
    panic!("no message of the demo has attachments");
}

/// The links of the page, as paths.
async fn links(page: &Page) -> Vec<String> {
    let links = "[...document.querySelectorAll('a[href]:not([download])')].map(it => new URL(it.href))\
                 .filter(it => it.origin === location.origin).map(it => it.pathname + it.search)";
    let links = page.value(links).await;
    links.as_array().unwrap().iter().filter_map(|it| it.as_str().map(str::to_owned)).collect()
}

/// Pages of what a link leads to that only have a link when there is reason for it.
fn not_linked(path: &str) -> Vec<String> {
    let parts: Vec<&str> = path.trim_start_matches('/').split('/').collect();
    match parts.as_slice() {
        ["admin", "destinations", _] => vec![format!("{path}/failures")],
        ["admin", "agents", _] => vec![format!("{path}/delete")],
        ["admin", "groups", id] => vec![format!("{path}/delete"), format!("/groups/{id}")],
        ["admin", "access", _, _] => vec![format!("{path}/default")],
        _ => Vec::new(),
    }
}

/// What axe-core has against the open page in each look, each fault once.
async fn faults(axe: &Axe, page: &Page) -> BTreeMap<String, &'static str> {
    let mut faults = BTreeMap::new();
    axe.enter(page).await;
    for (name, look) in [
        ("desk", WIDE),
        ("desk by night", WIDE.dark()),
        ("telephone", Look::PHONE),
        ("telephone by night", Look::PHONE.dark()),
    ] {
        page.look(look).await;
        for fault in axe.faults(page).await {
            faults.entry(fault).or_insert(name);
        }
    }
    page.look(WIDE).await;
    faults
}

#[tokio::test]
async fn axe_finds_nothing_against_any_page() {
    let Some(axe) = Axe::find() else { return };
    let Some(browser) = Browser::start().await else { return };
    let flow = Mailflow::builder(MemoryStore::new()).build().await.unwrap();
    let declared: Vec<&str> = routes(&flow).iter().filter(|it| it.verb == Verb::Get).map(|it| it.path).collect();
    let demo = Demo::start().await;
    let page = browser.page().await;
    let at = |path: &str| format!("{}{}", demo.address, path.trim_start_matches('/'));
    page.open(&at("sign-in")).await;
    let mut wrong: Vec<String> = Vec::new();
    let mut say = |path: &str, found: BTreeMap<String, &'static str>| {
        wrong.extend(found.into_iter().map(|(fault, look)| format!("{path} ({look}): {fault}")));
    };
    say("/sign-in", faults(&axe, &page).await);
    sign_in(&page, &demo).await;
    let made = make_things(&page, &demo.address).await;

    let mut seen: BTreeSet<&str> = NO_PAGES.into_iter().chain(["/sign-in"]).collect();
    assert!(seen.iter().all(|it| declared.contains(it)), "{seen:?}");
    // Questions about a page make another page of it.
    let with_files = forward_of_files(&page, &demo.address).await;
    let more = ["/tickets/open?q=printer", "/ticket/1?compose=reply", "/ticket/1?compose=note", &with_files];
    let first = ["/", "/admin", "/groups", "/approvals", "/waiting", "/tokens", "/search?q=printer"];
    let mut waiting: VecDeque<String> = first.into_iter().chain(more).map(str::to_owned).chain(made).collect();
    let mut asked: BTreeSet<String> = BTreeSet::new();
    let mut pages = 1;
    while let Some(path) = waiting.pop_front() {
        let Some(route) = route_of(&declared, &path) else { continue };
        if (seen.contains(route) && !more.contains(&path.as_str())) || !asked.insert(path.clone()) {
            continue;
        }
        page.open(&at(&path)).await;
        // What cannot be done with one thing, such as deleting the last of them, may be with the next.
        if page.value("performance.getEntriesByType('navigation')[0].responseStatus").await != 200 {
            continue;
        }
        seen.insert(route);
        let links = links(&page).await;
        waiting.extend(links.iter().flat_map(|it| not_linked(it)));
        waiting.extend(links);
        say(&path, faults(&axe, &page).await);
        pages += 1;
    }
    let left: Vec<&&str> = declared.iter().filter(|it| !seen.contains(**it)).collect();
    let none = wrong.is_empty() && left.is_empty();
    assert!(none, "{} faults on {pages} pages, not seen: {left:?}\n{}", wrong.len(), wrong.join("\n"));

    // The control: a picture that says nothing to those who do not see it, and words too pale to read.
    page.open(&at("/")).await;
    page.value(
        "(() => { const main = document.querySelector('main'); main.append(new Image());
           const pale = document.createElement('p'); pale.textContent = 'pale';
           pale.style.color = '#ccc'; pale.style.background = '#fff'; main.prepend(pale); })()",
    )
    .await;
    let found = faults(&axe, &page).await;
    assert!(found.keys().any(|it| it.starts_with("image-alt")), "{found:?}");
    assert!(found.keys().any(|it| it.starts_with("color-contrast")), "{found:?}");
    demo.end().await;
}
