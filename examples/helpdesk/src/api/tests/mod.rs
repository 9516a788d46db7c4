//! The API at its router: every route of it, as programs use it.

mod access;
mod document;
mod fixture;
mod schema;
mod stories;
