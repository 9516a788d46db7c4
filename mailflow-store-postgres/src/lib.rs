//! The PostgreSQL store of mailflow: [`PostgresStore`].
//!
//! Everything is in one database, which several servers may have open. Each has one task that writes, with one
//! transaction of two round trips for all that waits, and a pool of connections that read. [`PostgresStore::changes`]
//! tells what other servers commit.

mod bodies;
mod changes;
mod connection;
mod error;
mod find;
mod load;
mod migrate;
mod pipeline;
#[cfg(test)]
mod plans;
mod row;
mod scope;
mod statements;
mod store;
mod tls;
mod url;
mod value;
mod visible;
mod writer;

pub use changes::Changes;
pub use store::{Options, PostgresStore};
pub use url::check_url;
