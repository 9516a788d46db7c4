//! Searching messages and notes.

use std::collections::BTreeSet;

use deadpool_postgres::Pool;
use mailflow_core::id::{MessageId, NoteId, TicketId};
use mailflow_core::message::Message;
use mailflow_core::note::Note;
use mailflow_core::store::{Cursor, Found, FoundIn, Hit, Kept as _, Key, Page, Row, SearchQuery, StoreError};
use mailflow_core::ticket::Ticket;
use tokio_postgres::types::{ToSql, Type};
use uuid::Uuid;

use super::{Cut, LISTING, limit};
use crate::connection::Moment;
use crate::error::OrFailed as _;
use crate::load;
use crate::scope::{Question, question};
use crate::visible::{self, Parameters};

/// So many texts are read at once, at first and at most.
const FIRST_CHUNK: usize = 50;
const MAX_CHUNK: usize = 2000;

/// A text with all words, whose ticket may be seen.
#[derive(Clone, Copy)]
struct Candidate {
    seq: i64,
    id: Uuid,
    note: bool,
    ticket: Uuid,
}

/// A page of hits. The index gives texts in the order in which they were taken in, the last one first; the first of each
/// ticket counts.
pub(super) async fn search(pool: &Pool, query: &SearchQuery, page: &Page) -> Result<Found, StoreError> {
    let Some(question) = question(query) else { return Ok(Cut::new(page).end()) };
    let after = page.after.as_ref().and_then(Cursor::read).map(|(seq, _)| seq);
    let moment = Moment::begin(pool, LISTING).await?;
    let wanted = usize::try_from(limit(page)).unwrap_or(usize::MAX).saturating_add(1);
    let mut hits: Vec<Candidate> = Vec::new();
    let mut met = BTreeSet::new();
    let mut before = after.unwrap_or(i64::MAX);
    let mut chunk = wanted.clamp(FIRST_CHUNK, MAX_CHUNK);
    while hits.len() < wanted {
        let candidates = candidates(&moment, query, &question, before, chunk).await?;
        let fresh: Vec<Candidate> = candidates.iter().filter(|it| met.insert(it.ticket)).copied().collect();
        let shown = match after {
            Some(after) => shown_before(&moment, &question, &fresh, after).await?,
            None => BTreeSet::new(),
        };
        hits.extend(fresh.into_iter().filter(|it| !shown.contains(&it.ticket)));
        match candidates.last() {
            Some(last) if candidates.len() == chunk => before = last.seq,
            _ => break,
        }
        chunk = (chunk * 4).min(MAX_CHUNK);
    }
    hits.truncate(wanted);
    let more = hits.len() == wanted;
    if more {
        hits.pop();
    }
    let rows = rows(&moment, &hits).await?;
    moment.end().await?;
    let mut cut = Cut::new(page);
    rows.into_iter().for_each(|(hit, seq)| cut.push(Row::Hit(Box::new(hit)), Cursor::new(seq, &[0; 16])));
    Ok(if more { cut.more() } else { cut.end() })
}

/// Asks without a prepared statement: how frequent the words are decides about the plan.
async fn ask(
    moment: &Moment,
    sql: &str,
    parameters: &[(&(dyn ToSql + Sync), Type)],
) -> Result<Vec<tokio_postgres::Row>, StoreError> {
    #[cfg(test)]
    crate::plans::note(sql);
    moment.client()?.query_typed(sql, parameters).await.or_failed(LISTING)
}

/// Phrases stand in `s.joined`, word by word; `place` is where they are among the parameters.
fn has_phrases(place: &str) -> String {
    format!(" AND NOT EXISTS (SELECT 1 FROM unnest({place}) p WHERE position(p IN s.joined) = 0)")
}

/// Texts before this one that have all words, in tickets that the query asks for.
async fn candidates(
    moment: &Moment,
    query: &SearchQuery,
    question: &Question,
    before: i64,
    chunk: usize,
) -> Result<Vec<Candidate>, StoreError> {
    let mut parameters = Parameters::default();
    let words = parameters.add(Box::new(question.sieved.as_str()), Type::TEXT);
    let before = parameters.add(Box::new(before), Type::INT8);
    let most = parameters.add(Box::new(i64::try_from(chunk).unwrap_or(i64::MAX)), Type::INT8);
    let shelves = parameters.add(Box::new(mailflow_store_rows::columns::shelves(&query.within)), Type::INT8_ARRAY);
    let mut conditions = visible::wanted(&query.within, &mut parameters);
    conditions.extend(visible::visibility(&query.within.visibility, &mut parameters));
    let conditions: String = conditions.iter().map(|it| format!(" AND {it}")).collect();
    let has_phrases = if question.phrases.is_empty() {
        String::new()
    } else {
        has_phrases(&parameters.add(Box::new(question.phrases.as_slice()), Type::TEXT_ARRAY))
    };
    let sql = format!(
        "SELECT s.seq, s.id, s.note, s.ticket FROM search s CROSS JOIN LATERAL (
         SELECT 1 FROM tickets t WHERE t.id = s.ticket AND t.shelf = ANY({shelves}){conditions} LIMIT 1) t
         WHERE s.words @@ {words}::tsquery AND s.seq < {before}{has_phrases} ORDER BY s.seq DESC LIMIT {most}"
    );
    let types = parameters.1.into_iter();
    let parameters: Vec<_> = parameters.0.iter().map(|it| &**it as &(dyn ToSql + Sync)).zip(types).collect();
    let rows = ask(moment, &sql, &parameters).await?;
    rows.iter().map(candidate).collect::<Result<_, _>>().or_failed(LISTING)
}

fn candidate(row: &tokio_postgres::Row) -> Result<Candidate, tokio_postgres::Error> {
    Ok(Candidate { seq: row.try_get(0)?, id: row.try_get(1)?, note: row.try_get(2)?, ticket: row.try_get(3)? })
}

/// The tickets that an earlier page had: one of their texts that was taken in at the cursor or after it is a hit.
async fn shown_before(
    moment: &Moment,
    question: &Question,
    candidates: &[Candidate],
    after: i64,
) -> Result<BTreeSet<Uuid>, StoreError> {
    if candidates.is_empty() {
        return Ok(BTreeSet::new());
    }
    let tickets: Vec<Uuid> = candidates.iter().map(|it| it.ticket).collect();
    let several = !question.phrases.is_empty();
    let has_phrases = if several { has_phrases("$4::text[]") } else { String::new() };
    let sql = format!(
        "SELECT k.ticket FROM unnest($1::uuid[]) k(ticket) CROSS JOIN LATERAL (
         SELECT 1 FROM search s WHERE s.ticket = k.ticket AND s.seq >= $2 AND s.words @@ $3::text::tsquery{has_phrases}
         LIMIT 1) s"
    );
    let mut parameters: Vec<(&(dyn ToSql + Sync), Type)> =
        vec![(&tickets, Type::UUID_ARRAY), (&after, Type::INT8), (&question.words, Type::TEXT)];
    if several {
        parameters.push((&question.phrases, Type::TEXT_ARRAY));
    }
    let rows = ask(moment, &sql, &parameters).await?;
    rows.iter().map(|row| row.try_get(0)).collect::<Result<_, _>>().or_failed(LISTING)
}

/// The rows of these hits, each with its place in the list.
async fn rows(moment: &Moment, hits: &[Candidate]) -> Result<Vec<(Hit, i64)>, StoreError> {
    let of = |it: &Candidate| {
        if it.note { Key::Note(NoteId::from(it.id)) } else { Key::Message(MessageId::from(it.id)) }
    };
    let tickets = hits.iter().map(|it| Key::Ticket(TicketId::from(it.ticket)));
    let keys: Vec<Key> = tickets.chain(hits.iter().map(of)).collect();
    let loaded = load::load_within(moment.client()?, &keys).await?;
    let (tickets, texts) = loaded.split_at_checked(hits.len()).unwrap_or_default();
    let mut rows = Vec::with_capacity(hits.len());
    for ((candidate, ticket), text) in hits.iter().zip(tickets).zip(texts) {
        let ticket = ticket.record.clone().and_then(Ticket::take);
        let hit =
            match (ticket, text.record.clone()) {
                (Some(ticket), Some(text)) if candidate.note => Note::take(text)
                    .map(|Note { id, at, text, .. }| Hit { ticket, found_in: FoundIn::Note(id), at, text }),
                (Some(ticket), Some(text)) => Message::take(text).map(|Message { id, at, text, .. }| Hit {
                    ticket,
                    found_in: FoundIn::Message(id),
                    at,
                    text,
                }),
                _ => None,
            };
        rows.extend(hit.map(|hit| (hit, candidate.seq)));
    }
    Ok(rows)
}
