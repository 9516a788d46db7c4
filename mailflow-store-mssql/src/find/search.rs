//! Searching messages and notes.

use std::collections::BTreeSet;

use mailflow_core::id::{MessageId, NoteId, TicketId};
use mailflow_core::message::Message;
use mailflow_core::note::Note;
use mailflow_core::store::{Cursor, Found, FoundIn, Hit, Kept as _, Key, Page, Row, SearchQuery, StoreError};
use mailflow_core::ticket::Ticket;
use mailflow_store_rows::visible;

use super::{Cut, LISTING, limit};
use crate::batch::{Batch, Parameters};
use crate::connection::{Moment, Pool};
use crate::driver;
use crate::load;
use crate::scope::{Question, Word, question};
use crate::value::Parameter;

/// So many texts are read at once, at first and at most.
const FIRST_CHUNK: usize = 50;
const MAX_CHUNK: usize = 2000;
/// A set of words that fewer texts have is where a search begins.
const FEW: i64 = 1000;
/// The longest phrase that SQL Server looks for (`CHARINDEX` takes 8,000 bytes); a longer one is looked for here.
const MAX_PHRASE: usize = 3900;

/// A text with all words, whose ticket may be seen.
#[derive(Clone, Copy)]
struct Candidate {
    seq: i64,
    id: [u8; 16],
    note: bool,
    ticket: [u8; 16],
}

/// A page of hits. The index gives texts in the order in which they were taken in, the last one first; the first of each
/// ticket counts.
pub(super) async fn search(pool: &Pool, query: &SearchQuery, page: &Page) -> Result<Found, StoreError> {
    let Some(question) = question(query) else { return Ok(Cut::new(page).end()) };
    let after = page.after.as_ref().and_then(Cursor::read).map(|(seq, _)| seq);
    let mut moment = Moment::begin(pool, LISTING).await?;
    let clauses = clauses(&mut moment, &question).await?;
    let wanted = usize::try_from(limit(page)).unwrap_or(usize::MAX).saturating_add(1);
    let mut hits: Vec<Candidate> = Vec::new();
    let mut met = BTreeSet::new();
    let mut before = after.unwrap_or(i64::MAX);
    let mut chunk = wanted.clamp(FIRST_CHUNK, MAX_CHUNK);
    while hits.len() < wanted {
        let (candidates, last) = candidates(&mut moment, query, (&question, &clauses), before, chunk).await?;
        let fresh: Vec<Candidate> = candidates.iter().filter(|it| met.insert(it.ticket)).copied().collect();
        let shown = match after {
            Some(after) => shown_before(&mut moment, &question, &fresh, after).await?,
            None => BTreeSet::new(),
        };
        hits.extend(fresh.into_iter().filter(|it| !shown.contains(&it.ticket)));
        match last {
            Some(last) => before = last,
            None => break,
        }
        chunk = (chunk * 4).min(MAX_CHUNK);
    }
    hits.truncate(wanted);
    let more = hits.len() == wanted;
    if more {
        hits.pop();
    }
    let rows = rows(&mut moment, &hits).await?;
    moment.end().await?;
    let mut cut = Cut::new(page);
    rows.into_iter().for_each(|(hit, seq)| cut.push(Row::Hit(Box::new(hit)), Cursor::new(seq, &[0; 16])));
    Ok(if more { cut.more() } else { cut.end() })
}

/// Sets of words of which a text must have one each. A search begins with the first: the rarest, if one is rare; else a
/// word of the question, of which the texts are walked in their order.
async fn clauses(moment: &mut Moment, question: &Question) -> Result<Vec<BTreeSet<Word>>, StoreError> {
    let words = question.words.iter().map(|word| BTreeSet::from([*word]));
    let mut sets: Vec<BTreeSet<Word>> = words.chain(question.sieves.iter().cloned()).collect();
    let mut batch = Batch::default();
    for set in &sets {
        let is = batch.parameters.is_one_of("w.word", set.iter().copied());
        batch.text.push_str(&format!(
            "SELECT COUNT_BIG(*) AS texts FROM (SELECT TOP ({FEW}) w.seq FROM search_words AS w WHERE {is}) AS c;\n"
        ));
    }
    let mut rarest = (FEW, 0);
    for (nth, rows) in moment.ask(&batch).await?.iter().enumerate() {
        let count = rows.first().map_or(Ok(FEW), |row| row.integer(0))?;
        rarest = rarest.min((count, nth));
    }
    let (_, first) = rarest;
    if first < sets.len() {
        sets.swap(0, first);
    }
    Ok(sets)
}

/// The condition that phrases stand in `s.joined`, word by word.
fn has_phrases(question: &Question, parameters: &mut Parameters<'_>) -> String {
    let phrases = question.phrases.iter().filter(|phrase| phrase.len() <= MAX_PHRASE);
    phrases
        .map(|phrase| {
            let phrase = parameters.add(Parameter::Text(phrase.clone().into()));
            format!(" AND CHARINDEX({phrase}, s.joined) > 0")
        })
        .collect()
}

/// The phrases that are too long for SQL Server.
fn long_phrases(question: &Question) -> Vec<&String> {
    question.phrases.iter().filter(|phrase| phrase.len() > MAX_PHRASE).collect()
}

/// The column with the text that long phrases are looked for in.
fn joined(long: &[&String]) -> &'static str {
    if long.is_empty() { "N''" } else { "s.joined" }
}

/// Texts before this one that have all words, in tickets that the query asks for; and the last one that was looked at, if
/// there may be more.
async fn candidates(
    moment: &mut Moment,
    query: &SearchQuery,
    (question, sets): (&Question, &[BTreeSet<Word>]),
    before: i64,
    chunk: usize,
) -> Result<(Vec<Candidate>, Option<i64>), StoreError> {
    let Some((first, others)) = sets.split_first() else { return Ok((Vec::new(), None)) };
    let mut parameters = Parameters::default();
    let before = parameters.integer(before);
    let most = parameters.integer(i64::try_from(chunk).unwrap_or(i64::MAX));
    // A text may have several words of a set.
    let distinct = if first.len() > 1 { "DISTINCT " } else { "" };
    let first = parameters.is_one_of("f.word", first.iter().copied());
    let mut conditions = String::new();
    for set in others {
        let is = parameters.is_one_of("w.word", set.iter().copied());
        conditions.push_str(&format!(" AND EXISTS (SELECT 1 FROM search_words AS w WHERE w.seq = s.seq AND {is})"));
    }
    let visible = visible::wanted(&query.within, &mut parameters);
    let visible = visible.into_iter().chain(visible::visibility(&query.within.visibility, &mut parameters));
    visible.for_each(|it| conditions.push_str(&format!(" AND {it}")));
    conditions.push_str(&has_phrases(question, &mut parameters));
    let shelves: Vec<String> =
        mailflow_store_rows::columns::shelves(&query.within).iter().map(i64::to_string).collect();
    let long = long_phrases(question);
    let sql = format!(
        "SELECT TOP ({most}) s.seq, s.id, s.note, s.ticket, {} AS joined
         FROM (SELECT {distinct}f.seq FROM search_words AS f WHERE {first} AND f.seq < {before}) AS f
         JOIN search AS s ON s.seq = f.seq JOIN tickets AS t ON t.id = s.ticket
         WHERE t.shelf IN ({}){conditions} ORDER BY s.seq DESC",
        joined(&long),
        shelves.join(", ")
    );
    let rows = moment.ask(&Batch::of(sql, parameters)).await?.into_iter().next().unwrap_or_default();
    let last = rows.last().filter(|_| rows.len() == chunk).map(|row| row.integer(0)).transpose()?;
    let mut candidates = Vec::with_capacity(rows.len());
    for row in &rows {
        if has_long_phrases(row, 4, &long)? {
            candidates.push(Candidate {
                seq: row.integer(0)?,
                id: row.id(1)?,
                note: row.integer(2)? != 0,
                ticket: row.id(3)?,
            });
        }
    }
    Ok((candidates, last))
}

fn has_long_phrases(row: &driver::Row, column: usize, long: &[&String]) -> Result<bool, StoreError> {
    if long.is_empty() {
        return Ok(true);
    }
    let joined = row.text(column)?;
    Ok(long.iter().all(|phrase| joined.contains(phrase.as_str())))
}

/// The tickets that an earlier page had: one of their texts that was taken in at the cursor or after it is a hit.
async fn shown_before(
    moment: &mut Moment,
    question: &Question,
    candidates: &[Candidate],
    after: i64,
) -> Result<BTreeSet<[u8; 16]>, StoreError> {
    if candidates.is_empty() {
        return Ok(BTreeSet::new());
    }
    let mut parameters = Parameters::default();
    let after = parameters.integer(after);
    let tickets = parameters.is_one_of("s.ticket", candidates.iter().map(|it| it.ticket));
    let mut conditions = String::new();
    for word in &question.words {
        let word = parameters.id(*word);
        conditions.push_str(&format!(
            " AND EXISTS (SELECT 1 FROM search_words AS w WHERE w.word = {word} AND w.seq = s.seq)"
        ));
    }
    conditions.push_str(&has_phrases(question, &mut parameters));
    let long = long_phrases(question);
    let distinct = if long.is_empty() { "DISTINCT " } else { "" };
    let sql = format!(
        "SELECT {distinct}s.ticket, {} AS joined FROM search AS s WHERE {tickets} AND s.seq >= {after}{conditions}",
        joined(&long)
    );
    let rows = moment.ask(&Batch::of(sql, parameters)).await?.into_iter().next().unwrap_or_default();
    let mut shown = BTreeSet::new();
    for row in &rows {
        if has_long_phrases(row, 1, &long)? {
            shown.insert(row.id(0)?);
        }
    }
    Ok(shown)
}

/// The rows of these hits, each with its place in the list.
async fn rows(moment: &mut Moment, hits: &[Candidate]) -> Result<Vec<(Hit, i64)>, StoreError> {
    let of = |it: &Candidate| {
        if it.note { Key::Note(NoteId::from_bytes(it.id)) } else { Key::Message(MessageId::from_bytes(it.id)) }
    };
    let tickets = hits.iter().map(|it| Key::Ticket(TicketId::from_bytes(it.ticket)));
    let keys: Vec<Key> = tickets.chain(hits.iter().map(of)).collect();
    let loaded = load::load_within(moment, &keys).await?;
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
