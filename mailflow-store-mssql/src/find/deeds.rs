//! Alerts and the audit: what may be read of them is a condition on the row, and on its ticket as it is now.

use mailflow_core::access::Visibility;
use mailflow_core::alert::{AlertQuery, Listed};
use mailflow_core::audit::{Activity, AuditQuery, AuditReader};
use mailflow_core::store::{Cursor, Found, Page, RecordKind, StoreError};
use mailflow_store_rows::visible;

use super::{Cut, NEWEST, NOTHING, behind, most, one_statement, record};
use crate::batch::Parameters;
use crate::connection::Pool;

/// The condition that the ticket of a row `a` is seen.
fn ticket_is_seen(visibility: &Visibility, parameters: &mut Parameters<'_>) -> String {
    let seen = visible::visibility(visibility, parameters).unwrap_or_else(|| "1 = 1".to_owned());
    format!("EXISTS (SELECT 1 FROM tickets AS t WHERE t.id = a.ticket AND t.shelf IS NOT NULL AND {seen})")
}

/// The alerts of an agent.
pub(super) async fn alerts(pool: &Pool, query: &AlertQuery, page: &Page) -> Result<Found, StoreError> {
    let mut parameters = Parameters::default();
    let agent = parameters.id(*query.agent.as_bytes());
    let seen = ticket_is_seen(&query.visibility, &mut parameters);
    let approvals: Vec<[u8; 16]> = query.approvals.iter().map(|it| *it.as_bytes()).collect();
    let approvals = parameters.is_one_of("a.cause", approvals.into_iter());
    let [of_ticket, for_approval, always] =
        [Listed::OfTicket, Listed::ForApproval, Listed::Always].map(Listed::number);
    let conditions = vec![
        format!("a.agent = {agent}"),
        format!(
            "(a.list = {always} OR (a.list = {for_approval} AND {approvals}) OR (a.list = {of_ticket} AND {seen}))"
        ),
    ];
    list(pool, (RecordKind::Alert, "alerts", "cause"), conditions, parameters, page).await
}

/// What was done.
pub(super) async fn audit(pool: &Pool, query: &AuditQuery, page: &Page) -> Result<Found, StoreError> {
    let mut parameters = Parameters::default();
    let mut conditions = Vec::new();
    if let Some(object) = query.object {
        conditions.push(format!("a.about = {}", parameters.id(*object.as_bytes())));
    }
    if let Some(agent) = query.agent {
        conditions.push(format!("a.agent = {}", parameters.id(*agent.as_bytes())));
    }
    if let Some(activity) = query.activity {
        conditions.push(format!("a.activity = {}", parameters.integer(activity.number())));
    }
    if let Some(from) = query.from {
        conditions.push(format!("a.at >= {}", parameters.integer(from.as_millis())));
    }
    if let Some(until) = query.until {
        conditions.push(format!("a.at < {}", parameters.integer(until.as_millis())));
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
    let objects: Vec<[u8; 16]> = reader.objects.iter().map(|it| *it.as_bytes()).collect();
    let objects = parameters.is_one_of("a.about", objects.into_iter());
    let contacts = match reader.contacts {
        true => format!(" OR a.activity = {}", Activity::Contacts.number()),
        false => String::new(),
    };
    Some(format!("((a.ticket IS NOT NULL AND {seen}) OR (a.ticket IS NULL AND ({objects}{contacts})))"))
}

async fn list(
    pool: &Pool,
    (kind, table, id): (RecordKind, &str, &str),
    conditions: Vec<String>,
    mut parameters: Parameters<'_>,
    page: &Page,
) -> Result<Found, StoreError> {
    let (at, after) = page.after.as_ref().and_then(Cursor::read).unwrap_or(NEWEST);
    let (at, after, most) = (parameters.integer(at), parameters.id(after), parameters.integer(most(page)));
    let behind = behind("a.at", &format!("a.{id}"), true, (&at, &after));
    let conditions: String = conditions.into_iter().map(|condition| format!("{condition} AND ")).collect();
    let sql = format!(
        "SELECT TOP ({most}) a.at, a.{id}, a.version, a.data, {NOTHING} FROM {table} AS a
         WHERE {conditions}{behind} ORDER BY a.at DESC, a.{id} DESC"
    );
    let rows = one_statement(pool, &sql, parameters).await?;
    let mut cut = Cut::new(page);
    for it in &rows {
        if cut.is_full() {
            return Ok(cut.more());
        }
        let cursor = Cursor::new(it.integer(0)?, &it.id(1)?);
        cut.push(record(kind, it, 2)?, cursor);
    }
    Ok(cut.end())
}
