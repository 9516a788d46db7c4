//! [`StoreExt`]: what every store can do, made of the little that it must.

use async_trait::async_trait;

use super::{Cursor, Kept, Key, Page, Query, Row, Store, StoreError, Versioned};

/// A part of a list of records of one type.
#[derive(Debug, Clone, PartialEq)]
pub struct Listing<T> {
    /// The rows.
    pub rows: Vec<T>,
    /// Where the next part begins; `None` if there is none.
    pub next: Option<Cursor>,
}

/// Reading with types.
#[async_trait]
pub trait StoreExt: Store {
    /// The record under a key, with its version.
    ///
    /// # Errors
    /// [`StoreError`] if the database cannot be read.
    async fn get<T: Kept>(&self, key: Key) -> Result<Option<Versioned<T>>, StoreError> {
        let loaded = self.load(&[key]).await?.into_iter().next();
        Ok(loaded.and_then(|loaded| {
            let value = T::take(loaded.record?)?;
            Some(Versioned { version: loaded.version, value })
        }))
    }

    /// A part of a list whose rows are records of one type.
    ///
    /// # Errors
    /// [`StoreError`] if the database cannot be read.
    async fn list<T: Kept + Send>(&self, query: &Query, page: &Page) -> Result<Listing<T>, StoreError> {
        let found = self.find(query, page).await?;
        let record = |row| match row {
            Row::Record(_, record) => T::take(record),
            _ => None,
        };
        Ok(Listing { rows: found.rows.into_iter().filter_map(record).collect(), next: found.next })
    }

    /// A whole list whose rows are records of one type; only for lists that are short by their nature.
    ///
    /// # Errors
    /// [`StoreError`] if the database cannot be read.
    async fn list_all<T: Kept + Send>(&self, query: &Query) -> Result<Vec<T>, StoreError> {
        let mut rows = Vec::new();
        let mut page = Page::first(500);
        loop {
            let listing = self.list(query, &page).await?;
            rows.extend(listing.rows);
            match listing.next {
                Some(next) => page = Page::after(500, next),
                None => return Ok(rows),
            }
        }
    }
}

impl<S: Store + ?Sized> StoreExt for S {}
