//! Alerts and the audit: what may be read of them is a condition on the row, and on its ticket as it is now.

use deadpool_postgres::Pool;
use mailflow_core::access::Visibility;
use mailflow_core::alert::{AlertQuery, Listed};
use mailflow_core::audit::{Activity, AuditQuery, AuditReader};
use mailflow_core::store::{Cursor, Found, Page, RecordKind, StoreError};
use tokio_postgres::types::Type;
use uuid::Uuid;

use super::{Cut, LISTING, NEWEST, most, one_statement, record};
use crate::error::OrFailed as _;
use crate::visible::{self, Parameters};

/// The condition that the ticket of a row `a` is seen. `OFFSET 0` says that it is looked up for each row: some versions
/// of PostgreSQL would rather gather all tickets first.
fn ticket_is_seen(visibility: &Visibility, parameters: &mut Parameters<'_>) -> String {
    let seen = visible::visibility(visibility, parameters).unwrap_or_else(|| "TRUE".to_owned());
    format!("EXISTS (SELECT 1 FROM tickets t WHERE t.id = a.ticket AND t.data IS NOT NULL AND {seen} OFFSET 0)")
}

/// The alerts of an agent.
pub(super) async fn alerts(pool: &Pool, query: &AlertQuery, page: &Page) -> Result<Found, StoreError> {
    let mut parameters = Parameters::default();
    let agent = parameters.id(query.agent.into());
    let seen = ticket_is_seen(&query.visibility, &mut parameters);
    let approvals = parameters.ids(query.approvals.iter().copied());
    let [of_ticket, for_approval, always] =
        [Listed::OfTicket, Listed::ForApproval, Listed::Always].map(Listed::number);
    let conditions = vec![
        format!("a.agent = {agent}"),
        format!(
            "(a.list = {always} OR (a.list = {for_approval} AND a.cause = ANY({approvals})) \
             OR (a.list = {of_ticket} AND {seen}))"
        ),
    ];
    list(pool, (RecordKind::Alert, "alerts", "cause"), conditions, parameters, page).await
}

/// What was done.
pub(super) async fn audit(pool: &Pool, query: &AuditQuery, page: &Page) -> Result<Found, StoreError> {
    let mut parameters = Parameters::default();
    let mut conditions = Vec::new();
    if let Some(object) = query.object {
        conditions.push(format!("a.about = {}", parameters.id(object)));
    }
    if let Some(agent) = query.agent {
        conditions.push(format!("a.agent = {}", parameters.id(agent.into())));
    }
    if let Some(activity) = query.activity {
        conditions.push(format!("a.activity = {}", parameters.add(Box::new(activity.number()), Type::INT8)));
    }
    if let Some(from) = query.from {
        conditions.push(format!("a.at >= {}", parameters.add(Box::new(from.as_millis()), Type::INT8)));
    }
    if let Some(until) = query.until {
        conditions.push(format!("a.at < {}", parameters.add(Box::new(until.as_millis()), Type::INT8)));
    }
    conditions.extend(readable(&query.reader, &mut parameters));
    list(pool, (RecordKind::Audit, "audit", "id"), conditions, parameters, page).await
}

/// The condition that an entry may be read; `None` if all may. Its meaning is [`AuditReader::may_read`].
fn readable(reader: &AuditReader, parameters: &mut Parameters<'_>) -> Option<String> {
    if reader.visibility == Visibility::Everything {
        return None;
    }
    let seen = ticket_is_seen(&reader.visibility, parameters);
    let objects = parameters.ids(reader.objects.iter().copied());
    let contacts = match reader.contacts {
        true => format!(" OR a.activity = {}", Activity::Contacts.number()),
        false => String::new(),
    };
    Some(format!(
        "((a.ticket IS NOT NULL AND {seen}) OR (a.ticket IS NULL AND (a.about = ANY({objects}){contacts})))"
    ))
}

async fn list(
    pool: &Pool,
    (kind, table, id): (RecordKind, &str, &str),
    conditions: Vec<String>,
    mut parameters: Parameters<'_>,
    page: &Page,
) -> Result<Found, StoreError> {
    let (at, after) = page.after.as_ref().and_then(Cursor::read).unwrap_or(NEWEST);
    let at = parameters.add(Box::new(at), Type::INT8);
    let after = parameters.id(Uuid::from_bytes(after));
    let most = parameters.add(Box::new(most(page)), Type::INT8);
    let conditions: String = conditions.into_iter().map(|condition| format!("{condition} AND ")).collect();
    let sql = format!(
        "SELECT a.at, a.{id}, a.version, a.data, NULL::bytea FROM {table} a \
         WHERE {conditions}(a.at, a.{id}) < ({at}, {after}) ORDER BY a.at DESC, a.{id} DESC LIMIT {most}"
    );
    let rows = one_statement(pool, &sql, parameters.0).await?;
    let mut cut = Cut::new(page);
    for it in &rows {
        if cut.is_full() {
            return Ok(cut.more());
        }
        let id: Uuid = it.try_get(1).or_failed(LISTING)?;
        let cursor = Cursor::new(it.try_get(0).or_failed(LISTING)?, id.as_bytes());
        cut.push(record(kind, it, 2)?, cursor);
    }
    Ok(cut.end())
}
