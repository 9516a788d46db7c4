//! Search: messages and notes with these words, of tickets that the agent sees.

use askama::Template;
use axum::extract::Query;
use axum::http::HeaderMap;
use mailflow_core::flow::{Desk, Filter};
use mailflow_core::search::{excerpt, phrases, words};
use mailflow_core::store::{FoundIn, Hit};
use mailflow_core::ticket::{Ticket, TicketState};
use serde::Deserialize;

use super::answer::{Answer, encode, is_fragment, page, redirect};
use super::tickets::{TicketRow, rows};
use super::{Frame, Signed, Table, Who};

/// How many tickets a page shows.
const SHOWN: u32 = 30;
/// The most characters of the place that was found.
const PLACE: usize = 240;

pub(super) fn routes(table: Table) -> Table {
    table.get(Who::Agent, "/search", search)
}

#[derive(Deserialize)]
struct Asked {
    q: Option<String>,
    state: Option<String>,
    after: Option<String>,
}

/// A place that was found.
struct Found {
    row: TicketRow,
    /// Where in the ticket.
    path: String,
    /// Whether it is in a note.
    note: bool,
    /// The words around it: text, and whether it was asked for.
    place: Vec<(String, bool)>,
}

#[derive(Template)]
#[template(path = "search/page.html", blocks = ["found"])]
struct SearchPage {
    frame: Frame,
    words: String,
    state: String,
    found: Vec<Found>,
    next: Option<String>,
    first: bool,
}

async fn search(signed: Signed, headers: HeaderMap, Query(asked): Query<Asked>) -> Answer {
    let words = asked.q.unwrap_or_default();
    // A number alone is a ticket that somebody looks for.
    if let Some(number) = words.trim().strip_prefix('#').and_then(|it| it.parse::<u64>().ok())
        && signed.desk.ticket(number).await.is_ok()
    {
        return Ok(redirect(&signed.base.path(&format!("/ticket/{number}"))));
    }
    let state = asked.state.unwrap_or_default();
    let wanted = match &*state {
        "open" => Some(TicketState::Open),
        "closed" => Some(TicketState::Closed),
        _ => None,
    };
    let filter = Filter { state: wanted, ..Filter::default() };
    let hits = signed.desk.search(&words, &filter, &Desk::page(SHOWN, asked.after.as_deref())).await?;
    let tickets: Vec<Ticket> = hits.rows.iter().map(|hit| hit.ticket.clone()).collect();
    let phrases = phrases(&words);
    let found =
        rows(&signed, &tickets).await?.into_iter().zip(&hits.rows).map(|(row, hit)| found(row, hit, &phrases));
    let next = |cursor| {
        let (words, cursor) = (encode(&words), encode(&format!("{cursor}")));
        signed.base.path(&format!("/search?q={words}&state={state}&after={cursor}"))
    };
    let title = if words.trim().is_empty() { "Search".to_owned() } else { format!("“{}”", words.trim()) };
    let mut frame =
        if is_fragment(&headers) { Frame::bare(&signed) } else { Frame::of(&signed, "/search", &title).await? };
    frame.words.clone_from(&words);
    let shown = SearchPage {
        frame,
        found: found.collect(),
        next: hits.next.map(next),
        first: asked.after.is_none(),
        words,
        state,
    };
    if is_fragment(&headers) { page(&shown.as_found()) } else { page(&shown) }
}

fn found(row: TicketRow, hit: &Hit, phrases: &[Vec<String>]) -> Found {
    let (note, anchor) = match hit.found_in {
        FoundIn::Message(id) => (false, format!("m-{id}")),
        FoundIn::Note(id) => (true, format!("n-{id}")),
    };
    let place = marked(&excerpt(&hit.text, phrases, PLACE), phrases);
    Found { path: format!("{}#{anchor}", row.path), row, note, place }
}

/// The words of a text, those that were asked for marked.
fn marked(text: &str, phrases: &[Vec<String>]) -> Vec<(String, bool)> {
    let asked = |word: &str| words(word).iter().any(|word| phrases.iter().flatten().any(|asked| asked == word));
    let mut parts: Vec<(String, bool)> = Vec::new();
    for word in text.split_inclusive(' ') {
        let is = asked(word);
        match parts.last_mut() {
            Some((last, same)) if *same == is => last.push_str(word),
            _ => parts.push((word.to_owned(), is)),
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::super::testing::Web;
    use super::*;

    #[tokio::test]
    async fn search_finds_words_marks_them_and_shows_no_markup() {
        let web = Web::open().await;
        web.receive("From: Ada <ada@one.example>\nTo: support@example.com\nSubject: A\n\nThe <b>printer smokes.\n")
            .await;
        web.receive("From: Bob <bob@one.example>\nTo: support@example.com\nSubject: B\n\nMy scanner.\n").await;
        let admin = web.admin().await;
        let page = admin.get("/search?q=PRINTER").await;
        assert!(page.body.contains("Ada") && !page.body.contains("Bob"), "{}", page.body);
        assert!(page.body.contains("<mark>&#60;b&#62;printer </mark>smokes."), "{}", page.body);
        assert!(page.body.contains("value=\"PRINTER\""), "the words stay in the box");
        let none = admin.get("/search?q=%22%20OR%20%27%3B--").await;
        assert!(none.status == 200 && none.body.contains("No ticket that you can see"), "{}", none.body);
        assert_eq!(admin.get("/search?q=%232").await.location(), "/ticket/2");
    }

    #[test]
    fn only_whole_words_are_marked() {
        let parts = marked("a printer, printers", &phrases("printer"));
        assert_eq!(parts, [("a ".to_owned(), false), ("printer, ".to_owned(), true), ("printers".to_owned(), false)]);
    }
}
