//! Alerts: what the agent wanted to be told of (features 9.2, ux 5.9).

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use askama::Template;
use axum::body::Bytes;
use axum::http::HeaderMap;
use mailflow_core::alert::{Alert, AlertEvent};
use mailflow_core::event::Actor;
use mailflow_core::id::TicketId;
use mailflow_core::store::Page;
use uuid::Uuid;

use super::admin::form::sentence;
use super::ago::{ago, full};
use super::answer::{Answer, page, redirect};
use super::{Fields, Frame, Signed, Table, Who};

const HERE: &str = "/alerts";
/// How many of the newest alerts are shown.
const SHOWN: u32 = 200;

pub(super) fn routes(table: Table) -> Table {
    table.get(Who::Agent, "/alerts", list).post(Who::Agent, "/alerts/clear", clear)
}

/// An alert, as it is shown.
struct AlertView {
    cause: String,
    /// What happened.
    words: String,
    /// Who did it; empty for nobody.
    by: String,
    /// When, in words; when exactly; for programs.
    when: (String, String, String),
    /// Where to look, without the base.
    path: Option<String>,
    /// The event, as the preferences have it.
    event: &'static str,
}

/// The alerts of one ticket.
struct Group {
    /// What it is called.
    title: String,
    /// Where it is, without the base.
    path: Option<String>,
    alerts: Vec<AlertView>,
}

#[derive(Template)]
#[template(path = "alerts/page.html")]
struct AlertsPage {
    frame: Frame,
    groups: Vec<Group>,
    more: bool,
}

async fn list(signed: Signed) -> Answer {
    let found = signed.desk.alerts(&Page::first(SHOWN)).await?;
    let ids: BTreeSet<TicketId> = found.rows.iter().filter_map(|it| it.ticket).collect();
    let tickets = signed.desk.tickets_among(&ids).await?;
    let mut order: Vec<Option<TicketId>> = Vec::new();
    let mut by_ticket: BTreeMap<Option<TicketId>, Vec<AlertView>> = BTreeMap::new();
    for alert in &found.rows {
        let ticket = alert.ticket.filter(|id| tickets.contains_key(id));
        if !order.contains(&ticket) {
            order.push(ticket);
        }
        let number = ticket.and_then(|id| tickets.get(&id)).map(|it| it.number);
        by_ticket.entry(ticket).or_default().push(view(&signed, alert, number));
    }
    let group = |id: Option<TicketId>| {
        let alerts = by_ticket.remove(&id).unwrap_or_default();
        match id.and_then(|id| tickets.get(&id)) {
            Some(ticket) => {
                let subject = if ticket.subject.is_empty() { "(no subject)" } else { &ticket.subject };
                let title = format!("#{} {subject}", ticket.number);
                Group { title, path: Some(format!("/ticket/{}", ticket.number)), alerts }
            }
            None => Group { title: "Messages to approve".to_owned(), path: None, alerts },
        }
    };
    let groups = order.into_iter().map(group).collect();
    page(&AlertsPage { frame: Frame::of(&signed, HERE, "Alerts").await?, groups, more: found.next.is_some() })
}

fn view(signed: &Signed, alert: &Alert, number: Option<u64>) -> AlertView {
    let directory = signed.desk.directory();
    let by = match alert.by {
        Actor::Agent(id) => directory.agents.get(&id).map(|it| it.name.clone()).unwrap_or_default(),
        Actor::Contact(_) | Actor::System => String::new(),
    };
    let path = match alert.of {
        AlertEvent::NeedsApproval => Some(format!("/approvals/{}", alert.cause)),
        AlertEvent::Returned => number.map(|number| format!("/ticket/{number}#composer")),
        _ => number.map(|number| format!("/ticket/{number}")),
    };
    let now = signed.desk.now();
    AlertView {
        cause: alert.cause.to_string(),
        words: sentence(alert.of.words()).trim_end_matches('.').to_owned(),
        by,
        when: (ago(alert.at, now), full(alert.at), alert.at.to_string()),
        path,
        event: alert.of.word(),
    }
}

/// Clears those that the form names.
async fn clear(signed: Signed, headers: HeaderMap, body: Bytes) -> Answer {
    let fields = Fields::of_form(&headers, &body)?;
    let causes: Vec<Uuid> = fields.all("cause").filter_map(|it| it.parse().ok()).collect();
    signed.desk.clear_alerts(&causes).await?;
    Ok(redirect(&signed.base.path(HERE)))
}
