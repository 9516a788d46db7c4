//! The stories of the core, on every store that keeps what it is told.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]
#![allow(clippy::duplicate_mod, reason = "the same stories once for each store")]

mod mssql;
mod postgres;
mod sqlite;
