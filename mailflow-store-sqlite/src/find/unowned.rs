//! What nobody takes care of, in the order of turns: a page of it, and how much there is.

use mailflow_core::store::{Count, Cursor, Found, Page, Row, StoreError, UnownedQuery};
use mailflow_core::ticket::Ticket;
use mailflow_store_rows::ranges::{Ranges, ranges_by_turn};
use rusqlite::Connection;
use rusqlite::types::Value;

use super::merged::{MAX_CHUNK, Merged, Place, Range};
use super::tickets::{fill, walk};
use super::{LISTING, most};
use crate::connection::prepare;
use crate::error::OrFailed as _;

// Of what has a turn, the shelf and the owner are known, and nobody asks for the contact.
macro_rules! stream {
    ($filter:literal, $index:literal) => {
        concat!(
            "SELECT turn, number, seq, 0, ticketbox, NULL, category, NULL FROM tickets INDEXED BY ",
            $index,
            " WHERE turn IS NOT NULL AND ",
            $filter,
            "(turn, number) > (?, ?) ORDER BY turn, number LIMIT ?"
        )
    };
}

pub(super) const BY_TURN: &str = stream!("", "tickets_by_turn");
pub(super) const BY_BOX_AND_TURN: &str = stream!("ticketbox = ? AND ", "tickets_by_box_and_turn");

/// The ticket whose turn it is comes first.
#[derive(PartialEq, Eq, PartialOrd, Ord, Clone)]
struct Turn(i64, u64);

/// Before all tickets.
const FIRST: Turn = Turn(i64::MIN, 0);

impl Place for Turn {
    fn read(row: &rusqlite::Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self(row.get(0)?, row.get(1)?))
    }

    fn values(&self) -> [Value; 2] {
        [Value::Integer(self.0), Value::Integer(i64::try_from(self.1).unwrap_or(i64::MAX))]
    }
}

fn merged<'c>(
    connection: &'c Connection,
    query: &UnownedQuery,
    from: &Turn,
    expected: i64,
) -> Result<Merged<'c, Turn, impl Fn(&Ticket) -> bool>, StoreError> {
    let Ranges { index, keys, .. } = ranges_by_turn(query);
    let range = |values| Range { sql: walk(index), values };
    let ranges = match keys {
        None => vec![range(Vec::new())],
        Some(keys) => keys.iter().map(|key| range(vec![Value::Blob(key.to_vec())])).collect(),
    };
    Merged::new(connection, ranges, from, expected, |it| query.matches(it))
}

/// A page of them.
pub(super) fn list(connection: &Connection, query: &UnownedQuery, page: &Page) -> Result<Found, StoreError> {
    let from = page.after.as_ref().and_then(Cursor::read_turn).map_or(FIRST, |(turn, number)| Turn(turn, number));
    let merged = merged(connection, query, &from, most(page))?;
    fill(connection, page, merged, |Turn(turn, number)| Cursor::by_turn(*turn, *number))
}

/// How many there are.
pub(super) fn count(connection: &Connection, query: &UnownedQuery) -> Result<Found, StoreError> {
    let most = Count::MAX + 1;
    let Ranges { keys, seen, .. } = ranges_by_turn(query);
    let number = if seen {
        count_all(connection, keys, most)?
    } else {
        merged(connection, query, &FIRST, MAX_CHUNK)?.count(most)?
    };
    Ok(Found { rows: vec![Row::Total(Count::new(number))], next: None })
}

fn count_all(connection: &Connection, boxes: Option<Vec<[u8; 16]>>, most: u32) -> Result<u32, StoreError> {
    let of = |sql, from: Value, most: u32| {
        prepare(connection, sql).and_then(|mut it| it.query_row((from, most), |row| row.get(0))).or_failed(LISTING)
    };
    let Some(boxes) = boxes else {
        let sql = "SELECT count(*) FROM (SELECT 1 FROM tickets INDEXED BY tickets_by_turn WHERE turn >= ? LIMIT ?)";
        return of(sql, Value::Integer(FIRST.0), most);
    };
    let sql = "SELECT count(*) FROM (SELECT 1 FROM tickets INDEXED BY tickets_by_box_and_turn
        WHERE ticketbox = ? AND turn IS NOT NULL LIMIT ?)";
    let mut number = 0;
    for ticketbox in boxes {
        if number == most {
            break;
        }
        number += of(sql, Value::Blob(ticketbox.to_vec()), most - number)?;
    }
    Ok(number)
}
