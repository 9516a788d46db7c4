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

use super::window::{INDEXED, Window};
use super::{Cut, LISTING, limit};
use crate::connection::Moment;
use crate::error::OrFailed as _;
use crate::load;
use crate::pipeline::prepare;
use crate::scope::{Question, Sieve, question};
use crate::value::Parameter;
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
    let Some(mut question) = question(query) else { return Ok(Cut::new(page).end()) };
    let after = page.after.as_ref().and_then(Cursor::read).map(|(seq, _)| seq);
    let moment = Moment::begin(pool, LISTING).await?;
    let wanted = usize::try_from(limit(page)).unwrap_or(usize::MAX).saturating_add(1);
    let mut hits: Vec<Candidate> = Vec::new();
    let mut met = BTreeSet::new();
    let mut chunk = wanted.clamp(FIRST_CHUNK, MAX_CHUNK);
    let top = match after {
        Some(after) => after,
        None => newest(&moment).await?.saturating_add(1),
    };
    let mut window = Window::newest(top);
    let mut before = top;
    while hits.len() < wanted {
        let candidates = candidates(&moment, query, &question, (&window, before), chunk).await?;
        let fresh: Vec<Candidate> = candidates.iter().filter(|it| met.insert(it.ticket)).copied().collect();
        let shown = match after {
            Some(after) => shown_before(&moment, &question, &fresh, after).await?,
            None => BTreeSet::new(),
        };
        hits.extend(fresh.into_iter().filter(|it| !shown.contains(&it.ticket)));
        match candidates.last() {
            Some(last) if candidates.len() == chunk => {
                before = last.seq;
                chunk = (chunk * 4).min(MAX_CHUNK);
            }
            _ => match window.next(top, hits.len(), wanted) {
                Some(next) => {
                    if before == top {
                        rarest_first(&moment, &mut question, &window).await?;
                    }
                    before = window.first();
                    window = next;
                }
                None => break,
            },
        }
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

async fn ask(
    moment: &Moment,
    sql: &str,
    parameters: Vec<Parameter<'_>>,
) -> Result<Vec<tokio_postgres::Row>, StoreError> {
    let client = moment.client()?;
    let statement = prepare(client, sql, LISTING).await?;
    let parameters: Vec<&(dyn ToSql + Sync)> = parameters.iter().map(|it| &**it as &(dyn ToSql + Sync)).collect();
    client.query(&statement, &parameters).await.or_failed(LISTING)
}

/// The number of the text that was taken in last.
async fn newest(moment: &Moment) -> Result<i64, StoreError> {
    let rows = ask(moment, "SELECT seq FROM counters WHERE id = 1", Vec::new()).await?;
    rows.first().map_or(Ok(0), |row| row.try_get(0)).or_failed(LISTING)
}

/// With three conditions or more, the rarest ones go first: the index goes from one to the next, and is spared most ways
/// through the list of a frequent word, if two rare ones stand before it. How rare they are, a window says.
async fn rarest_first(moment: &Moment, question: &mut Question, window: &Window) -> Result<(), StoreError> {
    let is_wide = |it: &Sieve| matches!(it, Sieve::Wide(_));
    question.sieved.sort_by_key(is_wide);
    let narrow = question.sieved.partition_point(|it| !is_wide(it));
    let (Some(within), true) = (window.condition(), narrow > 2) else { return Ok(()) };
    let mut parameters = Parameters::default();
    let within = parameters.add(Box::new(within), Type::TEXT);
    let counts: Vec<String> = question
        .sieved
        .iter()
        .take(narrow)
        .map(|it| {
            let condition = parameters.add(Box::new(it.condition().to_owned()), Type::TEXT);
            format!(
                "(SELECT count(*) FROM search s WHERE {INDEXED} @@ {within}::tsquery AND {INDEXED} @@ {condition}::tsquery)"
            )
        })
        .collect();
    let rows = ask(moment, &format!("SELECT {}", counts.join(", ")), parameters.0).await?;
    let Some(row) = rows.first() else { return Ok(()) };
    let mut counted = Vec::with_capacity(question.sieved.len());
    for (nth, it) in question.sieved.drain(..).enumerate() {
        let count: i64 = if nth < narrow { row.try_get(nth).or_failed(LISTING)? } else { i64::MAX };
        counted.push((count, it));
    }
    counted.sort_by_key(|it| it.0);
    question.sieved = counted.into_iter().map(|it| it.1).collect();
    Ok(())
}

/// Phrases stand in `{text}.joined`, word by word; `place` is where they are among the parameters.
fn has_phrases(text: &str, place: &str) -> String {
    format!(" AND NOT EXISTS (SELECT 1 FROM unnest({place}) p WHERE position(p IN {text}.joined) = 0)")
}

/// Texts of a window, before this one, that have all words, in tickets that the query asks for.
///
/// The index alone says which texts have the words and may lie where they are looked for; only the newest of them are
/// looked at. That is said with `OFFSET 0`, behind which the planner does not look: it cannot know how many texts have
/// words *and* lie in a ticketbox, and would rather walk through all texts in their order. `COALESCE` keeps it from
/// looking a ticket up in an index by shelf, all of it, which it likes as long as it knows nothing of the table.
async fn candidates(
    moment: &Moment,
    query: &SearchQuery,
    question: &Question,
    (window, before): (&Window, i64),
    chunk: usize,
) -> Result<Vec<Candidate>, StoreError> {
    let mut parameters = Parameters::default();
    let before = parameters.add(Box::new(before), Type::INT8);
    let most = parameters.add(Box::new(i64::try_from(chunk).unwrap_or(i64::MAX)), Type::INT8);
    let shelves = parameters.add(Box::new(mailflow_store_rows::columns::shelves(&query.within)), Type::INT8_ARRAY);
    let mut holds = Vec::new();
    let sieved = question.sieved.iter().map(|it| it.condition().to_owned());
    for condition in window.condition().into_iter().chain(sieved) {
        let condition = parameters.add(Box::new(condition), Type::TEXT);
        holds.push(format!("{INDEXED} @@ {condition}::tsquery"));
    }
    let mut conditions = visible::wanted(&query.within, &mut parameters);
    conditions.extend(visible::visibility(&query.within.visibility, &mut parameters));
    let conditions: String = conditions.iter().map(|it| format!(" AND {it}")).collect();
    let mut with_phrases = String::new();
    if !question.phrases.is_empty() {
        let phrases = parameters.add(Box::new(question.phrases.as_slice()), Type::TEXT_ARRAY);
        with_phrases = format!(
            "CROSS JOIN LATERAL (SELECT 1 FROM search x WHERE x.seq = s.seq{} LIMIT 1) x",
            has_phrases("x", &phrases)
        );
    }
    let sql = format!(
        "SELECT s.seq, s.id, s.note, s.ticket FROM (
         SELECT w.seq, w.id, w.note, w.ticket FROM (
         SELECT s.seq, s.id, s.note, s.ticket FROM search s WHERE {} OFFSET 0) w
         WHERE w.seq < {before} ORDER BY w.seq DESC OFFSET 0) s
         CROSS JOIN LATERAL (
         SELECT 1 FROM tickets t WHERE t.id = s.ticket AND COALESCE(t.shelf, -1) = ANY({shelves}){conditions} LIMIT 1) t
         {with_phrases} ORDER BY s.seq DESC LIMIT {most}",
        holds.join(" AND ")
    );
    let rows = ask(moment, &sql, parameters.0).await?;
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
    let has_phrases = if several { has_phrases("s", "$4::text[]") } else { String::new() };
    let sql = format!(
        "SELECT k.ticket FROM unnest($1::uuid[]) k(ticket) CROSS JOIN LATERAL (
         SELECT 1 FROM search s WHERE s.ticket = k.ticket AND s.seq >= $2 AND s.words @@ $3::text::tsquery{has_phrases}
         LIMIT 1) s"
    );
    let mut parameters: Vec<Parameter<'_>> =
        vec![Box::new(tickets), Box::new(after), Box::new(question.words.as_str())];
    if several {
        parameters.push(Box::new(question.phrases.as_slice()));
    }
    let rows = ask(moment, &sql, parameters).await?;
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
