//! The stories of the core, on every store that keeps what it is told.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod mssql;
mod postgres;
mod sqlite;
