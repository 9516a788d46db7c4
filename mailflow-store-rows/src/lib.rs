//! What the stores of mailflow in SQL databases have in common: a record as the bytes of its row and back
//! ([`record`]), what rows are sorted, filtered and found by ([`columns`]), the columns of keys ([`keys`]), compression
//! ([`compress`]), and what servers tell each other of a commit ([`touched`]).
//!
//! It knows no database: how a value is bound and read is each store's own.

pub mod columns;
pub mod compress;
pub mod keys;
pub mod record;
pub mod touched;
