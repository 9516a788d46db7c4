//! What the benchmarks share: a desk of a given size, mails, and measuring.
//!
//! - `mails PLACE COUNT` writes mails as people send them, for `mailflow ingest`.
//! - `generate FILE TICKETS` fills a database: four messages a ticket, the same for the same number.
//! - `store_lists FILE` measures lists, counts and searches in it.
//! - `parse [FOLDER]` measures how fast mails are read, beside `mailparse`, and how the time grows with hostile ones.
//! - `flow_ingest FOLDER DATABASE` measures how fast mails are taken in, as `mailflow ingest` does it.
//! - `store_ingest FOLDER MESSAGES` measures how fast mails are taken in and routed, through the store alone.

pub mod desk;
pub mod mails;
pub mod measure;
pub mod mixed;
pub mod rules;
