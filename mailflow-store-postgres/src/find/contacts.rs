//! Lists of contacts.

use deadpool_postgres::Pool;
use mailflow_core::store::{Cursor, Found, Page, RecordKind, StoreError};
use uuid::Uuid;

use super::{Cut, LISTING, most, record};
use crate::connection::Moment;
use crate::error::OrFailed as _;
use crate::value::Parameter;

/// Up to so many words in a range, their contacts are looked at one by one. If there are more, a walk in the order of names meets
/// enough of them soon.
const MAX_SORTED: i64 = 1000;

/// Whether the contact `c` has a word in each of these ranges.
const HAS_ALL: &str = "NOT EXISTS (SELECT 1 FROM unnest($4::bytea[], $5::bytea[]) w(first, last) WHERE NOT EXISTS (
    SELECT 1 FROM contact_words cw WHERE cw.contact = c.id AND cw.word >= w.first AND cw.word < w.last))";

/// A page of contacts.
pub(super) async fn list(pool: &Pool, words: &[String], page: &Page) -> Result<Found, StoreError> {
    let (name, id) = page.after.as_ref().and_then(Cursor::read_text).unwrap_or_default();
    let from: Vec<Vec<u8>> = words.iter().map(|word| word.as_bytes().to_vec()).collect();
    // No byte of UTF-8 is 0xff.
    let to: Vec<Vec<u8>> = words.iter().map(|word| [word.as_bytes(), &[0xff]].concat()).collect();
    let moment = Moment::begin(pool, LISTING).await?;
    let few = with_rarest_word(&moment, &from, &to).await?;
    let mut values: Vec<Parameter<'_>> =
        vec![Box::new(name.into_bytes()), Box::new(Uuid::from_bytes(id)), Box::new(most(page))];
    values.extend([Box::new(from) as Parameter<'_>, Box::new(to)]);
    let among = if few.is_some() { "c.id = ANY($6::uuid[]) AND " } else { "" };
    let sql = format!(
        "SELECT c.shown, c.id, c.version, c.data, NULL::bytea FROM contacts c WHERE {among}c.shown IS NOT NULL
         AND (c.shown, c.id) > ($1, $2) AND {HAS_ALL} ORDER BY c.shown, c.id LIMIT $3"
    );
    if let Some(few) = few {
        values.push(Box::new(few));
    }
    let mut pipeline = moment.pipeline()?;
    pipeline.add(&sql, values).await?;
    let rows = pipeline.finish().await?.into_iter().next().unwrap_or_default();
    moment.end().await?;
    let mut cut = Cut::new(page);
    for it in &rows {
        if cut.is_full() {
            return Ok(cut.more());
        }
        let name: &[u8] = it.try_get(0).or_failed(LISTING)?;
        let id: Uuid = it.try_get(1).or_failed(LISTING)?;
        let cursor = Cursor::by_text(&String::from_utf8_lossy(name), id.as_bytes());
        cut.push(record(RecordKind::Contact, it, 2)?, cursor);
    }
    Ok(cut.end())
}

/// The contacts that have a word in one of these ranges, for the one that the fewest have; `None` if too many have each.
async fn with_rarest_word(
    moment: &Moment,
    from: &[Vec<u8>],
    to: &[Vec<u8>],
) -> Result<Option<Vec<Uuid>>, StoreError> {
    let sql = "SELECT contact FROM contact_words WHERE word >= $1 AND word < $2 LIMIT $3";
    let mut pipeline = moment.pipeline()?;
    for (from, to) in from.iter().zip(to) {
        pipeline.add(sql, vec![Box::new(from), Box::new(to), Box::new(MAX_SORTED + 1)]).await?;
    }
    let most = usize::try_from(MAX_SORTED).unwrap_or(usize::MAX);
    let mut rarest: Option<Vec<Uuid>> = None;
    for rows in pipeline.finish().await? {
        if rows.len() <= most && rarest.as_ref().is_none_or(|rarest| rows.len() < rarest.len()) {
            let ids = rows.iter().map(|row| row.try_get(0)).collect::<Result<Vec<Uuid>, _>>();
            rarest = Some(ids.or_failed(LISTING)?);
        }
    }
    Ok(rarest)
}
