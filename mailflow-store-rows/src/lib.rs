//! What the stores of mailflow in SQL databases have in common, each rule once:
//!
//! - a record as a row and back: its [`table`], its [`row`] with what it is sorted and found by ([`columns`], [`scope`]),
//!   its [`value`]s, its JSON ([`record`]), compression ([`compress`]);
//! - a commit: how it is [`prepared`], how those that wait are gathered and answered ([`jobs`]), what has to be looked at
//!   ([`look`]), what becomes of each ([`decide`], [`index`]), what is done when that fails ([`writer`]), which [`bodies`] wait for
//!   one, and what other servers are told of it ([`touched`]).
//! - a list: what an agent may see of tickets as a condition ([`visible`]), where in the indexes the tickets of a query
//!   lie ([`ranges`]), a [`page`] of it;
//! - the [`steps`] to the newest shape.
//!
//! It knows no database: connections, statements, how a value is bound and read, and what an error means are each
//! store's own.

pub mod bodies;
pub mod columns;
pub mod compress;
pub mod decide;
pub mod error;
pub mod index;
pub mod jobs;
mod keys;
pub mod look;
pub mod page;
pub mod prepared;
pub mod ranges;
pub mod record;
pub mod row;
pub mod scope;
pub mod steps;
pub mod table;
pub mod touched;
pub mod value;
pub mod visible;
pub mod writer;
