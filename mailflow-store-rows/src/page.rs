//! [`Cut`]: a page of a list in the making.

use mailflow_core::store::{Cursor, Found, Page, Row};

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

    /// The page; there are further rows.
    pub fn more(self) -> Found {
        Found { rows: self.rows, next: self.last }
    }

    /// The page; there is no further row.
    pub fn end(self) -> Found {
        Found { rows: self.rows, next: None }
    }
}
