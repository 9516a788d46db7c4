//! [`Writes`]: how the one task of this process that writes does it, in one transaction of three round trips for all
//! that waits: look at what is there, write what was decided, make it last.
//!
//! # Why versions rise as commits become visible
//! Before it looks, a transaction updates the one row of `counters`, which locks it, and SQL Server gives that lock back only when the
//! transaction is done and visible. So of any two commits, of this process or of another server, the second one looks
//! when the first one can be seen, takes its numbers and versions after it, and becomes visible after it: numbers have
//! no gaps, versions rise in the order of visibility, and what a changeset relies on cannot change before it is done.
//! That holds for what is *not* there as well, and needs no hint that a server might ignore. There is no second lock, so that nothing
//! can deadlock. What it costs, commits that wait for one another, a group gives back: all that waits shares one
//! transaction and one flush to the disk. The lock is held for one round trip and the writing; a server that
//! was stopped in the middle holds up the others until it goes on or its connection is lost.

use std::sync::Arc;

use mailflow_core::store::StoreError;
use mailflow_store_rows::decide::Decided;
use mailflow_store_rows::look::{Asked, Found};
use mailflow_store_rows::writer::{Database, Failure};

use crate::connection::{Object, Pool, take};

mod look;
mod write;

/// What the task that writes has.
pub(crate) struct Writes {
    pub pool: Pool,
    /// How this process is known to others.
    pub name: Arc<str>,
    /// How the database is called.
    pub database: String,
}

impl Database for Writes {
    type Connection = Object;

    async fn connect(&self, kept: Option<Object>) -> Result<Object, StoreError> {
        match kept {
            // One that was lost meanwhile fails before it writes.
            Some(connection) => Ok(connection),
            None => take(&self.pool).await,
        }
    }

    async fn look(&self, connection: &mut Object, asked: &Asked<'_>) -> Result<Found, StoreError> {
        look::look(connection, asked, &self.database).await
    }

    async fn write(&self, connection: &mut Object, found: &Found, decided: &Decided<'_>) -> Result<(), Failure> {
        write::write(connection, found, decided, &self.name).await
    }

    fn close(connection: Object) {
        drop(Object::take(connection));
    }
}
