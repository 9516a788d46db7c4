//! Measures lists, counts and searches in a database that `generate` made: `store_lists DATABASE`, a file
//! or a URL `postgres://…`.

use std::collections::BTreeSet;
use std::error::Error;

use mailflow_benches::desk::{AGENTS, BOXES, agent_id, box_id, message_id, ticket_id};
use mailflow_benches::mails::{Numbers, word};
use mailflow_benches::measure::{Begun, Times, peak_memory_mib};
use mailflow_benches::place::{self, Either};
use mailflow_core::access::Visibility;
use mailflow_core::agent::{Agent, BUILT_IN_ADMINISTRATOR};
use mailflow_core::decision::ticket::TicketWish;
use mailflow_core::flow::{Desk, Mailflow};
use mailflow_core::id::TicketboxId;
use mailflow_core::store::{Key, Page, Query, Row, SearchQuery, Store as _, TicketQuery};
use mailflow_core::ticket::TicketState;
use mailflow_core::ticketbox::Ticketbox;
use mailflow_store_sqlite::Options;

const RUNS: u64 = 500;
const PAGE: u32 = 25;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let Some(file) = std::env::args().nth(1) else { return Err("usage: store_lists DATABASE".into()) };
    let store = place::open(&file, Options::default()).await?;
    let mut numbers = Numbers::new(1);
    let boxes = |count: u64| -> BTreeSet<TicketboxId> { (0..count).map(box_id).collect() };

    let open_in = |id: u64| TicketQuery {
        ticketboxes: Some([box_id(id)].into()),
        state: Some(TicketState::Open),
        ..TicketQuery::all(Visibility::Everything)
    };
    let nth_box = move |nth: u64| Query::Tickets(open_in(nth % BOXES));
    lists(&store, "open tickets of a ticketbox, first page", 1.0, nth_box).await?;
    let both = |nth: u64| TicketQuery { state: None, ..open_in(nth % BOXES) };
    lists(&store, "all tickets of a ticketbox, first page", 1.0, |nth| Query::Tickets(both(nth))).await?;
    deep_pages(&store, &open_in(0)).await?;
    let seen = |nth: u64| Visibility::of_ticketboxes(agent_id(nth % AGENTS), boxes(20));
    lists(&store, "all 20 ticketboxes that an agent sees", 5.0, |nth| Query::Tickets(TicketQuery::all(seen(nth))))
        .await?;
    let all = |nth: u64| Visibility::of_ticketboxes(agent_id(nth % AGENTS), boxes(BOXES));
    lists(&store, "all 40 ticketboxes that an agent sees", 5.0, |nth| Query::Tickets(TicketQuery::all(all(nth))))
        .await?;
    let twenty: Vec<TicketboxId> = boxes(20).into_iter().collect();
    let counts = |nth| Query::OpenCounts { visibility: seen(nth), ticketboxes: twenty.clone() };
    lists(&store, "open counts of 20 ticketboxes", 2.0, counts).await?;
    one_ticket(&store, &mut numbers).await?;

    let small = |nth: u64| Visibility::of_ticketboxes(agent_id(AGENTS + nth), [box_id(BOXES - 1)].into());
    let search = |visibility, words: &[u64]| {
        let phrases = words.iter().map(|rank| vec![word(*rank)]).collect();
        Query::Search(SearchQuery { phrases, within: TicketQuery::all(visibility) })
    };
    lists(&store, "a frequent word, an agent of 20 ticketboxes", 20.0, |nth| search(seen(nth), &[0])).await?;
    lists(&store, "a frequent word, an agent of one small ticketbox", 20.0, |nth| search(small(nth), &[0])).await?;
    lists(&store, "a rare word, an agent of 20 ticketboxes", 20.0, |nth| search(seen(nth), &[20_000 + nth])).await?;
    lists(&store, "a rare word, an agent of one small ticketbox", 20.0, |nth| search(small(nth), &[20_000 + nth]))
        .await?;
    lists(&store, "two frequent words, an agent of 20 ticketboxes", 20.0, |nth| search(seen(nth), &[1, 2])).await?;
    lists(&store, "two words, one rare, one small ticketbox", 20.0, |nth| search(small(nth), &[0, 5000 + nth]))
        .await?;
    let last = store.find(&Query::LastNumber, &Page::first(1)).await?;
    let Some(Row::Number(last)) = last.rows.first() else { return Err("no last number".into()) };
    let flow = Mailflow::builder(store).build().await?;
    oldest(&flow).await?;
    ticket_page(&flow.desk(BUILT_IN_ADMINISTRATOR), *last, &mut numbers).await?;
    println!("peak memory {} MiB", peak_memory_mib());
    Ok(())
}

/// *Get Oldest*, which gives a ticket away each time, and its page, which says how many wait. What was given is given
/// back at the end.
async fn oldest(flow: &Mailflow) -> Result<(), Box<dyn Error>> {
    for id in (0..20).map(box_id) {
        flow.admin().save(&Ticketbox::new(id, &format!("Ticketbox {id}"), None)).await?;
    }
    let (id, user_name) = (agent_id(AGENTS), "oldest".to_owned());
    let agent = Agent { administrator: false, built_in: false, id, user_name, ..Agent::built_in_administrator() };
    flow.admin().save(&agent).await?;
    let (desk, mut given) = (flow.desk(id), Vec::new());
    let (mut page, mut gets) = (Times::default(), Times::default());
    for nth in 0..RUNS + RUNS / 10 {
        let begun = Begun::now();
        let waiting = desk.waiting(None).await?;
        if nth >= RUNS / 10 {
            page.add(&begun);
        }
        let begun = Begun::now();
        let ticket = desk.get_oldest(None).await?;
        if nth >= RUNS / 10 {
            gets.add(&begun);
        }
        if nth == 0 {
            println!("{waiting:?}");
        }
        given.extend(ticket.map(|it| it.id));
    }
    println!("{}", page.line("how many wait, an agent of 20 ticketboxes", 2.0));
    println!("{}, {} given", gets.line("Get Oldest, an agent of 20 ticketboxes", 5.0), given.len());
    for id in given {
        desk.change(id, TicketWish::Assign(None)).await?;
    }
    Ok(())
}

/// What the page of a ticket shows: ticket, messages, notes, events and what has to be sent, as an agent reads it.
async fn ticket_page(desk: &Desk, last: u64, numbers: &mut Numbers) -> Result<(), Box<dyn Error>> {
    let mut times = Times::default();
    let mut passages = 0;
    for nth in 0..RUNS + RUNS / 10 {
        let number = 1 + numbers.below(last);
        let begun = Begun::now();
        let conversation = desk.conversation(number).await?;
        if nth >= RUNS / 10 {
            times.add(&begun);
        }
        passages += conversation.passages.len();
    }
    println!("{}, {passages} passages", times.line("the page of a ticket, through the desk", 10.0));
    Ok(())
}

/// Measures a list under varying questions; a tenth of the runs goes before, to warm up.
async fn lists(store: &Either, what: &str, goal_ms: f64, query: impl Fn(u64) -> Query) -> Result<(), Box<dyn Error>> {
    let mut times = Times::default();
    let mut rows = 0;
    for nth in 0..RUNS + RUNS / 10 {
        let query = query(nth);
        let begun = Begun::now();
        let found = store.find(&query, &Page::first(PAGE)).await?;
        if nth >= RUNS / 10 {
            times.add(&begun);
        }
        rows = rows.max(found.rows.len());
    }
    println!("{}, up to {rows} rows", times.line(what, goal_ms));
    Ok(())
}

async fn deep_pages(store: &Either, query: &TicketQuery) -> Result<(), Box<dyn Error>> {
    let mut times = Times::default();
    let mut page = Page::first(PAGE);
    for _ in 0..RUNS {
        let begun = Begun::now();
        let found = store.find(&Query::Tickets(query.clone()), &page).await?;
        times.add(&begun);
        page = found.next.map_or(Page::first(PAGE), |cursor| Page::after(PAGE, cursor));
    }
    println!("{}", times.line("open tickets of the largest ticketbox, page after page", 1.0));
    Ok(())
}

async fn one_ticket(store: &Either, numbers: &mut Numbers) -> Result<(), Box<dyn Error>> {
    // As many as were generated: the number of the last ticket is what a search in doubling steps finds.
    let mut tickets = 1;
    while store.load(&[Key::Ticket(ticket_id(tickets))]).await?.iter().any(|it| it.record.is_some()) {
        tickets *= 2;
    }
    let tickets = tickets / 2;
    let mut times = Times::default();
    let mut messages = 0;
    for _ in 0..RUNS {
        let number = numbers.below(tickets);
        let begun = Begun::now();
        store.load(&[Key::Ticket(ticket_id(number)), Key::Message(message_id(number * 4))]).await?;
        let found = store.find(&Query::Messages(ticket_id(number)), &Page::first(PAGE)).await?;
        times.add(&begun);
        messages += found.rows.len();
    }
    println!("{}, {messages} messages", times.line("one ticket with its messages", 1.0));
    Ok(())
}
