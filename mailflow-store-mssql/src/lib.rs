//! The SQL Server store of mailflow: [`MssqlStore`].
//!
//! Everything is in one database, which several servers may have open. Each has one task that writes, with one
//! transaction of three round trips for all that waits, and a pool of connections that read. [`MssqlStore::changes`]
//! tells what other servers commit. The driver is known to one file, `driver.rs`.

mod batch;
mod bodies;
mod changes;
mod connection;
mod driver;
mod error;
mod find;
mod load;
mod migrate;
mod row;
mod scope;
mod statements;
mod store;
mod turns;
mod url;
mod value;
mod writer;

pub use changes::Changes;
pub use store::{MssqlStore, Options};
pub use url::check_url;
