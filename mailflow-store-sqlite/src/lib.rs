//! The SQLite store of mailflow: [`SqliteStore`].
//!
//! One file (with its `-wal` and `-shm`), a folder `FILE.bodies` for large bodies and a lock file `FILE.lock`. One thread
//! writes, with one fsync for all that wait; a few threads read, each with a connection of its own.

mod bodies;
mod connection;
mod error;
mod find;
mod load;
#[cfg(test)]
mod plans;
mod readers;
mod recent;
mod row;
mod scope;
mod statements;
mod store;
mod writer;

pub use store::{Options, SqliteStore};
