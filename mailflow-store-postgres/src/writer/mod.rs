//! [`Writes`]: how the one task of this process that writes does it, in one transaction of two round trips for all that
//! waits: look at what is there, write what was decided.
//!
//! # Why versions rise as commits become visible
//! Before it looks, a transaction locks the one row of `counters`, and PostgreSQL gives that lock back only when the
//! transaction is done and visible. So of any two commits, of this process or of another server, the second one looks
//! when the first one can be seen, takes its numbers and versions after it, and becomes visible after it: numbers have
//! no gaps, versions rise in the order of visibility, and what a changeset relies on cannot change before it is done.
//! That holds for what is *not* there as well, which no `FOR SHARE` can lock. There is no second lock, so that nothing
//! can deadlock. What it costs, commits that wait for one another, a group gives back: all that waits shares one
//! transaction and one flush to the disk. The lock is held for one round trip and the writing; PostgreSQL ends a
//! transaction whose server says nothing for five seconds.

use deadpool_postgres::{Object, Pool};
use mailflow_core::store::StoreError;
use mailflow_store_rows::decide::Decided;
use mailflow_store_rows::look::{Asked, Found};
use mailflow_store_rows::writer::{Database, Failure};

use crate::connection::take;

mod look;
mod write;

/// What the task that writes has.
pub(crate) struct Writes {
    pub pool: Pool,
    /// How this process is known to others that listen.
    pub name: String,
    /// How the database is called.
    pub database: String,
}

impl Database for Writes {
    type Connection = Object;

    async fn connect(&self, kept: Option<Object>) -> Result<Object, StoreError> {
        match kept {
            Some(client) if !client.is_closed() => Ok(client),
            _ => take(&self.pool).await,
        }
    }

    async fn look(&self, client: &mut Object, asked: &Asked<'_>) -> Result<Found, StoreError> {
        look::look(client, asked, &self.database).await
    }

    async fn write(&self, client: &mut Object, _: &Found, decided: &Decided<'_>) -> Result<(), Failure> {
        write::write(client, decided, &self.name).await
    }

    fn close(client: Object) {
        drop(Object::take(client));
    }
}
