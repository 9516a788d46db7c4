//! The agent audit: who did what, and when (features 9.5, ux 6). A viewer with filters, a file to take along, and a part
//! of every page on which an administrator edits something.

mod file;
#[cfg(test)]
mod tests;
mod words;

use std::collections::{BTreeMap, BTreeSet};

use askama::Template;
use axum::extract::Query;
use mailflow_core::audit::{Activity, AuditEntry, object_of};
use mailflow_core::decision::configure::uses;
use mailflow_core::directory::DocumentKind;
use mailflow_core::flow::{AuditFilter, Desk};
use mailflow_core::id::TicketId;
use mailflow_core::store::Page;
use mailflow_core::ticket::Ticket;
use mailflow_core::time::Timestamp;
use serde::Deserialize;
use uuid::Uuid;

pub use words::{ChangeView, Names};

use super::ago::{ago, full};
use super::answer::{Answer, encode, page};
use super::{Frame, Signed, Table, Trouble, Who, readable};

const HERE: &str = "/audit";
/// How many entries a page shows.
const SHOWN: u32 = 50;
/// How many of the newest changes stand on the page of what was changed.
const NEWEST: u32 = 5;

pub(super) fn routes(table: Table) -> Table {
    table.get(Who::Agent, "/audit", list).get(Who::Agent, "/audit/audit.csv", file::download)
}

/// What is asked for, as it stands in links.
#[derive(Debug, Default, Deserialize)]
pub struct Asked {
    #[serde(default)]
    agent: String,
    #[serde(default)]
    ticket: String,
    #[serde(default)]
    object: String,
    #[serde(default)]
    activity: String,
    #[serde(default)]
    from: String,
    #[serde(default)]
    until: String,
    after: Option<String>,
}

/// The beginning of a day, in UTC, so many days later; `None` if it is none.
fn day(text: &str, later: i64) -> Option<Timestamp> {
    let mut parts = text.trim().splitn(3, '-').map(str::parse::<i64>);
    let (year, month, day) = (parts.next()?.ok()?, parts.next()?.ok()?, parts.next()?.ok()?);
    if !(1970..=9999).contains(&year) || !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    // Days since 1970, counted from March, so that the leap day comes last.
    let (year, month) = if month <= 2 { (year - 1, month + 9) } else { (year, month - 3) };
    let days = 365 * year + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + day - 1 - 719_468;
    Some(Timestamp::from_millis((days + later) * 86_400_000))
}

impl Asked {
    /// The filter; a ticket that is not for the agent has no entries.
    async fn filter(&self, desk: &Desk) -> Result<AuditFilter, Trouble> {
        let mut object = self.object.parse::<Uuid>().ok();
        if let Ok(number) = self.ticket.trim().trim_start_matches('#').parse::<u64>() {
            let ticket = desk.ticket(number).await;
            object = Some(ticket.map_or(Uuid::max(), |ticket| ticket.id.into()));
        }
        Ok(AuditFilter {
            agent: self.agent.parse().ok(),
            object,
            activity: Activity::from_word(&self.activity),
            from: day(&self.from, 0),
            until: day(&self.until, 1),
        })
    }

    /// It as a query, without the place in the list.
    fn query(&self) -> String {
        let fields = [
            ("agent", &self.agent),
            ("ticket", &self.ticket),
            ("object", &self.object),
            ("activity", &self.activity),
            ("from", &self.from),
            ("until", &self.until),
        ];
        let set = fields.into_iter().filter(|(_, value)| !value.is_empty());
        set.map(|(name, value)| format!("{name}={}&", encode(value))).collect()
    }
}

/// An entry, as it is shown.
#[derive(Debug)]
pub struct EntryView {
    /// When, in words; when exactly; for programs.
    pub when: (String, String, String),
    /// Who did it.
    pub who: String,
    /// What was done.
    pub words: String,
    /// What it was done to; empty for nothing in particular.
    pub about: String,
    /// Where that is, without the base.
    pub path: Option<String>,
    /// The kind of deed.
    pub activity: &'static str,
    /// What is different.
    pub changes: Vec<ChangeView>,
}

/// Entries as they are shown to an agent.
async fn views(signed: &Signed, entries: &[AuditEntry]) -> Result<Vec<EntryView>, Trouble> {
    let ids: BTreeSet<TicketId> = entries.iter().filter_map(|it| it.about.ticket()).collect();
    let tickets: BTreeMap<TicketId, Ticket> = signed.desk.tickets_among(&ids).await?;
    let (names, now) = (Names::new(signed, &tickets), signed.desk.now());
    let view = |entry: &AuditEntry| {
        let (about, path) = names.about(&entry.about);
        EntryView {
            when: (ago(entry.at, now), full(entry.at), entry.at.to_string()),
            who: names.who(entry.who),
            words: names.deed(entry),
            about,
            path,
            activity: entry.what.activity().words(),
            changes: names.changes(entry),
        }
    };
    Ok(entries.iter().map(view).collect())
}

#[derive(Template)]
#[template(path = "trail/page.html")]
struct AuditPage {
    frame: Frame,
    entries: Vec<EntryView>,
    asked: Asked,
    /// Agents to choose from: id and name.
    agents: Vec<(String, String)>,
    /// What the object that is asked for is called.
    object: Option<String>,
    file: String,
    next: Option<String>,
}

/// The viewer.
async fn list(signed: Signed, Query(asked): Query<Asked>) -> Answer {
    let filter = asked.filter(&signed.desk).await?;
    let found = signed.desk.audit(&filter, &Desk::page(SHOWN, asked.after.as_deref())).await?;
    let entries = views(&signed, &found.rows).await?;
    let agents = signed.desk.agents().into_iter().map(|it| (it.id.to_string(), it.name)).collect();
    let query = asked.query();
    let link = |path: &str, more: &str| signed.base.path(&format!("{path}?{query}{more}"));
    let next = found.next.map(|cursor| link(HERE, &format!("after={}", encode(&cursor.to_string()))));
    let object = filter.object.filter(|_| asked.ticket.is_empty()).map(|_| {
        let named = entries.first().map(|it| it.about.clone()).filter(|about| !about.is_empty());
        named.unwrap_or_else(|| "one object".to_owned())
    });
    let file = link("/audit/audit.csv", "");
    page(&AuditPage {
        frame: Frame::of(&signed, HERE, "Agent audit").await?,
        entries,
        asked,
        agents,
        object,
        file,
        next,
    })
}

/// What was done to one object lately, and what uses it: a part of the page on which it is edited.
#[derive(Debug)]
pub struct Trail {
    /// The newest changes.
    pub entries: Vec<EntryView>,
    /// Where all of them are, without the base.
    pub all: String,
    /// What uses it, in words that follow "used by"; `None` if nothing can.
    pub uses: Option<Vec<String>>,
}

/// The trail of a document; `None` for who is no administrator.
///
/// # Errors
/// [`Trouble`] if the store fails.
pub async fn of(signed: &Signed, kind: DocumentKind, id: impl Into<Uuid>) -> Result<Option<Trail>, Trouble> {
    if !signed.agent.administrator {
        return Ok(None);
    }
    let id = id.into();
    let object = object_of(kind, id);
    let filter = AuditFilter { object: Some(object), ..AuditFilter::default() };
    let found = signed.desk.audit(&filter, &Page::first(NEWEST)).await?;
    let entries = views(signed, &found.rows).await?;
    let uses = uses(&signed.desk.directory(), kind, id);
    let uses = uses.map(|uses| uses.iter().map(|by| readable(by)).collect());
    Ok(Some(Trail { entries, all: format!("{HERE}?object={object}"), uses }))
}
