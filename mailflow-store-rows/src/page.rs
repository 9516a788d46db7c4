//! [`Cut`]: a page of a list in the making.

use mailflow_core::store::{Cursor, Found, Key, Page, RecordKind, Row, StoreError, StoreErrorKind, Version};

/// The most rows of a page.
pub fn limit(page: &Page) -> u32 {
    page.limit.max(1)
}

/// One more, to see whether there are more.
pub fn most(page: &Page) -> i64 {
    i64::from(limit(page)) + 1
}

/// A page in the making.
#[derive(Debug)]
pub struct Cut {
    rows: Vec<Row>,
    limit: usize,
    last: Option<Cursor>,
}

impl Cut {
    /// An empty one.
    pub fn new(page: &Page) -> Self {
        Self { rows: Vec::new(), limit: usize::try_from(limit(page)).unwrap_or(usize::MAX), last: None }
    }

    /// Whether it takes no further row.
    pub fn is_full(&self) -> bool {
        self.rows.len() >= self.limit
    }

    /// Adds a row, and the cursor behind it.
    pub fn push(&mut self, row: Row, cursor: Cursor) {
        self.rows.push(row);
        self.last = Some(cursor);
    }

    /// Adds what is left of an erased record, by the bytes of its key.
    ///
    /// # Errors
    /// [`StoreError`] if they are those of no key.
    pub fn push_tombstone(&mut self, kind: RecordKind, version: u64, bytes: &[u8]) -> Result<(), StoreError> {
        let damaged = || {
            let doing = format!("an erased {} has a key that is none: the database is damaged", kind.word());
            StoreError::new(StoreErrorKind::Unusable, doing)
        };
        let key = Key::of_tombstone(kind, bytes).ok_or_else(damaged)?;
        self.push(Row::Tombstone(Version::new(version), key), Cursor::by_bytes(bytes));
        Ok(())
    }

    /// The page; there are further rows.
    pub fn more(self) -> Found {
        Found { rows: self.rows, next: self.last }
    }

    /// The page; there is no further row.
    pub fn end(self) -> Found {
        Found { rows: self.rows, next: None }
    }
}
