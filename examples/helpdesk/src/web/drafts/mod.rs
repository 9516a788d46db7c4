//! Answers that the agent has begun.

use askama::Template;
use axum::extract::Query;
use mailflow_core::draft::Purpose;
use mailflow_core::flow::Desk;
use mailflow_core::mail::new_words;
use mailflow_core::text::{one_line, prefix};
use serde::Deserialize;

use super::ago::{ago, full};
use super::answer::{Answer, encode, page};
use super::{Frame, Signed, Table, Who};

/// How many drafts a page shows.
const SHOWN: u32 = 50;

pub(super) fn routes(table: Table) -> Table {
    table.get(Who::Agent, "/drafts", list)
}

#[derive(Deserialize)]
struct Asked {
    after: Option<String>,
}

/// A draft as a row.
struct Row {
    /// The ticket's number; none for one that is not there yet.
    number: Option<u64>,
    /// What it is, if it is no answer.
    kind: Option<&'static str>,
    /// Its page.
    page: String,
    /// Where it is thrown away.
    path: String,
    subject: String,
    first_words: String,
    files: usize,
    age: String,
    full: String,
    at: String,
    /// Whether something came in since.
    changed: bool,
    /// Who returned it, and what is to be changed.
    returned: Option<(String, String)>,
}

#[derive(Template)]
#[template(path = "drafts/page.html")]
struct DraftsPage {
    frame: Frame,
    drafts: Vec<Row>,
    next: Option<String>,
}

async fn list(signed: Signed, Query(asked): Query<Asked>) -> Answer {
    let found = signed.desk.drafts(&Desk::page(SHOWN, asked.after.as_deref())).await?;
    let (now, directory) = (signed.desk.now(), signed.desk.directory());
    let mut drafts = Vec::with_capacity(found.rows.len());
    for draft in found.rows {
        let ticket = signed.desk.ticket_by_id(draft.ticket).await.ok();
        let (page, subject) = match (&ticket, draft.purpose) {
            (Some(ticket), _) => (format!("/ticket/{}", ticket.number), &ticket.subject),
            (None, Purpose::Opening(_)) => (format!("/tickets/new/{}", draft.ticket), &draft.subject),
            // A draft in a ticket that is not for the agent any more stays where it is.
            (None, _) => continue,
        };
        let path = if ticket.is_some() { format!("{page}/composer") } else { page.clone() };
        let compose = match (ticket.is_some(), draft.purpose) {
            (true, Purpose::Forward) => "?compose=forward",
            (true, _) => "?compose=draft",
            (false, _) => "",
        };
        drafts.push(Row {
            number: ticket.as_ref().map(|it| it.number),
            kind: match draft.purpose {
                Purpose::Answer => None,
                Purpose::Forward => Some("forward"),
                Purpose::Opening(_) => Some("new ticket"),
            },
            page: signed.base.path(&format!("{page}{compose}#composer")),
            path: signed.base.path(&path),
            subject: if subject.is_empty() { "(no subject)".to_owned() } else { subject.clone() },
            first_words: one_line(prefix(&new_words(&draft.text), 1000), 160),
            files: draft.attachments.len(),
            age: ago(draft.saved, now),
            full: full(draft.saved),
            at: draft.saved.to_string(),
            returned: draft.returned.as_ref().map(|it| {
                let who = directory.agents.get(&it.by).map_or("an approver", |it| &it.name).to_owned();
                (who, one_line(&it.note, 300))
            }),
            changed: ticket.is_some_and(|it| it.revision != draft.seen_revision),
        });
    }
    // What came back is what somebody waits for.
    drafts.sort_by_key(|it| it.returned.is_none());
    let next = found.next.map(|cursor| signed.base.path(&format!("/drafts?after={}", encode(&cursor.to_string()))));
    page(&DraftsPage { frame: Frame::of(&signed, "/drafts", "Drafts").await?, drafts, next })
}

#[cfg(test)]
mod tests {
    use super::super::testing::Web;

    #[tokio::test]
    async fn drafts_are_listed_and_thrown_away() {
        let web = Web::open().await;
        web.receive("From: Ada <ada@one.example>\nTo: support@example.com\nSubject: Printer\n\nIt smokes.\n").await;
        let admin = web.admin().await;
        assert!(admin.get("/drafts").await.body.contains("You have begun no answer"));
        let fields = [("action", "save"), ("to", "ada@one.example"), ("text", "Use <water>"), ("revision", "1")];
        admin.post("/ticket/1/composer", &fields).await;
        let page = admin.get("/drafts").await.body;
        assert!(
            page.contains("Use &#60;water&#62;") && page.contains("href=\"/ticket/1?compose=draft#composer\""),
            "{page}"
        );
        let other = web.add_agent("bob").await;
        assert!(!web.browser(other).await.get("/drafts").await.body.contains("water"), "drafts are their author's");
        admin.post("/ticket/1/composer", &[("action", "discard")]).await;
        assert!(admin.get("/drafts").await.body.contains("You have begun no answer"));
    }
}
