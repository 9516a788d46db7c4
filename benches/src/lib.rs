//! What the benchmarks share: a desk of a given size, mails, and measuring.
//!
//! - `mails PLACE COUNT` writes mails as people send them, for `mailflow ingest`.
//! - Where a database is asked for, a file name is one of SQLite, a URL `postgres://…` one of PostgreSQL.
//! - `generate DATABASE TICKETS` fills a database: four messages a ticket, the same for the same number.
//! - `store_lists DATABASE` measures lists, counts and searches in it.
//! - `parse [FOLDER]` measures how fast mails are read, beside `mailparse`, and how the time grows with hostile ones.
//! - `flow_ingest FOLDER DATABASE` measures how fast mails are taken in, as `mailflow ingest` does it.
//! - `store_ingest FOLDER MESSAGES` measures how fast mails are taken in and routed, through the store alone.

pub mod desk;
pub mod mails;
pub mod measure;
pub mod mixed;
pub mod place;
pub mod rules;
