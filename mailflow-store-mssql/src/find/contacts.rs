//! Lists of contacts.

use mailflow_core::store::{Cursor, Found, Page, RecordKind, StoreError};

use super::{Cut, LISTING, NOTHING, behind, most, record};
use crate::batch::{Batch, Parameters};
use crate::connection::{Moment, Pool};

/// Up to so many words in a range, their contacts are looked at one by one. If there are more, a walk in the order of
/// names meets enough of them soon.
const MAX_SORTED: usize = 1000;

/// A page of contacts.
pub(super) async fn list(pool: &Pool, words: &[String], page: &Page) -> Result<Found, StoreError> {
    let (name, id) = page.after.as_ref().and_then(Cursor::read_text).unwrap_or_default();
    let mut moment = Moment::begin(pool, LISTING).await?;
    let few = with_rarest_word(&mut moment, words).await?;
    let mut parameters = Parameters::default();
    let name = parameters.bytes(name.into_bytes());
    let (id, most) = (parameters.id(id), parameters.integer(most(page)));
    let mut conditions = behind("c.shown", "c.id", false, (&name, &id));
    if let Some(few) = few {
        let among = parameters.is_one_of("c.id", few.into_iter());
        conditions = format!("{among} AND {conditions}");
    }
    for word in words {
        let range = begins_with("w.word", word, &mut parameters);
        conditions =
            format!("{conditions} AND EXISTS (SELECT 1 FROM contact_words AS w WHERE w.contact = c.id AND {range})");
    }
    let sql = format!(
        "SELECT TOP ({most}) c.shown, c.id, c.version, c.data, {NOTHING} FROM contacts AS c
         WHERE c.shown IS NOT NULL AND {conditions} ORDER BY c.shown, c.id"
    );
    let rows = moment.ask(&Batch::of(sql, parameters)).await?.into_iter().next().unwrap_or_default();
    moment.end().await?;
    let mut cut = Cut::new(page);
    for it in &rows {
        if cut.is_full() {
            return Ok(cut.more());
        }
        let cursor = Cursor::by_text(&String::from_utf8_lossy(it.bytes(0)?), &it.id(1)?);
        cut.push(record(RecordKind::Contact, it, 2)?, cursor);
    }
    Ok(cut.end())
}

/// The condition that a column begins with a word. No byte of UTF-8 is 0xff.
fn begins_with(column: &str, word: &str, parameters: &mut Parameters<'_>) -> String {
    let first = parameters.bytes(word.as_bytes().to_vec());
    let last = parameters.bytes([word.as_bytes(), &[0xff]].concat());
    format!("{column} >= {first} AND {column} < {last}")
}

/// The contacts that have a word that begins with one of these, for the one that the fewest have; `None` if too many have
/// each.
async fn with_rarest_word(moment: &mut Moment, words: &[String]) -> Result<Option<Vec<[u8; 16]>>, StoreError> {
    if words.is_empty() {
        return Ok(None);
    }
    let mut batch = Batch::default();
    for word in words {
        let range = begins_with("word", word, &mut batch.parameters);
        batch.text.push_str(&format!("SELECT TOP ({}) contact FROM contact_words WHERE {range};\n", MAX_SORTED + 1));
    }
    let mut rarest: Option<Vec<[u8; 16]>> = None;
    for rows in moment.ask(&batch).await? {
        if rows.len() <= MAX_SORTED && rarest.as_ref().is_none_or(|rarest| rows.len() < rarest.len()) {
            rarest = Some(rows.iter().map(|row| row.id(0)).collect::<Result<_, _>>()?);
        }
    }
    Ok(rarest)
}
